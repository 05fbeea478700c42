//! Undoes the change that the snack shows.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Tab;
use crate::api::message::change_undo;
use crate::api::outbox::outbox_change;
use crate::api::types::{EntryChange, OutboxId, UndoRef};
use crate::state::snack::Snack;

impl Tab {
    /// Undoes changes, and reopens the message that the user left by them.
    pub fn undo(self, undo: Vec<UndoRef>, has_left_message: bool) {
        self.snack.set(None);
        spawn_local(async move {
            match change_undo(undo).await {
                Ok(changes) => {
                    let mut messages = changes.done.iter().flat_map(|done| &done.messages);
                    if let Some(message) = messages.next().filter(|_| has_left_message) {
                        self.reopened.set(Some(message.clone()));
                    }
                    self.show_changes(changes, false, false, None);
                    if let Some(list) = self.list() {
                        list.refresh();
                    }
                    self.tree_changes.update(|n| *n = n.wrapping_add(1));
                }
                Err(error) => self.show_error(error, None),
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
                Ok(()) => self.show_snack(Snack::Outbox { outbox, change }),
                Err(error) => self.show_error(error, None),
            }
            self.outbox_changed();
        });
    }

    /// Stops a message that has not left, then calls `done`. If it has left, the snack says so.
    pub fn outbox_stop(self, outbox: OutboxId, done: impl FnOnce() + 'static) {
        spawn_local(async move {
            match outbox_change(outbox, EntryChange::Stop).await {
                Ok(()) => {
                    self.snack.set(None);
                    done();
                }
                Err(error) => self.show_error(error, None),
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
                matches!(
                    snack,
                    Some(Snack::Done {
                        has_left_message: true,
                        ..
                    })
                ),
            );
        }
    }
}
