//! The transcript of a row's last attempt.

use super::*;
use crate::domain::{AttemptTranscript, Speaker, TranscriptLine};

fn transcript(text: &str) -> AttemptTranscript {
    let mut transcript = AttemptTranscript::new(1);
    let line = TranscriptLine {
        at_unix_ms: 5,
        speaker: Speaker::Server,
        text: text.to_owned(),
    };
    transcript.add(vec![line], false);
    transcript
}

impl Fixture {
    /// Claims the row that is due, and records an attempt that is to be repeated.
    async fn attempt(&self, text: &str) -> OutboxRow {
        let claimed = self.ledger.outbox_claim(&ann(), 5).await.unwrap();
        let mut row = claimed.unwrap();
        row.state = RowState::Waiting;
        let transcript = transcript(text);
        let saved = self.ledger.outbox_save_result(&row, &transcript).await;
        assert!(saved.unwrap());
        row
    }

    async fn transcript_of(&self, account: &AccountKey) -> Option<AttemptTranscript> {
        let id = OutboxId::from("a");
        self.ledger.outbox_transcript(account, &id).await.unwrap()
    }

    async fn has_transcript(&self) -> bool {
        let rows = self.ledger.outbox_list(&ann(), None, 1).await.unwrap();
        rows[0].has_transcript
    }
}

#[tokio::test]
async fn transcript_is_sealed_and_stays_when_its_row_is_written_again() {
    let fixture = Fixture::new().await;
    fixture.insert_with_message("a").await;
    let mut row = fixture.attempt("451 4.3.0 later").await;
    assert!(fixture.has_transcript().await);
    row.message.subject = "another".to_owned();
    assert!(fixture.ledger.outbox_save(&row, false).await.unwrap());
    let found = fixture.transcript_of(&ann()).await;
    assert_eq!(found, Some(transcript("451 4.3.0 later")));
    let plain = "SELECT COUNT(*) FROM outbox WHERE instr(sealed_transcript, x'34353120') > 0";
    assert_eq!(fixture.count(plain).await, 0);
    let bob = AccountKey("bob".to_owned());
    assert_eq!(fixture.transcript_of(&bob).await, None);
}

#[tokio::test]
async fn next_attempt_deletes_the_transcript_when_it_begins() {
    let fixture = Fixture::new().await;
    fixture.insert_with_message("a").await;
    fixture.attempt("451 4.3.0 later").await;
    let claimed = fixture.ledger.outbox_claim(&ann(), 5).await.unwrap();
    let mut row = claimed.unwrap();
    assert!(!row.has_transcript);
    row.state = RowState::Waiting;
    // This attempt reached no server.
    let none = AttemptTranscript::new(2);
    let saved = fixture.ledger.outbox_save_result(&row, &none).await;
    assert!(saved.unwrap());
    assert!(!fixture.has_transcript().await);
    assert_eq!(fixture.transcript_of(&ann()).await, None);
}

#[tokio::test]
async fn transcript_moves_with_its_account_and_is_pruned_with_its_row() {
    let fixture = Fixture::new().await;
    fixture.insert_with_message("a").await;
    fixture.attempt("250 2.0.0 taken").await;
    let new = AccountKey("ann with the next key".to_owned());
    let moved = fixture.ledger.outbox_change_account(&ann(), &new).await;
    assert_eq!(moved.unwrap(), 1);
    let found = fixture.transcript_of(&new).await;
    assert_eq!(found, Some(transcript("250 2.0.0 taken")));
    assert_eq!(fixture.transcript_of(&ann()).await, None);
    assert_eq!(fixture.ledger.outbox_prune(9, 9).await.unwrap(), 1);
    assert_eq!(fixture.transcript_of(&new).await, None);
}

#[tokio::test]
async fn damaged_transcript_is_left_out() {
    let fixture = Fixture::new().await;
    fixture.insert_with_message("a").await;
    fixture.attempt("250 2.0.0 taken").await;
    sqlx::query("UPDATE outbox SET sealed_transcript = x'0102'")
        .execute(fixture.ledger.store.pool())
        .await
        .unwrap();
    assert_eq!(fixture.transcript_of(&ann()).await, None);
    assert!(fixture.has_transcript().await);
}
