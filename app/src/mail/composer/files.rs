//! The attachments of a message that is being written.

use leptos::prelude::*;
use leptos::{ev, html};
use wasm_bindgen::{JsCast, JsValue};

use crate::api::types::UploadView;
use crate::mail::attachments::{hue, type_label};
use crate::mail::form::Hidden;
use crate::page::PageContext;
use crate::state::tab::Tab;
use crate::state::upload::{Attached, Attachments, Progress};
use crate::text::size::{encoded_size, size};
use crate::ui::Icon;
use crate::ui::dynamic::{derived, dynamic, each, effect, handler, when};

/// The attachments: a file field without script, a list with progress with script.
#[component]
pub fn Files(
    files: Attachments,
    uploads: Vec<UploadView>,
    /// Names of chosen files that are not in the spool.
    missing: Vec<String>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let field = NodeRef::<html::Input>::new();
    let add = move || {
        if let Some(input) = field.get_untracked() {
            files.add_all(input.files());
            // Cleared, so that the same file can be chosen again after its removal.
            input.set_value("");
        }
    };
    // Adds the files that were chosen before hydration.
    effect(add);
    accept_dropped(files);
    // The next post sends the ids of files that an earlier post left in the spool.
    let spooled = uploads
        .into_iter()
        .map(|upload| {
            view! {
                <Hidden name="named" value=format!("{} {}", upload.id, upload.name) />
                <label class="check nojs">
                    <input type="checkbox" name="upload" value=upload.id.0 checked />
                    <span dir="auto">{upload.name}</span>
                    <span class="muted small">{size(upload.size_bytes)}</span>
                </label>
            }
            .into_any()
        })
        .collect_view();
    // The message is not sent without a chosen file: the user chooses the file again or clears its
    // check box.
    let missing = missing
        .into_iter()
        .map(|name| {
            view! {
                <label class="check nojs bad">
                    <input type="checkbox" name="missing" value=name.clone() checked />
                    <span dir="auto">{name}</span>
                    <span class="small">{lang.file_missing()}</span>
                </label>
            }
            .into_any()
        })
        .collect_view();
    let is_over_limit = move || files.sum_bytes() > files.room_bytes();
    view! {
        <div class="c-attach" inert=derived(move || files.is_locked.get())>
            {spooled}
            {missing}
            {when(
                move || {
                    let is_any = |all: &Vec<Attached>| all.iter().any(|file| files.is_listed(file));
                    tab.is_started.get() && files.files.with(is_any)
                },
                move || {
                    view! {
                        <div class="c-files">
                            {each(
                                move || {
                                    let mut listed = files.files.get();
                                    listed.retain(|file| files.is_listed(file));
                                    listed
                                },
                                |file| file.key.to_string(),
                                move |file| view! { <FileCard files=files file=file /> },
                            )}
                        </div>
                    }
                        .into_any()
                },
            )} <div class="c-size">
                <label class="attach">
                    <Icon name="clip" class="i-s" />
                    <span>{lang.attach()}</span>
                    <input
                        type="file"
                        name="attachment"
                        multiple
                        aria-describedby="c-limit"
                        node_ref=field
                        on:change=handler(move |_| add())
                    />
                </label>
                <span id="c-limit">
                    {lang.size_limit(size(files.room_bytes()))} " "
                    {when(
                        move || { files.sum_bytes() > 0 },
                        move || {
                            view! {
                                <span class:bad=is_over_limit>
                                    {dynamic(move || {
                                        lang.size_now(size(encoded_size(files.sum_bytes())))
                                    })}
                                </span>
                            }
                                .into_any()
                        },
                    )}
                </span>
            </div>
        </div>
    }
    .into_any()
}

/// Attaches files that are dropped anywhere on the page, which the browser would otherwise open,
/// and pasted files unless text is pasted with them.
fn accept_dropped(files: Attachments) {
    effect(move || {
        let over = window_event_listener(ev::dragover, |event| {
            // The browser handles dragged text.
            let dragged = property(&event, "dataTransfer");
            if dragged.is_some_and(|dragged| has_type(&dragged, "Files")) {
                event.prevent_default();
            }
        });
        let drop = window_event_listener(ev::drop, move |event| {
            let dropped = property(&event, "dataTransfer");
            if dropped.is_some_and(|dropped| files.add_all(file_list(&dropped)) > 0) {
                event.prevent_default();
            }
        });
        let paste = window_event_listener(ev::paste, move |event| {
            let Some(pasted) = property(&event, "clipboardData") else {
                return;
            };
            if !has_type(&pasted, "text/plain") && files.add_all(file_list(&pasted)) > 0 {
                event.prevent_default();
            }
        });
        on_cleanup(move || {
            over.remove();
            drop.remove();
            paste.remove();
        });
    });
}

/// Returns a property by name: each `web-sys` binding of these events would add a feature to every
/// dependent crate.
pub(super) fn property(of: &JsValue, name: &str) -> Option<JsValue> {
    let value = js_sys::Reflect::get(of, &name.into()).ok()?;
    (!value.is_null() && !value.is_undefined()).then_some(value)
}

/// Whether the dragged or pasted data has a type.
fn has_type(transfer: &JsValue, media_type: &str) -> bool {
    let types =
        property(transfer, "types").and_then(|types| types.dyn_into::<js_sys::Array>().ok());
    types.is_some_and(|types| types.includes(&media_type.into(), 0))
}

/// Returns the dragged or pasted files.
fn file_list(transfer: &JsValue) -> Option<web_sys::FileList> {
    property(transfer, "files")?.dyn_into().ok()
}

/// One file: its name, its progress, and its remove button.
#[component]
fn FileCard(files: Attachments, file: Attached) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let name = file.name.get_value();
    let label = type_label(&name, "");
    let is_failed = move || matches!(*file.progress.read(), Progress::Failed(_));
    let state = move || match file.progress.get() {
        Progress::Sending { sent_bytes } => lang
            .upload_progress(size(sent_bytes), size(file.size_bytes))
            .into_owned(),
        Progress::Done(upload) => size(upload.size_bytes),
        Progress::Failed(error) => error.to_string(),
    };
    let bar = move || match file.progress.get() {
        Progress::Sending { sent_bytes } => Some(
            view! {
                <progress
                    max=file.size_bytes.to_string()
                    value=sent_bytes.to_string()
                    aria-label=file.name.get_value()
                ></progress>
            }
            .into_any(),
        ),
        Progress::Done(_) | Progress::Failed(_) => None,
    };
    view! {
        <div class="file" class:bad=is_failed>
            <span class=format!("thumb {}", hue(&label)) aria-hidden="true">
                {label.clone()}
            </span>
            <b class="cut" dir="auto">
                {name.clone()}
            </b>
            <small role="status">{dynamic(state)}</small>
            {dynamic(bar)}
            {when(
                move || is_failed() && file.can_retry(),
                move || {
                    view! {
                        <button
                            class="btn btn-line btn-sm"
                            type="button"
                            on:click=handler(move |_| files.retry(file))
                        >
                            {lang.try_again()}
                        </button>
                    }
                        .into_any()
                },
            )}
            <button
                class="btn btn-icon btn-sm x"
                type="button"
                aria-label=lang.remove_file(name)
                on:click=handler(move |_| files.remove(file))
            >
                <Icon name="close" class="i-s" />
            </button>
        </div>
    }
}
