//! Rows of the outbox: durable before "sending" is said, fenced before the final dot leaves.
//!
//! A row goes `waiting → sending → committing → result`. Whoever sends it owns it from `sending`
//! on; only the owner may write `committing`, and only once. After a crash `sending` is safe to
//! repeat and `committing` is not.

use app::api::types::{
    ApiErrorText, ComposeSource, Draft, FolderId, Lang, OutboxId, RecipientState,
};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::seal::{Purpose, SealError, Sealer};
use super::{Store, StoreError};
use crate::account::AccountKey;

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowState {
    /// Will be sent at its time.
    Waiting,
    /// Is being sent; the final dot has not left.
    Sending,
    /// The final dot may have left.
    Committing,
    /// Nothing more happens by itself.
    Result,
}

impl RowState {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Committing => "committing",
            Self::Result => "result",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "waiting" => Self::Waiting,
            "sending" => Self::Sending,
            "committing" => Self::Committing,
            _ => Self::Result,
        }
    }
}

/// One message in the outbox or the ledger.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) id: OutboxId,
    pub(crate) account_key: AccountKey,
    pub(crate) state: RowState,
    /// The server refused the password: nothing happens before the next sign-in.
    pub(crate) needs_sign_in: bool,
    /// How often it was tried.
    pub(crate) tries: u32,
    pub(crate) due_unix_ms: i64,
    pub(crate) created_unix_ms: i64,
    pub(crate) changed_unix_ms: i64,
    /// Its file in the spool; gone once nothing is left to be sent.
    pub(crate) spool: Option<String>,
    pub(crate) size_bytes: u64,
    pub(crate) record: Record,
}

/// The sealed part of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The envelope's sender.
    pub(crate) from: String,
    pub(crate) subject: String,
    /// The outgoing server, as shown.
    pub(crate) host: String,
    /// Without angle brackets.
    pub(crate) message_id: String,
    pub(crate) recipients: Vec<RecipientRecord>,
    /// What went wrong for the whole message, in every language.
    pub(crate) trouble: Vec<(Lang, ApiErrorText)>,
    pub(crate) copy: CopyRecord,
    /// What was typed, to be corrected and sent again.
    pub(crate) draft: Draft,
    /// The files attached to it, kept until it is handed over: for "correct and send".
    pub(crate) attachments: Vec<AttachmentRecord>,
    /// The message that was answered or forwarded; set to nothing once it is marked.
    pub(crate) source: Option<ComposeSource>,
}

/// A file in the spool that belongs to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttachmentRecord {
    pub(crate) spool: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size_bytes: u64,
}

/// The result for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecipientRecord {
    pub(crate) address: String,
    pub(crate) state: RecipientState,
    pub(crate) reply: Option<ReplyRecord>,
}

/// What the server said to a recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReplyRecord {
    pub(crate) code: u16,
    pub(crate) enhanced: Option<String>,
    pub(crate) text: String,
}

/// What became of the copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CopyRecord {
    Pending,
    Filed(FolderId),
    NotKept,
    Failed(Vec<(Lang, String)>),
}

/// The outbox table, with the key that opens its records.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    store: Store,
    sealer: Arc<Sealer>,
}

#[derive(FromRow)]
struct RawRow {
    id: String,
    account_key: String,
    state: String,
    needs_sign_in: i64,
    tries: i64,
    due_unix_ms: i64,
    created_unix_ms: i64,
    changed_unix_ms: i64,
    spool: Option<String>,
    size_bytes: i64,
    sealed: Vec<u8>,
}

impl Ledger {
    /// Opens the ledger of a store.
    pub(crate) fn new(store: Store, sealer: Arc<Sealer>) -> Self {
        Self { store, sealer }
    }

