//! Lists over several accounts: merged, in windows, with accounts that are slow or refuse.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::error::ErrorKind;
use app::api::live::LiveEvent;
use app::api::types::{
    AccountId, Change, Destination, FolderRole, ListAt, ListQuery, ListSource, Mark, MessageRef,
    MessageRow, MessageRows, Theme, Window,
};
use server::account::lists::Lists;
use server::views::{Locale, SessionBackend};
use tokio::time::timeout;

use super::scripted_imap::{Mail, ScriptedImap};
use super::test_server::{Page, TestServer, settings};

/// Creates a session with the accounts of these pages.
fn session(pages: &[&Page]) -> SessionBackend {
    SessionBackend::new(
        pages.iter().map(|page| page.handle.clone()).collect(),
        Locale::default(),
        Theme::Light,
        Arc::default(),
        Lists::default(),
        settings(),
    )
}

fn query(role: FolderRole, at: ListAt, limit: u32) -> ListQuery {
    ListQuery {
        source: ListSource::Role(role),
        at,
        limit,
    }
}

async fn first(session: &SessionBackend, role: FolderRole) -> MessageRows {
    let query = query(role, ListAt::Offset(0), 50);
    session.message_list(query).await.unwrap()
}

/// Returns every row of a list, in windows of `limit`; `between` runs after each.
async fn walk(
    session: &SessionBackend,
    limit: u32,
    mut between: impl AsyncFnMut(&[MessageRow]),
) -> Vec<MessageRow> {
    let (mut all, mut at) = (Vec::new(), ListAt::Offset(0));
    for _ in 0..100 {
        let query = query(FolderRole::Inbox, at, limit);
        let list = session.message_list(query).await.unwrap();
        assert!(list.rows.len() <= limit as usize);
        all.extend(list.rows);
        match list.next {
            Some(next) => at = ListAt::Cursor(next),
            None => return all,
        }
        between(&all).await;
    }
    panic!("the list does not end");
}

fn subjects(rows: &[MessageRow]) -> Vec<&str> {
    rows.iter().map(|row| row.subject.as_str()).collect()
}

/// A message that arrived on this day of a month.
fn mail_on(day: &'static str, subject: &str) -> Mail {
    Mail {
        arrived: day,
        ..Mail::plain(subject)
    }
}

/// Responds as a server with an archive beside its inbox, with the same messages in it.
fn with_archive(command: &str) -> Option<String> {
    command.starts_with("LIST").then(|| {
        "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\Archive) \"/\" Kept\r\n{tag} OK done\r\n"
            .to_owned()
    })
}

async fn ann() -> ScriptedImap {
    let mails = vec![
        mail_on("01-Feb-2024 10:00:00 +0000", "a1"),
        mail_on("03-Feb-2024 10:00:00 +0000", "a3"),
        mail_on("05-Feb-2024 10:00:00 +0000", "a5"),
        mail_on("06-Feb-2024 10:00:00 +0000", "a6"),
    ];
    ScriptedImap::start(mails, with_archive).await
}

