//! Drafts on their server.

use app::api::types::{FolderId, MessageId};

/// The copy of a draft on its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DraftCopy {
    pub(crate) folder: FolderId,
    pub(crate) message: MessageId,
}

/// The result of saving a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DraftSaved {
    /// This is its only copy now.
    Saved(DraftCopy),
    /// Nothing was saved: the copy was replaced by another program or another tab.
    ChangedElsewhere(DraftCopy),
    /// Nothing was saved: the copy was sent or deleted elsewhere.
    Gone,
}
