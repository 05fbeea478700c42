//! State that POP3 servers do not store: marks of messages, and deletes that wait for the end of
//! the undo time.
//!
//! Rows identify a message by the hash of its unique id; they do not contain the id.

use app::api::types::{Mark, MessageId, UndoId};

use super::{Store, StoreError};
use crate::domain::AccountKey;
use crate::domain::{Marks, SourceMark};

/// Maximum number of messages of an account with stored marks: a list reads all of them.
const MARKS_MAX: i64 = 50_000;

/// A message that is deleted when the undo time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingDelete {
    pub(crate) message: MessageId,
    /// The change that the delete belongs to.
    pub(crate) undo: UndoId,
    pub(crate) due_unix_ms: i64,
}

/// The columns of marks: each is written separately, so that concurrent sessions do not overwrite
/// each other's marks.
#[derive(Debug, Clone, Copy)]
enum Column {
    Seen,
    Starred,
    Answered,
    Forwarded,
}

impl Column {
    /// Returns the statement that writes one mark; a new row has the other marks off.
    const fn upsert(self) -> &'static str {
        match self {
            Self::Seen => {
                "INSERT INTO pop3_mark VALUES ($1, $2, $3, 0, 0, 0, $4) \
                 ON CONFLICT (account_key, uidl_hash) \
                 DO UPDATE SET is_seen = $3, changed_unix_ms = $4"
            }
            Self::Starred => {
                "INSERT INTO pop3_mark VALUES ($1, $2, 0, $3, 0, 0, $4) \
                 ON CONFLICT (account_key, uidl_hash) \
                 DO UPDATE SET is_starred = $3, changed_unix_ms = $4"
            }
            Self::Answered => {
                "INSERT INTO pop3_mark VALUES ($1, $2, 0, 0, $3, 0, $4) \
                 ON CONFLICT (account_key, uidl_hash) \
                 DO UPDATE SET is_answered = $3, changed_unix_ms = $4"
            }
            Self::Forwarded => {
                "INSERT INTO pop3_mark VALUES ($1, $2, 0, 0, 0, $3, $4) \
                 ON CONFLICT (account_key, uidl_hash) \
                 DO UPDATE SET is_forwarded = $3, changed_unix_ms = $4"
            }
        }
    }
}

