//! Servers that violate the protocol, by mistake or as an attack.

use mail_proto::OverLimit;
use mail_proto::imap::{
    Command, Config, Error, Event, FetchItem, FetchedItem, Misbehaviour, SequenceNumber,
    SequenceSet, Status, Tls, Uid,
};
use mail_proto::{Limits, imap};

use crate::talk::{completed, every_cut, implicit_tls, ready};

fn small_limits() -> Config {
    let mut limits = Limits::default();
    limits.imap_line_bytes = 1000;
    limits.imap_inline_literal_bytes = 100;
    limits.imap_nesting = 5;
    Config {
        tls: Tls::Implicit,
        allow_plaintext_login: false,
        limits,
    }
}

#[test]
fn a_tagged_response_to_an_unknown_command_is_an_error() {
    for (line, tag) in [
        ("r2 OK done\r\n", "r2"),
        ("r01 OK done\r\n", "r01"),
        ("a1 OK done\r\n", "a1"),
        ("r4294967297 OK done\r\n", "r4294967297"),
    ] {
        every_cut(implicit_tls(), |talk| {
            ready(talk, "");
            talk.enqueue(Command::Noop);
            talk.client("r1 NOOP\r\n");
            talk.server(line);
            let unknown = Misbehaviour::UnknownTag(tag.into());
            assert_eq!(talk.error(), Error::PeerMisbehaved(unknown));
        });
    }
}

#[test]
fn a_second_tagged_response_to_a_command_is_an_error() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Noop);
        talk.client("r1 NOOP\r\n");
        talk.server("r1 OK once\r\nr1 OK twice\r\n");
        let unknown = Misbehaviour::UnknownTag("r1".into());
        assert_eq!(talk.error(), Error::PeerMisbehaved(unknown));
    });
}

// docs/protocols.md, Limits and deadlines: IMAP response 1 MiB, nesting 100
#[test]
fn a_line_without_end_is_stopped_at_the_limit() {
    let over = Error::Limit(OverLimit {
        what: "IMAP response",
        max: 1000,
    });
    every_cut(small_limits(), |talk| {
        ready(talk, "");
        talk.server("* 1 EXISTS\r\n* ");
        talk.server("x".repeat(1100));
        assert_eq!(talk.error(), over);
    });
    // In the greeting as well.
    every_cut(small_limits(), |talk| {
        talk.server("y".repeat(1100));
        assert_eq!(talk.error(), over);
    });
}

// docs/protocols.md, Limits and deadlines: IMAP response 1 MiB, nesting 100
#[test]
fn a_response_of_many_lines_is_stopped_at_the_limit() {
    every_cut(small_limits(), |talk| {
        ready(talk, "");
        talk.server("* X");
        talk.server(" {90}\r\n".to_string() + &"z".repeat(90));
        talk.server((" {90}\r\n".to_string() + &"z".repeat(90)).repeat(10));
        let over = OverLimit {
            what: "IMAP response",
            max: 1000,
        };
        assert_eq!(talk.error(), Error::Limit(over));
    });
}

#[test]
fn streamed_literals_do_not_count_but_what_is_around_them_does() {
    let events = every_cut(small_limits(), |talk| {
        ready(talk, "");
        talk.server(
            "* 1 FETCH (BODY[] {5000}\r\n".to_string() + &"z".repeat(5000) + ")\r\n* 2 EXISTS\r\n",
        );
    });
    assert_eq!(events.last(), Some(&Event::Exists(2)));
}

// docs/protocols.md, Limits and deadlines: IMAP response 1 MiB, nesting 100
#[test]
fn a_nesting_bomb_is_stopped_at_the_limit() {
    every_cut(small_limits(), |talk| {
        ready(talk, "");
        talk.server("* LIST (((((((((");
        talk.server("\r\n");
        assert_eq!(
            talk.error(),
            Error::Limit(OverLimit {
                what: "list nesting",
                max: 5
            })
        );
    });
}

