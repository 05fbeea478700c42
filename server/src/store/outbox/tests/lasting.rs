//! Rows of earlier versions, rows sealed with another key, and damaged rows.

use app::api::types::{Damage, FolderId, MessageId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Stored rows, sealed with [`GOLDEN_KEY`]: format, state, then the sealed record and draft in
/// base64. Lines are added and never changed.
const ROWS: &str = include_str!("../../records/golden/rows.txt");
const GOLDEN_KEY: &str = "Z29sZGVuIGdvbGRlbiBnb2xkZW4gZ29sZGVuIGdvbGQ\n";

async fn fixture_with_key(key: &str) -> Fixture {
    let dir = TestDir::new();
    put_key(&dir, key);
    let (ledger, spool) = open_ledger(&dir).await;
    Fixture { dir, ledger, spool }
}

fn put_key(dir: &TestDir, key: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.path().join("key");
    std::fs::write(&path, key).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Fixture {
    async fn set(&self, query: &'static str) {
        let pool = self.ledger.store.pool();
        sqlx::query(query).execute(pool).await.unwrap();
    }

    async fn show(&self, id: &str) -> OutboxRow {
        let id = OutboxId::from(id);
        let row = self.ledger.outbox_show(&ann(), &id).await;
        row.unwrap().unwrap()
    }

    async fn insert_golden(&self) -> usize {
        let mut count = 0;
        for line in ROWS.lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            let [id, format, state, sealed, draft] = parts[..] else {
                panic!("{line}");
            };
            sqlx::query(
                "INSERT INTO outbox (id, account_key, state, needs_sign_in, owner, tries, \
                 due_unix_ms, created_unix_ms, changed_unix_ms, spool, size_bytes, format, \
                 sealed, sealed_draft) VALUES ($1, 'ann', $2, 0, NULL, 1, 1, 1, 1, \
                 'AAAAAAAAAAAAAAAAAAAAAA', 9, $3, $4, $5)",
            )
            .bind(id)
            .bind(state)
            .bind(format.parse::<i64>().unwrap())
            .bind(STANDARD.decode(sealed).unwrap())
            .bind((draft != "-").then(|| STANDARD.decode(draft).unwrap()))
            .execute(self.ledger.store.pool())
            .await
            .unwrap();
            count += 1;
        }
        count
    }
}

#[tokio::test]
async fn a_row_of_every_format_ever_written_opens() {
    let fixture = fixture_with_key(GOLDEN_KEY).await;
    assert_eq!(fixture.insert_golden().await, 3);
    fixture.ledger.outbox_convert().await.unwrap();
    fixture.ledger.outbox_check_keys().await.unwrap();
    fixture.ledger.outbox_recover(5).await.unwrap();
    for id in ["f1", "f2", "f3"] {
        let row = fixture.show(id).await;
        assert_eq!(row.damage, None, "{id}");
        assert_eq!(row.message.subject, "old", "{id}");
        assert_eq!(row.message.recipients[0].address, "bob@peer.test");
        let draft = fixture.ledger.outbox_draft(&row).await.unwrap().unwrap();
        assert_eq!(draft.bcc, "dan@peer.test", "{id}");
    }
    let older = "SELECT COUNT(*) FROM outbox WHERE format < 3";
    assert_eq!(fixture.count(older).await, 0);
    let with_outcome = "SELECT COUNT(*) FROM outbox WHERE id <> 'f3' AND outcome IS NOT NULL";
    assert_eq!(fixture.count(with_outcome).await, 2);
}

#[tokio::test]
async fn digest_of_a_form_is_stable() {
    let fixture = Fixture::new().await;
    let draft = StoredDraft {
        to: "bob@peer.test".to_owned(),
        body: "text".to_owned(),
        source: Some(app::api::types::ComposeSource {
            kind: app::api::types::ComposeKind::ReplyAll,
            folder: FolderId::from("INBOX"),
            message: MessageId::from("7"),
        }),
        ..StoredDraft::default()
    };
    let form = FormKey::from("form");
    let row = row("a");
    let inserted = fixture
        .ledger
        .outbox_insert(&row, &draft, sign_in(), Some(&form), &[], None);
    assert_eq!(inserted.await.unwrap(), Inserted::Done);
    let (digest,): (String,) = sqlx::query_as("SELECT digest FROM sent_form")
        .fetch_one(fixture.ledger.store.pool())
        .await
        .unwrap();
    assert_eq!(digest, "RFf-BbLfBjoMxbYcuWkDQuAb2HLzx18MArIl5w0RYIo");
}

#[tokio::test]
async fn damaged_row_reports_its_cause_and_blocks_neither_list_nor_start() {
    let fixture = Fixture::new().await;
    for id in ["good", "lost", "cut", "later"] {
        let mut row = row(id);
        row.due_unix_ms = i64::from(id == "good");
        fixture.insert_row(&row).await;
    }
    // Sealed with another key, whose id follows the first octet.
    fixture
        .set("UPDATE outbox SET sealed = CAST(substr(sealed, 1, 1) || x'00000000' || substr(sealed, 6) AS BLOB) WHERE id = 'lost'")
        .await;
    fixture
        .set("UPDATE outbox SET sealed = substr(sealed, 1, 60) WHERE id = 'cut'")
        .await;
    let sealer = &fixture.ledger.sealer;
    let later = br#"{"version":4,"anything":[]}"#;
    let sealed = sealer.seal(Purpose::Outbox, b"later\0ann", later).unwrap();
    sqlx::query("UPDATE outbox SET sealed = $1 WHERE id = 'later'")
        .bind(sealed)
        .execute(fixture.ledger.store.pool())
        .await
        .unwrap();
    fixture.ledger.outbox_convert().await.unwrap();
    assert_eq!(fixture.ledger.outbox_check_keys().await.unwrap(), 1);
    fixture.ledger.outbox_recover(5).await.unwrap();
    assert_eq!(fixture.show("good").await.damage, None);
    assert_eq!(fixture.show("lost").await.damage, Some(Damage::KeyLost));
    assert_eq!(fixture.show("cut").await.damage, Some(Damage::Bytes));
    assert_eq!(
        fixture.show("later").await.damage,
        Some(Damage::LaterProgram)
    );
    let claimed = fixture.ledger.outbox_claim(&ann(), 5).await.unwrap();
    assert_eq!(claimed.unwrap().id.as_str(), "good");
    assert!(
        fixture
            .ledger
            .outbox_claim(&ann(), 5)
            .await
            .unwrap()
            .is_none()
    );
    let rows = fixture.ledger.outbox_list(&ann(), None, 10).await.unwrap();
    assert_eq!(rows.len(), 4);
    // The rows stay for a program, or a key, that can open them.
    assert_eq!(
        fixture
            .count("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'")
            .await,
        3
    );
}

#[tokio::test]
async fn committed_row_of_a_crashed_process_is_unknown_without_being_opened() {
    let fixture = Fixture::new().await;
    fixture.insert_with_message("a").await;
    let row = fixture
        .ledger
        .outbox_claim(&ann(), 5)
        .await
        .unwrap()
        .unwrap();
    assert!(fixture.ledger.outbox_commit(&row.id, 6).await.unwrap());
    // The key is lost with the crash: the recovery at the start still records the outcome.
    std::fs::remove_file(fixture.dir.path().join("key")).unwrap();
    let (other, _) = fixture.second_process().await;
    assert_eq!(other.outbox_recover(LEASE_MS).await.unwrap(), 1);
    let unknown = "SELECT COUNT(*) FROM outbox WHERE state = 'result' AND outcome = 'unknown'";
    assert_eq!(fixture.count(unknown).await, 1);
    let row = fixture.show("a").await;
    assert_eq!(row.message.recipients[0].state, RecipientState::Unknown);
    assert_eq!(row.outcome(), Some(Outcome::Unknown));
    let row = other.outbox_show(&ann(), &row.id).await.unwrap().unwrap();
    assert_eq!(row.damage, Some(Damage::KeyLost));
}

#[tokio::test]
async fn only_rows_whose_copy_is_due_are_claimed_to_be_filed() {
    let fixture = Fixture::new().await;
    for id in ["due", "filed"] {
        let mut row = fixture.insert_with_message(id).await;
        row.state = RowState::Result;
        row.message.recipients[0].state = RecipientState::HandedOver;
        if id == "filed" {
            row.message.copy = SentCopy::Filed(FolderId::from("Sent"));
        }
        assert!(fixture.ledger.outbox_save(&row, false).await.unwrap());
    }
    let claimed = fixture.ledger.outbox_claim_unfiled(&ann()).await.unwrap();
    let ids: Vec<_> = claimed.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["due"]);
    let second_claim = fixture.ledger.outbox_claim_unfiled(&ann()).await.unwrap();
    assert!(second_claim.is_empty(), "it has an owner");
}

