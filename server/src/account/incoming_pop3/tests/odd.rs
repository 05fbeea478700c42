//! Servers and messages with deviations that are seen in the field.

use app::api::types::Lang;

use super::*;

#[tokio::test]
async fn a_message_without_a_readable_date_has_that_of_its_topmost_received_field() {
    const AT_8: i64 = 1_707_206_400_000;
    let received = "Received: from a.example by b.example; Tue, 06 Feb 2024 08:00:00 +0000\r\n\
        Received: from c.example by a.example; Mon, 05 Feb 2024 08:00:00 +0000\r\n";
    let person = Person::new(Quirks::default(), &[]).await;
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
        person.server.deliver_raw(&format!("uid-{subject}"), &raw);
    }
    let mut session = person.sign_in(STILL).await.unwrap();
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
    for lists in [Lists::SignedIn, Lists::Never] {
        let quirks = Quirks {
            lists,
            ..Quirks::default()
        };
        let person = Person::new(quirks, &["one", "two", "three"]).await;
        let mut session = person.sign_in(STILL).await.unwrap();
        assert_eq!(session.subjects().await, ["three", "two", "one"]);
        let server = &person.server;
        let counts = ["RETR", "TOP", "UIDL"].map(|verb| server.count(verb));
        assert_eq!(counts, [0, 3, 1], "{lists:?}");
    }
}

#[tokio::test]
async fn without_uidl_and_top_a_message_is_read_once_for_its_name_and_its_row() {
    let quirks = Quirks {
        has_no_uidl: true,
        has_no_top: true,
        ..Quirks::default()
    };
    let person = Person::new(quirks, &["one", "two", "three"]).await;
    let mut session = person.sign_in(STILL).await.unwrap();
    assert_eq!(session.subjects().await, ["three", "two", "one"]);
    assert_eq!(person.server.count("RETR"), 3);
}

#[tokio::test]
async fn a_time_stamp_in_the_greeting_of_a_server_without_apop_is_no_wrong_password() {
    let quirks = Quirks {
        greeting: "<16184.1473445882@mail3.example>",
        ..Quirks::default()
    };
    let person = Person::new(quirks, &["one"]).await;
    let mut session = person.sign_in(STILL).await.unwrap();
    assert_eq!(session.subjects().await, ["one"]);
    let log = person.server.state().log.clone();
    let begins = |verb: &str| log.iter().position(|line| line.starts_with(verb));
    assert!(begins("APOP") < begins("PASS accepted"), "{log:?}");
}

#[tokio::test]
async fn a_refusal_with_a_plus_is_told_in_the_servers_words() {
    let quirks = Quirks {
        pass_answer: Some("+ERR Server error: the Inbox cannot be read.\r\n"),
        ..Quirks::default()
    };
    let person = Person::new(quirks, &["one"]).await;
    let error = person.sign_in(STILL).await.err().unwrap();
    assert!(!error.is_password_refused(), "{error:?}");
    let shown = error.to_api(Lang::En);
    let words = shown.reply.unwrap_or_default();
    assert!(
        words.contains("Server error: the Inbox cannot be read."),
        "{words}"
    );
    assert!(!shown.fix.contains("port"), "{}", shown.fix);
}
