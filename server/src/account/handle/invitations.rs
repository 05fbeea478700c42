//! Answers to invitations.

use app::api::types::{InvitationAnswer, OutboxId};
use jiff::Timestamp;
use mail_mime::address::Address;
use mail_mime::calendar::{Answer, Answerable};

use super::AccountHandle;
use crate::account::error::AccountError;
use crate::account::off_thread::off_thread;
use crate::domain::{Identity, SentAnswer};

/// Who answers an invitation.
pub(crate) struct Attendee {
    /// The identity that the answer is sent with.
    pub(crate) identity: Identity,
    /// The address that the organizer knows: the one in the invitation, else that of the identity.
    address: Address,
}

impl AccountHandle {
    /// Returns who answers an invitation: the identity that is invited, or the default one if none
    /// is, as after forwarding. `None` if the account is the organizer.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn attendee(
        &self,
        invitation: &Answerable,
    ) -> Result<Option<Attendee>, AccountError> {
        Ok(attendee_among(self.identities().await?, invitation))
    }

    /// Writes the answer of an attendee.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if it cannot be written.
    pub(crate) async fn write_answer(
        &self,
        invitation: &Answerable,
        attendee: &Attendee,
        answer: InvitationAnswer,
    ) -> Result<SentAnswer, AccountError> {
        let written_answer = match answer {
            InvitationAnswer::Accepted => Answer::Accepted,
            InvitationAnswer::Tentative => Answer::Tentative,
            InvitationAnswer::Declined => Answer::Declined,
        };
        let invitation = invitation.clone();
        let (address, name) = (attendee.address.clone(), attendee.identity.name.clone());
        off_thread(move || SentAnswer {
            invitation: invitation.key().to_owned(),
            answer,
            calendar: invitation.reply(&address, &name, written_answer, Timestamp::now()),
        })
        .await
    }

    /// Returns the answers to an invitation that the outbox has, newest first.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn sent_answers(
        &self,
        invitation: &Answerable,
    ) -> Result<Vec<(OutboxId, SentAnswer)>, AccountError> {
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let sent = store.sent_answers(sealer, &self.inner.key, invitation.key());
        sent.await.map_err(AccountError::store)
    }

    /// Returns what a message of the outbox answers; `None` if it answers no invitation.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read.
    pub(crate) async fn sent_answer_of(
        &self,
        outbox: &OutboxId,
    ) -> Result<Option<SentAnswer>, AccountError> {
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let sent = store.sent_answer_of(sealer, &self.inner.key, outbox);
        sent.await.map_err(AccountError::store)
    }

    /// Records which message of the outbox answers an invitation. If this fails the message leaves
    /// all the same, and the card does not show the answer.
    pub(crate) async fn remember_answer(&self, outbox: &OutboxId, sent: &SentAnswer) {
        let (store, sealer) = (&self.inner.store, &self.inner.sealer);
        let added = store.sent_answer_add(sealer, &self.inner.key, outbox, sent);
        if let Err(error) = added.await {
            tracing::warn!(%error, "an answer to an invitation was not recorded");
        }
    }
}

fn attendee_among(identities: Vec<Identity>, invitation: &Answerable) -> Option<Attendee> {
    let own: Vec<(Identity, Address)> = identities
        .into_iter()
        .filter_map(|identity| {
            let address = Address::parse(&identity.address).ok()?;
            Some((identity, address))
        })
        .collect();
    let is_organizer = |(_, own): &(Identity, Address)| own.is_same_mailbox(invitation.organizer());
    if own.iter().any(is_organizer) {
        return None;
    }
    let invited = own.iter().filter_map(|(identity, own)| {
        let mut attendees = invitation.attendees().iter();
        let address = attendees.find(|attendee| attendee.is_same_mailbox(own))?;
        Some((identity, address))
    });
    let default = own.iter().find(|(identity, _)| identity.is_default);
    let default = default.map(|(identity, address)| (identity, address));
    // Of several that are invited the default one.
    let (identity, address) = invited
        .min_by_key(|(identity, _)| !identity.is_default)
        .or(default)?;
    Some(Attendee {
        identity: identity.clone(),
        address: address.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(address: &str, is_default: bool) -> Identity {
        Identity {
            id: address.into(),
            address: address.to_owned(),
            is_default,
            ..Identity::default()
        }
    }

    /// Returns the id of the identity that answers, and the address it answers as.
    fn answering(identities: &[(&str, bool)], invited: &[&str]) -> Option<(String, String)> {
        let invited: String = invited
            .iter()
            .map(|address| format!("ATTENDEE:mailto:{address}\r\n"))
            .collect();
        let text = format!(
            "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\n\
             ORGANIZER:mailto:ann@x.example\r\n{invited}END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let invitation = mail_mime::calendar::parse(&text, None).unwrap();
        let identities = identities
            .iter()
            .map(|(of, default)| identity(of, *default));
        let attendee = attendee_among(identities.collect(), &invitation.answerable.unwrap())?;
        Some((attendee.identity.address, attendee.address.to_string()))
    }

    #[test]
    fn the_invited_identity_answers_with_the_address_as_the_organizer_wrote_it() {
        let own = [("me@x.example", true), ("sales@x.example", false)];
        let answer = |invited: &[&str]| answering(&own, invited).unwrap();
        let pair = |own: &str, written: &str| (own.to_owned(), written.to_owned());
        assert_eq!(
            answer(&["bob@x.example", "Sales@X.example"]),
            pair("sales@x.example", "Sales@X.example")
        );
        assert_eq!(
            answer(&["sales@x.example", "me@x.example"]),
            pair("me@x.example", "me@x.example")
        );
    }

    #[test]
    fn the_default_identity_answers_a_forwarded_invitation() {
        let own = [("me@x.example", false), ("sales@x.example", true)];
        let (identity, address) = answering(&own, &["bob@x.example"]).unwrap();
        assert_eq!([identity, address], ["sales@x.example", "sales@x.example"]);
    }

    #[test]
    fn an_organizer_does_not_answer_the_own_invitation() {
        let own = [("me@x.example", true), ("ANN@x.example", false)];
        assert_eq!(answering(&own, &["me@x.example"]), None);
        // An address that is none sends nothing.
        assert_eq!(answering(&[("me", true)], &["me"]), None);
    }
}
