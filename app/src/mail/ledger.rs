//! The ledger: the delivery state of every message and recipient, with the server's replies.

use std::borrow::Cow;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::form::Hidden;
use super::held_text::HeldText;
use crate::api::types::{
    ApiErrorText, CopyFound, Damage, EntryChange, FolderRef, Lang, OutboxEntry, OutboxId,
    OutboxState, RecipientState, RecipientView, SentCopy,
};
use crate::page::PageContext;
use crate::state::tab::Tab;
use crate::text::size::size;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::handler;
use crate::ui::error_banner::server_reply;
use crate::ui::navigator::navigator;

/// The label, icon and colour class of a state.
struct StateBadge {
    label: Cow<'static, str>,
    icon: &'static str,
    class: &'static str,
}

/// An action on an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct EntryActions {
    can_correct: bool,
    changes: &'static [EntryChange],
}

fn actions(state: &OutboxState, is_removed: bool) -> EntryActions {
    use EntryChange::{Delete, PutBack, Remove, Retry, Stop};
    let (can_correct, changes): (_, &[EntryChange]) = match state {
        _ if is_removed => (false, &[PutBack, Delete]),
        OutboxState::Sending => (false, &[]),
        OutboxState::Waiting | OutboxState::WaitingForSignIn => (false, &[Stop]),
        OutboxState::Held { .. } | OutboxState::Scheduled { .. } => (false, &[Retry, Stop]),
        OutboxState::WaitingToRetry { .. } => (false, &[Retry, Stop]),
        OutboxState::HandedOver | OutboxState::Damaged { .. } => (false, &[Remove]),
        OutboxState::PartlyRefused
        | OutboxState::Refused
        | OutboxState::NotSent
        | OutboxState::Stopped => (true, &[Retry, Remove]),
        OutboxState::Unknown => (false, &[Retry, Remove]),
    };
    EntryActions {
        can_correct,
        changes,
    }
}

/// Whether the message waits until its first attempt, for a time that is known.
fn is_before_first_attempt(state: &OutboxState) -> bool {
    matches!(
        state,
        OutboxState::Held { .. } | OutboxState::Scheduled { .. }
    )
}

/// Returns the icon and the label of a change's button.
fn button(
    change: EntryChange,
    state: &OutboxState,
    lang: Lang,
) -> (&'static str, Cow<'static, str>) {
    match change {
        EntryChange::Retry if *state == OutboxState::Unknown => {
            ("refresh", lang.send_again_unknown())
        }
        EntryChange::Retry if is_before_first_attempt(state) => ("send", lang.send_now()),
        EntryChange::Retry => ("refresh", lang.try_again()),
        EntryChange::Stop if matches!(state, OutboxState::WaitingToRetry { .. }) => {
            ("close", lang.stop_trying())
        }
        EntryChange::Stop => ("close", lang.do_not_send()),
        EntryChange::Remove => ("close", lang.remove_entry()),
        EntryChange::PutBack => ("undo", lang.put_back()),
        EntryChange::Delete => ("trash", lang.delete_entry()),
    }
}

fn state_badge(entry: &OutboxEntry, lang: Lang) -> StateBadge {
    let refused = entry
        .recipients
        .iter()
        .filter(|r| r.state == RecipientState::Refused)
        .count();
    let all = entry.recipients.len();
    let (label, icon, class) = match entry.state {
        OutboxState::Waiting | OutboxState::WaitingForSignIn => {
            (lang.state_waiting(), "clock", "info")
        }
        OutboxState::Held { .. } => (lang.state_waiting(), "clock", "info"),
        OutboxState::Scheduled { .. } => (lang.state_scheduled(), "clock", "info"),
        OutboxState::WaitingToRetry { .. } => (lang.state_delayed(), "clock", "warn"),
        OutboxState::Sending => (lang.sending(), "send", "info"),
        OutboxState::HandedOver => (lang.state_handed_over(), "check", "ok"),
        OutboxState::PartlyRefused => (
            lang.ledger_partly(refused as u64, all as u64),
            "alert",
            "bad",
        ),
        OutboxState::Refused => (lang.state_refused(), "alert", "bad"),
        OutboxState::NotSent => (lang.state_not_sent(), "alert", "bad"),
        OutboxState::Unknown => (lang.state_unknown(), "help", "warn"),
        OutboxState::Stopped => (lang.state_stopped(), "close", "warn"),
        OutboxState::Damaged { .. } => (lang.state_damaged(), "alert", "bad"),
    };
    StateBadge { label, icon, class }
}

/// Returns the label of an entry's state.
pub(crate) fn state_label(entry: &OutboxEntry, lang: Lang) -> Cow<'static, str> {
    state_badge(entry, lang).label
}

