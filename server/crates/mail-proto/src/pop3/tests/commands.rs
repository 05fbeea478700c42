//! Commands of the transaction state and their responses.

use super::*;

// docs/protocols.md, POP3: USER, PASS
#[test]
fn rfc1939_10_example_session() {
    let played = talk(&[
        Server("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"),
        Sends("CAPA\r\n"),
        NO_CAPA,
        LOGIN,
        Sends("USER tim\r\n"),
        Server("+OK name is a valid mailbox\r\n"),
        Sends("PASS tanstaaftanstaaf\r\n"),
        Server("+OK mrose's maildrop has 2 messages (320 octets)\r\n"),
        Do(|c| enqueue(c, Command::Stat)),
        Sends("STAT\r\n"),
        Server("+OK 2 320\r\n"),
        Do(|c| enqueue(c, Command::List)),
        Sends("LIST\r\n"),
        Server("+OK 2 messages (320 octets)\r\n1 120\r\n2 200\r\n.\r\n"),
        Do(|c| enqueue(c, Command::Retr { number: number(1) })),
        Sends("RETR 1\r\n"),
        Server("+OK 120 octets\r\nSubject: hi\r\n\r\n..dotted\r\n.\r\n"),
        Do(|c| enqueue(c, Command::Dele { number: number(1) })),
        Sends("DELE 1\r\n"),
        Server("+OK message 1 deleted\r\n"),
        Do(|c| enqueue(c, Command::Quit)),
        Sends("QUIT\r\n"),
        Server("+OK dewey POP3 server signing off (maildrop empty)\r\n"),
    ]);
    let scan = |n, size_bytes| ScanListing {
        number: number(n),
        size_bytes,
    };
    let bytes = Bytes::from_static(b"Subject: hi\r\n\r\n.dotted\r\n");
    let quit = ok("dewey POP3 server signing off (maildrop empty)");
    assert_eq!(
        responses(&played),
        [
            completed(0, "mrose's maildrop has 2 messages (320 octets)"),
            Event::Stat {
                id: id(1),
                listing: DropListing {
                    messages: 2,
                    size_bytes: 320
                }
            },
            Event::Listing {
                id: id(2),
                rows: [scan(1, 120), scan(2, 200)].to_vec()
            },
            completed(2, "2 messages (320 octets)"),
            Event::BodyChunk { id: id(3), bytes },
            Event::BodyEnd {
                id: id(3),
                size_bytes: 24
            },
            completed(4, "message 1 deleted"),
            Event::Quit {
                id: id(5),
                response: quit
            },
        ]
    );
    assert!(played.is_done);
    assert!(!played.transcript.join("\n").contains("tanstaaf"));
    assert!(played.transcript.contains(&"> PASS ***".to_string()));
}

// docs/protocols.md, POP3: STAT, LIST, UIDL
#[test]
fn rfc1939_7_unique_ids_with_duplicates() {
    let played = serve(&[
        GREETING,
        CAPA,
        Do(|c| enqueue(c, Command::Uidl)),
        Server("+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n2 same\r\n3 same\r\n4 \r\n.\r\n"),
    ]);
    let row = |n, text: &str| UniqueIdListing {
        number: number(n),
        unique_id: UniqueId::new(text),
    };
    let rows = [
        row(1, "whqtswO00WBw418f9t5JxYwZ"),
        row(2, "same"),
        row(3, "same"),
        row(4, ""),
    ];
    let rows = Event::UniqueIds {
        id: id(0),
        rows: rows.to_vec(),
    };
    assert_eq!(responses(&played), [rows, completed_bare(0)]);
}

/// Returns the `Completed` of a `+OK` without text.
fn completed_bare(n: u64) -> Event {
    Event::Completed {
        id: id(n),
        response: Response {
            code: None,
            text: String::new(),
        },
    }
}

const RETR_FIVE: Move<Client> = Do(|c| {
    for n in 1..=5 {
        c.enqueue(Command::Retr { number: number(n) });
    }
});

// docs/protocols.md, POP3: PIPELINING
#[test]
fn commands_go_one_by_one_where_pipelining_is_not_offered() {
    let played = serve(&[
        GREETING,
        CAPA,
        RETR_FIVE,
        Sends("CAPA\r\nRETR 1\r\n"),
        Server("+OK\r\na\r\n.\r\n"),
        Sends("RETR 2\r\n"),
        Server("-ERR no such message\r\n"),
        Sends("RETR 3\r\n"),
    ]);
    assert_eq!(played.events.len(), 4);
}

