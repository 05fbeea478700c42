//! Flash messages: shown once, on the next page of a session.

use super::sessions::RowKey;
use super::{Store, StoreError};

impl Store {
    /// Stores a sealed flash, replacing an older one. Does nothing if the session does not exist.
    pub async fn flash_put(&self, key: &RowKey, sealed: &[u8]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO flash (row_key, sealed) \
             SELECT row_key, $2 FROM session WHERE row_key = $1 \
             ON CONFLICT (row_key) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(key.as_str())
        .bind(sealed)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Removes and returns the flash, so that it is shown once.
    pub async fn flash_take(&self, key: &RowKey) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query_scalar("DELETE FROM flash WHERE row_key = $1 RETURNING sealed");
        Ok(query.bind(key.as_str()).fetch_optional(self.pool()).await?)
    }
}
