//! The transcript of an outbox entry's last attempt.

use app::api::types::{OutboxEntry, OutboxId};
use app::routes::transcript::{self, Transcript};

use super::SessionBackend;
use crate::account::error::AccountError;
use crate::account::model::now_unix_ms;
use crate::domain::{AttemptTranscript, Speaker, TranscriptLine};
use crate::views::locale::Locale;

impl SessionBackend {
    /// Returns an entry of any account of the session, and the transcript of its last attempt, if
    /// there is one.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if no account of the session has the entry.
    pub async fn outbox_transcript(
        &self,
        id: &OutboxId,
    ) -> Result<(OutboxEntry, Option<Transcript>), AccountError> {
        let (handle, row) = self.row(id).await?;
        let ledger = &handle.outbox().ledger;
        let transcript = ledger.outbox_transcript(handle.key(), id).await;
        let transcript = transcript.map_err(AccountError::store)?;
        let shown = transcript.map(|transcript| show(transcript, &self.locale));
        Ok((self.entry(handle, &row), shown))
    }
}

fn show(transcript: AttemptTranscript, locale: &Locale) -> Transcript {
    let first = transcript.lines.first();
    let started_unix_ms = first.map(|line| line.at_unix_ms);
    let begins_connection = first.is_some_and(|line| line.speaker == Speaker::Connection);
    let line = |line: TranscriptLine| {
        let after_ms = line
            .at_unix_ms
            .saturating_sub(started_unix_ms.unwrap_or_default());
        transcript::TranscriptLine {
            // A clock that was set back gives 0.
            after_ms: u64::try_from(after_ms).unwrap_or_default(),
            speaker: match line.speaker {
                Speaker::Connection => transcript::Speaker::Connection,
                Speaker::Client => transcript::Speaker::Client,
                Speaker::Server => transcript::Speaker::Server,
                Speaker::Note => transcript::Speaker::Note,
            },
            text: line.text,
        }
    };
    Transcript {
        attempt: transcript.attempt,
        started: locale.date(started_unix_ms, now_unix_ms()),
        is_cut: transcript.is_cut,
        is_reused: !begins_connection && !transcript.is_cut,
        lines: transcript.lines.into_iter().map(line).collect(),
    }
}