async fn bob(script: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> ScriptedImap {
    let mails = vec![
        mail_on("02-Feb-2024 10:00:00 +0000", "b2"),
        mail_on("04-Feb-2024 10:00:00 +0000", "b4"),
    ];
    ScriptedImap::start(mails, script).await
}

#[tokio::test]
async fn a_role_of_one_account_is_the_list_of_its_folder() {
    let server = TestServer::new(Some(120)).await;
    let page = server.open(server.imap()).await.unwrap();
    let window = Window {
        offset: 70,
        limit: 20,
    };
    let role = ListQuery::window(ListSource::Role(FolderRole::Inbox), window);
    let by_role = page.backend.message_list(role).await.unwrap();
    let by_folder = page.list(page.inbox(), window).await.unwrap();
    assert_eq!(by_role, by_folder);
    assert_eq!(by_role.folder, Some(page.folder_ref(page.inbox())));
    let junk = page.folder(FolderRole::Junk).await;
    let by_role = first(&page.backend, FolderRole::Junk).await;
    assert_eq!(by_role.folder, Some(page.folder_ref(junk)));
}

#[tokio::test]
async fn inboxes_of_two_accounts_are_one_list_newest_first_without_duplicates() {
    let (ann, bob) = (ann().await, bob(with_archive).await);
    let session = session(&[&ann.page, &bob.page]);
    let complete = first(&session, FolderRole::Inbox).await;
    assert_eq!(
        subjects(&complete.rows),
        ["a6", "a5", "b4", "a3", "b2", "a1"],
        "by the day of their arrival"
    );
    assert_eq!((complete.total, &complete.folder), (6, &None));
    assert_eq!(
        (&complete.next, complete.pending.len(), &complete.view),
        (&None, 0, &None)
    );
    for limit in 1..=6 {
        let rows = walk(&session, limit, async |_| {}).await;
        assert_eq!(rows, complete.rows, "in windows of {limit}");
    }
    let accounts: Vec<&AccountId> = complete
        .rows
        .iter()
        .map(|row| &row.id.folder.account)
        .collect();
    assert_eq!(accounts[0], &ann.page.account);
    assert_eq!(accounts[2], &bob.page.account);
    let opened = session
        .message_open(complete.rows[2].id.clone())
        .await
        .unwrap();
    assert_eq!(opened.subject, "b4");
}

#[tokio::test]
async fn changes_between_two_windows_repeat_and_hide_no_row() {
    let servers = [
        TestServer::new(Some(40)).await,
        TestServer::new(Some(40)).await,
    ];
    let pages = [
        servers[0].open(servers[0].imap()).await.unwrap(),
        servers[1].open(servers[1].imap()).await.unwrap(),
    ];
    let session = session(&[&pages[0], &pages[1]]);
    let before = walk(&session, 50, async |_| {}).await;
    assert_eq!(before.len(), 80);
    let mut turn = 0;
    let mut deleted: Vec<MessageRef> = Vec::new();
    let seen = walk(&session, 7, async |shown| {
        turn += 1;
        match turn {
            // Above the rows that were shown.
            1 => servers[0].demo.deliver("Subject: new\r\n\r\nnew\r\n"),
            2 => (0..9).for_each(|_| servers[1].demo.deliver("Subject: new\r\n\r\nnew\r\n")),
            // The last row that was shown, and one further up.
            3 | 4 => {
                let index = if turn == 3 { shown.len() - 1 } else { 2 };
                let id = shown[index].id.clone();
                deleted.push(id.clone());
                let page = pages.iter().find(|page| page.account == id.folder.account);
                let trash = Destination::Role(FolderRole::Trash);
                page.unwrap().move_to(vec![id], trash).await.unwrap();
            }
            // All of them: no row that the cursor names exists any more.
            5 => {
                for page in &pages {
                    let own = |id: &&MessageRef| id.folder.account == page.account;
                    let shown = shown.iter().map(|row| &row.id).filter(own);
                    let ids: Vec<_> = shown.filter(|id| !deleted.contains(id)).cloned().collect();
                    deleted.extend(ids.clone());
                    let trash = Destination::Role(FolderRole::Trash);
                    page.move_to(ids, trash).await.unwrap();
                }
            }
            _ => {}
        }
        // The events reach the list before its next request.
        for page in &pages {
            page.rows(&page.inbox()).await;
        }
    })
    .await;
    let ids = |rows: &[MessageRow]| {
        rows.iter()
            .map(|row| row.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&seen), ids(&before));
    assert_eq!(deleted.len(), 35);
}

#[tokio::test]
async fn slow_account_is_pending_and_its_rows_come_with_the_next_request() {
    let (ann, bob) = (ann().await, bob(with_archive).await);
    let session = session(&[&ann.page, &bob.page]);
    let mut events = bob.page.handle.subscribe();
    bob.hold(Some("SELECT \"Kept"));
    let early = first(&session, FolderRole::Archive).await;
    assert_eq!(subjects(&early.rows), ["a6", "a5", "a3", "a1"]);
    assert_eq!(early.pending, std::slice::from_ref(&bob.page.account));
    let view = early.view.expect("it goes on");
    assert!(early.next.is_some(), "the list is not over");
    // A second request while the list is still pending starts no new work.
    let repeated = first(&session, FolderRole::Archive).await;
    assert_eq!(repeated.view.as_ref(), Some(&view));
    assert_eq!(bob.count("SELECT \"Kept"), 1);
    bob.hold(None);
    let event = async {
        loop {
            if let LiveEvent::View { view, pending } = events.recv().await.unwrap() {
                return (view, pending);
            }
        }
    };
    let event = timeout(Duration::from_secs(5), event).await.expect("told");
    assert_eq!(event, (view, 0));
    let complete = first(&session, FolderRole::Archive).await;
    assert_eq!(
        subjects(&complete.rows),
        ["a6", "a5", "b4", "a3", "b2", "a1"]
    );
    assert_eq!(
        (complete.next, complete.pending.len(), complete.view),
        (None, 0, None)
    );
    assert_eq!(bob.count("SELECT \"Kept"), 1, "its answer was kept");
}

#[tokio::test]
async fn cancelled_list_is_drained_and_its_connection_stays_usable() {
    let (ann, bob) = (ann().await, bob(with_archive).await);
    let session = session(&[&ann.page, &bob.page]);
    bob.hold(Some("SELECT \"Kept"));
    let view = first(&session, FolderRole::Archive).await.view.unwrap();
    session.view_cancel(view.clone()).await.unwrap();
    bob.hold(None);
    let archive = bob.page.folder(FolderRole::Archive).await;
    assert_eq!(subjects(&bob.page.rows(&archive).await), ["b4", "b2"]);
    assert_eq!(
        bob.count("AUTHENTICATE"),
        2,
        "INBOX's connection and one more"
    );
    // The view no longer exists: cancelling it again is not an error.
    session.view_cancel(view).await.unwrap();
    assert_eq!(first(&session, FolderRole::Archive).await.rows.len(), 6);
}

#[tokio::test]
async fn refusing_account_is_reported_with_the_rows_of_the_other() {
    let refuses = |command: &str| match command.starts_with("SELECT \"Kept") {
        true => Some("{tag} NO [NOPERM] not you\r\n".to_owned()),
        false => with_archive(command),
    };
    let (ann, bob) = (ann().await, bob(refuses).await);
    let both = session(&[&ann.page, &bob.page]);
    let list = first(&both, FolderRole::Archive).await;
    assert_eq!(subjects(&list.rows), ["a6", "a5", "a3", "a1"]);
    let failed = list.failed;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].account, bob.page.account);
    assert_eq!(failed[0].error.kind, ErrorKind::Refused);
    let reply = failed[0].error.reply.as_deref().unwrap();
    assert!(reply.contains("not you"), "{reply}");
    // If all accounts fail there is no list.
    let none = session(&[&bob.page, &bob.page]);
    let query = query(FolderRole::Archive, ListAt::Offset(0), 50);
    let refused = none.message_list(query).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Refused);
}

