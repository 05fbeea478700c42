//! The compose form. Without script it is a plain form; with script, files upload while the user
//! writes.

mod check;
pub mod conflict;
pub mod editor;
pub mod fields;
pub mod files;
mod keeping;
pub mod options;
pub mod recipients;
pub mod sender;

use std::borrow::Cow;
use std::time::Duration;

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::check::{first_field, omission_question};
use self::conflict::DraftConflict;
use self::editor::{EditorForm, FormattedText};
use self::fields::{Fields, ForwardedParts, Line, Source};
use self::files::Files;
use self::keeping::{autosave, observe};
use self::options::Options;
use self::recipients::Recipients;
use self::sender::Sender;
use super::form::{Hidden, NoDefaultButton};
use crate::api::compose::{compose_start, message_send};
use crate::api::error::ApiError;
use crate::api::types::{ComposeForm, Draft, Identity, Lang};
use crate::page::PageContext;
use crate::state::drafts::{DraftState, Drafts};
use crate::state::tab::Tab;
use crate::state::tab::dock::DockSize;
use crate::state::unsent::Unsent;
use crate::state::unsent::text::Form;
use crate::state::upload::Attachments;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{derived, dynamic, effect, handler};
use crate::ui::error_banner::ErrorBanner;
use crate::ui::navigator::navigator;
use crate::ui::question::QuestionHandle;
use crate::ui::text_area::TextArea;

