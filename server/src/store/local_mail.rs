//! The local folders: messages that were written here and that no mail server keeps.
//!
//! A row has the sealed summary that a list shows, and owns a file of the spool that holds the
//! message. A copy is replaced in one transaction, so that there is never none and never a second
//! one. A row that cannot be opened (key lost, damaged) is listed without its summary.

mod change;
mod upkeep;

use std::sync::Arc;

use app::api::types::MessageId;
use sqlx::FromRow;

use super::outbox::BEGIN_IMMEDIATE;
use super::records::{self, read_local_message, write_local_message};
use super::seal::{Purpose, Sealer};
use super::spool::{LOCAL, SpoolName};
use super::{Connection, Store, StoreError};
use crate::domain::{
    AccountKey, LocalCounts, LocalFolder, LocalLimit, LocalMessage, LocalSummary, Marks,
};

/// Maximum number of drafts of an account.
pub(crate) const DRAFTS_MAX: u32 = 500;
/// Maximum number of sent messages of an account.
const SENT_MAX: u32 = 10_000;

/// The table of local messages, the key of its records, and its quotas.
#[derive(Debug, Clone)]
pub(crate) struct LocalMessages {
    store: Store,
    sealer: Arc<Sealer>,
    /// Maximum size of one folder of an account, in bytes.
    folder_max_bytes: u64,
    /// Maximum size of the folders of all accounts, in bytes.
    max_bytes: u64,
}

/// A message to be saved. Its file belongs to this process.
#[derive(Debug, Clone)]
pub(crate) struct NewLocalMessage<'a> {
    pub(crate) id: &'a MessageId,
    pub(crate) spool: &'a SpoolName,
    pub(crate) size_bytes: u64,
    pub(crate) written_unix_ms: i64,
    pub(crate) summary: &'a LocalSummary,
}

/// Which copies of a message a new one replaces.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Replaces<'a> {
    /// None: it is new. If there is a copy, nothing is saved.
    Nothing,
    /// This one and older ones, if it is still the newest.
    Copy(&'a MessageId),
    /// All.
    Every,
}

/// The result of saving a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LocalSaved {
    Done,
    /// Nothing was saved: this is the newest copy.
    Changed(MessageId),
    /// Nothing was saved: the copy to be replaced does not exist any more.
    Gone,
    /// Nothing was saved: a limit is reached.
    Full(LocalLimit),
}

/// The place of a message in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalPosition {
    /// Number of newer messages.
    pub(crate) position: u32,
    pub(crate) newer: Option<MessageId>,
    pub(crate) older: Option<MessageId>,
}

#[derive(FromRow)]
struct RawMessage {
    id: String,
    account_key: String,
    spool: String,
    size_bytes: i64,
    written_unix_ms: i64,
    is_seen: i64,
    is_starred: i64,
    is_answered: i64,
    is_forwarded: i64,
    sealed: Vec<u8>,
}

/// The columns of [`RawMessage`].
macro_rules! columns {
    () => {
        "id, account_key, spool, size_bytes, written_unix_ms, is_seen, is_starred, is_answered, \
         is_forwarded, sealed"
    };
}
use columns;

impl LocalFolder {
    fn column(self) -> &'static str {
        match self {
            Self::Drafts => "drafts",
            Self::Sent => "sent",
        }
    }

    fn max_messages(self) -> u32 {
        match self {
            Self::Drafts => DRAFTS_MAX,
            Self::Sent => SENT_MAX,
        }
    }
}

impl LocalMessages {
    /// Opens the local folders of a store, each with at most `folder_max_bytes`, and all with at
    /// most `max_bytes`.
    pub(crate) fn new(
        store: Store,
        sealer: Arc<Sealer>,
        folder_max_bytes: u64,
        max_bytes: u64,
    ) -> Self {
        Self {
            store,
            sealer,
            folder_max_bytes,
            max_bytes,
        }
    }

