//! The same failures at every stage of a session.

use alloc::format;
use alloc::string::String;

use super::transaction::{BOTH, COMMIT, GREETING, ONE, PIPELINING};
use super::*;
use crate::{Machine as _, OverLimit, Step};
use Move::{Body, Do, Server, ServerBytes, Upgrade};

/// A point of a session where the client expects a reply.
struct Place {
    name: &'static str,
    stage: Stage,
    before: Vec<Move<Client>>,
}

fn place(
    name: &'static str,
    stage: Stage,
    before: impl IntoIterator<Item = Move<Client>>,
) -> Place {
    let before = before.into_iter().collect();
    Place {
        name,
        stage,
        before,
    }
}

const STARTTLS: Move<Client> = Server("250-x\r\n250 STARTTLS\r\n");
const OLD: Move<Client> = Server("250 x\r\n");
const AUTH: Move<Client> = Do(|c| c.authenticate(credentials()));

/// Returns every such point, before and after STARTTLS.
fn places() -> Vec<Place> {
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
    let given = || data().into_iter().chain([Body(&["a"])]);
    let piece = || Vec::from([BOTH, ONE, Server("250 ok\r\n250 ok\r\n"), Body(&["a"])]);
    Vec::from([
        place("greeting", Stage::Greeting, []),
        place("EHLO", Stage::Ehlo, [GREETING]),
        place("HELO", Stage::Ehlo, [GREETING, Server("502 what\r\n")]),
        place("STARTTLS", Stage::StartTls, [GREETING, STARTTLS]),
        place("EHLO inside TLS", Stage::Ehlo, tls()),
        place(
            "AUTH",
            Stage::Auth,
            inside(Vec::from([Server("250-x\r\n250 AUTH PLAIN\r\n"), AUTH])),
        ),
        place("rest", Stage::Idle, inside(Vec::from([OLD]))),
        place(
            "NOOP",
            Stage::Command,
            inside(Vec::from([OLD, Do(|c| c.command(Command::Noop))])),
        ),
        place("RSET", Stage::Rset, inside(refused())),
        place("MAIL", Stage::Mail, inside(Vec::from([OLD, ONE]))),
        place(
            "RCPT",
            Stage::Rcpt,
            inside(Vec::from([OLD, ONE, Server("250 ok\r\n")])),
        ),
        place(
            "DATA",
            Stage::Data,
            inside(Vec::from([PIPELINING, ONE, Server("250 ok\r\n250 ok\r\n")])),
        ),
        place("message", Stage::Body, inside(data())),
        place("before the dot", Stage::Body, inside(given().collect())),
        place(
            "after the dot",
            Stage::Final,
            inside(given().chain([COMMIT]).collect()),
        ),
        place("piece", Stage::Body, inside(piece())),
        place(
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

fn meet(place: &mut Place, what: Vec<u8>) -> Played<Event, Error> {
    place.before.push(ServerBytes(what));
    talk_starttls(&place.before)
}

/// Returns whether a message is in progress at that point, so that it has an outcome.
fn has_message(place: &Place) -> bool {
    place.stage == Stage::Rset || place.stage >= Stage::Mail
}

fn last_outcome(played: &Played<Event, Error>) -> Option<&Outcome> {
    played.events.iter().rev().find_map(|event| match event {
        Event::Outcome(outcome) => Some(outcome),
        _ => None,
    })
}

// docs/protocols.md, SMTP: 421
#[test]
fn going_away_with_421_is_told_at_every_place() {
    for mut place in places() {
        let played = meet(&mut place, b"421 4.3.2 bye\r\n".to_vec());
        let words = reply(421, "4.3.2 bye");
        let expected = Error::Rejected {
            stage: place.stage,
            reply: words.clone(),
        };
        assert_eq!(played.failure, Some(expected), "{}", place.name);
        match last_outcome(&played) {
            None => assert!(!has_message(&place), "{}", place.name),
            // The first message was refused, the second one was not begun.
            Some(Outcome::NotSent { cause, .. }) => {
                assert_eq!(place.stage, Stage::Rset);
                assert_eq!(
                    *cause,
                    Cause::Rejected {
                        stage: Stage::Rset,
                        reply: words
                    }
                );
            }
            Some(Outcome::Rejected { stage, reply, .. }) => {
                assert_eq!((*stage, reply), (place.stage, &words), "{}", place.name);
            }
            Some(other) => panic!("{}: {other:?}", place.name),
        }
    }
}

// docs/protocols.md, SMTP: 4yz and 5yz
#[test]
fn refusals_for_now_and_for_good_are_told_in_their_words_at_every_place() {
    for words in [
        "450 4.3.0 not now",
        "454 4.7.0 not now",
        "550 5.7.1 no",
        "599 no",
    ] {
        for mut place in places() {
            let played = meet(&mut place, format!("{words}\r\n").into_bytes());
            let name = place.name;
            let shown = format!("{played:?}");
            match place.stage {
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
                    assert_eq!((*at, &*format!("{reply}")), (stage, words), "{name}");
                }
            }
        }
    }
}

#[test]
fn mixed_codes_and_words_of_no_protocol_end_it_at_every_place() {
    for (words, kind) in [
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
        for mut place in places() {
            let played = meet(&mut place, words.as_bytes().to_vec());
            assert_eq!(
                played.failure,
                Some(Error::PeerMisbehaved(kind.clone())),
                "{}",
                place.name
            );
            let is_committed = place.stage == Stage::Final;
            match last_outcome(&played) {
                None => assert!(!has_message(&place), "{}", place.name),
                Some(Outcome::Unknown { .. }) => assert!(is_committed, "{}", place.name),
                Some(Outcome::NotSent { .. }) => assert!(!is_committed, "{}", place.name),
                Some(other) => panic!("{}: {other:?}", place.name),
            }
        }
    }
}

// docs/protocols.md, SMTP: replies
#[test]
fn a_line_or_a_reply_without_end_stops_at_its_limit_at_every_place() {
    for mut place in places() {
        let line = [b"250-".as_slice(), &[b'x'; 70_000]].concat();
        let played = only_whole(&mut place, &line);
        let over = OverLimit {
            what: "reply line",
            max: 65_536,
        };
        assert_eq!(played, Some(Error::Limit(over)), "{}", place.name);
    }
    for mut place in places() {
        let played = only_whole(&mut place, &b"250-x\r\n".repeat(101));
        let over = OverLimit {
            what: "lines of a reply",
            max: 100,
        };
        assert_eq!(played, Some(Error::Limit(over)), "{}", place.name);
    }
}

/// Plays up to the point and feeds `what` at once; playing it at every cut takes minutes.
fn only_whole(place: &mut Place, what: &[u8]) -> Option<Error> {
    let mut client = client(Tls::StartTls);
    for next in &place.before {
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
fn replies_that_are_there_before_their_commands_are_not_taken_for_theirs() {
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
fn a_second_answer_to_the_message_changes_nothing_of_the_first() {
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
fn a_message_asked_for_after_the_end_has_its_outcome_too() {
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
        assert!(!played.said.contains("MAIL"));
    }
}

#[test]
fn a_body_left_unsaid_is_told_once_in_the_transcript() {
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
