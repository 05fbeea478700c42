//! The snack at the bottom of the page: the last change, or the last failure.

use super::act::MessageAction;
use crate::api::error::ApiError;
use crate::api::types::{ChangeDone, EntryChange, FolderRole, MessageRef, OutboxId, UndoRef};
use crate::flash::{Flash, FlashEntry};

/// The content of the snack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snack {
    /// A change to messages.
    Done {
        /// The changes made.
        done: Vec<ChangeDone>,
        /// Whether the user left the open message by it: undoing reopens the message.
        has_left_message: bool,
    },
    /// A change to an outbox entry.
    Outbox {
        /// The entry.
        outbox: OutboxId,
        /// The change.
        change: EntryChange,
    },
    /// A message that was sent from this tab, in the state of [`Tab::sent`](super::tab::Tab::sent).
    Sent,
    /// A complete sentence.
    Note(String),
    /// A failed change.
    Failed {
        /// The changes that were made beside it.
        done: Vec<ChangeDone>,
        /// The error.
        error: ApiError,
        /// The change to repeat after a missing folder is created.
        retry: Option<MissingFolderRetry>,
    },
}

/// A change that failed because a folder is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFolderRetry {
    /// The messages.
    pub messages: Vec<MessageRef>,
    /// The role of the missing folder.
    pub role: FolderRole,
    /// The failed change.
    pub act: MessageAction,
}

impl Snack {
    /// Converts the result of a plain form post.
    pub fn of_flash(flash: Flash) -> Option<Self> {
        if let Some(error) = flash.error {
            let retry = flash.again.map(|again| MissingFolderRetry {
                messages: again.messages,
                role: again.role,
                act: MessageAction::move_to(again.role),
            });
            return Some(Self::Failed {
                done: flash.done,
                error,
                retry,
            });
        }
        if let Some(FlashEntry { outbox, change }) = flash.outbox {
            return Some(Self::Outbox { outbox, change });
        }
        if let Some(note) = flash.note {
            return Some(Self::Note(note));
        }
        (!flash.done.is_empty()).then_some(Self::Done {
            done: flash.done,
            has_left_message: false,
        })
    }

    /// Returns the undo ids of its changes.
    pub fn undo(&self) -> Vec<UndoRef> {
        match self {
            Self::Done { done, .. } | Self::Failed { done, .. } => {
                done.iter().flat_map(|done| done.undo.clone()).collect()
            }
            _ => Vec::new(),
        }
    }
}
