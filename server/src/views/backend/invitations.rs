//! Answers to the invitations in messages.

use app::api::types::{
    Card, CardAction, CardKind, ComposeKind, ComposeSource, Draft, EntryChange, InvitationAnswer,
    MessageRef, OutboxId, OutboxState,
};
use app::text::url;
use mail_mime::address::{self, EmailAddress};
use mail_mime::calendar::{Answerable, Invitation};

use super::SessionBackend;
use super::ledger::state_of;
use crate::account::compose::thread_of_answer;
use crate::account::error::{AccountError, InvalidField};
use crate::account::handle::AccountHandle;
use crate::account::model::now_unix_ms;
use crate::domain::{Opened, OutboxRow, Outcome, RowState};
use crate::views::cards;
use crate::views::compose::find_handle;

impl SessionBackend {
    /// Adds the buttons that answer an invitation to its card, and what became of an answer.
    pub(super) async fn offer_answer(
        &self,
        handle: &AccountHandle,
        opened: &Opened,
        cards: &mut [Card],
    ) -> Result<(), AccountError> {
        let is_invitation = |card: &&mut Card| card.kind == CardKind::Invitation;
        let (Some((_, answerable)), Some(card)) =
            (answerable(opened), cards.iter_mut().find(is_invitation))
        else {
            return Ok(());
        };
        if handle.attendee(answerable).await?.is_none() {
            return Ok(());
        }
        let lang = self.locale.lang;
        let known = known_answer(handle, answerable).await?;
        let answer = known.as_ref().map(|(_, answer)| *answer);
        card.actions = cards::actions(&url::invitation(&self.base), answer, lang);
        if let Some((row, answer)) = known {
            let now = now_unix_ms();
            let state = state_of(&row, now, |unix_ms| self.locale.date(unix_ms, now));
            card.lines
                .insert(0, cards::answer_line(answer, &state, lang));
            if matches!(state, OutboxState::Held { .. }) {
                card.actions.push(CardAction {
                    url: url::outbox_change(&self.base, &row.id, EntryChange::Stop),
                    answer: String::new(),
                    label: lang.do_not_send().into_owned(),
                    is_primary: false,
                });
            }
            card.outbox = Some(row.id);
        }
        Ok(())
    }

    /// Queues the answer to the invitation in a message. An earlier answer that has not left is
    /// replaced: the organizer receives the last one only.
    pub(super) async fn answer_invitation(
        &self,
        of: MessageRef,
        answer: InvitationAnswer,
    ) -> Result<OutboxId, AccountError> {
        let handle = find_handle(&self.handles, &of.folder.account)?;
        let none = || AccountError::Invalid {
            field: "message",
            problem: InvalidField::NoInvitation,
        };
        let (folder, message) = (of.folder.folder, of.message);
        let opened = handle.open(folder.clone(), message.clone()).await?;
        let (invitation, answerable) = answerable(&opened).ok_or_else(none)?;
        let attendee = handle.attendee(answerable).await?.ok_or_else(none)?;
        let sent = handle.write_answer(answerable, &attendee, answer).await?;
        let organizer = organizer(invitation, answerable);
        let lang = self.locale.lang;
        let mut draft = Draft {
            to: address::format_typed(&[organizer]),
            subject: cards::answer_subject(answer, invitation, lang),
            body: cards::answer_text(answer, invitation, lang),
            identity: Some(attendee.identity.id.clone()),
            source: Some(ComposeSource {
                kind: ComposeKind::Reply,
                folder,
                message,
            }),
            thread: thread_of_answer(&opened.headers),
            ..Draft::default()
        };
        let known = known_answer(handle, answerable).await?;
        let is_waiting = |(row, _): &(OutboxRow, _)| row.state == RowState::Waiting;
        draft.replaces = known.filter(is_waiting).map(|(row, _)| row.id);
        let queued = self.send_new(handle, &draft, Some(sent.clone())).await;
        let queued = match queued {
            // The earlier answer left meanwhile: this one follows it.
            Err(AccountError::NotReplaced(_)) => {
                draft.replaces = None;
                self.send_new(handle, &draft, Some(sent)).await
            }
            queued => queued,
        };
        // Without the key of a form, no other message is the same.
        queued?.map_err(|sent| AccountError::Internal(format!("{} was sent", sent.outbox)))
    }
}

/// Returns the invitation of a message that can be answered.
fn answerable(opened: &Opened) -> Option<(&Invitation, &Answerable)> {
    let invitation = opened.supplements.invitation.as_ref()?;
    Some((invitation, invitation.answerable.as_ref()?))
}

/// Returns the organizer with the name that the invitation gives.
fn organizer(invitation: &Invitation, answerable: &Answerable) -> EmailAddress {
    let mut events = invitation.events.iter();
    let named = events.find_map(|event| event.organizer.as_ref());
    let name = named.map_or("", |organizer| &organizer.address.name);
    EmailAddress::new(name, answerable.organizer().as_str())
}

/// Returns the answer to an invitation that was given last and not stopped.
async fn known_answer(
    handle: &AccountHandle,
    answerable: &Answerable,
) -> Result<Option<(OutboxRow, InvitationAnswer)>, AccountError> {
    let ledger = &handle.outbox().ledger;
    for (id, sent) in handle.sent_answers(answerable).await? {
        let row = ledger.outbox_show(handle.key(), &id).await;
        let row = row.map_err(AccountError::store)?;
        let is_given =
            |row: &OutboxRow| !row.is_damaged() && row.outcome() != Some(Outcome::Stopped);
        if let Some(row) = row.filter(is_given) {
            return Ok(Some((row, sent.answer)));
        }
    }
    Ok(None)
}
