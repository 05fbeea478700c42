//! The transcript of a row's last attempt: sealed separately, so that lists do not open it. It is
//! deleted with its row, and when the next attempt begins.

use app::api::types::OutboxId;

use super::{Ledger, transcript_aad};
use crate::domain::{AccountKey, AttemptTranscript, OutboxRow};
use crate::store::StoreError;
use crate::store::records;
use crate::store::seal::Purpose;

impl Ledger {
    pub(super) fn seal_transcript(
        &self,
        row: &OutboxRow,
        transcript: &AttemptTranscript,
    ) -> Result<Vec<u8>, StoreError> {
        let json = records::write_transcript(transcript);
        let aad = transcript_aad(row.id.as_str(), &row.account_key.0);
        Ok(self.sealer.seal(Purpose::Outbox, aad.as_bytes(), &json)?)
    }

    /// Returns the transcript of a row's last attempt. `None` if there is none, or if it cannot be
    /// opened (key lost, damaged).
    pub(crate) async fn outbox_transcript(
        &self,
        account: &AccountKey,
        id: &OutboxId,
    ) -> Result<Option<AttemptTranscript>, StoreError> {
        let sealed: Option<(Option<Vec<u8>>,)> = sqlx::query_as(
            "SELECT sealed_transcript FROM outbox WHERE id = $1 AND account_key = $2",
        )
        .bind(id.as_str())
        .bind(&account.0)
        .fetch_optional(self.store.pool())
        .await?;
        let Some((Some(sealed),)) = sealed else {
            return Ok(None);
        };
        let aad = transcript_aad(id.as_str(), &account.0);
        let opened = self
            .sealer
            .open_sealed(Purpose::Outbox, aad.as_bytes(), &sealed);
        let transcript = opened
            .ok()
            .and_then(|json| records::read_transcript(&json).ok());
        if transcript.is_none() {
            tracing::warn!("the transcript of an attempt cannot be read");
        }
        Ok(transcript)
    }
}
