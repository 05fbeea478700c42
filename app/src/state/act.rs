//! The changes of messages that the page offers.

use crate::api::types::{Destination, FolderId, FolderRole, Mark};

/// A change of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageAction {
    /// Sets a mark.
    Mark(Mark),
    /// Moves them.
    Move(Destination),
}

impl MessageAction {
    /// Parses the change from a form's `action` (and `to`).
    pub fn of_form(action: &str, to: &str) -> Option<Self> {
        Some(match action {
            "seen" => Self::Mark(Mark::Seen),
            "unseen" => Self::Mark(Mark::Unseen),
            "star" => Self::Mark(Mark::Starred),
            "unstar" => Self::Mark(Mark::Unstarred),
            "archive" => Self::move_to(FolderRole::Archive),
            "delete" => Self::move_to(FolderRole::Trash),
            "junk" => Self::move_to(FolderRole::Junk),
            "move" if !to.is_empty() => Self::Move(Destination::Folder(FolderId::from(to))),
            _ => return None,
        })
    }

    /// Returns a move to the folder with a role.
    pub fn move_to(role: FolderRole) -> Self {
        Self::Move(Destination::Role(role))
    }
}
