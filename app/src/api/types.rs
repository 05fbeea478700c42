//! Data types exchanged between page and server: small views, prepared for display.
//!
//! Ids are opaque to the page: it receives them in a response and puts them into the next request
//! or into a URL. The server formats times in the zone and language of the request.

mod composing;
mod contacts;
mod identity;
mod list;
mod message;
mod people;
mod template;
mod writing;

use serde::{Deserialize, Serialize};

pub use super::folder_role::FolderRole;
pub use crate::lang::Lang;
pub use crate::page::Theme;
pub use composing::*;
pub use contacts::*;
pub use identity::*;
pub use list::*;
pub use message::*;
pub use people::*;
pub use template::*;
pub use writing::*;

/// Declares opaque ids: string newtypes.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as written in a URL or a form field.
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
    /// A mail account of the session: the first 16 base64url characters of its account key.
    AccountId
    /// A folder: base64url of its name. POP3 has one folder, `SU5CT1g` ("INBOX").
    FolderId
    /// A message within its folder: `uidvalidity.uid`, or a hash of the POP3 UIDL.
    MessageId
    /// A part of a message: its IMAP section number ("1.2").
    PartId
    /// A change that can be undone for a limited time.
    UndoId
    /// A list that still waits for accounts.
    ViewId
    /// A message in the outbox or the ledger.
    OutboxId
    /// A draft: the Message-ID that its copies share, without brackets.
    DraftId
    /// A name and an address that an account sends as.
    IdentityId
    /// A text that messages begin with.
    TemplateId
    /// A contact or a group of an address book.
    ContactId
    /// An uploaded file in the spool.
    UploadId
    /// A compose form, issued by the server: it sends at most one message, however often it is
    /// posted.
    FormKey
}

/// Between an id and what is inside: `7.12!2` is the message in part 2 of a message, `2!1` the first
/// file that is packed into part 2.
const INSIDE: char = '!';

impl MessageId {
    /// Returns the id of the message in a part of this one.
    pub fn nested(&self, part: &PartId) -> Self {
        Self(format!("{self}{INSIDE}{part}"))
    }

    /// Whether the message is inside another one.
    pub fn is_nested(&self) -> bool {
        self.0.contains(INSIDE)
    }

    /// Returns the message that holds this one.
    pub fn outer(&self) -> Option<Self> {
        let (outer, _) = self.0.rsplit_once(INSIDE)?;
        Some(Self(outer.to_owned()))
    }

    /// Returns the outermost message, and the parts that lead from it to this one.
    pub fn path(&self) -> (Self, Vec<&str>) {
        let mut steps = self.0.split(INSIDE);
        let outer = Self(steps.next().unwrap_or_default().to_owned());
        (outer, steps.collect())
    }
}

impl IdentityId {
    /// The id of the identity that every account has.
    pub const OWN: &str = "own";
}

impl PartId {
    /// Returns the id of the `index`-th file that is packed into a part, counted from 0.
    pub fn packed(section: &str, index: usize) -> Self {
        Self(format!("{section}{INSIDE}{}", index.saturating_add(1)))
    }

    /// Returns the part that a file is packed into, and the number of the file, counted from 1.
    pub fn in_part(&self) -> Option<(Self, usize)> {
        let (part, number) = self.0.split_once(INSIDE)?;
        Some((Self(part.to_owned()), number.parse().ok()?))
    }
}

/// A point in time, formatted by the server for display. For an unknown time, `short` and `long`
/// say so, and the other fields are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DateText {
    /// For a row: "09:42", "Yesterday", "Thu", "3 Nov", "2024-11-03".
    pub short: String,
    /// The full form, with the zone unless the reader chose that zone.
    pub long: String,
    /// For `<time datetime>` (RFC 3339).
    pub iso: String,
    /// The heading of its group in a list: "Today", "Yesterday", "This week", "October 2026".
    pub group: String,
}

/// An address with its display name, as written in a message. Both may be empty; neither is
/// trusted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Person {
    /// The display name, decoded, without control and direction characters.
    pub name: String,
    /// The address.
    pub address: String,
}

/// The protocol for incoming mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncomingKind {
    /// IMAP: folders, flags and push are on the server.
    Imap,
    /// POP3: one maildrop; this server stores the marks.
    Pop3,
}

/// A feature that a mail server lacks. The page shows it before the user tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limitation {
    /// POP3: one folder; messages cannot be moved or archived.
    OneFolder,
    /// POP3: this server stores read marks and stars, not the mail server.
    MarksKeptHere,
    /// IMAP without MOVE: a move is COPY and EXPUNGE.
    NoMove,
    /// No IDLE: the server is polled for new mail.
    Polled {
        /// The polling interval, in seconds.
        every_secs: u32,
    },
}

/// A mail account of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Its id in URLs.
    pub id: AccountId,
    /// The e-mail address that was used to sign in.
    pub address: String,
    /// IMAP or POP3.
    pub incoming: IncomingKind,
    /// The host of the IMAP or POP3 server.
    pub incoming_host: String,
    /// The host of the SMTP server.
    pub outgoing_host: String,
    /// The folder that opens first.
    pub inbox: FolderId,
    /// The features that its servers lack.
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

/// The description of a session for the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The accounts, in the order of sign-in. Never empty.
    pub accounts: Vec<AccountView>,
    /// Maximum size of all uploads of one compose form, in bytes.
    pub upload_max_bytes: u64,
    /// The number of outbox messages that are waiting, failed or unknown.
    pub outbox_open: u32,
}

/// The folder tree of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FoldersView {
    /// The folders, in display order.
    pub folders: Vec<FolderView>,
    /// The number of folders on the server that are not listed. INBOX and folders with a role are
    /// always listed.
    pub left_out: u32,
}

/// A folder in the tree. In display order, a parent precedes its children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderView {
    /// Its id in URLs.
    pub id: FolderId,
    /// Its own name, without its parents'. Folders with a role are named by the page.
    pub name: String,
    /// Its depth in the tree: 0 at the top.
    pub depth: u32,
    /// Its role, if known.
    pub role: Option<FolderRole>,
    /// Whether it can be opened; a `\Noselect` folder only contains others.
    pub is_selectable: bool,
    /// Whether it is pinned; pinned folders come first in the tree.
    pub is_pinned: bool,
    /// The number of unread messages, if the server reported it.
    pub unread: Option<u32>,
    /// The number of messages, if the server reported it.
    pub total: Option<u32>,
}
