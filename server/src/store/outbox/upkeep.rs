//! Maintenance of rows: recovery after a crash, conversion of formats, change of keys, and pruning.

use super::{BEGIN_IMMEDIATE, FORMAT, Ledger, RawRow, columns, discard_files, record_aad};
use crate::domain::{AccountKey, OutboxRow, Outcome, StoredDraft};
use crate::store::account_lists::{IDENTITIES, TEMPLATES};
use crate::store::process::owner_has_no_lease;
use crate::store::records;
use crate::store::seal::Purpose;
use crate::store::spool::SpoolName;
use crate::store::{Connection, StoreError};

/// Maximum number of settled rows of an account; the oldest are deleted first.
const SETTLED_MAX: i64 = 1000;
/// Maximum number of rows that one statement handles.
const BATCH: i64 = 200;

impl Ledger {
    /// Recovers the rows of processes without a lease: `sending` is safe to repeat, `committing`
    /// may have been sent. Rows of processes with a lease are unchanged. Returns the number of
    /// recovered rows.
    pub(crate) async fn outbox_recover(&self, now_unix_ms: i64) -> Result<u64, StoreError> {
        let recovered = sqlx::query(concat!(
            "UPDATE outbox SET state = CASE WHEN state = 'sending' THEN 'waiting' ELSE state END, \
             owner = NULL WHERE owner IS NOT NULL AND ",
            owner_has_no_lease!("$1")
        ))
        .bind(now_unix_ms)
        .execute(self.store.pool())
        .await?;
        // Opening the row sets the recipients that were not refused to unknown, because of its
        // outcome.
        sqlx::query(
            "UPDATE outbox SET state = 'result', outcome = $1, changed_unix_ms = $2, \
             is_copy_due = 1 WHERE state = 'committing' AND owner IS NULL",
        )
        .bind(Outcome::Unknown.name())
        .bind(now_unix_ms)
        .execute(self.store.pool())
        .await?;
        Ok(recovered.rows_affected())
    }

