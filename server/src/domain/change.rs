//! Results of changes to messages, and of filing copies of sent messages.

use app::api::types::{Change, FolderId, MessageId, UndoId};

/// The result of a change to messages.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) what: Change,
    /// Messages that the server confirmed.
    pub(crate) count: u32,
    /// Messages that are no longer in the folder.
    pub(crate) gone: u32,
    /// After an undo: the folder that holds the messages now, and their ids in it.
    pub(crate) back: Option<(FolderId, Vec<MessageId>)>,
    pub(crate) undo: Option<UndoId>,
}

/// The occasion on which a copy is filed in Sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filing {
    /// Directly after the server accepted the message.
    AtOnce,
    /// After a delay that gives a server time to file its own copy.
    AfterWaiting,
    /// In a later session: the earlier session may have ended between filing the copy and recording
    /// it.
    LeftOver,
}

/// The result of filing a copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filed {
    /// The copy is in this folder.
    In {
        folder: Option<FolderId>,
        /// Whether it is unknown if the server files a copy too; a later check of Sent decides it.
        is_unproven: bool,
    },
    /// The account has no folder for copies.
    NotKept,
    /// The server files the copy itself and has not done so yet.
    Awaited,
}
