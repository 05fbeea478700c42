//! Leases of processes: several may serve over one database, and each owns rows and files.
//!
//! What a process owns is its own while its lease lasts. A process that lost its lease, because it
//! stopped or was suspended, loses its rows to others: every write names the owner.

use super::{Store, StoreError};

/// How long a lease lasts that is not renewed.
pub const LEASE_MS: i64 = 30_000;

/// The owners with a lease at the time `$now`, as a condition on a column `owner`.
macro_rules! owner_is_gone {
    ($now:literal) => {
        concat!(
            "owner NOT IN (SELECT owner FROM process WHERE lease_until_unix_ms > ",
            $now,
            ")"
        )
    };
}
pub(crate) use owner_is_gone;

impl Store {
    /// Names this process as an owner.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    /// Takes or renews the lease of this process, and forgets leases that have been over for long.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn lease_renew(&self, now_unix_ms: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO process (owner, lease_until_unix_ms) VALUES ($1, $2) \
             ON CONFLICT (owner) DO UPDATE SET lease_until_unix_ms = $2",
        )
        .bind(self.owner())
        .bind(now_unix_ms.saturating_add(LEASE_MS))
        .execute(self.pool())
        .await?;
        sqlx::query("DELETE FROM process WHERE lease_until_unix_ms < $1")
            .bind(now_unix_ms.saturating_sub(LEASE_MS))
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Gives the lease up, when the process stops: its rows are free for the next one at once.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn lease_release(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM process WHERE owner = $1")
            .bind(self.owner())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Deletes the sessions of processes that are gone: passwords live in memory only, so nothing
    /// can be done with these.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn session_delete_orphaned(&self, now_unix_ms: i64) -> Result<u64, StoreError> {
        let query = sqlx::query(concat!(
            "DELETE FROM session WHERE owner IS NULL OR ",
            owner_is_gone!("$1")
        ));
        let done = query.bind(now_unix_ms).execute(self.pool()).await?;
        Ok(done.rows_affected())
    }
}
