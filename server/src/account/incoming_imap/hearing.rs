//! Notifies the account's other connections in this process, of the same session and of other
//! sessions, of a change that one connection made. Each session's page receives its own events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use app::api::live::LiveEvent;
use mail_net::Phase;
use mail_proto::imap::{Command, Mailbox, StatusItem};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::super::error::AccountError;
use super::imap_worker::{ImapWorker, ImapWorkerKind};
use super::selected::ImapConnection;
use crate::clients::imap::MailboxState as _;
use crate::domain::AccountKey;

/// Capacity of the channel: how many changes a busy connection may lag behind.
const CHANGES: usize = 32;
/// Maximum number of mailboxes that wait to be checked; beyond it, the page reloads everything.
const LOOKS_MAX: usize = 16;

/// A mailbox that was changed.
#[derive(Debug, Clone)]
pub(super) struct FolderChange {
    /// The worker that made the change.
    by: LinkId,
    mailbox: Mailbox,
}

/// Identifies a worker in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinkId(u64);

impl LinkId {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Returns the channel for the changes of an account's workers. It is the same channel as long as
/// one receiver exists.
pub(super) fn channel_of(
    account: &AccountKey,
) -> (
    broadcast::Sender<FolderChange>,
    broadcast::Receiver<FolderChange>,
) {
    static CHANNELS: LazyLock<Mutex<HashMap<AccountKey, broadcast::Sender<FolderChange>>>> =
        LazyLock::new(Mutex::default);
    // No code that holds the lock can panic with the table half changed.
    let mut channels = CHANNELS.lock().unwrap_or_else(PoisonError::into_inner);
    channels.retain(|known, channel| known == account || channel.receiver_count() > 0);
    let channel = channels
        .entry(account.clone())
        .or_insert_with(|| broadcast::channel(CHANGES).0);
    (channel.clone(), channel.subscribe())
}

impl ImapWorker {
    /// Notifies the account's other workers that a mailbox changed.
    pub(super) fn changed(&mut self, mailbox: &Mailbox) {
        let change = FolderChange {
            by: self.id,
            mailbox: mailbox.clone(),
        };
        // No other worker is not an error.
        let _ = self.shared.changes.send(change);
        // For the mailbox that this worker has selected, the server's own responses report the
        // change.
        if !self.has_selected(mailbox) {
            self.look_for_tabs(mailbox);
        }
    }

    /// Handles a change that another worker reports.
    pub(super) fn hear(&mut self, change: Result<FolderChange, RecvError>) {
        match change {
            Ok(change) if change.by == self.id => {}
            Ok(change) if self.has_selected(&change.mailbox) => self.look_later(change.mailbox),
            Ok(change) => self.look_for_tabs(&change.mailbox),
            Err(_) if self.kind == ImapWorkerKind::Inbox => self.shared.tell(LiveEvent::Resync),
            Err(_) => {}
        }
    }

    /// Schedules a check for the session's tabs by exactly one worker: the one that has the mailbox
    /// selected, else INBOX's.
    fn look_for_tabs(&mut self, mailbox: &Mailbox) {
        if self.kind == ImapWorkerKind::Inbox && !self.shared.is_selected_by_other(mailbox) {
            self.shared.forget_counts(mailbox);
            self.look_later(mailbox.clone());
        }
    }

    fn look_later(&mut self, mailbox: Mailbox) {
        if self.to_look.contains(&mailbox) {
            return;
        }
        if self.to_look.len() >= LOOKS_MAX {
            self.to_look.clear();
            self.shared.tell(LiveEvent::Resync);
        }
        self.to_look.push(mailbox);
    }

    pub(super) fn has_selected(&self, mailbox: &Mailbox) -> bool {
        let selected = self.open_connection().and_then(ImapConnection::selected);
        selected.is_some_and(|selected| selected.mailbox() == mailbox)
    }

    /// Makes the server report the changes in the scheduled mailboxes, and notifies the tabs.
    pub(super) async fn look(&mut self) -> Result<(), AccountError> {
        let mut mailboxes = std::mem::take(&mut self.to_look);
        let before = mailboxes.len();
        mailboxes.retain(|mailbox| !self.has_selected(mailbox));
        let mut commands = Vec::new();
        if mailboxes.len() < before {
            commands.push(Command::Noop);
        }
        if self.shared.is_watched() {
            commands.extend(mailboxes.into_iter().map(|mailbox| Command::Status {
                mailbox,
                items: vec![StatusItem::Messages, StatusItem::Unseen],
            }));
        }
        if commands.is_empty() {
            return Ok(());
        }
        let connection = self.connection().await?;
        let answer = connection.run_raw(commands, Phase::LongCommand).await?;
        for status in &answer.statuses {
            self.shared.tell_counts(status);
        }
        self.after_talk();
        Ok(())
    }
}
