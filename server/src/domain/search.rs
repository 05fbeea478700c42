//! What is searched for, and what a search of one folder found.

use std::sync::Arc;

use app::api::types::MessageId;
use jiff::civil::Date;

/// A condition of a search. A message matches a search if all of its conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SearchTerm {
    /// The subject, an address or the text contains this.
    Words(String),
    /// The sender's name or address contains this.
    From(String),
    /// A name or address in `To` contains this.
    To(String),
    /// A name or address in `Cc` contains this.
    Cc(String),
    /// The subject contains this.
    Subject(String),
    /// The text contains this.
    Body(String),
    /// An attached file's name contains this.
    FileName(String),
    /// The message has attachments.
    HasAttachment,
    /// The message is unread.
    Unread,
    /// The message is starred.
    Starred,
    /// The message was answered.
    Answered,
    /// The message arrived on this day or later.
    Since(Date),
    /// The message arrived before this day.
    Before(Date),
    /// The message is larger than this.
    LargerBytes(u64),
    /// The message is smaller than this.
    SmallerBytes(u64),
    /// The condition does not hold.
    Not(Box<Self>),
}

impl SearchTerm {
    /// Returns the condition without `Not` around it.
    pub(crate) fn positive(&self) -> &Self {
        match self {
            Self::Not(term) => term.positive(),
            term => term,
        }
    }

    /// Whether only the structure of a message answers it, which no server searches.
    pub(crate) fn needs_structure(&self) -> bool {
        matches!(self.positive(), Self::HasAttachment | Self::FileName(_))
    }
}

/// The search of a part of a folder.
#[derive(Debug, Clone)]
pub(crate) struct FolderSearch {
    /// The conditions.
    pub(crate) terms: Arc<[SearchTerm]>,
    /// Where it continues: [`Found::next`] of the preceding part; `None` at the newest message.
    pub(crate) at: Option<u32>,
    /// How many messages are searched.
    pub(crate) window: u32,
}

/// What the search of a part of a folder found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The messages, newest first.
    pub(crate) messages: Vec<MessageId>,
    /// Where the search of older messages continues; `None` at the end.
    pub(crate) next: Option<u32>,
    /// What was not searched.
    pub(crate) gap: Option<SearchGap>,
}

/// What a search did not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchGap {
    /// The server cannot search: the rows of the newest messages were compared, without their text.
    RowsOnly {
        /// How many messages were compared.
        searched: u32,
        /// How many the folder has.
        total: u32,
    },
}
