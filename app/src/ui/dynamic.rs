//! Dynamic parts of a view with erased types.
//!
//! The framework compiles the code that builds, hydrates, updates and drops a part once for every
//! type of closure or future in a view: several kilobytes of WebAssembly per closure. Boxed, all of
//! them have the same type, at the cost of one allocation per part.

use std::pin::Pin;
use std::time::Duration;

use leptos::prelude::*;

/// A part that is recomputed when a signal that it reads changes.
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
    // Memoized, so that the view is rebuilt only when the condition changes.
    let is_shown = Memo::new(move |_| is_shown());
    Box::new(move || {
        if is_shown.get() {
            // A view reads signals in its own dynamic parts: a read in `view` itself would rebuild
            // all of it.
            view()
        } else {
            ().into_any()
        }
    })
}

/// Shows the result of a future, inside a `<Suspense>`. Runs again when a resource that the future
/// awaits is fetched again.
pub fn later<F>(view: impl Fn() -> F + Send + 'static) -> Dynamic
where
    F: Future<Output = AnyView> + Send + 'static,
{
    Box::new(move || {
        let view: Pin<Box<dyn Future<Output = AnyView> + Send>> = Box::pin(view());
        Suspend::new(view).into_any()
    })
}

/// One item of a keyed list.
struct Part {
    key: String,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Shows every item that `items` returns. Items whose `key` stays are reused, and moved if needed.
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

/// Runs a closure now and whenever a signal that it reads changes. In the browser only.
pub fn effect(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}

/// Runs a closure after the frame that shows the current document. In the browser only.
pub fn after_frame(run: impl FnOnce() + 'static) {
    let run: Box<dyn FnOnce()> = Box::new(run);
    request_animation_frame(move || set_timeout(run, Duration::ZERO));
}

/// Returns an attribute value that is recomputed when a signal that it reads changes.
pub fn derived<T: Send + Sync + 'static>(of: impl Fn() -> T + Send + Sync + 'static) -> Signal<T> {
    Signal::derive(of)
}

/// Returns the handler of an event, for `on:EVENT=`.
pub fn handler<E: 'static>(run: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(run)
}
