//! Servers and messages with deviations that are seen in the field.

use app::api::types::Lang;

use super::*;

#[tokio::test]
async fn a_message_without_a_readable_date_has_that_of_its_topmost_received_field() {
    const AT_8: i64 = 1_707_206_400_000;
    let received = "Received: from a.example by b.example; Tue, 06 Feb 2024 08:00:00 +0000\r\n\
        Received: from c.example by a.example; Mon, 05 Feb 2024 08:00:00 +0000\r\n";
    let account = TestAccount::new(Quirks::default(), &[]).await;
    for (subject, fields) in [
        ("none", received),
        (
            "foreign",
            &format!("{received}Date: l\u{f6}r, 29 maj 1999 00:24:04 +0200\r\n"),
        ),
        (
            "iso",
            &format!("{received}Date: 2024-02-06T08:00:00+00:00\r\n"),
        ),
        ("unknown", ""),
    ] {
        let raw = format!("{fields}From: a@x.example\r\nSubject: {subject}\r\n\r\nx\r\n");
        account.server.deliver_raw(&format!("uid-{subject}"), &raw);
    }
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    let listing = session.list().await.unwrap();
    let dates: Vec<_> = listing
        .rows
        .iter()
        .map(|row| (row.subject.as_str(), row.date_unix_ms))
        .collect();
    assert_eq!(
        dates,
        [
            ("unknown", None),
            ("iso", Some(AT_8)),
            ("foreign", Some(AT_8)),
            ("none", Some(AT_8))
        ]
    );
    let foreign = session.id("foreign").await;
    let opened = session.open(&foreign).await.unwrap();
    let date = opened.headers.date_or_received().unwrap();
    assert_eq!(date.unix_ms, AT_8);
}

// docs/protocols.md, POP3: CAPA
#[tokio::test]
async fn a_list_reads_no_whole_message_where_top_and_uidl_are_listed_late_or_never() {
    for lists in [CapaListing::SignedIn, CapaListing::Never] {
        let quirks = Quirks {
            lists,
            ..Quirks::default()
        };
        let account = TestAccount::new(quirks, &["one", "two", "three"]).await;
        let mut session = account.sign_in(NO_TIMERS).await.unwrap();
        assert_eq!(session.subjects().await, ["three", "two", "one"]);
        let server = &account.server;
        let counts = ["RETR", "TOP", "UIDL"].map(|verb| server.count(verb));
        assert_eq!(counts, [0, 3, 1], "{lists:?}");
    }
}

#[tokio::test]
async fn without_uidl_and_top_a_message_is_read_once_for_its_id_and_row() {
    let quirks = Quirks {
        has_no_uidl: true,
        has_no_top: true,
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["one", "two", "three"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    assert_eq!(session.subjects().await, ["three", "two", "one"]);
    assert_eq!(account.server.count("RETR"), 3);
}

#[tokio::test]
async fn a_time_stamp_in_the_greeting_of_a_server_without_apop_is_no_wrong_password() {
    let quirks = Quirks {
        greeting: "<16184.1473445882@mail3.example>",
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["one"]).await;
    let mut session = account.sign_in(NO_TIMERS).await.unwrap();
    assert_eq!(session.subjects().await, ["one"]);
    let log = account.server.state().log.clone();
    let first_index = |verb: &str| log.iter().position(|line| line.starts_with(verb));
    assert!(
        first_index("APOP") < first_index("PASS accepted"),
        "{log:?}"
    );
}

#[tokio::test]
async fn malformed_refusal_is_shown_with_the_servers_text() {
    let quirks = Quirks {
        pass_reply: Some("+ERR Server error: the Inbox cannot be read.\r\n"),
        ..Quirks::default()
    };
    let account = TestAccount::new(quirks, &["one"]).await;
    let error = account.sign_in(NO_TIMERS).await.err().unwrap();
    assert!(!error.is_password_refused(), "{error:?}");
    let shown = error.to_api(Lang::En);
    let reply_text = shown.reply.unwrap_or_default();
    assert!(
        reply_text.contains("Server error: the Inbox cannot be read."),
        "{reply_text}"
    );
    assert!(!shown.fix.contains("port"), "{}", shown.fix);
}
