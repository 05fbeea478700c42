//! Literals of the client and of the server.

use mail_proto::imap::{
    Append, BodyValue, Command, Error, Event, FetchedItem, Mailbox, PartNumber, Section,
    SequenceNumber, Status, Uid, Value,
};
use mail_proto::{BodyChunk, OverLimit};

use crate::talk::{Talk, completed, every_cut, implicit_tls, ready};

fn append(size_bytes: u64) -> Command {
    let mailbox = Mailbox::from_wire(&b"Sent"[..]);
    Command::Append(Append {
        mailbox,
        flags: vec![],
        internal_date: None,
        size_bytes,
    })
}

/// Brings a session to the point where the server has accepted an APPEND of this size.
fn appending(talk: &mut Talk, size_bytes: u64) {
    ready(talk, "");
    talk.enqueue(append(size_bytes));
    talk.client(format!("r1 APPEND \"Sent\" {{{size_bytes}}}\r\n"));
    assert_eq!(talk.needs_body(), None);
    talk.server("+ Ready for literal data\r\n");
}

// docs/protocols.md, IMAP: LITERAL+, LITERAL-
#[test]
fn a_literal_waits_for_plus_and_holds_back_what_is_behind_it() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Subscribe(Mailbox::from_wire("Müll".as_bytes())));
        talk.enqueue(Command::Noop);
        talk.client("r1 SUBSCRIBE {5}\r\n");
        talk.server("* 3 EXISTS\r\n+ go\r\n");
        talk.client_in_one_write("Müll\r\nr2 NOOP\r\n");
    });
}

#[test]
fn a_literal_that_is_refused_is_not_sent() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        let tag = talk.enqueue(Command::Subscribe(Mailbox::from_wire("Müll".as_bytes())));
        talk.enqueue(Command::Noop);
        talk.client("r1 SUBSCRIBE {5}\r\n");
        talk.server("r1 NO not here\r\n");
        assert_eq!(completed(&talk.events, tag), Status::No);
        talk.client("r2 NOOP\r\n");
    });
}

// docs/protocols.md, IMAP: LITERAL+, LITERAL-
#[test]
fn literal_minus_lets_4096_bytes_leave_at_once_and_no_more() {
    for (capability, len, sign) in [
        ("LITERAL-", 4096, "+"),
        ("LITERAL-", 4097, ""),
        ("LITERAL+", 4097, "+"),
        ("", 2000, ""),
    ] {
        every_cut(implicit_tls(), |talk| {
            ready(talk, capability);
            let name = vec![b'x'; len];
            talk.enqueue(Command::Subscribe(Mailbox::from_wire(name.clone())));
            let head = format!("r1 SUBSCRIBE {{{len}{sign}}}\r\n").into_bytes();
            if sign.is_empty() {
                talk.client(head);
                talk.server("+ \r\n");
                talk.client([&name[..], b"\r\n"].concat());
            } else {
                talk.client([&head[..], &name, b"\r\n"].concat());
            }
        });
    }
}

// docs/protocols.md, IMAP: APPEND (APPENDLIMIT, MULTIAPPEND known)
#[test]
fn a_body_is_requested_until_it_ends() {
    every_cut(implicit_tls(), |talk| {
        appending(talk, 12);
        assert_eq!(talk.needs_body(), Some(12));
        talk.body_data(b"Hello\r\n");
        assert_eq!(talk.needs_body(), Some(5));
        talk.server("* 3 EXISTS\r\n");
        talk.body_data(b"you\r\n");
        assert!(
            talk.needs_body().is_some(),
            "the body has not said that it ends"
        );
        talk.client("Hello\r\nyou\r\n");
        talk.enqueue(Command::Noop);
        talk.body(BodyChunk::End);
        talk.client_in_one_write("\r\nr2 NOOP\r\n");
        talk.server("r1 OK [APPENDUID 38505 3955] APPEND completed\r\n");
    });
}

#[test]
fn an_empty_body_is_a_body() {
    every_cut(implicit_tls(), |talk| {
        appending(talk, 0);
        talk.body(BodyChunk::End);
        talk.client("\r\n");
    });
}

