//! Drafts and sent messages of POP3 accounts, which are in the store: quotas, damage, restarts and
//! other sessions.

use std::path::PathBuf;
use std::time::Duration;

use app::api::ErrorKind;
use app::api::backend::MailBackend;
use app::api::live::LiveEvent;
use app::api::types::{
    Change, ComposeKind, ComposeSource, Destination, Draft, DraftResult, FolderRole, Mark,
    MessageRef, OutboxEntry, OutboxState, SavedDraft, SentCopy, Window,
};
use futures_util::TryStreamExt as _;
use server::store::spool::SpoolLimits;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::test_server::{Page, TestAccounts, TestServer};
use crate::wait::until;

fn draft(subject: &str) -> Draft {
    Draft {
        to: "Bob <bob@peer.test>".to_owned(),
        subject: subject.to_owned(),
        body: "First line.\n\n有两行。".to_owned(),
        ..Draft::default()
    }
}

async fn saved(page: &Page, draft: &Draft) -> SavedDraft {
    let saved = page
        .backend
        .draft_save(page.account.clone(), draft.clone(), false);
    match saved.await.unwrap() {
        DraftResult::Saved(saved) => saved,
        other => panic!("{other:?}"),
    }
}

fn reference(page: &Page, saved: &SavedDraft) -> MessageRef {
    let folder = page.folder_ref(saved.folder.clone());
    folder.message(saved.message.clone())
}

async fn subjects(page: &Page, role: FolderRole) -> Vec<String> {
    let folder = page.folder(role).await;
    let rows = page.rows(&folder).await;
    rows.into_iter().map(|row| row.subject).collect()
}