// docs/protocols.md, POP3: PIPELINING
#[test]
fn twenty_commands_are_sent_ahead_where_pipelining_is_offered() {
    let played = serve(&[
        GREETING,
        PIPELINING,
        Do(|c| {
            for n in 1..=25 {
                c.enqueue(Command::Dele { number: number(n) });
            }
            c.enqueue(Command::Quit);
        }),
        Do(|_| {}),
        Server("+OK 1\r\n-ERR 2\r\n+OK 3\r\n"),
    ]);
    let sent = played.sent.matches("DELE").count();
    assert_eq!((sent, played.sent.contains("QUIT")), (23, false));
    assert_eq!(responses(&played).len(), 3);
    assert!(matches!(
        responses(&played)[1],
        Event::Rejected {
            id: CommandId(1),
            ..
        }
    ));
}

#[test]
fn quit_waits_until_everything_before_it_is_answered() {
    let played = serve(&[
        GREETING,
        PIPELINING,
        Do(|c| {
            c.enqueue(Command::Retr { number: number(1) });
            c.enqueue(Command::Dele { number: number(1) });
            c.enqueue(Command::Quit);
        }),
        Sends("CAPA\r\nRETR 1\r\nDELE 1\r\n"),
        Server("+OK\r\nhalf of"),
        Sends(""),
        Server(" it\r\n.\r\n"),
        Sends(""),
        Server("+OK gone\r\n"),
        Sends("QUIT\r\n"),
        Server("-ERR some deleted messages not removed\r\n"),
    ]);
    assert!(matches!(
        responses(&played).last(),
        Some(Event::Rejected {
            id: CommandId(2),
            ..
        })
    ));
    assert!(played.is_done);
}

// docs/protocols.md, POP3: PIPELINING
#[test]
fn pipelined_messages_and_refusals_keep_their_ids() {
    let played = serve(&[
        GREETING,
        PIPELINING,
        RETR_FIVE,
        Server(
            "+OK\r\none\r\n.\r\n-ERR no\r\n+OK\r\n.\r\n+OK\r\n+OK not a status\r\n..\r\n.\r\n-ERR no\r\n",
        ),
    ]);
    let body = |n, text: &'static str| Event::BodyChunk {
        id: id(n),
        bytes: Bytes::from_static(text.as_bytes()),
    };
    let end = |n, size_bytes| Event::BodyEnd {
        id: id(n),
        size_bytes,
    };
    let no = |n| Event::Rejected {
        id: id(n),
        response: ok("no"),
    };
    assert_eq!(
        responses(&played),
        [
            body(0, "one\r\n"),
            end(0, 5),
            no(1),
            end(2, 0),
            body(3, "+OK not a status\r\n.\r\n"),
            end(3, 21),
            no(4),
        ]
    );
}

#[test]
fn nothing_is_sent_behind_a_sign_in_until_it_is_answered() {
    let played = talk(&[
        Do(|c| {
            login(c, "x");
            c.enqueue(Command::Stat);
            c.enqueue(Command::Uidl);
        }),
        GREETING,
        PIPELINING,
        Sends("CAPA\r\nUSER tim\r\n"),
        Server("+OK\r\n"),
        Sends("PASS x\r\n"),
        Server("+OK\r\n"),
        Sends("STAT\r\nUIDL\r\n"),
    ]);
    assert_eq!(played.failure, None);
}

// docs/protocols.md, POP3: RETR, TOP
#[test]
fn top_asks_for_lines() {
    let played = serve(&[
        GREETING,
        CAPA,
        Do(|c| {
            enqueue(
                c,
                Command::Top {
                    number: number(7),
                    lines: 0,
                },
            )
        }),
        Sends("CAPA\r\nTOP 7 0\r\n"),
        Server("+OK\r\nSubject: x\r\n\r\n.\r\n"),
    ]);
    assert!(matches!(
        responses(&played).last(),
        Some(Event::BodyEnd { size_bytes: 14, .. })
    ));
}

// docs/protocols.md, POP3: RETR, TOP
#[test]
fn a_drop_inside_a_message_is_an_error_and_never_its_end() {
    for text in [
        "+OK\r\nhalf",
        "+OK\r\nall\r\n",
        "+OK\r\nall\r\n.",
        "+OK\r\nall\r\n.\r",
        "+OK\r\nall\n.\n",
    ] {
        let played = serve(&[GREETING, PIPELINING, RETR_FIVE, Server(text), Eof]);
        assert_eq!(
            played.failure,
            Some(Error::Closed { stage: Stage::Body }),
            "{text:?}"
        );
        assert!(
            !played
                .events
                .iter()
                .any(|event| matches!(event, Event::BodyEnd { .. }))
        );
    }
}

