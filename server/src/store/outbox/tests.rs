mod delegated;
mod lasting;
mod transcript;

use std::sync::LazyLock;

use app::api::types::{IncomingKind, RecipientState};
use serde_json::json;

use super::*;
use crate::domain::{OutboxMessage, RecipientResult, SentCopy, StoredServer, Tls};
use crate::store::process::LEASE_MS;
use crate::store::seal::Purpose;
use crate::store::spool::{Spool, SpoolLimits};
use crate::store::{SCHEMA, TestDir};

/// The sign-in that is stored with a row.
fn sign_in() -> &'static StoredSignIn {
    static SIGN_IN: LazyLock<StoredSignIn> = LazyLock::new(|| {
        let server = |port| StoredServer {
            host: "peer.test".to_owned(),
            port,
            tls: Tls::Implicit,
        };
        StoredSignIn {
            address: "ann@peer.test".to_owned(),
            user: None,
            password: mail_proto::Secret::new("a password in nobody's file"),
            incoming_kind: IncomingKind::Imap,
            incoming: server(993),
            outgoing: server(465),
        }
    });
    &SIGN_IN
}

struct Fixture {
    dir: TestDir,
    ledger: Ledger,
    spool: Spool,
}

impl Fixture {
    async fn new() -> Self {
        let dir = TestDir::new();
        let (ledger, spool) = open_ledger(&dir).await;
        Self { dir, ledger, spool }
    }

    /// Opens a second process on the same folder.
    async fn second_process(&self) -> (Ledger, Spool) {
        open_ledger(&self.dir).await
    }

    async fn count(&self, query: &'static str) -> i64 {
        let (count,): (i64,) = sqlx::query_as(query)
            .fetch_one(self.ledger.store.pool())
            .await
            .unwrap();
        count
    }

    fn files(&self) -> usize {
        let spool = self.dir.path().join("spool");
        std::fs::read_dir(spool).unwrap().count()
    }

    /// Inserts a row with its message in the spool.
    async fn insert_with_message(&self, id: &str) -> OutboxRow {
        let (row, name) = self.write_message(id).await;
        let draft = StoredDraft {
            body: "what was typed".to_owned(),
            ..StoredDraft::default()
        };
        let names = [&name.name];
        let inserted = self
            .ledger
            .outbox_insert(&row, &draft, sign_in(), None, &names, None)
            .await;
        assert_eq!(inserted.unwrap(), Inserted::Done);
        row
    }

    /// Inserts a row without files.
    async fn insert_row(&self, row: &OutboxRow) {
        let draft = StoredDraft::default();
        let inserted = self
            .ledger
            .outbox_insert(row, &draft, sign_in(), None, &[], None)
            .await;
        assert_eq!(inserted.unwrap(), Inserted::Done);
    }

    async fn write_message(&self, id: &str) -> (OutboxRow, crate::store::spool::SpoolFile) {
        let mut writer = self.spool.create(&ann(), 0, 100).await.unwrap();
        writer.write(b"the message").await.unwrap();
        let file = writer.finish().await.unwrap();
        let mut row = row(id);
        row.spool = Some(file.name.as_str().to_owned());
        (row, file)
    }
}

async fn open_ledger(dir: &TestDir) -> (Ledger, Spool) {
    let sealer = Arc::new(Sealer::open(dir.path()).unwrap());
    let store = Store::open(dir.path(), SCHEMA).await.unwrap();
    let limits = SpoolLimits::NONE;
    let spool = Spool::open(dir.path(), store.clone(), Arc::clone(&sealer), limits).unwrap();
    (Ledger::new(store, sealer), spool)
}

fn ann() -> AccountKey {
    AccountKey("ann".to_owned())
}

