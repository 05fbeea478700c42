//! Changes to messages: the list shows them at once and reverts them if the server refuses.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Tab;
use crate::api::error::{ApiError, ErrorKind};
use crate::api::folder::{folder_create, folder_pin};
use crate::api::message::{message_mark, message_move};
use crate::api::types::{AccountId, Destination, Failed, FolderRef, Mark, MessageRef};
use crate::state::act::MessageAction;
use crate::state::snack::MissingFolderRetry;

impl Tab {
    /// Changes messages.
    pub fn act(self, messages: Vec<MessageRef>, act: MessageAction) {
        self.change(messages, act, false);
    }

    /// Changes the open message and leaves it.
    pub fn act_and_leave(self, message: MessageRef, act: MessageAction) {
        self.change(vec![message], act, true);
    }

    fn change(self, messages: Vec<MessageRef>, act: MessageAction, has_left_message: bool) {
        if messages.is_empty() {
            return;
        }
        match act {
            MessageAction::Mark(mark) => self.mark(messages, mark, has_left_message),
            MessageAction::Move(to) => self.move_messages(messages, to, has_left_message),
        }
    }

    fn mark(self, messages: Vec<MessageRef>, mark: Mark, has_left_message: bool) {
        let list = self.list();
        let before: Vec<_> = messages
            .iter()
            .filter_map(|id| list?.update_row(id, |row| mark.apply_to(row)))
            .collect();
        // Restores the former rows of the messages that were not changed.
        let restore_rows = move |failed: &dyn Fn(&MessageRef) -> bool| {
            for old in before {
                if let Some(list) = self.list().filter(|_| failed(&old.id)) {
                    list.update_row(&old.id.clone(), |row| *row = old);
                }
            }
        };
        spawn_local(async move {
            match message_mark(messages, mark).await {
                Ok(changes) => {
                    restore_rows(&|id| contains_message(&changes.failed, id));
                    self.show_changes(changes, has_left_message, mark.is_star(), None);
                }
                Err(error) => {
                    restore_rows(&|_| true);
                    self.show_error(error, None);
                }
            }
        });
    }

    /// Marks a message read because it was opened. Shows no snack.
    pub fn mark_opened(self, message: MessageRef) {
        if let Some(list) = self.list() {
            list.update_row(&message, |row| row.is_seen = true);
        }
        spawn_local(async move {
            let result = message_mark(vec![message], Mark::Seen).await;
            if let Err(error) = result {
                // The failure is not shown; the next list response corrects the row.
                self.note_error(&error);
            }
        });
    }

    fn move_messages(self, messages: Vec<MessageRef>, to: Destination, has_left_message: bool) {
        let list = self.list();
        let removed = list.map(|list| list.remove(&messages));
        spawn_local(async move {
            let result = message_move(messages.clone(), to.clone()).await;
            let restore = |failed: Option<&[Failed]>| {
                if let (Some(list), Some(removed)) = (list, removed) {
                    list.restore(match failed {
                        Some(failed) => removed.filter(|id| contains_message(failed, id)),
                        None => removed,
                    });
                }
            };
            let retry_for = |error: &ApiError, messages| match error.kind {
                ErrorKind::MissingFolder(role) => Some(MissingFolderRetry {
                    messages,
                    role,
                    act: MessageAction::Move(to),
                }),
                _ => None,
            };
            match result {
                Ok(changes) => {
                    restore(Some(&changes.failed));
                    let failure = changes.failure();
                    let retry = failure.and_then(|(error, messages)| retry_for(&error, messages));
                    self.show_changes(changes, has_left_message, false, retry);
                    self.tree_changes.update(|n| *n = n.wrapping_add(1));
                }
                Err(error) => {
                    restore(None);
                    let retry = retry_for(&error, messages);
                    self.show_error(error, retry);
                }
            }
        });
    }

    /// Creates the missing folder in every account concerned, then repeats the change.
    pub fn create_and_repeat(self, retry: MissingFolderRetry) {
        self.snack.set(None);
        spawn_local(async move {
            for account in retry.accounts() {
                if let Err(error) = folder_create(account, retry.role).await {
                    self.show_error(error, None);
                    return;
                }
            }
            self.tree_changes.update(|n| *n = n.wrapping_add(1));
            self.act(retry.messages, retry.act);
        });
    }

    /// Pins a folder to the top of the tree, or unpins it.
    pub fn pin(self, folder: FolderRef, is_pinned: bool) {
        spawn_local(async move {
            match folder_pin(folder, is_pinned).await {
                Ok(()) => self.tree_changes.update(|n| *n = n.wrapping_add(1)),
                Err(error) => self.show_error(error, None),
            }
        });
    }
}

fn contains_message(failed: &[Failed], id: &MessageRef) -> bool {
    failed.iter().any(|one| one.messages.contains(id))
}

impl MissingFolderRetry {
    /// The accounts of its messages.
    fn accounts(&self) -> Vec<AccountId> {
        let mut accounts = Vec::new();
        for of in &self.messages {
            if !accounts.contains(&of.folder.account) {
                accounts.push(of.folder.account.clone());
            }
        }
        accounts
    }
}
