use super::*;
use crate::domain::NamedAddress;
use crate::store::spool::{Spool, SpoolLimits};
use crate::store::{SCHEMA, TestDir};
use app::api::types::{Mark, UndoId};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const DRAFTS: LocalFolder = LocalFolder::Drafts;
/// Rows of the account "ann", sealed with [`GOLDEN_KEY`]: id, file, sealed record. Lines are added
/// and never changed.
const ROWS: &str = include_str!("../records/golden/local-rows.txt");
const GOLDEN_KEY: &str = "Z29sZGVuIGdvbGRlbiBnb2xkZW4gZ29sZGVuIGdvbGQ\n";

struct Stored {
    messages: LocalMessages,
    spool: Spool,
    store: Store,
    dir: TestDir,
}

async fn stored(folder_max_bytes: u64, max_bytes: u64) -> Stored {
    open(TestDir::new(), folder_max_bytes, max_bytes).await
}

/// Opens the store of this folder as a new process.
async fn open(dir: TestDir, folder_max_bytes: u64, max_bytes: u64) -> Stored {
    let sealer = Arc::new(Sealer::open(dir.path()).unwrap());
    let store = Store::open(dir.path(), SCHEMA).await.unwrap();
    let limits = SpoolLimits {
        account_max_bytes: 1 << 20,
        max_bytes: 2 << 20,
    };
    let spool = Spool::open(dir.path(), store.clone(), Arc::clone(&sealer), limits).unwrap();
    let messages = LocalMessages::new(store.clone(), sealer, folder_max_bytes, max_bytes);
    Stored {
        messages,
        spool,
        store,
        dir,
    }
}

fn key(text: &str) -> AccountKey {
    AccountKey(text.to_owned())
}

fn id(text: &str) -> MessageId {
    MessageId::from(text)
}

fn summary(message_id: &str) -> LocalSummary {
    LocalSummary {
        message_id: message_id.to_owned(),
        from: Vec::new(),
        to: vec![NamedAddress {
            name: "Bob".to_owned(),
            address: "bob@peer.test".to_owned(),
        }],
        subject: message_id.to_owned(),
        date_unix_ms: Some(1),
        has_attachment: false,
    }
}

impl Stored {
    /// Saves a message of this many bytes.
    async fn save(
        &self,
        account: &AccountKey,
        (new, message_id): (&str, &str),
        size: usize,
        replaces: Replaces<'_>,
    ) -> LocalSaved {
        let spool = self.spool.without_account_quota();
        let bytes = size as u64;
        let mut writer = spool.create(account, bytes, bytes).await.unwrap();
        writer.write(&vec![b'x'; size]).await.unwrap();
        let file = writer.finish().await.unwrap();
        let message = NewLocalMessage {
            id: &id(new),
            spool: &file.name,
            size_bytes: file.size_bytes,
            written_unix_ms: 1,
            summary: &summary(message_id),
        };
        let saved = self.messages.save(account, DRAFTS, &message, replaces);
        saved.await.unwrap()
    }

    async fn ids(&self, account: &AccountKey) -> Vec<String> {
        let listed = self.messages.list(account, DRAFTS, 0, 100).await.unwrap();
        listed.into_iter().map(|m| m.id.to_string()).collect()
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("spool"))
            .unwrap()
            .count()
    }
}

#[tokio::test]
async fn a_copy_replaces_the_one_it_was_made_from_and_no_other() {
    let stored = stored(1 << 20, 1 << 20).await;
    let mine = key("mine");
    let first = stored.save(&mine, ("1", "d"), 3, Replaces::Nothing).await;
    assert_eq!(first, LocalSaved::Done);
    // The response to the first save was lost, and it comes again.
    let again = stored.save(&mine, ("2", "d"), 3, Replaces::Nothing).await;
    assert_eq!(again, LocalSaved::Changed(id("1")));
    let second = stored
        .save(&mine, ("2", "d"), 3, Replaces::Copy(&id("1")))
        .await;
    assert_eq!(second, LocalSaved::Done);
    assert_eq!(stored.ids(&mine).await, ["2"]);

    let late = stored
        .save(&mine, ("3", "d"), 3, Replaces::Copy(&id("1")))
        .await;
    assert_eq!(late, LocalSaved::Changed(id("2")));
    let other = stored
        .save(&mine, ("3", "e"), 3, Replaces::Copy(&id("2")))
        .await;
    assert_eq!(other, LocalSaved::Gone, "the copy of another draft");
    assert_eq!(stored.ids(&mine).await, ["2"]);
    let forced = stored.save(&mine, ("4", "d"), 3, Replaces::Every).await;
    assert_eq!(forced, LocalSaved::Done);
    assert_eq!(stored.ids(&mine).await, ["4"]);

    // Another account has neither the copy nor its key.
    assert_eq!(stored.ids(&key("other")).await, [""; 0]);
    let found = stored.messages.find(&key("other"), DRAFTS, &id("4")).await;
    assert_eq!(found.unwrap(), None);
    let other = key("other");
    let deleted = stored.messages.delete_copies(&other, DRAFTS, "d");
    assert!(!deleted.await.unwrap());
}

