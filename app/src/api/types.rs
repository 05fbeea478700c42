//! What travels between page and server: small views, made for showing.
//!
//! Ids are opaque to the page: it gets them from one answer and puts them into the next request
//! or into an address. Times are formatted by the server in the request's zone and language.

use serde::{Deserialize, Serialize};

/// Declares an opaque id: a text newtype.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as it stands in an address or a form field.
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self { Self(text.to_owned()) }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.0) }
        }
    )* };
}

ids! {
    /// One mail account of the session: the first 16 base64url characters of its account key.
    AccountId
    /// One folder: base64url of its name. POP3 has the one folder `SU5CT1g` ("INBOX").
    FolderId
    /// One message within its folder: `uidvalidity.uid`, or a hash of the POP3 UIDL.
    MessageId
    /// One part of a message: its IMAP section number ("1.2").
    PartId
    /// A change that can be undone, for a while.
    UndoId
    /// One message in the outbox or the ledger.
    OutboxId
    /// An uploaded file that waits in the spool for its message.
    UploadId
}

/// The languages of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Lang {
    /// English.
    #[default]
    #[serde(rename = "en")]
    En,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    ZhCn,
}

impl Lang {
    /// The language tag for `<html lang>` and cookies (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The language of a tag, where it is one of ours: `zh`, `zh-CN`, `zh-Hans…` and `en…`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.trim().to_ascii_lowercase();
        match tag.split(['-', '_']).next()? {
            "zh" => Some(Self::ZhCn),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}

/// How the page is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the device asks.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// A point in time as the page shows it. The page itself formats none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DateText {
    /// For a row: "09:42", "Yesterday", "Thu", "3 Nov", "2024-11-03".
    pub short: String,
    /// In full, with the zone where it was not the reader's own choice.
    pub long: String,
    /// For `<time datetime>` (RFC 3339).
    pub iso: String,
    /// The heading of its group in a list: "Today", "Yesterday", "This week", "October 2026".
    pub group: String,
}

/// A mailbox as written in a message. Both may be empty; neither is to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Person {
    /// The display name, decoded, without control and direction characters.
    pub name: String,
    /// The address.
    pub address: String,
}

/// How mail comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncomingKind {
    /// Folders, flags and push on the server.
    Imap,
    /// One maildrop; marks are kept here.
    Pop3,
}

/// What an upstream cannot do. The page says so before the user tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limitation {
    /// POP3: one folder, nothing can be moved or archived.
    OneFolder,
    /// POP3: read marks and stars are kept here, not on the server.
    MarksKeptHere,
    /// POP3: no copy of sent mail is kept; the ledger is the record.
    NoSentCopy,
    /// IMAP without MOVE: moving is done by COPY and EXPUNGE.
    NoMove,
    /// No IDLE: new mail is asked for every so many seconds.
    Polled {
        /// The pause between two questions, in seconds.
        every_secs: u32,
    },
}

/// One mail account of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Its id in addresses.
    pub id: AccountId,
    /// The e-mail address it was opened with.
    pub address: String,
    /// IMAP or POP3.
    pub incoming: IncomingKind,
    /// Where mail comes from.
    pub incoming_host: String,
    /// Where mail leaves.
    pub outgoing_host: String,
    /// The folder that opens first.
    pub inbox: FolderId,
    /// What its servers cannot do.
    pub limitations: Vec<Limitation>,
}

/// What the page has to know about its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The accounts, in the order they were opened. Never empty.
    pub accounts: Vec<AccountView>,
    /// The most that one compose form may carry, in bytes.
    pub upload_max_bytes: u64,
    /// Messages in the outbox that wait, failed or are unknown.
    pub outbox_open: u32,
}

/// What a folder is for (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderRole {
    /// Where new mail arrives.
    Inbox,
    /// Starred mail of all folders (`\Flagged`).
    Starred,
    /// Unfinished mail.
    Drafts,
    /// Copies of what was sent.
    Sent,
    /// Put away.
    Archive,
    /// Suspected junk.
    Junk,
    /// Deleted, for a while.
    Trash,
    /// Everything (`\All`).
    All,
}

/// One folder in the tree, in showing order: a parent stands before its children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderView {
    /// Its id in addresses.
    pub id: FolderId,
    /// Its own name, without its parents'. Folders with a role are named by the page.
    pub name: String,
    /// How deep it stands: 0 at the top.
    pub depth: u32,
    /// What it is for, where known.
    pub role: Option<FolderRole>,
    /// Whether it can be opened (`\Noselect` folders only hold others).
    pub is_selectable: bool,
    /// Unread messages, where the server said.
    pub unread: Option<u32>,
    /// All messages, where the server said.
    pub total: Option<u32>,
}

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
    /// Its id in addresses.
    pub id: MessageId,
    /// How many newer messages its folder holds.
    pub position: u32,
    /// Who wrote it, or in Sent and Drafts to whom it goes.
    pub people: Vec<Person>,
    /// The subject, decoded; may be empty.
    pub subject: String,
    /// When it arrived.
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

