//! Messages: in a list, open, and what is done to them.

use serde::{Deserialize, Serialize};

use super::{
    AccountId, DateText, FolderId, FolderRef, FolderRole, MessageRef, PartId, Person, UndoRef,
    ViewId,
};
use crate::api::error::ApiError;

/// A part of a folder: `limit` rows from `offset`, counted from the newest message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// How many newer messages are left out.
    pub offset: u32,
    /// How many rows are wanted, 1 to [`Window::MAX_LIMIT`].
    pub limit: u32,
}

impl Window {
    /// Rows of one page.
    pub const PAGE: u32 = 50;
    /// The most rows of one request.
    pub const MAX_LIMIT: u32 = 200;

    /// The window of a page, counted from 1.
    pub fn of_page(page: u32) -> Self {
        Self {
            offset: page.saturating_sub(1).saturating_mul(Self::PAGE),
            limit: Self::PAGE,
        }
    }
}

/// One message in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Which one.
    pub id: MessageRef,
    /// How many newer messages its folder holds.
    pub position: u32,
    /// Who wrote it, or in Sent and Drafts to whom it goes.
    pub people: Vec<Person>,
    /// The subject, decoded; may be empty.
    pub subject: String,
    /// When it arrived, where the server knows, else when it was written.
    pub date: DateText,
    /// Its size on the server, in bytes.
    pub size_bytes: u64,
    /// Read.
    pub is_seen: bool,
    /// Starred.
    pub is_starred: bool,
    /// Answered.
    pub is_answered: bool,
    /// Forwarded.
    pub is_forwarded: bool,
    /// Has parts that are attachments.
    pub has_attachment: bool,
}

/// A window of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRows {
    /// The folder that all rows are of; `None` where several are merged.
    pub folder: Option<FolderRef>,
    /// Its name as in [`FolderView::name`]; empty where several are merged.
    pub name: String,
    /// Its role, or the one that all have in common.
    pub role: Option<FolderRole>,
    /// All messages in the list, as far as the accounts answered.
    pub total: u32,
    /// Unread ones, where known.
    pub unread: Option<u32>,
    /// Where the rows begin, counted from the newest message; 0 where they follow a cursor.
    pub offset: u32,
    /// The rows, newest first. Fewer than asked for at the end of the list.
    pub rows: Vec<MessageRow>,
    /// Where several folders are merged: where the rows behind these are
    /// ([`ListAt::Cursor`](super::ListAt::Cursor)); `None` at the end of the list.
    pub next: Option<String>,
    /// The accounts whose rows are not among these because they did not answer yet. Each answer is
    /// told ([`LiveEvent::View`](crate::api::live::LiveEvent::View)); the same query has its rows
    /// then.
    pub pending: Vec<AccountId>,
    /// What is under way for them; it can be given up.
    pub view: Option<ViewId>,
    /// The accounts that could not answer, and why. Where none could the answer is an error instead.
    pub failed: Vec<Failed>,
}

/// What one account could not do of what several were asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The account.
    pub account: AccountId,
    /// The messages that it was about.
    pub messages: Vec<MessageRef>,
    /// Why.
    pub error: ApiError,
}

/// One run of a text body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextSpan {
    /// Words, with line ends.
    Text(String),
    /// A link; `href` begins with `http:`, `https:` or `mailto:`.
    Link {
        /// Where it leads.
        href: String,
        /// The words that are the link.
        text: String,
    },
}

/// Lines of a text body that are quoted equally deep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextBlock {
    /// How often quoted: 0 are the writer's own words.
    pub quote_depth: u32,
    /// The words. Shown with `white-space: pre-wrap`.
    pub spans: Vec<TextSpan>,
}