#[test]
fn a_dropped_connection_is_reported_with_its_stage() {
    let closed = |moves: &[Move<Client>]| serve(moves).failure;
    let closed_early = |moves: &[Move<Client>]| talk(moves).failure;
    let at = |stage| Some(Error::Closed { stage });
    assert_eq!(closed(&[Eof]), at(Stage::Greeting));
    assert_eq!(
        closed(&[GREETING, Server("+OK\r\nUSER\r\n"), Eof]),
        at(Stage::Capa)
    );
    assert_eq!(closed(&[GREETING, CAPA, Eof]), at(Stage::Idle));
    assert_eq!(
        closed_early(&[GREETING, CAPA, LOGIN, Eof]),
        at(Stage::Login)
    );
    let list = Do(|c: &mut Client| enqueue(c, Command::List));
    assert_eq!(
        closed(&[GREETING, CAPA, list, Server("+OK\r\n1 1\r\n"), Eof]),
        at(Stage::Transaction)
    );
    let quit = Do(|c: &mut Client| enqueue(c, Command::Quit));
    assert_eq!(closed(&[GREETING, CAPA, quit, Eof]), at(Stage::Quit));
}

#[test]
fn unsolicited_responses_are_errors() {
    let failure = |text: &'static str| serve(&[GREETING, CAPA, Server(text)]).failure;
    let unsolicited = Error::PeerMisbehaved(Misbehaviour::UnsolicitedResponse);
    assert_eq!(failure("+OK more\r\n"), Some(unsolicited));
    let malformed = Error::PeerMisbehaved(Misbehaviour::MalformedResponse);
    assert_eq!(failure("220 smtp\r\n"), Some(malformed));
    let Some(Error::Rejected {
        stage: Stage::Idle,
        response,
    }) = failure("-ERR idle too long\r\n")
    else {
        panic!("not told");
    };
    assert_eq!(response.text, "idle too long");
}

#[test]
fn a_challenge_to_a_plain_command_is_an_error() {
    let stat = Do(|c: &mut Client| enqueue(c, Command::Stat));
    let played = serve(&[GREETING, CAPA, stat, Server("+ \r\n")]);
    let error = Error::PeerMisbehaved(Misbehaviour::UnexpectedChallenge);
    assert_eq!(played.failure, Some(error));
}

#[test]
fn a_broken_listing_is_an_error_behind_the_rows_before_it() {
    let list = Do(|c: &mut Client| enqueue(c, Command::List));
    let played = serve(&[
        GREETING,
        CAPA,
        list,
        Server("+OK\r\n1 10\r\n2 20\r\nthree\r\n.\r\n"),
    ]);
    let error = Error::PeerMisbehaved(Misbehaviour::MalformedListing);
    assert_eq!(played.failure, Some(error));
    assert!(matches!(responses(&played), [Event::Listing { rows, .. }] if rows.len() == 2));
}

// docs/protocols.md, Limits and deadlines: POP3 line 64 KiB; SMTP line 64 KiB × 100
#[test]
fn endless_lines_and_lists_stop_at_the_limit() {
    let played = serve(&[ServerBytes([b"+OK ".as_slice(), &[b'x'; 70_000]].concat())]);
    let over = OverLimit {
        what: "response line",
        max: 65_536,
    };
    assert_eq!(played.failure, Some(Error::Limit(over)));

    let lines = b"X\r\n".repeat(201);
    let played = serve(&[
        GREETING,
        ServerBytes([b"+OK\r\n".as_slice(), &lines].concat()),
    ]);
    let over = OverLimit {
        what: "list of capabilities",
        max: 200,
    };
    assert_eq!(played.failure, Some(Error::Limit(over)));
}

// docs/protocols.md, POP3: RETR, TOP
#[test]
fn a_long_line_inside_a_message_is_no_line_of_the_protocol() {
    let message = [b"+OK\r\n".as_slice(), &[b'x'; 100_000], b"\r\n.\r\n"].concat();
    let mut client = Client::new(config(Tls::Implicit)).signed_in();
    client.feed(b"+OK\r\n-ERR no CAPA\r\n");
    client.enqueue(Command::Retr { number: number(1) });
    while client.step() != Ok(Step::NeedInput) {}
    client.feed(&message);
    let mut sizes = Vec::new();
    loop {
        match client.step().unwrap() {
            Step::Event(Event::BodyChunk { bytes, .. }) => sizes.push(bytes.len()),
            Step::Event(Event::BodyEnd { size_bytes, .. }) => {
                assert_eq!(size_bytes, 100_002);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sizes.iter().sum::<usize>(), 100_002);
    assert!(sizes.iter().all(|size| *size <= 64 << 10));
}
