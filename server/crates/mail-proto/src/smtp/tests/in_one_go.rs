//! The envelope and the message in one flight, and servers that do not accept this.

use super::transaction::{BOTH, COMMIT, GREETING, one};
use super::*;
use crate::{BodyChunk, Machine as _, Step};
use Move::{Body, Client as Sends, Do, Piece, Server};

/// Returns an envelope for a body of exactly this size.
fn sized(recipients: &[&str], size_bytes: u64) -> Envelope {
    let mut envelope = envelope(recipients);
    envelope.size_bytes = Some(size_bytes);
    envelope.is_size_exact = true;
    envelope
}

/// Sends `hello` and its line end.
const HELLO: Move<Client> = Do(|c| c.send(sized(&["jones@foo.example"], 7)));
/// Sends the same message without PIPELINING and `BDAT`.
const PLAIN: Move<Client> = Do(|c| {
    let mut envelope = sized(&["jones@foo.example"], 7);
    envelope.is_plain = true;
    c.send(envelope);
});
const ENVELOPE: &str = "MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\n";

// docs/protocols.md, SMTP: BDAT
#[test]
fn envelope_and_message_leave_in_one_flight_and_the_last_piece_in_a_second() {
    let played = talk(&[
        GREETING,
        BOTH,
        Sends("EHLO client.example\r\n"),
        HELLO,
        Piece("hel"),
        Piece("lo\r\n"),
        Sends(
            "MAIL FROM:<smith@bar.example>\r\nRCPT TO:<jones@foo.example>\r\n\
             BDAT 5\r\nhello",
        ),
        Server("250 ok\r\n250 ok\r\n250 5 octets\r\n"),
        Body(&[]),
        COMMIT,
        Sends("BDAT 2 LAST\r\n\r\n"),
        Server("250 done\r\n"),
    ]);
    let Outcome::Accepted { recipients, .. } = outcome(&played) else {
        panic!("{played:?}");
    };
    assert_eq!(*recipients, one(accepted(250, "ok")));
    let shown = played.transcript.join("\n");
    assert!(shown.contains("> BDAT 5\n> [5 bytes]"), "{shown}");
}

#[test]
fn a_megabyte_and_a_half_is_one_piece_and_is_not_held() {
    let mut client = client(Tls::Implicit);
    let mut sent = Vec::new();
    let mut step = |client: &mut Client, input: &[u8]| {
        client.feed(input);
        loop {
            match client.step().unwrap() {
                Step::Write(bytes) => sent.extend_from_slice(&bytes),
                Step::NeedBody { max } => break Some(max),
                Step::NeedInput => break None,
                _ => {}
            }
        }
    };
    assert_eq!(
        step(
            &mut client,
            b"220 x\r\n250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
        ),
        None
    );
    client.send(sized(&["jones@foo.example"], 1_500_000));
    let mut remaining = 1_500_000 - 2;
    while let Some(max) = step(&mut client, b"") {
        let length = max.min(remaining);
        remaining -= length;
        let octets = "a".repeat(length).into();
        client.body(BodyChunk::Data(octets));
        assert_eq!(client.held_bytes(), 0);
    }
    assert_eq!(
        remaining, 0,
        "all of it leaves before any answer to the envelope"
    );
    let sent = alloc::string::String::from_utf8(sent).unwrap();
    assert_eq!(sent.matches("BDAT").count(), 1);
    assert!(sent.contains("BDAT 1499998\r\naaa"));
}

#[test]
fn a_longer_message_waits_for_the_envelope_after_its_first_piece() {
    const MORE: usize = 300 << 10;
    let size_bytes = u64::try_from((2 << 20) + MORE + 2).unwrap();
    let mut client = client(Tls::Implicit);
    let mut sent = Vec::new();
    let mut go = |client: &mut Client, input: &[u8]| {
        client.feed(input);
        loop {
            match client.step().unwrap() {
                Step::Write(bytes) => sent.extend_from_slice(&bytes),
                Step::NeedBody { max } => {
                    let octets = "a".repeat(max).into();
                    client.body(BodyChunk::Data(octets));
                }
                Step::NeedInput => break sent.len(),
                _ => {}
            }
        }
    };
    go(
        &mut client,
        b"220 x\r\n250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
    );
    client.send(sized(&["jones@foo.example"], size_bytes));
    let before = go(&mut client, b"");
    assert!((2 << 20..(2 << 20) + 1_000).contains(&before), "{before}");
    // No recipient is accepted: the client sends nothing after the announced octets.
    assert_eq!(go(&mut client, b"250 ok\r\n550 5.1.1 no\r\n"), before);
}

