//! The frame that displays an HTML message: a separate document without scripts.

use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::form::Hidden;
use super::open_message::OpenMessage;
use crate::page::PageContext;
use crate::state::list::whole_px;
use crate::text::url::{self, Shown};
use crate::ui::Icon;
use crate::ui::dynamic::{derived, effect, handler, when};

/// The frame's permissions: this page may measure it, and links open in new windows. The server
/// sends the same tokens as the document's own policy. Never `allow-scripts`.
const SANDBOX: &str = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// The class by which the style of the frame makes tables and images fit a phone.
const FLUID: &str = "fluid";

/// Observes the size of the body in the frame until it is dropped.
struct Watch {
    observer: web_sys::ResizeObserver,
    _callback: Closure<dyn FnMut()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// The HTML of a message, and the button that loads its remote images.
#[component]
pub fn MessageFrame(
    /// The message.
    open: OpenMessage,
    /// The number of remote images that were blocked.
    blocked_images: u32,
    /// Whether its sender's remote images are always shown.
    shows_images: bool,
    /// The address of its sender.
    sender: String,
    /// How the URL asks for the message.
    shown: Shown,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let shown = RwSignal::new(Shown {
        images: shown.images || shows_images,
        ..shown
    });
    let sender = StoredValue::new(sender);
    let always = move |is_shown: bool, label| {
        let account = open.id.with_value(|id| id.folder.account.to_string());
        view! {
            <form method="post" action=open.base.with_value(|base| url::images(base))>
                <Hidden name="account" value=account />
                <Hidden name="address" value=sender.get_value() />
                <Hidden name="shown" value=is_shown.to_string() />
                <Hidden name="return" value=open.url(url::message) />
                <button class="btn btn-sm">{label}</button>
            </form>
        }
        .into_any()
    };
    let frame = NodeRef::<html::Iframe>::new();
    // In the browser only: the server may drop a page on another thread than the one that created
    // it.
    let watch = cfg!(feature = "hydrate").then(|| StoredValue::new_local(None::<Watch>));
    let body_url = move |shown| open.url(|base, of| url::body(base, of, shown));
    let page_url = move |shown| open.url(|base, of| url::message_shown(base, of, shown));
    let measure = move || {
        if let (Some(frame), Some(watch)) = (frame.get_untracked(), watch) {
            watch.set_value(watch_height(&frame));
        }
    };
    effect(move || {
        // The frame may have loaded before hydration.
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
            move || { blocked_images > 0 && !shown.get().images },
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
                                href=derived(move || {
                                    page_url(Shown { images: true, ..shown.get() })
                                })
                                on:click=handler(move |event: MouseEvent| {
                                    event.prevent_default();
                                    shown.update(|shown| shown.images = true);
                                })
                            >
                                {lang.images_once()}
                            </a>
                            {sender
                                .with_value(|sender| !sender.is_empty())
                                .then(|| always(true, lang.images_always()))}
                        </span>
                    </div>
                }
                    .into_any()
            },
        )}
        {shows_images
            .then(|| {
                view! {
                    <div class="banner inset" role="region" aria-label=lang.remote_images()>
                        <Icon name="image" />
                        <span class="grow">{lang.images_always_shown()}</span>
                        <span class="acts">{always(false, lang.images_stop())}</span>
                    </div>
                }
                    .into_any()
            })}
        <div class="msg-chips when-dark">
            <a
                class="chip"
                href=derived(move || {
                    let shown = shown.get();
                    page_url(Shown { light: !shown.light, ..shown })
                })
                on:click=handler(move |event: MouseEvent| {
                    event.prevent_default();
                    shown.update(|shown| shown.light = !shown.light);
                })
            >
                <Icon name="sun" />
                {derived(move || {
                    if shown.get().light { lang.in_dark() } else { lang.in_light() }
                })}
            </a>
        </div>
        <div class="html-mail">
            <iframe
                class="html-frame"
                sandbox=SANDBOX
                title=lang.message_body()
                src=derived(move || body_url(shown.get()))
                node_ref=frame
                on:load=handler(move |_| measure())
            ></iframe>
        </div>
        <p class="nojs small muted frame-note">
            <a href=body_url(shown.get_untracked()) rel="external">
                {lang.open_body_alone()}
            </a>
        </p>
    }
}

/// Sets the frame's height to that of its document, now and on every change.
///
/// The observer belongs to this window: no code runs inside the frame.
fn watch_height(frame: &web_sys::HtmlIFrameElement) -> Option<Watch> {
    let body = frame.content_document()?.body()?;
    let callback = {
        let (frame, body) = (frame.clone(), body.clone());
        Closure::<dyn FnMut()>::new(move || {
            // A document whose own rules for phones do not make it fit is treated like one
            // without any.
            let document = body.last_element_child();
            if document.is_some_and(|all| all.scroll_width() > all.client_width()) {
                body.set_class_name(FLUID);
            }
            let rect = body.get_bounding_client_rect();
            // The top margin, the same at the bottom, and space for a scrollbar below wide
            // messages.
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
    let observer = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
    observer.observe(&body);
    Some(Watch {
        observer,
        _callback: callback,
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
