//! Rows of the outbox: durable before the page reports "sending", and claimed by one owner before
//! the final dot is sent.
//!
//! The states are `waiting → sending → committing → result`. The sending process owns the row from
//! `sending` on; only the owner may write `committing`, and only once. After a crash it is safe to
//! repeat `sending`, and not `committing`.
//!
//! The draft is sealed separately from the record. Draft and files of a row are deleted in the
//! transaction that records that no recipient is left to send to ([`OutboxRow::spool`] is `None`).

mod change;
mod forms;
mod record;
mod transcript;
mod upkeep;

use std::sync::Arc;

use app::api::types::{FormKey, OutboxId};
use sqlx::FromRow;

use super::seal::{Purpose, Sealer};
use super::spool::{DISCARDED, SpoolName};
use super::{Connection, Store, StoreError, records};
use crate::domain::{
    AccountKey, AttemptTranscript, OutboxRow, Outcome, RowState, StoredDraft, StoredSignIn,
};

pub(crate) use self::change::REMOVED_RETENTION_MS;
pub(crate) use self::forms::SentForm;
pub(crate) use self::record::ListCursor;

/// Maximum number of rows of an account that are not handed over to every recipient.
pub(crate) const OPEN_MAX: i64 = 200;
/// How far the time in a `Message-ID` may be from the time of its row, in milliseconds.
const ID_TOLERANCE_MS: i64 = 10_000;
/// Maximum number of rows that are opened to find one.
const FOUND_MAX: i64 = 50;
/// Format of the rows: 3 seals record and draft separately, adds a version to the record, and has
/// columns for what queries count.
const FORMAT: i64 = 3;
/// Begins a write transaction immediately: it waits for other writers instead of failing later.
pub(super) const BEGIN_IMMEDIATE: &str = "BEGIN IMMEDIATE";

/// The outbox table and the key of its records.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    store: Store,
    sealer: Arc<Sealer>,
}

/// The result of inserting a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inserted {
    Done,
    /// The form was sent before.
    FormSent(SentForm),
    /// The account has [`OPEN_MAX`] open rows.
    TooMany,
    /// A file of the row does not exist any more, or belongs to another row.
    FileMissing,
    /// The row to replace changed meanwhile.
    NotReplaced,
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
    is_damaged: i64,
    outcome: Option<String>,
    has_transcript: i64,
    sealed: Vec<u8>,
}

/// The columns of [`RawRow`].
macro_rules! columns {
    () => {
        "id, account_key, state, needs_sign_in, tries, due_unix_ms, created_unix_ms, \
         changed_unix_ms, spool, size_bytes, is_damaged, outcome, \
         sealed_transcript IS NOT NULL AS has_transcript, sealed"
    };
}
use columns;