#[tokio::test]
async fn quotas_refuse_a_copy_and_leave_the_earlier_one() {
    let stored = stored(100, 10_000).await;
    let mine = key("mine");
    assert_eq!(
        stored.save(&mine, ("1", "d"), 60, Replaces::Nothing).await,
        LocalSaved::Done
    );
    let full = LocalSaved::Full(LocalLimit::Bytes { max: 100 });
    assert_eq!(
        stored.save(&mine, ("2", "e"), 60, Replaces::Nothing).await,
        full
    );
    assert_eq!(
        stored
            .save(&mine, ("3", "d"), 101, Replaces::Copy(&id("1")))
            .await,
        full
    );
    assert_eq!(stored.ids(&mine).await, ["1"]);
    // Its own earlier copy does not count.
    assert_eq!(
        stored
            .save(&mine, ("4", "d"), 100, Replaces::Copy(&id("1")))
            .await,
        LocalSaved::Done
    );
    // A removed message makes room.
    let undo = UndoId::from("local.u");
    let removed = stored
        .messages
        .remove(&mine, DRAFTS, &[id("4")], &undo, 5)
        .await;
    assert_eq!(removed.unwrap(), 1);
    assert_eq!(
        stored.save(&mine, ("5", "e"), 60, Replaces::Nothing).await,
        LocalSaved::Done
    );
    assert_eq!(stored.messages.put_back(&mine, &undo).await.unwrap(), None);

    // The files of all accounts together, each with its block.
    for (account, expected) in [
        ("b", LocalSaved::Done),
        ("c", LocalSaved::Done),
        ("d", LocalSaved::Full(LocalLimit::Server)),
    ] {
        let saved = stored
            .save(&key(account), (account, "d"), 1, Replaces::Nothing)
            .await;
        assert_eq!(saved, expected, "{account}");
    }
}

#[tokio::test]
async fn number_of_drafts_is_limited() {
    let stored = stored(u64::MAX, u64::MAX).await;
    let mine = key("mine");
    let mut transaction = stored.store.pool().begin().await.unwrap();
    for nth in 0..DRAFTS_MAX {
        sqlx::query(
            "INSERT INTO local_message VALUES \
             ($1, 'mine', 'drafts', $1, $2, $1, 1, 1, 1, 0, 0, 0, NULL, NULL, x'00')",
        )
        .bind(format!("n{nth}"))
        .bind(nth)
        .execute(&mut *transaction)
        .await
        .unwrap();
    }
    transaction.commit().await.unwrap();
    let full = LocalSaved::Full(LocalLimit::Messages { max: DRAFTS_MAX });
    assert_eq!(
        stored.save(&mine, ("1", "d"), 3, Replaces::Nothing).await,
        full
    );
    assert_eq!(
        stored
            .save(&key("b"), ("1", "d"), 3, Replaces::Nothing)
            .await,
        LocalSaved::Done
    );
}

#[tokio::test]
async fn local_files_count_neither_for_uploads_nor_as_orphans() {
    let stored = stored(u64::MAX, u64::MAX).await;
    let mine = key("mine");
    for (new, message_id) in [("1", "d"), ("2", "e")] {
        let saved = stored.save(&mine, (new, message_id), 900_000, Replaces::Nothing);
        assert_eq!(saved.await, LocalSaved::Done);
    }
    // The whole quota of the spool is left.
    let all = (1 << 20) - (8 << 10);
    drop(stored.spool.create(&mine, all, all).await.unwrap());
    let later = crate::store::now_unix_ms() + 365 * 24 * 3_600_000;
    stored.spool.sweep(later).await.unwrap();
    // The dropped file is removed by a task of its own.
    let removed = async {
        while stored.files() > 2 {
            tokio::task::yield_now().await;
        }
    };
    let removed = tokio::time::timeout(std::time::Duration::from_secs(20), removed);
    removed.await.unwrap();
    assert_eq!(stored.files(), 2);
    let deleted = stored.messages.delete_copies(&mine, DRAFTS, "d");
    assert!(deleted.await.unwrap());
    stored.spool.remove_discarded().await.unwrap();
    assert_eq!(stored.files(), 1);
    // A file whose row is gone.
    sqlx::query("DELETE FROM local_message")
        .execute(stored.store.pool())
        .await
        .unwrap();
    stored.spool.sweep(later).await.unwrap();
    assert_eq!(stored.files(), 0);
}