#[tokio::test]
async fn an_account_without_such_a_folder_adds_nothing() {
    let (ann, bob) = (ann().await, bob(|_| None).await);
    let session = session(&[&ann.page, &bob.page]);
    let list = first(&session, FolderRole::Archive).await;
    assert_eq!(list.rows.len(), 4);
    assert_eq!(list.failed, []);
    // No account has this folder: the list is empty, as for an empty folder.
    let list = first(&session, FolderRole::Junk).await;
    assert_eq!((list.rows.len(), list.total), (0, 0));
}

#[tokio::test]
async fn invalid_position_in_a_list_is_refused() {
    let (ann, bob) = (ann().await, bob(with_archive).await);
    let session = session(&[&ann.page, &bob.page]);
    let inbox = ListSource::Folder(ann.page.folder_ref(ann.page.inbox()));
    let cursor = |text: &str| ListAt::Cursor(text.to_owned());
    for (source, at) in [
        (ListSource::Role(FolderRole::Inbox), ListAt::Offset(3)),
        (ListSource::Role(FolderRole::Inbox), cursor("")),
        (ListSource::Role(FolderRole::Inbox), cursor("&&&")),
        (
            ListSource::Role(FolderRole::Inbox),
            cursor(&"A".repeat(1 << 20)),
        ),
        (inbox, cursor("W10")),
    ] {
        let query = ListQuery {
            source,
            at,
            limit: 50,
        };
        let error = session.message_list(query).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert_eq!(error.cause, "The list has no such place.");
    }
}

