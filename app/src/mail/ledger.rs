//! The ledger: what became of every message, recipient by recipient, in the server's words.

use std::borrow::Cow;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::frame::Hidden;
use crate::api::error::ApiError;
use crate::api::outbox::{outbox_discard, outbox_retry};
use crate::api::types::{
    ApiErrorText, Lang, OutboxEntry, OutboxState, RecipientState, RecipientView, SentCopy,
};
use crate::page::PageContext;
use crate::state::session::Tab;
use crate::state::snack::Snack;
use crate::text::size::size;
use crate::text::url;
use crate::ui::Icon;

/// What a state is called, its icon, and the class of its colour.
struct Look {
    word: Cow<'static, str>,
    icon: &'static str,
    class: &'static str,
}

/// What can be done with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offers {
    retry: bool,
    correct: bool,
    discard: bool,
}

fn offers(state: &OutboxState) -> Offers {
    let (retry, correct, discard) = match state {
        OutboxState::Sending => (false, false, false),
        OutboxState::Waiting | OutboxState::WaitingForSignIn => (false, false, true),
        OutboxState::WaitingToRetry { .. } => (true, false, true),
        OutboxState::HandedOver | OutboxState::Damaged => (false, false, true),
        OutboxState::PartlyRefused | OutboxState::Refused | OutboxState::NotSent => {
            (true, true, true)
        }
        OutboxState::Unknown => (true, false, true),
    };
    Offers {
        retry,
        correct,
        discard,
    }
}

fn look(entry: &OutboxEntry, lang: Lang) -> Look {
    let refused = entry
        .recipients
        .iter()
        .filter(|r| r.state == RecipientState::Refused)
        .count();
    let all = entry.recipients.len();
    let (word, icon, class) = match entry.state {
        OutboxState::Waiting | OutboxState::WaitingForSignIn => {
            (lang.state_waiting(), "clock", "info")
        }
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
        OutboxState::Damaged => (lang.state_damaged(), "alert", "bad"),
    };
    Look { word, icon, class }
}

/// What a state means, where the recipients do not already say it.
fn sentence(entry: &OutboxEntry, lang: Lang) -> Option<Cow<'static, str>> {
    match &entry.state {
        OutboxState::Waiting => Some(lang.ledger_waiting()),
        OutboxState::WaitingForSignIn => Some(lang.ledger_waiting_sign_in()),
        OutboxState::WaitingToRetry { at } => Some(lang.ledger_retry(at.long.clone())),
        OutboxState::Unknown => Some(lang.ledger_unknown()),
        OutboxState::Damaged => Some(lang.ledger_damaged()),
        OutboxState::HandedOver => Some(lang.ledger_handed_over(entry.changed.long.clone())),
        OutboxState::Sending
        | OutboxState::PartlyRefused
        | OutboxState::Refused
        | OutboxState::NotSent => None,
    }
}

