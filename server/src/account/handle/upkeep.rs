//! Maintenance of what the accounts have in the store: at startup, and periodically.

use super::Accounts;
use crate::account::error::AccountError;
use crate::store::outbox::REMOVED_RETENTION_MS;

impl Accounts {
    /// Migrates the outbox of an earlier version, and sets aside rows whose key is lost. Must be
    /// called once, before the spool is swept.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read or written.
    pub async fn convert(&self) -> Result<(), AccountError> {
        let convert = async {
            let lost = self.ledger.outbox_check_keys().await?;
            self.ledger.outbox_convert().await?;
            Ok(lost)
        };
        let lost = convert.await.map_err(AccountError::store)?;
        if lost > 0 {
            tracing::error!(
                rows = lost,
                "messages in the outbox cannot be opened: their key is not in state_dir/key. Put it \
                 there as the second line and start again, or they are deleted after \
                 ledger_keep_days"
            );
        }
        self.local_mail.check_keys().await
    }

    /// Renews the lease of this process, and releases rows of processes that ended. Must be called
    /// at startup and then at least every [`LEASE_MS`](crate::store::process::LEASE_MS). Returns
    /// how many rows were released.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read or written.
    pub async fn recover(&self, now_unix_ms: i64) -> Result<u64, AccountError> {
        let recover = async {
            self.store.lease_renew(now_unix_ms).await?;
            self.ledger.outbox_recover(now_unix_ms).await
        };
        recover.await.map_err(AccountError::store)
    }

    /// Deletes rows of the outbox and the ledger that have not changed for `keep_ms`, and messages
    /// of local folders that were removed.
    ///
    /// # Errors
    /// [`AccountError::Internal`] if the store cannot be read or written.
    pub async fn prune(&self, now_unix_ms: i64, keep_ms: i64) -> Result<u64, AccountError> {
        let before = now_unix_ms.saturating_sub(keep_ms);
        let pruned = self
            .ledger
            .outbox_prune(before, now_unix_ms.saturating_sub(REMOVED_RETENTION_MS))
            .await;
        let pruned = pruned.map_err(AccountError::store)?;
        let forms = self.ledger.form_prune(before).await;
        forms.map_err(AccountError::store)?;
        Ok(pruned.saturating_add(self.local_mail.prune(now_unix_ms).await?))
    }
}
