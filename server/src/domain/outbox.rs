//! Messages in the outbox and their results.

use app::api::types::{
    AccountId, ComposeSource, Damage, DraftId, FolderId, FormKey, IdentityId, OutboxId, PartId,
    RecipientState, SavedDraft, SendOptions, UploadId,
};

use super::{AccountKey, ErrorCause, ServerReply};

/// The state of an outbox row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowState {
    /// Queued until its due time.
    Waiting,
    /// Being sent; the final dot has not been sent.
    Sending,
    /// The final dot may have been sent.
    Committing,
    /// No further automatic attempt.
    Result,
}

/// One message in the outbox or the ledger.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) id: OutboxId,
    pub(crate) account_key: AccountKey,
    pub(crate) state: RowState,
    /// The server refused the password: no attempt before the next sign-in.
    pub(crate) needs_sign_in: bool,
    /// Number of attempts.
    pub(crate) tries: u32,
    pub(crate) due_unix_ms: i64,
    pub(crate) created_unix_ms: i64,
    pub(crate) changed_unix_ms: i64,
    /// Its file in the spool; `None`, together with the draft, once no recipient is left to send
    /// to.
    pub(crate) spool: Option<String>,
    pub(crate) size_bytes: u64,
    /// Set if the record cannot be opened: the row is shown as damaged and not processed.
    pub(crate) damage: Option<Damage>,
    /// Whether the store has the transcript of its last attempt.
    pub(crate) has_transcript: bool,
    pub(crate) message: OutboxMessage,
}

/// The message of an outbox row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutboxMessage {
    /// The envelope sender.
    pub(crate) from: String,
    pub(crate) subject: String,
    /// The outgoing server, as shown to users.
    pub(crate) host: String,
    /// The Message-ID, or Resent-Message-ID, without angle brackets.
    pub(crate) message_id: String,
    pub(crate) recipients: Vec<RecipientResult>,
    /// The error of the last attempt that concerns the whole message.
    pub(crate) error_cause: Option<ErrorCause>,
    pub(crate) copy: SentCopy,
    /// Its attachments, stored until the message is handed over, for "correct and send".
    pub(crate) attachments: Vec<AttachedFile>,
    /// The message that was answered or forwarded; `None` once it is marked.
    pub(crate) source: Option<ComposeSource>,
    /// Header fields that only the copy in Sent has, `Bcc`.
    pub(crate) own_fields: String,
    pub(crate) transport: TransportOptions,
    /// What the search for a message with an unknown outcome found; `None` before it.
    pub(crate) search: Option<CopySearch>,
    /// The draft whose copies are deleted, because the message is sent; `None` once they are.
    pub(crate) draft: Option<DraftId>,
    /// Set if it is a stored message that is passed on.
    pub(crate) redirected: Option<Redirected>,
}

/// What a message that is passed on needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Redirected {
    /// A server with 8BITMIME (RFC 6152): it cannot be written otherwise.
    pub(crate) has_8bit: bool,
}

/// The id by which the copies of a sent message are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyId {
    /// The header field that holds it.
    pub(crate) field: &'static str,
    /// Without angle brackets.
    pub(crate) id: String,
}

/// What the search for a message with an unknown outcome found in its sender's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CopySearch {
    /// A copy that the server filed itself: it has the message.
    InFolder(FolderId),
    /// No copy. The server may have the message nevertheless: most servers file none.
    Nowhere,
    /// The account has no folder that could be searched.
    Unsupported,
}

/// What the outgoing server is asked for, beside the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TransportOptions {
    /// A report of the delivery (RFC 3461).
    pub(crate) wants_notice: bool,
    /// TLS on every hop (RFC 8689).
    pub(crate) requires_tls: bool,
    /// The time that the sender chose for the first attempt.
    pub(crate) scheduled_unix_ms: Option<i64>,
}

/// A file in the spool that belongs to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachedFile {
    pub(crate) spool: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size_bytes: u64,
}

/// The delivery result for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecipientResult {
    pub(crate) address: String,
    pub(crate) state: RecipientState,
    pub(crate) reply: Option<ServerReply>,
}

/// The outcome of a row in state [`RowState::Result`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server accepted the message for every recipient.
    HandedOver,
    /// The server accepted some recipients and refused others.
    PartlyRefused,
    /// The server refused every recipient.
    Refused,
    /// No recipient has the message.
    NotSent,
    /// The sender stopped it before every recipient had it.
    Stopped,
    /// The message may have been sent.
    Unknown,
}

/// The content of a compose form, stored until the message is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StoredDraft {
    /// Recipients, as typed.
    pub(crate) to: String,
    pub(crate) cc: String,
    pub(crate) bcc: String,
    pub(crate) subject: String,
    /// The text, with LF line ends.
    pub(crate) body: String,
    /// The text with formatting, as the editor wrote it.
    pub(crate) html: Option<String>,
    pub(crate) source: Option<ComposeSource>,
    /// The outbox entry that this message corrects.
    pub(crate) replaces: Option<OutboxId>,
    pub(crate) uploads: Vec<UploadId>,
    pub(crate) keep_parts: Vec<PartId>,
    pub(crate) options: SendOptions,
    /// Whose name and address it is sent with.
    pub(crate) identity: Option<IdentityId>,
    /// Its copy among the account's drafts.
    pub(crate) saved: Option<SavedDraft>,
    /// The Message-IDs of the conversation of a draft without a source.
    pub(crate) thread: Vec<String>,
}