#[test]
fn a_refused_recipient_is_reported_with_its_reply_and_nothing_is_committed() {
    let played = talk(&[
        GREETING,
        BOTH,
        HELLO,
        Piece("hello\r\n"),
        Server("250 ok\r\n550 5.1.1 no such user\r\n554 5.5.1 no valid recipients\r\n"),
        COMMIT,
        Do(|c| c.send(sized(&["green@foo.example"], 7))),
    ]);
    let (stage, reply) = (Stage::Rcpt, reply(550, "5.1.1 no such user"));
    let recipients = one(refused(550, "5.1.1 no such user"));
    let rejected = Outcome::Rejected {
        stage,
        reply,
        recipients,
    };
    assert_eq!(outcomes(&played).first(), Some(&&rejected));
    assert!(!played.sent.contains("LAST"));
    let again =
        "RSET\r\nMAIL FROM:<smith@bar.example>\r\nRCPT TO:<green@foo.example>\r\nBDAT 5\r\n";
    assert!(played.sent.ends_with(again), "{}", played.sent);
}

#[test]
fn a_body_shorter_than_announced_ends_the_conversation_before_the_last_piece() {
    let played = talk(&[
        GREETING,
        BOTH,
        Do(|c| c.send(sized(&["jones@foo.example"], 12))),
        Body(&["hello"]),
        COMMIT,
    ]);
    let Outcome::NotSent { cause, .. } = outcome(&played) else {
        panic!("{played:?}");
    };
    assert_eq!(*cause, Cause::Aborted);
    assert!(!played.sent.contains("LAST"));
}

#[test]
fn a_body_longer_than_announced_leaves_whole() {
    let played = talk(&[
        GREETING,
        BOTH,
        HELLO,
        Piece("hello you"),
        Server("250 ok\r\n250 ok\r\n250 ok\r\n"),
        Body(&[]),
        Server("250 ok\r\n"),
        COMMIT,
        Server("250 done\r\n"),
    ]);
    assert!(
        played
            .sent
            .ends_with("BDAT 5\r\nhelloBDAT 4\r\n youBDAT 2 LAST\r\n\r\n")
    );
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
}

/// Returns the stage at which the server refused the message in one flight.
fn not_in_one_go(outcome: &Outcome) -> Stage {
    let Outcome::NotSent { stage, cause, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(matches!(cause, Cause::NotInOneGo { .. }), "{cause:?}");
    *stage
}

/// The replies to BDAT of servers that do not support it.
const UNKNOWN: [&str; 3] = [
    "500 5.5.1 what\r\n",
    "502 5.5.2 not here\r\n",
    "503 5.5.1 out of order\r\n",
];

// docs/protocols.md, SMTP: BDAT
#[test]
fn a_refused_bdat_is_reported_and_the_message_is_sent_by_data_after_rset() {
    for refusal in UNKNOWN {
        let played = talk(&[
            GREETING,
            BOTH,
            HELLO,
            Piece("hello\r\n"),
            Server("250 ok\r\n250 ok\r\n"),
            Server(refusal),
            PLAIN,
            Server("250 reset\r\n"),
            Server("250 ok\r\n"),
            Server("250 ok\r\n"),
            Server("354 go\r\n"),
            Body(&["hello\r\n"]),
            COMMIT,
            Server("250 done\r\n"),
        ]);
        let outcomes = outcomes(&played);
        assert_eq!(not_in_one_go(outcomes[0]), Stage::Body);
        assert!(matches!(outcomes.get(1), Some(Outcome::Accepted { .. })));
        let tail = alloc::format!("RSET\r\n{ENVELOPE}DATA\r\nhello\r\n.\r\n");
        assert!(played.sent.ends_with(&tail), "{}", played.sent);
    }
}

#[test]
fn without_pipelining_a_refused_bdat_is_reported_too() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250 CHUNKING\r\n"),
        HELLO,
        Server("250 ok\r\n"),
        Server("250 ok\r\n"),
        Piece("hello\r\n"),
        Server("503 5.5.1 what\r\n"),
    ]);
    assert_eq!(not_in_one_go(outcome(&played)), Stage::Body);
}