/// A window of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRows {
    /// The folder's id.
    pub folder: FolderId,
    /// Its name as in [`FolderView::name`].
    pub name: String,
    /// Its role.
    pub role: Option<FolderRole>,
    /// All messages in the folder.
    pub total: u32,
    /// Unread ones, where known.
    pub unread: Option<u32>,
    /// Where the rows begin.
    pub offset: u32,
    /// The rows, newest first. Fewer than asked for at the end of the folder.
    pub rows: Vec<MessageRow>,
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
        /// Whether it goes on: only the first 2 MiB are shown.
        is_cut: bool,
    },
    /// No part that can be read.
    Empty,
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
    /// Its id.
    pub id: MessageId,
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
    pub newer: Option<MessageId>,
    /// The next older message.
    pub older: Option<MessageId>,
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
    /// This folder.
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

/// The answer to every change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeDone {
    /// What was done.
    pub change: Change,
    /// To how many messages.
    pub count: u32,
    /// How to take it back; `None` where that is not possible.
    pub undo: Option<UndoId>,
}

/// Why a compose form is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComposeKind {
    /// A new message.
    #[default]
    New,
    /// An answer to the writer.
    Reply,
    /// An answer to everybody.
    ReplyAll,
    /// The message, sent on to somebody else.
    Forward,
}

/// The message that is answered or forwarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposeSource {
    /// Answer or forward.
    pub kind: ComposeKind,
    /// The folder it lies in.
    pub folder: FolderId,
    /// The message.
    pub message: MessageId,
}

/// A file in the spool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadView {
    /// Its id.
    pub id: UploadId,
    /// Its name, cleaned.
    pub name: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// What a compose form begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposeForm {
    /// The account it leaves from.
    pub account: AccountId,
    /// The sender.
    pub from: Person,
    /// What the fields hold.
    pub draft: Draft,
    /// The forwarded message's attachments, to be ticked ([`Draft::keep_parts`]).
    pub forwarded: Vec<AttachmentView>,
    /// Files that are uploaded already ([`Draft::uploads`]).
    pub uploads: Vec<UploadView>,
    /// The most that the form may carry, in bytes.
    pub upload_max_bytes: u64,
    /// The largest message that the outgoing server takes, in bytes, where it said so.
    pub server_max_bytes: Option<u64>,
}

/// A message as it is typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Draft {
    /// Recipients, as typed: addresses with or without names, comma or semicolon between.
    pub to: String,
    /// The same for copies.
    pub cc: String,
    /// The same for blind copies.
    pub bcc: String,
    /// The subject.
    pub subject: String,
    /// The text, with LF line ends.
    pub body: String,
    /// What is answered or forwarded.
    pub source: Option<ComposeSource>,
    /// The outbox entry that this one corrects and replaces.
    pub replaces: Option<OutboxId>,
    /// Uploaded files to attach, in this order.
    pub uploads: Vec<UploadId>,
    /// Parts of the forwarded message to attach.
    pub keep_parts: Vec<PartId>,
}

/// Where a sent message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// In the outbox; will leave by itself.
    Waiting,
    /// In the outbox; the session that wrote it is over. Leaves after the next sign-in.
    WaitingForSignIn,
    /// Not taken for now; tried again by itself.
    WaitingToRetry {
        /// The next try.
        at: DateText,
    },
    /// On its way to the server.
    Sending,
    /// The server took it, for every recipient.
    HandedOver,
    /// The server took it for some recipients only.
    PartlyRefused,
    /// The server refused it.
    Refused,
    /// It was not sent and will not be tried again by itself.
    NotSent,
    /// The link died after the message was sent: it may have gone out.
    Unknown,
}

/// Where a message stands for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientState {
    /// Nothing is known yet.
    Waiting,
    /// The server took it.
    HandedOver,
    /// The server does not take it for now.
    Delayed,
    /// The server refused it.
    Refused,
    /// It was not sent.
    NotSent,
    /// It may have gone out.
    Unknown,
}

/// The result for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientView {
    /// The address.
    pub address: String,
    /// Where it stands.
    pub state: RecipientState,
    /// What that means, as a sentence; may be empty.
    pub meaning: String,
    /// The server's own words.
    pub reply: Option<String>,
}

/// What became of the copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentCopy {
    /// Not tried yet.
    Pending,
    /// It lies in this folder.
    Filed {
        /// The folder's id.
        folder: FolderId,
    },
    /// POP3: there is no Sent; this ledger is the record.
    NotKept,
    /// It could not be filed.
    Failed {
        /// Why, as a sentence.
        cause: String,
    },
}

/// One message in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// Its id.
    pub id: OutboxId,
    /// The account it leaves from.
    pub account: AccountId,
    /// Its subject.
    pub subject: String,
    /// When it was written.
    pub created: DateText,
    /// When its state last changed.
    pub changed: DateText,
    /// The outgoing server.
    pub host: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Where it stands.
    pub state: OutboxState,
    /// What went wrong for the whole message: cause and fix.
    pub trouble: Option<ApiErrorText>,
    /// Every recipient.
    pub recipients: Vec<RecipientView>,
    /// The copy in Sent.
    pub copy: SentCopy,
}

/// Cause, fix and the server's words, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiErrorText {
    /// What happened.
    pub cause: String,
    /// What to do.
    pub fix: String,
    /// The server's own words.
    pub reply: Option<String>,
}
