//! Sessions: leases, lingering, polling for new mail, and refusals.

use super::*;

// docs/protocols.md, POP3: maildrop locked
#[tokio::test]
async fn locked_maildrop_is_not_reported_as_a_wrong_password() {
    let quirks = Quirks {
        is_locked: true,
        ..Quirks::default()
    };
    let mut account = TestAccount::new(quirks, &["one"]).await;
    let Err(error) = account.sign_in(NO_TIMERS).await else {
        panic!("signed in")
    };
    let AccountError::Client(ClientError::LoginRefused { reply, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(reply.response_code.as_deref(), Some("IN-USE"));
    assert_eq!(reply.text, "-ERR [IN-USE] maildrop already locked");
    assert!(!error.is_password_refused());
    account.server.state().quirks.is_locked = false;
    account.password = "wrong";
    let Err(error) = account.sign_in(NO_TIMERS).await else {
        panic!("signed in")
    };
    assert!(error.is_password_refused());
    assert_eq!(account.server.count("PASS"), 2, "one try each");
}

// docs/protocols.md, Limits and deadlines: connections per account
#[tokio::test]
async fn two_sessions_of_one_account_take_turns_without_waiting_for_each_other() {
    let account = TestAccount::new(Quirks::default(), &["one", "two"]).await;
    let mut first = account.sign_in(NO_TIMERS).await.unwrap();
    assert_eq!(first.subjects().await, ["two", "one"]);
    let mut second = account.sign_in(NO_TIMERS).await.unwrap();
    assert_eq!(second.subjects().await, ["two", "one"]);
    let one = first.id("one").await;
    assert!(first.open(&one).await.is_ok());
    assert!(second.open(&one).await.is_ok());
    assert_eq!(account.server.count("PASS [IN-USE]"), 0);
    first.mark(&one, Mark::Starred).await;
    let starred = second
        .list()
        .await
        .unwrap()
        .rows
        .iter()
        .filter(|row| row.marks.is_starred)
        .count();
    assert_eq!(starred, 1, "one session sees what the other marked");
}

#[tokio::test]
async fn a_session_lingers_and_then_unlocks_the_maildrop() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        linger: Duration::from_millis(200),
        ..NO_TIMERS
    };
    let mut session = account.sign_in(timing).await.unwrap();
    let one = session.id("one").await;
    assert_eq!(account.server.count("QUIT"), 0);
    let server = account.server.clone();
    wait_until("QUIT", || server.count("QUIT") == 1).await;
    assert_eq!(
        session.subjects().await,
        ["one"],
        "the list needs no session"
    );
    assert_eq!(account.server.count("USER"), 1);
    session.open(&one).await.unwrap();
    assert_eq!(account.server.count("USER"), 2);
}

#[tokio::test]
async fn new_mail_is_announced_to_watching_pages() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        poll_interval: Duration::from_millis(200),
        ..NO_TIMERS
    };
    let mut session = account.sign_in_watching(timing, 1).await.unwrap();
    assert_eq!(session.subjects().await, ["one"]);
    account.server.deliver("uid-new", "two");
    let event = session
        .wait_for_event(|event| matches!(event, LiveEvent::Folder { .. }))
        .await;
    let LiveEvent::Folder {
        folder,
        total,
        unread,
        arrived,
        ..
    } = event
    else {
        panic!()
    };
    assert_eq!((folder, total, unread, arrived), (inbox(), 2, Some(2), 1));
    assert_eq!(session.subjects().await, ["two", "one"]);
}

#[tokio::test]
async fn reload_shows_new_mail_before_the_next_poll_is_due() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        reload_after: RELOAD_AFTER,
        ..NO_TIMERS
    };
    let mut session = account.sign_in(timing).await.unwrap();
    assert_eq!(session.subjects().await, ["one"]);
    account.server.deliver("uid-new", "two");
    advance_clock(RELOAD_AFTER).await;
    assert_eq!(session.subjects().await, ["two", "one"]);
}