fn row(id: &str) -> OutboxRow {
    OutboxRow {
        id: OutboxId(id.to_owned()),
        account_key: ann(),
        state: RowState::Waiting,
        needs_sign_in: false,
        tries: 0,
        due_unix_ms: 1,
        created_unix_ms: 1,
        changed_unix_ms: 1,
        spool: None,
        size_bytes: 11,
        damage: None,
        has_transcript: false,
        message: OutboxMessage {
            from: "ann@peer.test".to_owned(),
            subject: id.to_owned(),
            recipients: vec![RecipientResult {
                address: "bob@peer.test".to_owned(),
                state: RecipientState::Waiting,
                reply: None,
            }],
            copy: SentCopy::Pending,
            ..OutboxMessage::unreadable()
        },
    }
}

#[tokio::test]
async fn a_row_is_found_by_the_id_of_its_message() {
    let fixture = Fixture::new().await;
    let insert = async |id: &str, created_unix_ms: i64, message_id: &str| {
        let mut row = row(id);
        row.created_unix_ms = created_unix_ms;
        row.message.message_id = message_id.to_owned();
        let draft = StoredDraft::default();
        let inserted = fixture
            .ledger
            .outbox_insert(&row, &draft, sign_in(), None, &[], None);
        assert_eq!(inserted.await.unwrap(), Inserted::Done);
    };
    insert("a", 1_000_002, "1000000.x@peer.test").await;
    insert("b", 1_000_003, "1000001.y@peer.test").await;
    insert("late", 9_000_000, "1000004.z@peer.test").await;
    let find = async |account: &AccountKey, message_id: &str| {
        fixture
            .ledger
            .outbox_find(account, message_id)
            .await
            .unwrap()
    };
    let bob = AccountKey("bob".to_owned());
    for (account, message_id, found) in [
        (&ann(), "1000001.y@peer.test", Some("b")),
        (&ann(), "1000001.x@peer.test", None),
        (&ann(), "1000004.z@peer.test", None),
        (&ann(), "x@peer.test", None),
        (&ann(), "", None),
        (&ann(), "99999999999999999999.x@peer.test", None),
        (&bob, "1000001.y@peer.test", None),
    ] {
        let id = find(account, message_id).await;
        assert_eq!(id.as_ref().map(OutboxId::as_str), found, "{message_id}");
    }
}

