//! Maintenance of local messages: deletion of removed ones, and change of keys.

use super::{LocalMessages, RawMessage, columns, discard};
use crate::domain::{AccountKey, LocalMessage};
use crate::store::StoreError;
use crate::store::outbox::BEGIN_IMMEDIATE;
use crate::store::spool::{LOCAL, SpoolName};

/// Maximum number of rows that one statement handles.
const BATCH: i64 = 200;

impl LocalMessages {
    /// Deletes the messages that were removed before `before_unix_ms`, and discards their files.
    pub(crate) async fn delete_removed(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        let mut count = 0_u64;
        loop {
            let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
            let deleted: Vec<(String,)> = sqlx::query_as(
                "DELETE FROM local_message WHERE id IN (SELECT id FROM local_message \
                 WHERE removed_unix_ms < $1 LIMIT $2) RETURNING spool",
            )
            .bind(before_unix_ms)
            .bind(BATCH)
            .fetch_all(&mut *transaction)
            .await?;
            for (spool,) in &deleted {
                discard(&mut transaction, spool).await?;
            }
            transaction.commit().await?;
            if deleted.is_empty() {
                return Ok(count);
            }
            count = count.saturating_add(u64::try_from(deleted.len()).unwrap_or(u64::MAX));
        }
    }

    /// Returns how many messages have a record whose key is missing.
    pub(crate) async fn count_lost_keys(&self) -> Result<u64, StoreError> {
        let [current, previous] = self.sealer.key_ids();
        // A sealed value starts with its format and the id of its key.
        let (lost,): (i64,) = sqlx::query_as(
            "SELECT COUNT(*) FROM local_message WHERE substr(sealed, 2, 4) NOT IN ($1, $2)",
        )
        .bind(current.as_slice())
        .bind(previous.as_slice())
        .fetch_one(self.store.pool())
        .await?;
        Ok(u64::try_from(lost).unwrap_or_default())
    }

    /// Moves the messages of an account from its old key to its new one, in one transaction, and
    /// seals their records again. Records that cannot be opened are moved as they are. The files
    /// are moved by the outbox.
    pub(crate) async fn change_account(
        &self,
        old: &AccountKey,
        new: &AccountKey,
    ) -> Result<(), StoreError> {
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        let rows: Vec<RawMessage> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM local_message WHERE account_key = $1"
        ))
        .bind(&old.0)
        .fetch_all(&mut *transaction)
        .await?;
        for raw in rows {
            let (hash, sealed) = match self.open_record(&raw) {
                Some((spool, summary)) => (
                    Some(self.sealer.message_hash(new, &summary.message_id)),
                    Some(self.seal(&raw.id, &new.0, &spool, &summary)?),
                ),
                None => (None, None),
            };
            sqlx::query(
                "UPDATE local_message SET account_key = $1, \
                 message_hash = COALESCE($2, message_hash), sealed = COALESCE($3, sealed) \
                 WHERE id = $4",
            )
            .bind(&new.0)
            .bind(hash)
            .bind(sealed)
            .bind(&raw.id)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Returns all messages of an account, removed ones too, in batches by id.
    pub(crate) async fn after(
        &self,
        account: &AccountKey,
        id: &str,
    ) -> Result<Vec<LocalMessage>, StoreError> {
        let raw: Vec<RawMessage> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM local_message WHERE account_key = $1 AND id > $2 ORDER BY id LIMIT $3"
        ))
        .bind(&account.0)
        .bind(id)
        .bind(BATCH)
        .fetch_all(self.store.pool())
        .await?;
        Ok(raw.into_iter().map(|raw| self.open(raw)).collect())
    }

    /// Replaces the file of a message by one of this process with the same content. `false`: the
    /// message does not exist any more.
    pub(crate) async fn replace_file(
        &self,
        account: &AccountKey,
        message: &LocalMessage,
        file: &SpoolName,
    ) -> Result<bool, StoreError> {
        let Some((old, summary)) = &message.content else {
            return Ok(false);
        };
        let sealed = self.seal(message.id.as_str(), &account.0, file.as_str(), summary)?;
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        let updated = sqlx::query(
            "UPDATE local_message SET spool = $1, sealed = $2 \
             WHERE id = $3 AND account_key = $4 AND spool = $5",
        )
        .bind(file.as_str())
        .bind(sealed)
        .bind(message.id.as_str())
        .bind(&account.0)
        .bind(old)
        .execute(&mut *transaction)
        .await?;
        let taken = sqlx::query(
            "UPDATE spool_file SET owner = $1, account_key = $2 WHERE name = $3 AND owner = $4",
        )
        .bind(LOCAL)
        .bind(&account.0)
        .bind(file.as_str())
        .bind(self.store.owner())
        .execute(&mut *transaction)
        .await?;
        if updated.rows_affected() != 1 || taken.rows_affected() != 1 {
            return Ok(false);
        }
        discard(&mut transaction, old).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
