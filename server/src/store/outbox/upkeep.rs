//! What is done to rows beside sending: after a crash, after a new program, after a new key, and
//! once they are old.

use super::{FORMAT, Ledger, RawRow, WRITES, columns, discard_files, place};
use crate::domain::{AccountKey, OutboxRow, Outcome, Typed};
use crate::store::process::owner_is_gone;
use crate::store::records;
use crate::store::seal::Purpose;
use crate::store::spool::SpoolName;
use crate::store::{Connection, StoreError};

/// The most settled rows of an account; the oldest go first.
const SETTLED_MAX: i64 = 1000;
/// So many rows are deleted in one transaction.
const BATCH: i64 = 200;

impl Ledger {
    /// Puts rows right that a process left behind when it died: `sending` is safe to repeat,
    /// `committing` may have gone out. Rows of processes that have a lease are left alone. Returns
    /// how many were freed.
    pub(crate) async fn outbox_recover(&self, now_unix_ms: i64) -> Result<u64, StoreError> {
        let freed = sqlx::query(concat!(
            "UPDATE outbox SET state = CASE WHEN state = 'sending' THEN 'waiting' ELSE state END, \
             owner = NULL WHERE owner IS NOT NULL AND ",
            owner_is_gone!("$1")
        ))
        .bind(now_unix_ms)
        .execute(self.store.pool())
        .await?;
        // Whoever was not refused before may have it: opening a row says so by its outcome.
        sqlx::query(
            "UPDATE outbox SET state = 'result', outcome = $1, changed_unix_ms = $2 \
             WHERE state = 'committing' AND owner IS NULL",
        )
        .bind(Outcome::Unknown.name())
        .bind(now_unix_ms)
        .execute(self.store.pool())
        .await?;
        Ok(freed.rows_affected())
    }

    /// Sets a row aside that was seen to be damaged, unless somebody is sending it.
    pub(crate) async fn outbox_set_aside(&self, row: &OutboxRow) -> Result<(), StoreError> {
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

    /// Sets a row aside that was claimed and cannot be opened: it is shown so, and nothing is done
    /// with it.
    pub(super) async fn let_go(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET is_damaged = 1, owner = NULL, \
             state = CASE WHEN state = 'sending' THEN 'waiting' ELSE state END WHERE id = $1",
        )
        .bind(id)
        .execute(self.store.pool())
        .await?;
        Ok(())
    }

    /// Brings the rows of older programs to the present format, and enters their files into the
    /// table of the spool. To be called before the spool is swept, and after the keys were looked
    /// at: a row that cannot be opened stays as it is, and is brought up once it can.
    pub(crate) async fn outbox_convert(&self) -> Result<(), StoreError> {
        loop {
            // A start does not wait for the disk once for each row.
            let mut writing = self.store.pool().begin_with(WRITES).await?;
            let some: Vec<RawRow> = sqlx::query_as(concat!(
                "SELECT ",
                columns!(),
                " FROM outbox WHERE format < 3 AND is_damaged = 0 LIMIT $1"
            ))
            .bind(BATCH)
            .fetch_all(&mut *writing)
            .await?;
            if some.is_empty() {
                return Ok(());
            }
            for raw in some {
                self.convert(&mut writing, raw).await?;
            }
            writing.commit().await?;
        }
    }

    /// What was typed, where it is sealed with a key that is here.
    async fn typed_if_it_opens(&self, row: &OutboxRow) -> Result<Option<Typed>, StoreError> {
        match self.outbox_typed(row).await {
            Err(StoreError::Seal(_)) => Ok(None),
            typed => typed,
        }
    }

    async fn convert(&self, writing: &mut Connection, raw: RawRow) -> Result<(), StoreError> {
        let place = place(&raw.id, &raw.account_key);
        let opened = self
            .sealer
            .open_sealed(Purpose::Outbox, place.as_bytes(), &raw.sealed);
        // Rows of format 1 hold it in the record.
        let within = opened.map(|json| records::read_typed_within(&json).ok());
        let (id, account) = (raw.id.clone(), raw.account_key.clone());
        let row = self.open_row(raw);
        let typed = match within {
            Ok(Some(typed)) => row.spool.as_ref().map(|_| typed),
            _ => self.typed_if_it_opens(&row).await?,
        };
        let mut files = vec![(row.spool.clone(), row.size_bytes)];
        let attached = row.message.attachments.iter();
        files.extend(attached.map(|file| (Some(file.spool.clone()), file.size_bytes)));
        if row.is_damaged() {
            sqlx::query("UPDATE outbox SET is_damaged = 1 WHERE id = $1")
                .bind(&id)
                .execute(&mut *writing)
                .await?;
        } else {
            let typed = typed
                .map(|typed| self.seal_typed(&row, &typed))
                .transpose()?;
            sqlx::query(
                "UPDATE outbox SET format = $1, sealed = $2, \
                 sealed_draft = COALESCE($3, sealed_draft), outcome = $4, \
                 is_copy_due = $5, \
                 is_open = CASE WHEN removed_unix_ms IS NULL THEN $6 ELSE 0 END WHERE id = $7",
            )
            .bind(FORMAT)
            .bind(self.seal_message(&row)?)
            .bind(typed)
            .bind(row.outcome().map(Outcome::name))
            .bind(i64::from(row.awaits_its_copy()))
            .bind(i64::from(row.is_open()))
            .bind(&id)
            .execute(&mut *writing)
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
            .execute(&mut *writing)
            .await?;
        }
        Ok(())
    }

