//! Deletes, marks, and their undo.

use super::*;

#[tokio::test]
async fn delete_waits_for_the_undo_time_and_runs_in_its_own_session() {
    let account = TestAccount::new(Quirks::default(), &["one", "two", "three"]).await;
    let timing = Timing {
        undo: Duration::from_millis(1_500),
        ..NO_TIMERS
    };
    let mut session = account.sign_in(timing).await.unwrap();
    let changed = session.delete("two").await;
    assert!(matches!(changed.what, Change::DeletePending { .. }));
    assert_eq!((changed.count, changed.undo.is_some()), (1, true));
    assert_eq!(
        session.subjects().await,
        ["three", "one"],
        "not shown at once"
    );
    assert_eq!(account.server.count("DELE"), 0, "not deleted at once");
    let server = account.server.clone();
    wait_until("the delete", || server.subjects() == ["one", "three"]).await;
    assert_eq!(session.subjects().await, ["three", "one"]);
    let log = account.server.state().log.clone();
    let dele = log.iter().position(|line| line == "DELE 2").unwrap();
    let before = log[..dele]
        .iter()
        .rposition(|line| line.starts_with("PASS"))
        .unwrap();
    assert_eq!(
        log[before + 1..dele + 2],
        ["LIST", "UIDL", "DELE 2", "QUIT"]
    );
    assert_eq!(
        log[..before].iter().filter(|line| *line == "QUIT").count(),
        1
    );
    let late_undo = session.undo(changed.undo.unwrap()).await;
    assert!(matches!(
        late_undo,
        Err(AccountError::Unsupported(Unsupported::UndoIsOver))
    ));
}

#[tokio::test]
async fn a_delete_that_is_undone_is_never_sent() {
    let account = TestAccount::new(Quirks::default(), &["one", "two"]).await;
    let timing = Timing {
        undo: Duration::from_millis(1_500),
        ..NO_TIMERS
    };
    let mut session = account.sign_in(timing).await.unwrap();
    let changed = session.delete("two").await;
    assert_eq!(session.subjects().await, ["one"]);
    let undone = session.undo(changed.undo.unwrap()).await.unwrap();
    assert_eq!(undone.count, 1);
    let (_, ids) = undone.back.unwrap();
    assert_eq!(ids, [session.id("two").await]);
    assert_eq!(session.subjects().await, ["two", "one"]);
    sleep(timing.undo + SHORT).await;
    session.sign_out().await;
    assert_eq!(account.server.count("DELE"), 0);
    assert_eq!(account.server.subjects(), ["one", "two"]);
}

#[tokio::test]
async fn pending_delete_runs_before_the_session_ends() {
    let account = TestAccount::new(Quirks::default(), &["one", "two"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    session.delete("one").await;
    session.sign_out().await;
    assert_eq!(account.server.subjects(), ["two"]);
    let key = AccountKey(format!("account-of-the-test-at-{}", account.server.port));
    assert_eq!(account.store.pop3_deletes(&key).await.unwrap(), []);
}

#[tokio::test]
async fn delete_without_a_reply_to_quit_is_retried() {
    let account = TestAccount::new(Quirks::default(), &["one", "two"]).await;
    let timing = Timing {
        undo: SHORT,
        ..NO_TIMERS
    };
    let mut session = account.sign_in(timing).await.unwrap();
    let message = session.id("one").await;
    // The lingering session sends QUIT first, and the worker does not wait for that reply.
    account.server.state().quirks.lost_quits = 2;
    session.move_to(&message, FolderRole::Trash).await.unwrap();
    let server = account.server.clone();
    wait_until("the first try", || server.state().quirks.lost_quits == 0).await;
    assert_eq!(account.server.subjects(), ["one", "two"]);
    let key = AccountKey(format!("account-of-the-test-at-{}", account.server.port));
    assert_eq!(account.store.pop3_deletes(&key).await.unwrap().len(), 1);
    session.sign_out().await;
    assert_eq!(account.server.subjects(), ["two"]);
    assert_eq!(account.store.pop3_deletes(&key).await.unwrap(), []);
}

#[tokio::test]
async fn a_message_that_the_server_will_not_delete_is_shown_again() {
    let quirks = Quirks {
        refuses_dele: true,
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["one", "two"]).await;
    let timing = Timing {
        undo: Duration::from_millis(1_500),
        ..NO_TIMERS
    };
    let mut session = account.sign_in(timing).await.unwrap();
    session.delete("two").await;
    assert_eq!(session.subjects().await, ["one"]);
    session
        .wait_for_event(|event| matches!(event, LiveEvent::Folder { total: 1, .. }))
        .await;
    session
        .wait_for_event(|event| matches!(event, LiveEvent::Folder { total: 2, .. }))
        .await;
    assert_eq!(session.subjects().await, ["two", "one"]);
}

// docs/protocols.md, POP3: numbers
#[tokio::test]
async fn of_two_messages_with_one_unique_id_only_the_chosen_one_is_deleted() {
    let account = TestAccount::new(Quirks::default(), &[]).await;
    for subject in ["first", "second!"] {
        account.server.deliver("same", subject);
    }
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    assert_eq!(session.subjects().await, ["second!", "first"]);
    session.delete("first").await;
    session.sign_out().await;
    assert_eq!(account.server.subjects(), ["second!"]);
}

#[tokio::test]
async fn marks_are_stored_locally_and_can_be_undone() {
    let account = TestAccount::new(Quirks::default(), &["one", "two"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let (one, two) = (session.id("one").await, session.id("two").await);
    assert_eq!(session.mark(&one, Mark::Seen).await.count, 1);
    assert_eq!(
        session.mark(&one, Mark::Seen).await.count,
        0,
        "it has the mark already"
    );
    let starred = session.mark(&two, Mark::Starred).await;
    let message = two.clone();
    let mark = SourceMark::Answered;
    session
        .request(RequestKind::Set, move |store| {
            store.mark_source(inbox(), message.clone(), mark)
        })
        .await
        .unwrap();
    assert_eq!(session.list().await.unwrap().unread, Some(1));
    session.undo(starred.undo.clone().unwrap()).await.unwrap();
    let again = session.undo(starred.undo.unwrap()).await;
    assert!(matches!(
        again,
        Err(AccountError::Unsupported(Unsupported::UndoIsOver))
    ));
    session.sign_out().await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let rows = session.list().await.unwrap().rows;
    let marks: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.marks.is_seen,
                row.marks.is_starred,
                row.marks.is_answered,
            )
        })
        .collect();
    assert_eq!(marks, [(false, false, true), (true, false, false)]);
}

#[tokio::test]
async fn unsupported_operations_are_reported() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    assert_eq!(
        session.pop3.limitations(),
        [
            Limitation::OneFolder,
            Limitation::MarksKeptHere,
            Limitation::Polled { every_secs: 60 }
        ]
    );
    let one = session.id("one").await;
    let moved = session.move_to(&one, FolderRole::Archive).await;
    assert!(matches!(
        moved,
        Err(AccountError::Unsupported(Unsupported::Folders))
    ));
    let role = FolderRole::Trash;
    let created = session
        .request(RequestKind::Change, move |store| {
            store.create_folder(role, "Trash".to_owned())
        })
        .await;
    assert!(matches!(
        created,
        Err(AccountError::Unsupported(Unsupported::Folders))
    ));
}