#[test]
fn data_refused_as_out_of_order_after_pipelining_may_be_retried_plain() {
    let pipelining = Server("250-x\r\n250 PIPELINING\r\n");
    let played = talk(&[
        GREETING,
        pipelining,
        HELLO,
        Server("250 ok\r\n250 ok\r\n503 5.5.1 out of order\r\n"),
    ]);
    assert_eq!(not_in_one_go(outcome(&played)), Stage::Data);
}

#[test]
fn a_plain_transaction_sends_one_command_at_a_time_and_its_refusals_are_final() {
    let played = talk(&[
        GREETING,
        BOTH,
        Sends("EHLO client.example\r\n"),
        PLAIN,
        Sends("MAIL FROM:<smith@bar.example>\r\n"),
        Server("250 ok\r\n"),
        Sends("RCPT TO:<jones@foo.example>\r\n"),
        Server("250 ok\r\n"),
        Sends("DATA\r\n"),
        Server("503 5.5.1 no\r\n"),
    ]);
    let (stage, reply) = (Stage::Data, reply(503, "5.5.1 no"));
    let recipients = one(accepted(250, "ok"));
    assert_eq!(
        outcome(&played),
        &Outcome::Rejected {
            stage,
            reply,
            recipients
        }
    );
}

#[test]
fn a_parameter_refused_after_the_body_began_requests_a_plain_retry() {
    let played = talk(&[
        GREETING,
        Server("250-x\r\n250-PIPELINING\r\n250-SIZE\r\n250 CHUNKING\r\n"),
        HELLO,
        Piece("hello\r\n"),
        Server("555 5.5.4 SIZE\r\n503 no\r\n503 no\r\n"),
        PLAIN,
        Server("250 reset\r\n"),
        Server("555 5.5.4 SIZE\r\n"),
        Server("250 reset\r\n"),
        Server("250 ok\r\n"),
        Server("250 ok\r\n"),
        Server("354 go\r\n"),
        Body(&["hello\r\n"]),
        COMMIT,
        Server("250 done\r\n"),
    ]);
    let outcomes = outcomes(&played);
    assert_eq!(not_in_one_go(outcomes[0]), Stage::Mail);
    assert!(
        matches!(outcomes.get(1), Some(Outcome::Accepted { .. })),
        "{played:?}"
    );
}

#[test]
fn ehlo_refused_as_unknown_is_followed_by_helo() {
    for refusal in [
        "500 what\r\n",
        "501 what\r\n",
        "502 what\r\n",
        "503 what\r\n",
        "504 what\r\n",
    ] {
        let played = talk(&[
            GREETING,
            Sends("EHLO client.example\r\n"),
            Server(refusal),
            Sends("HELO client.example\r\n"),
            Server("250 hello\r\n"),
        ]);
        let is_ready = matches!(played.events[..], [Event::Ready { .. }]);
        assert!(is_ready, "{refusal}");
    }
}

#[test]
fn a_body_that_ends_within_its_first_piece_still_waits_for_the_envelope() {
    let played = talk(&[
        GREETING,
        BOTH,
        Do(|c| c.send(sized(&["jones@foo.example"], 9))),
        Body(&["hello"]),
        Server("250 ok\r\n250 ok\r\n250 ok\r\n"),
        COMMIT,
        Server("250 done\r\n"),
    ]);
    assert!(played.sent.ends_with("BDAT 7\r\nhello\r\nBDAT 0 LAST\r\n"));
    assert!(matches!(outcome(&played), Outcome::Accepted { .. }));
}
