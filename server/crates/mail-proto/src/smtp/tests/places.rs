//! The same failures at every stage of a session.

use alloc::format;
use alloc::string::String;

use super::transaction::{BOTH, COMMIT, GREETING, ONE, PIPELINING};
use super::*;
use crate::{Machine as _, OverLimit, Step};
use Move::{Body, Do, Server, ServerBytes, Upgrade};

/// A point of a session where the client expects a reply.
struct ReplyPoint {
    name: &'static str,
    stage: Stage,
    before: Vec<Move<Client>>,
}

fn point(
    name: &'static str,
    stage: Stage,
    before: impl IntoIterator<Item = Move<Client>>,
) -> ReplyPoint {
    let before = before.into_iter().collect();
    ReplyPoint {
        name,
        stage,
        before,
    }
}

const STARTTLS: Move<Client> = Server("250-x\r\n250 STARTTLS\r\n");
const OLD: Move<Client> = Server("250 x\r\n");
const AUTH: Move<Client> = Do(|c| c.authenticate(credentials()));

/// Returns every such point, before and after STARTTLS.
fn points() -> Vec<ReplyPoint> {
    let tls = || [GREETING, STARTTLS, Server("220 go\r\n"), Upgrade];
    let inside = |more: Vec<Move<Client>>| tls().into_iter().chain(more);
    let refused = || {
        Vec::from([
            PIPELINING,
            ONE,
            Server("250 ok\r\n250 ok\r\n451 no\r\n"),
            ONE,
        ])
    };
    let data = || Vec::from([PIPELINING, ONE, Server("250 ok\r\n250 ok\r\n354 go\r\n")]);
    let complete = || data().into_iter().chain([Body(&["a"])]);
    let piece = || Vec::from([BOTH, ONE, Server("250 ok\r\n250 ok\r\n"), Body(&["a"])]);
    Vec::from([
        point("greeting", Stage::Greeting, []),
        point("EHLO", Stage::Ehlo, [GREETING]),
        point("HELO", Stage::Ehlo, [GREETING, Server("502 what\r\n")]),
        point("STARTTLS", Stage::StartTls, [GREETING, STARTTLS]),
        point("EHLO inside TLS", Stage::Ehlo, tls()),
        point(
            "AUTH",
            Stage::Auth,
            inside(Vec::from([Server("250-x\r\n250 AUTH PLAIN\r\n"), AUTH])),
        ),
        point("rest", Stage::Idle, inside(Vec::from([OLD]))),
        point(
            "NOOP",
            Stage::Command,
            inside(Vec::from([OLD, Do(|c| c.command(Command::Noop))])),
        ),
        point("RSET", Stage::Rset, inside(refused())),
        point("MAIL", Stage::Mail, inside(Vec::from([OLD, ONE]))),
        point(
            "RCPT",
            Stage::Rcpt,
            inside(Vec::from([OLD, ONE, Server("250 ok\r\n")])),
        ),
        point(
            "DATA",
            Stage::Data,
            inside(Vec::from([PIPELINING, ONE, Server("250 ok\r\n250 ok\r\n")])),
        ),
        point("message", Stage::Body, inside(data())),
        point("before the dot", Stage::Body, inside(complete().collect())),
        point(
            "after the dot",
            Stage::Final,
            inside(complete().chain([COMMIT]).collect()),
        ),
        point("piece", Stage::Body, inside(piece())),
        point(
            "after the last piece",
            Stage::Final,
            inside(
                piece()
                    .into_iter()
                    .chain([Server("250 ok\r\n"), COMMIT])
                    .collect(),
            ),
        ),
    ])
}

fn play_with(point: &mut ReplyPoint, what: Vec<u8>) -> Played<Event, Error> {
    point.before.push(ServerBytes(what));
    talk_starttls(&point.before)
}

/// Returns whether a message is in progress at that point, so that it has an outcome.
fn has_message(point: &ReplyPoint) -> bool {
    point.stage == Stage::Rset || point.stage >= Stage::Mail
}

fn last_outcome(played: &Played<Event, Error>) -> Option<&Outcome> {
    played.events.iter().rev().find_map(|event| match event {
        Event::Outcome(outcome) => Some(outcome),
        _ => None,
    })
}

