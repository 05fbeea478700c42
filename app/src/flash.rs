//! The result of a plain form, shown on the next page.

use serde::{Deserialize, Serialize};

use crate::api::error::ApiError;
use crate::api::types::{ChangeDone, EntryChange, FolderRole, MessageRef, OutboxId};

/// The result of the session's last plain form post, shown once on the next page.
///
/// The server provides it by context for one request and then deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flash {
    /// The changes to messages, with their undo ids.
    pub done: Vec<ChangeDone>,
    /// The error of the post.
    pub error: Option<ApiError>,
    /// The failed move, if `error` is a missing folder: the page offers to create the folder and to
    /// repeat the move (`action=create:archive|junk|trash` with the same `message` fields).
    pub again: Option<FlashAgain>,
    /// A complete sentence in the request's language.
    pub note: Option<String>,
    /// The change to an outbox entry.
    pub outbox: Option<FlashEntry>,
}

/// A change to an outbox entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashEntry {
    /// The entry.
    pub outbox: OutboxId,
    /// The change.
    pub change: EntryChange,
}

/// A move that failed because no folder has the destination role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashAgain {
    /// The messages.
    pub messages: Vec<MessageRef>,
    /// The role that no folder has.
    pub role: FolderRole,
}
