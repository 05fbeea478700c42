//! Lists over several accounts: merged, in windows, with accounts that are slow or refuse.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::api::backend::MailBackend as _;
use app::api::error::ErrorKind;
use app::api::live::LiveEvent;
use app::api::types::{
    AccountId, Change, Destination, FolderRole, ListAt, ListQuery, ListSource, Mark, MessageRef,
    MessageRow, MessageRows, Window,
};
use server::account::lists::Lists;
use server::views::{Locale, SessionBackend};
use tokio::time::timeout;

use super::scripted_imap::{Mail, ScriptedImap};
use super::test_server::{Page, TestServer};

/// Creates a session with the accounts of these pages.
fn session(pages: &[&Page]) -> SessionBackend {
    SessionBackend::new(
        pages.iter().map(|page| page.handle.clone()).collect(),
        Locale::default(),
        Arc::default(),
        Lists::default(),
        25 << 20,
        String::new(),
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
fn on(day: &'static str, subject: &str) -> Mail {
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
        on("01-Feb-2024 10:00:00 +0000", "a1"),
        on("03-Feb-2024 10:00:00 +0000", "a3"),
        on("05-Feb-2024 10:00:00 +0000", "a5"),
        on("06-Feb-2024 10:00:00 +0000", "a6"),
    ];
    ScriptedImap::start(mails, with_archive).await
}

async fn bob(script: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> ScriptedImap {
    let mails = vec![
        on("02-Feb-2024 10:00:00 +0000", "b2"),
        on("04-Feb-2024 10:00:00 +0000", "b4"),
    ];
    ScriptedImap::start(mails, script).await
}

#[tokio::test]
async fn a_role_of_one_account_is_the_list_of_its_folder() {
    let stage = TestServer::new(Some(120)).await;
    let page = stage.open(stage.imap()).await.unwrap();
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
async fn the_inboxes_of_two_accounts_are_one_list_newest_first_and_none_is_told_twice() {
    let (ann, bob) = (ann().await, bob(with_archive).await);
    let session = session(&[&ann.page, &bob.page]);
    let whole = first(&session, FolderRole::Inbox).await;
    assert_eq!(
        subjects(&whole.rows),
        ["a6", "a5", "b4", "a3", "b2", "a1"],
        "by the day of their arrival"
    );
    assert_eq!((whole.total, &whole.folder), (6, &None));
    assert_eq!(
        (&whole.next, whole.pending.len(), &whole.view),
        (&None, 0, &None)
    );
    for limit in 1..=6 {
        let rows = walk(&session, limit, async |_| {}).await;
        assert_eq!(rows, whole.rows, "in windows of {limit}");
    }
    let accounts: Vec<&AccountId> = whole
        .rows
        .iter()
        .map(|row| &row.id.folder.account)
        .collect();
    assert_eq!(accounts[0], &ann.page.account);
    assert_eq!(accounts[2], &bob.page.account);
    let opened = session
        .message_open(whole.rows[2].id.clone())
        .await
        .unwrap();
    assert_eq!(opened.subject, "b4");
}

#[tokio::test]
async fn what_arrives_or_leaves_between_two_windows_repeats_and_hides_nothing() {
    let stages = [
        TestServer::new(Some(40)).await,
        TestServer::new(Some(40)).await,
    ];
    let pages = [
        stages[0].open(stages[0].imap()).await.unwrap(),
        stages[1].open(stages[1].imap()).await.unwrap(),
    ];
    let session = session(&[&pages[0], &pages[1]]);
    let before = walk(&session, 50, async |_| {}).await;
    assert_eq!(before.len(), 80);
    let mut turn = 0;
    let mut left: Vec<MessageRef> = Vec::new();
    let seen = walk(&session, 7, async |shown| {
        turn += 1;
        match turn {
            // Above the rows that were shown.
            1 => stages[0].demo.deliver("Subject: new\r\n\r\nnew\r\n"),
            2 => (0..9).for_each(|_| stages[1].demo.deliver("Subject: new\r\n\r\nnew\r\n")),
            // The last row that was shown, and one further up.
            3 | 4 => {
                let gone = if turn == 3 { shown.len() - 1 } else { 2 };
                let id = shown[gone].id.clone();
                left.push(id.clone());
                let page = pages.iter().find(|page| page.account == id.folder.account);
                let trash = Destination::Role(FolderRole::Trash);
                page.unwrap().move_to(vec![id], trash).await.unwrap();
            }
            // All of them: no row that the cursor names exists any more.
            5 => {
                for page in &pages {
                    let own = |id: &&MessageRef| id.folder.account == page.account;
                    let shown = shown.iter().map(|row| &row.id).filter(own);
                    let ids: Vec<_> = shown.filter(|id| !left.contains(id)).cloned().collect();
                    left.extend(ids.clone());
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
    assert_eq!(left.len(), 35);
}

#[tokio::test]
async fn an_account_that_takes_long_is_told_as_pending_and_its_rows_come_with_the_next_asking() {
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
    let again = first(&session, FolderRole::Archive).await;
    assert_eq!(again.view.as_ref(), Some(&view));
    assert_eq!(bob.count("SELECT \"Kept"), 1);
    bob.hold(None);
    let told = async {
        loop {
            if let LiveEvent::View { view, pending } = events.recv().await.unwrap() {
                return (view, pending);
            }
        }
    };
    let told = timeout(Duration::from_secs(5), told).await.expect("told");
    assert_eq!(told, (view, 0));
    let whole = first(&session, FolderRole::Archive).await;
    assert_eq!(subjects(&whole.rows), ["a6", "a5", "b4", "a3", "b2", "a1"]);
    assert_eq!(
        (whole.next, whole.pending.len(), whole.view),
        (None, 0, None)
    );
    assert_eq!(bob.count("SELECT \"Kept"), 1, "its answer was kept");
}

#[tokio::test]
async fn a_list_that_is_given_up_is_drained_and_its_connection_goes_on() {
    let (ann, bob) = (ann().await, bob(with_archive).await);
    let session = session(&[&ann.page, &bob.page]);
    bob.hold(Some("SELECT \"Kept"));
    let view = first(&session, FolderRole::Archive).await.view.unwrap();
    session.view_cancel(view.clone()).await.unwrap();
    bob.hold(None);
    let kept = bob.page.folder(FolderRole::Archive).await;
    assert_eq!(subjects(&bob.page.rows(&kept).await), ["b4", "b2"]);
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
async fn an_account_that_refuses_is_told_beside_the_rows_of_the_other() {
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
async fn a_place_that_the_list_does_not_have_is_refused_with_words() {
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
async fn a_change_of_messages_of_two_accounts_is_told_once_and_taken_back_at_once() {
    let stages = [
        TestServer::new(Some(6)).await,
        TestServer::new(Some(6)).await,
    ];
    let pages = [
        stages[0].open(stages[0].imap()).await.unwrap(),
        stages[1].open(stages[1].imap()).await.unwrap(),
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
async fn deleting_by_imap_and_by_pop3_is_told_as_what_each_of_them_is() {
    let stage = TestServer::new(Some(6)).await;
    let imap = stage.open(stage.imap()).await.unwrap();
    let pop3 = stage.open(stage.pop3()).await.unwrap();
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
async fn what_one_account_cannot_do_is_told_beside_what_the_other_did() {
    let stage = TestServer::new(Some(6)).await;
    let imap = stage.open(stage.imap()).await.unwrap();
    let pop3 = stage.open(stage.pop3()).await.unwrap();
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
    let strange = MessageRef::from("AAAAAAAAAAAAAAAA/SU5CT1g/1.1");
    let both = vec![other, strange.clone()];
    let both = session.message_move(both, archive()).await.unwrap();
    let kinds: Vec<_> = both.failed.iter().map(|one| &one.error.kind).collect();
    assert_eq!(kinds, [&ErrorKind::Unsupported, &ErrorKind::NotFound]);
    assert_eq!(both.done, []);
    let strange = vec![strange];
    let strange = session.message_mark(strange, Mark::Seen).await;
    assert_eq!(strange.unwrap_err().kind, ErrorKind::NotFound);
}
