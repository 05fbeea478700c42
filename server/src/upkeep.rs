//! Periodic maintenance, at the start and every 10 s: renews the lease of this process, recovers
//! rows and sessions of processes without a lease, and deletes old entries and files.

use std::time::Duration;

use crate::account::{AccountError, Accounts};
use crate::store::spool::Spool;
use crate::store::{Store, now_unix_ms};

/// The interval between renewals; a lease lasts three intervals.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// Number of renewals between two sweeps: 5 min.
const SWEEP_EVERY: u32 = 30;
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Renews the lease, and recovers the rows and sessions of processes without a lease. Returns the
/// number of messages that can be sent again.
///
/// # Errors
/// [`AccountError::Internal`] if the store cannot be read or written.
pub async fn recover(
    accounts: &Accounts,
    store: &Store,
    now_unix_ms: i64,
) -> Result<u64, AccountError> {
    let freed = accounts.recover(now_unix_ms).await?;
    let orphaned = store.session_delete_orphaned(now_unix_ms).await;
    orphaned.map_err(AccountError::store)?;
    Ok(freed)
}

/// Runs the maintenance until the process ends. Entries of the outbox are kept for
/// `ledger_keep_days`. Calls `wake_outboxes` when messages can be sent again.
pub async fn run(
    accounts: &Accounts,
    store: &Store,
    spool: &Spool,
    ledger_keep_days: u32,
    wake_outboxes: impl Fn(),
) {
    let mut interval = tokio::time::interval(RENEW_EVERY);
    let retention_ms = DAY_MS.saturating_mul(ledger_keep_days.into());
    for round in 0_u32.. {
        interval.tick().await;
        let now = now_unix_ms();
        match recover(accounts, store, now).await {
            Ok(0) => {}
            Ok(_) => wake_outboxes(),
            Err(error) => {
                tracing::error!(%error, "the lease of this process could not be renewed");
            }
        }
        if !round.is_multiple_of(SWEEP_EVERY) {
            continue;
        }
        match accounts.prune(now, retention_ms).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "old entries of the outbox were deleted"),
            Err(error) => tracing::error!(%error, "old entries could not be deleted"),
        }
        if let Err(error) = store.posted_form_prune(now).await {
            tracing::error!(%error, "posted forms could not be deleted");
        }
        if let Err(error) = spool.sweep(now).await {
            tracing::error!(%error, "the spool could not be swept");
        }
    }
}
