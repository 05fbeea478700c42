//! The messages of the outbox that answer an invitation.
//!
//! A row is deleted with its message. One that cannot be opened (key lost, damaged) is left out.

use app::api::types::OutboxId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::records::{read_sent_answer, write_sent_answer};
use super::seal::{Purpose, SealError, Sealer};
use super::{Store, StoreError};
use crate::domain::{AccountKey, SentAnswer};

/// Maximum number of answers to one invitation that are looked at, the newest ones.
const FOUND_MAX: i64 = 10;

impl Store {
    /// Records that a message of an account's outbox answers an invitation.
    pub(crate) async fn sent_answer_add(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
        outbox: &OutboxId,
        sent: &SentAnswer,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO invitation_answer (outbox_id, invitation_hash, sealed) \
             VALUES ($1, $2, $3) ON CONFLICT (outbox_id) DO UPDATE \
             SET invitation_hash = $2, sealed = $3",
        )
        .bind(outbox.as_str())
        .bind(hash(account, &sent.invitation))
        .bind(seal(sealer, outbox.as_str(), sent)?)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Returns the messages of an account that answer an invitation, newest first.
    pub(crate) async fn sent_answers(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
        invitation: &str,
    ) -> Result<Vec<(OutboxId, SentAnswer)>, StoreError> {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT outbox_id, invitation_answer.sealed FROM invitation_answer \
             JOIN outbox ON id = outbox_id WHERE invitation_hash = $1 AND account_key = $2 \
             ORDER BY created_unix_ms DESC, id DESC LIMIT $3",
        )
        .bind(hash(account, invitation))
        .bind(&account.0)
        .bind(FOUND_MAX)
        .fetch_all(self.pool())
        .await?;
        let opened = rows.into_iter().filter_map(|(id, sealed)| {
            let sent = open(sealer, &id, &sealed)?;
            Some((OutboxId(id), sent))
        });
        Ok(opened.collect())
    }

    /// Returns what a message of an account answers; `None` if it answers no invitation.
    pub(crate) async fn sent_answer_of(
        &self,
        sealer: &Sealer,
        account: &AccountKey,
        outbox: &OutboxId,
    ) -> Result<Option<SentAnswer>, StoreError> {
        let row: Option<(Vec<u8>,)> = sqlx::query_as(
            "SELECT invitation_answer.sealed FROM invitation_answer \
             JOIN outbox ON id = outbox_id WHERE outbox_id = $1 AND account_key = $2",
        )
        .bind(outbox.as_str())
        .bind(&account.0)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.and_then(|(sealed,)| open(sealer, outbox.as_str(), &sealed)))
    }

    /// Seals the answers of an account again, whose messages have its new key already.
    pub(super) async fn sent_answers_change_account(
        &self,
        sealer: &Sealer,
        new: &AccountKey,
    ) -> Result<(), StoreError> {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT outbox_id, invitation_answer.sealed FROM invitation_answer \
             JOIN outbox ON id = outbox_id WHERE account_key = $1",
        )
        .bind(&new.0)
        .fetch_all(self.pool())
        .await?;
        for (id, sealed) in rows {
            if let Some(sent) = open(sealer, &id, &sealed) {
                self.sent_answer_add(sealer, new, &OutboxId(id), &sent)
                    .await?;
            }
        }
        Ok(())
    }
}

fn seal(sealer: &Sealer, id: &str, sent: &SentAnswer) -> Result<Vec<u8>, SealError> {
    sealer.seal(Purpose::SentAnswer, id.as_bytes(), &write_sent_answer(sent))
}

fn open(sealer: &Sealer, id: &str, sealed: &[u8]) -> Option<SentAnswer> {
    let record = sealer.open_sealed(Purpose::SentAnswer, id.as_bytes(), sealed);
    let sent = record.ok().and_then(|json| read_sent_answer(&json).ok());
    if sent.is_none() {
        tracing::warn!(id, "an answer to an invitation cannot be read");
    }
    sent
}

fn hash(account: &AccountKey, invitation: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(account.0.as_bytes());
    hasher.update([0]);
    hasher.update(invitation.as_bytes());
    URL_SAFE_NO_PAD.encode(hasher.finalize())
}
