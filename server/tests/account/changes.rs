//! The result of a change as reported to the page, and the events of other sessions.

use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::error::ErrorKind;
use app::api::live::LiveEvent;
use app::api::types::{Change, ChangeDone, Destination, FolderId, FolderRole, Mark, MessageRef};
use tokio::sync::broadcast::Receiver;

use super::test_server::{Page, TestServer};

async fn move_to(page: &Page, role: FolderRole, ids: &[&MessageRef]) -> ChangeDone {
    let ids = ids.iter().map(|id| (*id).clone()).collect();
    let to = Destination::Role(role);
    let moving = page.move_to(ids, to);
    moving.await.unwrap()
}

async fn mark(page: &Page, mark: Mark, ids: &[&MessageRef]) -> ChangeDone {
    let ids = ids.iter().map(|id| (*id).clone()).collect();
    let marking = page.mark(ids, mark);
    marking.await.unwrap()
}

#[tokio::test]
async fn message_deleted_by_another_session_is_not_archived_and_counts_as_gone() {
    for lacks in [&[][..], &["UIDPLUS"], &["MOVE"], &["MOVE", "UIDPLUS"]] {
        let server = TestServer::lacking(lacks).await;
        let (one, other) = (
            server.open(server.imap()).await.unwrap(),
            server.open(server.imap()).await.unwrap(),
        );
        let rows = one.rows(&one.inbox()).await;
        other.rows(&other.inbox()).await;
        let (first, second) = (&rows[0].id, &rows[1].id);
        let deleted = move_to(&one, FolderRole::Trash, &[first]).await;
        assert_eq!((deleted.count, deleted.gone), (1, 0), "{lacks:?}");

        let archived = move_to(&other, FolderRole::Archive, &[first]).await;
        assert_eq!(
            (archived.count, archived.gone, &archived.undo),
            (0, 1, &vec![]),
            "{lacks:?}"
        );
        let marked = mark(&other, Mark::Starred, &[first]).await;
        assert_eq!((marked.count, marked.gone), (0, 1), "{lacks:?}");
        let both = move_to(&other, FolderRole::Archive, &[first, second]).await;
        assert_eq!((both.count, both.gone), (1, 1), "{lacks:?}");

        let archive = other.folder(FolderRole::Archive).await;
        let archived = other.rows(&archive).await;
        assert!(archived.iter().any(|row| row.subject == rows[1].subject));
        assert!(archived.iter().all(|row| row.subject != rows[0].subject));
    }
}

#[tokio::test]
async fn pop3_message_deleted_by_another_session_counts_as_gone() {
    let server = TestServer::new(Some(5)).await;
    let (one, other) = (
        server.open(server.pop3()).await.unwrap(),
        server.open(server.pop3()).await.unwrap(),
    );
    let rows = one.rows(&one.inbox()).await;
    other.rows(&other.inbox()).await;
    let (first, second) = (&rows[0].id, &rows[1].id);
    assert_eq!(move_to(&one, FolderRole::Trash, &[first]).await.count, 1);

    let deleted = move_to(&other, FolderRole::Trash, &[first]).await;
    assert_eq!((deleted.count, deleted.gone, deleted.undo), (0, 1, vec![]));
    let marked = mark(&other, Mark::Starred, &[first]).await;
    assert_eq!((marked.count, marked.gone), (0, 1));
    let both = move_to(&other, FolderRole::Trash, &[first, second]).await;
    assert_eq!((both.count, both.gone), (1, 1));
}

#[tokio::test]
async fn undo_counts_the_messages_it_restored() {
    let server = TestServer::new(Some(5)).await;
    let page = server.open(server.imap()).await.unwrap();
    let rows = page.rows(&page.inbox()).await;
    let ids = [&rows[0].id, &rows[1].id];
    let undo = move_to(&page, FolderRole::Trash, &ids).await.undo;
    let trash = page.folder(FolderRole::Trash).await;
    let in_trash = page.rows(&trash).await;
    // One of them moves on from Trash before the undo of both.
    let to = Destination::Role(FolderRole::Archive);
    let moving = page.move_to(vec![in_trash[0].id.clone()], to);
    assert_eq!(moving.await.unwrap().count, 1);
    let undone = page.undo(undo).await;
    let undone = undone.unwrap();
    assert_eq!(
        (undone.change, undone.count, undone.gone),
        (Change::Undone, 1, 1)
    );
}

