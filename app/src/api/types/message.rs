//! Views of messages: list rows, the open message, and the results of changes.

use serde::{Deserialize, Serialize};

use super::{
    AccountId, DateText, FolderId, FolderRef, FolderRole, MessageRef, OutboxId, PartId, Person,
    SearchProgress, UndoRef, ViewId,
};
use crate::api::error::ApiError;

/// A part of a folder: `limit` rows from `offset`, counted from the newest message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The number of newer messages to skip.
    pub offset: u32,
    /// The number of rows, 1 to [`Window::MAX_LIMIT`].
    pub limit: u32,
}

impl Window {
    /// Rows per page.
    pub const PAGE: u32 = 50;
    /// Maximum number of rows per request.
    pub const MAX_LIMIT: u32 = 200;

    /// Returns the window of a page; page numbers start at 1.
    pub fn of_page(page: u32) -> Self {
        Self {
            offset: page.saturating_sub(1).saturating_mul(Self::PAGE),
            limit: Self::PAGE,
        }
    }
}

/// A message in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// The message.
    pub id: MessageRef,
    /// The number of newer messages in its folder.
    pub position: u32,
    /// The authors, or in Sent and Drafts the recipients.
    pub people: Vec<Person>,
    /// The subject, decoded; may be empty.
    pub subject: String,
    /// The arrival time if the server reports it, otherwise the date of the message.
    pub date: DateText,
    /// Its size on the server, in bytes.
    pub size_bytes: u64,
    /// Whether it is read.
    pub is_seen: bool,
    /// Whether it is starred.
    pub is_starred: bool,
    /// Whether it is answered.
    pub is_answered: bool,
    /// Whether it is forwarded.
    pub is_forwarded: bool,
    /// Whether it has attachments.
    pub has_attachment: bool,
    /// Where it lies, in a list of several folders: a folder's name, with the account's address if
    /// there are several.
    #[serde(default)]
    pub place: String,
}

/// A window of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRows {
    /// The folder of all rows; `None` if several folders are merged.
    pub folder: Option<FolderRef>,
    /// The folder's name as in [`FolderView::name`](super::FolderView::name); empty if several are merged.
    pub name: String,
    /// The folder's role, or the common role of the merged folders.
    pub role: Option<FolderRole>,
    /// The number of messages in the list, of the accounts that responded.
    pub total: u32,
    /// The number of unread messages, if known.
    pub unread: Option<u32>,
    /// The offset of the first row from the newest message; 0 after a cursor.
    pub offset: u32,
    /// The rows, newest first. Fewer than requested at the end of the list.
    pub rows: Vec<MessageRow>,
    /// The cursor for the rows that follow, if several folders are merged
    /// ([`ListAt::Cursor`](super::ListAt::Cursor)); `None` at the end of the list.
    pub next: Option<String>,
    /// The accounts that have not responded yet. A
    /// [`LiveEvent::View`](crate::api::live::LiveEvent::View) reports each response; after it the
    /// same query returns the account's rows.
    pub pending: Vec<AccountId>,
    /// The id of the pending requests, for cancelling them.
    pub view: Option<ViewId>,
    /// The accounts that failed, with their errors. If all failed, the result is an error instead.
    pub failed: Vec<Failed>,
    /// How far the search is, for the results of one.
    #[serde(default)]
    pub search: Option<SearchProgress>,
}

/// The failure of one account in an operation on several accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The account.
    pub account: AccountId,
    /// The affected messages.
    pub messages: Vec<MessageRef>,
    /// The error.
    pub error: ApiError,
}

/// A run of a text body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextSpan {
    /// Text with line ends.
    Text(String),
    /// A link; `href` begins with `http:`, `https:` or `mailto:`.
    Link {
        /// The target.
        href: String,
        /// The text of the link.
        text: String,
    },
}

/// Consecutive lines of a text body with the same quote depth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextBlock {
    /// The quote depth; 0 is the author's own text.
    pub quote_depth: u32,
    /// The text. Displayed with `white-space: pre-wrap`.
    pub spans: Vec<TextSpan>,
}

/// The readable body of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyView {
    /// Plain text.
    Text {
        /// The text in blocks.
        blocks: Vec<TextBlock>,
        /// Whether the text is truncated: only the first 2 MiB are shown.
        is_cut: bool,
    },
    /// HTML, displayed in a frame with its own URL.
    Html {
        /// The number of remote images that were not loaded.
        blocked_images: u32,
        /// Whether the sender's remote images are always shown.
        shows_images: bool,
        /// The number of invisible remote images. They are never loaded, even if the reader loads
        /// the other images.
        tracking_pixels: u32,
        /// Whether the text is truncated: only the first 2 MiB are shown.
        is_cut: bool,
    },
    /// The message has no readable part.
    Empty {
        /// The reason, and what can be done: a complete sentence.
        why: String,
    },
}

/// How a mailing list can be left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsubscribe {
    /// This server posts a form to the list's server.
    OneClick {
        /// The host of the list's server.
        host: String,
    },
    /// On a page of the list.
    Page {
        /// Its address (`https:` or `http:`).
        url: String,
    },
    /// By a message, which the compose form prepares ([`ComposeKind::Unsubscribe`]).
    ///
    /// [`ComposeKind::Unsubscribe`]: super::ComposeKind::Unsubscribe
    Mail,
}

/// A sender whose remote images are always shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSender {
    /// The account that shows them.
    pub account: AccountId,
    /// The address of the sender, lower case.
    pub address: String,
}

