//! Special uses of folders.

use serde::{Deserialize, Serialize};

/// The special use of a folder (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderRole {
    /// Where new mail arrives.
    Inbox,
    /// Starred messages of all folders (`\Flagged`).
    Starred,
    /// Unfinished messages.
    Drafts,
    /// Copies of sent messages.
    Sent,
    /// Archived messages.
    Archive,
    /// Suspected junk.
    Junk,
    /// Deleted messages, stored for a limited time.
    Trash,
    /// All messages (`\All`).
    All,
}
