//! The compose form: a plain form without script; with it, files leave while one writes.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;

use super::attachments::{hue, kind};
use super::frame::Hidden;
use crate::api::compose::message_send;
use crate::api::error::ApiError;
use crate::api::types::{
    AttachmentView, ComposeForm, ComposeKind, Draft, Lang, PartId, UploadView,
};
use crate::page::PageContext;
use crate::state::session::Tab;
use crate::state::upload::{Attached, Attachments, Progress};
use crate::text::size::{encoded_size, size};
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{derived, dynamic, each, when};
use crate::ui::text_area::TextArea;
use crate::ui::trouble::TroubleBanner;

/// The elements that the text is read from when the message leaves.
#[derive(Clone, Copy)]
struct Fields {
    to: NodeRef<html::Input>,
    cc: NodeRef<html::Input>,
    bcc: NodeRef<html::Input>,
    subject: NodeRef<html::Input>,
    body: NodeRef<html::Textarea>,
    kept: NodeRef<html::Div>,
}

/// A form for writing a message, as `form` begins it.
#[component]
pub fn Composer(
    /// What the fields hold at first.
    form: ComposeForm,
    /// Why the form could not be taken as it was posted.
    error: Option<ApiError>,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let ComposeForm {
        account,
        from,
        draft,
        forwarded,
        uploads,
        ..
    } = form;
    let title = title(&draft, lang);
    tab.title.set(title.clone());
    let fields = Fields {
        to: NodeRef::new(),
        cc: NodeRef::new(),
        bcc: NodeRef::new(),
        subject: NodeRef::new(),
        body: NodeRef::new(),
        kept: NodeRef::new(),
    };
    let files = Attachments::new(
        uploads.clone(),
        form.upload_max_bytes,
        form.server_max_bytes,
    );
    let error = RwSignal::new(error);
    let is_sending = RwSignal::new(false);
    let navigate = use_navigate();
    let base = StoredValue::new(page.base.clone());

    let fixed = StoredValue::new(Draft {
        to: String::new(),
        body: String::new(),
        ..draft.clone()
    });
    let sender = StoredValue::new(account.clone());
    let send = move || {
        if is_sending.get_untracked() {
            return;
        }
        let Some(uploads) = files.ready() else {
            error.set(Some(still_uploading(lang)));
            return;
        };
        let draft = fields.draft(fixed.get_value(), uploads);
        let navigate = navigate.clone();
        is_sending.set(true);
        error.set(None);
        spawn_local(async move {
            match message_send(sender.get_value(), draft).await {
                Ok(entry) => {
                    let to = base.with_value(|base| url::outbox_entry(base, &entry));
                    navigate(
                        &to,
                        NavigateOptions {
                            resolve: false,
                            ..Default::default()
                        },
                    );
                }
                Err(failure) => {
                    tab.note_error(&failure);
                    error.try_set(Some(failure));
                    is_sending.try_set(false);
                }
            }
        });
    };
    let on_key = {
        let send = send.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                event.prevent_default();
                send();
            }
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let line = move |name: &'static str,
                     label: std::borrow::Cow<'static, str>,
                     value: String,
                     element| {
        view! { <Line name=name label=label.into_owned() value=value element=element error=error /> }.into_any()
    };
    let is_wide = !draft.cc.is_empty() || !draft.bcc.is_empty();
    view! {
        <form
            class="composer"
            method="post"
            action=url::compose_form(&page.base)
            enctype="multipart/form-data"
            aria-label=title
            on:submit=on_submit
            on:keydown=on_key
        >
            <header class="composer-head">
                <h1 class="cut grow" dir="auto">
                    {title.clone()}
                </h1>
                <a
                    class="btn btn-icon"
                    href=url::mail(&page.base, &account)
                    rel="external"
                    aria-label=lang.discard_text()
                    title=lang.discard_text()
                >
                    <Icon name="close" />
                </a>
            </header>
            {dynamic(move || {
                error.get().map(|error| view! { <TroubleBanner error=error /> }.into_any())
            })}
            <Hidden name="account" value=account.to_string() />
            <Source draft=draft.clone() />
            <div class="c-line">
                <label for="c-from">{lang.from()}</label>
                <input id="c-from" name="from" value=from.mailbox() readonly dir="auto" />
            </div>
            {line("to", lang.to(), draft.to, fields.to)}
            <details class="c-more" open=is_wide>
                <summary>{lang.cc_bcc()}</summary>
                {line("cc", lang.cc(), draft.cc, fields.cc)}
                {line("bcc", lang.bcc(), draft.bcc, fields.bcc)}
            </details>
            {line("subject", lang.subject(), draft.subject, fields.subject)}
            <TextArea
                name="body"
                label=lang.message_text()
                text=draft.body
                class="c-body"
                node_ref=fields.body
            />
            <Kept parts=forwarded keep=draft.keep_parts element=fields.kept />
            <Files files=files uploads=uploads />
            <footer class="c-foot">
                <button
                    class="btn btn-primary"
                    title="Ctrl+Enter"
                    disabled=derived(move || is_sending.get())
                >
                    {dynamic(move || {
                        if is_sending.get() {
                            view! { <span class="spin"></span> }.into_any()
                        } else {
                            view! { <Icon name="send" class="i-dir" /> }.into_any()
                        }
                    })}
                    {dynamic(move || if is_sending.get() { lang.sending() } else { lang.send() })}
                </button>
                <span class="grow"></span>
                <span class="hint">{lang.recipients_hint()}</span>
            </footer>
        </form>
    }
    .into_any()
}