/// One attachment of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentView {
    /// Its part id.
    pub part: PartId,
    /// Its file name, sanitized; if empty, the page names the file by its type.
    pub name: String,
    /// Its media type, lower case ("application/pdf").
    pub media_type: String,
    /// Its approximate decoded size, in bytes.
    pub size_bytes: u64,
    /// Whether the browser can show it in a tab of its own.
    pub can_view: bool,
}

/// What a card above the body of a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// The receiving server confirmed the author's domain.
    Verified,
    /// The receiving server did not confirm the author's domain.
    Unverified,
    /// The receiving server found that the author's domain did not send the message.
    Forged,
    /// Something in the message may deceive.
    Warning,
    /// A report about a message that was sent, the wish for one, or another note about the content.
    Report,
    /// An invitation or another calendar entry.
    Invitation,
}

/// A card above the body of a message, in finished sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// What it is about.
    pub kind: CardKind,
    /// The title.
    pub title: String,
    /// The lines below the title.
    pub lines: Vec<String>,
    /// The short name of the month of an invitation; else empty.
    pub month: String,
    /// The day of the month of an invitation; else empty.
    pub day: String,
    /// The entry of the ledger that a report is about, or that answers an invitation, if it is known.
    pub outbox: Option<OutboxId>,
    /// Its buttons. They are of one form, which also has the reference of the message.
    pub actions: Vec<CardAction>,
}

/// A button of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardAction {
    /// The URL that it posts to.
    pub url: String,
    /// The value of the field `answer`.
    pub answer: String,
    /// The label.
    pub label: String,
    /// Whether it is the first choice, or the one that was made.
    pub is_primary: bool,
}

/// An answer to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationAnswer {
    /// Will come.
    Accepted,
    /// May come.
    Tentative,
    /// Will not come.
    Declined,
}

impl InvitationAnswer {
    /// All answers, in the order of the buttons.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Tentative, Self::Declined];

    /// The word for it in forms and records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Tentative => "tentative",
            Self::Declined => "declined",
        }
    }

    /// Returns the answer of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.word() == word)
    }
}

/// One header field of a message, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderField {
    /// Its name as written.
    pub name: String,
    /// Its value, unfolded and decoded.
    pub value: String,
}

/// An open message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// The message.
    pub id: MessageRef,
    /// The subject, decoded; may be empty.
    pub subject: String,
    /// The authors. May be empty or more than one.
    pub from: Vec<Person>,
    /// The `Reply-To` addresses, if they differ from `from`.
    pub reply_to: Vec<Person>,
    /// The `To` recipients.
    pub to: Vec<Person>,
    /// The `Cc` recipients.
    pub cc: Vec<Person>,
    /// The `Bcc` recipients, present in the user's own sent messages.
    pub bcc: Vec<Person>,
    /// The date of the message, or its arrival time if the date is unknown.
    pub date: DateText,
    /// Its size on the server, in bytes.
    pub size_bytes: u64,
    /// Whether it is read.
    pub is_seen: bool,
    /// Whether it is starred.
    pub is_starred: bool,
    /// What the message says beside its text, in the order to show.
    pub cards: Vec<Card>,
    /// How its mailing list can be left.
    pub unsubscribe: Option<Unsubscribe>,
    /// The readable body.
    pub body: BodyView,
    /// The attachments, in the message's order.
    pub attachments: Vec<AttachmentView>,
    /// Every header field, in the message's order.
    pub headers: Vec<HeaderField>,
    /// How many newer messages its folder holds.
    pub position: u32,
    /// The number of messages in its folder.
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

/// The destination of a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// The folder with this role.
    Role(FolderRole),
    /// The folder with this id, in each message's account.
    Folder(FolderId),
}

/// A change that was made.
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
    /// POP3: the messages will be deleted from the server after a delay.
    DeletePending {
        /// The time until the deletion, during which it can be undone, in seconds.
        in_secs: u32,
    },
    /// An earlier change was undone.
    Undone,
}

/// The result of a change to messages of any accounts and folders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangesDone {
    /// The changes made, one per kind. A move to Trash moves messages in an IMAP account and
    /// deletes them after a delay in a POP3 account.
    pub done: Vec<ChangeDone>,
    /// The failures, by account and folder. If all messages are of one folder and none was changed,
    /// the result is an error instead.
    pub failed: Vec<Failed>,
}

impl ChangesDone {
    /// Returns the first error, with the messages of all failures of its kind: what is repeated
    /// once its cause is removed.
    pub fn failure(&self) -> Option<(ApiError, Vec<MessageRef>)> {
        let error = &self.failed.first()?.error;
        let alike = self
            .failed
            .iter()
            .filter(|one| one.error.kind == error.kind);
        let messages = alike.flat_map(|one| one.messages.clone()).collect();
        Some((error.clone(), messages))
    }
}

/// One change that was made to messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeDone {
    /// The change.
    pub change: Change,
    /// The number of messages that the mail server confirmed as changed. 0 if all of them had the
    /// state already, or no longer exist.
    pub count: u32,
    /// The number of named messages that are no longer in the folder because they were moved or
    /// deleted elsewhere.
    pub gone: u32,
    /// The messages of an undone change, with their current ids: a message that was moved back has
    /// a new id. Empty if the ids are unknown, and for any other change.
    pub messages: Vec<MessageRef>,
    /// The ids for undoing the change; empty if it cannot be undone.
    pub undo: Vec<UndoRef>,
}
