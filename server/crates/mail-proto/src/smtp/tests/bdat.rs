//! The message by `BDAT` (RFC 3030).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use super::transaction::{BOTH, COMMIT, GREETING, ONE, one};
use super::*;
use Move::{Body, Client as Sends, Do, Eof, Server};

/// Offers only CHUNKING: every chunk waits for the reply to the last one.
const CHUNKING: Move<Client> = Server("250-x\r\n250 CHUNKING\r\n");
const TAKEN: Move<Client> = Server("250 sender ok\r\n250 ok\r\n");

/// Returns a `BDAT` chunk of `length` times `a`.
fn piece(length: usize) -> &'static str {
    Box::leak(format!("BDAT {length}\r\n{}", "a".repeat(length)).into_boxed_str())
}

/// Returns a message of `length` times `a`, supplied in pieces of 32 KiB.
fn long(length: usize) -> Move<Client> {
    let text: &'static str = Box::leak("a".repeat(length).into_boxed_str());
    let pieces: Vec<&'static str> = text
        .as_bytes()
        .chunks(32 << 10)
        .map(|chunk| core::str::from_utf8(chunk).unwrap())
        .collect();
    Body(Box::leak(pieces.into_boxed_slice()))
}

// docs/protocols.md, SMTP: BDAT
#[test]
fn rfc3030_4_1_simple_chunking() {
    let played = talk(&[
        Server("220 cnri.reston.va.us SMTP service ready\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-cnri.reston.va.us says hello\r\n250 CHUNKING\r\n"),
        Do(|c| {
            let recipients = [address("Susan@Random.com")];
            c.send(Envelope::new(address("Sam@Random.com"), recipients));
        }),
        Sends("MAIL FROM:<Sam@Random.com>\r\n"),
        Server("250 <Sam@Random.com> Sender ok\r\n"),
        Sends("RCPT TO:<Susan@Random.com>\r\n"),
        Server("250 <Susan@random.com> Recipient ok\r\n"),
        Body(&[
            "To: Susan@random.com\r\nFrom: Sam@random.com\r\n",
            "Subject: This is a bodyless test message\r\n",
        ]),
        // The last line end of the 86 octets waits for the owner's commit.
        Sends(
            "BDAT 84\r\nTo: Susan@random.com\r\nFrom: Sam@random.com\r\n\
             Subject: This is a bodyless test message",
        ),
        Server("250 84 octets received\r\n"),
        COMMIT,
        Sends("BDAT 2 LAST\r\n\r\n"),
        Server("250 Message OK, 86 octets received\r\n"),
        Do(Client::quit),
        Sends("QUIT\r\n"),
        Server("221 Goodbye\r\n"),
    ]);
    let done = reply(250, "Message OK, 86 octets received");
    assert!(matches!(outcome(&played), Outcome::Accepted { reply, .. } if *reply == done));
    assert!(played.is_done);
}

// docs/protocols.md, SMTP: BDAT
#[test]
fn rfc3030_4_2_pipelined_pieces_to_two_recipients() {
    let played = talk(&[
        GREETING,
        Sends("EHLO client.example\r\n"),
        Server("250-x\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250 CHUNKING\r\n"),
        Do(|c| {
            c.send(envelope(&[
                "gvaudre@cnri.reston.va.us",
                "jstewart@cnri.reston.va.us",
            ]))
        }),
        // No BODY=BINARYMIME: the message consists of lines.
        Sends(
            "MAIL FROM:<smith@bar.example>\r\nRCPT TO:<gvaudre@cnri.reston.va.us>\r\n\
             RCPT TO:<jstewart@cnri.reston.va.us>\r\n",
        ),
        Server("250 Sender ok\r\n250 Recipient ok\r\n250 Recipient ok\r\n"),
        long((256 << 10) + 324),
        Sends(Box::leak(
            format!("{}{}", piece(256 << 10), piece(324)).into_boxed_str(),
        )),
        Server("250 262144 octets received\r\n250 324 octets received\r\n"),
        COMMIT,
        Sends("BDAT 2 LAST\r\n\r\n"),
        Server("250 Message OK, 262470 octets received\r\n"),
    ]);
    let Outcome::Accepted { recipients, .. } = outcome(&played) else {
        panic!("{played:?}");
    };
    let ok = accepted(250, "Recipient ok");
    assert!(recipients.iter().all(|(_, result)| *result == ok));
    let shown = played.transcript.join("\n");
    assert!(shown.contains("> BDAT 262144\n> [262144 bytes]\n> BDAT 324\n> [324 bytes]"));
}