/// Waits for an event about a folder with this number of messages. Returns how many of them are
/// unread, and how many arrived.
async fn folder_event(
    events: &mut Receiver<LiveEvent>,
    folder: &FolderId,
    messages: u32,
) -> (Option<u32>, u32) {
    let waiting = async {
        loop {
            if let LiveEvent::Folder {
                folder: about,
                total,
                unread,
                arrived,
                ..
            } = events.recv().await.unwrap()
                && about == *folder
                && total == messages
            {
                return (unread, arrived);
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    waited.unwrap_or_else(|_| panic!("nobody was told of {messages} in {folder}"))
}

#[tokio::test]
async fn restored_message_is_not_announced_as_new() {
    let server = TestServer::new(None).await;
    let page = server.open(server.imap()).await.unwrap();
    let _watcher = page.handle.watch();
    let rows = page.rows(&page.inbox()).await;
    let messages = total(&page, &page.inbox()).await;
    // All flags are known: two unread messages and a read one, none of them the newest.
    let older = rows.iter().skip(1);
    let (seen, unseen): (Vec<_>, Vec<_>) = older.partition(|row| row.is_seen);
    let ids = [&seen[0].id, &unseen[0].id, &unseen[1].id];
    let mut events = page.handle.subscribe();
    let undo = move_to(&page, FolderRole::Archive, &ids).await.undo;
    let (unread, _) = folder_event(&mut events, &page.inbox(), messages - 3).await;
    let mut events = page.handle.subscribe();
    let undoing = page.undo(undo);
    assert_eq!(undoing.await.unwrap().count, 3);
    let (unread_now, arrived) = folder_event(&mut events, &page.inbox(), messages).await;
    assert_eq!((unread_now, arrived), (unread.map(|n| n + 2), 0));
}

async fn total(page: &Page, folder: &FolderId) -> u32 {
    let folders = page.backend.folder_list(page.account.clone()).await;
    let mut folders = folders.unwrap().folders.into_iter();
    folders.find(|f| f.id == *folder).unwrap().total.unwrap()
}

#[tokio::test]
async fn every_session_gets_the_events_of_both_folders_of_a_move() {
    for lacks in [&[][..], &["IDLE"]] {
        let server = TestServer::lacking(lacks).await;
        let (one, other) = (
            server.open(server.imap()).await.unwrap(),
            server.open(server.imap()).await.unwrap(),
        );
        let _watchers = (one.handle.watch(), other.handle.watch());
        let mut events = [one.handle.subscribe(), other.handle.subscribe()];
        let rows = one.rows(&one.inbox()).await;
        other.rows(&other.inbox()).await;
        let trash = one.folder(FolderRole::Trash).await;
        let archive = one.folder(FolderRole::Archive).await;
        other.folder(FolderRole::Trash).await;
        // The other session lists Trash.
        other.rows(&trash).await;
        let (inbox, in_trash) = (total(&one, &one.inbox()).await, total(&one, &trash).await);
        let in_archive = total(&one, &archive).await;

        move_to(&one, FolderRole::Trash, &[&rows[0].id]).await;
        for events in &mut events {
            folder_event(events, &one.inbox(), inbox - 1).await;
        }
        let mut events = [one.handle.subscribe(), other.handle.subscribe()];
        move_to(&one, FolderRole::Trash, &[&rows[1].id]).await;
        for events in &mut events {
            folder_event(events, &trash, in_trash + 2).await;
        }

        // A move between two folders other than the inbox.
        let id = other.rows(&trash).await[0].id.clone();
        let mut events = [one.handle.subscribe(), other.handle.subscribe()];
        let to = Destination::Folder(archive.clone());
        let moving = other.move_to(vec![id], to);
        assert_eq!(moving.await.unwrap().count, 1);
        for events in &mut events {
            folder_event(events, &archive, in_archive + 1).await;
        }
    }
}

#[tokio::test]
async fn every_session_gets_the_events_of_pop3_marks_and_deletes() {
    let server = TestServer::new(Some(5)).await;
    let (one, other) = (
        server.open(server.pop3()).await.unwrap(),
        server.open(server.pop3()).await.unwrap(),
    );
    let _watchers = (one.handle.watch(), other.handle.watch());
    let rows = one.rows(&one.inbox()).await;
    other.rows(&other.inbox()).await;
    let mut events = [one.handle.subscribe(), other.handle.subscribe()];
    mark(&one, Mark::Starred, &[&rows[1].id]).await;
    for events in &mut events {
        folder_event(events, &one.inbox(), 5).await;
    }
    assert!(other.rows(&other.inbox()).await[1].is_starred);
    move_to(&one, FolderRole::Trash, &[&rows[0].id]).await;
    for events in &mut events {
        folder_event(events, &one.inbox(), 4).await;
    }
    // Deleted on the server when its session ends; it does not reappear in the other one.
    let mut events = other.handle.subscribe();
    one.handle.close().await;
    server.until_inbox_len(4).await;
    folder_event(&mut events, &other.inbox(), 4).await;
    let remaining = other.rows(&other.inbox()).await;
    assert_eq!(remaining.len(), 4);
    assert!(remaining.iter().all(|row| row.id != rows[0].id));
}

#[tokio::test]
async fn pinned_folder_is_first_in_every_session_until_it_is_unpinned() {
    let server = TestServer::new(Some(3)).await;
    let (one, other) = (
        server.open(server.imap()).await.unwrap(),
        server.open(server.imap()).await.unwrap(),
    );
    let first = async |page: &Page| {
        let folders = page.backend.folder_list(page.account.clone()).await;
        let first = folders.unwrap().folders.remove(0);
        (first.id, first.is_pinned)
    };
    let trash = one.folder(FolderRole::Trash).await;
    let mut events = one.handle.subscribe();
    let pin = async |page: &Page, is_pinned| {
        let folder = page.folder_ref(trash.clone());
        page.backend.folder_pin(folder, is_pinned).await
    };
    for _ in 0..2 {
        pin(&one, true).await.unwrap();
    }
    assert_eq!(events.recv().await.unwrap(), LiveEvent::Resync);
    assert_eq!(first(&one).await, (trash.clone(), true));
    assert_eq!(first(&other).await, (trash.clone(), true));
    pin(&other, false).await.unwrap();
    assert_eq!(first(&one).await, (one.inbox(), false));

    let unknown = one.folder_ref("bm93aGVyZQ".into());
    let refused = one.backend.folder_pin(unknown, true).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound);
    let pop3 = server.open(server.pop3()).await.unwrap();
    let inbox = pop3.folder_ref(pop3.inbox());
    let refused = pop3.backend.folder_pin(inbox, true).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unsupported);
}