// docs/protocols.md, IMAP: APPEND (APPENDLIMIT, MULTIAPPEND known)
#[test]
fn a_body_of_another_size_than_announced_ends_the_connection() {
    let wrong = Error::BodySize { announced_bytes: 5 };
    every_cut(implicit_tls(), |talk| {
        appending(talk, 5);
        talk.body_data(b"abcd");
        talk.client("abcd");
        talk.body(BodyChunk::End);
        assert_eq!(talk.error(), wrong);
    });
    every_cut(implicit_tls(), |talk| {
        appending(talk, 5);
        talk.body_data(b"abcde");
        talk.client("abcde");
        talk.body_data(b"f");
        assert_eq!(talk.error(), wrong);
    });
}

#[test]
fn a_body_that_is_aborted_ends_the_connection_before_its_last_line_end() {
    every_cut(implicit_tls(), |talk| {
        appending(talk, 5);
        talk.body_data(b"abcde");
        talk.client("abcde");
        talk.body(BodyChunk::Abort);
        assert_eq!(talk.error(), Error::BodyAborted);
    });
}

#[test]
fn a_body_that_the_server_refuses_is_not_requested() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "LITERAL+");
        let tag = talk.enqueue(append(5_000_000_000));
        talk.client("r1 APPEND \"Sent\" {5000000000}\r\n");
        talk.server("r1 NO [OVERQUOTA] full\r\n");
        assert_eq!(talk.needs_body(), None);
        assert_eq!(completed(&talk.events, tag), Status::No);
        talk.enqueue(Command::Noop);
        talk.client("r2 NOOP\r\n");
    });
}

#[test]
fn a_refusal_within_the_body_is_reported_when_the_body_is_complete() {
    // The server counts the announced bytes whether or not it accepts them.
    every_cut(implicit_tls(), |talk| {
        appending(talk, 4);
        talk.body_data(b"ab");
        talk.server("r1 NO disk full\r\n");
        assert_eq!(talk.events.len(), 1);
        talk.body_data(b"cd");
        talk.body(BodyChunk::End);
        talk.client("abcd\r\n");
        assert!(matches!(
            talk.events[1],
            Event::Completed {
                status: Status::No,
                ..
            }
        ));
        talk.enqueue(Command::Noop);
        talk.client("r2 NOOP\r\n");
    });
}

#[test]
fn a_bye_within_the_body_ends_the_body() {
    every_cut(implicit_tls(), |talk| {
        appending(talk, 4);
        talk.body_data(b"ab");
        talk.client("ab");
        talk.server("* BYE shutting down\r\n");
        assert_eq!(talk.needs_body(), None);
        talk.end_of_input();
        talk.expect_done();
    });
    // The tagged response is reported, whether it comes before or after BYE.
    for data in [
        "r1 NO disk full\r\n* BYE shutting down\r\n",
        "* BYE shutting down\r\nr1 NO disk full\r\n",
    ] {
        every_cut(implicit_tls(), |talk| {
            appending(talk, 4);
            talk.body_data(b"ab");
            talk.client("ab");
            talk.server(data);
            let refused = |event: &Event| {
                matches!(
                    event,
                    Event::Completed {
                        status: Status::No,
                        ..
                    }
                )
            };
            assert!(talk.events.iter().any(refused));
            talk.expect_done();
        });
    }
}

// docs/protocols.md, IMAP: literals
#[test]
fn small_literals_stand_wherever_a_string_may() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* LIST (\\HasNoChildren) {1}\r\n/ {6}\r\nA\"B\\\r\n\r\n");
        talk.server("* 1 FETCH (BODY[1] {0}\r\n UID 7 BODY[2]<0> ~{3}\r\na\0b)\r\n");
    });
    let Event::List(list) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (list.mailbox.as_wire(), list.delimiter),
        (&b"A\"B\\\r\n"[..], Some(b'/'))
    );
    let Event::Fetch(data) = &events[2] else {
        panic!("{events:?}")
    };
    assert_eq!(data.uid(), Uid::new(7));
    let value = |bytes: &'static [u8]| BodyValue::Inline(bytes.into());
    let part = |number| Section::part(PartNumber::new(&[number]).unwrap());
    let empty = FetchedItem::Body {
        section: part(1),
        origin: None,
        value: value(b""),
    };
    let binary = FetchedItem::Body {
        section: part(2),
        origin: Some(0),
        value: value(b"a\0b"),
    };
    assert_eq!((&data.items[0], &data.items[2]), (&empty, &binary));
}