// docs/protocols.md, SMTP: 421
#[test]
fn reply_421_is_reported_at_every_stage() {
    for mut point in points() {
        let played = play_with(&mut point, b"421 4.3.2 bye\r\n".to_vec());
        let refusal = reply(421, "4.3.2 bye");
        let expected = Error::Rejected {
            stage: point.stage,
            reply: refusal.clone(),
        };
        assert_eq!(played.failure, Some(expected), "{}", point.name);
        match last_outcome(&played) {
            None => assert!(!has_message(&point), "{}", point.name),
            // The first message was refused, the second one was not begun.
            Some(Outcome::NotSent { cause, .. }) => {
                assert_eq!(point.stage, Stage::Rset);
                assert_eq!(
                    *cause,
                    Cause::Rejected {
                        stage: Stage::Rset,
                        reply: refusal
                    }
                );
            }
            Some(Outcome::Rejected { stage, reply, .. }) => {
                assert_eq!((*stage, reply), (point.stage, &refusal), "{}", point.name);
            }
            Some(other) => panic!("{}: {other:?}", point.name),
        }
    }
}

// docs/protocols.md, SMTP: 4yz and 5yz
#[test]
fn transient_and_permanent_refusals_are_reported_with_their_text_at_every_stage() {
    for refusal in [
        "450 4.3.0 not now",
        "454 4.7.0 not now",
        "550 5.7.1 no",
        "599 no",
    ] {
        for mut point in points() {
            let played = play_with(&mut point, format!("{refusal}\r\n").into_bytes());
            let name = point.name;
            let shown = format!("{played:?}");
            match point.stage {
                // No command is pending.
                Stage::Idle => assert!(shown.contains("UnsolicitedReply"), "{name}: {shown}"),
                Stage::Auth => assert!(shown.contains("AuthenticationRefused"), "{name}: {shown}"),
                Stage::Command => assert!(shown.contains("Answered"), "{name}: {shown}"),
                Stage::Greeting | Stage::Ehlo | Stage::StartTls => {
                    assert!(
                        matches!(played.failure, Some(Error::Rejected { .. })),
                        "{name}"
                    );
                }
                Stage::Rset => {
                    let outcome = last_outcome(&played);
                    assert!(
                        matches!(outcome, Some(Outcome::NotSent { .. })),
                        "{name}: {shown}"
                    );
                }
                stage => {
                    let Some(Outcome::Rejected {
                        stage: at, reply, ..
                    }) = last_outcome(&played)
                    else {
                        panic!("{name}: {shown}");
                    };
                    assert_eq!((*at, &*format!("{reply}")), (stage, refusal), "{name}");
                }
            }
        }
    }
}

#[test]
fn mixed_codes_and_malformed_replies_end_the_session_at_every_stage() {
    for (text, kind) in [
        (
            "250-ok\r\n550 no\r\n",
            Misbehaviour::MixedCodes {
                first: 250,
                second: 550,
            },
        ),
        ("hello\r\n", Misbehaviour::MalformedReply),
        ("\r\n", Misbehaviour::MalformedReply),
        ("+OK\r\n", Misbehaviour::MalformedReply),
    ] {
        for mut point in points() {
            let played = play_with(&mut point, text.as_bytes().to_vec());
            assert_eq!(
                played.failure,
                Some(Error::PeerMisbehaved(kind.clone())),
                "{}",
                point.name
            );
            let is_committed = point.stage == Stage::Final;
            match last_outcome(&played) {
                None => assert!(!has_message(&point), "{}", point.name),
                Some(Outcome::Unknown { .. }) => assert!(is_committed, "{}", point.name),
                Some(Outcome::NotSent { .. }) => assert!(!is_committed, "{}", point.name),
                Some(other) => panic!("{}: {other:?}", point.name),
            }
        }
    }
}

