//! Notifies the sessions of an account, in this process, of changes to its local folders.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::AccountKey;

/// Returns the count of changes to an account's local folders. It is the same one as long as a
/// receiver exists.
pub(super) fn channel_of(account: &AccountKey) -> (watch::Sender<u64>, watch::Receiver<u64>) {
    static CHANNELS: LazyLock<Mutex<HashMap<AccountKey, watch::Sender<u64>>>> =
        LazyLock::new(Mutex::default);
    // No code that holds the lock can panic with the table half changed.
    let mut channels = CHANNELS.lock().unwrap_or_else(PoisonError::into_inner);
    channels.retain(|known, channel| known == account || channel.receiver_count() > 0);
    let channel = channels
        .entry(account.clone())
        .or_insert_with(|| watch::Sender::new(0));
    (channel.clone(), channel.subscribe())
}
