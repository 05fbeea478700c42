//! The state that an account's two workers share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{FolderId, FolderRole, UndoId};
use mail_net::{Dialer, Phase};
use mail_proto::imap::{Mailbox, StatusData};
use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::error::{AccountError, InvalidField};
use super::super::model::now_unix_ms;
use super::super::open_pages::OpenPages;
use super::folder_changes::FolderChange;
use super::folders::FolderTable;
use super::half_moves::HalfMoves;
use super::returned::{Returned, ReturnedTable};
use super::selected::ImapConnection;
use super::selected::PendingChanges;
use super::sent_copies::{LastCopy, SentCopies};
use super::undo::{Undo, UndoTable};
use crate::clients::Access;
use crate::clients::budget::Budget;
use crate::domain::{AccountKey, Folder, FolderList, INBOX_ID};
use crate::store::Store;

/// Folders that were fetched within this time are not fetched again.
const FOLDERS_FRESH_FOR: Duration = Duration::from_secs(10);

/// The state of both workers of an account.
pub(super) struct Shared {
    pub(super) access: Access,
    pub(super) key: AccountKey,
    pub(super) store: Store,
    pub(super) dialer: Arc<Dialer>,
    /// The memory budget for the server's responses.
    pub(super) budget: Budget,
    pub(super) pages: OpenPages,
    /// The channel through which the account's workers, also those of other sessions, report
    /// changes.
    pub(super) changes: broadcast::Sender<FolderChange>,
    /// Keeps that channel registered for the account, even if no worker receives.
    pub(super) _changes_receiver: broadcast::Receiver<FolderChange>,
    pub(super) closing: CancellationToken,
    pub(super) state: Mutex<State>,
}

/// The mutable part.
#[derive(Default)]
pub(super) struct State {
    folders: FolderTable,
    folders_fetched_at: Option<Instant>,
    /// The mailbox that the other worker has selected.
    selected_by_other: Option<Mailbox>,
    undo: UndoTable,
    half_moves: HalfMoves,
    returned: ReturnedTable,
    sent_copies: SentCopies,
    last_copy: Option<LastCopy>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic with the tables half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens another connection for this account. Its server was counted when it was named.
    pub(super) async fn open_connection(&self) -> Result<ImapConnection, AccountError> {
        let budget = self.budget.clone();
        Ok(ImapConnection::open(&self.dialer, &self.access, None, Phase::Command, budget).await?)
    }

    /// Returns which side files the copies of sent messages.
    pub(super) fn sent_copies(&self) -> SentCopies {
        self.state().sent_copies
    }

    pub(super) fn set_sent_copies(&self, sent_copies: SentCopies) {
        self.state().sent_copies = sent_copies;
    }

    pub(super) fn last_copy(&self) -> Option<LastCopy> {
        self.state().last_copy.clone()
    }

    pub(super) fn set_last_copy(&self, copy: LastCopy) {
        self.state().last_copy = Some(copy);
    }

    pub(super) fn set_folders(&self, folders: FolderTable) {
        let mut state = self.state();
        state.folders = folders;
        state.folders_fetched_at = Some(Instant::now());
    }

    /// Returns the folders, if they were fetched within [`FOLDERS_FRESH_FOR`].
    pub(super) fn fresh_folders(&self) -> Option<FolderList> {
        let state = self.state();
        let at = state.folders_fetched_at?;
        (at.elapsed() < FOLDERS_FRESH_FOR).then(|| state.folders.folders())
    }

    /// Marks the folders that the user pinned.
    pub(super) async fn with_pins(&self, mut list: FolderList) -> Result<FolderList, AccountError> {
        let pinned = self.store.folders_pinned(&self.key).await;
        let pinned = pinned.map_err(AccountError::store)?;
        for folder in &mut list.folders {
            folder.is_pinned = pinned.has(&folder.id);
        }
        Ok(list)
    }

    /// Pins or unpins a folder of the LIST response, and notifies the open tabs.
    pub(super) async fn pin_folder(
        &self,
        folder: &FolderId,
        is_pinned: bool,
    ) -> Result<(), AccountError> {
        if is_pinned {
            self.wire_name(folder)?;
        }
        let has_room = self
            .store
            .folder_pin(&self.key, folder, is_pinned, now_unix_ms())
            .await
            .map_err(AccountError::store)?;
        if !has_room {
            return Err(AccountError::Invalid {
                field: "folder",
                problem: InvalidField::TooManyPinned {
                    max: Store::PINNED_MAX,
                },
            });
        }
        self.pages.publish(LiveEvent::Resync);
        Ok(())
    }

    /// Invalidates the counts of a folder: the next request goes to the server.
    pub(super) fn invalidate_counts(&self, _mailbox: &Mailbox) {
        self.state().folders_fetched_at = None;
    }

    /// Whether the folders were fetched since the sign-in.
    pub(super) fn has_folders(&self) -> bool {
        self.state().folders.selectable().next().is_some()
    }

    /// Returns the name on the wire of a folder id. Only names from LIST are ever sent.
    pub(super) fn wire_name(&self, id: &FolderId) -> Result<Mailbox, AccountError> {
        if id.as_str() == INBOX_ID {
            return Ok(Mailbox::inbox());
        }
        let state = self.state();
        let entry = state.folders.by_id(id).ok_or(AccountError::NotFound)?;
        if entry.folder.is_selectable {
            Ok(entry.wire.clone())
        } else {
            Err(AccountError::NotFound)
        }
    }

