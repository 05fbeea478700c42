//! Leases of processes: several processes may share one database, and each owns rows and files.
//!
//! A process owns its rows and files while its lease lasts. A process whose lease expired, because
//! it stopped or was suspended, loses its rows to others: every write checks the owner.

use super::{Store, StoreError};

/// Duration of a lease without renewal, in milliseconds.
pub const LEASE_MS: i64 = 30_000;

/// The SQL condition that the `owner` column names a process without a lease at the time `$now`.
macro_rules! owner_has_no_lease {
    ($now:literal) => {
        concat!(
            "owner NOT IN (SELECT owner FROM process WHERE lease_until_unix_ms > ",
            $now,
            ")"
        )
    };
}
pub(crate) use owner_has_no_lease;

impl Store {
    /// Returns the owner name of this process.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    /// Takes or renews the lease of this process, and deletes leases that expired more than
    /// [`LEASE_MS`] ago.
    ///
    /// # Errors
    /// If the database cannot be written.
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

    /// Releases the lease when the process stops, so that the next process can take its rows at
    /// once.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn lease_release(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM process WHERE owner = $1")
            .bind(self.owner())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Deletes the sessions of processes without a lease: their passwords were in memory only, so
    /// the sessions are unusable.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn session_delete_orphaned(&self, now_unix_ms: i64) -> Result<u64, StoreError> {
        let query = sqlx::query(concat!(
            "DELETE FROM session WHERE owner IS NULL OR ",
            owner_has_no_lease!("$1")
        ));
        let done = query.bind(now_unix_ms).execute(self.pool()).await?;
        Ok(done.rows_affected())
    }
}