#[test]
fn without_pipelining_each_chunk_waits_for_the_reply_to_the_last() {
    let played = talk(&[
        GREETING,
        CHUNKING,
        ONE,
        Server("250 ok\r\n"),
        Server("250 ok\r\n"),
        Sends(
            "EHLO client.example\r\nMAIL FROM:<smith@bar.example>\r\n\
             RCPT TO:<jones@foo.example>\r\n",
        ),
        long(600 << 10),
        Sends(piece(256 << 10)),
        Server("250 ok\r\n"),
        Sends(piece(256 << 10)),
        Server("250 ok\r\n"),
        Sends(piece(88 << 10)),
        COMMIT,
        Sends(""),
        Server("250 ok\r\n"),
        COMMIT,
        Sends("BDAT 2 LAST\r\n\r\n"),
        Server("250 done\r\n"),
    ]);
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
}

#[test]
fn without_pipelining_the_chunk_of_a_message_of_known_size_follows_the_envelope() {
    let played = talk(&[
        GREETING,
        CHUNKING,
        Do(|c| {
            let mut envelope = envelope(&["jones@foo.example"]);
            envelope.size_bytes = Some(7);
            envelope.is_size_exact = true;
            c.send(envelope);
        }),
        Server("250 ok\r\n"),
        Server("250 ok\r\n"),
        Body(&["hello\r\n"]),
        Sends(
            "EHLO client.example\r\nMAIL FROM:<smith@bar.example>\r\n\
             RCPT TO:<jones@foo.example>\r\nBDAT 5\r\nhello",
        ),
        Server("250 ok\r\n"),
        COMMIT,
        Sends("BDAT 2 LAST\r\n\r\n"),
        Server("250 done\r\n"),
    ]);
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
}

// docs/protocols.md, SMTP: CHUNKING, BINARYMIME
#[test]
fn bdat_sends_crlf_lines_without_stuffed_dots() {
    let played = talk(&[
        GREETING,
        BOTH,
        ONE,
        TAKEN,
        Body(&["a\n.\r", "\n..b\r.c"]),
        Server("250 ok\r\n"),
        COMMIT,
        Server("250 ok\r\n"),
    ]);
    assert!(
        played
            .sent
            .ends_with("BDAT 13\r\na\r\n.\r\n..b\r\n.cBDAT 2 LAST\r\n\r\n")
    );
}

#[test]
fn an_empty_message_is_an_empty_last_piece() {
    let played = talk(&[
        GREETING,
        BOTH,
        ONE,
        TAKEN,
        Body(&[]),
        COMMIT,
        Server("250 ok\r\n"),
    ]);
    assert!(
        played
            .sent
            .ends_with("RCPT TO:<jones@foo.example>\r\nBDAT 0 LAST\r\n")
    );
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
}

#[test]
fn an_owner_may_prefer_data() {
    let config = || {
        let mut config = Config::new(Tls::Implicit, EhloName::LOCALHOST);
        config.prefers_data = true;
        Client::new(config)
    };
    let played = play(config, &[GREETING, BOTH, ONE], |events| events);
    assert!(
        played
            .sent
            .ends_with("RCPT TO:<jones@foo.example>\r\nDATA\r\n")
    );
}