impl Store {
    /// Returns all marks of an account.
    pub(crate) async fn pop3_marks(
        &self,
        account: &AccountKey,
    ) -> Result<Vec<(MessageId, Marks)>, StoreError> {
        let rows: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT uidl_hash, is_seen, is_starred, is_answered, is_forwarded FROM pop3_mark \
             WHERE account_key = $1",
        )
        .bind(&account.0)
        .fetch_all(self.pool())
        .await?;
        let marks = rows
            .into_iter()
            .map(|(message, seen, starred, answered, forwarded)| {
                let marks = Marks {
                    is_seen: seen != 0,
                    is_starred: starred != 0,
                    is_answered: answered != 0,
                    is_forwarded: forwarded != 0,
                };
                (MessageId(message), marks)
            });
        Ok(marks.collect())
    }

    /// Sets a mark on messages, in one transaction.
    pub(crate) async fn pop3_set_mark(
        &self,
        account: &AccountKey,
        messages: &[MessageId],
        mark: Mark,
        now_unix_ms: i64,
    ) -> Result<(), StoreError> {
        let (column, is_on) = match mark {
            Mark::Seen => (Column::Seen, true),
            Mark::Unseen => (Column::Seen, false),
            Mark::Starred => (Column::Starred, true),
            Mark::Unstarred => (Column::Starred, false),
        };
        self.pop3_write(account, messages, column, is_on, now_unix_ms)
            .await
    }

    /// Marks a message as answered or forwarded.
    pub(crate) async fn pop3_set_source_mark(
        &self,
        account: &AccountKey,
        message: &MessageId,
        mark: SourceMark,
        now_unix_ms: i64,
    ) -> Result<(), StoreError> {
        let column = match mark {
            SourceMark::Answered => Column::Answered,
            SourceMark::Forwarded => Column::Forwarded,
        };
        self.pop3_write(
            account,
            std::slice::from_ref(message),
            column,
            true,
            now_unix_ms,
        )
        .await
    }

    async fn pop3_write(
        &self,
        account: &AccountKey,
        messages: &[MessageId],
        column: Column,
        is_on: bool,
        now_unix_ms: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool().begin().await?;
        for message in messages {
            sqlx::query(column.upsert())
                .bind(&account.0)
                .bind(message.as_str())
                .bind(i64::from(is_on))
                .bind(now_unix_ms)
                .execute(&mut *transaction)
                .await?;
        }
        // Deletes the marks that were written least recently.
        sqlx::query(
            "DELETE FROM pop3_mark WHERE account_key = $1 AND uidl_hash IN \
             (SELECT uidl_hash FROM pop3_mark WHERE account_key = $1 \
              ORDER BY changed_unix_ms DESC, uidl_hash LIMIT -1 OFFSET $2)",
        )
        .bind(&account.0)
        .bind(MARKS_MAX)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Schedules the deletion of messages, in one transaction. A message that is scheduled already
    /// belongs to the new change from now on.
    pub(crate) async fn pop3_put_delete(
        &self,
        account: &AccountKey,
        messages: &[MessageId],
        undo: &UndoId,
        due_unix_ms: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool().begin().await?;
        for message in messages {
            sqlx::query(
                "INSERT INTO pop3_delete (account_key, uidl_hash, undo, due_unix_ms) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (account_key, uidl_hash) \
                 DO UPDATE SET undo = $3, due_unix_ms = $4",
            )
            .bind(&account.0)
            .bind(message.as_str())
            .bind(undo.as_str())
            .bind(due_unix_ms)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Returns the scheduled deletes of an account, ordered by due time.
    pub(crate) async fn pop3_deletes(
        &self,
        account: &AccountKey,
    ) -> Result<Vec<PendingDelete>, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT uidl_hash, undo, due_unix_ms FROM pop3_delete WHERE account_key = $1 \
             ORDER BY due_unix_ms, uidl_hash",
        )
        .bind(&account.0)
        .fetch_all(self.pool())
        .await?;
        let deletes = rows
            .into_iter()
            .map(|(message, undo, due_unix_ms)| PendingDelete {
                message: MessageId(message),
                undo: UndoId(undo),
                due_unix_ms,
            });
        Ok(deletes.collect())
    }

    /// Cancels the deletes of a change. Returns the number of messages.
    pub(crate) async fn pop3_undo_delete(
        &self,
        account: &AccountKey,
        undo: &UndoId,
    ) -> Result<u32, StoreError> {
        let done = sqlx::query("DELETE FROM pop3_delete WHERE account_key = $1 AND undo = $2")
            .bind(&account.0)
            .bind(undo.as_str())
            .execute(self.pool())
            .await?;
        Ok(u32::try_from(done.rows_affected()).unwrap_or(u32::MAX))
    }

    /// Cancels the deletes of messages, in one transaction: the messages are listed again.
    pub(crate) async fn pop3_drop_deletes(
        &self,
        account: &AccountKey,
        messages: &[MessageId],
    ) -> Result<(), StoreError> {
        let from = ["DELETE FROM pop3_delete WHERE account_key = $1 AND uidl_hash = $2"];
        self.pop3_remove(account, messages, &from).await
    }

    /// Removes the rows of deleted messages and their marks, in one transaction: a server may reuse
    /// their unique ids.
    pub(crate) async fn pop3_delete_records(
        &self,
        account: &AccountKey,
        messages: &[MessageId],
    ) -> Result<(), StoreError> {
        let from = [
            "DELETE FROM pop3_delete WHERE account_key = $1 AND uidl_hash = $2",
            "DELETE FROM pop3_mark WHERE account_key = $1 AND uidl_hash = $2",
        ];
        self.pop3_remove(account, messages, &from).await
    }

    async fn pop3_remove(
        &self,
        account: &AccountKey,
        messages: &[MessageId],
        from: &[&'static str],
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool().begin().await?;
        for message in messages {
            for statement in from {
                sqlx::query(*statement)
                    .bind(&account.0)
                    .bind(message.as_str())
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SCHEMA, TestDir};

    async fn store() -> (Store, TestDir) {
        let dir = TestDir::new();
        (Store::open(dir.path(), SCHEMA).await.unwrap(), dir)
    }

    fn key(text: &str) -> AccountKey {
        AccountKey(text.to_owned())
    }

    #[tokio::test]
    async fn marks_are_set_one_by_one_and_belong_to_one_account() {
        let (store, _dir) = store().await;
        let (mine, other) = (key("mine"), key("other"));
        let message = MessageId::from("m");
        let one = std::slice::from_ref(&message);
        store
            .pop3_set_mark(&mine, one, Mark::Seen, 1)
            .await
            .unwrap();
        store
            .pop3_set_mark(&mine, one, Mark::Starred, 2)
            .await
            .unwrap();
        store
            .pop3_set_mark(&mine, one, Mark::Unseen, 3)
            .await
            .unwrap();
        store
            .pop3_set_source_mark(&mine, &message, SourceMark::Answered, 4)
            .await
            .unwrap();
        store
            .pop3_set_source_mark(&other, &message, SourceMark::Forwarded, 5)
            .await
            .unwrap();
        let marks = Marks {
            is_starred: true,
            is_answered: true,
            ..Marks::default()
        };
        assert_eq!(
            store.pop3_marks(&mine).await.unwrap(),
            [(message.clone(), marks)]
        );
        let marks = Marks {
            is_forwarded: true,
            ..Marks::default()
        };
        assert_eq!(store.pop3_marks(&other).await.unwrap(), [(message, marks)]);
    }

    #[tokio::test]
    async fn scheduled_delete_can_be_undone_once() {
        let (store, _dir) = store().await;
        let (mine, other) = (key("mine"), key("other"));
        let (a, b, c) = (
            MessageId::from("a"),
            MessageId::from("b"),
            MessageId::from("c"),
        );
        let (first, second) = (UndoId::from("first"), UndoId::from("second"));
        store
            .pop3_put_delete(&mine, &[a.clone(), b], &first, 20)
            .await
            .unwrap();
        store
            .pop3_put_delete(&mine, std::slice::from_ref(&c), &second, 10)
            .await
            .unwrap();
        let due: Vec<_> = store
            .pop3_deletes(&mine)
            .await
            .unwrap()
            .into_iter()
            .map(|d| d.due_unix_ms)
            .collect();
        assert_eq!(due, [10, 20, 20]);
        assert_eq!(store.pop3_undo_delete(&other, &first).await.unwrap(), 0);
        assert_eq!(store.pop3_undo_delete(&mine, &first).await.unwrap(), 2);
        assert_eq!(store.pop3_undo_delete(&mine, &first).await.unwrap(), 0);
        store.pop3_drop_deletes(&mine, &[a, c]).await.unwrap();
        assert_eq!(store.pop3_deletes(&mine).await.unwrap(), []);
    }

    #[tokio::test]
    async fn deleted_message_loses_its_marks_and_others_keep_theirs() {
        let (store, _dir) = store().await;
        let mine = key("mine");
        let both = [MessageId::from("deleted"), MessageId::from("kept")];
        store
            .pop3_set_mark(&mine, &both, Mark::Seen, 1)
            .await
            .unwrap();
        store
            .pop3_put_delete(&mine, &both, &UndoId::from("u"), 10)
            .await
            .unwrap();
        store.pop3_delete_records(&mine, &both[..1]).await.unwrap();
        store.pop3_drop_deletes(&mine, &both[1..]).await.unwrap();
        let marks = Marks {
            is_seen: true,
            ..Marks::default()
        };
        assert_eq!(
            store.pop3_marks(&mine).await.unwrap(),
            [(both[1].clone(), marks)]
        );
        assert_eq!(store.pop3_deletes(&mine).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_message_that_is_deleted_twice_belongs_to_the_second_change() {
        let (store, _dir) = store().await;
        let mine = key("mine");
        let message = [MessageId::from("a")];
        let (first, second) = (UndoId::from("first"), UndoId::from("second"));
        store
            .pop3_put_delete(&mine, &message, &first, 10)
            .await
            .unwrap();
        store
            .pop3_put_delete(&mine, &message, &second, 20)
            .await
            .unwrap();
        assert_eq!(store.pop3_undo_delete(&mine, &first).await.unwrap(), 0);
        assert_eq!(store.pop3_undo_delete(&mine, &second).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn marks_of_an_account_are_bounded_and_the_oldest_are_deleted() {
        let (store, _dir) = store().await;
        let ann = key("ann");
        let many: Vec<MessageId> = (0..MARKS_MAX)
            .map(|nth| MessageId(format!("m{nth}")))
            .collect();
        let set = store.pop3_set_mark(&ann, &many, Mark::Seen, 1);
        set.await.unwrap();
        let more = [MessageId("x".into()), MessageId("y".into())];
        let set = store.pop3_set_mark(&ann, &more, Mark::Seen, 2);
        set.await.unwrap();
        let marks = store.pop3_marks(&ann).await.unwrap();
        assert_eq!(marks.len(), many.len());
        assert!(more.iter().all(|new| marks.iter().any(|(id, _)| id == new)));
    }
}