#[tokio::test]
async fn removed_messages_come_back_until_they_are_deleted() {
    let stored = stored(u64::MAX, u64::MAX).await;
    let mine = key("mine");
    for (new, message_id) in [("1", "d"), ("2", "e")] {
        stored
            .save(&mine, (new, message_id), 3, Replaces::Nothing)
            .await;
    }
    let (messages, undo) = (&stored.messages, UndoId::from("local.u"));
    let ids = [id("1"), id("x"), id("2")];
    let removed = messages.remove(&mine, DRAFTS, &ids, &undo, 100).await;
    assert_eq!(removed.unwrap(), 2);
    assert_eq!(stored.ids(&mine).await, [""; 0]);
    assert_eq!(messages.counts(&mine, DRAFTS).await.unwrap().total, 0);
    assert_eq!(messages.put_back(&key("other"), &undo).await.unwrap(), None);
    let (folder, back) = messages.put_back(&mine, &undo).await.unwrap().unwrap();
    assert_eq!((folder, back.len()), (DRAFTS, 2));
    assert_eq!(stored.ids(&mine).await, ["2", "1"]);
    messages
        .remove(&mine, DRAFTS, &ids[..1], &undo, 100)
        .await
        .unwrap();
    assert_eq!(messages.delete_removed(100).await.unwrap(), 0);
    assert_eq!(messages.delete_removed(101).await.unwrap(), 1);
    assert_eq!(messages.put_back(&mine, &undo).await.unwrap(), None);
    assert_eq!(stored.ids(&mine).await, ["2"]);
}

#[tokio::test]
async fn marks_and_positions_are_those_of_the_listed_messages() {
    let stored = stored(u64::MAX, u64::MAX).await;
    let (mine, messages) = (key("mine"), &stored.messages);
    for new in ["1", "2", "3"] {
        stored.save(&mine, (new, new), 3, Replaces::Nothing).await;
    }
    let both = [id("1"), id("x"), id("2")];
    let changed = messages.mark(&mine, DRAFTS, &both, Mark::Unseen).await;
    assert_eq!(changed.unwrap(), [id("1"), id("2")]);
    let again = messages.mark(&mine, DRAFTS, &both, Mark::Unseen).await;
    assert_eq!(again.unwrap(), []);
    messages
        .mark(&mine, DRAFTS, &both[..1], Mark::Starred)
        .await
        .unwrap();
    let counts = messages.counts(&mine, DRAFTS).await.unwrap();
    assert_eq!((counts.total, counts.unread), (3, 2));
    let found = messages.find(&mine, DRAFTS, &id("1")).await.unwrap();
    let marks = found.unwrap().marks;
    assert!(marks.is_starred && !marks.is_seen);
    let middle = messages.position(&mine, DRAFTS, &id("2")).await.unwrap();
    let expected = LocalPosition {
        position: 1,
        newer: Some(id("3")),
        older: Some(id("1")),
    };
    assert_eq!(middle, Some(expected));
    let missing = messages.position(&mine, DRAFTS, &id("x")).await.unwrap();
    assert_eq!(missing, None);
}