/// What can be read of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyView {
    /// Plain text.
    Text {
        /// The text in blocks.
        blocks: Vec<TextBlock>,
        /// Whether it goes on: only the first 2 MiB are shown.
        is_cut: bool,
    },
    /// HTML: shown in the frame at its own address.
    Html {
        /// Remote images that were not loaded.
        blocked_images: u32,
        /// Remote images that nobody is meant to see. They are not loaded even where the others
        /// are.
        tracking_pixels: u32,
        /// Whether it goes on: only the first 2 MiB are shown.
        is_cut: bool,
    },
    /// No part that can be read.
    Empty {
        /// What is so, and what can be done: a finished sentence.
        why: String,
    },
}

/// One attachment of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentView {
    /// Its part.
    pub part: PartId,
    /// Its file name, cleaned; the page names it by type where it is empty.
    pub name: String,
    /// Its media type, lower case ("application/pdf").
    pub media_type: String,
    /// About how large it is once decoded, in bytes.
    pub size_bytes: u64,
}

/// One header field of a message, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderField {
    /// Its name as written.
    pub name: String,
    /// Its value, unfolded and decoded.
    pub value: String,
}

/// A message that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Which one.
    pub id: MessageRef,
    /// The subject, decoded; may be empty.
    pub subject: String,
    /// Who wrote it. More than one, or none, is possible.
    pub from: Vec<Person>,
    /// Where an answer goes, where that is not `from`.
    pub reply_to: Vec<Person>,
    /// To whom it went.
    pub to: Vec<Person>,
    /// And to whom else.
    pub cc: Vec<Person>,
    /// Blind copies, in one's own sent mail.
    pub bcc: Vec<Person>,
    /// When it was written, or arrived where that is not known.
    pub date: DateText,
    /// Its size on the server, in bytes.
    pub size_bytes: u64,
    /// Read.
    pub is_seen: bool,
    /// Starred.
    pub is_starred: bool,
    /// What can be read.
    pub body: BodyView,
    /// What is attached, in the message's order.
    pub attachments: Vec<AttachmentView>,
    /// Every header field, in the message's order.
    pub headers: Vec<HeaderField>,
    /// How many newer messages its folder holds.
    pub position: u32,
    /// How many messages its folder holds.
    pub total: u32,
    /// The next newer message.
    pub newer: Option<MessageRef>,
    /// The next older message.
    pub older: Option<MessageRef>,
}

/// A mark that can be set on messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Read.
    Seen,
    /// Not read.
    Unseen,
    /// Starred.
    Starred,
    /// Not starred.
    Unstarred,
}

/// Where messages are moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// The folder with this role.
    Role(FolderRole),
    /// The folder with this id, in the account that each message is of.
    Folder(FolderId),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A mark was set.
    Marked(Mark),
    /// Moved to a folder.
    Moved {
        /// Its role.
        role: Option<FolderRole>,
        /// Its name.
        name: String,
    },
    /// POP3: will be deleted from the server in so many seconds.
    DeletePending {
        /// The time in which it can be undone.
        in_secs: u32,
    },
    /// An earlier change was taken back.
    Undone,
}

/// The answer to every change: what was done to messages of any accounts and folders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangesDone {
    /// What was done: one for each kind of change that it came to. Moving to Trash, an IMAP account
    /// moves, a POP3 account deletes after a while.
    pub done: Vec<ChangeDone>,
    /// What was not, and why. Where nothing was done the answer is an error instead.
    pub failed: Vec<Failed>,
}

/// What was done to some messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeDone {
    /// What was done.
    pub change: Change,
    /// How many messages the mail server confirmed as changed by it. With 0 nothing changed: all
    /// of them were so already, or are gone.
    pub count: u32,
    /// How many of the messages named are no longer in the folder: moved or deleted elsewhere.
    pub gone: u32,
    /// The messages that an undone change was about, as they are named now: a message that was
    /// moved back has another id than before. Empty where it is not known, and for any other
    /// change.
    pub messages: Vec<MessageRef>,
    /// How to take it back; empty where that is not possible.
    pub undo: Vec<UndoRef>,
}
