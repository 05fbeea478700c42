//! Reads from servers with and without the optional commands.

use super::*;

#[tokio::test]
async fn the_list_is_newest_first_and_read_in_one_session() {
    let account = TestAccount::new(Quirks::default(), &["one", "two", "three"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let listing = session.list().await.unwrap();
    let shown: Vec<_> = listing
        .rows
        .iter()
        .map(|row| (row.position, row.subject.as_str()))
        .collect();
    assert_eq!(shown, [(0, "three"), (1, "two"), (2, "one")]);
    assert_eq!(
        (listing.total, listing.unread, listing.offset),
        (3, Some(3), 0)
    );
    assert_eq!(listing.rows[0].from[0].address, "wei@restante.test");
    assert_eq!(listing.rows[0].date_unix_ms, Some(1_704_103_200_000));
    let folder = session.folder().await;
    assert_eq!((folder.id, folder.role), (inbox(), Some(FolderRole::Inbox)));
    assert_eq!((folder.unread, folder.total), (Some(3), Some(3)));
    assert_eq!(
        (account.server.count("USER"), account.server.count("RETR")),
        (1, 0)
    );
    assert_eq!(account.server.count("TOP"), 3, "no header is read twice");
    session.sign_out().await;
    assert_eq!(account.server.count("QUIT"), 1);
}

#[tokio::test]
async fn a_message_is_read_once_and_served_from_memory() {
    let account = TestAccount::new(Quirks::default(), &["one", "two", "three"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let (one, two, three) = (
        session.id("one").await,
        session.id("two").await,
        session.id("three").await,
    );
    let opened = session.open(&two).await.unwrap();
    let Body::Text { text, .. } = &opened.body else {
        panic!("{:?}", opened.body)
    };
    assert_eq!(text.lines().collect::<Vec<_>>(), ["This is two.", "."]);
    assert_eq!((opened.position, opened.total), (1, 3));
    assert_eq!((opened.newer, opened.older), (Some(three), Some(one)));
    assert!(session.source(&two).await.unwrap().starts_with("From: Wei"));
    let message = two.clone();
    let part = session
        .request(RequestKind::Read, move |store| {
            let section = Section::Part(PartId::from("1"));
            store.read(inbox(), message.clone(), section, 5, 6)
        })
        .await
        .unwrap();
    assert_eq!(part.as_ref(), b"is two");
    assert_eq!(account.server.count("RETR"), 1);
}

#[tokio::test]
async fn missing_message_or_folder_is_not_found() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    for id in ["", "1.17", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let found = session.open(&id.into()).await;
        assert!(
            matches!(found, Err(AccountError::NotFound)),
            "{id}: {found:?}"
        );
    }
    let window = Window {
        offset: 0,
        limit: 50,
    };
    let other = session
        .request(RequestKind::Read, move |store| {
            store.list("other".into(), window)
        })
        .await;
    assert!(matches!(other, Err(AccountError::NotFound)));
}

// docs/protocols.md, POP3: without TOP
#[tokio::test]
async fn without_top_rows_come_from_whole_messages() {
    let quirks = Quirks {
        has_no_top: true,
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["one", "two"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    assert_eq!(session.subjects().await, ["two", "one"]);
    assert_eq!(
        (account.server.count("TOP"), account.server.count("RETR")),
        (2, 2)
    );
}

// docs/protocols.md, POP3: without UIDL
#[tokio::test]
async fn without_uidl_a_message_keeps_its_id_from_session_to_session() {
    let quirks = Quirks {
        has_no_uidl: true,
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["one", "two", "three"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let three = session.id("three").await;
    session.mark(&three, Mark::Seen).await;
    session.delete("one").await;
    session.sign_out().await;
    assert_eq!(account.server.subjects(), ["two", "three"]);
    account.server.deliver("", "four");
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    assert_eq!(session.subjects().await, ["four", "three", "two"]);
    assert_eq!(session.id("three").await, three);
    let seen: Vec<_> = session
        .list()
        .await
        .unwrap()
        .rows
        .iter()
        .map(|row| row.marks.is_seen)
        .collect();
    assert_eq!(seen, [false, true, false]);
}

#[tokio::test]
async fn without_uidl_only_new_messages_are_identified_again() {
    let quirks = Quirks {
        has_no_uidl: true,
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["one", "two", "three"]).await;
    let timing = Timing {
        linger: SHORT,
        poll_interval: SHORT,
        ..NO_TIMERS
    };
    let mut session = account.sign_in(timing).await.unwrap();
    assert_eq!(session.subjects().await, ["three", "two", "one"]);
    sleep(SHORT * 2).await;
    account.server.state().log.clear();
    account.server.deliver("", "four");
    assert_eq!(session.subjects().await, ["four", "three", "two", "one"]);
    let identified = account
        .server
        .state()
        .log
        .iter()
        .filter(|line| line.starts_with("TOP"))
        .cloned()
        .collect::<Vec<_>>();
    assert!(
        identified.contains(&"TOP 3 0".to_owned()) && identified.contains(&"TOP 4 0".to_owned())
    );
    assert!(
        !identified.contains(&"TOP 1 0".to_owned()),
        "{identified:?}"
    );
}

#[tokio::test]
async fn a_message_that_was_cut_off_is_read_again_in_a_new_session() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let one = session.id("one").await;
    account.server.state().quirks.cut_bodies = 1;
    let opened = session.open(&one).await.unwrap();
    assert_eq!(opened.headers.subject(), "one");
    assert_eq!(
        (account.server.count("USER"), account.server.count("RETR")),
        (2, 2)
    );
}

#[tokio::test]
async fn repeatedly_cut_off_message_is_an_error_and_is_not_cached() {
    let account = TestAccount::new(Quirks::default(), &["one"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let one = session.id("one").await;
    account.server.state().quirks.cut_bodies = u32::MAX;
    let opened = session.open(&one).await;
    assert!(
        matches!(opened, Err(AccountError::Client(ClientError::Link { .. }))),
        "{opened:?}"
    );
    account.server.state().quirks.cut_bodies = 0;
    assert!(
        session
            .source(&one)
            .await
            .unwrap()
            .ends_with("This is one.\r\n.\r\n")
    );
    assert_eq!(account.server.count("DELE"), 0);
}

#[tokio::test]
async fn a_message_too_large_to_be_shown_still_has_its_source() {
    let quirks = Quirks {
        listed_bytes: Some(40 << 20),
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["large"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let large = session.id("large").await;
    let opened = session.open(&large).await;
    assert!(
        matches!(opened, Err(AccountError::Unreadable(message)) if message.contains("too large"))
    );
    assert_eq!(account.server.count("RETR"), 0);
    assert!(
        session
            .source(&large)
            .await
            .unwrap()
            .contains("This is large.")
    );
}
