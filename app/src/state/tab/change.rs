//! Changes to messages: the list shows them at once and reverts them if the server refuses.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Tab;
use crate::api::error::{ApiError, ErrorKind};
use crate::api::folder::{folder_create, folder_pin};
use crate::api::message::{message_mark, message_move};
use crate::api::types::{
    AccountId, ChangeDone, ChangesDone, Destination, Failed, FolderRef, Mark, MessageRef,
};
use crate::state::act::Act;
use crate::state::snack::{Again, Snack};

impl Tab {
    /// Changes messages.
    pub fn act(self, messages: Vec<MessageRef>, act: Act) {
        self.change(messages, act, false);
    }

    /// Changes the open message and leaves it.
    pub fn act_and_leave(self, message: MessageRef, act: Act) {
        self.change(vec![message], act, true);
    }

    fn change(self, messages: Vec<MessageRef>, act: Act, is_left: bool) {
        if messages.is_empty() {
            return;
        }
        match act {
            Act::Mark(mark) => self.mark(messages, mark, is_left),
            Act::Move(to) => self.move_messages(messages, to, is_left),
        }
    }

    fn mark(self, messages: Vec<MessageRef>, mark: Mark, is_left: bool) {
        let list = self.list();
        let before: Vec<_> = messages
            .iter()
            .filter_map(|id| list?.update_row(id, |row| mark.put_on(row)))
            .collect();
        // Restores the former rows of the messages that were not changed.
        let put_back = move |failed: &dyn Fn(&MessageRef) -> bool| {
            for old in before {
                if let Some(list) = self.list().filter(|_| failed(&old.id)) {
                    list.update_row(&old.id.clone(), |row| *row = old);
                }
            }
        };
        spawn_local(async move {
            match message_mark(messages, mark).await {
                Ok(answer) => {
                    put_back(&|id| is_in(&answer.failed, id));
                    self.answered(answer, is_left, mark.is_star(), None);
                }
                Err(error) => {
                    put_back(&|_| true);
                    self.fail(error, None);
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
            let answer = message_mark(vec![message], Mark::Seen).await;
            if let Err(error) = answer {
                // The failure is not shown; the next list response corrects the row.
                self.note_error(&error);
            }
        });
    }

    fn move_messages(self, messages: Vec<MessageRef>, to: Destination, is_left: bool) {
        let list = self.list();
        let removed = list.map(|list| list.remove(&messages));
        spawn_local(async move {
            let answer = message_move(messages.clone(), to.clone()).await;
            let put_back = |failed: Option<&[Failed]>| {
                if let (Some(list), Some(removed)) = (list, removed) {
                    list.restore(match failed {
                        Some(failed) => removed.of(|id| is_in(failed, id)),
                        None => removed,
                    });
                }
            };
            let again = |error: &ApiError, messages| match error.kind {
                ErrorKind::MissingFolder(role) => Some(Again {
                    messages,
                    role,
                    act: Act::Move(to),
                }),
                _ => None,
            };
            match answer {
                Ok(answer) => {
                    put_back(Some(&answer.failed));
                    let failure = answer.failure();
                    let again = failure.and_then(|(error, messages)| again(&error, messages));
                    self.answered(answer, is_left, false, again);
                    self.tree_changes.update(|n| *n = n.wrapping_add(1));
                }
                Err(error) => {
                    put_back(None);
                    let again = again(&error, messages);
                    self.fail(error, again);
                }
            }
        });
    }

    /// Shows what the mail servers confirmed, or the first error.
    pub(super) fn answered(
        self,
        answer: ChangesDone,
        is_left: bool,
        is_silent: bool,
        again: Option<Again>,
    ) {
        let is_changed = |done: &ChangeDone| done.count > 0;
        if !answer.done.iter().all(is_changed)
            && let Some(list) = self.list()
        {
            // The list showed an outdated state.
            list.refresh();
        }
        if let Some(Failed { error, .. }) = answer.failed.into_iter().next() {
            self.fail_beside(answer.done, error, again);
        } else if !is_silent || !answer.done.iter().all(is_changed) {
            self.say(Snack::Done {
                done: answer.done,
                is_left,
            });
        }
    }

    /// Creates the missing folder in every account concerned, then repeats the change.
    pub fn create_and_repeat(self, again: Again) {
        self.snack.set(None);
        spawn_local(async move {
            for account in again.accounts() {
                if let Err(error) = folder_create(account, again.role).await {
                    self.fail(error, None);
                    return;
                }
            }
            self.tree_changes.update(|n| *n = n.wrapping_add(1));
            self.act(again.messages, again.act);
        });
    }

    /// Pins a folder to the top of the tree, or unpins it.
    pub fn pin(self, folder: FolderRef, is_pinned: bool) {
        spawn_local(async move {
            match folder_pin(folder, is_pinned).await {
                Ok(()) => self.tree_changes.update(|n| *n = n.wrapping_add(1)),
                Err(error) => self.fail(error, None),
            }
        });
    }

    /// Shows the error of a change.
    pub fn fail(self, error: ApiError, again: Option<Again>) {
        self.fail_beside(Vec::new(), error, again);
    }

    fn fail_beside(self, done: Vec<ChangeDone>, error: ApiError, again: Option<Again>) {
        self.note_error(&error);
        self.say(Snack::Failed { done, error, again });
    }
}

fn is_in(failed: &[Failed], id: &MessageRef) -> bool {
    failed.iter().any(|one| one.messages.contains(id))
}

impl Again {
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
