//! Reading and changes by IMAP.

use std::time::Duration;

use app::api::ErrorKind;
use app::api::backend::MailBackend;
use app::api::live::LiveEvent;
use app::api::types::{
    BodyView, Change, Destination, FolderId, FolderRole, Lang, Mark, MessageRef, Window,
};
use app::text::url::Shown;
use futures_util::StreamExt as _;
use mail_proto::Secret;

use super::test_server::TestServer;
use crate::wait::until_some;

#[tokio::test]
async fn sign_in_lists_folders_and_the_newest_mail() {
    let server = TestServer::new(None).await;
    for sign_in in [server.imap(), server.imap_starttls()] {
        let page = server.open(sign_in).await.unwrap();
        let folders = page
            .backend
            .folder_list(page.account.clone())
            .await
            .unwrap()
            .folders;
        let roles: Vec<_> = folders.iter().filter_map(|f| f.role).collect();
        assert_eq!(
            roles,
            [
                FolderRole::Inbox,
                FolderRole::Drafts,
                FolderRole::Sent,
                FolderRole::Archive,
                FolderRole::Junk,
                FolderRole::Trash
            ]
        );
        let names: Vec<_> = folders.iter().map(|f| (f.depth, f.name.as_str())).collect();
        assert!(names.contains(&(1, "海鸥项目")), "{names:?}");
        let inbox = folders.first().unwrap();
        assert_eq!(
            inbox.total,
            Some(u32::try_from(server.demo.inbox_len()).unwrap())
        );
        assert!(inbox.unread.unwrap() > 0);
        let rows = page.rows(&page.inbox()).await;
        assert_eq!(rows.len(), 50);
        let positions: Vec<u32> = rows.iter().map(|r| r.position).collect();
        assert_eq!(positions, (0..50).collect::<Vec<_>>());
        assert!(
            rows.iter()
                .all(|r| !r.people.is_empty() && !r.date.iso.is_empty())
        );
        page.handle.close().await;
    }
}

#[tokio::test]
async fn wrong_password_is_reported_and_tried_once() {
    let server = TestServer::new(Some(1)).await;
    let mut sign_in = server.imap();
    sign_in.password = Secret::new("not the password");
    let error = server.open(sign_in).await.err().unwrap();
    let shown = error.to_api(Lang::En);
    assert_eq!(shown.kind, ErrorKind::Password);
    assert!(
        shown
            .reply
            .as_deref()
            .unwrap_or_default()
            .contains("AUTHENTICATIONFAILED"),
        "{shown:?}"
    );
    assert!(!format!("{error:?} {shown:?}").contains("not the password"));
    assert_ne!(error.to_api(Lang::ZhCn).cause, shown.cause);
}

#[tokio::test]
async fn windows_of_a_large_folder_are_fetched_on_request() {
    let server = TestServer::new(Some(10_000)).await;
    let page = server.open(server.imap()).await.unwrap();
    let list = |offset| {
        let window = Window { offset, limit: 50 };
        page.list(page.inbox(), window)
    };
    let middle = list(5_000).await.unwrap();
    assert_eq!((middle.total, middle.rows.len()), (10_000, 50));
    assert_eq!(middle.rows.first().unwrap().position, 5_000);
    let end = list(9_990).await.unwrap();
    assert_eq!(end.rows.len(), 10);
    assert!(list(20_000).await.unwrap().rows.is_empty());
    let before = server.demo.command_count();
    list(5_000).await.unwrap();
    // IDLE and DONE may occur in this interval; a FETCH may not.
    assert!(
        server.demo.command_count() - before <= 1,
        "a window that was seen costs nothing"
    );
}

#[tokio::test]
async fn every_sample_message_can_be_opened_and_its_parts_read() {
    let server = TestServer::new(None).await;
    let page = server.open(server.imap()).await.unwrap();
    let (mut texts, mut htmls, mut blocked, mut parts) = (0, 0, 0, 0);
    for row in page.rows(&page.inbox()).await {
        let folder = page.inbox();
        let opened = page.open(row.id.clone()).await;
        let opened = opened.unwrap_or_else(|e| panic!("{}: {e}", row.subject));
        assert_eq!(opened.subject, row.subject);
        match opened.body {
            BodyView::Text { blocks, .. } => texts += usize::from(!blocks.is_empty()),
            BodyView::Html { blocked_images, .. } => {
                htmls += 1;
                blocked += blocked_images;
                let document = page
                    .backend
                    .body_document(&row.id, Shown::default())
                    .await
                    .unwrap();
                assert!(document.starts_with("<!doctype html>"));
                assert!(!document.contains("src=\"http"), "{}", row.subject);
            }
            BodyView::Empty { .. } => {}
        }
        for attachment in &opened.attachments {
            let part = page
                .handle
                .part(
                    folder.clone(),
                    row.id.message.clone(),
                    attachment.part.clone(),
                )
                .await
                .unwrap();
            let mut stream = part.stream;
            let mut size = 0;
            while let Some(bytes) = stream.next().await {
                size += bytes.unwrap().len();
            }
            assert!(size > 0, "{} of {}", attachment.name, row.subject);
            parts += 1;
        }
    }
    assert!(
        texts > 5 && htmls > 5 && blocked > 5 && parts > 3,
        "{texts} {htmls} {blocked} {parts}"
    );
}

