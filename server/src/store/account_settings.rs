//! What a user chose for an account.

use super::{Store, StoreError};
use crate::domain::AccountKey;

impl Store {
    /// Returns for how many seconds the messages of an account are held before they are sent;
    /// `None` if its user chose no time.
    pub(crate) async fn undo_send_secs(
        &self,
        account: &AccountKey,
    ) -> Result<Option<u32>, StoreError> {
        let found: Option<(Option<i64>,)> =
            sqlx::query_as("SELECT undo_send_secs FROM account_setting WHERE account_key = $1")
                .bind(&account.0)
                .fetch_optional(self.pool())
                .await?;
        Ok(found.and_then(|(secs,)| u32::try_from(secs?).ok()))
    }

    /// Sets for how many seconds the messages of an account are held before they are sent.
    pub(crate) async fn set_undo_send_secs(
        &self,
        account: &AccountKey,
        secs: u32,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO account_setting (account_key, undo_send_secs) VALUES ($1, $2) \
             ON CONFLICT (account_key) DO UPDATE SET undo_send_secs = $2",
        )
        .bind(&account.0)
        .bind(i64::from(secs))
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
