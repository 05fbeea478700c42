//! The table of the spool's files: the owner of each, and its share of the quota.

use super::{SpoolError, SpoolLimits, SpoolName};
use crate::domain::AccountKey;
use crate::store::process::owner_has_no_lease;
use crate::store::{Store, StoreError};

/// Owner of files that are not needed any more: the next sweep removes those that still exist.
pub(crate) const DISCARDED: &str = "discarded";

/// Owner of the files of local folders, which have quotas of their own. Its lease does not end.
pub(crate) const LOCAL: &str = "local";

/// Minimum cost of a file, in bytes: its block, and its entries in folder and table.
const FILE_MIN_BYTES: u64 = 4096;

/// Returns the disk space of a file of `size_bytes`, including the tags of its chunks.
pub(super) fn cost(size_bytes: u64) -> i64 {
    let tags = size_bytes / 4096;
    let cost = size_bytes
        .saturating_add(tags)
        .saturating_add(FILE_MIN_BYTES);
    i64::try_from(cost).unwrap_or(i64::MAX)
}

fn limit(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl Store {
    /// Inserts a file of this process before it is created, if the quotas allow it.
    pub(super) async fn spool_reserve(
        &self,
        name: &SpoolName,
        account: &AccountKey,
        bytes: i64,
        limits: SpoolLimits,
    ) -> Result<(), SpoolError> {
        const RESERVE: &str = "INSERT INTO spool_file (name, account_key, reserved_bytes, owner) \
             SELECT $1, $2, $3, $4 WHERE \
             (SELECT COALESCE(SUM(reserved_bytes), 0) FROM spool_file \
               WHERE account_key = $2 AND COALESCE(owner, '') <> 'local') + $3 <= $5 \
             AND (SELECT COALESCE(SUM(reserved_bytes), 0) FROM spool_file \
               WHERE COALESCE(owner, '') <> 'local') + $3 <= $6";
        match self
            .spool_run_reservation(RESERVE, name, account, bytes, limits)
            .await?
        {
            0 => Err(self.no_room(account, bytes, limits).await?),
            _ => Ok(()),
        }
    }

    /// Raises the reservation of a file of this process, if the quotas allow it.
    pub(super) async fn spool_grow(
        &self,
        name: &SpoolName,
        account: &AccountKey,
        bytes: i64,
        limits: SpoolLimits,
    ) -> Result<(), SpoolError> {
        const GROW: &str = "UPDATE spool_file SET reserved_bytes = $3 WHERE name = $1 AND owner = $4 AND \
             (SELECT COALESCE(SUM(reserved_bytes), 0) FROM spool_file \
               WHERE account_key = $2 AND name <> $1 AND COALESCE(owner, '') <> 'local') + $3 \
               <= $5 \
             AND (SELECT COALESCE(SUM(reserved_bytes), 0) FROM spool_file \
               WHERE name <> $1 AND COALESCE(owner, '') <> 'local') + $3 <= $6";
        match self
            .spool_run_reservation(GROW, name, account, bytes, limits)
            .await?
        {
            0 => Err(self.no_room(account, 0, limits).await?),
            _ => Ok(()),
        }
    }

    /// Runs a statement that reserves space within the quotas. Returns the number of changed rows:
    /// 0 if a quota is used up.
    async fn spool_run_reservation(
        &self,
        statement: &'static str,
        name: &SpoolName,
        account: &AccountKey,
        bytes: i64,
        limits: SpoolLimits,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(statement)
            .bind(name.as_str())
            .bind(&account.0)
            .bind(bytes)
            .bind(self.owner())
            .bind(limit(limits.account_max_bytes))
            .bind(limit(limits.max_bytes))
            .execute(self.pool())
            .await
            .map_err(StoreError::from)?;
        Ok(done.rows_affected())
    }

    /// Returns the error of the quota that is used up.
    async fn no_room(
        &self,
        account: &AccountKey,
        bytes: i64,
        limits: SpoolLimits,
    ) -> Result<SpoolError, StoreError> {
        let (used,): (i64,) = sqlx::query_as(
            "SELECT COALESCE(SUM(reserved_bytes), 0) FROM spool_file \
             WHERE account_key = $1 AND COALESCE(owner, '') <> 'local'",
        )
        .bind(&account.0)
        .fetch_one(self.pool())
        .await?;
        let is_accounts =
            used.saturating_add(bytes) > limit(limits.account_max_bytes) || bytes == 0;
        Ok(if is_accounts {
            SpoolError::AccountFull {
                max_bytes: limits.account_max_bytes,
            }
        } else {
            SpoolError::ServerFull("spool_max_bytes is reached".to_owned())
        })
    }

    /// Records the final size of a complete file of this process.
    pub(super) async fn spool_record_size(
        &self,
        name: &SpoolName,
        bytes: i64,
    ) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE spool_file SET reserved_bytes = $1 WHERE name = $2 AND owner = $3")
                .bind(bytes)
                .bind(name.as_str())
                .bind(self.owner())
                .execute(self.pool())
                .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Marks a file of this process as discarded. `false`: a row owns the file by now, or it does
    /// not exist.
    pub(super) async fn spool_discard(&self, name: &SpoolName) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE spool_file SET owner = $1 WHERE name = $2 AND owner = $3")
            .bind(DISCARDED)
            .bind(name.as_str())
            .bind(self.owner())
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Discards the files without an owner: those of processes without a lease, and of deleted
    /// rows.
    pub(super) async fn spool_discard_orphans(&self, now_unix_ms: i64) -> Result<(), StoreError> {
        let query = sqlx::query(concat!(
            "UPDATE spool_file SET owner = $2, outbox_id = NULL WHERE owner IS NOT NULL AND ",
            owner_has_no_lease!("$1"),
            " OR outbox_id IS NOT NULL AND outbox_id NOT IN (SELECT id FROM outbox)",
            " OR owner = 'local' AND name NOT IN (SELECT spool FROM local_message)"
        ));
        let query = query.bind(now_unix_ms).bind(DISCARDED);
        query.execute(self.pool()).await?;
        Ok(())
    }

    /// Returns up to 1000 discarded files.
    pub(super) async fn spool_discarded(&self) -> Result<Vec<SpoolName>, StoreError> {
        let names: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM spool_file WHERE owner = $1 LIMIT 1000")
                .bind(DISCARDED)
                .fetch_all(self.pool())
                .await?;
        let names = names.iter().filter_map(|(name,)| SpoolName::parse(name));
        Ok(names.collect())
    }

    /// Deletes the table row of a removed file.
    pub(super) async fn spool_delete(&self, name: &SpoolName) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM spool_file WHERE name = $1 AND owner = $2")
            .bind(name.as_str())
            .bind(DISCARDED)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Returns whether a file is in the table.
    pub(super) async fn spool_contains(&self, name: &SpoolName) -> Result<bool, StoreError> {
        let found: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM spool_file WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(self.pool())
            .await?;
        Ok(found.is_some())
    }
}