/// Returns the number and the items of each FETCH event.
fn fetched(events: &[Event]) -> Vec<(u32, Vec<FetchedItem>)> {
    let fetched = events.iter().filter_map(|event| match event {
        Event::Fetch(data) => Some((data.seq.get(), data.items.clone())),
        _ => None,
    });
    fetched.collect()
}

fn uid(number: u32) -> FetchedItem {
    FetchedItem::Uid(Uid::new(number).unwrap())
}

fn too_large(name: &'static str) -> FetchedItem {
    FetchedItem::TooLarge { name: name.into() }
}

#[test]
fn a_message_that_nests_too_deep_is_reported_as_too_large_and_the_others_are_read() {
    let events = every_cut(small_limits(), |talk| {
        ready(talk, "");
        talk.server("* 1 FETCH (UID 4 BODYSTRUCTURE (((((((((\"A\" \"B\"))))))))) UID 5)\r\n");
        talk.server("* 2 FETCH (UID 6)\r\n");
    });
    let expected = [
        (1, vec![uid(4), too_large("BODYSTRUCTURE"), uid(5)]),
        (2, vec![uid(6)]),
    ];
    assert_eq!(fetched(&events), expected);
}

#[test]
fn a_literal_inside_what_is_left_out_does_not_shift_the_rest() {
    let events = every_cut(small_limits(), |talk| {
        ready(talk, "");
        talk.server("* 1 FETCH (BODYSTRUCTURE ((((((({3}\r\n)))\"x\"))))))) UID 5)\r\n");
        talk.server("* 2 FETCH (UID 6)\r\n");
    });
    let expected = [
        (1, vec![too_large("BODYSTRUCTURE"), uid(5)]),
        (2, vec![uid(6)]),
    ];
    assert_eq!(fetched(&events), expected);
}

#[test]
fn a_description_longer_than_a_response_may_be_is_read_past() {
    let long = "\"x\" ".repeat(400);
    let literal = "{60}\r\n".to_string() + &"(".repeat(60);
    let large_literal = "{300}\r\n".to_string() + &"\n".repeat(300);
    let behind = format!("({long} {literal} {long}) {large_literal} UID 9");
    for description in [
        format!("BODYSTRUCTURE ({long}) UID 9"),
        format!("BODYSTRUCTURE {behind}"),
        format!("UID 3 BODYSTRUCTURE ({})", literal.repeat(20)),
        format!("UID 3 ENVELOPE ({literal} {behind})"),
    ] {
        let events = every_cut(small_limits(), |talk| {
            ready(talk, "");
            talk.server(format!("* 1 FETCH ({description})\r\n"));
            talk.server("* 2 FETCH (UID 6)\r\n");
        });
        // Items that were complete before the limit may be reported; the too large one must be.
        let messages = fetched(&events);
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert_eq!(messages[0].0, 1);
        assert!(messages[0].1.contains(&too_large("")), "{messages:?}");
        assert_eq!(messages[1], (2, vec![uid(6)]));
    }
}

#[test]
fn a_description_without_end_is_stopped() {
    let mut config = small_limits();
    config.limits.imap_skipped_bytes = 3000;
    for more in [
        "x".repeat(4000),
        " {4000}\r\n".into(),
        " {9}\r\n123456789".repeat(300),
    ] {
        every_cut(config, |talk| {
            ready(talk, "");
            talk.server("* 1 FETCH (BODYSTRUCTURE (".to_string() + &"y".repeat(1100));
            talk.server(more.clone());
            assert_eq!(
                talk.error(),
                Error::Limit(OverLimit {
                    what: "data of a message",
                    max: 3000
                })
            );
        });
    }
}

#[test]
fn a_literal_that_lies_about_its_size_shows_in_what_follows() {
    // 3 octets announced, 5 sent: the rest is parsed as part of its line, and later lines are
    // intact.
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* 1 FETCH (BODY[1] {3}\r\nabcde UID 4)\r\n* 7 EXISTS\r\n");
    });
    let Event::Fetch(data) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(data.items.len(), 3);
    assert_eq!(events[2], Event::Exists(7));
}

