//! The outboxes that run in this process, by account: one without any needs a courier.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::domain::AccountKey;

/// Pause between two attempts to file the same copies.
const COPIES_PAUSE: Duration = Duration::from_secs(15 * 60);
/// Maximum number of couriers at once.
const COURIERS_MAX: usize = 16;

/// The outboxes of this process, by account.
#[derive(Debug)]
pub(in crate::account) struct Couriers {
    /// What wakes each outbox.
    live: Mutex<HashMap<AccountKey, Vec<Arc<Notify>>>>,
    /// Accounts that a courier worked for, and when it looks for copies of theirs again.
    paused: Mutex<HashMap<AccountKey, Instant>>,
    /// An outbox ended.
    wake: Notify,
    permits: Arc<Semaphore>,
}

impl Default for Couriers {
    fn default() -> Self {
        Self {
            live: Mutex::default(),
            paused: Mutex::default(),
            wake: Notify::new(),
            permits: Arc::new(Semaphore::new(COURIERS_MAX)),
        }
    }
}

/// Registers an outbox while it runs: no courier is needed for its account.
pub(in crate::account) struct Presence {
    couriers: Arc<Couriers>,
    account: AccountKey,
    wake: Arc<Notify>,
}

impl Couriers {
    /// Registers an outbox; `wake` lets it look for messages that are due.
    pub(in crate::account) fn enter(
        self: &Arc<Self>,
        account: &AccountKey,
        wake: &Arc<Notify>,
    ) -> Presence {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let outboxes = live.entry(account.clone()).or_default();
        outboxes.push(Arc::clone(wake));
        Presence {
            couriers: Arc::clone(self),
            account: account.clone(),
            wake: Arc::clone(wake),
        }
    }

    /// Lets the copies of an account wait that a courier could not file.
    pub(in crate::account) fn pause(&self, account: AccountKey) {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.insert(account, Instant::now() + COPIES_PAUSE);
    }

    /// Whether the copies of an account wait.
    pub(in crate::account) fn is_paused(&self, account: &AccountKey) -> bool {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.retain(|_, until| *until > Instant::now());
        paused.contains_key(account)
    }

    /// Waits until an outbox ends.
    pub(in crate::account) async fn outbox_ended(&self) {
        self.wake.notified().await;
    }

    /// Returns a permit for one more courier; `None` if [`COURIERS_MAX`] run.
    pub(in crate::account) fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Whether an outbox of the account runs.
    pub(in crate::account) fn is_live(&self, account: &AccountKey) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.contains_key(account)
    }

    /// Lets an outbox of the account look for messages that are due: the session that wrote them
    /// may have ended. Returns `false` if none runs.
    pub(in crate::account) fn wake_live(&self, account: &AccountKey) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let outbox = live.get(account).and_then(|outboxes| outboxes.first());
        outbox.inspect(|wake| wake.notify_one()).is_some()
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let couriers = &self.couriers;
        let mut live = couriers.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outboxes) = live.get_mut(&self.account) {
            outboxes.retain(|wake| !Arc::ptr_eq(wake, &self.wake));
            if outboxes.is_empty() {
                live.remove(&self.account);
            }
        }
        drop(live);
        couriers.wake.notify_one();
    }
}