#[test]
fn no_chunk_is_sent_if_no_recipient_was_accepted() {
    let played = talk(&[
        GREETING,
        BOTH,
        ONE,
        Server("250 ok\r\n550 5.1.1 no\r\n"),
        Body(&["a"]),
    ]);
    let (stage, reply) = (Stage::Rcpt, reply(550, "5.1.1 no"));
    let recipients = one(refused(550, "5.1.1 no"));
    assert_eq!(
        outcome(&played),
        &Outcome::Rejected {
            stage,
            reply,
            recipients
        }
    );
    assert!(!played.sent.contains("BDAT"));
    assert_eq!(played.failure, None);
}

// docs/protocols.md, SMTP: BDAT
#[test]
fn a_refused_piece_ends_the_transaction_with_rset_and_the_connection_lives_on() {
    let played = talk(&[
        GREETING,
        BOTH,
        ONE,
        TAKEN,
        long(700 << 10),
        Server("552 5.3.4 too big\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n"),
        COMMIT,
        Do(|c| c.send(envelope(&["green@foo.example"]))),
        Server("250 reset\r\n250 ok\r\n250 ok\r\n"),
        Body(&["b"]),
        Server("250 ok\r\n"),
        COMMIT,
        Server("250 done\r\n"),
    ]);
    let outcomes = outcomes(&played);
    let (stage, too_big) = (Stage::Body, reply(552, "5.3.4 too big"));
    let recipients = one(accepted(250, "ok"));
    let first = Outcome::Rejected {
        stage,
        reply: too_big,
        recipients,
    };
    assert_eq!(outcomes.first(), Some(&&first));
    assert!(matches!(outcomes.get(1), Some(Outcome::Accepted { .. })));
    let tail = "RSET\r\nMAIL FROM:<smith@bar.example>\r\nRCPT TO:<green@foo.example>\r\n\
                BDAT 1\r\nbBDAT 2 LAST\r\n\r\n";
    assert!(played.sent.ends_with(tail));
}