    /// Saves a message and takes its file, in one transaction that is durable when this returns.
    /// The copies that it replaces are deleted and their files discarded; nothing is deleted if
    /// nothing is saved.
    pub(crate) async fn save(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        message: &NewLocalMessage<'_>,
        replaces: Replaces<'_>,
    ) -> Result<LocalSaved, StoreError> {
        let hash = self
            .sealer
            .message_hash(account, &message.summary.message_id);
        let sealed = self.seal(
            message.id.as_str(),
            &account.0,
            message.spool.as_str(),
            message.summary,
        )?;
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        let copies: Vec<(String, i64)> = sqlx::query_as(
            "SELECT id, revision FROM local_message WHERE account_key = $1 AND folder = $2 \
             AND message_hash = $3 AND removed_unix_ms IS NULL ORDER BY revision DESC",
        )
        .bind(&account.0)
        .bind(folder.column())
        .bind(&hash)
        .fetch_all(&mut *transaction)
        .await?;
        match (replaces, copies.first()) {
            (Replaces::Copy(_), None) => return Ok(LocalSaved::Gone),
            (Replaces::Copy(replaced), Some((newest, _))) if newest == replaced.as_str() => {}
            (Replaces::Copy(_) | Replaces::Nothing, Some((newest, _))) => {
                return Ok(LocalSaved::Changed(MessageId(newest.clone())));
            }
            (Replaces::Nothing, None) | (Replaces::Every, _) => {}
        }
        for (id, _) in &copies {
            delete(&mut transaction, account, id).await?;
        }
        if let Some(limit) = self
            .insert(&mut transaction, account, folder, message, (&hash, &sealed))
            .await?
        {
            return Ok(LocalSaved::Full(limit));
        }
        let taken = sqlx::query(
            "UPDATE spool_file SET owner = $1, account_key = $2 WHERE name = $3 AND owner = $4",
        )
        .bind(LOCAL)
        .bind(&account.0)
        .bind(message.spool.as_str())
        .bind(self.store.owner())
        .execute(&mut *transaction)
        .await?;
        if taken.rows_affected() != 1 {
            return Err(sqlx::Error::RowNotFound.into());
        }
        transaction.commit().await?;
        Ok(LocalSaved::Done)
    }

    /// Inserts a row within the quotas. If they are used up, removed messages of the folder make
    /// room first. Returns the limit that is reached.
    async fn insert(
        &self,
        transaction: &mut Connection,
        account: &AccountKey,
        folder: LocalFolder,
        message: &NewLocalMessage<'_>,
        (hash, sealed): (&str, &[u8]),
    ) -> Result<Option<LocalLimit>, StoreError> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let mut can_make_room = true;
        loop {
            let (count, bytes, revision): (i64, i64, i64) = sqlx::query_as(
                "SELECT COUNT(*), COALESCE(SUM(size_bytes), 0), COALESCE(MAX(revision), 0) \
                 FROM local_message WHERE account_key = $1 AND folder = $2",
            )
            .bind(&account.0)
            .bind(folder.column())
            .fetch_one(&mut *transaction)
            .await?;
            let (all_bytes,): (i64,) = sqlx::query_as(
                "SELECT COALESCE(SUM(reserved_bytes), 0) FROM spool_file WHERE owner = 'local'",
            )
            .fetch_one(&mut *transaction)
            .await?;
            let size = number(message.size_bytes);
            let limit = if count >= i64::from(folder.max_messages()) {
                Some(LocalLimit::Messages {
                    max: folder.max_messages(),
                })
            } else if bytes.saturating_add(size) > number(self.folder_max_bytes) {
                Some(LocalLimit::Bytes {
                    max: self.folder_max_bytes,
                })
            } else if all_bytes.saturating_add(size) > number(self.max_bytes) {
                Some(LocalLimit::Server)
            } else {
                None
            };
            if limit.is_some() {
                let makes_room = std::mem::take(&mut can_make_room);
                if makes_room && delete_removed(transaction, account, folder).await? {
                    continue;
                }
                return Ok(limit);
            }
            sqlx::query(
                "INSERT INTO local_message (id, account_key, folder, message_hash, revision, \
                 spool, size_bytes, written_unix_ms, is_seen, is_starred, is_answered, \
                 is_forwarded, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, 0, 0, $9)",
            )
            .bind(message.id.as_str())
            .bind(&account.0)
            .bind(folder.column())
            .bind(hash)
            .bind(revision.saturating_add(1))
            .bind(message.spool.as_str())
            .bind(size)
            .bind(message.written_unix_ms)
            .bind(sealed)
            .execute(transaction)
            .await?;
            return Ok(None);
        }
    }

    /// Returns a range of the messages of a folder, newest first.
    pub(crate) async fn list(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<LocalMessage>, StoreError> {
        let raw: Vec<RawMessage> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM local_message WHERE account_key = $1 AND folder = $2 \
             AND removed_unix_ms IS NULL ORDER BY written_unix_ms DESC, revision DESC \
             LIMIT $3 OFFSET $4",
        ))
        .bind(&account.0)
        .bind(folder.column())
        .bind(limit)
        .bind(offset)
        .fetch_all(self.store.pool())
        .await?;
        Ok(raw.into_iter().map(|raw| self.open(raw)).collect())
    }

    /// Returns a message of a folder.
    pub(crate) async fn find(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        id: &MessageId,
    ) -> Result<Option<LocalMessage>, StoreError> {
        let raw: Option<RawMessage> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM local_message WHERE id = $1 AND account_key = $2 AND folder = $3 \
             AND removed_unix_ms IS NULL",
        ))
        .bind(id.as_str())
        .bind(&account.0)
        .bind(folder.column())
        .fetch_optional(self.store.pool())
        .await?;
        Ok(raw.map(|raw| self.open(raw)))
    }

    /// Returns how many messages a folder has.
    pub(crate) async fn counts(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
    ) -> Result<LocalCounts, StoreError> {
        let (total, seen): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(*), COALESCE(SUM(is_seen), 0) FROM local_message \
             WHERE account_key = $1 AND folder = $2 AND removed_unix_ms IS NULL",
        )
        .bind(&account.0)
        .bind(folder.column())
        .fetch_one(self.store.pool())
        .await?;
        let number = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
        Ok(LocalCounts {
            total: number(total),
            unread: number(total.saturating_sub(seen)),
        })
    }

    /// Returns the place of a message among those of its folder; `None` if it is not listed.
    pub(crate) async fn position(
        &self,
        account: &AccountKey,
        folder: LocalFolder,
        id: &MessageId,
    ) -> Result<Option<LocalPosition>, StoreError> {
        let found: Option<(i64, Option<String>, Option<String>)> = sqlx::query_as(
            "SELECT nth, newer, older FROM (SELECT id, \
             ROW_NUMBER() OVER newest - 1 AS nth, LAG(id) OVER newest AS newer, \
             LEAD(id) OVER newest AS older FROM local_message \
             WHERE account_key = $1 AND folder = $2 AND removed_unix_ms IS NULL \
             WINDOW newest AS (ORDER BY written_unix_ms DESC, revision DESC)) AS listed \
             WHERE id = $3",
        )
        .bind(&account.0)
        .bind(folder.column())
        .bind(id.as_str())
        .fetch_optional(self.store.pool())
        .await?;
        Ok(found.map(|(position, newer, older)| LocalPosition {
            position: u32::try_from(position).unwrap_or(u32::MAX),
            newer: newer.map(MessageId),
            older: older.map(MessageId),
        }))
    }

    fn seal(
        &self,
        id: &str,
        account_key: &str,
        spool: &str,
        summary: &LocalSummary,
    ) -> Result<Vec<u8>, StoreError> {
        let record = write_local_message(spool, summary);
        let aad = record_aad(id, account_key);
        Ok(self
            .sealer
            .seal(Purpose::LocalMessage, aad.as_bytes(), &record)?)
    }

    /// Opens the record of a row. One that names another file than its row is damaged: the row
    /// may have been exchanged.
    fn open_record(&self, raw: &RawMessage) -> Option<(String, LocalSummary)> {
        let aad = record_aad(&raw.id, &raw.account_key);
        let json = self
            .sealer
            .open_sealed(Purpose::LocalMessage, aad.as_bytes(), &raw.sealed);
        let read: Result<_, records::Unreadable> = read_local_message(&json.ok()?);
        read.ok().filter(|(spool, _)| *spool == raw.spool)
    }

    fn open(&self, raw: RawMessage) -> LocalMessage {
        let content = self.open_record(&raw);
        if content.is_none() {
            tracing::error!(id = raw.id, "a message of a local folder cannot be opened");
        }
        LocalMessage {
            content,
            id: MessageId(raw.id),
            size_bytes: u64::try_from(raw.size_bytes).unwrap_or_default(),
            written_unix_ms: raw.written_unix_ms,
            marks: Marks {
                is_seen: raw.is_seen != 0,
                is_starred: raw.is_starred != 0,
                is_answered: raw.is_answered != 0,
                is_forwarded: raw.is_forwarded != 0,
            },
        }
    }
}

