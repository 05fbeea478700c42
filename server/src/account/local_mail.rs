//! The local folders of an account: messages that were written here and that no mail server keeps.
//!
//! POP3 has no folder for drafts, and none for copies of sent messages. They are in the store, in
//! folders that the page shows as it shows those of a mail server: [`LocalMailWorker`] is a
//! mailstore without a connection. It serves requests while the POP3 server is busy or unreachable.

mod change;
mod changes;
mod drafts;
mod layout;
mod mailstore;
mod read;
mod sent;
mod skeleton;

use std::ops::ControlFlow;
use std::sync::Arc;

use app::api::live::LiveEvent;
use app::api::types::UndoId;
use async_trait::async_trait;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::error::AccountError;
use super::open_pages::OpenPages;
use super::undo_table::UndoTable;
use super::worker::{self, Request, RequestKind, RequestTarget, Worker};
use crate::clients::budget::Budget;
use crate::domain::{AccountKey, Folder, LocalFolder};
use crate::store::Store;
use crate::store::local_mail::LocalMessages;
use crate::store::seal::Sealer;
use crate::store::spool::{Spool, SpoolName};
use change::MarkUndo;
use layout::Layouts;

/// All local folders may use this part of the disk space that the spool may.
const SPOOL_FRACTION: u64 = 2;
/// How long a removed message can be put back, in milliseconds: the page offers it for 10 s, a page
/// without scripts for as long as it stays open.
const REMOVED_RETENTION_MS: i64 = 10 * 60 * 1000;
/// How the ids of changes to local folders begin. No random id contains a dot.
const UNDO_PREFIX: &str = "local.";

/// The local folders of all accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct LocalMail {
    messages: LocalMessages,
    spool: Spool,
}

/// Returns whether a request of a POP3 account is served by its local folders.
pub(super) fn is_local(target: &RequestTarget) -> bool {
    match target {
        RequestTarget::Account => false,
        RequestTarget::Folder(folder) => LocalFolder::of(folder).is_some(),
        RequestTarget::Undo(undo) => undo.as_str().starts_with(UNDO_PREFIX),
        RequestTarget::Copy { .. } | RequestTarget::Sent | RequestTarget::Drafts => true,
    }
}

impl LocalMail {
    /// Opens the local folders. Each may use the disk space that an account may use in the spool.
    pub(super) fn new(store: Store, sealer: Arc<Sealer>, spool: Spool) -> Self {
        let limits = spool.limits();
        let max_bytes = limits.max_bytes / SPOOL_FRACTION;
        let messages = LocalMessages::new(store, sealer, limits.account_max_bytes, max_bytes);
        Self {
            messages,
            spool: spool.without_account_quota(),
        }
    }

    /// Starts the task that serves the local folders of an account.
    pub(super) fn spawn(
        &self,
        account: AccountKey,
        pages: OpenPages,
        budget: Budget,
        closing: CancellationToken,
    ) -> mpsc::Sender<Request> {
        let (changes, seen) = changes::channel_of(&account);
        let worker = LocalMailWorker {
            mail: self.clone(),
            account,
            pages,
            budget,
            changes,
            seen,
            layouts: Layouts::default(),
            undo: UndoTable::default(),
        };
        worker::spawn(worker, closing)
    }

    /// Returns the local folders of an account, with their counts.
    pub(super) async fn folders(&self, account: &AccountKey) -> Result<Vec<Folder>, AccountError> {
        let mut folders = Vec::new();
        for folder in LocalFolder::ALL {
            let counts = self.messages.counts(account, folder).await;
            let counts = counts.map_err(AccountError::store)?;
            folders.push(Folder {
                id: folder.id(),
                name: folder.name().to_owned(),
                depth: 0,
                role: Some(folder.role()),
                is_selectable: true,
                is_pinned: false,
                unread: Some(counts.unread),
                total: Some(counts.total),
            });
        }
        Ok(folders)
    }

    /// Logs how many messages cannot be opened, because their key is missing.
    pub(super) async fn check_keys(&self) -> Result<(), AccountError> {
        let lost = self.messages.count_lost_keys().await;
        let lost = lost.map_err(AccountError::store)?;
        if lost > 0 {
            tracing::error!(
                messages = lost,
                "drafts or sent messages of POP3 accounts cannot be opened: their key is not in \
                 state_dir/key. Put it there as the second line and start again"
            );
        }
        Ok(())
    }