impl Fields {
    /// What is typed now; `fixed` is what no field holds.
    fn draft(self, fixed: Draft, uploads: Vec<UploadView>) -> Draft {
        let value = |field: NodeRef<html::Input>| {
            field
                .get_untracked()
                .map(|field| field.value())
                .unwrap_or_default()
        };
        let body = self
            .body
            .get_untracked()
            .map(|body| body.value())
            .unwrap_or_default();
        Draft {
            to: value(self.to),
            cc: value(self.cc),
            bcc: value(self.bcc),
            subject: value(self.subject),
            body,
            uploads: uploads.into_iter().map(|upload| upload.id).collect(),
            keep_parts: self.ticked_parts(),
            ..fixed
        }
    }

    /// The forwarded parts that are ticked.
    fn ticked_parts(self) -> Vec<PartId> {
        let Some(kept) = self.kept.get_untracked() else {
            return Vec::new();
        };
        let Ok(boxes) = kept.query_selector_all("input:checked") else {
            return Vec::new();
        };
        (0..boxes.length())
            .filter_map(|index| boxes.get(index))
            .filter_map(|node| node.dyn_into::<web_sys::HtmlInputElement>().ok())
            .map(|input| PartId(input.value()))
            .collect()
    }
}

fn title(draft: &Draft, lang: Lang) -> String {
    match draft.source.as_ref().map(|source| source.kind) {
        _ if !draft.subject.is_empty() => draft.subject.clone(),
        Some(ComposeKind::Reply | ComposeKind::ReplyAll) => lang.reply().into_owned(),
        Some(ComposeKind::Forward) => lang.forward().into_owned(),
        Some(ComposeKind::New) | None => lang.new_message().into_owned(),
    }
}

fn still_uploading(lang: Lang) -> ApiError {
    ApiError {
        kind: crate::api::ErrorKind::Invalid,
        cause: lang.still_uploading().into_owned(),
        fix: lang.still_uploading_fix().into_owned(),
        retry_after_secs: None,
        reply: None,
        field: Some("attachment".to_owned()),
        ref_id: String::new(),
    }
}

/// What is answered, forwarded or corrected, for the plain form.
#[component]
fn Source(draft: Draft) -> impl IntoView {
    let source = draft.source.map(|source| {
        view! {
            <Hidden name="kind" value=source.kind.word() />
            <Hidden name="folder" value=source.folder.0 />
            <Hidden name="message" value=source.message.0 />
        }
        .into_any()
    });
    (
        source,
        draft
            .replaces
            .map(|again| view! { <Hidden name="again" value=again.0 /> }.into_any()),
    )
}

/// A line of the form; red where it is at fault.
#[component]
fn Line(
    name: &'static str,
    label: String,
    value: String,
    element: NodeRef<html::Input>,
    error: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let id = format!("c-{name}");
    let is_at_fault = move || {
        error.with(|error| {
            error
                .as_ref()
                .is_some_and(|e| e.field.as_deref() == Some(name))
        })
    };
    view! {
        <div class="c-line" class:bad-line=is_at_fault>
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=name
                value=value
                dir="auto"
                autocomplete="off"
                aria-invalid=derived(move || is_at_fault().then_some("true"))
                node_ref=element
            />
        </div>
    }
}

/// The parts of a forwarded message: ticked ones go along.
#[component]
fn Kept(
    parts: Vec<AttachmentView>,
    keep: Vec<PartId>,
    element: NodeRef<html::Div>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    (!parts.is_empty()).then(|| {
        let boxes = parts
            .into_iter()
            .map(|part| {
                let is_kept = keep.contains(&part.part);
                let word = kind(&part.name, &part.media_type);
                let name = if part.name.is_empty() {
                    lang.nameless_file(word).into_owned()
                } else {
                    part.name
                };
                view! {
                    <label class="check">
                        <input type="checkbox" name="keep" value=part.part.0 checked=is_kept />
                        <span dir="auto">{name}</span>
                        <span class="muted small">{size(part.size_bytes)}</span>
                    </label>
                }
                .into_any()
            })
            .collect_view();
        view! {
            <div class="c-kept" role="group" aria-label=lang.forwarded_files() node_ref=element>
                <span class="lbl small muted">{lang.forwarded_files()}</span>
                {boxes}
            </div>
        }
        .into_any()
    })
}

/// The files: a field without script, a list with progress with it.
#[component]
fn Files(files: Attachments, uploads: Vec<UploadView>) -> impl IntoView {
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