#[tokio::test]
async fn waiting_damaged_row_can_be_removed() {
    let fixture = Fixture::new().await;
    fixture.insert_row(&row("waits")).await;
    fixture
        .set("UPDATE outbox SET sealed = substr(sealed, 1, 60)")
        .await;
    let damaged = fixture.show("waits").await;
    assert_eq!(damaged.damage, Some(Damage::Bytes));
    let id = damaged.id.clone();
    assert!(!fixture.ledger.outbox_remove(&ann(), &id, 5).await.unwrap());
    fixture.ledger.outbox_mark_damaged(&damaged).await.unwrap();
    assert!(fixture.ledger.outbox_remove(&ann(), &id, 5).await.unwrap());
    // After the row can be opened again, a removed message is not sent.
    let sealed = fixture.ledger.seal_message(&row("waits")).unwrap();
    sqlx::query("UPDATE outbox SET sealed = $1")
        .bind(sealed)
        .execute(fixture.ledger.store.pool())
        .await
        .unwrap();
    fixture.ledger.outbox_check_keys().await.unwrap();
    assert_eq!(fixture.show("waits").await.damage, None);
    assert!(
        fixture
            .ledger
            .outbox_claim(&ann(), 5)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(fixture.ledger.outbox_next_due(&ann()).await.unwrap(), None);
}

#[tokio::test]
async fn row_with_a_missing_key_loses_nothing_at_the_upgrade() {
    let fixture = fixture_with_key(GOLDEN_KEY).await;
    fixture.insert_golden().await;
    // The draft of f2 is sealed with a missing key; its message is not.
    fixture
        .set("UPDATE outbox SET sealed_draft = CAST(substr(sealed_draft, 1, 1) || x'00000000' || substr(sealed_draft, 6) AS BLOB) WHERE id = 'f2'")
        .await;
    // Neither record nor draft of f1 can be opened.
    fixture
        .set("UPDATE outbox SET sealed = CAST(substr(sealed, 1, 1) || x'00000000' || substr(sealed, 6) AS BLOB) WHERE id = 'f1'")
        .await;
    assert_eq!(fixture.ledger.outbox_check_keys().await.unwrap(), 1);
    fixture.ledger.outbox_convert().await.unwrap();
    let retained =
        "SELECT COUNT(*) FROM outbox WHERE id = 'f2' AND format = 3 AND sealed_draft IS NOT NULL";
    assert_eq!(fixture.count(retained).await, 1);
    let unconverted =
        "SELECT COUNT(*) FROM outbox WHERE id = 'f1' AND format = 1 AND is_damaged = 1";
    assert_eq!(fixture.count(unconverted).await, 1);
}

#[tokio::test]
async fn rows_of_several_batches_are_all_converted() {
    let fixture = Fixture::new().await;
    for nth in 0..450 {
        sqlx::query(
            "INSERT INTO outbox (id, account_key, state, needs_sign_in, owner, tries, due_unix_ms, \
             created_unix_ms, changed_unix_ms, spool, size_bytes, sealed) \
             VALUES ($1, 'ann', 'result', 0, NULL, 1, 1, 1, 1, NULL, 9, $2)",
        )
        .bind(format!("r{nth}"))
        .bind(sealed_in_format_1(&fixture, &format!("r{nth}"), "-"))
        .execute(fixture.ledger.store.pool())
        .await
        .unwrap();
    }
    fixture.ledger.outbox_convert().await.unwrap();
    let converted = "SELECT COUNT(*) FROM outbox WHERE format = 3 AND outcome = 'refused'";
    assert_eq!(fixture.count(converted).await, 450);
}