    /// Finds the rows whose key is not there: they are set aside, and said in the log. Rows that
    /// were set aside are looked at again, for a key that was put back.
    pub(crate) async fn outbox_check_keys(&self) -> Result<u64, StoreError> {
        let [current, previous] = self.sealer.key_ids();
        // A sealed value begins with its format and the id of its key.
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

    /// Gives the rows of an account to its present key, sealed anew: keys of accounts are made with
    /// the server key, which was changed. A row that cannot be opened goes along.
    pub(crate) async fn outbox_adopt(
        &self,
        old: &AccountKey,
        new: &AccountKey,
    ) -> Result<u64, StoreError> {
        let mut adopted = 0_u64;
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
            let typed = self.typed_if_it_opens(&row).await?;
            row.account_key = new.clone();
            let sealed = match row.is_damaged() {
                true => None,
                false => Some(self.seal_message(&row)?),
            };
            let typed = typed
                .map(|typed| self.seal_typed(&row, &typed))
                .transpose()?;
            sqlx::query(
                "UPDATE outbox SET account_key = $1, is_damaged = $2, \
                 sealed = COALESCE($3, sealed), sealed_draft = $4 WHERE id = $5",
            )
            .bind(&new.0)
            .bind(i64::from(row.is_damaged()))
            .bind(sealed)
            .bind(typed)
            .bind(row.id.as_str())
            .execute(self.store.pool())
            .await?;
            adopted = adopted.saturating_add(1);
        }
        for statement in [
            "UPDATE spool_file SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE sent_form SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE pop3_mark SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE pop3_delete SET account_key = $1 WHERE account_key = $2",
            "UPDATE OR IGNORE folder_mark SET account_key = $1 WHERE account_key = $2",
        ] {
            let query = sqlx::query(statement).bind(&new.0).bind(&old.0);
            query.execute(self.store.pool()).await?;
        }
        // What both keys have is the present one's.
        for statement in [
            "DELETE FROM pop3_mark WHERE account_key = $1",
            "DELETE FROM pop3_delete WHERE account_key = $1",
            "DELETE FROM folder_mark WHERE account_key = $1",
        ] {
            let query = sqlx::query(statement).bind(&old.0);
            query.execute(self.store.pool()).await?;
        }
        Ok(adopted)
    }

    /// Deletes rows that have not changed since a time, and the oldest settled ones beyond
    /// [`SETTLED_MAX`] of an account, and those that were removed before another time. Their files
    /// are discarded.
    pub(crate) async fn outbox_prune(
        &self,
        before_unix_ms: i64,
        removed_before_unix_ms: i64,
    ) -> Result<u64, StoreError> {
        let mut pruned = 0_u64;
        loop {
            let mut writing = self.store.pool().begin_with(WRITES).await?;
            let old: Vec<(String,)> = sqlx::query_as(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
                 WHERE changed_unix_ms < $1 AND owner IS NULL LIMIT $2) RETURNING id",
            )
            .bind(before_unix_ms)
            .bind(BATCH)
            .fetch_all(&mut *writing)
            .await?;
            let removed: Vec<(String,)> = sqlx::query_as(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
                 WHERE removed_unix_ms < $1 AND owner IS NULL LIMIT $2) RETURNING id",
            )
            .bind(removed_before_unix_ms)
            .bind(BATCH)
            .fetch_all(&mut *writing)
            .await?;
            let many: Vec<(String,)> = sqlx::query_as(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM (SELECT id, ROW_NUMBER() OVER \
                 (PARTITION BY account_key ORDER BY created_unix_ms DESC) AS nth FROM outbox \
                 WHERE is_open = 0 AND owner IS NULL) WHERE nth > $1 LIMIT $2) RETURNING id",
            )
            .bind(SETTLED_MAX)
            .bind(BATCH)
            .fetch_all(&mut *writing)
            .await?;
            for (id,) in old.iter().chain(&removed).chain(&many) {
                discard_files(&mut writing, id).await?;
            }
            writing.commit().await?;
            if old.is_empty() && removed.is_empty() && many.is_empty() {
                return Ok(pruned);
            }
            let count = old.len().saturating_add(removed.len());
            let count = count.saturating_add(many.len());
            pruned = pruned.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }
}