// docs/protocols.md, SMTP: replies
#[test]
fn a_line_or_a_reply_without_end_stops_at_its_limit_at_every_stage() {
    for mut point in points() {
        let line = [b"250-".as_slice(), &[b'x'; 70_000]].concat();
        let played = play_at_once(&mut point, &line);
        let over = OverLimit {
            what: "reply line",
            max: 65_536,
        };
        assert_eq!(played, Some(Error::Limit(over)), "{}", point.name);
    }
    for mut point in points() {
        let played = play_at_once(&mut point, &b"250-x\r\n".repeat(101));
        let over = OverLimit {
            what: "lines of a reply",
            max: 100,
        };
        assert_eq!(played, Some(Error::Limit(over)), "{}", point.name);
    }
}

/// Plays up to the point and feeds `what` at once; playing it at every cut takes minutes.
fn play_at_once(point: &mut ReplyPoint, what: &[u8]) -> Option<Error> {
    let mut client = client(Tls::StartTls);
    for next in &point.before {
        match next {
            Server(text) => client.feed(text.as_bytes()),
            Upgrade => client.upgraded(),
            Do(act) => act(&mut client),
            _ => {
                client.body(crate::BodyChunk::Data(bytes::Bytes::from_static(b"a")));
                client.body(crate::BodyChunk::End);
            }
        }
        settle(&mut client);
    }
    client.feed(what);
    settle(&mut client)
}

fn settle(client: &mut Client) -> Option<Error> {
    loop {
        match client.step() {
            Ok(Step::NeedInput | Step::NeedBody { .. } | Step::StartTls | Step::Done) => {
                return None;
            }
            Ok(_) => {}
            Err(error) => return Some(error),
        }
    }
}

// docs/protocols.md, SMTP: PIPELINING
#[test]
fn replies_received_before_their_commands_are_errors() {
    // Fed at once, because split input does not show when each reply was received.
    let mut client = client(Tls::Implicit);
    for text in ["220 x\r\n", "250 x\r\n"] {
        client.feed(text.as_bytes());
        assert_eq!(settle(&mut client), None);
    }
    client.send(envelope(&["jones@foo.example", "green@foo.example"]));
    assert_eq!(settle(&mut client), None);
    client.feed(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    let unsolicited = Misbehaviour::UnsolicitedReply { code: 250 };
    assert_eq!(
        settle(&mut client),
        Some(Error::PeerMisbehaved(unsolicited))
    );
}

#[test]
fn a_second_reply_to_the_message_does_not_change_the_outcome() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        ONE,
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        COMMIT,
        Server("250 done\r\n554 changed my mind\r\n"),
    ]);
    let done = reply(250, "done");
    assert!(matches!(outcome(&played), Outcome::Accepted { reply, .. } if *reply == done));
    let unsolicited = Misbehaviour::UnsolicitedReply { code: 554 };
    assert_eq!(played.failure, Some(Error::PeerMisbehaved(unsolicited)));
}

#[test]
fn a_message_queued_after_the_end_of_the_session_has_an_outcome() {
    let ends: [&[Move<Client>]; 3] = [
        &[GREETING, OLD, Do(Client::quit), Server("221 bye\r\n"), ONE],
        &[GREETING, OLD, Do(Client::quit), ONE, Server("221 bye\r\n")],
        &[Server("554 no\r\n"), ONE],
    ];
    for moves in ends {
        let played = talk(moves);
        let Outcome::NotSent {
            stage: Stage::Idle,
            cause,
            ..
        } = outcome(&played)
        else {
            panic!("{played:?}");
        };
        assert_eq!(*cause, Cause::ConnectionClosed);
        assert!(!played.sent.contains("MAIL"));
    }
}

#[test]
fn an_uncommitted_body_is_logged_once_in_the_transcript() {
    for commits in [false, true] {
        let mut moves = Vec::from([
            GREETING,
            PIPELINING,
            ONE,
            Server("250 ok\r\n250 ok\r\n354 go\r\n"),
            Body(&["abc"]),
        ]);
        if commits {
            moves.push(COMMIT);
        }
        moves.push(Move::Eof);
        let played = talk(&moves);
        let bodies = played
            .transcript
            .iter()
            .filter(|line| line.ends_with("bytes]"));
        let bodies: Vec<&String> = bodies.collect();
        assert_eq!(bodies, ["> [5 bytes]"]);
    }
}