/// The form for writing a message, with the initial content `form`.
#[component]
pub fn Composer(
    /// The initial content of the fields.
    form: ComposeForm,
    /// The error of the posted form.
    error: Option<ApiError>,
    /// Whether it is beside the page.
    is_docked: bool,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let ComposeForm {
        account,
        identities,
        draft,
        forwarded,
        uploads,
        missing,
        upload_max_bytes,
        server_max_bytes,
        lacking,
        cursor,
        warns_missing_file,
        archives_source,
        templates,
    } = form;
    let title = title(&draft, lang);
    let is_redirect = draft.is_redirect();
    if !is_docked {
        tab.title.set(title.clone());
    }
    let fields = Fields::unmounted();
    fields.identity.set(draft.identity.clone());
    fields.options.set(draft.options.clone());
    fields.editor.set(draft.html.clone());
    fields.cursor.set_value(cursor);
    let files = Attachments::new(
        uploads.clone(),
        &missing,
        upload_max_bytes,
        server_max_bytes,
        fields.editor,
    );
    let unsent = Unsent::expect();
    // A form that was posted and refused already contains unsent text.
    let is_written = error.is_some() && [&draft.to, &draft.body].iter().any(|t| !t.is_empty());
    let initial = (!is_written).then(|| Draft {
        files: None,
        ..draft.clone()
    });
    let error = RwSignal::new(error);
    let is_sending = RwSignal::new(false);
    let navigate = navigator();
    let questions: QuestionHandle = expect_context();
    let base = StoredValue::new(page.base.clone());

    let fixed = StoredValue::new(Draft {
        to: String::new(),
        body: String::new(),
        files: None,
        ..draft.clone()
    });
    let drafts = Drafts::new(unsent, fixed, tab);
    let sender = StoredValue::new(account.clone());
    // What one is asked about if nothing was added to it. A text that was written before is the
    // user's own. A new message begins with its signature alone, or with a text that can be sent.
    let is_written = is_written || draft.saved.is_some() || draft.replaces.is_some();
    let is_chosen = |identity: &&Identity| Some(&identity.id) == draft.identity.as_ref();
    let quote = StoredValue::new(match &draft.source {
        _ if is_written => String::new(),
        Some(_) => draft.body.clone(),
        None => {
            let chosen = identities.iter().find(is_chosen);
            chosen.map(Identity::signature_block).unwrap_or_default()
        }
    });
    let is_confirmed = RwSignal::new(false);
    let send_current = move || {
        if is_sending.get_untracked() {
            return;
        }
        let uploads = match files.ready() {
            Ok(uploads) => uploads,
            Err(failure) => {
                error.set(Some(failure));
                return;
            }
        };
        let uploads: Vec<_> = uploads.into_iter().map(|upload| upload.id).collect();
        let draft = fields.draft(fixed.get_value(), uploads.clone());
        if !is_redirect
            && !is_confirmed.get_untracked()
            && let Some(question) = omission_question(
                &draft,
                &quote.read_value(),
                fields,
                is_confirmed,
                lang,
                warns_missing_file,
            )
        {
            questions.ask(question);
            return;
        }
        let file_count = files.lock();
        let navigate = navigate.clone();
        let id = unsent.id();
        is_sending.set(true);
        error.set(None);
        let deliver = move || async move {
            let draft = Draft {
                files: Some(file_count),
                // The copy that was saved last is the one that is deleted.
                ..fields.draft(fixed.get_value(), uploads)
            };
            match message_send(sender.get_value(), draft).await {
                Ok(sent) => {
                    if let Some(error) = files.chosen_since(file_count) {
                        tab.show_error(error, None);
                    }
                    if let Some(id) = id {
                        unsent.delete(&id);
                    }
                    if is_sending.try_get_untracked().is_none() {
                        // The user has left the page.
                        return;
                    }
                    let back = match archives_source {
                        true => tab.list_url.get_value(),
                        false => tab.mail_url.get_value(),
                    };
                    if let Some(entry) = sent.entry.filter(|_| back.is_some()) {
                        tab.show_sent(entry);
                    }
                    if is_docked {
                        tab.close_dock();
                        if back.is_some() {
                            return;
                        }
                    }
                    navigate(&back.unwrap_or_else(|| {
                        base.with_value(|base| url::outbox_entry(base, &sent.outbox))
                    }));
                }
                Err(failure) => {
                    tab.note_error(&failure);
                    if failure.field.as_deref() == Some("form") {
                        // The form key is used up: the text in the form becomes a new message.
                        if let Ok(new) = compose_start(sender.get_value(), None, Vec::new()).await {
                            fixed.try_update_value(|fixed| fixed.form = new.draft.form);
                        }
                    }
                    is_sending.try_set(false);
                    drafts.resume();
                    files.unlock();
                    let field = failure.field.clone();
                    // The user may have left the form meanwhile.
                    if error.try_set(Some(failure)).is_none()
                        && let Some(field) = field
                    {
                        fields.focus(&field);
                    }
                }
            }
        };
        drafts.end(move || spawn_local(deliver()));
    };
    let send = move || fields.editor.settle(send_current.clone());
    let on_key = {
        let send = send.clone();
        move |event: KeyboardEvent| {
            // Enter that confirms an input method's candidate (key code 229) belongs to the input
            // method.
            if event.key() != "Enter" || event.is_composing() || event.key_code() == 229 {
                return;
            }
            if event.ctrl_key() || event.meta_key() {
                event.prevent_default();
                send();
            } else if event.target().is_some_and(|from| fields.focus_next(&from)) {
                event.prevent_default();
            }
        }
    };
    effect({
        let send = send.clone();
        move || {
            if is_confirmed.get() {
                send();
            }
        }
    });
    let first = first_field(&draft, error.with_untracked(|e| e.as_ref()?.field.clone()));
    let form_element = NodeRef::<html::Form>::new();
    let form = Form {
        account: account.clone(),
        source: draft.source.clone(),
        replaces: draft.replaces.clone(),
        draft: draft.saved.as_ref().map(|saved| saved.id.clone()),
        initial,
    };
    autosave(unsent, drafts, form, fields, files, fixed);
    let observe = move || {
        if !is_redirect {
            observe(unsent, drafts, fields, files, fixed);
        }
    };
    let editor_form = EditorForm {
        tab,
        account: sender,
        fields,
        files,
        fixed,
        error,
        report: Callback::new(move |()| observe()),
        send: Callback::new({
            let send = send.clone();
            move |()| send()
        }),
    };
    effect(move || {
        let Some(form) = form_element.get() else {
            return;
        };
        let focus = move || {
            fields.place_cursor();
            let is_focused = || form.contains(document().active_element().as_deref());
            // After a full page load the user may be typing already.
            if form.is_connected() && !is_focused() {
                fields.focus(first);
            }
            is_focused()
        };
        // The effect runs before the form is in the document, where it can receive the focus. It is
        // there before the next frame, which then shows the cursor.
        queue_microtask(move || {
            if !focus() {
                set_timeout(move || _ = focus(), Duration::ZERO);
            }
        });
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let line = move |name: &'static str, label: Cow<'static, str>, value: String, element| {
        view! {
            <Recipients
                name=name
                label=label.into_owned()
                value=value
                autofocus=name == first
                element=element
                fields=fields
                account=sender
                error=error
                report=Callback::new(move |()| observe())
            />
        }
        .into_any()
    };
    let mail = url::mail(&page.base, &account);
    let is_wide = !draft.cc.is_empty() || !draft.bcc.is_empty();
    view! {
        <form
            class="composer"
            method="post"
            action=url::compose_form(&page.base)
            enctype="multipart/form-data"
            aria-label=title
            node_ref=form_element
            on:submit=handler(on_submit)
            on:keydown=handler(on_key)
            on:input=handler(move |_| observe())
            on:change=handler(move |_| observe())
        >
            <NoDefaultButton />
            <header class="composer-head">
                <h1 class="cut grow" dir="auto">
                    {title.clone()}
                </h1>
                {is_docked
                    .then(|| {
                        let close = if is_redirect { lang.close() } else { lang.close_and_keep() };
                        dock_buttons(tab, lang, &mail, close)
                    })}
            </header>
            {dynamic(move || {
                error.get().map(|error| view! { <ErrorBanner error=error /> }.into_any())
            })}
            <DraftConflict account=account.clone() drafts=drafts />
            // The server reads these two first.
            <Hidden name="account" value=account.to_string() />
            <Hidden name="form" value=draft.form.clone().map(|form| form.0).unwrap_or_default() />
            <Source draft=draft.clone() />
            <Sender
                identities=identities
                fields=fields
                // A signature comes before a quotation at the end only.
                initial=if cursor == 0 { draft.body.clone() } else { String::new() }
                report=Callback::new(move |()| observe())
            />
            {line("to", lang.to(), draft.to, fields.to)}
            <details class="c-more" open=is_wide>
                <summary>{lang.cc_bcc()}</summary>
                {line("cc", lang.cc(), draft.cc, fields.cc)}
                {line("bcc", lang.bcc(), draft.bcc, fields.bcc)}
            </details>
            {if is_redirect {
                view! { <p class="c-note muted">{lang.redirect_note()}</p> }.into_any()
            } else {
                view! {
                    <Line
                        name="subject"
                        label=lang.subject().into_owned()
                        value=draft.subject
                        autofocus=first == "subject"
                        element=fields.subject
                        error=error
                    />
                    <TextArea
                        name="body"
                        label=lang.message_text()
                        text=draft.body
                        class="c-body"
                        autofocus=first == "body"
                        node_ref=fields.body
                    />
                    <FormattedText form=editor_form templates=templates />
                    <ForwardedParts
                        parts=forwarded
                        checked=draft.keep_parts
                        element=fields.forwarded_parts
                    />
                    <Files files=files uploads=uploads missing=missing />
                    <Options options=fields.options lacking=lacking error=error />
                }
                    .into_any()
            }}
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
                    {dynamic(move || {
                        if is_sending.get() {
                            lang.sending()
                        } else if is_redirect {
                            lang.redirect()
                        } else if fields.options.with(|options| options.send_at.is_empty()) {
                            lang.send()
                        } else {
                            lang.send_later()
                        }
                    })}
                </button>
                <span class="grow"></span>
                {(!is_redirect)
                    .then(|| {
                        view! {
                            <button class="btn btn-line nojs" name="action" value="save">
                                {lang.save_draft()}
                            </button>
                        }
                            .into_any()
                    })}
                <span class="hint" role="status">
                    {dynamic(move || {
                        if unsent.has_store_failed.get() {
                            return lang.unsent_not_kept();
                        }
                        // A change of the global state reaches this after the form was left.
                        match drafts.state.try_get().unwrap_or(DraftState::Unsaved) {
                            DraftState::Saving => lang.draft_saving(),
                            DraftState::Saved => lang.draft_saved(),
                            DraftState::Failed(error) => lang.draft_failed(error.cause),
                            _ => lang.recipients_hint(),
                        }
                    })}
                </span>
                <a
                    class="btn btn-icon"
                    href=mail
                    rel="external"
                    data-discard
                    aria-label=lang.discard_text()
                    title=lang.discard_text()
                >
                    <Icon name="trash" />
                </a>
            </footer>
        </form>
    }
    .into_any()
}

/// The buttons that fold, enlarge and close the form beside the page.
fn dock_buttons(tab: Tab, lang: Lang, mail: &str, close: Cow<'static, str>) -> AnyView {
    let size_button = |size: DockSize, label: Cow<'static, str>, icon| {
        let toggle = move |_| {
            tab.dock_size.update(|now| {
                *now = if *now == size { DockSize::Corner } else { size };
            });
        };
        view! {
            <button
                class="btn btn-icon"
                type="button"
                aria-label=label.clone()
                title=label
                aria-pressed=derived(move || (tab.dock_size.get() == size).to_string())
                on:click=handler(toggle)
            >
                <Icon name=icon />
            </button>
        }
        .into_any()
    };
    view! {
        {size_button(DockSize::Folded, lang.dock_fold(), "minus")}
        {size_button(DockSize::Full, lang.dock_full(), "expand")}
        <a
            class="btn btn-icon"
            href=mail.to_owned()
            rel="external"
            data-close
            aria-label=close.clone()
            title=close
        >
            <Icon name="close" />
        </a>
    }
    .into_any()
}

fn title(draft: &Draft, lang: Lang) -> String {
    match draft.source.as_ref().map(|source| source.kind) {
        _ if !draft.subject.is_empty() => draft.subject.clone(),
        Some(kind) if kind.is_reply() => lang.reply().into_owned(),
        Some(kind) if kind.is_forward() => lang.forward().into_owned(),
        _ => lang.new_message().into_owned(),
    }
}
