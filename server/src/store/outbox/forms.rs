//! Compose forms that were sent: each form sends one message, even if it is posted several times.

use app::api::types::{AccountId, FormKey, OutboxId, PartId, SendOptions};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Ledger;
use crate::domain::{AccountKey, OutboxRow, StoredDraft};
use crate::store::records::v2;
use crate::store::{Connection, StoreError, form_hash};

/// The message that a form sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentForm {
    /// Its outbox entry, or the entry of its latest correction.
    pub(crate) outbox: OutboxId,
    /// Whether the form's present content is the content that was sent.
    pub(crate) is_same: bool,
}

/// The content of a form that is compared between posts. Uploads are compared by number only, since
/// files sent with the form have other ids each time.
#[derive(Serialize)]
struct Content<'a> {
    texts: [&'a str; 5],
    source: Option<v2::Source>,
    replaces: &'a Option<OutboxId>,
    keep_parts: &'a [PartId],
    files: usize,
    /// Absent where nothing is chosen: the digests of earlier versions stay the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<&'a SendOptions>,
}

fn digest(form: &FormKey, draft: &StoredDraft) -> String {
    let content = Content {
        texts: [
            &draft.to,
            &draft.cc,
            &draft.bcc,
            &draft.subject,
            &draft.body,
        ],
        source: draft.source.clone().map(v2::Source::from),
        replaces: &draft.replaces,
        keep_parts: &draft.keep_parts,
        files: draft.uploads.len(),
        options: Some(&draft.options).filter(|options| **options != SendOptions::default()),
    };
    // Serializing strings, numbers and lists to JSON does not fail.
    let json = serde_json::to_vec(&content).unwrap_or_default();
    let hash = Sha256::new()
        .chain_update(b"restante/form-content/")
        .chain_update(form.as_str())
        .chain_update(b"/")
        .chain_update(json);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

impl Ledger {
    /// Returns the message that a form sent, if it sent one.
    pub(crate) async fn form_sent(
        &self,
        account: &AccountKey,
        form: &FormKey,
        draft: &StoredDraft,
    ) -> Result<Option<SentForm>, StoreError> {
        let mut connection = self.store.pool().acquire().await?;
        find(&mut connection, account, form, draft).await
    }

    /// Creates the key of a new form of an account.
    pub(crate) fn form_key(&self, account: &AccountId) -> Result<FormKey, StoreError> {
        Ok(self.sealer.form_key(account)?)
    }

    /// Deletes the records of forms that were sent before a time.
    pub(crate) async fn form_prune(&self, before_unix_ms: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sent_form WHERE sent_unix_ms < $1")
            .bind(before_unix_ms)
            .execute(self.store.pool())
            .await?;
        Ok(())
    }
}

async fn find(
    connection: &mut Connection,
    account: &AccountKey,
    form: &FormKey,
    draft: &StoredDraft,
) -> Result<Option<SentForm>, StoreError> {
    let row: Option<(String, String)> = sqlx::query_as(
        "SELECT outbox_id, digest FROM sent_form WHERE account_key = $1 AND form_hash = $2",
    )
    .bind(&account.0)
    .bind(form_hash(form))
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(outbox, sent)| SentForm {
        outbox: OutboxId(outbox),
        is_same: sent == digest(form, draft),
    }))
}

/// Records the form of a new row, in the transaction that inserts the row. Returns the earlier
/// message if the form was sent before.
pub(super) async fn record_form(
    transaction: &mut Connection,
    row: &OutboxRow,
    form: &FormKey,
    draft: &StoredDraft,
) -> Result<Option<SentForm>, StoreError> {
    let done = sqlx::query(
        "INSERT INTO sent_form (account_key, form_hash, digest, outbox_id, sent_unix_ms) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_key, form_hash) DO NOTHING",
    )
    .bind(&row.account_key.0)
    .bind(form_hash(form))
    .bind(digest(form, draft))
    .bind(row.id.as_str())
    .bind(row.created_unix_ms)
    .execute(&mut *transaction)
    .await?;
    if done.rows_affected() == 0 {
        return find(transaction, &row.account_key, form, draft).await;
    }
    // The form that was stored for a sign-in is sent now.
    sqlx::query("DELETE FROM posted_form WHERE form_hash = $1")
        .bind(form_hash(form))
        .execute(transaction)
        .await?;
    Ok(None)
}

/// Points the forms of a row to the correction that replaces it.
pub(super) async fn repoint_forms(
    transaction: &mut Connection,
    old: &OutboxId,
    new: &OutboxId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE sent_form SET outbox_id = $1 WHERE outbox_id = $2")
        .bind(new.as_str())
        .bind(old.as_str())
        .execute(transaction)
        .await?;
    Ok(())
}