/// Returns the explanation of a state, unless the recipients already show it.
fn explanation(entry: &OutboxEntry, lang: Lang) -> Option<Cow<'static, str>> {
    match &entry.state {
        OutboxState::Waiting => Some(lang.ledger_waiting()),
        OutboxState::WaitingForSignIn => Some(lang.ledger_waiting_sign_in()),
        OutboxState::WaitingToRetry { at, until } => {
            Some(lang.ledger_retry(at.long.clone(), until.long.clone()))
        }
        OutboxState::Scheduled { at } => Some(lang.ledger_scheduled(at.long.clone())),
        OutboxState::Unknown => Some(match &entry.found {
            Some(CopyFound::In { .. }) => lang.ledger_unknown_found(),
            Some(CopyFound::Nowhere) => lang.ledger_unknown_nowhere(),
            None => lang.ledger_unknown(),
        }),
        OutboxState::Stopped => Some(lang.ledger_stopped()),
        OutboxState::Damaged { why } => Some(match why {
            Damage::KeyLost => lang.ledger_key_lost(),
            Damage::LaterProgram => lang.ledger_later_program(),
            Damage::Bytes => lang.ledger_damaged(),
        }),
        OutboxState::HandedOver => Some(lang.ledger_handed_over(entry.changed.long.clone())),
        // Counted down by `HeldText`.
        OutboxState::Held { .. }
        | OutboxState::Sending
        | OutboxState::PartlyRefused
        | OutboxState::Refused
        | OutboxState::NotSent => None,
    }
}

/// A message in the ledger.
#[component]
pub fn Entry(
    /// The message.
    entry: OutboxEntry,
    /// Whether the URL names it.
    is_named: bool,
    /// Whether it was removed from the list.
    is_removed: bool,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let StateBadge { label, icon, class } = state_badge(&entry, lang);
    let meaning = match &entry.state {
        OutboxState::Held { secs } => Some(view! { <HeldText secs=*secs /> }.into_any()),
        _ => explanation(&entry, lang).map(IntoAny::into_any),
    };
    let is_folded = is_folded(&entry, is_removed);
    let actions = actions(&entry.state, is_removed);
    let copy = copy_text(&entry.copy, lang);
    let copy_folder = match (&entry.copy, &entry.found) {
        (SentCopy::Filed { folder }, _) | (_, Some(CopyFound::In { folder })) => Some(folder),
        _ => None,
    };
    let sent_folder = match copy_folder {
        Some(folder) => {
            let of = FolderRef {
                account: entry.account.clone(),
                folder: folder.clone(),
            };
            Some(url::folder(&page.base, &of, 1))
        }
        None => None,
    };
    let OutboxEntry {
        id,
        subject,
        created,
        host,
        size_bytes,
        trouble,
        recipients,
        state,
        has_transcript,
        ..
    } = entry;
    // Of a damaged record, only the columns beside it are known.
    let is_damaged = matches!(state, OutboxState::Damaged { .. });
    let subject = match subject.as_str() {
        _ if is_damaged => lang.unreadable_entry().into_owned(),
        "" => lang.no_subject().into_owned(),
        _ => subject,
    };
    let summary = match is_damaged {
        true => format!("{}, {}", created.long, size(size_bytes)).into(),
        false => lang.ledger_summary(
            created.long,
            host,
            recipients.len() as u64,
            size(size_bytes),
        ),
    };
    let has_recipients = !recipients.is_empty();
    let recipients = recipients
        .into_iter()
        .map(|recipient| view! { <Recipient recipient=recipient /> }.into_any())
        .collect_view();
    let tab = Tab::expect();
    let edit = is_before_first_attempt(&state)
        .then(|| view! { <StopAndEdit outbox=id.clone() /> }.into_any());
    let changes = actions
        .changes
        .iter()
        .map(|change| {
            let change = *change;
            let (icon, label) = button(change, &state, lang);
            let on_submit = {
                let id = id.clone();
                move |event: SubmitEvent| {
                    event.prevent_default();
                    tab.outbox_change(id.clone(), change);
                }
            };
            view! {
                <form
                    method="post"
                    action=url::outbox_change(&page.base, &id, change)
                    on:submit=handler(on_submit)
                >
                    <Hidden name="return" value=url::outbox(&page.base) />
                    <button class="btn" class:btn-line={change != EntryChange::Delete}>
                        <Icon name=icon />
                        {label}
                    </button>
                </form>
            }
            .into_any()
        })
        .collect_view();
    let head = view! {
        <h2 dir="auto">{subject.clone()}</h2>
        <span class=format!("badge {class}")>
            <Icon name=icon />
            {label}
        </span>
        <p>{summary}</p>
    }
    .into_any();
    let details = view! {
            {meaning.map(|meaning| view! { <p class="meaning">{meaning}</p> }.into_any())}
            {trouble.map(error_text)}
            {has_recipients.then(|| view! { <ul class="rcpts">{recipients}</ul> }.into_any())}
            {copy.map(|copy| view! { <p class="copy small muted">{copy}</p> }.into_any())}
            <footer>
                {actions
                    .can_correct
                    .then(|| {
                        view! {
                            <a class="btn btn-primary" href=url::compose_again(&page.base, &id)>
                                <Icon name="pencil" />
                                {lang.correct_and_send()}
                            </a>
                        }
                            .into_any()
                    })}
                {sent_folder
                    .map(|href| {
                        view! {
                            <a class="btn btn-line" href=href>
                                <Icon name="send" class="i-dir" />
                                {lang.open_sent()}
                            </a>
                        }
                            .into_any()
                    })}
                {edit}
                {changes}
                {has_transcript
                    .then(|| {
                        view! {
                            <a
                                class="btn btn-line"
                                href=url::outbox_transcript(&page.base, &id)
                                rel="external"
                            >
                                <Icon name="terminal" />
                                {lang.show_transcript()}
                            </a>
                        }
                            .into_any()
                    })}
            </footer>
    }
    .into_any();
    let content = match is_folded {
        true => view! {
            <details open=is_named>
                <summary>{head}</summary>
                {details}
            </details>
        }
        .into_any(),
        false => view! {
            <header>{head}</header>
            {details}
        }
        .into_any(),
    };
    view! {
        <article class="sent" class:named=is_named aria-label=subject>
            {content}
        </article>
    }
}

