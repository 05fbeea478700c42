//! The snack of a message that was just sent: its state, live, with Undo until it leaves.

use std::borrow::Cow;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::held_text::HeldText;
use super::ledger::state_label;
use crate::api::outbox::outbox_show;
use crate::api::types::{Lang, OutboxEntry, OutboxId, OutboxState};
use crate::page::PageContext;
use crate::state::compose_links::form_opener;
use crate::state::snack::Snack;
use crate::state::tab::Tab;
use crate::text::url;
use crate::ui::dynamic::{dynamic, effect, handler};

/// How long the snack stays once the server has the message.
const DONE_DURATION: Duration = Duration::from_secs(6);

impl Tab {
    /// Shows the state of a message that was sent from this tab, until the server has it.
    pub fn show_sent(self, entry: OutboxEntry) {
        self.sent.set(Some(entry));
        self.show_snack(Snack::Sent);
    }

    /// Fetches again what waited until now: live events may not report it.
    pub fn held_message_leaves(self) {
        if let Some(sent) = self.sent.get_untracked() {
            self.refresh_sent(&sent.id);
        }
        self.outbox_changed();
    }

    /// Fetches the state of the message that the snack shows, if it is this one.
    pub fn refresh_sent(self, outbox: &OutboxId) {
        let is_shown = self
            .snack
            .with_untracked(|snack| *snack == Some(Snack::Sent));
        let is_same = |entry: &Option<OutboxEntry>| entry.as_ref().is_some_and(|e| e.id == *outbox);
        if !is_shown || !self.sent.with_untracked(is_same) {
            return;
        }
        let outbox = outbox.clone();
        spawn_local(async move {
            if let Ok(entry) = outbox_show(outbox).await
                && self
                    .sent
                    .with_untracked(|sent| sent.as_ref().is_some_and(|s| s.id == entry.id))
            {
                self.sent.set(Some(entry));
            }
        });
    }
}

/// The state of the message, as a sentence.
#[component]
pub fn SentText() -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    effect(move || {
        let shown = tab.sent.get();
        let is_done = shown.as_ref().is_some_and(|sent| {
            let state = &sent.state;
            matches!(
                state,
                OutboxState::HandedOver | OutboxState::Scheduled { .. }
            )
        });
        if is_done {
            set_timeout(
                move || {
                    let is_shown = tab
                        .snack
                        .with_untracked(|snack| *snack == Some(Snack::Sent));
                    if is_shown && tab.sent.with_untracked(|sent| *sent == shown) {
                        tab.snack.set(None);
                    }
                },
                DONE_DURATION,
            );
        }
    });
    dynamic(move || {
        let sent = tab.sent.get()?;
        let text = text(&sent, lang);
        Some(match sent.state {
            OutboxState::Held { secs } => view! {
                {text}
                " "
                <HeldText secs=secs />
            }
            .into_any(),
            _ => text.into_any(),
        })
    })
}

fn text(entry: &OutboxEntry, lang: Lang) -> String {
    let to = recipients(entry, lang);
    match &entry.state {
        OutboxState::Held { .. } | OutboxState::Waiting | OutboxState::Sending => {
            lang.sending_to(to).into_owned()
        }
        OutboxState::Scheduled { at } => lang.ledger_scheduled(at.long.clone()).into_owned(),
        OutboxState::HandedOver => lang.handed_over_to(to).into_owned(),
        _ => format!("{} {}", to, state_label(entry, lang)),
    }
}

fn recipients(entry: &OutboxEntry, lang: Lang) -> String {
    match entry.recipients.as_slice() {
        [] => String::new(),
        [only] => only.address.clone(),
        [first, others @ ..] => {
            let name: Cow<'static, str> =
                lang.recipient_and_more(first.address.clone(), others.len() as u64);
            name.into_owned()
        }
    }
}

/// Undo while the message has not left, and the link to its entry.
#[component]
pub fn SentActions() -> impl IntoView {
    let page = PageContext::expect();
    let (lang, base) = (page.lang, StoredValue::new(page.base.clone()));
    let tab = Tab::expect();
    let open_form = form_opener(tab);
    dynamic(move || {
        let sent = tab.sent.get()?;
        let id = sent.id.clone();
        let is_stoppable = matches!(
            sent.state,
            OutboxState::Held { .. } | OutboxState::Scheduled { .. } | OutboxState::Waiting
        );
        let undo = is_stoppable.then(|| {
            let (open_form, id) = (open_form.clone(), id.clone());
            let on_click = move |_| {
                let (open_form, id) = (open_form.clone(), id.clone());
                let form = base.with_value(|base| url::compose_again(base, &id));
                tab.outbox_stop(id, move || open_form(&form));
            };
            view! {
                <button class="btn" type="button" on:click=handler(on_click)>
                    {lang.undo()}
                </button>
            }
            .into_any()
        });
        let entry = base.with_value(|base| url::outbox_entry(base, &id));
        Some(
            view! {
                {undo}
                <a class="btn" href=entry>
                    {lang.open_entry()}
                </a>
            }
            .into_any(),
        )
    })
}