/// The files of the spool.
fn files(accounts: &TestAccounts) -> Vec<PathBuf> {
    let spool = accounts.state_path().join("spool");
    let entries = std::fs::read_dir(spool).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Adds a file of this content to the uploads of the session.
async fn upload(accounts: &TestAccounts, page: &Page, content: &[u8]) -> Draft {
    let file = ("plan.bin", "application/octet-stream");
    let file = accounts.upload(page, file, content).await;
    Draft {
        uploads: vec![file],
        ..draft("With a file")
    }
}

/// Damages what the database holds of a draft.
async fn damage_record(accounts: &TestAccounts, draft: &SavedDraft) {
    let database = accounts.state_path().join("restante.db");
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection = options.connect().await.unwrap();
    let done = sqlx::query("UPDATE local_message SET sealed = x'0102030405' WHERE id = $1")
        .bind(draft.message.as_str())
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 1);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn the_folder_of_drafts_is_counted_and_shown_as_that_of_a_server() {
    let server = TestServer::new(Some(3)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let first = saved(&page, &draft("One")).await;
    saved(&page, &draft("Two")).await;
    let folders = page.backend.folder_list(page.account.clone()).await;
    let folders = folders.unwrap().folders;
    let counts: Vec<_> = folders
        .iter()
        .map(|folder| (folder.role, folder.total, folder.unread))
        .collect();
    assert_eq!(
        counts[..2],
        [
            (Some(FolderRole::Inbox), Some(3), Some(3)),
            (Some(FolderRole::Drafts), Some(2), Some(0))
        ]
    );
    assert_eq!(subjects(&page, FolderRole::Drafts).await, ["Two", "One"]);
    let row = page.rows(&first.folder).await.remove(1);
    assert_eq!(row.people[0].name, "Bob");
    let view = page.open(reference(&page, &first)).await.unwrap();
    assert_eq!((view.position, view.total), (1, 2));
    assert!(view.newer.is_some() && view.older.is_none());

    let marked = page.mark(vec![row.id.clone()], Mark::Starred).await;
    let marked = marked.unwrap();
    assert_eq!(marked.count, 1);
    assert!(page.rows(&first.folder).await[1].is_starred);
    page.undo(marked.undo).await.unwrap();
    assert!(!page.rows(&first.folder).await[1].is_starred);
    let archive = Destination::Role(FolderRole::Archive);
    let moved = page.move_to(vec![row.id], archive).await;
    assert_eq!(moved.unwrap_err().kind, ErrorKind::Unsupported);
    let window = Window {
        offset: 1,
        limit: 1,
    };
    let rows = page.list(first.folder, window).await.unwrap();
    assert_eq!((rows.rows.len(), rows.total), (1, 2));
    assert_eq!(rows.rows[0].subject, "One");
}

#[tokio::test]
async fn a_deleted_draft_comes_back_by_undo() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let copy = saved(&page, &draft("Not so bad")).await;
    let trash = || Destination::Role(FolderRole::Trash);
    let messages = || vec![reference(&page, &copy)];
    let deleted = page.move_to(messages(), trash()).await.unwrap();
    assert_eq!(deleted.change, Change::DeletePending { in_secs: 10 });
    assert!(subjects(&page, FolderRole::Drafts).await.is_empty());
    let opened = page
        .backend
        .draft_open(reference(&page, &copy), false)
        .await;
    assert_eq!(opened.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(page.undo(deleted.undo.clone()).await.unwrap().count, 1);
    assert!(page.undo(deleted.undo).await.is_err());
    assert_eq!(subjects(&page, FolderRole::Drafts).await, ["Not so bad"]);
    page.backend
        .draft_open(reference(&page, &copy), false)
        .await
        .unwrap();

    page.move_to(messages(), trash()).await.unwrap();
    let accounts = &server.test_accounts;
    let later = server::store::now_unix_ms() + 3_600_000;
    accounts.accounts.prune(later, i64::MAX).await.unwrap();
    accounts.spool.remove_discarded().await.unwrap();
    assert!(files(accounts).is_empty());
    assert_eq!(
        server.demo.inbox_len(),
        1,
        "no mail of the server is deleted"
    );
}

#[tokio::test]
async fn drafts_survive_a_restart_and_no_other_account_opens_them() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let mut typed = draft("Tomorrow");
    let copy = saved(&page, &typed).await;
    let secret = "有两行".as_bytes();
    for file in files(&server.test_accounts) {
        let sealed = std::fs::read(file).unwrap();
        assert!(!sealed.windows(secret.len()).any(|bytes| bytes == secret));
    }
    page.handle.close().await;
    let restarted = server.restarted().await;
    let page = restarted.open(server.pop3()).await.unwrap();
    let form = page
        .backend
        .draft_open(reference(&page, &copy), false)
        .await;
    assert_eq!(form.unwrap().draft.body, typed.body);
    typed.saved = Some(copy.clone());
    let newer = saved(&page, &typed).await;
    assert_eq!(subjects(&page, FolderRole::Drafts).await, ["Tomorrow"]);

    // The same person by IMAP is another account: it has none of them.
    let other = restarted.open(server.imap()).await.unwrap();
    let of = other
        .folder_ref(newer.folder.clone())
        .message(newer.message.clone());
    let opened = other.backend.draft_open(of, false).await;
    assert_eq!(opened.unwrap_err().kind, ErrorKind::NotFound);
    assert!(
        !subjects(&other, FolderRole::Drafts)
            .await
            .contains(&"Tomorrow".to_owned())
    );
    let foreign = page
        .folder_ref(newer.folder)
        .message("AAAAAAAAAAAAAAAA".into());
    assert_eq!(
        page.open(foreign).await.unwrap_err().kind,
        ErrorKind::NotFound
    );
}

// docs/protocols.md, POP3: drafts, copies of sent messages
#[tokio::test]
async fn drafts_are_saved_and_opened_while_the_mail_server_is_out_of_reach() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let mut typed = draft("No server");
    let first = saved(&page, &typed).await;
    server.demo.stop().await;
    typed.saved = Some(first);
    typed.body = "Written meanwhile.".to_owned();
    let copy = saved(&page, &typed).await;
    let rows = page.rows(&copy.folder).await;
    assert_eq!(rows.len(), 1);
    let form = page
        .backend
        .draft_open(reference(&page, &copy), false)
        .await;
    assert_eq!(form.unwrap().draft.body, "Written meanwhile.");
}

