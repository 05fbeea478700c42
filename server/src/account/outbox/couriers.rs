//! Couriers: outboxes that send the messages of accounts without a live session, with the sign-in
//! that was stored for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::account::handle::Accounts;
use crate::account::model::{SignIn, now_unix_ms};
use crate::domain::AccountKey;
use crate::store::StoreError;

/// Maximum number of couriers at once.
const COURIERS_MAX: usize = 16;
/// The store is asked at least this often for messages that are due: another process may have left
/// them.
const POLL_INTERVAL: Duration = Duration::from_secs(30);
/// Minimum pause between two queries.
const PAUSE_MIN: Duration = Duration::from_millis(500);

/// The outboxes of this process, by account.
#[derive(Debug)]
pub(in crate::account) struct Couriers {
    live: Mutex<HashMap<AccountKey, usize>>,
    /// An outbox ended, or a message is due.
    wake: Notify,
    permits: Arc<Semaphore>,
}

impl Default for Couriers {
    fn default() -> Self {
        Self {
            live: Mutex::default(),
            wake: Notify::new(),
            permits: Arc::new(Semaphore::new(COURIERS_MAX)),
        }
    }
}

/// Registers an outbox while it runs: no courier is needed for its account.
pub(in crate::account) struct Presence {
    couriers: Arc<Couriers>,
    account: AccountKey,
}

impl Couriers {
    /// Registers an outbox.
    pub(in crate::account) fn enter(self: &Arc<Self>, account: &AccountKey) -> Presence {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let count = live.entry(account.clone()).or_default();
        *count = count.saturating_add(1);
        Presence {
            couriers: Arc::clone(self),
            account: account.clone(),
        }
    }

    fn is_live(&self, account: &AccountKey) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.contains_key(account)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let couriers = &self.couriers;
        let mut live = couriers.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = live.get_mut(&self.account) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                live.remove(&self.account);
            }
        }
        drop(live);
        couriers.wake.notify_one();
    }
}

impl Accounts {
    /// Sends the messages of accounts without a live session in this process when they are due,
    /// until `shutdown`. Sign-ins that no message needs any more are deleted.
    pub async fn run_couriers(&self, shutdown: CancellationToken) {
        loop {
            let pause = match self.start_couriers(&shutdown).await {
                Ok(pause) => pause,
                Err(error) => {
                    warn!(%error, "messages of ended sessions could not be looked for");
                    POLL_INTERVAL
                }
            };
            tokio::select! {
                () = self.couriers().wake.notified() => {}
                () = sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Starts a courier for each account that needs one. Returns the pause until the next query.
    async fn start_couriers(&self, shutdown: &CancellationToken) -> Result<Duration, StoreError> {
        let ledger = self.ledger();
        ledger.delegated_delete_unneeded().await?;
        let mut is_any_skipped = false;
        for account in ledger.delegated_due(now_unix_ms()).await? {
            if self.couriers().is_live(&account) {
                continue;
            }
            let Ok(permit) = Arc::clone(&self.couriers().permits).try_acquire_owned() else {
                // The courier that ends next wakes this task.
                is_any_skipped = true;
                break;
            };
            let Some(stored) = ledger.delegated_sign_in(&account).await? else {
                continue;
            };
            let presence = self.couriers().enter(&account);
            let closing = shutdown.child_token();
            let sign_in = SignIn::of_stored(stored);
            let outbox = self.courier(account, sign_in, closing.clone());
            info!(account = %outbox.key.id(), "messages of an ended session are sent");
            tokio::spawn(async move {
                outbox.run_once().await;
                // Ends the mailbox that it opened.
                closing.cancel();
                drop((presence, permit));
            });
        }
        if is_any_skipped {
            return Ok(POLL_INTERVAL);
        }
        let due = ledger.delegated_next_due().await?;
        let pause = due.map_or(POLL_INTERVAL, |due| {
            let ms = due.saturating_sub(now_unix_ms()).max(0);
            Duration::from_millis(u64::try_from(ms).unwrap_or_default())
        });
        Ok(pause.clamp(PAUSE_MIN, POLL_INTERVAL))
    }
}