#[tokio::test]
async fn draft_and_files_are_deleted_after_the_hand_over() {
    let fixture = Fixture::new().await;
    let mut row = fixture.insert_with_message("a").await;
    assert!(fixture.ledger.outbox_draft(&row).await.unwrap().is_some());
    assert_eq!(fixture.ledger.outbox_count_open(&ann()).await.unwrap(), 1);
    row.state = RowState::Result;
    row.message.recipients[0].state = RecipientState::HandedOver;
    row.spool = None;
    assert!(fixture.ledger.outbox_save(&row, false).await.unwrap());
    fixture.spool.remove_discarded().await.unwrap();
    assert!(fixture.ledger.outbox_draft(&row).await.unwrap().is_none());
    assert_eq!(fixture.ledger.outbox_count_open(&ann()).await.unwrap(), 0);
    assert_eq!(fixture.files(), 0);
    // The ledger entry stays until it is old.
    assert_eq!(fixture.ledger.outbox_prune(1, 1).await.unwrap(), 0);
    let rows = fixture.ledger.outbox_list(&ann(), None, 10).await.unwrap();
    assert_eq!(rows[0].message.subject, "a");
    assert_eq!(fixture.ledger.outbox_prune(2, 2).await.unwrap(), 1);
    assert!(
        fixture
            .ledger
            .outbox_list(&ann(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn scheduled_message_is_not_pruned_before_its_time() {
    let fixture = Fixture::new().await;
    let scheduled = OutboxRow {
        due_unix_ms: 500,
        ..row("scheduled")
    };
    fixture.insert_row(&scheduled).await;
    // Entries are kept for a shorter time than that until it is due.
    assert_eq!(fixture.ledger.outbox_prune(400, 400).await.unwrap(), 0);
    let claimed = fixture.ledger.outbox_claim(&ann(), 500).await.unwrap();
    let mut sent = claimed.unwrap();
    sent.state = RowState::Result;
    sent.changed_unix_ms = 510;
    sent.message.recipients[0].state = RecipientState::HandedOver;
    assert!(fixture.ledger.outbox_save(&sent, true).await.unwrap());
    assert_eq!(fixture.ledger.outbox_prune(510, 510).await.unwrap(), 0);
    assert_eq!(fixture.ledger.outbox_prune(511, 511).await.unwrap(), 1);
}

#[tokio::test]
async fn row_being_sent_cannot_be_replaced() {
    let fixture = Fixture::new().await;
    let seen = fixture.insert_with_message("a").await;
    let claimed = fixture
        .ledger
        .outbox_claim(&ann(), 5)
        .await
        .unwrap()
        .unwrap();
    let (new, file) = fixture.write_message("b").await;
    for old in [&seen, &claimed] {
        let draft = StoredDraft::default();
        let names = [&file.name];
        let inserted =
            fixture
                .ledger
                .outbox_insert(&new, &draft, sign_in(), None, &names, Some(old));
        assert_eq!(inserted.await.unwrap(), Inserted::NotReplaced);
    }
    assert_eq!(fixture.count("SELECT COUNT(*) FROM outbox").await, 1);
    // Once the row is released, the correction replaces it and takes its files.
    let mut released = claimed;
    released.state = RowState::Waiting;
    assert!(fixture.ledger.outbox_save(&released, true).await.unwrap());
    let old_file = SpoolName::parse(released.spool.as_deref().unwrap()).unwrap();
    let names = [&file.name, &old_file];
    let draft = StoredDraft::default();
    let inserted =
        fixture
            .ledger
            .outbox_insert(&new, &draft, sign_in(), None, &names, Some(&released));
    assert_eq!(inserted.await.unwrap(), Inserted::Done);
    drop(file);
    fixture.spool.sweep(10).await.unwrap();
    assert_eq!(fixture.files(), 2);
    let rows = fixture.ledger.outbox_list(&ann(), None, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].id, new.id);
}

#[tokio::test]
async fn file_belongs_to_one_row_only() {
    let fixture = Fixture::new().await;
    let (first, file) = fixture.write_message("a").await;
    let (second, _) = fixture.write_message("b").await;
    let draft = StoredDraft::default();
    let names = [&file.name];
    let first_insert = fixture
        .ledger
        .outbox_insert(&first, &draft, sign_in(), None, &names, None);
    assert_eq!(first_insert.await.unwrap(), Inserted::Done);
    let second_insert =
        fixture
            .ledger
            .outbox_insert(&second, &draft, sign_in(), None, &names, None);
    assert_eq!(second_insert.await.unwrap(), Inserted::FileMissing);
    assert_eq!(fixture.count("SELECT COUNT(*) FROM outbox").await, 1);
}

#[tokio::test]
async fn number_of_open_rows_is_limited() {
    let fixture = Fixture::new().await;
    let draft = StoredDraft::default();
    for nth in 0..=OPEN_MAX {
        let row = row(&format!("r{nth}"));
        let inserted = fixture
            .ledger
            .outbox_insert(&row, &draft, sign_in(), None, &[], None)
            .await;
        let expected = match nth < OPEN_MAX {
            true => Inserted::Done,
            false => Inserted::TooMany,
        };
        assert_eq!(inserted.unwrap(), expected, "{nth}");
    }
}

#[tokio::test]
async fn only_a_process_without_a_lease_loses_its_rows() {
    let fixture = Fixture::new().await;
    fixture.insert_with_message("a").await;
    fixture.insert_with_message("b").await;
    fixture.ledger.store.lease_renew(0).await.unwrap();
    let sending = fixture
        .ledger
        .outbox_claim(&ann(), 5)
        .await
        .unwrap()
        .unwrap();
    let committing = fixture
        .ledger
        .outbox_claim(&ann(), 5)
        .await
        .unwrap()
        .unwrap();
    assert!(
        fixture
            .ledger
            .outbox_commit(&committing.id, 6)
            .await
            .unwrap()
    );
    let (other, _) = fixture.second_process().await;
    assert_eq!(other.outbox_recover(LEASE_MS - 1).await.unwrap(), 0);
    assert_eq!(other.outbox_recover(LEASE_MS).await.unwrap(), 2);
    let state = async |id: &OutboxId| {
        let row = other.outbox_show(&ann(), id).await.unwrap().unwrap();
        (row.state, row.message.recipients[0].state)
    };
    let waits = (RowState::Waiting, RecipientState::Waiting);
    assert_eq!(state(&sending.id).await, waits);
    let unknown = (RowState::Result, RecipientState::Unknown);
    assert_eq!(state(&committing.id).await, unknown);
    // The process that lost the rows cannot write them any more.
    assert!(!fixture.ledger.outbox_commit(&sending.id, 7).await.unwrap());
    assert!(
        !fixture
            .ledger
            .outbox_save_result(&committing, &AttemptTranscript::new(1))
            .await
            .unwrap()
    );
}

/// A row of format 1, in which the draft is in the record: this text never changes.
fn sealed_in_format_1(fixture: &Fixture, id: &str, attachment: &str) -> Vec<u8> {
    let record = json!({
        "from": "ann@peer.test", "subject": "old", "host": "smtp.peer.test",
        "message_id": "1.x@peer.test",
        "recipients": [{"address": "bob@peer.test", "state": "refused",
            "reply": {"code": 550, "enhanced": "5.1.1", "text": "550 5.1.1 no"}}],
        "trouble": [], "copy": "Pending",
        "draft": {"to": "bob@peer.test", "cc": "", "bcc": "", "subject": "old",
            "body": "typed", "source": null, "replaces": null, "uploads": [], "keep_parts": []},
        "attachments": [{"spool": attachment, "name": "a.txt", "media_type": "text/plain",
            "size_bytes": 3}],
        "source": null
    });
    let aad = format!("{id}\0ann");
    let plain = serde_json::to_vec(&record).unwrap();
    let sealer = &fixture.ledger.sealer;
    sealer
        .seal(Purpose::Outbox, aad.as_bytes(), &plain)
        .unwrap()
}

async fn insert_format_1(fixture: &Fixture, id: &str, spool: &str, sealed: Vec<u8>) {
    sqlx::query(
        "INSERT INTO outbox (id, account_key, state, needs_sign_in, owner, tries, due_unix_ms, \
         created_unix_ms, changed_unix_ms, spool, size_bytes, sealed) \
         VALUES ($1, 'ann', 'result', 0, NULL, 1, 1, 1, 1, $2, 9, $3)",
    )
    .bind(id)
    .bind(spool)
    .bind(sealed)
    .execute(fixture.ledger.store.pool())
    .await
    .unwrap();
}

#[tokio::test]
async fn rows_of_format_1_open_and_keep_their_files() {
    let fixture = Fixture::new().await;
    let (message, file) = ("AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB");
    for name in [
        message,
        file,
        "CCCCCCCCCCCCCCCCCCCCCC",
        "DDDDDDDDDDDDDDDDDDDDDD",
    ] {
        std::fs::write(fixture.dir.path().join("spool").join(name), "sealed").unwrap();
    }
    let sealed = sealed_in_format_1(&fixture, "old", file);
    insert_format_1(&fixture, "old", message, sealed).await;
    // A damaged row keeps the file that is known.
    insert_format_1(&fixture, "bad", "CCCCCCCCCCCCCCCCCCCCCC", vec![1; 60]).await;
    fixture.ledger.outbox_convert().await.unwrap();
    fixture.ledger.outbox_recover(5).await.unwrap();
    assert_eq!(
        fixture.spool.sweep(5).await.unwrap(),
        1,
        "the file of no row"
    );
    assert_eq!(fixture.files(), 3);
    let id = OutboxId("old".to_owned());
    let row = fixture
        .ledger
        .outbox_show(&ann(), &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.message.subject, "old");
    assert_eq!(row.message.attachments[0].spool, file);
    assert!(row.is_open() && !row.is_damaged());
    let draft = fixture.ledger.outbox_draft(&row).await.unwrap().unwrap();
    assert_eq!(draft.body, "typed");
    let rows = fixture.ledger.outbox_list(&ann(), None, 10).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.is_damaged()).count(), 1);
    // A damaged row can be removed.
    let id = OutboxId("bad".to_owned());
    assert!(fixture.ledger.outbox_remove(&ann(), &id, 5).await.unwrap());
    assert!(fixture.ledger.outbox_delete(&ann(), &id).await.unwrap());
    fixture.spool.remove_discarded().await.unwrap();
    assert_eq!(fixture.files(), 2);
}

#[tokio::test]
async fn damaged_row_does_not_block_other_rows() {
    let fixture = Fixture::new().await;
    for (id, due) in [("bad", 1), ("good", 2)] {
        let mut row = row(id);
        row.due_unix_ms = due;
        fixture.insert_row(&row).await;
    }
    sqlx::query("UPDATE outbox SET sealed = zeroblob(50) WHERE id = 'bad'")
        .execute(fixture.ledger.store.pool())
        .await
        .unwrap();
    let claimed = fixture
        .ledger
        .outbox_claim(&ann(), 5)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(claimed.id.as_str(), "good");
    assert!(
        fixture
            .ledger
            .outbox_claim(&ann(), 5)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        fixture
            .ledger
            .outbox_list(&ann(), None, 10)
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn rows_move_to_the_account_key_of_a_new_server_key() {
    let fixture = Fixture::new().await;
    let old = fixture.insert_with_message("a").await;
    let new = AccountKey("new".to_owned());
    assert_eq!(
        fixture
            .ledger
            .outbox_change_account(&ann(), &new)
            .await
            .unwrap(),
        1
    );
    assert!(
        fixture
            .ledger
            .outbox_list(&ann(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let rows = fixture.ledger.outbox_list(&new, None, 10).await.unwrap();
    assert_eq!(rows[0].message, old.message);
    let draft = fixture
        .ledger
        .outbox_draft(&rows[0])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(draft.body, "what was typed");
    let claimed = fixture.ledger.outbox_claim(&new, 5).await.unwrap();
    assert_eq!(claimed.unwrap().id, old.id);
}

#[tokio::test]
async fn folder_marks_move_to_the_account_key_of_a_new_server_key() {
    let fixture = Fixture::new().await;
    let (work, new) = ("V29yaw".into(), AccountKey("new".to_owned()));
    let store = Store::open(fixture.dir.path(), SCHEMA).await.unwrap();
    store.folder_pin(&ann(), &work, true, 1).await.unwrap();
    fixture
        .ledger
        .outbox_change_account(&ann(), &new)
        .await
        .unwrap();
    assert!(store.folders_pinned(&new).await.unwrap().has(&work));
    assert!(!store.folders_pinned(&ann()).await.unwrap().has(&work));
}

#[tokio::test]
async fn pages_of_the_list_hold_every_row_once() {
    let fixture = Fixture::new().await;
    for nth in 0..7 {
        let mut row = row(&format!("r{nth}"));
        // Several rows of the same millisecond.
        row.created_unix_ms = nth / 3;
        fixture.insert_row(&row).await;
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let ann = ann();
        let rows = fixture.ledger.outbox_list(&ann, before.as_ref(), 2);
        let rows = rows.await.unwrap();
        let Some(last) = rows.last() else { break };
        before = ListCursor::parse(&ListCursor::of(last).to_string());
        seen.extend(rows.into_iter().map(|row| row.id.0));
    }
    assert_eq!(seen, ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]);
}