#[tokio::test]
async fn another_session_of_the_account_sees_a_draft_at_once() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let other = server.open(server.pop3()).await.unwrap();
    let mut events = other.handle.subscribe();
    let copy = saved(&page, &draft("Two places")).await;
    let changed = async {
        loop {
            if let Ok(LiveEvent::Folder { folder, total, .. }) = events.recv().await
                && folder == copy.folder
            {
                return total;
            }
        }
    };
    let total = tokio::time::timeout(Duration::from_secs(20), changed).await;
    assert_eq!(total.unwrap(), 1);
    let form = other
        .backend
        .draft_open(reference(&other, &copy), false)
        .await;
    assert_eq!(form.unwrap().draft.subject, "Two places");
}

#[tokio::test]
async fn a_large_file_of_a_draft_is_streamed_as_it_was_sent() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let content: Vec<u8> = (0..4_500_000_u32)
        .flat_map(|n| {
            n.wrapping_mul(2_654_435_761)
                .to_be_bytes()
                .into_iter()
                .take(1)
        })
        .collect();
    let typed = upload(&server.test_accounts, &page, &content).await;
    let copy = saved(&page, &typed).await;
    let of = reference(&page, &copy);
    let view = page.open(of.clone()).await.unwrap();
    assert_eq!(view.attachments.len(), 1);
    let part = view.attachments[0].part.clone();
    let download = page
        .handle
        .part(of.folder.folder.clone(), of.message.clone(), part);
    let chunks: Vec<_> = download.await.unwrap().stream.try_collect().await.unwrap();
    assert!(chunks.len() > 4, "{} windows", chunks.len());
    assert!(chunks.concat() == content);
    let source = page.source(&of).await;
    assert!(source.starts_with("From:") || source.contains("\r\nFrom: "));
    assert!(source.len() > 6_000_000);

    // Another session continues it, with the file.
    let other = server.open(server.pop3()).await.unwrap();
    let form = other
        .backend
        .draft_open(reference(&other, &copy), false)
        .await;
    let form = form.unwrap();
    assert_eq!(form.uploads[0].size_bytes, 4_500_000);
}

#[tokio::test]
async fn a_full_quota_refuses_a_draft_and_keeps_the_earlier_copy() {
    let server = TestServer::new(Some(1)).await;
    let limits = SpoolLimits {
        account_max_bytes: 3_000_000,
        max_bytes: 1 << 30,
    };
    let accounts = server.restarted_within(limits).await;
    let page = accounts.open(server.pop3()).await.unwrap();
    let mut typed = upload(&accounts, &page, &vec![7; 900_000]).await;
    typed.saved = Some(saved(&page, &typed).await);
    // In place of its earlier copy there is room.
    typed.body.push_str("\nmore");
    typed.saved = Some(saved(&page, &typed).await);
    let second = Draft {
        subject: "Another".to_owned(),
        saved: None,
        ..typed.clone()
    };
    saved(&page, &second).await;
    let third = Draft {
        subject: "Too much".to_owned(),
        ..second
    };
    let refused = page
        .backend
        .draft_save(page.account.clone(), third, false)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NoRoom);
    assert!(refused.cause.contains("drafts"), "{refused:?}");
    assert!(!refused.fix.is_empty());
    assert_eq!(
        subjects(&page, FolderRole::Drafts).await,
        ["Another", "With a file"]
    );
    // A smaller text, which is not the drafts' fault, is still sent.
    let sent = Draft {
        to: "ok@restante.test".to_owned(),
        subject: "Sent".to_owned(),
        ..draft("Sent")
    };
    let id = page.backend.message_send(page.account.clone(), sent).await;
    page.handed_over(&id.unwrap()).await;
}