/// Deletes a row and discards its file.
async fn delete(
    transaction: &mut Connection,
    account: &AccountKey,
    id: &str,
) -> Result<(), StoreError> {
    let deleted: Option<(String,)> = sqlx::query_as(
        "DELETE FROM local_message WHERE id = $1 AND account_key = $2 RETURNING spool",
    )
    .bind(id)
    .bind(&account.0)
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some((spool,)) = deleted {
        discard(transaction, &spool).await?;
    }
    Ok(())
}

/// Deletes the removed messages of a folder. Returns whether there were any.
async fn delete_removed(
    transaction: &mut Connection,
    account: &AccountKey,
    folder: LocalFolder,
) -> Result<bool, StoreError> {
    let deleted: Vec<(String,)> = sqlx::query_as(
        "DELETE FROM local_message WHERE account_key = $1 AND folder = $2 \
         AND removed_unix_ms IS NOT NULL RETURNING spool",
    )
    .bind(&account.0)
    .bind(folder.column())
    .fetch_all(&mut *transaction)
    .await?;
    for (spool,) in &deleted {
        discard(transaction, spool).await?;
    }
    Ok(!deleted.is_empty())
}

/// Marks a file as discarded: the sweep removes it.
async fn discard(transaction: &mut Connection, spool: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE spool_file SET owner = $1 WHERE name = $2 AND owner = $3")
        .bind(super::spool::DISCARDED)
        .bind(spool)
        .bind(LOCAL)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Returns the associated data of a sealed record: it opens only in its row and for its account.
fn record_aad(id: &str, account_key: &str) -> String {
    format!("{id}\0{account_key}")
}

#[cfg(test)]
mod tests;
