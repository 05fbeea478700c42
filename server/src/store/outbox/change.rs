//! Changes to a row by its user: retry, stop, remove, put back, delete.

use app::api::types::OutboxId;

use super::{BEGIN_IMMEDIATE, Ledger, RawRow, columns, discard_files};
use crate::domain::{AccountKey, OutboxRow, Outcome};
use crate::store::StoreError;

/// Time during which a removed row can be put back, in milliseconds.
pub(crate) const REMOVED_RETENTION_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// Maximum number of removed rows in the list.
const REMOVED_LISTED: i64 = 100;

impl Ledger {
    /// Writes a row without an owner if it is unchanged since `seen`, and puts a removed row back
    /// into the list. `false`: the row changed meanwhile, or is being sent.
    pub(crate) async fn outbox_change(
        &self,
        row: &OutboxRow,
        seen: &OutboxRow,
    ) -> Result<bool, StoreError> {
        let sealed = self.seal_message(row)?;
        let done = sqlx::query(
            "UPDATE outbox SET state = $1, needs_sign_in = $2, tries = $3, due_unix_ms = $4, \
             changed_unix_ms = $5, sealed = $6, is_open = $7, removed_unix_ms = NULL, \
             outcome = $13, is_copy_due = $14 \
             WHERE id = $8 AND account_key = $9 AND owner IS NULL AND is_damaged = 0 \
             AND state = $10 AND changed_unix_ms = $11 AND tries = $12",
        )
        .bind(row.state.name())
        .bind(i64::from(row.needs_sign_in))
        .bind(i64::from(row.tries))
        .bind(row.due_unix_ms)
        .bind(row.changed_unix_ms)
        .bind(sealed)
        .bind(i64::from(row.is_open()))
        .bind(row.id.as_str())
        .bind(&row.account_key.0)
        .bind(seen.state.name())
        .bind(seen.changed_unix_ms)
        .bind(i64::from(seen.tries))
        .bind(row.outcome().map(Outcome::name))
        .bind(i64::from(row.is_copy_due() || row.is_search_due()))
        .execute(self.store.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Removes a row from the list; its draft and files are stored until it is pruned. `false`: the
    /// row is waiting or being sent.
    pub(crate) async fn outbox_remove(
        &self,
        account: &AccountKey,
        id: &OutboxId,
        now_unix_ms: i64,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE outbox SET removed_unix_ms = COALESCE(removed_unix_ms, $1), is_open = 0 \
             WHERE id = $2 AND account_key = $3 AND (state = 'result' OR is_damaged = 1)",
        )
        .bind(now_unix_ms)
        .bind(id.as_str())
        .bind(&account.0)
        .execute(self.store.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts a removed row back into the list.
    pub(crate) async fn outbox_put_back(&self, row: &OutboxRow) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET removed_unix_ms = NULL, is_open = $1 \
             WHERE id = $2 AND account_key = $3 AND removed_unix_ms > 0",
        )
        .bind(i64::from(row.is_open()))
        .bind(row.id.as_str())
        .bind(&row.account_key.0)
        .execute(self.store.pool())
        .await?;
        Ok(())
    }

    /// Deletes a removed row and discards its files. A row with an owner is hidden, and deleted by
    /// the next pruning. `false`: there is no such row.
    pub(crate) async fn outbox_delete(
        &self,
        account: &AccountKey,
        id: &OutboxId,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        let deleted = sqlx::query(
            "DELETE FROM outbox WHERE id = $1 AND account_key = $2 \
             AND removed_unix_ms IS NOT NULL AND owner IS NULL",
        )
        .bind(id.as_str())
        .bind(&account.0)
        .execute(&mut *transaction)
        .await?;
        if deleted.rows_affected() == 1 {
            discard_files(&mut transaction, id.as_str()).await?;
            transaction.commit().await?;
            return Ok(true);
        }
        let hidden = sqlx::query(
            "UPDATE outbox SET removed_unix_ms = 0 \
             WHERE id = $1 AND account_key = $2 AND removed_unix_ms IS NOT NULL",
        )
        .bind(id.as_str())
        .bind(&account.0)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(hidden.rows_affected() == 1)
    }

    /// Lets the waiting rows of an account wait for its next sign-in, and deletes the sign-in that
    /// was stored for them: the server refused the password.
    pub(crate) async fn outbox_await_sign_in(
        &self,
        account: &AccountKey,
    ) -> Result<(), StoreError> {
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        for statement in [
            "UPDATE outbox SET needs_sign_in = 1 \
             WHERE account_key = $1 AND state = 'waiting' AND owner IS NULL",
            "DELETE FROM delegated_sign_in WHERE account_key = $1",
        ] {
            let query = sqlx::query(statement).bind(&account.0);
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Records the copy in Sent and the marking of the source message, and writes nothing else: the
    /// user may change the row meanwhile.
    pub(crate) async fn outbox_record_copy(&self, row: &OutboxRow) -> Result<(), StoreError> {
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        let raw: Option<RawRow> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM outbox WHERE id = $1 AND account_key = $2 AND is_damaged = 0"
        ))
        .bind(row.id.as_str())
        .bind(&row.account_key.0)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(mut now) = raw.map(|raw| self.open_row(raw)) else {
            return Ok(());
        };
        if now.is_damaged() {
            return Ok(());
        }
        now.message.copy = row.message.copy.clone();
        now.message.source = row.message.source.clone();
        now.message.draft = row.message.draft.clone();
        let sealed = self.seal_message(&now)?;
        sqlx::query(
            "UPDATE outbox SET sealed = $1, is_copy_due = $2 WHERE id = $3 AND account_key = $4",
        )
        .bind(sealed)
        .bind(i64::from(now.is_copy_due() || now.is_search_due()))
        .bind(row.id.as_str())
        .bind(&row.account_key.0)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns the removed rows of an account, newest first.
    pub(crate) async fn outbox_removed(
        &self,
        account: &AccountKey,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let raw: Vec<RawRow> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM outbox WHERE account_key = $1 AND removed_unix_ms > 0 \
             ORDER BY created_unix_ms DESC, id DESC LIMIT $2",
        ))
        .bind(&account.0)
        .bind(REMOVED_LISTED)
        .fetch_all(self.store.pool())
        .await?;
        Ok(raw.into_iter().map(|raw| self.open_row(raw)).collect())
    }
}
