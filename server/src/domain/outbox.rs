//! A message on its way out, and what became of it.

use app::api::types::{
    AccountId, ComposeSource, Damage, FolderId, FormKey, OutboxId, PartId, RecipientState, UploadId,
};

use super::{AccountKey, ErrorCause, ServerReply};

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowState {
    /// Will be sent at its time.
    Waiting,
    /// Is being sent; the final dot has not left.
    Sending,
    /// The final dot may have left.
    Committing,
    /// Nothing more happens by itself.
    Result,
}

/// One message in the outbox or the ledger.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) id: OutboxId,
    pub(crate) account_key: AccountKey,
    pub(crate) state: RowState,
    /// The server refused the password: nothing happens before the next sign-in.
    pub(crate) needs_sign_in: bool,
    /// How often it was tried.
    pub(crate) tries: u32,
    pub(crate) due_unix_ms: i64,
    pub(crate) created_unix_ms: i64,
    pub(crate) changed_unix_ms: i64,
    /// Its file in the spool; gone, with what was typed, once nothing is left to be sent.
    pub(crate) spool: Option<String>,
    pub(crate) size_bytes: u64,
    /// Its record cannot be opened: it is shown so, and nothing is done with it.
    pub(crate) damage: Option<Damage>,
    pub(crate) message: OutboxMessage,
}

/// What is known of the message of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutboxMessage {
    /// The envelope's sender.
    pub(crate) from: String,
    pub(crate) subject: String,
    /// The outgoing server, as shown.
    pub(crate) host: String,
    /// Without angle brackets.
    pub(crate) message_id: String,
    pub(crate) recipients: Vec<RecipientResult>,
    /// What went wrong for the whole message at the last try.
    pub(crate) trouble: Option<ErrorCause>,
    pub(crate) copy: SentCopy,
    /// The files attached to it, kept until it is handed over: for "correct and send".
    pub(crate) attachments: Vec<AttachedFile>,
    /// The message that was answered or forwarded; set to nothing once it is marked.
    pub(crate) source: Option<ComposeSource>,
    /// Header fields that only the copy in Sent has, `Bcc`.
    pub(crate) own_fields: String,
}

/// A file in the spool that belongs to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachedFile {
    pub(crate) spool: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size_bytes: u64,
}

/// The result for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecipientResult {
    pub(crate) address: String,
    pub(crate) state: RecipientState,
    pub(crate) reply: Option<ServerReply>,
}

/// What became of a message that nothing more happens to by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everybody's server took it.
    HandedOver,
    /// Some were refused, others not.
    PartlyRefused,
    /// Everybody was refused.
    Refused,
    /// Nobody has it.
    NotSent,
    /// Its writer stopped it before everybody had it.
    Stopped,
    /// It may have gone out.
    Unknown,
}

/// What was typed, as it is kept until it is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Typed {
    /// Recipients, as typed.
    pub(crate) to: String,
    pub(crate) cc: String,
    pub(crate) bcc: String,
    pub(crate) subject: String,
    /// LF line ends.
    pub(crate) body: String,
    pub(crate) source: Option<ComposeSource>,
    /// The entry that it corrects.
    pub(crate) replaces: Option<OutboxId>,
    pub(crate) uploads: Vec<UploadId>,
    pub(crate) keep_parts: Vec<PartId>,
}

/// A compose form that waits for its writer to sign in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PostedForm {
    /// The account that wrote it.
    pub(crate) account: AccountId,
    pub(crate) typed: Typed,
    pub(crate) form: Option<FormKey>,
    /// How many files the form showed, in whatever state.
    pub(crate) files: Option<u32>,
    /// Names of files that were chosen and are not here.
    pub(crate) missing: Vec<String>,
    /// Files and parts that the form named, with the names that it showed.
    pub(crate) named: Vec<(String, String)>,
}

/// What became of the copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SentCopy {
    Pending,
    Filed(FolderId),
    NotKept,
    Failed(ErrorCause),
}

impl RecipientResult {
    /// Whether it still has to get the message.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(
            self.state,
            RecipientState::Waiting | RecipientState::Delayed
        )
    }
}

impl OutboxMessage {
    /// The message of a row that cannot be opened: nothing is known of it.
    pub(crate) fn unreadable() -> Self {
        Self {
            from: String::new(),
            subject: String::new(),
            host: String::new(),
            message_id: String::new(),
            recipients: Vec::new(),
            trouble: None,
            copy: SentCopy::Pending,
            attachments: Vec::new(),
            source: None,
            own_fields: String::new(),
        }
    }
}

impl OutboxRow {
    /// Whether its record could not be opened.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damage.is_some()
    }

    /// Whether somebody does not have it yet.
    pub(crate) fn is_open(&self) -> bool {
        let mut recipients = self.message.recipients.iter();
        self.state != RowState::Result || !recipients.all(|r| r.state == RecipientState::HandedOver)
    }

    /// Whether somebody has it.
    pub(crate) fn is_anybody_served(&self) -> bool {
        let mut recipients = self.message.recipients.iter();
        recipients.any(|r| r.state == RecipientState::HandedOver)
    }

    /// Somebody got it, and no copy lies in Sent yet.
    pub(crate) fn awaits_its_copy(&self) -> bool {
        self.message.copy == SentCopy::Pending && self.is_anybody_served()
    }

    /// Whether the first try has not ended.
    pub(crate) fn is_first_try_ahead(&self) -> bool {
        match self.state {
            RowState::Waiting => self.tries == 0,
            RowState::Sending | RowState::Committing => true,
            RowState::Result => false,
        }
    }

    /// Whether something follows a result: the copy, the mark on what was answered, or that the
    /// text goes because everybody has it.
    pub(crate) fn is_to_follow_up(&self) -> bool {
        let is_marked = self.message.source.is_none();
        !self.is_open() || self.awaits_its_copy() || (self.is_anybody_served() && !is_marked)
    }

    /// Nothing more is sent by itself: whoever still had to get it becomes `rest`.
    pub(crate) fn end(&mut self, rest: RecipientState) {
        self.state = RowState::Result;
        for recipient in &mut self.message.recipients {
            if recipient.is_wanted() {
                recipient.state = rest;
            }
        }
    }

    /// The dot may have left and nobody knows the answer: whoever was not refused before may have
    /// got it.
    pub(crate) fn become_unknown(&mut self) {
        self.end(RecipientState::Unknown);
    }

    /// What became of it, once nothing more happens by itself.
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
