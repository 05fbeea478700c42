//! Parts of a page that change, without the type of what computes them.
//!
//! The framework compiles building, taking over, changing and dropping a part once for every type
//! of closure or future in a view; a type per closure is several kilobytes of WebAssembly each.
//! Behind a box all of them are the same type. One allocation per part is what it costs.

use std::pin::Pin;
use std::time::Duration;

use leptos::prelude::*;

/// A part that is computed anew whenever what it reads changes.
pub type Dynamic = Box<dyn FnMut() -> AnyView + Send>;

/// Shows what `view` returns.
pub fn dynamic<V: IntoView + 'static>(view: impl Fn() -> V + Send + 'static) -> Dynamic {
    Box::new(move || view().into_any())
}

/// Shows what `view` returns while `is_shown`.
pub fn when<V: IntoView + 'static>(
    is_shown: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> V + Send + 'static,
) -> Dynamic {
    when_boxed(Box::new(is_shown), dynamic(view))
}

fn when_boxed(is_shown: Box<dyn Fn() -> bool + Send + Sync>, mut view: Dynamic) -> Dynamic {
    // Remembered, so that the view is made anew only when the answer changes.
    let is_shown = Memo::new(move |_| is_shown());
    Box::new(move || {
        if is_shown.get() {
            // What the view itself reads is its own affair: it has parts for that.
            view()
        } else {
            ().into_any()
        }
    })
}

/// Shows what the future comes to; for inside a `<Suspense>`. Runs anew when a resource that the
/// future awaits is fetched again.
pub fn later<F>(view: impl Fn() -> F + Send + 'static) -> Dynamic
where
    F: Future<Output = AnyView> + Send + 'static,
{
    Box::new(move || {
        let view: Pin<Box<dyn Future<Output = AnyView> + Send>> = Box::pin(view());
        Suspend::new(view).into_any()
    })
}

/// One of many parts that come and go.
struct Part {
    key: String,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Shows every item that `items` returns. One whose `key` stays is kept, and moved where it has to.
pub fn each<T, V>(
    items: impl Fn() -> Vec<T> + Send + 'static,
    key: fn(&T) -> String,
    view: impl Fn(T) -> V + Clone + Send + 'static,
) -> AnyView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    each_boxed(Box::new(move || {
        let part = |item| Part {
            key: key(&item),
            view: {
                let view = view.clone();
                Box::new(move || view(item).into_any())
            },
        };
        items().into_iter().map(part).collect()
    }))
}

fn each_boxed(parts: Box<dyn Fn() -> Vec<Part> + Send>) -> AnyView {
    view! { <For each=parts key=|part| part.key.clone() children=|part| (part.view)() /> }
        .into_any()
}

/// Runs now, and again whenever what it reads changes. In the browser only.
pub fn effect(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}

/// Runs behind the frame that shows what is in the document now. In the browser only.
pub fn after_frame(run: impl FnOnce() + 'static) {
    let run: Box<dyn FnOnce()> = Box::new(run);
    request_animation_frame(move || set_timeout(run, Duration::ZERO));
}

/// An attribute's value that is computed anew whenever what it reads changes.
pub fn derived<T: Send + Sync + 'static>(of: impl Fn() -> T + Send + Sync + 'static) -> Signal<T> {
    Signal::derive(of)
}