#[tokio::test]
async fn damaged_or_exchanged_rows_are_listed_without_their_content() {
    let stored = stored(u64::MAX, u64::MAX).await;
    let (mine, other) = (key("mine"), key("other"));
    stored.save(&mine, ("1", "d"), 3, Replaces::Nothing).await;
    stored.save(&mine, ("2", "e"), 3, Replaces::Nothing).await;
    stored.save(&other, ("3", "f"), 3, Replaces::Nothing).await;
    for statement in [
        "UPDATE local_message SET sealed = substr(sealed, 1, 30) WHERE id = '1'",
        // Names the file of another account.
        "UPDATE local_message SET spool = (SELECT spool FROM local_message WHERE id = '3') \
         WHERE id = '2'",
        "UPDATE local_message SET account_key = 'mine' WHERE id = '3'",
    ] {
        sqlx::query(statement)
            .execute(stored.store.pool())
            .await
            .unwrap();
    }
    let listed = stored.messages.list(&mine, DRAFTS, 0, 10).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|message| message.content.is_none()));
    // The next copy replaces a damaged one.
    let saved = stored
        .save(&mine, ("4", "d"), 3, Replaces::Copy(&id("1")))
        .await;
    assert_eq!(saved, LocalSaved::Done);
}

#[tokio::test]
async fn messages_follow_their_account_to_a_new_server_key() {
    let stored = stored(u64::MAX, u64::MAX).await;
    let (old, new) = (key("old"), key("new"));
    stored.save(&old, ("1", "d"), 3, Replaces::Nothing).await;
    let path = stored.dir.path().join("key");
    let previous = std::fs::read_to_string(&path).unwrap();
    let current = URL_SAFE_NO_PAD.encode([7; 32]);
    std::fs::write(&path, format!("{current}\n{previous}")).unwrap();
    let Stored { dir, store, .. } = stored;
    store.close().await;
    let stored = open(dir, u64::MAX, u64::MAX).await;
    stored.messages.change_account(&old, &new).await.unwrap();
    assert_eq!(stored.ids(&old).await, [""; 0]);
    assert_eq!(stored.messages.count_lost_keys().await.unwrap(), 0);

    // Sealed with the new key only, once its file is copied.
    let batch = stored.messages.after(&new, "").await.unwrap();
    let (name, _) = batch[0].content.clone().unwrap();
    let name = SpoolName::parse(&name).unwrap();
    assert!(stored.spool.is_sealed_before_rotation(&name).await.unwrap());
    let mut writer = stored.spool.create(&new, 3, 3).await.unwrap();
    writer.write(b"xxx").await.unwrap();
    let file = writer.finish().await.unwrap();
    let replaced = stored.messages.replace_file(&new, &batch[0], &file.name);
    assert!(replaced.await.unwrap());
    let again = stored.messages.replace_file(&new, &batch[0], &file.name);
    assert!(!again.await.unwrap(), "another session was faster");
    stored.spool.remove_discarded().await.unwrap();
    std::fs::write(&path, format!("{current}\n")).unwrap();
    let Stored { dir, store, .. } = stored;
    store.close().await;
    let stored = open(dir, u64::MAX, u64::MAX).await;
    let listed = stored.messages.list(&new, DRAFTS, 0, 10).await.unwrap();
    let (name, summary) = listed[0].content.clone().unwrap();
    assert_eq!(summary.message_id, "d");
    let name = SpoolName::parse(&name).unwrap();
    let mut reader = stored.spool.read(&name).await.unwrap();
    assert_eq!(reader.next().await.unwrap().unwrap(), b"xxx".as_slice());
    let saved = stored
        .save(&new, ("2", "d"), 3, Replaces::Copy(&id("1")))
        .await;
    assert_eq!(saved, LocalSaved::Done, "it is found by its new hash");
}

#[tokio::test]
async fn rows_of_every_version_open() {
    let dir = TestDir::new();
    let path = dir.path().join("key");
    std::fs::write(&path, GOLDEN_KEY).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode).unwrap();
    let stored = open(dir, u64::MAX, u64::MAX).await;
    for line in ROWS.lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let [id, spool, sealed] = parts[..] else {
            panic!("{line}");
        };
        sqlx::query(
            "INSERT INTO local_message VALUES \
             ($1, 'ann', 'drafts', $1, 1, $2, 1, 1, 1, 0, 0, 0, NULL, NULL, $3)",
        )
        .bind(id)
        .bind(spool)
        .bind(STANDARD.decode(sealed).unwrap())
        .execute(stored.store.pool())
        .await
        .unwrap();
    }
    let listed = stored
        .messages
        .list(&key("ann"), DRAFTS, 0, 10)
        .await
        .unwrap();
    assert_eq!(listed.len(), ROWS.lines().count());
    for message in listed {
        let (spool, summary) = message.content.unwrap();
        assert_eq!(spool, "BBBBBBBBBBBBBBBBBBBBBB");
        assert_eq!(summary.subject, "golden@peer.test");
    }
}
