//! The names and addresses that an account sends as: one sealed list per account.

use super::records::{read_identities, write_identities};
use super::seal::{Purpose, Sealer};
use super::{Store, StoreError};
use crate::domain::{AccountKey, Identity};

impl Store {
    /// Returns the identities of an account, and the version of their row for
    /// [`identities_set`](Self::identities_set). A list that cannot be opened (key lost, damaged) is
    /// logged and left out; the next change replaces it.
    pub(crate) async fn identities(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
    ) -> Result<(Vec<Identity>, i64), StoreError> {
        let row: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT version, sealed FROM identities WHERE account_key = $1")
                .bind(&account.0)
                .fetch_optional(self.pool())
                .await?;
        let Some((version, sealed)) = row else {
            return Ok((Vec::new(), 0));
        };
        let record = sealer.open_sealed(Purpose::Identities, account.0.as_bytes(), &sealed);
        let identities = record.ok().and_then(|json| read_identities(&json).ok());
        if identities.is_none() {
            tracing::warn!("the identities of an account cannot be read");
        }
        Ok((identities.unwrap_or_default(), version))
    }

    /// Replaces the identities of an account. `false`, and nothing is changed, if their row does
    /// not have this version any more.
    pub(crate) async fn identities_set(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
        identities: &[Identity],
        version: i64,
    ) -> Result<bool, StoreError> {
        let record = write_identities(identities);
        let sealed = sealer.seal(Purpose::Identities, account.0.as_bytes(), &record)?;
        let done = sqlx::query(
            "INSERT INTO identities (account_key, version, sealed) VALUES ($1, 1, $2) \
             ON CONFLICT (account_key) DO UPDATE SET version = version + 1, \
             sealed = excluded.sealed WHERE identities.version = $3",
        )
        .bind(&account.0)
        .bind(sealed)
        .bind(version)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Moves the identities of an account from its old key to its new one and seals them again. If
    /// there are some under the new key, these stay.
    pub(super) async fn identities_change_account(
        &self,
        sealer: &Sealer,
        old: &AccountKey,
        new: &AccountKey,
    ) -> Result<(), StoreError> {
        let (identities, _) = self.identities(sealer, old).await?;
        let (_, version) = self.identities(sealer, new).await?;
        if version == 0 && !identities.is_empty() {
            self.identities_set(sealer, new, &identities, 0).await?;
        }
        sqlx::query("DELETE FROM identities WHERE account_key = $1")
            .bind(&old.0)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