#[tokio::test]
async fn a_damaged_draft_is_told_and_the_others_open() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let bad = saved(&page, &draft("Bad")).await;
    let path = files(&server.test_accounts).remove(0);
    let lost = saved(&page, &draft("Lost")).await;
    let good = saved(&page, &draft("Good")).await;
    let mut sealed = std::fs::read(&path).unwrap();
    let middle = sealed.len() / 2;
    sealed[middle] ^= 1;
    std::fs::write(&path, sealed).unwrap();
    damage_record(&server.test_accounts, &lost).await;
    let rows = page.rows(&good.folder).await;
    assert_eq!(rows.len(), 3);
    assert_eq!(
        (rows[0].subject.as_str(), rows[2].subject.as_str()),
        ("Good", "Bad")
    );
    assert!(!rows[1].subject.is_empty() && rows[1].subject != "Lost");
    for damaged in [&bad, &lost] {
        let opened = page.open(reference(&page, damaged)).await.unwrap_err();
        assert!(opened.cause.contains("damaged"), "{opened:?}");
        let continued = page
            .backend
            .draft_open(reference(&page, damaged), false)
            .await;
        assert!(continued.unwrap_err().cause.contains("damaged"));
    }
    page.open(reference(&page, &good)).await.unwrap();
    // They can be deleted.
    let trash = Destination::Role(FolderRole::Trash);
    let messages = vec![reference(&page, &bad), reference(&page, &lost)];
    assert_eq!(page.move_to(messages, trash).await.unwrap().count, 2);
    assert_eq!(subjects(&page, FolderRole::Drafts).await, ["Good"]);
}

#[tokio::test]
async fn a_disk_that_takes_no_file_leaves_the_earlier_copy() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let mut typed = draft("Still here");
    typed.saved = Some(saved(&page, &typed).await);
    let spool = server.state_path().join("spool");
    let aside = server.state_path().join("aside");
    std::fs::rename(&spool, &aside).unwrap();
    typed.body = "Lost on this disk".to_owned();
    let refused = page
        .backend
        .draft_save(page.account.clone(), typed.clone(), false)
        .await;
    refused.unwrap_err();
    std::fs::rename(&aside, &spool).unwrap();
    let copy = typed.saved.clone().unwrap();
    let form = page
        .backend
        .draft_open(reference(&page, &copy), false)
        .await;
    assert_eq!(form.unwrap().draft.body, draft("").body);
    saved(&page, &typed).await;
    assert_eq!(subjects(&page, FolderRole::Drafts).await, ["Still here"]);
}

#[tokio::test]
async fn drafts_move_to_a_new_server_key_at_the_next_sign_in() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let typed = draft("Under two keys");
    let copy = saved(&page, &typed).await;
    page.handle.close().await;
    let path = server.state_path().join("key");
    let previous = std::fs::read_to_string(&path).unwrap();
    let current = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    std::fs::write(&path, format!("{current}\n{previous}")).unwrap();
    let restarted = server.restarted().await;
    let old_file = files(&restarted).remove(0);
    let page = restarted.open(server.pop3()).await.unwrap();
    until("the file is sealed again", async || !old_file.exists()).await;
    page.handle.close().await;
    // The old key is not needed any more.
    std::fs::write(&path, format!("{current}\n")).unwrap();
    let restarted = server.restarted().await;
    let page = restarted.open(server.pop3()).await.unwrap();
    let form = page
        .backend
        .draft_open(reference(&page, &copy), false)
        .await;
    assert_eq!(form.unwrap().draft.body, typed.body);
}

async fn send(page: &Page, draft: Draft) -> OutboxEntry {
    let sent = page.backend.message_send(page.account.clone(), draft);
    let id = sent.await.unwrap();
    page.handed_over(&id).await
}