    /// Deletes removed messages whose time for undoing is over.
    pub(super) async fn prune(&self, now_unix_ms: i64) -> Result<u64, AccountError> {
        let before = now_unix_ms.saturating_sub(REMOVED_RETENTION_MS);
        let pruned = self.messages.delete_removed(before).await;
        pruned.map_err(AccountError::store)
    }

    /// Moves the messages of an account from its old key to its new one, after a rotation of the
    /// server key.
    pub(super) async fn change_account(
        &self,
        old: &AccountKey,
        new: &AccountKey,
    ) -> Result<(), AccountError> {
        let moved = self.messages.change_account(old, new).await;
        moved.map_err(AccountError::store)
    }

    /// Seals the files of an account again that are sealed with the key before a rotation. A file
    /// that cannot be read stays as it is.
    pub(super) async fn seal_again(&self, account: &AccountKey) {
        let mut last = String::new();
        loop {
            let batch = match self.messages.after(account, &last).await {
                Ok(batch) => batch,
                Err(error) => {
                    warn!(%error, "messages with the old key could not be looked for");
                    return;
                }
            };
            let Some(end) = batch.last() else { return };
            last = end.id.to_string();
            for message in &batch {
                let name = message.content.as_ref();
                let Some(name) = name.and_then(|(spool, _)| SpoolName::parse(spool)) else {
                    continue;
                };
                let sealed = async {
                    if !self.spool.is_sealed_before_rotation(&name).await? {
                        return Ok(true);
                    }
                    let size_bytes = message.size_bytes;
                    let mut reader = self.spool.read(&name).await?;
                    let mut writer = self.spool.create(account, size_bytes, size_bytes).await?;
                    while let Some(bytes) = reader.next().await? {
                        writer.write(&bytes).await?;
                    }
                    let file = writer.finish().await?;
                    let replaced = self.messages.replace_file(account, message, &file.name);
                    Ok::<_, crate::store::spool::SpoolError>(replaced.await?)
                };
                if let Err(error) = sealed.await {
                    warn!(%error, id = %message.id, "a message stays sealed with the old key");
                }
            }
            self.remove_discarded().await;
        }
    }

    /// Removes files that no message has any more.
    async fn remove_discarded(&self) {
        if let Err(error) = self.spool.remove_discarded().await {
            // The next sweep removes them.
            warn!(%error, "files could not be removed from the spool");
        }
    }
}

/// The task that serves the local folders of one account in one session.
pub(super) struct LocalMailWorker {
    mail: LocalMail,
    account: AccountKey,
    pages: OpenPages,
    budget: Budget,
    /// Counts the changes of any session of the account.
    changes: watch::Sender<u64>,
    seen: watch::Receiver<u64>,
    layouts: Layouts,
    undo: UndoTable<MarkUndo>,
}

/// A session of the account changed a local folder.
pub(super) struct Changed;

impl LocalMailWorker {
    /// Notifies the sessions of the account, this one too.
    fn record_change(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    async fn publish_counts(&self) -> Result<(), AccountError> {
        for folder in self.mail.folders(&self.account).await? {
            self.pages.publish(LiveEvent::Folder {
                account: self.pages.account.clone(),
                folder: folder.id,
                total: folder.total.unwrap_or_default(),
                unread: folder.unread,
                arrived: 0,
            });
        }
        Ok(())
    }

    /// Returns a new id of a change.
    fn new_undo_id() -> Result<UndoId, AccountError> {
        Ok(UndoId(format!(
            "{UNDO_PREFIX}{}",
            super::model::random_id()?
        )))
    }
}

#[async_trait]
impl worker::ConnectedMailstore for LocalMailWorker {
    fn is_open(&self) -> bool {
        false
    }

    fn is_connection_lost(&self, _error: Option<&AccountError>) -> bool {
        false
    }

    fn can_retry(&self, _error: &AccountError) -> bool {
        false
    }

    fn drop_connection(&mut self) {}

    async fn abandon(&mut self) {}
}

#[async_trait]
impl Worker for LocalMailWorker {
    type Event = Changed;
    const IS_CANCELLED_ON_CLOSE: bool = false;

    async fn begin(&mut self) {}

    async fn next_event(&mut self) -> Changed {
        // This worker holds a sender.
        let _ = self.seen.changed().await;
        Changed
    }

    async fn on_event(&mut self, _event: Changed) -> ControlFlow<()> {
        if let Err(error) = self.publish_counts().await {
            debug!(%error, "the counts of the local folders could not be read");
        }
        ControlFlow::Continue(())
    }

    fn before_request(&mut self, _kind: RequestKind) {}

    async fn after_iteration(&mut self) {}

    async fn shut_down(self) {}
}
