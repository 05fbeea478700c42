//! Delegated sign-ins: the credentials of accounts whose messages leave without a session.
//!
//! A row exists only while a message of its account needs it: one that waits or is being sent, or
//! whose copy is not filed in Sent yet. It is written in the transaction that inserts the message.

use super::outbox::Ledger;
use super::records::{self, v2};
use super::seal::{Purpose, SealError};
use super::{Connection, StoreError};
use crate::domain::{AccountKey, StoredSignIn};

/// Maximum number of accounts that one query returns.
const DUE_MAX: i64 = 64;

/// The SQL condition that a message of the account `$account` needs its sign-in.
macro_rules! is_needed {
    ($account:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM outbox WHERE outbox.account_key = ",
            $account,
            " AND is_damaged = 0 AND removed_unix_ms IS NULL AND \
           (state = 'waiting' AND needs_sign_in = 0 OR state IN ('sending', 'committing') \
            OR state = 'result' AND is_copy_due = 1 AND spool IS NOT NULL))"
        )
    };
}

impl Ledger {
    /// Stores the sign-in of an account, in the transaction that inserts its message.
    pub(super) async fn delegate(
        &self,
        transaction: &mut Connection,
        account: &AccountKey,
        sign_in: &StoredSignIn,
        now_unix_ms: i64,
    ) -> Result<(), StoreError> {
        let sealed = self.seal_sign_in(account, sign_in)?;
        sqlx::query(
            "INSERT INTO delegated_sign_in (account_key, sealed, changed_unix_ms) \
             VALUES ($1, $2, $3) ON CONFLICT (account_key) \
             DO UPDATE SET sealed = $2, changed_unix_ms = $3",
        )
        .bind(&account.0)
        .bind(sealed)
        .bind(now_unix_ms)
        .execute(transaction)
        .await?;
        Ok(())
    }

    /// Stores the sign-in of an account if a message needs it.
    pub(crate) async fn delegate_if_needed(
        &self,
        account: &AccountKey,
        sign_in: &StoredSignIn,
        now_unix_ms: i64,
    ) -> Result<(), StoreError> {
        let sealed = self.seal_sign_in(account, sign_in)?;
        sqlx::query(concat!(
            "INSERT INTO delegated_sign_in (account_key, sealed, changed_unix_ms) \
             SELECT $1, $2, $3 WHERE ",
            is_needed!("$1"),
            " ON CONFLICT (account_key) DO UPDATE SET sealed = $2, changed_unix_ms = $3"
        ))
        .bind(&account.0)
        .bind(sealed)
        .bind(now_unix_ms)
        .execute(self.store().pool())
        .await?;
        Ok(())
    }

    fn seal_sign_in(
        &self,
        account: &AccountKey,
        sign_in: &StoredSignIn,
    ) -> Result<Vec<u8>, StoreError> {
        let record = v2::SignIn::from(sign_in);
        let json = serde_json::to_vec(&record).map_err(|_| SealError::Unopenable)?;
        let json = zeroize::Zeroizing::new(json);
        let aad = account.0.as_bytes();
        Ok(self.sealer().seal(Purpose::Delegated, aad, &json)?)
    }

    /// Returns the sign-in of an account. One that cannot be opened (key lost, damaged) is deleted:
    /// the messages wait for the next sign-in.
    pub(crate) async fn delegated_sign_in(
        &self,
        account: &AccountKey,
    ) -> Result<Option<StoredSignIn>, StoreError> {
        let row: Option<(Vec<u8>,)> =
            sqlx::query_as("SELECT sealed FROM delegated_sign_in WHERE account_key = $1")
                .bind(&account.0)
                .fetch_optional(self.store().pool())
                .await?;
        let Some((sealed,)) = row else {
            return Ok(None);
        };
        let aad = account.0.as_bytes();
        let opened = self.sealer().open_sealed(Purpose::Delegated, aad, &sealed);
        let read = opened.map(|json| records::read_sign_in(&json));
        let Ok(Ok(sign_in)) = read else {
            tracing::warn!("a stored sign-in cannot be opened: messages wait for the next sign-in");
            self.delegated_delete(account).await?;
            return Ok(None);
        };
        Ok(Some(sign_in))
    }

    /// Deletes the sign-in of an account.
    pub(crate) async fn delegated_delete(&self, account: &AccountKey) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM delegated_sign_in WHERE account_key = $1")
            .bind(&account.0)
            .execute(self.store().pool())
            .await?;
        Ok(())
    }

    /// Deletes the sign-ins that no message needs any more.
    pub(crate) async fn delegated_delete_unneeded(&self) -> Result<(), StoreError> {
        sqlx::query(concat!(
            "DELETE FROM delegated_sign_in WHERE NOT ",
            is_needed!("delegated_sign_in.account_key")
        ))
        .execute(self.store().pool())
        .await?;
        Ok(())
    }

    /// Returns the accounts with a sign-in that have a message that is due.
    pub(crate) async fn delegated_due(
        &self,
        now_unix_ms: i64,
    ) -> Result<Vec<AccountKey>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "SELECT DISTINCT outbox.account_key FROM outbox \
             JOIN delegated_sign_in USING (account_key) \
             WHERE is_damaged = 0 AND removed_unix_ms IS NULL AND owner IS NULL \
             AND state = 'waiting' AND needs_sign_in = 0 AND due_unix_ms <= $1 \
             ORDER BY due_unix_ms LIMIT $2",
        )
        .bind(now_unix_ms)
        .bind(DUE_MAX)
        .fetch_all(self.store().pool())
        .await?;
        Ok(rows.into_iter().map(|(key,)| AccountKey(key)).collect())
    }

    /// Returns the accounts with a sign-in that have a copy to be filed, or to be searched.
    pub(crate) async fn delegated_unfiled(&self) -> Result<Vec<AccountKey>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "SELECT DISTINCT outbox.account_key FROM outbox \
             JOIN delegated_sign_in USING (account_key) \
             WHERE is_damaged = 0 AND removed_unix_ms IS NULL AND owner IS NULL \
             AND state = 'result' AND is_copy_due = 1 AND spool IS NOT NULL LIMIT $1",
        )
        .bind(DUE_MAX)
        .fetch_all(self.store().pool())
        .await?;
        Ok(rows.into_iter().map(|(key,)| AccountKey(key)).collect())
    }

    /// Returns when the next message of an account with a sign-in becomes due, after now.
    pub(crate) async fn delegated_next_due(
        &self,
        now_unix_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        let (due,): (Option<i64>,) = sqlx::query_as(
            "SELECT MIN(due_unix_ms) FROM outbox JOIN delegated_sign_in USING (account_key) \
             WHERE is_damaged = 0 AND removed_unix_ms IS NULL AND owner IS NULL \
             AND state = 'waiting' AND needs_sign_in = 0 AND due_unix_ms > $1",
        )
        .bind(now_unix_ms)
        .fetch_one(self.store().pool())
        .await?;
        Ok(due)
    }
}