#[tokio::test]
async fn a_sent_message_is_in_sent_once_with_all_its_recipients() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    let typed = Draft {
        to: "ok@restante.test".to_owned(),
        bcc: "secret@restante.test".to_owned(),
        ..upload(&server.test_accounts, &page, &[1, 2, 3]).await
    };
    let entry = send(&page, typed).await;
    let sent = page.folder(FolderRole::Sent).await;
    assert_eq!(
        entry.copy,
        SentCopy::Filed {
            folder: sent.clone()
        }
    );
    let row = page.rows(&sent).await.remove(0);
    assert_eq!(row.people[0].address, "ok@restante.test");
    assert!(row.is_seen && row.has_attachment);
    let view = page.open(row.id.clone()).await.unwrap();
    assert_eq!(view.attachments.len(), 1);
    let source = page.source(&row.id).await;
    assert!(source.contains("Bcc: <secret@restante.test>"), "{source}");

    // It is answered from there, and marked.
    let source = ComposeSource {
        kind: ComposeKind::ReplyAll,
        folder: sent.clone(),
        message: row.id.message.clone(),
    };
    let form = page
        .backend
        .compose_start(page.account.clone(), Some(source), Vec::new())
        .await
        .unwrap();
    send(&page, form.draft).await;
    until("the mark", async || page.rows(&sent).await[1].is_answered).await;

    page.handle.close().await;
    let restarted = server.restarted().await;
    let page = restarted.open(server.pop3()).await.unwrap();
    assert_eq!(page.rows(&sent).await.len(), 2);
    page.open(row.id.clone()).await.unwrap();
    let trash = Destination::Role(FolderRole::Trash);
    let deleted = page.move_to(vec![row.id], trash).await.unwrap();
    assert_eq!(page.rows(&sent).await.len(), 1);
    page.undo(deleted.undo).await.unwrap();
    assert_eq!(page.rows(&sent).await.len(), 2);
}

#[tokio::test]
async fn where_sent_is_full_the_entry_says_so_and_no_copy_is_lost() {
    let server = TestServer::new(Some(1)).await;
    let limits = SpoolLimits {
        account_max_bytes: 5_000_000,
        max_bytes: 1 << 30,
    };
    let accounts = server.restarted_within(limits).await;
    let page = accounts.open(server.pop3()).await.unwrap();
    let sent = page.folder(FolderRole::Sent).await;
    let mut entries = Vec::new();
    for nth in ["First", "Second", "Third", "Fourth"] {
        let typed = Draft {
            to: "ok@restante.test".to_owned(),
            subject: nth.to_owned(),
            ..upload(&accounts, &page, &vec![7; 1_000_000]).await
        };
        entries.push(send(&page, typed).await);
        accounts.uploads.clear();
    }
    assert!(matches!(entries[2].copy, SentCopy::Filed { .. }));
    let last = &entries[3];
    assert_eq!(last.state, OutboxState::HandedOver);
    let SentCopy::Failed { cause } = &last.copy else {
        panic!("{last:?}");
    };
    assert!(
        cause.contains("space for sent mail here is full"),
        "{cause}"
    );
    assert_eq!(
        subjects(&page, FolderRole::Sent).await,
        ["Third", "Second", "First"]
    );
    // What is deleted makes room, and drafts have their own.
    saved(&page, &draft("There is room")).await;
    let oldest = page.rows(&sent).await.remove(2);
    let trash = Destination::Role(FolderRole::Trash);
    page.move_to(vec![oldest.id], trash).await.unwrap();
    let typed = Draft {
        to: "ok@restante.test".to_owned(),
        subject: "Fifth".to_owned(),
        ..upload(&accounts, &page, &vec![7; 1_000_000]).await
    };
    let entry = send(&page, typed).await;
    assert!(matches!(entry.copy, SentCopy::Filed { .. }), "{entry:?}");
    assert_eq!(
        subjects(&page, FolderRole::Sent).await,
        ["Fifth", "Third", "Second"]
    );
}