#[test]
fn unsolicited_data_between_responses_is_reported() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        let set = SequenceSet::parse(b"1:2").unwrap();
        let tag = talk.enqueue(Command::Fetch {
            set,
            uid: true,
            items: vec![FetchItem::Uid],
        });
        talk.client("r1 UID FETCH 1:2 (UID)\r\n");
        // EXPUNGE during UID FETCH, the same message twice, one message without its UID.
        talk.server(
            "* 1 FETCH (UID 1)\r\n* 1 EXPUNGE\r\n* 1 FETCH (UID 2)\r\n* 1 FETCH (UID 2)\r\n\
             * 1 FETCH (FLAGS ())\r\n* BAD [CLIENTBUG] what was that\r\n* OK [ALERT] soon down\r\n\
             r1 OK done\r\n",
        );
        assert_eq!(completed(&talk.events, tag), Status::Ok);
    });
    assert_eq!(
        events[2],
        Event::Expunge {
            seq: SequenceNumber::new(1).unwrap()
        }
    );
    assert!(matches!(
        &events[7],
        Event::Untagged {
            code: Some(imap::Code::Alert),
            ..
        }
    ));
    assert_eq!(events.len(), 9);
}

#[test]
fn impossible_numbers_are_reported_as_unknown_data() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* 0 EXPUNGE\r\n* 0 FETCH (UID 1)\r\n* 4294967296 EXISTS\r\n* 99999999999999999999 EXISTS\r\n");
        talk.server("* 1 FETCH (UID 0 RFC822.SIZE -1 FLAGS x UID 4294967296)\r\n");
        talk.server("* SEARCH 1 0 x 4294967296 3\r\n* VANISHED 0\r\n* ESEARCH ALL 0\r\n* LIST\r\n* STATUS\r\n");
    });
    let unknown = events
        .iter()
        .filter(|event| matches!(event, Event::Unknown(_)));
    assert_eq!(unknown.count(), 8);
    let Event::Fetch(data) = &events[5] else {
        panic!("{events:?}")
    };
    assert!(
        data.items
            .iter()
            .all(|item| matches!(item, FetchedItem::Unknown { .. }))
    );
    let Event::Search(found) = &events[6] else {
        panic!("{events:?}")
    };
    assert_eq!(found.found.as_ref().unwrap().to_string(), "1,3");
}

// docs/protocols.md, IMAP: unknown data
#[test]
fn parentheses_that_do_not_match_spoil_one_response_only() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* 1 FETCH (UID 5\r\n* LIST () \"/\" a)b\r\n* 3 EXISTS\r\n");
    });
    assert!(matches!(&events[1], Event::Fetch(data) if data.uid() == Uid::new(5)));
    assert!(matches!(events[2], Event::Unknown(_)));
    assert_eq!(events[3], Event::Exists(3));
}

// docs/protocols.md, IMAP: text behind a status
#[test]
fn human_readable_text_is_never_parsed() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* OK ((( \"unbalanced {12}\r\n* NO [ALERT] {3}\r\n* OK Gr\u{fc}\u{df}e \u{1f600}\r\n* OK\r\n* BAD \r\n");
        talk.server(b"* OK caf\xe9 [not a code]\r\n");
    });
    let texts: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Untagged { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        texts,
        [
            "((( \"unbalanced {12}",
            "{3}",
            "Grüße 😀",
            "",
            "",
            "caf\u{f7e9} [not a code]"
        ]
    );
}

#[test]
fn a_lone_line_feed_ends_a_line() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* 3 EXISTS\n* 4 EXISTS\r\n");
    });
    assert_eq!(events[1..], [Event::Exists(3), Event::Exists(4)]);
}

#[test]
fn input_after_an_error_is_ignored() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("r9 OK\r\n");
        let error = talk.error();
        talk.enqueue(Command::Noop);
        talk.server("* 3 EXISTS\r\n");
        assert_eq!(talk.error(), error);
        assert!(!talk.events.contains(&Event::Exists(3)));
    });
}
