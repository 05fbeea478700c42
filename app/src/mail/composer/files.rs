//! The files of a message that is being written.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::api::types::UploadView;
use crate::mail::attachments::{hue, kind};
use crate::page::PageContext;
use crate::state::session::Tab;
use crate::state::upload::{Attached, Attachments, Progress};
use crate::text::size::{encoded_size, size};
use crate::ui::Icon;
use crate::ui::dynamic::{dynamic, each, when};

/// The files: a field without script, a list with progress with it.
#[component]
pub(super) fn Files(files: Attachments, uploads: Vec<UploadView>) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let add = move |event: leptos::ev::Event| {
        let Some(input) = event
            .target()
            .and_then(|t| t.dyn_into::<web_sys::HtmlInputElement>().ok())
        else {
            return;
        };
        if let Some(list) = input.files() {
            for file in (0..list.length()).filter_map(|index| list.get(index)) {
                files.add(&file);
            }
        }
        // Empty again, so that the same file can be chosen after it was taken out.
        input.set_value("");
    };
    // What an earlier post left in the spool comes back with the next one.
    let spooled = uploads
        .into_iter()
        .map(|upload| {
            view! {
                <label class="check nojs">
                    <input type="checkbox" name="upload" value=upload.id.0 checked />
                    <span dir="auto">{upload.name}</span>
                    <span class="muted small">{size(upload.size_bytes)}</span>
                </label>
            }
            .into_any()
        })
        .collect_view();
    let is_over = move || files.sum_bytes() > files.room_bytes();
    view! {
        <div class="c-attach">
            {spooled}
            {when(
                move || tab.is_started.get() && files.files.with(|files| !files.is_empty()),
                move || {
                    view! {
                        <div class="c-files">
                            {each(
                                move || files.files.get(),
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
                        on:change=add
                    />
                </label>
                <span id="c-limit">
                    {lang.size_limit(size(files.room_bytes()))} " "
                    {when(
                        move || { files.sum_bytes() > 0 },
                        move || {
                            view! {
                                <span class:bad=is_over>
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

/// One file: its name, how far it is, and the way out.
#[component]
fn FileCard(files: Attachments, file: Attached) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let name = file.name.get_value();
    let word = kind(&name, "");
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
            <span class=format!("thumb {}", hue(&word)) aria-hidden="true">
                {word.clone()}
            </span>
            <b class="cut" dir="auto">
                {name.clone()}
            </b>
            <small role="status">{dynamic(state)}</small>
            {dynamic(bar)}
            <button
                class="btn btn-icon btn-sm x"
                type="button"
                aria-label=lang.remove_file(name)
                on:click=move |_| files.remove(file)
            >
                <Icon name="close" class="i-s" />
            </button>
        </div>
    }
}