#[tokio::test]
async fn change_across_two_accounts_is_reported_and_undone_as_one() {
    let servers = [
        TestServer::new(Some(6)).await,
        TestServer::new(Some(6)).await,
    ];
    let pages = [
        servers[0].open(servers[0].imap()).await.unwrap(),
        servers[1].open(servers[1].imap()).await.unwrap(),
    ];
    let session = session(&[&pages[0], &pages[1]]);
    let rows = first(&session, FolderRole::Inbox).await.rows;
    let ids: Vec<MessageRef> = rows.iter().map(|row| row.id.clone()).collect();
    let trash = Destination::Role(FolderRole::Trash);
    let moved = session.message_move(ids.clone(), trash).await.unwrap();
    assert_eq!(moved.failed, []);
    assert_eq!(moved.done.len(), 1, "{moved:?}");
    assert_eq!(moved.done[0].count, 12);
    assert_eq!(moved.done[0].undo.len(), 2);
    assert_eq!(first(&session, FolderRole::Inbox).await.total, 0);
    let undone = session.change_undo(moved.done[0].undo.clone()).await;
    let undone = undone.unwrap().done.remove(0);
    assert_eq!((undone.change, undone.count), (Change::Undone, 12));
    assert_eq!(first(&session, FolderRole::Inbox).await.total, 12);
    // By account, with their current ids.
    let mut by_account = BTreeMap::new();
    for id in &undone.messages {
        *by_account.entry(&id.folder.account).or_insert(0) += 1;
        assert!(session.message_open(id.clone()).await.is_ok(), "{id}");
    }
    assert_eq!(by_account.into_values().collect::<Vec<_>>(), [6, 6]);
}

#[tokio::test]
async fn deletes_by_imap_and_by_pop3_are_reported_separately() {
    let server = TestServer::new(Some(6)).await;
    let imap = server.open(server.imap()).await.unwrap();
    let pop3 = server.open(server.pop3()).await.unwrap();
    let session = session(&[&imap, &pop3]);
    let ids = vec![
        imap.rows(&imap.inbox()).await[0].id.clone(),
        pop3.rows(&pop3.inbox()).await[1].id.clone(),
    ];
    let trash = Destination::Role(FolderRole::Trash);
    let moved = session.message_move(ids, trash).await.unwrap();
    let changes: Vec<_> = moved.done.iter().map(|done| &done.change).collect();
    assert!(
        matches!(
            changes.as_slice(),
            [
                Change::Moved {
                    role: Some(FolderRole::Trash),
                    ..
                },
                Change::DeletePending { in_secs: 10 }
            ]
        ),
        "{changes:?}"
    );
}

#[tokio::test]
async fn failure_of_one_account_is_reported_with_the_success_of_the_other() {
    let server = TestServer::new(Some(6)).await;
    let imap = server.open(server.imap()).await.unwrap();
    let pop3 = server.open(server.pop3()).await.unwrap();
    let session = session(&[&imap, &pop3]);
    let mine = imap.rows(&imap.inbox()).await[0].id.clone();
    let other = pop3.rows(&pop3.inbox()).await[1].id.clone();
    let archive = || Destination::Role(FolderRole::Archive);
    let both = vec![mine, other.clone()];
    let moved = session.message_move(both, archive()).await.unwrap();
    assert_eq!(moved.done.len(), 1);
    assert_eq!(moved.done[0].count, 1);
    assert_eq!(moved.failed.len(), 1);
    assert_eq!(moved.failed[0].messages, std::slice::from_ref(&other));
    assert_eq!(moved.failed[0].error.kind, ErrorKind::Unsupported);
    // If nothing was done the result is an error, and a message of an unknown account is not found.
    let none = session.message_move(vec![other.clone()], archive()).await;
    assert_eq!(none.unwrap_err().kind, ErrorKind::Unsupported);
    let unknown = MessageRef::from("AAAAAAAAAAAAAAAA/SU5CT1g/1.1");
    let both = vec![other, unknown.clone()];
    let both = session.message_move(both, archive()).await.unwrap();
    let kinds: Vec<_> = both.failed.iter().map(|one| &one.error.kind).collect();
    assert_eq!(kinds, [&ErrorKind::Unsupported, &ErrorKind::NotFound]);
    assert_eq!(both.done, []);
    let unknown = vec![unknown];
    let unknown = session.message_mark(unknown, Mark::Seen).await;
    assert_eq!(unknown.unwrap_err().kind, ErrorKind::NotFound);
}
