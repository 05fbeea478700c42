//! The line at the bottom of the page: what was just done, and how it is taken back.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::act::Act;
use super::session::Tab;
use crate::api::error::ApiError;
use crate::api::message::change_undo;
use crate::api::outbox::outbox_change;
use crate::api::types::{
    AccountId, ChangeDone, EntryChange, FolderId, FolderRole, MessageId, OutboxId, UndoId,
};
use crate::page::{Flash, FlashEntry};

/// How long a change is offered for undoing. A failure stays until it is dismissed.
const SHOWN_FOR: Duration = Duration::from_secs(10);

/// What the line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snack {
    /// A change was made.
    Done {
        /// The account it was made in.
        account: AccountId,
        /// What was done.
        done: ChangeDone,
        /// The folder of the message that was open and was left by it: undoing opens it again.
        left: Option<FolderId>,
    },
    /// An entry of the outbox was changed.
    Outbox {
        /// The entry.
        outbox: OutboxId,
        /// What was done to it.
        change: EntryChange,
    },
    /// A finished sentence.
    Note(String),
    /// A change was not made.
    Failed {
        /// Why.
        error: ApiError,
        /// What would be tried again once a missing folder is made.
        again: Option<Again>,
    },
}

/// A change that failed for want of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The account.
    pub account: AccountId,
    /// The folder of the messages.
    pub folder: FolderId,
    /// The messages.
    pub messages: Vec<MessageId>,
    /// The folder that is missing.
    pub role: FolderRole,
    /// What was wanted.
    pub act: Act,
}

impl Snack {
    /// What is left of a plain form post, as the line shows it.
    pub fn of_flash(flash: Flash) -> Option<Self> {
        if let Some(error) = flash.error {
            let again = match (flash.account, flash.again) {
                (Some(account), Some(again)) => Some(Again {
                    account,
                    folder: again.folder,
                    messages: again.messages,
                    role: again.role,
                    act: Act::move_to(again.role),
                }),
                _ => None,
            };
            return Some(Self::Failed { error, again });
        }
        if let Some(FlashEntry { outbox, change }) = flash.outbox {
            return Some(Self::Outbox { outbox, change });
        }
        match (flash.account, flash.change, flash.note) {
            (Some(account), Some(done), _) => Some(Self::Done {
                account,
                done,
                left: None,
            }),
            (_, _, Some(note)) => Some(Self::Note(note)),
            _ => None,
        }
    }
}

impl Tab {
    /// Says something at the bottom of the page.
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

    /// Takes a change back, and opens the message again that was left by it.
    pub fn undo(self, account: AccountId, undo: UndoId, left: Option<FolderId>) {
        self.snack.set(None);
        spawn_local(async move {
            match change_undo(account.clone(), undo).await {
                Ok(done) => {
                    if let Some((folder, message)) = left.zip(done.messages.first().cloned()) {
                        self.reopened.set(Some((account.clone(), folder, message)));
                    }
                    self.say(Snack::Done {
                        account,
                        done,
                        left: None,
                    });
                    if let Some(list) = self.list() {
                        list.refresh();
                    }
                    self.tree_changes.update(|n| *n = n.wrapping_add(1));
                }
                Err(error) => self.fail(error, None),
            }
        });
    }

    /// Changes an entry of the outbox, and says what was done.
    pub fn outbox_change(self, outbox: OutboxId, change: EntryChange) {
        self.snack.set(None);
        spawn_local(async move {
            match outbox_change(outbox.clone(), change).await {
                // What is tried again shows itself in the list.
                Ok(()) if change == EntryChange::Retry => {}
                Ok(()) => self.say(Snack::Outbox { outbox, change }),
                Err(error) => self.fail(error, None),
            }
            self.outbox_changed();
        });
    }

    /// Undoes what the line at the bottom offers to undo.
    pub fn undo_last(self) {
        if let Some(Snack::Outbox { outbox, change }) = self.snack.get_untracked()
            && let Some(undo) = change.undo()
        {
            self.outbox_change(outbox, undo);
            return;
        }
        if let Some(Snack::Done {
            account,
            done: ChangeDone {
                undo: Some(undo), ..
            },
            left,
        }) = self.snack.get_untracked()
        {
            self.undo(account, undo, left);
        }
    }
}
