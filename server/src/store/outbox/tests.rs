mod lasting;

use app::api::types::RecipientState;
use serde_json::json;

use super::*;
use crate::domain::{OutboxMessage, RecipientResult, SentCopy};
use crate::store::process::LEASE_MS;
use crate::store::seal::Purpose;
use crate::store::spool::{Spool, SpoolLimits};
use crate::store::{SCHEMA, TestDir};

struct Scene {
    dir: TestDir,
    ledger: Ledger,
    spool: Spool,
}

impl Scene {
    async fn new() -> Self {
        let dir = TestDir::new();
        let (ledger, spool) = opened(&dir).await;
        Self { dir, ledger, spool }
    }

    /// Opens a second process on the same folder.
    async fn another(&self) -> (Ledger, Spool) {
        opened(&self.dir).await
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
    async fn sent(&self, id: &str) -> OutboxRow {
        let (row, name) = self.written(id).await;
        let draft = Typed {
            body: "what was typed".to_owned(),
            ..Typed::default()
        };
        let names = [&name.name];
        let inserted = self
            .ledger
            .outbox_insert(&row, &draft, None, &names, None)
            .await;
        assert_eq!(inserted.unwrap(), Inserted::Done);
        row
    }

    /// Inserts a row without files.
    async fn inserted(&self, row: &OutboxRow) {
        let draft = Typed::default();
        let inserted = self
            .ledger
            .outbox_insert(row, &draft, None, &[], None)
            .await;
        assert_eq!(inserted.unwrap(), Inserted::Done);
    }

    async fn written(&self, id: &str) -> (OutboxRow, crate::store::spool::SpoolFile) {
        let mut writer = self.spool.create(&ann(), 0, 100).await.unwrap();
        writer.write(b"the message").await.unwrap();
        let file = writer.finish().await.unwrap();
        let mut row = row(id);
        row.spool = Some(file.name.as_str().to_owned());
        (row, file)
    }
}

async fn opened(dir: &TestDir) -> (Ledger, Spool) {
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
async fn what_was_typed_and_its_files_go_with_the_hand_over() {
    let scene = Scene::new().await;
    let mut row = scene.sent("a").await;
    assert!(scene.ledger.outbox_typed(&row).await.unwrap().is_some());
    assert_eq!(scene.ledger.outbox_count_open(&ann()).await.unwrap(), 1);
    row.state = RowState::Result;
    row.message.recipients[0].state = RecipientState::HandedOver;
    row.spool = None;
    assert!(scene.ledger.outbox_save(&row, false).await.unwrap());
    scene.spool.remove_discarded().await.unwrap();
    assert!(scene.ledger.outbox_typed(&row).await.unwrap().is_none());
    assert_eq!(scene.ledger.outbox_count_open(&ann()).await.unwrap(), 0);
    assert_eq!(scene.files(), 0);
    // The ledger entry stays until it is old.
    assert_eq!(scene.ledger.outbox_prune(1, 1).await.unwrap(), 0);
    let rows = scene.ledger.outbox_list(&ann(), None, 10).await.unwrap();
    assert_eq!(rows[0].message.subject, "a");
    assert_eq!(scene.ledger.outbox_prune(2, 2).await.unwrap(), 1);
    assert!(
        scene
            .ledger
            .outbox_list(&ann(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_row_that_is_being_sent_is_replaced_by_nothing() {
    let scene = Scene::new().await;
    let seen = scene.sent("a").await;
    let claimed = scene.ledger.outbox_claim(&ann(), 5).await.unwrap().unwrap();
    let (new, file) = scene.written("b").await;
    for old in [&seen, &claimed] {
        let draft = Typed::default();
        let names = [&file.name];
        let inserted = scene
            .ledger
            .outbox_insert(&new, &draft, None, &names, Some(old));
        assert_eq!(inserted.await.unwrap(), Inserted::NotReplaced);
    }
    assert_eq!(scene.count("SELECT COUNT(*) FROM outbox").await, 1);
    // Once the row is released, the correction replaces it and takes its files.
    let mut waits = claimed;
    waits.state = RowState::Waiting;
    assert!(scene.ledger.outbox_save(&waits, true).await.unwrap());
    let old_file = SpoolName::parse(waits.spool.as_deref().unwrap()).unwrap();
    let names = [&file.name, &old_file];
    let draft = Typed::default();
    let inserted = scene
        .ledger
        .outbox_insert(&new, &draft, None, &names, Some(&waits));
    assert_eq!(inserted.await.unwrap(), Inserted::Done);
    drop(file);
    scene.spool.sweep(10).await.unwrap();
    assert_eq!(scene.files(), 2);
    let rows = scene.ledger.outbox_list(&ann(), None, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].id, new.id);
}

#[tokio::test]
async fn a_file_is_taken_by_one_row_only() {
    let scene = Scene::new().await;
    let (first, file) = scene.written("a").await;
    let (second, _) = scene.written("b").await;
    let draft = Typed::default();
    let names = [&file.name];
    let taken = scene
        .ledger
        .outbox_insert(&first, &draft, None, &names, None);
    assert_eq!(taken.await.unwrap(), Inserted::Done);
    let again = scene
        .ledger
        .outbox_insert(&second, &draft, None, &names, None);
    assert_eq!(again.await.unwrap(), Inserted::FileGone);
    assert_eq!(scene.count("SELECT COUNT(*) FROM outbox").await, 1);
}

#[tokio::test]
async fn as_many_rows_are_open_as_may() {
    let scene = Scene::new().await;
    let draft = Typed::default();
    for nth in 0..=OPEN_MAX {
        let row = row(&format!("r{nth}"));
        let inserted = scene
            .ledger
            .outbox_insert(&row, &draft, None, &[], None)
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
    let scene = Scene::new().await;
    scene.sent("a").await;
    scene.sent("b").await;
    scene.ledger.store.lease_renew(0).await.unwrap();
    let sending = scene.ledger.outbox_claim(&ann(), 5).await.unwrap().unwrap();
    let committing = scene.ledger.outbox_claim(&ann(), 5).await.unwrap().unwrap();
    assert!(scene.ledger.outbox_commit(&committing.id, 6).await.unwrap());
    let (other, _) = scene.another().await;
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
    assert!(!scene.ledger.outbox_commit(&sending.id, 7).await.unwrap());
    assert!(!scene.ledger.outbox_settle(&committing).await.unwrap());
}

/// A row of format 1, in which the draft is in the record: this text never changes.
fn sealed_in_format_1(scene: &Scene, id: &str, attachment: &str) -> Vec<u8> {
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
    let place = format!("{id}\0ann");
    let plain = serde_json::to_vec(&record).unwrap();
    let sealer = &scene.ledger.sealer;
    sealer
        .seal(Purpose::Outbox, place.as_bytes(), &plain)
        .unwrap()
}

async fn insert_format_1(scene: &Scene, id: &str, spool: &str, sealed: Vec<u8>) {
    sqlx::query(
        "INSERT INTO outbox (id, account_key, state, needs_sign_in, owner, tries, due_unix_ms, \
         created_unix_ms, changed_unix_ms, spool, size_bytes, sealed) \
         VALUES ($1, 'ann', 'result', 0, NULL, 1, 1, 1, 1, $2, 9, $3)",
    )
    .bind(id)
    .bind(spool)
    .bind(sealed)
    .execute(scene.ledger.store.pool())
    .await
    .unwrap();
}

#[tokio::test]
async fn rows_of_the_old_program_open_and_keep_their_files() {
    let scene = Scene::new().await;
    let (message, file) = ("AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB");
    for name in [
        message,
        file,
        "CCCCCCCCCCCCCCCCCCCCCC",
        "DDDDDDDDDDDDDDDDDDDDDD",
    ] {
        std::fs::write(scene.dir.path().join("spool").join(name), "sealed").unwrap();
    }
    let sealed = sealed_in_format_1(&scene, "old", file);
    insert_format_1(&scene, "old", message, sealed).await;
    // A damaged row keeps the file that is known.
    insert_format_1(&scene, "bad", "CCCCCCCCCCCCCCCCCCCCCC", vec![1; 60]).await;
    scene.ledger.outbox_convert().await.unwrap();
    scene.ledger.outbox_recover(5).await.unwrap();
    assert_eq!(scene.spool.sweep(5).await.unwrap(), 1, "the file of no row");
    assert_eq!(scene.files(), 3);
    let id = OutboxId("old".to_owned());
    let row = scene
        .ledger
        .outbox_show(&ann(), &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.message.subject, "old");
    assert_eq!(row.message.attachments[0].spool, file);
    assert!(row.is_open() && !row.is_damaged());
    let draft = scene.ledger.outbox_typed(&row).await.unwrap().unwrap();
    assert_eq!(draft.body, "typed");
    let rows = scene.ledger.outbox_list(&ann(), None, 10).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.is_damaged()).count(), 1);
    // A damaged row can be removed.
    let id = OutboxId("bad".to_owned());
    assert!(scene.ledger.outbox_remove(&ann(), &id, 5).await.unwrap());
    assert!(scene.ledger.outbox_delete(&ann(), &id).await.unwrap());
    scene.spool.remove_discarded().await.unwrap();
    assert_eq!(scene.files(), 2);
}

#[tokio::test]
async fn a_damaged_row_stops_no_other_one() {
    let scene = Scene::new().await;
    for (id, due) in [("bad", 1), ("good", 2)] {
        let mut row = row(id);
        row.due_unix_ms = due;
        scene.inserted(&row).await;
    }
    sqlx::query("UPDATE outbox SET sealed = zeroblob(50) WHERE id = 'bad'")
        .execute(scene.ledger.store.pool())
        .await
        .unwrap();
    let claimed = scene.ledger.outbox_claim(&ann(), 5).await.unwrap().unwrap();
    assert_eq!(claimed.id.as_str(), "good");
    assert!(
        scene
            .ledger
            .outbox_claim(&ann(), 5)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        scene
            .ledger
            .outbox_list(&ann(), None, 10)
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn rows_go_over_to_the_account_key_of_a_new_server_key() {
    let scene = Scene::new().await;
    let old = scene.sent("a").await;
    let new = AccountKey("new".to_owned());
    assert_eq!(scene.ledger.outbox_adopt(&ann(), &new).await.unwrap(), 1);
    assert!(
        scene
            .ledger
            .outbox_list(&ann(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let rows = scene.ledger.outbox_list(&new, None, 10).await.unwrap();
    assert_eq!(rows[0].message, old.message);
    let draft = scene.ledger.outbox_typed(&rows[0]).await.unwrap().unwrap();
    assert_eq!(draft.body, "what was typed");
    let claimed = scene.ledger.outbox_claim(&new, 5).await.unwrap();
    assert_eq!(claimed.unwrap().id, old.id);
}

#[tokio::test]
async fn marks_of_folders_go_over_to_the_account_key_of_a_new_server_key() {
    let scene = Scene::new().await;
    let (work, new) = ("V29yaw".into(), AccountKey("new".to_owned()));
    let store = Store::open(scene.dir.path(), SCHEMA).await.unwrap();
    store.folder_pin(&ann(), &work, true, 1).await.unwrap();
    scene.ledger.outbox_adopt(&ann(), &new).await.unwrap();
    assert!(store.folders_pinned(&new).await.unwrap().has(&work));
    assert!(!store.folders_pinned(&ann()).await.unwrap().has(&work));
}

#[tokio::test]
async fn pages_of_the_list_hold_every_row_once() {
    let scene = Scene::new().await;
    for nth in 0..7 {
        let mut row = row(&format!("r{nth}"));
        // Several rows of the same millisecond.
        row.created_unix_ms = nth / 3;
        scene.inserted(&row).await;
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let ann = ann();
        let rows = scene.ledger.outbox_list(&ann, before.as_ref(), 2);
        let rows = rows.await.unwrap();
        let Some(last) = rows.last() else { break };
        before = ListCursor::parse(&ListCursor::of(last).to_string());
        seen.extend(rows.into_iter().map(|row| row.id.0));
    }
    assert_eq!(seen, ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]);
}
