//! Sessions: leases, lingering, polling for new mail, and refusals.

use super::*;

// docs/protocols.md, POP3: maildrop locked
#[tokio::test]
async fn a_locked_maildrop_is_told_from_a_wrong_password() {
    let quirks = Quirks {
        is_locked: true,
        ..Quirks::default()
    };
    let mut person = Person::new(quirks, &["one"]).await;
    let Err(error) = person.sign_in(STILL).await else {
        panic!("signed in")
    };
    let AccountError::Client(ClientError::LoginRefused { reply, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(reply.response_code.as_deref(), Some("IN-USE"));
    assert_eq!(reply.text, "-ERR [IN-USE] maildrop already locked");
    assert!(!error.is_password_refused());
    person.server.state().quirks.is_locked = false;
    person.password = "wrong";
    let Err(error) = person.sign_in(STILL).await else {
        panic!("signed in")
    };
    assert!(error.is_password_refused());
    assert_eq!(person.server.count("PASS"), 2, "one try each");
}

// docs/protocols.md, Limits and deadlines: connections per account
#[tokio::test]
async fn two_sessions_of_one_account_take_turns_without_waiting_for_each_other() {
    let person = Person::new(Quirks::default(), &["one", "two"]).await;
    let mut first = person.sign_in(STILL).await.unwrap();
    assert_eq!(first.subjects().await, ["two", "one"]);
    let mut second = person.sign_in(STILL).await.unwrap();
    assert_eq!(second.subjects().await, ["two", "one"]);
    let one = first.id("one").await;
    assert!(first.open(&one).await.is_ok());
    assert!(second.open(&one).await.is_ok());
    assert_eq!(person.server.count("PASS [IN-USE]"), 0);
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
    let person = Person::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        linger: Duration::from_millis(200),
        ..STILL
    };
    let mut session = person.sign_in(timing).await.unwrap();
    let one = session.id("one").await;
    assert_eq!(person.server.count("QUIT"), 0);
    let server = person.server.clone();
    until("QUIT", || server.count("QUIT") == 1).await;
    assert_eq!(
        session.subjects().await,
        ["one"],
        "the list needs no session"
    );
    assert_eq!(person.server.count("USER"), 1);
    session.open(&one).await.unwrap();
    assert_eq!(person.server.count("USER"), 2);
}

#[tokio::test]
async fn new_mail_is_told_to_whoever_watches() {
    let person = Person::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        polled_every: Duration::from_millis(200),
        ..STILL
    };
    let mut session = person.sign_in_watching(timing, 1).await.unwrap();
    assert_eq!(session.subjects().await, ["one"]);
    person.server.deliver("uid-new", "two");
    let event = session
        .event(|event| matches!(event, LiveEvent::Folder { .. }))
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
async fn a_reload_shows_what_came_since_long_before_the_next_look_is_due() {
    let person = Person::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        reloaded_after: BEFORE_LONG,
        ..STILL
    };
    let mut session = person.sign_in(timing).await.unwrap();
    assert_eq!(session.subjects().await, ["one"]);
    person.server.deliver("uid-new", "two");
    pass(BEFORE_LONG).await;
    assert_eq!(session.subjects().await, ["two", "one"]);
}

#[tokio::test]
async fn an_open_page_is_shown_what_is_known_and_told_at_once_what_came_since() {
    let person = Person::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        reloaded_after: BEFORE_LONG,
        ..STILL
    };
    let mut session = person.sign_in_watching(timing, 1).await.unwrap();
    assert_eq!(session.subjects().await, ["one"]);
    person.server.deliver("uid-new", "two");
    pass(BEFORE_LONG).await;
    assert_eq!(session.subjects().await, ["one"], "nobody waits");
    session
        .event(|event| matches!(event, LiveEvent::Folder { arrived: 1, .. }))
        .await;
    assert_eq!(session.subjects().await, ["two", "one"]);
}

#[tokio::test]
async fn nobody_watches_and_nothing_is_asked_of_the_server() {
    let person = Person::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        polled_every: SOON,
        linger: SOON,
        ..STILL
    };
    let mut session = person.sign_in(timing).await.unwrap();
    let server = person.server.clone();
    until("QUIT", || server.count("QUIT") == 1).await;
    sleep(SOON * 6).await;
    assert_eq!(person.server.count("USER"), 1);
    assert_eq!(session.subjects().await, ["one"]);
}

#[tokio::test]
async fn a_refused_password_is_not_tried_again_by_itself() {
    let person = Person::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        polled_every: SOON,
        linger: SOON,
        undo: SOON,
        ..STILL
    };
    let mut session = person.sign_in_watching(timing, 1).await.unwrap();
    session.subjects().await;
    person.server.state().password = "changed".to_owned();
    session
        .event(|event| matches!(event, LiveEvent::Connection { is_up: false, .. }))
        .await;
    sleep(SOON * 6).await;
    assert_eq!(person.server.count("PASS [AUTH]"), 1);
    let folders = session
        .ask(RequestKind::Look, |store| store.folders())
        .await;
    assert!(folders.is_err_and(|error| error.is_password_refused()));
    assert_eq!(person.server.count("PASS [AUTH]"), 1);
    session.sign_out().await;
    assert_eq!(person.server.count("PASS [AUTH]"), 1);
}

// docs/protocols.md, POP3: maildrop locked
#[tokio::test]
async fn a_maildrop_that_is_locked_for_a_while_is_looked_at_later() {
    let person = Person::new(Quirks::default(), &["one"]).await;
    let timing = Timing {
        polled_every: SOON,
        linger: SOON,
        ..STILL
    };
    let mut session = person.sign_in_watching(timing, 1).await.unwrap();
    session.subjects().await;
    person.server.state().quirks.is_locked = true;
    let server = person.server.clone();
    until("a refusal", || server.count("PASS [IN-USE]") >= 1).await;
    person.server.deliver("uid-new", "two");
    person.server.state().quirks.is_locked = false;
    let event = session
        .event(|event| matches!(event, LiveEvent::Folder { arrived: 1, .. }))
        .await;
    assert!(matches!(event, LiveEvent::Folder { total: 2, .. }));
}

#[tokio::test]
async fn every_new_session_waits_for_login_delay() {
    let quirks = Quirks {
        login_delay_secs: Some(2),
        ..Quirks::default()
    };
    let person = Person::new(quirks, &["one", "two"]).await;
    let timing = Timing {
        undo: SOON,
        linger: SOON,
        polled_every: SOON,
        ..STILL
    };
    let start = Instant::now();
    let mut session = person.sign_in(timing).await.unwrap();
    assert_eq!(
        session.pop3.limitations()[3],
        Limitation::Polled { every_secs: 2 }
    );
    let one = session.id("one").await;
    let server = person.server.clone();
    until("QUIT", || server.count("QUIT") == 1).await;
    assert_eq!(
        session.subjects().await,
        ["two", "one"],
        "what is known is shown meanwhile"
    );
    session.open(&one).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(2));
    session.move_to(&one, FolderRole::Trash).await.unwrap();
    until("the delete", || server.subjects() == ["two"]).await;
    assert!(start.elapsed() >= Duration::from_secs(4));
    assert_eq!(person.server.count("PASS [LOGIN-DELAY]"), 0);
}
