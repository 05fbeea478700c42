//! The frame that an HTML message is shown in: a document of its own that runs nothing.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::toolbar::OpenMessage;
use crate::page::PageContext;
use crate::state::list::whole_px;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{derived, effect, when};

/// What the frame may do: be measured by this page, and open links elsewhere. The server sends
/// the same words as the document's own policy. Never `allow-scripts`.
const SANDBOX: &str = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// Watches the size of the body in the frame, for as long as it lives.
struct Watch {
    observer: web_sys::ResizeObserver,
    _told: Closure<dyn FnMut()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// The HTML of a message, and the way to its remote images.
#[component]
pub fn MessageFrame(
    /// The message.
    open: OpenMessage,
    /// Remote images that were left out.
    blocked_images: u32,
    /// Whether the address already asks for them.
    with_images: bool,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let with_images = RwSignal::new(with_images);
    let frame = NodeRef::<html::Iframe>::new();
    // Only in the browser: the server may drop a page on another thread than it was made on.
    let watch = cfg!(feature = "hydrate").then(|| StoredValue::new_local(None::<Watch>));
    let body_url = move |with_images| open.url(|base, of| url::body(base, of, with_images));
    let measure = move || {
        if let (Some(frame), Some(watch)) = (frame.get_untracked(), watch) {
            watch.set_value(watch_height(&frame));
        }
    };
    effect(move || {
        // The document may have been there before the page came alive.
        if frame.get().is_some() {
            measure();
        }
    });
    on_cleanup(move || {
        if let Some(watch) = watch {
            watch.try_update_value(Option::take);
        }
    });
    view! {
        {when(
            move || { blocked_images > 0 && !with_images.get() },
            move || {
                view! {
                    <div class="banner inset" role="region" aria-label=lang.remote_images()>
                        <Icon name="eyeoff" />
                        <span class="grow">
                            {lang.images_blocked(blocked_images)}
                            <span class="sub">{lang.images_why()}</span>
                        </span>
                        <span class="acts">
                            <a
                                class="btn btn-line btn-sm"
                                href=open.url(url::message_images)
                                on:click=move |event| {
                                    event.prevent_default();
                                    with_images.set(true);
                                }
                            >
                                {lang.images_once()}
                            </a>
                        </span>
                    </div>
                }
                    .into_any()
            },
        )}
        <div class="html-mail">
            <iframe
                class="html-frame"
                sandbox=SANDBOX
                title=lang.message_body()
                src=derived(move || body_url(with_images.get()))
                node_ref=frame
                on:load=move |_| measure()
            ></iframe>
        </div>
        <p class="nojs small muted frame-note">
            <a href=body_url(false) rel="external">
                {lang.open_body_alone()}
            </a>
        </p>
    }
}

/// Gives the frame the height of its document, now and whenever that changes.
///
/// The observer is this window's own: no code runs inside the frame.
fn watch_height(frame: &web_sys::HtmlIFrameElement) -> Option<Watch> {
    let body = frame.content_document()?.body()?;
    let told = {
        let (frame, body) = (frame.clone(), body.clone());
        Closure::<dyn FnMut()>::new(move || {
            let rect = body.get_bounding_client_rect();
            // The margin above, once more below; and room for a scrollbar under wide mail.
            let margin = f64::from(body.offset_top());
            let bar = if body.scroll_width() > frame.client_width() {
                20.0
            } else {
                0.0
            };
            let height = (rect.height() + 2.0 * margin + bar).ceil();
            let style = web_sys::HtmlElement::style(&frame);
            drop(style.set_property("block-size", &format!("{}px", whole_px(height))));
        })
    };
    let observer = web_sys::ResizeObserver::new(told.as_ref().unchecked_ref()).ok()?;
    observer.observe(&body);
    Some(Watch {
        observer,
        _told: told,
    })
}

#[cfg(test)]
mod tests {
    use super::SANDBOX;

    #[test]
    fn the_frame_never_runs_scripts() {
        assert_eq!(
            SANDBOX,
            "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
        );
    }
}
