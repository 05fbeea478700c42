//! Messages that were written here and that no mail server keeps: the local folders of an account.

use app::api::types::{FolderId, FolderRole, MessageId};

use super::Marks;

/// A folder whose messages are in the store, not on a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LocalFolder {
    /// Drafts.
    Drafts,
    /// Copies of sent messages.
    Sent,
}

impl LocalFolder {
    /// The local folders, in display order.
    pub(crate) const ALL: [Self; 2] = [Self::Drafts, Self::Sent];

    /// Returns its name, which the page replaces with that of its role.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Drafts => "Drafts",
            Self::Sent => "Sent",
        }
    }

    /// Returns its id in URLs, base64url of its name.
    pub(crate) fn id(self) -> FolderId {
        FolderId::from(match self {
            Self::Drafts => "RHJhZnRz",
            Self::Sent => "U2VudA",
        })
    }

    /// Returns its special use.
    pub(crate) const fn role(self) -> FolderRole {
        match self {
            Self::Drafts => FolderRole::Drafts,
            Self::Sent => FolderRole::Sent,
        }
    }

    /// Returns the local folder with an id.
    pub(crate) fn of(id: &FolderId) -> Option<Self> {
        Self::ALL.into_iter().find(|folder| folder.id() == *id)
    }
}

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedAddress {
    /// The display name; may be empty.
    pub(crate) name: String,
    pub(crate) address: String,
}

/// What a list shows of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalSummary {
    /// Its `Message-ID` without angle brackets. All copies of a draft share it.
    pub(crate) message_id: String,
    pub(crate) from: Vec<NamedAddress>,
    pub(crate) to: Vec<NamedAddress>,
    pub(crate) subject: String,
    /// Its `Date`, if it is readable.
    pub(crate) date_unix_ms: Option<i64>,
    pub(crate) has_attachment: bool,
}

/// A message of a local folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalMessage {
    pub(crate) id: MessageId,
    /// The name of its file in the spool, and what a list shows of it; `None` if the record cannot
    /// be opened.
    pub(crate) content: Option<(String, LocalSummary)>,
    pub(crate) size_bytes: u64,
    pub(crate) written_unix_ms: i64,
    pub(crate) marks: Marks,
}

/// The number of messages of a local folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LocalCounts {
    pub(crate) total: u32,
    pub(crate) unread: u32,
}

/// A limit of a local folder that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalLimit {
    /// The size of its messages.
    Bytes {
        /// The limit, in bytes.
        max: u64,
    },
    /// The number of its messages.
    Messages {
        /// The limit.
        max: u32,
    },
    /// The size of the local messages of all accounts.
    Server,
}