#[tokio::test]
async fn watched_account_returns_the_known_list_and_announces_new_mail() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        reload_after: RELOAD_AFTER,
        ..NO_TIMERS
    };
    let mut session = account.sign_in_watching(timing, 1).await.unwrap();
    assert_eq!(session.subjects().await, ["one"]);
    account.server.deliver("uid-new", "two");
    advance_clock(RELOAD_AFTER).await;
    assert_eq!(session.subjects().await, ["one"], "nobody waits");
    session
        .wait_for_event(|event| matches!(event, LiveEvent::Folder { arrived: 1, .. }))
        .await;
    assert_eq!(session.subjects().await, ["two", "one"]);
}

#[tokio::test]
async fn unwatched_account_does_not_poll_the_server() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        poll_interval: SHORT,
        linger: SHORT,
        ..NO_TIMERS
    };
    let mut session = account.sign_in(timing).await.unwrap();
    let server = account.server.clone();
    wait_until("QUIT", || server.count("QUIT") == 1).await;
    sleep(SHORT * 6).await;
    assert_eq!(account.server.count("USER"), 1);
    assert_eq!(session.subjects().await, ["one"]);
}

#[tokio::test]
async fn refused_password_is_not_retried_automatically() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        poll_interval: SHORT,
        linger: SHORT,
        undo: SHORT,
        ..NO_TIMERS
    };
    let mut session = account.sign_in_watching(timing, 1).await.unwrap();
    session.subjects().await;
    account.server.state().password = "changed".to_owned();
    session
        .wait_for_event(|event| matches!(event, LiveEvent::Connection { is_up: false, .. }))
        .await;
    sleep(SHORT * 6).await;
    assert_eq!(account.server.count("PASS [AUTH]"), 1);
    let folders = session
        .request(RequestKind::Poll, |store| store.folders())
        .await;
    assert!(folders.is_err_and(|error| error.is_password_refused()));
    assert_eq!(account.server.count("PASS [AUTH]"), 1);
    session.sign_out().await;
    assert_eq!(account.server.count("PASS [AUTH]"), 1);
}

// docs/protocols.md, POP3: maildrop locked
#[tokio::test]
async fn temporarily_locked_maildrop_is_polled_again_later() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        poll_interval: SHORT,
        linger: SHORT,
        ..NO_TIMERS
    };
    let mut session = account.sign_in_watching(timing, 1).await.unwrap();
    session.subjects().await;
    account.server.state().quirks.is_locked = true;
    let server = account.server.clone();
    wait_until("a refusal", || server.count("PASS [IN-USE]") >= 1).await;
    account.server.deliver("uid-new", "two");
    account.server.state().quirks.is_locked = false;
    let event = session
        .wait_for_event(|event| matches!(event, LiveEvent::Folder { arrived: 1, .. }))
        .await;
    assert!(matches!(event, LiveEvent::Folder { total: 2, .. }));
}

#[tokio::test]
async fn every_new_session_waits_for_login_delay() {
    let quirks = Quirks {
        login_delay_secs: Some(2),
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["one", "two"]).await;
    let timing = Timing {
        undo: SHORT,
        linger: SHORT,
        poll_interval: SHORT,
        ..NO_TIMERS
    };
    let start = Instant::now();
    let mut session = account.sign_in(timing).await.unwrap();
    assert_eq!(
        session.pop3.limitations()[2],
        Limitation::Polled { every_secs: 2 }
    );
    let one = session.id("one").await;
    let server = account.server.clone();
    wait_until("QUIT", || server.count("QUIT") == 1).await;
    assert_eq!(
        session.subjects().await,
        ["two", "one"],
        "what is known is shown meanwhile"
    );
    session.open(&one).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(2));
    session.move_to(&one, FolderRole::Trash).await.unwrap();
    wait_until("the delete", || server.subjects() == ["two"]).await;
    assert!(start.elapsed() >= Duration::from_secs(4));
    assert_eq!(account.server.count("PASS [LOGIN-DELAY]"), 0);
}
