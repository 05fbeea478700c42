//! What travels between page and server: small views, made for showing.
//!
//! Ids are opaque to the page: it gets them from one answer and puts them into the next request
//! or into an address. Times are formatted by the server in the request's zone and language.

mod list;
mod message;
mod writing;

use serde::{Deserialize, Serialize};

pub use list::*;
pub use message::*;
pub use writing::*;

/// Declares an opaque id: a text newtype.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord, Serialize, Deserialize,
        )]
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
    /// A list that is still being put together.
    ViewId
    /// One message in the outbox or the ledger.
    OutboxId
    /// An uploaded file that waits in the spool for its message.
    UploadId
    /// A compose form, made by the server: one message leaves by it, however often it is posted.
    FormKey
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

/// A point in time as the page shows it. The page itself formats none. Of a time that nobody knows
/// `short` and `long` say so, and the others are empty.
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

impl AccountView {
    /// Its inbox.
    pub fn inbox_ref(&self) -> FolderRef {
        FolderRef {
            account: self.id.clone(),
            folder: self.inbox.clone(),
        }
    }
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

/// The folder tree of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FoldersView {
    /// The folders, in showing order.
    pub folders: Vec<FolderView>,
    /// How many more the server has than are shown. INBOX and the folders with a role are not
    /// among them.
    pub left_out: u32,
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
    /// Whether it was pinned: the tree begins with these.
    pub is_pinned: bool,
    /// Unread messages, where the server said.
    pub unread: Option<u32>,
    /// All messages, where the server said.
    pub total: Option<u32>,
}