/// A compose form that is stored until its sender signs in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PostedForm {
    /// The sender's account.
    pub(crate) account: AccountId,
    pub(crate) draft: StoredDraft,
    pub(crate) form: Option<FormKey>,
    /// Number of files that the form listed, in any state.
    pub(crate) files: Option<u32>,
    /// Names of files that were chosen and not received.
    pub(crate) missing: Vec<String>,
    /// Ids of files and parts in the form, with their displayed names.
    pub(crate) named: Vec<(String, String)>,
}

/// The state of the copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SentCopy {
    Pending,
    Filed(FolderId),
    NotKept,
    Failed(ErrorCause),
}

impl RecipientResult {
    /// Returns whether the message still has to be sent to this recipient.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(
            self.state,
            RecipientState::Waiting | RecipientState::Delayed
        )
    }
}

impl OutboxMessage {
    /// Returns what its copies are found by: a message that is passed on keeps the Message-ID of
    /// its author, and `message_id` is that of its new delivery.
    pub(crate) fn copy_id(&self) -> CopyId {
        CopyId {
            field: match self.redirected {
                Some(_) => "Resent-Message-ID",
                None => "Message-ID",
            },
            id: self.message_id.clone(),
        }
    }

    /// Returns whether the message is written for a server with SMTPUTF8 (RFC 6531): its sender or
    /// a recipient, even one that has it already, has an address that is not ASCII.
    pub(crate) fn is_utf8(&self) -> bool {
        let mut recipients = self.recipients.iter();
        !self.from.is_ascii() || recipients.any(|to| !to.address.is_ascii())
    }

    /// Returns an empty message for a row that cannot be opened.
    pub(crate) fn unreadable() -> Self {
        Self {
            from: String::new(),
            subject: String::new(),
            host: String::new(),
            message_id: String::new(),
            recipients: Vec::new(),
            error_cause: None,
            copy: SentCopy::Pending,
            attachments: Vec::new(),
            source: None,
            own_fields: String::new(),
            transport: TransportOptions::default(),
            search: None,
            draft: None,
            redirected: None,
        }
    }
}

impl OutboxRow {
    /// Returns whether the record could not be opened.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damage.is_some()
    }

    /// Returns whether the row is not final, or a recipient has not received the message.
    pub(crate) fn is_open(&self) -> bool {
        let mut recipients = self.message.recipients.iter();
        self.state != RowState::Result || !recipients.all(|r| r.state == RecipientState::HandedOver)
    }

    /// Returns whether the message is handed over for at least one recipient.
    pub(crate) fn has_accepted_recipient(&self) -> bool {
        let mut recipients = self.message.recipients.iter();
        recipients.any(|r| r.state == RecipientState::HandedOver)
    }

    /// Returns whether a recipient has the message and its copy is not filed in Sent yet.
    pub(crate) fn is_copy_due(&self) -> bool {
        self.message.copy == SentCopy::Pending && self.has_accepted_recipient()
    }

    /// Returns whether the message may have been sent, and its copy is still to be searched.
    pub(crate) fn is_search_due(&self) -> bool {
        self.outcome() == Some(Outcome::Unknown) && self.message.search.is_none()
    }

    /// Returns whether the first attempt is due and has not ended.
    pub(crate) fn is_first_attempt_pending(&self, now_unix_ms: i64) -> bool {
        match self.state {
            RowState::Waiting => self.tries == 0 && self.due_unix_ms <= now_unix_ms,
            RowState::Sending | RowState::Committing => true,
            RowState::Result => false,
        }
    }

    /// Returns whether work follows a result: filing the copy, marking the source message, or
    /// deleting the draft because every recipient has the message.
    pub(crate) fn needs_follow_up(&self) -> bool {
        let is_marked = self.message.source.is_none() && self.message.draft.is_none();
        !self.is_open()
            || self.is_copy_due()
            || self.is_search_due()
            || (self.has_accepted_recipient() && !is_marked)
    }

    /// Ends the automatic attempts: the pending recipients get the state `rest`.
    pub(crate) fn end(&mut self, rest: RecipientState) {
        self.state = RowState::Result;
        for recipient in &mut self.message.recipients {
            if recipient.is_wanted() {
                recipient.state = rest;
            }
        }
    }

    /// Sets the outcome to unknown: the dot may have been sent without a reply, so that every
    /// recipient not refused before may have the message.
    pub(crate) fn mark_unknown(&mut self) {
        self.end(RecipientState::Unknown);
    }

    /// Returns the outcome; `None` before state [`RowState::Result`], and for a damaged row.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        let recipients = &self.message.recipients;
        let is_any = |state| recipients.iter().any(|r| r.state == state);
        let is_all = |state| recipients.iter().all(|r| r.state == state);
        if self.state != RowState::Result || self.is_damaged() {
            return None;
        }
        Some(if is_any(RecipientState::Unknown) {
            Outcome::Unknown
        } else if is_any(RecipientState::Stopped) {
            Outcome::Stopped
        } else if is_all(RecipientState::HandedOver) {
            Outcome::HandedOver
        } else if is_any(RecipientState::HandedOver) {
            Outcome::PartlyRefused
        } else if is_all(RecipientState::Refused) {
            Outcome::Refused
        } else {
            Outcome::NotSent
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_stays_utf8_for_the_recipients_that_are_left() {
        let recipient = |address: &str, state| RecipientResult {
            address: address.to_owned(),
            state,
            reply: None,
        };
        let mut message = OutboxMessage {
            from: "ann@a.example".to_owned(),
            recipients: vec![recipient("ben@xn--fsqu00a.test", RecipientState::Delayed)],
            ..OutboxMessage::unreadable()
        };
        assert!(!message.is_utf8());
        let sent = recipient("张三@a.example", RecipientState::HandedOver);
        message.recipients.push(sent);
        assert!(message.is_utf8());
    }
}
