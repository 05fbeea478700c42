//! Messages as a list shows them, and as they are opened.

use app::api::types::{FolderRole, MessageId, PartId};
use mail_mime::address::EmailAddress;
use mail_mime::header::Headers;
use mail_mime::text::Format;
use mail_mime::tree::Part;

use super::Marks;

/// What a list shows of a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: MessageId,
    /// How many newer messages the folder holds.
    pub(crate) position: u32,
    pub(crate) from: Vec<EmailAddress>,
    pub(crate) to: Vec<EmailAddress>,
    pub(crate) subject: String,
    /// When it arrived, where the server knows, else when it was written; `None` where nobody tells.
    pub(crate) date_unix_ms: Option<i64>,
    pub(crate) size_bytes: u64,
    pub(crate) marks: Marks,
    pub(crate) has_attachment: bool,
    /// The server did not tell who wrote and what about, or not in a form that can be read.
    pub(crate) is_unreadable: bool,
    /// The server's words, where it refused to tell; else empty.
    pub(crate) refusal: String,
}

/// A window of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) name: String,
    pub(crate) role: Option<FolderRole>,
    pub(crate) total: u32,
    pub(crate) unread: Option<u32>,
    pub(crate) offset: u32,
    pub(crate) rows: Vec<Row>,
}

impl Listing {
    /// Whether no row of the folder is behind these.
    pub(crate) fn is_at_end(&self) -> bool {
        let rows = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.offset.saturating_add(rows) >= self.total
    }
}

/// An open message: its headers, its structure and the text part that is shown.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) id: MessageId,
    pub(crate) headers: Headers,
    pub(crate) root: Part,
    pub(crate) body: OpenedBody,
    pub(crate) marks: Marks,
    pub(crate) size_bytes: u64,
    /// When it arrived, where the server knows.
    pub(crate) arrived_unix_ms: Option<i64>,
    pub(crate) position: u32,
    pub(crate) total: u32,
    pub(crate) newer: Option<MessageId>,
    pub(crate) older: Option<MessageId>,
}

/// The part of a message that is read, transfer-decoded and as text.
#[derive(Debug, Clone)]
pub(crate) enum OpenedBody {
    /// Plain text.
    Text {
        text: String,
        /// How its lines are to be read.
        format: Format,
        is_cut: bool,
    },
    /// HTML, as it came: never shown before it is cleaned.
    Html {
        /// The texts of the message, one behind the other, each a document of its own.
        documents: Vec<String>,
        is_cut: bool,
    },
    /// Nothing that can be read.
    Empty,
    /// The message is over the limits of what is read: its source is offered.
    OverLimits,
}

/// Which bytes of a message are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Section {
    /// All of it, as it lies on the server.
    Whole,
    /// One part, as encoded.
    Part(PartId),
}
