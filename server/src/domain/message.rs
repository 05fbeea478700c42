//! Messages as list rows, and as open messages.

use app::api::types::{FolderRole, MessageId, PartId};
use bytes::Bytes;
use mail_mime::address::EmailAddress;
use mail_mime::body::Body;
use mail_mime::header::Headers;
use mail_mime::supplement::Supplements;
use mail_mime::tree::Part;

use super::Marks;
use super::bounds::weight_of;

/// A message as a row of a list.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct Row {
    pub(crate) id: MessageId,
    /// Number of newer messages in the folder.
    pub(crate) position: u32,
    pub(crate) from: Vec<EmailAddress>,
    pub(crate) to: Vec<EmailAddress>,
    pub(crate) subject: String,
    /// Time of arrival if the server reports it, else the `Date` field; `None` if neither is known.
    pub(crate) date_unix_ms: Option<i64>,
    pub(crate) size_bytes: u64,
    pub(crate) marks: Marks,
    pub(crate) has_attachment: bool,
    /// Whether the server did not report sender and subject, or not in a readable form.
    pub(crate) is_unreadable: bool,
    /// The server's reply if it refused to report them; else empty.
    pub(crate) refusal: String,
}

impl Row {
    /// Returns the approximate memory size, in bytes.
    pub(crate) fn weight_bytes(&self) -> u64 {
        let addresses = self.from.iter().chain(&self.to).map(weight_of);
        let texts = self.subject.len() + self.refusal.len() + self.id.as_str().len();
        (size_of::<Self>() + texts + addresses.sum::<usize>()) as u64
    }
}

/// A range of a folder's rows.
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
    /// Returns whether the folder has no further rows after these.
    pub(crate) fn is_at_end(&self) -> bool {
        let rows = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.offset.saturating_add(rows) >= self.total
    }
}

/// An open message: its headers, its structure and the text that is shown.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) id: MessageId,
    pub(crate) headers: Headers,
    pub(crate) root: Part,
    pub(crate) body: Body,
    /// What its other parts say.
    /// Parts beside the text that were fetched with it, as encoded, by their sections.
    pub(crate) parts: Vec<(String, Bytes)>,
    pub(crate) supplements: Supplements,
    pub(crate) marks: Marks,
    pub(crate) size_bytes: u64,
    /// Time of arrival, if the server reports it.
    pub(crate) arrived_unix_ms: Option<i64>,
    pub(crate) position: u32,
    pub(crate) total: u32,
    pub(crate) newer: Option<MessageId>,
    pub(crate) older: Option<MessageId>,
}

/// The section of a message to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Section {
    /// The complete message, as stored on the server.
    Whole,
    /// One part, still transfer-encoded.
    Part(PartId),
}