/// One message in the ledger.
#[component]
pub fn Entry(
    /// The message.
    entry: OutboxEntry,
    /// Whether the address names it.
    is_named: bool,
    /// Called after it was changed here.
    on_change: Callback<()>,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let Look { word, icon, class } = look(&entry, lang);
    let meaning = sentence(&entry, lang);
    let offers = offers(&entry.state);
    let is_unknown = entry.state == OutboxState::Unknown;
    let copy = copy_words(&entry.copy, lang);
    let sent_folder = match &entry.copy {
        SentCopy::Filed { folder } => Some(url::folder(&page.base, &entry.account, folder, 1)),
        SentCopy::Pending | SentCopy::NotKept | SentCopy::Failed { .. } => None,
    };
    let OutboxEntry {
        id,
        subject,
        created,
        host,
        size_bytes,
        trouble,
        recipients,
        ..
    } = entry;
    let subject = if subject.is_empty() {
        lang.no_subject().into_owned()
    } else {
        subject
    };
    let summary = lang.ledger_summary(
        created.long,
        host,
        recipients.len() as u64,
        size(size_bytes),
    );
    let recipients = recipients
        .into_iter()
        .map(|recipient| view! { <Recipient recipient=recipient /> }.into_any())
        .collect_view();
    let tab = Tab::expect();
    let done = move |answer: Result<(), ApiError>| {
        if let Err(error) = answer {
            tab.note_error(&error);
            tab.say(Snack::Failed { error, again: None });
        }
        on_change.run(());
    };
    let retry = {
        let id = id.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            let id = id.clone();
            spawn_local(async move { done(outbox_retry(id).await.map(drop)) });
        }
    };
    let discard = {
        let id = id.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            let id = id.clone();
            spawn_local(async move { done(outbox_discard(id).await) });
        }
    };
    let is_waiting = !offers.retry && !offers.correct && class == "info";
    view! {
        <article class="sent" class:named=is_named aria-label=subject>
            <header>
                <h2 dir="auto">{subject.clone()}</h2>
                <span class=format!("badge {class}")>
                    <Icon name=icon />
                    {word}
                </span>
                <p>{summary}</p>
                {meaning.map(|meaning| view! { <p class="meaning">{meaning}</p> }.into_any())}
                {trouble.map(|trouble| view! { <Trouble trouble=trouble /> }.into_any())}
            </header>
            <ul class="rcpts">{recipients}</ul>
            {copy.map(|copy| view! { <p class="copy small muted">{copy}</p> }.into_any())}
            <footer>
                {offers
                    .correct
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
                {offers
                    .retry
                    .then(|| {
                        view! {
                            <form
                                method="post"
                                action=url::outbox_retry(&page.base, &id)
                                on:submit=retry
                            >
                                <Hidden name="return" value=url::outbox(&page.base) />
                                <button class="btn btn-line">
                                    <Icon name="refresh" />
                                    {if is_unknown {
                                        lang.send_again_unknown()
                                    } else {
                                        lang.try_again()
                                    }}
                                </button>
                            </form>
                        }
                            .into_any()
                    })}
                {offers
                    .discard
                    .then(|| {
                        view! {
                            <form
                                method="post"
                                action=url::outbox_discard(&page.base, &id)
                                on:submit=discard
                            >
                                <Hidden name="return" value=url::outbox(&page.base) />
                                <button class="btn" class:btn-danger=is_waiting>
                                    <Icon name="close" />
                                    {if is_waiting {
                                        lang.do_not_send()
                                    } else {
                                        lang.close_entry()
                                    }}
                                </button>
                            </form>
                        }
                            .into_any()
                    })}
            </footer>
        </article>
    }
}

#[component]
fn Trouble(trouble: ApiErrorText) -> impl IntoView {
    let ApiErrorText { cause, fix, reply } = trouble;
    view! {
        <div class="trouble">
            <b>{cause}</b>
            " "
            {fix}
            {reply
                .map(|reply| {
                    view! {
                        <code class="reply" dir="ltr">
                            {reply}
                        </code>
                    }
                        .into_any()
                })}
        </div>
    }
}

#[component]
fn Recipient(recipient: RecipientView) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let (icon, class) = recipient.state.look();
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

fn copy_words(copy: &SentCopy, lang: Lang) -> Option<Cow<'static, str>> {
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
    fn a_message_on_its_way_can_be_neither_repeated_nor_dropped() {
        let none = Offers {
            retry: false,
            correct: false,
            discard: false,
        };
        assert_eq!(offers(&OutboxState::Sending), none);
    }

    #[test]
    fn what_was_refused_can_be_corrected_but_what_may_have_left_cannot() {
        assert!(offers(&OutboxState::Refused).correct);
        assert!(offers(&OutboxState::PartlyRefused).correct);
        assert!(!offers(&OutboxState::Unknown).correct);
        assert!(!offers(&OutboxState::HandedOver).retry);
    }
}