#[tokio::test]
async fn source_equals_the_message_on_the_server() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let mail = "From: a@example.org\r\nSubject: raw\r\n\r\nline\r\n..dot\r\n";
    server.demo.deliver(mail);
    let row = page.arrived("raw").await.id;
    let mut stream = page.handle.source(page.inbox(), row.message).await.unwrap();
    let mut source = Vec::new();
    while let Some(bytes) = stream.next().await {
        source.extend_from_slice(&bytes.unwrap());
    }
    assert_eq!(String::from_utf8(source).unwrap(), mail);
}

#[tokio::test]
async fn mark_counts_its_changes_and_can_be_undone() {
    let server = TestServer::new(Some(20)).await;
    let page = server.open(server.imap()).await.unwrap();
    let rows = page.rows(&page.inbox()).await;
    let ids: Vec<MessageRef> = rows.iter().take(3).map(|r| r.id.clone()).collect();
    let mark = |mark| page.mark(ids.clone(), mark);
    mark(Mark::Unstarred).await.unwrap();
    let done = mark(Mark::Starred).await.unwrap();
    assert_eq!(
        (done.change, done.count),
        (Change::Marked(Mark::Starred), 3)
    );
    let repeated = mark(Mark::Starred).await.unwrap();
    assert_eq!((repeated.count, repeated.undo), (0, vec![]));
    assert!(
        page.rows(&page.inbox())
            .await
            .iter()
            .take(3)
            .all(|r| r.is_starred)
    );
    page.undo(done.undo).await.unwrap();
    assert!(
        page.rows(&page.inbox())
            .await
            .iter()
            .take(3)
            .all(|r| !r.is_starred)
    );
}

#[tokio::test]
async fn deleted_message_is_in_trash_and_undo_restores_it() {
    let server = TestServer::new(None).await;
    let page = server.open(server.imap()).await.unwrap();
    let row = page.rows(&page.inbox()).await.remove(2);
    let total = server.demo.inbox_len();
    let to = Destination::Role(FolderRole::Trash);
    let done = page.move_to(vec![row.id.clone()], to).await.unwrap();
    assert!(
        matches!(
            &done.change,
            Change::Moved {
                role: Some(FolderRole::Trash),
                ..
            }
        ),
        "{done:?}"
    );
    assert_eq!(server.demo.inbox_len(), total - 1);
    let rows = page.rows(&page.inbox()).await;
    assert!(rows.iter().all(|r| r.id != row.id));
    let trash = page.folder(FolderRole::Trash).await;
    assert!(
        page.rows(&trash)
            .await
            .iter()
            .any(|r| r.subject == row.subject)
    );
    let undone = page.undo(done.undo.clone()).await;
    assert_eq!(undone.unwrap().change, Change::Undone);
    assert_eq!(server.demo.inbox_len(), total);
    let twice = page.undo(done.undo).await;
    assert_eq!(twice.unwrap_err().kind, ErrorKind::Unsupported);
}

#[tokio::test]
async fn unknown_ids_are_not_found_and_change_nothing() {
    let server = TestServer::new(Some(3)).await;
    let page = server.open(server.imap()).await.unwrap();
    let validity = page.rows(&page.inbox()).await[0]
        .id
        .message
        .as_str()
        .split_once('.')
        .unwrap()
        .0
        .to_owned();
    for id in [
        "",
        ".",
        "1.1",
        "x.y",
        "999.1",
        "1.4294967296",
        "0.0",
        &format!("{validity}.77777"),
    ] {
        let opened = page.open(page.in_inbox(id)).await;
        assert_eq!(opened.unwrap_err().kind, ErrorKind::NotFound, "{id}");
    }
    for folder in ["", "SU5CT1gu", "AAAA", "../../x"] {
        let window = Window {
            offset: 0,
            limit: 50,
        };
        let list = page.list(FolderId::from(folder), window).await;
        assert_eq!(list.unwrap_err().kind, ErrorKind::NotFound, "{folder}");
    }
    assert_eq!(page.rows(&page.inbox()).await.len(), 3);
}