    /// Marks a row as damaged, unless a process owns it.
    pub(crate) async fn outbox_mark_damaged(&self, row: &OutboxRow) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET is_damaged = 1 \
             WHERE id = $1 AND account_key = $2 AND owner IS NULL",
        )
        .bind(row.id.as_str())
        .bind(&row.account_key.0)
        .execute(self.store.pool())
        .await?;
        Ok(())
    }

    /// Marks a claimed row that cannot be opened as damaged and releases it: it is shown as damaged
    /// and not processed.
    pub(super) async fn release_damaged(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET is_damaged = 1, owner = NULL, \
             state = CASE WHEN state = 'sending' THEN 'waiting' ELSE state END WHERE id = $1",
        )
        .bind(id)
        .execute(self.store.pool())
        .await?;
        Ok(())
    }

    /// Converts the rows of older versions to the present format, and adds their files to the spool
    /// table. Call it before the spool is swept and after the keys are checked: a row that cannot
    /// be opened is marked as damaged, and is converted once it can be opened.
    pub(crate) async fn outbox_convert(&self) -> Result<(), StoreError> {
        loop {
            // One transaction per batch: the start does not wait for the disk once per row.
            let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
            let batch: Vec<RawRow> = sqlx::query_as(concat!(
                "SELECT ",
                columns!(),
                " FROM outbox WHERE format < 3 AND is_damaged = 0 LIMIT $1"
            ))
            .bind(BATCH)
            .fetch_all(&mut *transaction)
            .await?;
            if batch.is_empty() {
                return Ok(());
            }
            for raw in batch {
                self.convert(&mut transaction, raw).await?;
            }
            transaction.commit().await?;
        }
    }

    /// Returns the draft of a row, or `None` if its key is not available.
    async fn draft_if_readable(&self, row: &OutboxRow) -> Result<Option<StoredDraft>, StoreError> {
        match self.outbox_draft(row).await {
            Err(StoreError::Seal(_)) => Ok(None),
            draft => draft,
        }
    }

    async fn convert(&self, transaction: &mut Connection, raw: RawRow) -> Result<(), StoreError> {
        let aad = record_aad(&raw.id, &raw.account_key);
        let opened = self
            .sealer
            .open_sealed(Purpose::Outbox, aad.as_bytes(), &raw.sealed);
        // Rows of format 1 contain the draft in the record.
        let embedded = opened.map(|json| records::read_embedded_draft(&json).ok());
        let (id, account) = (raw.id.clone(), raw.account_key.clone());
        let row = self.open_row(raw);
        let draft = match embedded {
            Ok(Some(draft)) => row.spool.as_ref().map(|_| draft),
            _ => self.draft_if_readable(&row).await?,
        };
        let mut files = vec![(row.spool.clone(), row.size_bytes)];
        let attached = row.message.attachments.iter();
        files.extend(attached.map(|file| (Some(file.spool.clone()), file.size_bytes)));
        if row.is_damaged() {
            sqlx::query("UPDATE outbox SET is_damaged = 1 WHERE id = $1")
                .bind(&id)
                .execute(&mut *transaction)
                .await?;
        } else {
            let draft = draft
                .map(|draft| self.seal_draft(&row, &draft))
                .transpose()?;
            sqlx::query(
                "UPDATE outbox SET format = $1, sealed = $2, \
                 sealed_draft = COALESCE($3, sealed_draft), outcome = $4, \
                 is_copy_due = $5, \
                 is_open = CASE WHEN removed_unix_ms IS NULL THEN $6 ELSE 0 END WHERE id = $7",
            )
            .bind(FORMAT)
            .bind(self.seal_message(&row)?)
            .bind(draft)
            .bind(row.outcome().map(Outcome::name))
            .bind(i64::from(row.is_copy_due() || row.is_search_due()))
            .bind(i64::from(row.is_open()))
            .bind(&id)
            .execute(&mut *transaction)
            .await?;
        }
        for (name, size_bytes) in files {
            let Some(name) = name.as_deref().and_then(SpoolName::parse) else {
                continue;
            };
            sqlx::query(
                "INSERT INTO spool_file (name, account_key, reserved_bytes, outbox_id) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING",
            )
            .bind(name.as_str())
            .bind(&account)
            .bind(i64::try_from(size_bytes).unwrap_or(i64::MAX))
            .bind(&id)
            .execute(&mut *transaction)
            .await?;
        }
        Ok(())
    }

    /// Marks rows as damaged whose key is missing, and returns their number. Damaged rows whose key
    /// is available again are unmarked.
    pub(crate) async fn outbox_check_keys(&self) -> Result<u64, StoreError> {
        let [current, previous] = self.sealer.key_ids();
        // A sealed value starts with its format and the id of its key.
        let lost = sqlx::query(
            "UPDATE outbox SET is_damaged = 1 \
             WHERE is_damaged = 0 AND substr(sealed, 2, 4) NOT IN ($1, $2)",
        )
        .bind(current.as_slice())
        .bind(previous.as_slice())
        .execute(self.store.pool())
        .await?;
        sqlx::query(
            "UPDATE outbox SET is_damaged = 0 \
             WHERE is_damaged = 1 AND substr(sealed, 2, 4) IN ($1, $2)",
        )
        .bind(current.as_slice())
        .bind(previous.as_slice())
        .execute(self.store.pool())
        .await?;
        Ok(lost.rows_affected())
    }

    /// Moves the rows of an account from its old key to its new one and seals them again: account
    /// keys are derived from the server key, which was changed. Rows that cannot be opened are
    /// moved too.
    pub(crate) async fn outbox_change_account(
        &self,
        old: &AccountKey,
        new: &AccountKey,
    ) -> Result<u64, StoreError> {
        let mut moved = 0_u64;
        loop {
            let raw: Option<RawRow> = sqlx::query_as(concat!(
                "SELECT ",
                columns!(),
                " FROM outbox WHERE account_key = $1 LIMIT 1"
            ))
            .bind(&old.0)
            .fetch_optional(self.store.pool())
            .await?;
            let Some(raw) = raw else { break };
            let mut row = self.open_row(raw);
            let draft = self.draft_if_readable(&row).await?;
            let transcript = self.outbox_transcript(old, &row.id).await?;
            row.account_key = new.clone();
            let sealed = match row.is_damaged() {
                true => None,
                false => Some(self.seal_message(&row)?),
            };
            let draft = draft
                .map(|draft| self.seal_draft(&row, &draft))
                .transpose()?;
            let transcript = transcript
                .map(|transcript| self.seal_transcript(&row, &transcript))
                .transpose()?;
            sqlx::query(
                "UPDATE outbox SET account_key = $1, is_damaged = $2, \
                 sealed = COALESCE($3, sealed), sealed_draft = $4, sealed_transcript = $6 \
                 WHERE id = $5",
            )
            .bind(&new.0)
            .bind(i64::from(row.is_damaged()))
            .bind(sealed)
            .bind(draft)
            .bind(row.id.as_str())
            .bind(transcript)
            .execute(self.store.pool())
            .await?;
            moved = moved.saturating_add(1);
        }
        for statement in [
            "UPDATE spool_file SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE sent_form SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE pop3_mark SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE pop3_delete SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE folder_mark SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE account_setting SET account_key = $1 WHERE account_key = $2",
        ] {
            let query = sqlx::query(statement).bind(&new.0).bind(&old.0);
            query.execute(self.store.pool()).await?;
        }
        // Rows that exist under both keys: the one of the new key stays.
        for statement in [
            "DELETE FROM pop3_mark WHERE account_key = $1",
            "DELETE FROM pop3_delete WHERE account_key = $1",
            "DELETE FROM folder_mark WHERE account_key = $1",
            "DELETE FROM account_setting WHERE account_key = $1",
            // Sealed for the old key: the next message stores it again.
            "DELETE FROM delegated_sign_in WHERE account_key = $1",
        ] {
            let query = sqlx::query(statement).bind(&old.0);
            query.execute(self.store.pool()).await?;
        }
        let (store, sealer) = (&self.store, &self.sealer);
        store.people_change_account(sealer, old, new).await?;
        store
            .list_change_account(IDENTITIES, sealer, old, new)
            .await?;
        store
            .list_change_account(TEMPLATES, sealer, old, new)
            .await?;
        store.contacts_change_account(sealer, old, new).await?;
        store.sent_answers_change_account(sealer, new).await?;
        Ok(moved)
    }

    /// Deletes rows that have not changed since `before_unix_ms` and are not scheduled for a later
    /// time, the oldest settled ones beyond
    /// [`SETTLED_MAX`] of an account, and those that were removed before `removed_before_unix_ms`.
    /// Their files are discarded.
    pub(crate) async fn outbox_prune(
        &self,
        before_unix_ms: i64,
        removed_before_unix_ms: i64,
    ) -> Result<u64, StoreError> {
        let mut pruned = 0_u64;
        loop {
            let mut transaction = self.store.pool().begin_with(BEGIN_IMMEDIATE).await?;
            let old: Vec<(String,)> = sqlx::query_as(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
                 WHERE changed_unix_ms < $1 AND owner IS NULL \
                 AND NOT (state = 'waiting' AND due_unix_ms >= $1) LIMIT $2) RETURNING id",
            )
            .bind(before_unix_ms)
            .bind(BATCH)
            .fetch_all(&mut *transaction)
            .await?;
            let removed: Vec<(String,)> = sqlx::query_as(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
                 WHERE removed_unix_ms < $1 AND owner IS NULL LIMIT $2) RETURNING id",
            )
            .bind(removed_before_unix_ms)
            .bind(BATCH)
            .fetch_all(&mut *transaction)
            .await?;
            let excess: Vec<(String,)> = sqlx::query_as(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM (SELECT id, ROW_NUMBER() OVER \
                 (PARTITION BY account_key ORDER BY created_unix_ms DESC) AS nth FROM outbox \
                 WHERE is_open = 0 AND owner IS NULL) WHERE nth > $1 LIMIT $2) RETURNING id",
            )
            .bind(SETTLED_MAX)
            .bind(BATCH)
            .fetch_all(&mut *transaction)
            .await?;
            for (id,) in old.iter().chain(&removed).chain(&excess) {
                discard_files(&mut transaction, id).await?;
            }
            transaction.commit().await?;
            if old.is_empty() && removed.is_empty() && excess.is_empty() {
                return Ok(pruned);
            }
            let count = old.len().saturating_add(removed.len());
            let count = count.saturating_add(excess.len());
            pruned = pruned.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }
}
