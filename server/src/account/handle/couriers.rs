//! Couriers: outboxes that send the messages of accounts without a live session, with the sign-in
//! that was stored for them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Accounts;
use crate::account::dependencies::Dependencies;
use crate::account::model::{SignIn, now_unix_ms};
use crate::account::open_pages::OpenPages;
use crate::account::outbox::{OnDemand, Outbox, OutboxMailbox};
use crate::domain::AccountKey;
use crate::store::StoreError;

/// The store is asked at least this often for messages that are due: another process may have left
/// them.
const POLL_INTERVAL: Duration = Duration::from_secs(30);
/// Minimum pause between two queries.
const PAUSE_MIN: Duration = Duration::from_millis(500);

impl Accounts {
    /// Sends the messages of accounts without a live session in this process when they are due,
    /// until `shutdown`; the outbox of a live session is woken for those of another session that
    /// ended. Sign-ins that no message needs any more are deleted.
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
                () = self.couriers.outbox_ended() => {}
                () = sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Starts a courier for each account that needs one. Returns the pause until the next query.
    async fn start_couriers(&self, shutdown: &CancellationToken) -> Result<Duration, StoreError> {
        let ledger = &self.ledger;
        ledger.delegated_delete_unneeded().await?;
        let now = now_unix_ms();
        let mut accounts = ledger.delegated_due(now).await?;
        let mut unfiled = ledger.delegated_unfiled().await?;
        unfiled.retain(|account| {
            let is_served = accounts.contains(account) || self.couriers.is_live(account);
            !is_served && !self.couriers.is_paused(account)
        });
        accounts.append(&mut unfiled);
        for account in accounts {
            if self.couriers.wake_live(&account) {
                continue;
            }
            let Some(permit) = self.couriers.permit() else {
                // The courier that ends next wakes this task.
                return Ok(POLL_INTERVAL);
            };
            let Some(stored) = ledger.delegated_sign_in(&account).await? else {
                continue;
            };
            let closing = shutdown.child_token();
            let sign_in = SignIn::of_stored(stored);
            let outbox = self.courier(account, sign_in, closing.clone());
            let presence = self.couriers.enter(&outbox.key, &outbox.wake);
            info!(account = %outbox.key.id(), "messages of an ended session are sent");
            let couriers = Arc::clone(&self.couriers);
            tokio::spawn(async move {
                outbox.run_once().await;
                if outbox.mailbox.is_password_refused() {
                    outbox.await_sign_in().await;
                }
                // Copies that could not be filed now are tried again later.
                couriers.pause(outbox.key.clone());
                // Ends the mailbox that it opened.
                closing.cancel();
                drop((presence, permit));
            });
        }
        // What is due already is sent now, by a courier or by the outbox of a session; a courier
        // that ends wakes this task.
        let due = ledger.delegated_next_due(now).await?;
        let pause = due.map_or(POLL_INTERVAL, |due| {
            let ms = due.saturating_sub(now);
            Duration::from_millis(u64::try_from(ms).unwrap_or_default())
        });
        Ok(pause.clamp(PAUSE_MIN, POLL_INTERVAL))
    }
}

impl Accounts {
    /// Creates an outbox, which is not running yet.
    pub(super) fn outbox(
        &self,
        key: AccountKey,
        sign_in: SignIn,
        pages: OpenPages,
        mailbox: OutboxMailbox,
        closing: CancellationToken,
    ) -> Arc<Outbox> {
        Arc::new(Outbox {
            key,
            ledger: self.ledger.clone(),
            spool: self.spool.clone(),
            dialer: Arc::clone(&self.dialer),
            sign_in,
            pages,
            mailbox,
            wake: Arc::default(),
            writing: Notify::new(),
            prepared: Arc::clone(&self.prepared),
            server: Mutex::default(),
            closing,
            deleted_drafts: Mutex::default(),
        })
    }

    /// Returns the outbox of an account without a session, which runs until `closing`.
    fn courier(&self, key: AccountKey, sign_in: SignIn, closing: CancellationToken) -> Arc<Outbox> {
        let pages = OpenPages::new(key.id());
        let dependencies = Dependencies {
            key: key.clone(),
            dialer: Arc::clone(&self.dialer),
            client: None,
            pages: pages.clone(),
            closing: closing.clone(),
            store: self.store.clone(),
            local_mail: self.local_mail.clone(),
            budget: self.memory.clone(),
        };
        let mailbox = OutboxMailbox::OnDemand(Box::new(OnDemand {
            sign_in: sign_in.clone(),
            dependencies,
            opened: OnceCell::new(),
            local: OnceCell::new(),
        }));
        self.outbox(key, sign_in, pages, mailbox, closing)
    }
}
