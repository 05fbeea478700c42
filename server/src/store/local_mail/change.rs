//! Changes to local messages by their user: marks, removal and its undo, and deletion.

use app::api::types::{Mark, MessageId, UndoId};

use super::{LocalMessages, delete};
use crate::domain::{AccountKey, LocalFolder, SourceMark};
use crate::store::StoreError;
use crate::store::outbox::BEGIN_IMMEDIATE;

impl LocalMessages {
    /// Sets a mark on messages of a folder, in one transaction. Returns those that did not have it.
    pub(crate) async fn mark(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        ids: &[MessageId],
        mark: Mark,
    ) -> Result<Vec<MessageId>, StoreError> {
        let (statement, is_on) = match mark {
            Mark::Seen | Mark::Unseen => (
                "UPDATE local_message SET is_seen = $1 WHERE id = $2 AND account_key = $3 \
                 AND folder = $4 AND is_seen <> $1 AND removed_unix_ms IS NULL",
                mark == Mark::Seen,
            ),
            Mark::Starred | Mark::Unstarred => (
                "UPDATE local_message SET is_starred = $1 WHERE id = $2 AND account_key = $3 \
                 AND folder = $4 AND is_starred <> $1 AND removed_unix_ms IS NULL",
                mark == Mark::Starred,
            ),
        };
        let mut changed = Vec::new();
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        for id in ids {
            let done = sqlx::query(statement)
                .bind(i64::from(is_on))
                .bind(id.as_str())
                .bind(&account.0)
                .bind(folder.column())
                .execute(&mut *transaction)
                .await?;
            if done.rows_affected() == 1 {
                changed.push(id.clone());
            }
        }
        transaction.commit().await?;
        Ok(changed)
    }

    /// Marks a message as answered or forwarded. A message that does not exist is no error.
    pub(crate) async fn mark_source(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        id: &MessageId,
        mark: SourceMark,
    ) -> Result<(), StoreError> {
        let statement = match mark {
            SourceMark::Answered => {
                "UPDATE local_message SET is_answered = 1 \
                 WHERE id = $1 AND account_key = $2 AND folder = $3"
            }
            SourceMark::Forwarded => {
                "UPDATE local_message SET is_forwarded = 1 \
                 WHERE id = $1 AND account_key = $2 AND folder = $3"
            }
        };
        sqlx::query(statement)
            .bind(id.as_str())
            .bind(&account.0)
            .bind(folder.column())
            .execute(self.store.pool())
            .await?;
        Ok(())
    }

    /// Removes messages from a folder; they can be put back until they are deleted. Returns how
    /// many were in it.
    pub(crate) async fn remove(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        ids: &[MessageId],
        undo: &UndoId,
        now_unix_ms: i64,
    ) -> Result<u32, StoreError> {
        let mut removed = 0_u32;
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        for id in ids {
            let done = sqlx::query(
                "UPDATE local_message SET removed_unix_ms = $1, undo = $2 WHERE id = $3 \
                 AND account_key = $4 AND folder = $5 AND removed_unix_ms IS NULL",
            )
            .bind(now_unix_ms)
            .bind(undo.as_str())
            .bind(id.as_str())
            .bind(&account.0)
            .bind(folder.column())
            .execute(&mut *transaction)
            .await?;
            removed = removed.saturating_add(u32::from(done.rows_affected() == 1));
        }
        transaction.commit().await?;
        Ok(removed)
    }

    /// Puts removed messages back. Returns their ids, with the folder.
    pub(crate) async fn put_back(
        &self,
        account: &AccountKey,
        undo: &UndoId,
    ) -> Result<Option<(LocalFolder, Vec<MessageId>)>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "UPDATE local_message SET removed_unix_ms = NULL, undo = NULL \
             WHERE account_key = $1 AND undo = $2 RETURNING folder, id",
        )
        .bind(&account.0)
        .bind(undo.as_str())
        .fetch_all(self.store.pool())
        .await?;
        let folder = rows.first().and_then(|(name, _)| {
            let mut folders = LocalFolder::ALL.into_iter();
            folders.find(|folder| folder.column() == name)
        });
        let ids = rows.into_iter().map(|(_, id)| MessageId(id)).collect();
        Ok(folder.map(|folder| (folder, ids)))
    }

    /// Returns the newest copy of a message in a folder, by its `Message-ID`.
    pub(crate) async fn find_copy(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        message_id: &str,
    ) -> Result<Option<MessageId>, StoreError> {
        let found: Option<(String,)> = sqlx::query_as(
            "SELECT id FROM local_message WHERE account_key = $1 AND folder = $2 \
             AND message_hash = $3 AND removed_unix_ms IS NULL ORDER BY revision DESC LIMIT 1",
        )
        .bind(&account.0)
        .bind(folder.column())
        .bind(self.sealer.message_hash(account, message_id))
        .fetch_optional(self.store.pool())
        .await?;
        Ok(found.map(|(id,)| MessageId(id)))
    }

    /// Deletes every copy of a message from a folder. Returns whether there was one.
    pub(crate) async fn delete_copies(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        message_id: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        let copies: Vec<(String,)> = sqlx::query_as(
            "SELECT id FROM local_message WHERE account_key = $1 AND folder = $2 \
             AND message_hash = $3",
        )
        .bind(&account.0)
        .bind(folder.column())
        .bind(self.sealer.message_hash(account, message_id))
        .fetch_all(&mut *transaction)
        .await?;
        for (id,) in &copies {
            delete(&mut transaction, account, id).await?;
        }
        transaction.commit().await?;
        Ok(!copies.is_empty())
    }
}