#[test]
fn no_piece_follows_a_refused_one() {
    let played = talk(&[
        GREETING,
        CHUNKING,
        ONE,
        Server("250 ok\r\n"),
        Server("250 ok\r\n"),
        long(700 << 10),
        Server("452 4.3.1 disk full\r\n"),
        COMMIT,
    ]);
    let Outcome::Rejected {
        stage: Stage::Body,
        reply,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    assert_eq!(reply.code, 452);
    assert_eq!(played.sent.matches("BDAT").count(), 1);
    assert!(!played.events.contains(&Event::ReadyToCommit));
    assert_eq!(played.failure, None);
}

#[test]
fn a_drop_after_a_refused_piece_is_still_the_refusal() {
    let played = talk(&[
        GREETING,
        BOTH,
        ONE,
        TAKEN,
        long(300 << 10),
        Server("552 5.3.4 too big\r\n"),
        Eof,
    ]);
    let Outcome::Rejected {
        stage: Stage::Body,
        reply,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    assert_eq!(reply.code, 552);
}

// docs/protocols.md, SMTP: BDAT
#[test]
fn the_commit_is_requested_after_every_chunk_was_accepted_and_before_the_last() {
    let played = talk(&[
        GREETING,
        BOTH,
        ONE,
        TAKEN,
        Body(&["a"]),
        COMMIT,
        Do(|c| assert!(!c.is_committed())),
        Server("250 ok\r\n"),
        Do(|c| assert!(!c.is_committed())),
        COMMIT,
        Do(|c| assert!(c.is_committed())),
        Do(Client::abort),
        Server("250 done\r\n"),
    ]);
    let ready = played
        .events
        .iter()
        .filter(|event| **event == Event::ReadyToCommit);
    assert_eq!(ready.count(), 1);
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
}

const ALL_BUT_THE_LAST: [Move<Client>; 6] = [
    GREETING,
    BOTH,
    ONE,
    TAKEN,
    Body(&["a"]),
    Server("250 ok\r\n"),
];

fn after_the_pieces(ending: impl IntoIterator<Item = Move<Client>>) -> Played<Event, Error> {
    talk(
        &ALL_BUT_THE_LAST
            .into_iter()
            .chain(ending)
            .collect::<Vec<_>>(),
    )
}

#[test]
fn a_drop_before_the_last_piece_is_not_sent_and_after_it_unknown() {
    let before = after_the_pieces([Eof, COMMIT]);
    let Outcome::NotSent {
        stage: Stage::Body,
        cause,
        ..
    } = outcome(&before)
    else {
        panic!("{before:?}");
    };
    assert_eq!(*cause, Cause::ConnectionClosed);
    assert!(!before.sent.contains("LAST"));

    let after = after_the_pieces([COMMIT, Eof]);
    let (cause, recipients) = (Cause::ConnectionClosed, one(accepted(250, "ok")));
    assert_eq!(outcome(&after), &Outcome::Unknown { cause, recipients });
}

#[test]
fn aborting_between_pieces_sends_no_last_and_drops_the_connection() {
    for moves in [
        &[
            GREETING,
            BOTH,
            ONE,
            TAKEN,
            Body(&["a"]),
            Do(Client::abort),
            COMMIT,
        ][..],
        &[GREETING, BOTH, ONE, TAKEN, Body(&["a", "b\0"]), COMMIT],
    ] {
        let played = talk(moves);
        let Outcome::NotSent {
            stage: Stage::Body, ..
        } = outcome(&played)
        else {
            panic!("{played:?}");
        };
        assert!(matches!(
            played.failure,
            Some(Error::Aborted | Error::NulInBody)
        ));
        assert!(!played.sent.contains("LAST") && !played.sent.contains('\0'));
    }
}

#[test]
fn a_reply_without_a_chunk_is_no_acceptance() {
    let early: [&Moves; 3] = [
        &[
            GREETING,
            BOTH,
            ONE,
            Server("250 ok\r\n250 ok\r\n250 queued\r\n"),
            Body(&["a"]),
        ],
        &[
            GREETING,
            BOTH,
            ONE,
            TAKEN,
            Body(&["a"]),
            Server("250 ok\r\n250 queued\r\n"),
            COMMIT,
        ],
        &[
            GREETING,
            BOTH,
            ONE,
            TAKEN,
            Body(&["a"]),
            Server("250 ok\r\n250 qu"),
            COMMIT,
            Server("eued\r\n"),
        ],
    ];
    for moves in early {
        let played = talk(moves);
        let Outcome::NotSent {
            stage: Stage::Body,
            cause,
            ..
        } = outcome(&played)
        else {
            panic!("{played:?}");
        };
        assert_eq!(*cause, Cause::PeerMisbehaved(Misbehaviour::EarlyReply));
        assert!(!played.sent.contains("LAST"));
    }
    let played = talk(&[
        GREETING,
        BOTH,
        ONE,
        TAKEN,
        Body(&["a"]),
        Server("354 go\r\n"),
    ]);
    let unexpected = Misbehaviour::UnexpectedCode {
        stage: Stage::Body,
        code: 354,
    };
    assert_eq!(played.failure, Some(Error::PeerMisbehaved(unexpected)));
}

#[test]
fn a_refused_last_piece_is_the_outcome_and_the_next_message_begins_with_rset() {
    let played = after_the_pieces([COMMIT, Server("554 5.7.1 spam\r\n"), ONE]);
    let (stage, reply) = (Stage::Final, reply(554, "5.7.1 spam"));
    let recipients = one(accepted(250, "ok"));
    assert_eq!(
        outcome(&played),
        &Outcome::Rejected {
            stage,
            reply,
            recipients
        }
    );
    let again = "RSET\r\nMAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\n";
    assert!(played.sent.ends_with(again));
}

#[test]
fn a_message_of_unknown_size_goes_by_bdat_without_size() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250-SIZE 10\r\n250 CHUNKING\r\n"),
        Do(|c| c.send(Envelope::new(ReversePath::NULL, [address("a@b.example")]))),
    ]);
    let sent: &String = &played.sent;
    assert!(sent.ends_with("MAIL FROM:<>\r\n"), "{sent}");
}