// docs/protocols.md, IMAP: IDLE, DONE
#[tokio::test]
async fn new_mail_is_announced_and_listed() {
    let server = TestServer::new(Some(5)).await;
    let page = server.open(server.imap()).await.unwrap();
    let mut events = page.handle.subscribe();
    let _watcher = page.handle.watch();
    page.rows(&page.inbox()).await;
    server
        .demo
        .deliver("From: a@example.org\r\nSubject: ping\r\n\r\nx\r\n");
    let event = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            if let LiveEvent::Folder {
                folder,
                total,
                arrived,
                ..
            } = events.recv().await.unwrap()
            {
                return (folder, total, arrived);
            }
        }
    })
    .await
    .expect("nobody was told");
    assert_eq!(event, (page.inbox(), 6, 1));
    assert_eq!(
        page.rows(&page.inbox()).await.first().unwrap().subject,
        "ping"
    );
}

#[tokio::test]
async fn the_transcript_of_a_session_shows_both_sides_and_no_secret() {
    let server = TestServer::new(Some(5)).await;
    let page = server.open(server.imap()).await.unwrap();
    page.rows(&page.inbox()).await;
    let lines: Vec<String> = page
        .handle
        .transcript()
        .iter()
        .map(|entry| format!("{} {}", entry.host, entry.line))
        .collect();
    let shown = lines.join("\n");
    for expected in [
        "< * OK",
        "# signing in by PLAIN",
        "> r1 AUTHENTICATE PLAIN ***",
        "SELECT",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let secret = "AGRlbW9AcmVzdGFudGUudGVzdABkZW1v";
    assert!(!shown.contains(secret), "{shown}");
}

#[tokio::test]
async fn closed_account_reports_that_the_session_ended() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    page.rows(&page.inbox()).await;
    page.handle.close().await;
    let window = Window {
        offset: 0,
        limit: 50,
    };
    let kind = until_some("an error", async || {
        let list = page.list(page.inbox(), window).await;
        list.err().map(|error| error.kind)
    });
    assert_eq!(kind.await, ErrorKind::SignedOut);
}

#[tokio::test]
async fn restored_messages_are_listed_at_their_old_positions() {
    for lacks in [&[][..], &["ESEARCH"], &["MOVE"]] {
        let server = TestServer::lacking(lacks).await;
        let page = server.open(server.imap()).await.unwrap();
        let before = page.rows(&page.inbox()).await;
        let subjects: Vec<_> = before.iter().map(|row| row.subject.clone()).collect();
        // One alone, two adjacent ones, the oldest of the window; then one of them again.
        for indices in [&[20, 7, 8, 49][..], &[8]] {
            let rows = page.rows(&page.inbox()).await;
            let ids: Vec<MessageRef> = indices.iter().map(|at| rows[*at].id.clone()).collect();
            let moved = page
                .move_to(ids.clone(), Destination::Role(FolderRole::Archive))
                .await
                .unwrap();
            let undone = page.undo(moved.undo).await.unwrap();
            assert_eq!(
                undone.messages.len(),
                indices.len(),
                "{lacks:?} {indices:?}"
            );
            // New mail would be listed above all of these.
            let rows = page.rows(&page.inbox()).await;
            let now: Vec<_> = rows.iter().map(|row| row.subject.clone()).collect();
            assert_eq!(now, subjects, "{lacks:?}");
            let positions: Vec<u32> = rows.iter().map(|row| row.position).collect();
            assert_eq!(positions, (0..50).collect::<Vec<_>>());
            let mut back: Vec<_> = indices.iter().map(|at| rows[*at].id.clone()).collect();
            let mut undone_ids = undone.messages.clone();
            back.sort_by_key(ToString::to_string);
            undone_ids.sort_by_key(ToString::to_string);
            assert_eq!(undone_ids, back, "the ids of now");
            // An opened message has its neighbours.
            let at = indices[0];
            let opened = page.open(rows[at].id.clone()).await.unwrap();
            assert_eq!(opened.position, u32::try_from(at).unwrap());
            assert_eq!(opened.newer, Some(rows[at - 1].id.clone()));
            if let Some(older) = rows.get(at + 1) {
                assert_eq!(opened.older, Some(older.id.clone()));
            }
        }
        page.handle.close().await;
    }
}