    /// Returns name, role and unread count of a mailbox, as far as LIST returned them.
    pub(super) fn folder_of(&self, mailbox: &Mailbox) -> (String, Option<FolderRole>, Option<u32>) {
        match self.folder(mailbox) {
            Some(folder) => (folder.name, folder.role, folder.unread),
            None if mailbox.is_inbox() => ("INBOX".to_owned(), Some(FolderRole::Inbox), None),
            None => (String::new(), None, None),
        }
    }

    pub(super) fn folder(&self, mailbox: &Mailbox) -> Option<Folder> {
        self.state()
            .folders
            .by_wire(mailbox)
            .map(|entry| entry.folder.clone())
    }

    /// Returns wire name, role and name of the folder for a role.
    pub(super) fn folder_by_role(
        &self,
        role: FolderRole,
    ) -> Option<(Mailbox, Option<FolderRole>, String)> {
        let state = self.state();
        let entry = state.folders.by_role(role)?;
        Some((
            entry.wire.clone(),
            entry.folder.role,
            entry.folder.name.clone(),
        ))
    }

    /// Returns the wire name for a new folder.
    pub(super) fn new_wire_name(&self, name: &str) -> Option<Mailbox> {
        self.state().folders.wire_name(name)
    }

    /// Stores the role of a created folder, for servers without SPECIAL-USE.
    pub(super) fn set_role(&self, mailbox: &Mailbox, role: FolderRole) {
        let mut state = self.state();
        if let Some(entry) = state.folders.by_wire_mut(mailbox) {
            entry.folder.role = Some(role);
        }
    }

    pub(super) fn put_undo(&self, undo: Undo) -> Result<UndoId, AccountError> {
        self.state().undo.put(undo)
    }

    pub(super) fn peek_undo(&self, id: &UndoId) -> Option<Undo> {
        self.state().undo.peek(id)
    }

    pub(super) fn take_undo(&self, id: &UndoId) -> Option<Undo> {
        self.state().undo.take(id)
    }

    /// Records messages of a mailbox that were moved away and back.
    pub(super) fn put_returned(&self, mailbox: &Mailbox, returned: Vec<Returned>) {
        self.state().returned.put(mailbox, returned);
    }

    /// Returns the messages of a mailbox that were moved away and back.
    pub(super) fn returned(&self, mailbox: &Mailbox, uid_validity: u32) -> Vec<Returned> {
        self.state().returned.of(mailbox, uid_validity)
    }

    /// Accesses the messages that are in two folders because their move failed half-way.
    pub(super) fn half_moves<T>(&self, f: impl FnOnce(&mut HalfMoves) -> T) -> T {
        f(&mut self.state().half_moves)
    }

    /// Updates the counts of a mailbox and notifies the open tabs.
    pub(super) fn publish_folder(&self, mailbox: &Mailbox, total: u32, changes: PendingChanges) {
        let (folder, unread) = {
            let mut state = self.state();
            if changes.is_unread_unknown {
                state.folders_fetched_at = None;
            }
            let Some(entry) = state.folders.by_wire_mut(mailbox) else {
                return;
            };
            entry.folder.total = Some(total);
            let unread = entry.folder.unread.map(|unread| {
                let unread = i64::from(unread).saturating_add(changes.unread_delta);
                u32::try_from(unread.max(0)).unwrap_or(u32::MAX).min(total)
            });
            entry.folder.unread = unread;
            (entry.folder.id.clone(), unread)
        };
        self.pages.publish(LiveEvent::Folder {
            account: self.pages.account.clone(),
            folder,
            total,
            unread,
            arrived: changes.arrived,
        });
    }

    /// Records the mailbox that the other worker has selected.
    pub(super) fn set_selected_by_other(&self, mailbox: Option<&Mailbox>) {
        let mut state = self.state();
        if state.selected_by_other.as_ref() != mailbox {
            state.selected_by_other = mailbox.cloned();
        }
    }

    /// Whether the other worker has a mailbox selected.
    pub(super) fn is_selected_by_other(&self, mailbox: &Mailbox) -> bool {
        self.state().selected_by_other.as_ref() == Some(mailbox)
    }

    /// Stores the counts of a STATUS response and notifies the open tabs.
    pub(super) fn publish_counts(&self, status: &StatusData) {
        let event = {
            let mut state = self.state();
            match (state.folders.by_wire_mut(&status.mailbox), status.messages) {
                (Some(entry), Some(total)) => {
                    let before = entry.folder.total.replace(total).unwrap_or(total);
                    entry.folder.unread = status.unseen;
                    LiveEvent::Folder {
                        account: self.pages.account.clone(),
                        folder: entry.folder.id.clone(),
                        total,
                        unread: status.unseen,
                        arrived: total.saturating_sub(before),
                    }
                }
                // The folder is not in the tree: the page reloads it.
                _ => LiveEvent::Resync,
            }
        };
        self.pages.publish(event);
    }

    /// Tells the open tabs whether the mail server is reachable.
    pub(super) fn publish_connection(&self, is_up: bool, retry_in_secs: u32) {
        let host = &self.access.endpoint.host;
        self.pages.publish_connection(host, is_up, retry_in_secs);
    }
}