#[test]
fn a_literal_that_comes_first_in_its_list_stays_in_it() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* (({3}\r\nabc))\r\n");
    });
    let literal = Value::Literal("abc".into());
    let list = Value::List(vec![Value::List(vec![literal])]);
    assert_eq!(events[1..], [Event::Unknown(vec![list])]);
}

// docs/protocols.md, IMAP: FETCH
#[test]
fn a_large_literal_is_streamed_and_its_item_is_reported() {
    let size = 65_537_usize;
    let body: Vec<u8> = (0..size).map(|at| b"0123456789)\r\n* "[at % 15]).collect();
    let message = [
        format!("* 12 FETCH (UID 5 BODY[1.2]<1048576> {{{size}}}\r\n").as_bytes(),
        &body,
        b" FLAGS (\\Seen))\r\n* 13 EXISTS\r\n",
    ]
    .concat();
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server(&message);
    });
    let [_, start, chunk, end, fetch, exists] = &events[..] else {
        panic!("{}", events.len())
    };
    let Event::LiteralStart {
        id,
        item: Some(item),
        size_bytes: 65_537,
    } = start
    else {
        panic!("{start:?}")
    };
    assert_eq!(
        (item.seq, item.uid),
        (SequenceNumber::new(12).unwrap(), Uid::new(5))
    );
    assert_eq!(
        item.section,
        Section::part(PartNumber::new(&[1, 2]).unwrap())
    );
    assert_eq!(item.origin, Some(1_048_576));
    assert_eq!(
        chunk,
        &Event::LiteralChunk {
            id: *id,
            bytes: body.into()
        }
    );
    assert_eq!(end, &Event::LiteralEnd { id: *id });
    let Event::Fetch(data) = fetch else {
        panic!("{fetch:?}")
    };
    assert_eq!(
        data.items[1],
        FetchedItem::Body {
            section: item.section.clone(),
            origin: item.origin,
            value: BodyValue::Streamed {
                id: *id,
                size_bytes: 65_537
            },
        }
    );
    assert_eq!(data.flags().unwrap().len(), 1);
    assert_eq!(exists, &Event::Exists(13));
}

// docs/protocols.md, IMAP: literals
#[test]
fn a_large_literal_where_none_is_expected_is_streamed_too() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server([b"* X-BLOB {70000}\r\n", &[b'z'; 70_000][..], b" tail\r\n"].concat());
    });
    assert!(matches!(
        events[1],
        Event::LiteralStart {
            item: None,
            size_bytes: 70_000,
            ..
        }
    ));
    let Event::Unknown(values) = &events[4] else {
        panic!("{events:?}")
    };
    assert!(matches!(
        values[1],
        Value::Streamed {
            size_bytes: 70_000,
            ..
        }
    ));
}

// docs/protocols.md, IMAP: FETCH
// docs/protocols.md, Limits and deadlines: bodies
#[test]
fn an_announced_size_costs_nothing_and_a_drop_inside_is_an_error() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* 1 FETCH (BODY[] {18446744073709551615}\r\nonly this");
        talk.end_of_input();
        assert_eq!(talk.error(), Error::Closed);
    });
    assert!(matches!(
        events[1],
        Event::LiteralStart {
            size_bytes: u64::MAX,
            ..
        }
    ));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::LiteralEnd { .. }))
    );
}

#[test]
fn many_small_literals_count_as_one_response() {
    let message = b"* X (".to_vec();
    let literal = [
        b"BODY[1] {60000}\r\n".to_vec(),
        vec![b'x'; 60_000],
        b" ".to_vec(),
    ]
    .concat();
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server(&message);
        for _ in 0..18 {
            talk.server(&literal);
        }
        let over = OverLimit {
            what: "IMAP response",
            max: 1 << 20,
        };
        assert_eq!(talk.error(), Error::Limit(over));
    });
}