    /// Adds a row. Durable when this returns.
    pub(crate) async fn outbox_insert(&self, row: &OutboxRow) -> Result<(), StoreError> {
        let sealed = self.seal_record(row)?;
        sqlx::query(
            "INSERT INTO outbox (id, account_key, state, needs_sign_in, owner, tries, due_unix_ms, \
             created_unix_ms, changed_unix_ms, spool, size_bytes, sealed) \
             VALUES ($1, $2, $3, $4, NULL, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(row.id.as_str())
        .bind(&row.account_key.0)
        .bind(row.state.name())
        .bind(i64::from(row.needs_sign_in))
        .bind(i64::from(row.tries))
        .bind(row.due_unix_ms)
        .bind(row.created_unix_ms)
        .bind(row.changed_unix_ms)
        .bind(&row.spool)
        .bind(i64::try_from(row.size_bytes).unwrap_or(i64::MAX))
        .bind(sealed)
        .execute(self.store.pool())
        .await?;
        Ok(())
    }

    /// Takes the next row of an account that is due, and makes `owner` its owner.
    pub(crate) async fn outbox_claim(
        &self,
        account: &AccountKey,
        owner: &str,
        now_unix_ms: i64,
    ) -> Result<Option<OutboxRow>, StoreError> {
        let raw: Option<RawRow> = sqlx::query_as(
            "UPDATE outbox SET state = 'sending', owner = $1, changed_unix_ms = $2 \
             WHERE state = 'waiting' AND id = (SELECT id FROM outbox WHERE account_key = $3 \
               AND state = 'waiting' AND needs_sign_in = 0 AND due_unix_ms <= $2 \
               ORDER BY due_unix_ms, created_unix_ms LIMIT 1) \
             RETURNING *",
        )
        .bind(owner)
        .bind(now_unix_ms)
        .bind(&account.0)
        .fetch_optional(self.store.pool())
        .await?;
        raw.map(|raw| self.open_row(raw)).transpose()
    }

    /// Writes that the final dot is about to leave. `false`: the row is somebody else's by now,
    /// and the dot must not leave.
    pub(crate) async fn outbox_commit(
        &self,
        id: &OutboxId,
        owner: &str,
        now_unix_ms: i64,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE outbox SET state = 'committing', changed_unix_ms = $1 \
             WHERE id = $2 AND owner = $3 AND state = 'sending'",
        )
        .bind(now_unix_ms)
        .bind(id.as_str())
        .bind(owner)
        .execute(self.store.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Writes a row back and lets it go. Only its owner's word counts while it has one.
    pub(crate) async fn outbox_save(
        &self,
        row: &OutboxRow,
        owner: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.write(row, owner, None).await
    }

    /// Writes down what became of a row. One that is settled stays its owner's, until the copy is
    /// filed too.
    pub(crate) async fn outbox_settle(
        &self,
        row: &OutboxRow,
        owner: &str,
    ) -> Result<bool, StoreError> {
        self.write(row, Some(owner), row.owner_while_filing(owner))
            .await
    }

    async fn write(
        &self,
        row: &OutboxRow,
        owner: Option<&str>,
        next_owner: Option<&str>,
    ) -> Result<bool, StoreError> {
        let sealed = self.seal_record(row)?;
        let done = sqlx::query(
            "UPDATE outbox SET state = $1, needs_sign_in = $2, tries = $3, due_unix_ms = $4, \
             changed_unix_ms = $5, spool = $6, sealed = $7, owner = $11 \
             WHERE id = $8 AND account_key = $9 AND (owner = $10 OR (owner IS NULL AND $10 IS NULL))",
        )
        .bind(row.state.name())
        .bind(i64::from(row.needs_sign_in))
        .bind(i64::from(row.tries))
        .bind(row.due_unix_ms)
        .bind(row.changed_unix_ms)
        .bind(&row.spool)
        .bind(sealed)
        .bind(row.id.as_str())
        .bind(&row.account_key.0)
        .bind(owner)
        .bind(next_owner)
        .execute(self.store.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes the settled rows of an account whose copy was not filed before their session ended.
    pub(crate) async fn outbox_claim_unfiled(
        &self,
        account: &AccountKey,
        owner: &str,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        // A row that is filed has no file in the spool any more, unless somebody refused it.
        let raw: Vec<RawRow> = sqlx::query_as(
            "SELECT * FROM outbox WHERE account_key = $1 AND state = 'result' \
             AND owner IS NULL AND spool IS NOT NULL",
        )
        .bind(&account.0)
        .fetch_all(self.store.pool())
        .await?;
        let mut claimed = Vec::new();
        for raw in raw {
            let row = self.open_row(raw)?;
            if !row.awaits_its_copy() {
                continue;
            }
            let done = sqlx::query(
                "UPDATE outbox SET owner = $1 \
                 WHERE id = $2 AND state = 'result' AND owner IS NULL",
            )
            .bind(owner)
            .bind(row.id.as_str())
            .execute(self.store.pool())
            .await?;
            if done.rows_affected() == 1 {
                claimed.push(row);
            }
        }
        Ok(claimed)
    }

    /// The rows of an account, newest first.
    pub(crate) async fn outbox_list(
        &self,
        account: &AccountKey,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let raw: Vec<RawRow> = sqlx::query_as(
            "SELECT * FROM outbox WHERE account_key = $1 \
             ORDER BY created_unix_ms DESC, id LIMIT 500",
        )
        .bind(&account.0)
        .fetch_all(self.store.pool())
        .await?;
        raw.into_iter().map(|raw| self.open_row(raw)).collect()
    }

    /// One row of an account.
    pub(crate) async fn outbox_show(
        &self,
        account: &AccountKey,
        id: &OutboxId,
    ) -> Result<Option<OutboxRow>, StoreError> {
        let raw: Option<RawRow> =
            sqlx::query_as("SELECT * FROM outbox WHERE id = $1 AND account_key = $2")
                .bind(id.as_str())
                .bind(&account.0)
                .fetch_optional(self.store.pool())
                .await?;
        raw.map(|raw| self.open_row(raw)).transpose()
    }

    /// Removes a row that is not being sent, and returns it: its files in the spool go too.
    pub(crate) async fn outbox_discard(
        &self,
        account: &AccountKey,
        id: &OutboxId,
    ) -> Result<Option<OutboxRow>, StoreError> {
        let raw: Option<RawRow> = sqlx::query_as(
            "DELETE FROM outbox WHERE id = $1 AND account_key = $2 \
             AND state IN ('waiting', 'result') RETURNING *",
        )
        .bind(id.as_str())
        .bind(&account.0)
        .fetch_optional(self.store.pool())
        .await?;
        raw.map(|raw| self.open_row(raw)).transpose()
    }

    /// When the next row of an account is due.
    pub(crate) async fn outbox_next_due(
        &self,
        account: &AccountKey,
    ) -> Result<Option<i64>, StoreError> {
        let due: (Option<i64>,) = sqlx::query_as(
            "SELECT MIN(due_unix_ms) FROM outbox \
             WHERE account_key = $1 AND state = 'waiting' AND needs_sign_in = 0",
        )
        .bind(&account.0)
        .fetch_one(self.store.pool())
        .await?;
        Ok(due.0)
    }

    /// Lets the rows go that waited for a sign-in with this account key.
    pub(crate) async fn outbox_release(&self, account: &AccountKey) -> Result<(), StoreError> {
        sqlx::query("UPDATE outbox SET needs_sign_in = 0 WHERE account_key = $1")
            .bind(&account.0)
            .execute(self.store.pool())
            .await?;
        Ok(())
    }

    /// Puts rows right that a process left behind when it died: `sending` is safe to repeat,
    /// `committing` may have gone out. To be called once, before anything is sent.
    pub(crate) async fn outbox_recover(&self, now_unix_ms: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE outbox SET state = 'waiting', owner = NULL WHERE state = 'sending'")
            .execute(self.store.pool())
            .await?;
        sqlx::query("UPDATE outbox SET owner = NULL WHERE state = 'result'")
            .execute(self.store.pool())
            .await?;
        let raw: Vec<RawRow> = sqlx::query_as("SELECT * FROM outbox WHERE state = 'committing'")
            .fetch_all(self.store.pool())
            .await?;
        for raw in raw {
            let mut row = self.open_row(raw)?;
            row.become_unknown(now_unix_ms);
            sqlx::query("UPDATE outbox SET owner = NULL WHERE id = $1")
                .bind(row.id.as_str())
                .execute(self.store.pool())
                .await?;
            self.outbox_save(&row, None).await?;
        }
        Ok(())
    }

    /// The spool files that rows still need: a sweep leaves them alone.
    pub(crate) async fn outbox_spool_names(&self) -> Result<Vec<String>, StoreError> {
        let raw: Vec<RawRow> = sqlx::query_as("SELECT * FROM outbox WHERE spool IS NOT NULL")
            .fetch_all(self.store.pool())
            .await?;
        let mut names = Vec::new();
        for raw in raw {
            let row = self.open_row(raw)?;
            names.extend(row.spool);
            names.extend(row.record.attachments.into_iter().map(|file| file.spool));
        }
        Ok(names)
    }

    fn seal_record(&self, row: &OutboxRow) -> Result<Vec<u8>, StoreError> {
        let plain = serde_json::to_vec(&row.record).map_err(|_| SealError::Unopenable)?;
        let place = place(row.id.as_str(), &row.account_key.0);
        Ok(self
            .sealer
            .seal(Purpose::Outbox, place.as_bytes(), &plain)?)
    }

    fn open_row(&self, raw: RawRow) -> Result<OutboxRow, StoreError> {
        let place = place(&raw.id, &raw.account_key);
        let plain = self
            .sealer
            .open_sealed(Purpose::Outbox, place.as_bytes(), &raw.sealed)?;
        Ok(OutboxRow {
            record: serde_json::from_slice(&plain).map_err(|_| SealError::Unopenable)?,
            id: OutboxId(raw.id),
            account_key: AccountKey(raw.account_key),
            state: RowState::from_name(&raw.state),
            needs_sign_in: raw.needs_sign_in != 0,
            tries: u32::try_from(raw.tries).unwrap_or_default(),
            due_unix_ms: raw.due_unix_ms,
            created_unix_ms: raw.created_unix_ms,
            changed_unix_ms: raw.changed_unix_ms,
            spool: raw.spool,
            size_bytes: u64::try_from(raw.size_bytes).unwrap_or_default(),
        })
    }
}

impl OutboxRow {
    /// Who has the row while its copy is filed: nobody, where it will be sent once more.
    pub(crate) fn owner_while_filing<'a>(&self, owner: &'a str) -> Option<&'a str> {
        (self.state == RowState::Result).then_some(owner)
    }

    /// Somebody got it, and no copy lies in Sent yet.
    pub(crate) fn awaits_its_copy(&self) -> bool {
        let mut recipients = self.record.recipients.iter();
        self.record.copy == CopyRecord::Pending
            && recipients.any(|r| r.state == RecipientState::HandedOver)
    }

    /// The dot may have left and nobody knows the answer: whoever was not refused before may have
    /// got it.
    pub(crate) fn become_unknown(&mut self, now_unix_ms: i64) {
        self.state = RowState::Result;
        self.changed_unix_ms = now_unix_ms;
        for recipient in &mut self.record.recipients {
            if matches!(
                recipient.state,
                RecipientState::Waiting | RecipientState::Delayed
            ) {
                recipient.state = RecipientState::Unknown;
            }
        }
    }
}

/// A sealed record opens only in its own row and for its own account.
fn place(id: &str, account_key: &str) -> String {
    format!("{id}\0{account_key}")
}
