//! Compose forms that were posted after their session had ended: stored sealed for 1 h, until their
//! sender signs in again.

use app::api::types::{AccountId, FormKey};

use super::outbox::BEGIN_IMMEDIATE;
use super::records::{self, v2};
use super::seal::{Purpose, SealError, Sealer};
use super::{Store, StoreError, form_hash};
use crate::domain::PostedForm;

/// Time that a form is stored, in milliseconds.
pub(crate) const RETENTION_MS: i64 = 60 * 60 * 1000;
/// Maximum number of forms of one account; the oldest are deleted.
const ACCOUNT_FORMS_MAX: i64 = 8;
/// Maximum size of all forms together, in bytes.
const TOTAL_MAX_BYTES: i64 = 64 << 20;
/// Deletes the forms that were posted before a time.
const PRUNE: &str = "DELETE FROM posted_form WHERE posted_unix_ms < $1";

impl Store {
    /// Stores a form, sealed with a cookie of its browser, and replaces an earlier post of it.
    /// `false` if the size limit is reached.
    pub(crate) async fn posted_form_put(
        &self,
        sealer: &Sealer,
        cookie: &str,
        form: &FormKey,
        posted: PostedForm,
        now_unix_ms: i64,
    ) -> Result<bool, StoreError> {
        let (form_hash, account) = (form_hash(form), posted.account.clone());
        let record = v2::PostedForm::from(posted);
        let json = serde_json::to_vec(&record).map_err(|_| SealError::Unopenable)?;
        let purpose = Purpose::PostedForm(cookie.as_bytes());
        let sealed = sealer.seal(purpose, form_hash.as_bytes(), &json)?;
        let mut transaction = self.pool().begin_with(BEGIN_IMMEDIATE).await?;
        sqlx::query(PRUNE)
            .bind(now_unix_ms.saturating_sub(RETENTION_MS))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO posted_form (form_hash, account, sealed, posted_unix_ms) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (form_hash) DO UPDATE SET \
             account = excluded.account, sealed = excluded.sealed, \
             posted_unix_ms = excluded.posted_unix_ms",
        )
        .bind(form_hash)
        .bind(account.as_str())
        .bind(sealed)
        .bind(now_unix_ms)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "DELETE FROM posted_form WHERE form_hash IN (SELECT form_hash FROM posted_form \
             WHERE account = $1 ORDER BY posted_unix_ms DESC, form_hash LIMIT -1 OFFSET $2)",
        )
        .bind(account.as_str())
        .bind(ACCOUNT_FORMS_MAX)
        .execute(&mut *transaction)
        .await?;
        let (bytes,): (i64,) =
            sqlx::query_as("SELECT COALESCE(SUM(LENGTH(sealed)), 0) FROM posted_form")
                .fetch_one(&mut *transaction)
                .await?;
        if bytes > TOTAL_MAX_BYTES {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Returns a form that is not too old and can be opened with this cookie.
    pub(crate) async fn posted_form_find(
        &self,
        sealer: &Sealer,
        cookie: &str,
        form: &FormKey,
        now_unix_ms: i64,
    ) -> Result<Option<PostedForm>, StoreError> {
        let form_hash = form_hash(form);
        let query = "SELECT sealed FROM posted_form WHERE form_hash = $1 AND posted_unix_ms >= $2";
        let row = sqlx::query_scalar(query)
            .bind(&form_hash)
            .bind(now_unix_ms.saturating_sub(RETENTION_MS));
        let sealed: Option<Vec<u8>> = row.fetch_optional(self.pool()).await?;
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let purpose = Purpose::PostedForm(cookie.as_bytes());
        let opened = sealer.open_sealed(purpose, form_hash.as_bytes(), &sealed);
        Ok(opened
            .ok()
            .and_then(|json| records::read_posted_form(&json).ok()))
    }

    /// Deletes the forms of an account, when its session is signed out.
    pub(crate) async fn posted_form_delete(&self, account: &AccountId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM posted_form WHERE account = $1")
            .bind(account.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Deletes the forms that are too old.
    pub(crate) async fn posted_form_prune(&self, now_unix_ms: i64) -> Result<(), StoreError> {
        sqlx::query(PRUNE)
            .bind(now_unix_ms.saturating_sub(RETENTION_MS))
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
