//! The snack at the bottom of the page: the last change, and its undo.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::act::Act;
use super::session::Tab;
use crate::api::error::ApiError;
use crate::api::message::change_undo;
use crate::api::outbox::outbox_change;
use crate::api::types::{ChangeDone, EntryChange, FolderRole, MessageRef, OutboxId, UndoRef};
use crate::page::{Flash, FlashEntry};

/// The display time of a change. A failure stays until it is dismissed.
const SHOWN_FOR: Duration = Duration::from_secs(10);

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

impl Tab {
    /// Shows a snack.
    pub fn say(self, snack: Snack) {
        let is_passing = !matches!(snack, Snack::Failed { .. });
        self.snack.set(Some(snack.clone()));
        if is_passing {
            set_timeout(
                move || {
                    if self
                        .snack
                        .with_untracked(|now| now.as_ref() == Some(&snack))
                    {
                        self.snack.set(None);
                    }
                },
                SHOWN_FOR,
            );
        }
    }

    /// Undoes changes, and reopens the message that the user left by them.
    pub fn undo(self, undo: Vec<UndoRef>, is_left: bool) {
        self.snack.set(None);
        spawn_local(async move {
            match change_undo(undo).await {
                Ok(answer) => {
                    let mut messages = answer.done.iter().flat_map(|done| &done.messages);
                    if let Some(message) = messages.next().filter(|_| is_left) {
                        self.reopened.set(Some(message.clone()));
                    }
                    self.answered(answer, false, false, None);
                    if let Some(list) = self.list() {
                        list.refresh();
                    }
                    self.tree_changes.update(|n| *n = n.wrapping_add(1));
                }
                Err(error) => self.fail(error, None),
            }
        });
    }

    /// Changes an outbox entry, and shows the change.
    pub fn outbox_change(self, outbox: OutboxId, change: EntryChange) {
        self.snack.set(None);
        spawn_local(async move {
            match outbox_change(outbox.clone(), change).await {
                // A retry is visible in the list.
                Ok(()) if change == EntryChange::Retry => {}
                Ok(()) => self.say(Snack::Outbox { outbox, change }),
                Err(error) => self.fail(error, None),
            }
            self.outbox_changed();
        });
    }

    /// Undoes the changes that the snack offers to undo.
    pub fn undo_last(self) {
        if let Some(Snack::Outbox { outbox, change }) = self.snack.get_untracked()
            && let Some(undo) = change.undo()
        {
            self.outbox_change(outbox, undo);
            return;
        }
        let snack = self.snack.get_untracked();
        let undo = snack.as_ref().map(Snack::undo).unwrap_or_default();
        if !undo.is_empty() {
            self.undo(
                undo,
                matches!(snack, Some(Snack::Done { is_left: true, .. })),
            );
        }
    }
}