impl Ledger {
    /// Opens the ledger of a store.
    pub(crate) fn new(store: Store, sealer: Arc<Sealer>) -> Self {
        Self { store, sealer }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Inserts a row with its draft and the sign-in by which it leaves, in one transaction that is
    /// durable when this returns. The row takes its files from this process or from the row
    /// `replaces`, which is deleted if it is unchanged.
    pub(crate) async fn outbox_insert(
        &self,
        row: &OutboxRow,
        draft: &StoredDraft,
        sign_in: &StoredSignIn,
        form: Option<&FormKey>,
        files: &[&SpoolName],
        replaces: Option<&OutboxRow>,
    ) -> Result<Inserted, StoreError> {
        let sealed = self.seal_message(row)?;
        let sealed_draft = self.seal_draft(row, draft)?;
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        if let Some(form) = form
            && let Some(sent) = forms::record_form(&mut transaction, row, form, draft).await?
        {
            return Ok(Inserted::FormSent(sent));
        }
        if let Some(old) = replaces {
            let done = sqlx::query(
                "DELETE FROM outbox WHERE id = $1 AND account_key = $2 AND owner IS NULL \
                 AND state = $3 AND state IN ('waiting', 'result') AND changed_unix_ms = $4 \
                 AND tries = $5",
            )
            .bind(old.id.as_str())
            .bind(&old.account_key.0)
            .bind(old.state.name())
            .bind(old.changed_unix_ms)
            .bind(i64::from(old.tries))
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() != 1 {
                return Ok(Inserted::NotReplaced);
            }
        }
        let done = sqlx::query(
            "INSERT INTO outbox (id, account_key, state, needs_sign_in, owner, tries, due_unix_ms, \
             created_unix_ms, changed_unix_ms, spool, size_bytes, sealed, sealed_draft, format, \
             is_open) SELECT $1, $2, $3, $4, NULL, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1 \
             WHERE (SELECT COUNT(*) FROM outbox WHERE account_key = $2 AND is_open = 1) < $14",
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
        .bind(sealed_draft)
        .bind(FORMAT)
        .bind(OPEN_MAX)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() != 1 {
            return Ok(Inserted::TooMany);
        }
        for file in files {
            let done = sqlx::query(
                "UPDATE spool_file SET outbox_id = $1, owner = NULL, account_key = $2 \
                 WHERE name = $3 AND (owner = $4 OR outbox_id = $5)",
            )
            .bind(row.id.as_str())
            .bind(&row.account_key.0)
            .bind(file.as_str())
            .bind(self.store.owner())
            .bind(replaces.map(|old| old.id.as_str()))
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() != 1 {
                return Ok(Inserted::FileMissing);
            }
        }
        if let Some(old) = replaces {
            discard_files(&mut transaction, old.id.as_str()).await?;
            forms::repoint_forms(&mut transaction, &old.id, &row.id).await?;
        }
        self.delegate(
            &mut transaction,
            &row.account_key,
            sign_in,
            row.created_unix_ms,
        )
        .await?;
        transaction.commit().await?;
        Ok(Inserted::Done)
    }

    /// Claims the next due row of an account for this process. The transcript of the attempt before
    /// is deleted.
    pub(crate) async fn outbox_claim(
        &self,
        account: &AccountKey,
        now_unix_ms: i64,
    ) -> Result<Option<OutboxRow>, StoreError> {
        loop {
            let raw: Option<RawRow> = sqlx::query_as(concat!(
                "UPDATE outbox SET state = 'sending', owner = $1, changed_unix_ms = $2, \
                 sealed_transcript = NULL \
                 WHERE state = 'waiting' AND id = (SELECT id FROM outbox WHERE account_key = $3 \
                   AND state = 'waiting' AND needs_sign_in = 0 AND due_unix_ms <= $2 \
                   AND is_damaged = 0 AND removed_unix_ms IS NULL ORDER BY due_unix_ms, created_unix_ms LIMIT 1) \
                 RETURNING ",
                columns!()
            ))
            .bind(self.store.owner())
            .bind(now_unix_ms)
            .bind(&account.0)
            .fetch_optional(self.store.pool())
            .await?;
            let Some(raw) = raw else { return Ok(None) };
            let row = self.open_row(raw);
            if !row.is_damaged() {
                return Ok(Some(row));
            }
            // A damaged row must not block the next one.
            self.release_damaged(row.id.as_str()).await?;
        }
    }

    /// Records that the final dot is about to be sent. `false`: another process owns the row by
    /// now, and the dot must not be sent.
    pub(crate) async fn outbox_commit(
        &self,
        id: &OutboxId,
        now_unix_ms: i64,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE outbox SET state = 'committing', changed_unix_ms = $1 \
             WHERE id = $2 AND owner = $3 AND state = 'sending'",
        )
        .bind(now_unix_ms)
        .bind(id.as_str())
        .bind(self.store.owner())
        .execute(self.store.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Writes a row and releases it. A row with an owner can be written only by that process.
    pub(crate) async fn outbox_save(
        &self,
        row: &OutboxRow,
        is_owned: bool,
    ) -> Result<bool, StoreError> {
        self.write(row, is_owned, false, None).await
    }

    /// Records the result of a row, and the transcript of the attempt. If work follows the result,
    /// this process keeps the row until it is done.
    pub(crate) async fn outbox_save_result(
        &self,
        row: &OutboxRow,
        transcript: &AttemptTranscript,
    ) -> Result<bool, StoreError> {
        let is_still_owned = row.state == RowState::Result && row.needs_follow_up();
        self.write(row, true, is_still_owned, Some(transcript))
            .await
    }

    async fn write(
        &self,
        row: &OutboxRow,
        is_owned: bool,
        is_still_owned: bool,
        transcript: Option<&AttemptTranscript>,
    ) -> Result<bool, StoreError> {
        let sealed = self.seal_message(row)?;
        let transcript = transcript.filter(|transcript| !transcript.lines.is_empty());
        let transcript = transcript
            .map(|transcript| self.seal_transcript(row, transcript))
            .transpose()?;
        let owner = |is_owned: bool| is_owned.then(|| self.store.owner());
        let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
        let done = sqlx::query(
            "UPDATE outbox SET state = $1, needs_sign_in = $2, tries = $3, due_unix_ms = $4, \
             changed_unix_ms = $5, spool = $6, sealed = $7, owner = $11, \
             is_open = CASE WHEN removed_unix_ms IS NULL THEN $12 ELSE 0 END, \
             outcome = $13, is_copy_due = $14, \
             sealed_transcript = COALESCE($15, sealed_transcript), \
             sealed_draft = CASE WHEN $6 IS NULL THEN NULL ELSE sealed_draft END \
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
        .bind(owner(is_owned))
        .bind(owner(is_still_owned))
        .bind(i64::from(row.is_open()))
        .bind(row.outcome().map(Outcome::name))
        .bind(i64::from(row.is_copy_due() || row.is_search_due()))
        .bind(transcript)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        if row.spool.is_none() {
            discard_files(&mut transaction, row.id.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Claims the settled rows of an account whose copy was not filed before their session ended.
    pub(crate) async fn outbox_claim_unfiled(
        &self,
        account: &AccountKey,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let raw: Vec<RawRow> = sqlx::query_as(concat!(
            "UPDATE outbox SET owner = $1 WHERE id IN (SELECT id FROM outbox \
             WHERE account_key = $2 AND state = 'result' AND owner IS NULL AND is_copy_due = 1 \
               AND spool IS NOT NULL AND is_damaged = 0 ORDER BY created_unix_ms LIMIT $3) AND owner IS NULL RETURNING ",
            columns!(),
        ))
        .bind(self.store.owner())
        .bind(&account.0)
        .bind(OPEN_MAX.saturating_mul(2))
        .fetch_all(self.store.pool())
        .await?;
        let mut claimed = Vec::new();
        for raw in raw {
            let row = self.open_row(raw);
            if !row.is_damaged() {
                claimed.push(row);
            } else if let Err(error) = self.release_damaged(row.id.as_str()).await {
                // This process owns the other rows already, so the error does not end the loop.
                tracing::warn!(%error, "a damaged row could not be set aside");
            }
        }
        Ok(claimed)
    }

    /// Returns at most `limit` rows of an account, newest first: those after the cursor, if there
    /// is one.
    pub(crate) async fn outbox_list(
        &self,
        account: &AccountKey,
        before: Option<&ListCursor>,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let raw: Vec<RawRow> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM outbox WHERE account_key = $1 AND removed_unix_ms IS NULL AND ($2 IS NULL OR created_unix_ms < $2 \
             OR created_unix_ms = $2 AND id < $3) ORDER BY created_unix_ms DESC, id DESC LIMIT $4",
        ))
        .bind(&account.0)
        .bind(before.map(|cursor| cursor.created_unix_ms))
        .bind(before.map(|cursor| cursor.id.as_str()))
        .bind(limit)
        .fetch_all(self.store.pool())
        .await?;
        Ok(raw.into_iter().map(|raw| self.open_row(raw)).collect())
    }

    /// Returns the number of open rows of an account.
    pub(crate) async fn outbox_count_open(&self, account: &AccountKey) -> Result<u32, StoreError> {
        let (open,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM outbox WHERE account_key = $1 AND is_open = 1")
                .bind(&account.0)
                .fetch_one(self.store.pool())
                .await?;
        Ok(u32::try_from(open).unwrap_or(u32::MAX))
    }

    /// Returns the number of rows of an account that need a decision of their sender: not handed
    /// over to every recipient and not tried again, waiting for a sign-in, or damaged.
    pub(crate) async fn outbox_count_needs_look(
        &self,
        account: &AccountKey,
    ) -> Result<u32, StoreError> {
        let (count,): (i64,) = sqlx::query_as(
            "SELECT COUNT(*) FROM outbox WHERE account_key = $1 AND removed_unix_ms IS NULL \
             AND (is_damaged = 1 OR (state = 'waiting' AND needs_sign_in = 1) OR (state = 'result' \
             AND outcome IN ('partly_refused', 'refused', 'not_sent', 'unknown')))",
        )
        .bind(&account.0)
        .fetch_one(self.store.pool())
        .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Returns a row of an account.
    pub(crate) async fn outbox_show(
        &self,
        account: &AccountKey,
        id: &OutboxId,
    ) -> Result<Option<OutboxRow>, StoreError> {
        let raw: Option<RawRow> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM outbox WHERE id = $1 AND account_key = $2"
        ))
        .bind(id.as_str())
        .bind(&account.0)
        .fetch_optional(self.store.pool())
        .await?;
        Ok(raw.map(|raw| self.open_row(raw)))
    }

    /// Returns the id of the row of an account whose message has a `Message-ID`, without brackets.
    /// Only rows near the time with which an id of ours begins are opened.
    pub(crate) async fn outbox_find(
        &self,
        account: &AccountKey,
        message_id: &str,
    ) -> Result<Option<OutboxId>, StoreError> {
        let time = message_id.split_once('.').map(|(time, _)| time.parse());
        let Some(Ok(unix_ms)) = time else {
            return Ok(None);
        };
        let unix_ms: i64 = unix_ms;
        let raw: Vec<RawRow> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM outbox WHERE account_key = $1 AND removed_unix_ms IS NULL AND is_damaged = 0 \
             AND created_unix_ms BETWEEN $2 AND $3 ORDER BY created_unix_ms LIMIT $4",
        ))
        .bind(&account.0)
        .bind(unix_ms.saturating_sub(ID_TOLERANCE_MS))
        .bind(unix_ms.saturating_add(ID_TOLERANCE_MS))
        .bind(FOUND_MAX)
        .fetch_all(self.store.pool())
        .await?;
        let rows = raw.into_iter().map(|raw| self.open_row(raw));
        let found = rows.filter(|row| row.message.message_id == message_id);
        Ok(found.map(|row| row.id).next())
    }

    /// Returns the draft of a row, as long as it can be sent again.
    pub(crate) async fn outbox_draft(
        &self,
        row: &OutboxRow,
    ) -> Result<Option<StoredDraft>, StoreError> {
        let sealed: Option<(Option<Vec<u8>>,)> =
            sqlx::query_as("SELECT sealed_draft FROM outbox WHERE id = $1 AND account_key = $2")
                .bind(row.id.as_str())
                .bind(&row.account_key.0)
                .fetch_optional(self.store.pool())
                .await?;
        let Some((Some(sealed),)) = sealed else {
            return Ok(None);
        };
        let aad = draft_aad(row.id.as_str(), &row.account_key.0);
        let json = self
            .sealer
            .open_sealed(Purpose::Outbox, aad.as_bytes(), &sealed)?;
        Ok(records::read_draft(&json).ok())
    }

    /// Returns the due time of the next row of an account.
    pub(crate) async fn outbox_next_due(
        &self,
        account: &AccountKey,
    ) -> Result<Option<i64>, StoreError> {
        let due: (Option<i64>,) = sqlx::query_as(
            "SELECT MIN(due_unix_ms) FROM outbox \
             WHERE account_key = $1 AND state = 'waiting' AND needs_sign_in = 0 AND is_damaged = 0 \
               AND removed_unix_ms IS NULL",
        )
        .bind(&account.0)
        .fetch_one(self.store.pool())
        .await?;
        Ok(due.0)
    }

    /// Releases the rows of an account that waited for a sign-in.
    pub(crate) async fn outbox_release(&self, account: &AccountKey) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET needs_sign_in = 0 WHERE account_key = $1 AND needs_sign_in = 1",
        )
        .bind(&account.0)
        .execute(self.store.pool())
        .await?;
        Ok(())
    }
}

/// Marks the files of a row as discarded: the sweep removes them.
async fn discard_files(transaction: &mut Connection, id: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE spool_file SET owner = $1, outbox_id = NULL WHERE outbox_id = $2")
        .bind(DISCARDED)
        .bind(id)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Returns the associated data of a sealed record: it opens only in its row and for its account.
fn record_aad(id: &str, account_key: &str) -> String {
    format!("{id}\0{account_key}")
}

/// Returns the associated data of a sealed transcript.
fn transcript_aad(id: &str, account_key: &str) -> String {
    format!("{id}\0{account_key}\0transcript")
}

/// Returns the associated data of a sealed draft.
fn draft_aad(id: &str, account_key: &str) -> String {
    format!("{id}\0{account_key}\0draft")
}

#[cfg(test)]
mod tests;
