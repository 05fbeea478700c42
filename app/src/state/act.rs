//! Changing messages: shown at once, taken back where the server says no.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::session::Tab;
use super::snack::{Again, Snack};
use crate::api::error::{ApiError, ErrorKind};
use crate::api::folder::folder_create;
use crate::api::message::{message_mark, message_move};
use crate::api::types::{
    AccountId, ChangeDone, Destination, FolderId, FolderRole, Mark, MessageId,
};

/// A change of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Sets a mark.
    Mark(Mark),
    /// Moves them.
    Move(Destination),
}

impl Act {
    /// The change that a form's `action` (and `to`) names.
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

    /// Moving to the folder with a role.
    pub fn move_to(role: FolderRole) -> Self {
        Self::Move(Destination::Role(role))
    }
}

impl Tab {
    /// Changes messages of a folder.
    pub fn act(self, account: AccountId, folder: FolderId, messages: Vec<MessageId>, act: Act) {
        self.change(account, folder, messages, act, false);
    }

    /// Changes the message that is open, which the page leaves.
    pub fn act_and_leave(self, account: AccountId, folder: FolderId, message: MessageId, act: Act) {
        self.change(account, folder, vec![message], act, true);
    }

    fn change(
        self,
        account: AccountId,
        folder: FolderId,
        messages: Vec<MessageId>,
        act: Act,
        is_left: bool,
    ) {
        if messages.is_empty() {
            return;
        }
        match act {
            Act::Mark(mark) => self.mark(account, folder, messages, mark, is_left),
            Act::Move(to) => self.move_messages(account, folder, messages, to, is_left),
        }
    }

    fn mark(
        self,
        account: AccountId,
        folder: FolderId,
        messages: Vec<MessageId>,
        mark: Mark,
        is_left: bool,
    ) {
        let list = self.list_of(&account, &folder);
        let before: Vec<_> = messages
            .iter()
            .filter_map(|id| list?.update_row(id, |row| mark.put_on(row)))
            .collect();
        let left = is_left.then(|| folder.clone());
        spawn_local(async move {
            match message_mark(account.clone(), folder.clone(), messages, mark).await {
                // A star is its own undo.
                Ok(done) if done.count > 0 && matches!(mark, Mark::Starred | Mark::Unstarred) => {}
                Ok(done) => self.done(account, folder, done, left),
                Err(error) => {
                    let list = self.list_of(&account, &folder);
                    for old in before {
                        if let Some(list) = list {
                            list.update_row(&old.id.clone(), |row| *row = old);
                        }
                    }
                    self.fail(error, None);
                }
            }
        });
    }

    /// Marks a message read because it was opened. Nothing is said about it.
    pub fn mark_opened(self, account: AccountId, folder: FolderId, message: MessageId) {
        let list = self.list_of(&account, &folder);
        if let Some(list) = list {
            list.update_row(&message, |row| row.is_seen = true);
        }
        spawn_local(async move {
            let answer = message_mark(account, folder, vec![message], Mark::Seen).await;
            if let Err(error) = answer {
                // Reading goes on; the row tells the truth again with the next answer.
                self.note_error(&error);
            }
        });
    }

    fn move_messages(
        self,
        account: AccountId,
        folder: FolderId,
        messages: Vec<MessageId>,
        to: Destination,
        is_left: bool,
    ) {
        let list = self.list_of(&account, &folder);
        let removed = list.map(|list| list.remove(&messages));
        let left = is_left.then(|| folder.clone());
        spawn_local(async move {
            let answer = message_move(
                account.clone(),
                folder.clone(),
                messages.clone(),
                to.clone(),
            )
            .await;
            match answer {
                Ok(done) => {
                    self.done(account, folder, done, left);
                    self.tree_changes.update(|n| *n = n.wrapping_add(1));
                }
                Err(error) => {
                    if let (Some(list), Some(removed)) = (list, removed) {
                        list.restore(removed);
                    }
                    let again = match error.kind {
                        ErrorKind::MissingFolder(role) => Some(Again {
                            account,
                            folder,
                            messages,
                            role,
                            act: Act::Move(to),
                        }),
                        _ => None,
                    };
                    self.fail(error, again);
                }
            }
        });
    }

    /// Says what the mail server confirmed.
    fn done(self, account: AccountId, folder: FolderId, done: ChangeDone, left: Option<FolderId>) {
        if done.count == 0
            && let Some(list) = self.list_of(&account, &folder)
        {
            // What the list showed was not so.
            list.refresh();
        }
        self.say(Snack::Done {
            account,
            done,
            left,
        });
    }

    /// Makes the folder that was missing and tries again.
    pub fn create_and_repeat(self, again: Again) {
        self.snack.set(None);
        spawn_local(async move {
            match folder_create(again.account.clone(), again.role).await {
                Ok(_) => {
                    self.tree_changes.update(|n| *n = n.wrapping_add(1));
                    self.act(again.account, again.folder, again.messages, again.act);
                }
                Err(error) => self.fail(error, None),
            }
        });
    }

    /// Says why a change was not made.
    pub(super) fn fail(self, error: ApiError, again: Option<Again>) {
        self.note_error(&error);
        self.say(Snack::Failed { error, again });
    }
}
