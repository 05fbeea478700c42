//! The snack at the bottom of the page: the last change, or the last failure.

use super::act::Act;
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
        is_left: bool,
    },
    /// A change to an outbox entry.
    Outbox {
        /// The entry.
        outbox: OutboxId,
        /// The change.
        change: EntryChange,
    },
    /// A complete sentence.
    Note(String),
    /// A failed change.
    Failed {
        /// The changes that were made beside it.
        done: Vec<ChangeDone>,
        /// The error.
        error: ApiError,
        /// The change to repeat after a missing folder is created.
        again: Option<Again>,
    },
}

/// A change that failed because a folder is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The messages.
    pub messages: Vec<MessageRef>,
    /// The role of the missing folder.
    pub role: FolderRole,
    /// The failed change.
    pub act: Act,
}

impl Snack {
    /// Converts the result of a plain form post.
    pub fn of_flash(flash: Flash) -> Option<Self> {
        if let Some(error) = flash.error {
            let again = flash.again.map(|again| Again {
                messages: again.messages,
                role: again.role,
                act: Act::move_to(again.role),
            });
            return Some(Self::Failed {
                done: flash.done,
                error,
                again,
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
            is_left: false,
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
