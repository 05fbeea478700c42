//! The channel over which the workers of an account, of all sessions in this process, report the
//! mailboxes that they changed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use mail_proto::imap::Mailbox;
use tokio::sync::broadcast;

use crate::domain::AccountKey;

/// Capacity of the channel: how many changes a busy connection may lag behind.
const CHANNEL_CAPACITY: usize = 32;
/// A mailbox that was changed.
#[derive(Debug, Clone)]
pub(super) struct FolderChange {
    /// The worker that made the change.
    pub(super) worker_id: WorkerId,
    pub(super) mailbox: Mailbox,
}

/// Identifies a worker in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WorkerId(u64);

impl WorkerId {
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
        .or_insert_with(|| broadcast::channel(CHANNEL_CAPACITY).0);
    (channel.clone(), channel.subscribe())
}
