//! A row of the outbox, and the part of it that is sealed.

use std::fmt;

use app::api::types::{
    ApiErrorText, ComposeSource, FolderId, Lang, OutboxId, RecipientState, UploadId, UploadView,
};
use serde::{Deserialize, Serialize};

use crate::domain::AccountKey;

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

impl RowState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Committing => "committing",
            Self::Result => "result",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "waiting" => Self::Waiting,
            "sending" => Self::Sending,
            "committing" => Self::Committing,
            _ => Self::Result,
        }
    }
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
    pub(crate) is_damaged: bool,
    pub(crate) record: Record,
}

/// The sealed part of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The envelope's sender.
    pub(crate) from: String,
    pub(crate) subject: String,
    /// The outgoing server, as shown.
    pub(crate) host: String,
    /// Without angle brackets.
    pub(crate) message_id: String,
    pub(crate) recipients: Vec<RecipientRecord>,
    /// What went wrong for the whole message, in every language.
    pub(crate) trouble: Vec<(Lang, ApiErrorText)>,
    pub(crate) copy: CopyRecord,
    /// The files attached to it, kept until it is handed over: for "correct and send".
    pub(crate) attachments: Vec<AttachmentRecord>,
    /// The message that was answered or forwarded; set to nothing once it is marked.
    pub(crate) source: Option<ComposeSource>,
    /// Header fields that only the copy in Sent has, `Bcc`. Absent in rows of an older program.
    #[serde(default)]
    pub(crate) own_fields: String,
}

/// A file in the spool that belongs to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttachmentRecord {
    pub(crate) spool: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size_bytes: u64,
}

impl AttachmentRecord {
    /// The file as the page shows it.
    pub(crate) fn view(&self) -> UploadView {
        UploadView {
            id: UploadId(self.spool.clone()),
            name: self.name.clone(),
            size_bytes: self.size_bytes,
        }
    }
}

/// The result for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecipientRecord {
    pub(crate) address: String,
    pub(crate) state: RecipientState,
    pub(crate) reply: Option<ReplyRecord>,
}

impl RecipientRecord {
    /// Whether it still has to get the message.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(
            self.state,
            RecipientState::Waiting | RecipientState::Delayed
        )
    }
}

/// What the server said to a recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReplyRecord {
    pub(crate) code: u16,
    pub(crate) enhanced: Option<String>,
    pub(crate) text: String,
}

/// What became of the copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CopyRecord {
    Pending,
    Filed(FolderId),
    NotKept,
    Failed(Vec<(Lang, String)>),
}

impl Record {
    /// The record of a row that cannot be opened.
    pub(super) fn unreadable() -> Self {
        Self {
            from: String::new(),
            subject: String::new(),
            host: String::new(),
            message_id: String::new(),
            recipients: Vec::new(),
            trouble: Vec::new(),
            copy: CopyRecord::NotKept,
            attachments: Vec::new(),
            source: None,
            own_fields: String::new(),
        }
    }
}

impl OutboxRow {
    /// Whether somebody does not have it yet.
    pub(crate) fn is_open(&self) -> bool {
        let mut recipients = self.record.recipients.iter();
        self.state != RowState::Result || !recipients.all(|r| r.state == RecipientState::HandedOver)
    }

    /// Whether somebody has it.
    pub(crate) fn is_anybody_served(&self) -> bool {
        let mut recipients = self.record.recipients.iter();
        recipients.any(|r| r.state == RecipientState::HandedOver)
    }

    /// Somebody got it, and no copy lies in Sent yet.
    pub(crate) fn awaits_its_copy(&self) -> bool {
        self.record.copy == CopyRecord::Pending && self.is_anybody_served()
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
        let is_marked = self.record.source.is_none();
        !self.is_open() || self.awaits_its_copy() || (self.is_anybody_served() && !is_marked)
    }

    /// Nothing more is sent by itself: whoever still had to get it becomes `rest`.
    pub(crate) fn end(&mut self, rest: RecipientState) {
        self.state = RowState::Result;
        for recipient in &mut self.record.recipients {
            if recipient.is_wanted() {
                recipient.state = rest;
            }
        }
    }

    /// The dot may have left and nobody knows the answer: whoever was not refused before may have
    /// got it.
    pub(crate) fn become_unknown(&mut self, now_unix_ms: i64) {
        self.end(RecipientState::Unknown);
        self.changed_unix_ms = now_unix_ms;
    }
}

/// A place in the list of rows, which goes from the newest to the oldest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListCursor {
    pub(super) created_unix_ms: i64,
    pub(super) id: String,
}

impl ListCursor {
    /// The place of a row.
    pub(crate) fn of(row: &OutboxRow) -> Self {
        Self {
            created_unix_ms: row.created_unix_ms,
            id: row.id.as_str().to_owned(),
        }
    }

    /// A cursor read back from a request.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (created, id) = text.split_once('.')?;
        Some(Self {
            created_unix_ms: created.parse().ok()?,
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_unix_ms, self.id)
    }
}
