//! Rows of sessions. Their records are sealed by the caller.

use super::{Store, StoreError};

/// The key of a session's rows: a hash of the session id, which only the browser has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey(String);

impl RowKey {
    /// Wraps the hash in text form.
    pub(crate) fn new(hash: String) -> Self {
        Self(hash)
    }

    /// Returns the key as stored in the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name that the tabs of a session share. It grants no access.
    pub fn live_name(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl Store {
    /// Adds a session; `false` if the key exists.
    pub async fn session_create(
        &self,
        key: &RowKey,
        record: &[u8],
        now: i64,
        expires_at: i64,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO session (row_key, record, created_at, expires_at, owner) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (row_key) DO NOTHING",
        )
        .bind(key.as_str())
        .bind(record)
        .bind(now)
        .bind(expires_at)
        .bind(self.owner())
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Replaces a session's record and its expiry time. Does nothing if the session was deleted.
    pub async fn session_save(
        &self,
        key: &RowKey,
        record: &[u8],
        expires_at: i64,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE session SET record = $2, expires_at = $3 WHERE row_key = $1")
            .bind(key.as_str())
            .bind(record)
            .bind(expires_at)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Returns the record of a session that has not expired.
    pub async fn session_load(
        &self,
        key: &RowKey,
        now: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let query = "SELECT record FROM session WHERE row_key = $1 AND expires_at > $2";
        let row = sqlx::query_scalar(query).bind(key.as_str()).bind(now);
        Ok(row.fetch_optional(self.pool()).await?)
    }

    /// Ends a session.
    pub async fn session_delete(&self, key: &RowKey) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM session WHERE row_key = $1").bind(key.as_str());
        query.execute(self.pool()).await?;
        Ok(())
    }

    /// Deletes the expired sessions.
    pub async fn session_delete_expired(&self, now: i64) -> Result<u64, StoreError> {
        let query = sqlx::query("DELETE FROM session WHERE expires_at <= $1").bind(now);
        Ok(query.execute(self.pool()).await?.rows_affected())
    }
}
