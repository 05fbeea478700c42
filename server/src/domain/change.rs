//! Changes to messages, and copies of sent ones.

use app::api::types::{Change, FolderId, MessageId, UndoId};

/// What a change did.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) what: Change,
    /// Messages that the server confirmed.
    pub(crate) count: u32,
    /// Messages that are no longer in the folder.
    pub(crate) gone: u32,
    /// The folder where the messages of an undone change are, and the ids that they have there.
    pub(crate) back: Option<(FolderId, Vec<MessageId>)>,
    pub(crate) undo: Option<UndoId>,
}

/// When a copy is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filing {
    /// The message was handed over a moment ago.
    AtOnce,
    /// A server that files copies itself had the time to.
    AfterWaiting,
    /// An earlier session may have ended between filing the copy and writing that down.
    LeftOver,
}

/// What became of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filed {
    /// It lies in this folder.
    In {
        folder: Option<FolderId>,
        /// Whether the server files one as well is not known: a later look at Sent finds out.
        is_unproven: bool,
    },
    /// This account has no place for copies.
    NotKept,
    /// The server files it itself, and has not yet.
    Awaited,
}