/// Returns whether only the heading line of an entry is shown at first: it needs nothing. A stopped
/// message does: its text may be corrected. The list of removed entries is folded as a whole.
fn is_folded(entry: &OutboxEntry, is_removed: bool) -> bool {
    let has_copy_problem = matches!(entry.copy, SentCopy::Failed { .. });
    entry.state == OutboxState::HandedOver && !has_copy_problem && !is_removed
}

/// Stops a message that has not left, and opens its form.
#[component]
pub fn StopAndEdit(outbox: OutboxId) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let form = url::compose_again(&page.base, &outbox);
    let navigate = navigator();
    let on_submit = {
        let (outbox, form) = (outbox.clone(), form.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let (navigate, form) = (navigate.clone(), form.clone());
            tab.outbox_stop(outbox.clone(), move || navigate(&form));
        }
    };
    view! {
        <form
            method="post"
            action=url::outbox_change(&page.base, &outbox, EntryChange::Stop)
            on:submit=handler(on_submit)
        >
            <Hidden name="return" value=form />
            <button class="btn btn-line">
                <Icon name="pencil" />
                {lang.edit_message()}
            </button>
        </form>
    }
}

/// The error of a whole message: cause, fix, and the server's reply.
pub(crate) fn error_text(error: ApiErrorText) -> AnyView {
    let ApiErrorText { cause, fix, reply } = error;
    view! {
        <div class="trouble">
            <b>{cause}</b>
            " "
            {fix}
            {server_reply(reply)}
        </div>
    }
    .into_any()
}

#[component]
fn Recipient(recipient: RecipientView) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let (icon, class) = recipient.state.badge();
    view! {
        <li>
            <span class=class>
                <Icon name=icon />
            </span>
            <span class="cut" dir="auto">
                {recipient.address}
            </span>
            <span class=format!("st {class}")>{recipient.state.name(lang)}</span>
            <span>
                {recipient.meaning}
                {recipient.reply.map(|reply| view! { <code dir="ltr">{reply}</code> }.into_any())}
            </span>
        </li>
    }
}

fn copy_text(copy: &SentCopy, lang: Lang) -> Option<Cow<'static, str>> {
    match copy {
        SentCopy::Pending | SentCopy::Filed { .. } => None,
        SentCopy::NotKept => Some(lang.copy_not_kept()),
        SentCopy::Failed { cause } => Some(lang.copy_failed(cause.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_being_sent_can_be_neither_retried_nor_stopped() {
        let actions = actions(&OutboxState::Sending, false);
        assert!(!actions.can_correct && actions.changes.is_empty());
    }

    #[test]
    fn refused_message_can_be_corrected_but_possibly_delivered_one_cannot() {
        let actions = |state| actions(&state, false);
        assert!(actions(OutboxState::Refused).can_correct);
        assert!(actions(OutboxState::PartlyRefused).can_correct);
        assert!(actions(OutboxState::Stopped).can_correct);
        assert!(!actions(OutboxState::Unknown).can_correct);
        let accepted = actions(OutboxState::HandedOver);
        assert!(!accepted.changes.contains(&EntryChange::Retry));
    }

    #[test]
    fn only_removed_entries_can_be_deleted() {
        for state in [
            OutboxState::Waiting,
            OutboxState::Refused,
            OutboxState::HandedOver,
            OutboxState::Damaged {
                why: Damage::KeyLost,
            },
        ] {
            assert!(
                !actions(&state, false)
                    .changes
                    .contains(&EntryChange::Delete)
            );
            assert!(
                actions(&state, true)
                    .changes
                    .contains(&EntryChange::PutBack)
            );
        }
    }
}
