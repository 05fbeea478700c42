//! Messages whose session ends too early.

use super::transaction::{COMMIT, GREETING, ONE, PIPELINING, one};
use super::*;
use Move::{Body, Do, Eof, Server};

#[test]
fn aborting_before_the_dot_sends_none_and_drops_the_connection() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        ONE,
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["a"]),
        Do(Client::abort),
        COMMIT,
    ]);
    let recipients = one(accepted(250, "ok"));
    let (stage, cause) = (Stage::Body, Cause::Aborted);
    assert_eq!(
        outcome(&played),
        &Outcome::NotSent {
            stage,
            cause,
            recipients
        }
    );
    assert_eq!(played.failure, Some(Error::Aborted));
    assert!(played.sent.ends_with("DATA\r\na\r\n"));
}

// docs/protocols.md, SMTP: MAIL, RCPT, DATA
#[test]
fn a_nul_in_the_message_aborts_it() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        ONE,
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        Body(&["fine\r\n", "a\0b"]),
    ]);
    let Outcome::NotSent {
        stage: Stage::Body,
        cause: Cause::NulInBody,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    assert_eq!(played.failure, Some(Error::NulInBody));
    assert!(!played.sent.contains('\0') && !played.sent.ends_with(".\r\n"));
}

// docs/protocols.md, SMTP: result of a send
#[test]
fn a_drop_before_the_dot_is_not_sent() {
    let drops: [(&Moves, Stage); 4] = [
        (&[GREETING, PIPELINING, ONE, Eof], Stage::Mail),
        (
            &[GREETING, PIPELINING, ONE, Server("250 ok\r\n"), Eof],
            Stage::Rcpt,
        ),
        (
            &[
                GREETING,
                PIPELINING,
                ONE,
                Server("250 ok\r\n250 ok\r\n"),
                Eof,
            ],
            Stage::Data,
        ),
        (
            &[
                GREETING,
                PIPELINING,
                ONE,
                Server("250 ok\r\n250 ok\r\n354 go\r\n"),
                Body(&["a"]),
                Eof,
            ],
            Stage::Body,
        ),
    ];
    for (moves, at) in drops {
        let played = talk(moves);
        let Outcome::NotSent {
            stage,
            cause: Cause::ConnectionClosed,
            ..
        } = outcome(&played)
        else {
            panic!("{played:?}");
        };
        assert_eq!(*stage, at);
        assert_eq!(played.failure, Some(Error::Closed { stage: at }));
    }
}

#[test]
fn a_message_that_never_had_its_turn_is_not_sent() {
    let played = talk(&[ONE, GREETING, Eof]);
    let (stage, cause) = (Stage::Idle, Cause::ConnectionClosed);
    let recipients = one(RecipientResult::Unanswered);
    assert_eq!(
        outcome(&played),
        &Outcome::NotSent {
            stage,
            cause,
            recipients
        }
    );
}

const COMMITTED: [Move<Client>; 6] = [
    GREETING,
    PIPELINING,
    ONE,
    Server("250 ok\r\n250 ok\r\n354 go\r\n"),
    Body(&["a"]),
    COMMIT,
];

fn after_dot(ending: impl IntoIterator<Item = Move<Client>>) -> Played<Event, Error> {
    talk(&COMMITTED.into_iter().chain(ending).collect::<Vec<_>>())
}

// docs/protocols.md, SMTP: result of a send
#[test]
fn a_drop_after_the_final_dot_is_unknown() {
    for ending in [
        Vec::from([Eof]),
        Vec::from([Server("250 o"), Eof]),
        Vec::from([Server("250-ok\r\n"), Eof]),
    ] {
        let played = after_dot(ending);
        let recipients = one(accepted(250, "ok"));
        let cause = Cause::ConnectionClosed;
        assert_eq!(outcome(&played), &Outcome::Unknown { cause, recipients });
        assert_eq!(
            played.failure,
            Some(Error::Closed {
                stage: Stage::Final
            })
        );
    }
}

#[test]
fn a_malformed_reply_to_the_message_makes_the_outcome_unknown() {
    for text in ["hello\r\n", "354 go on\r\n", "250-ok\r\n550 no\r\n"] {
        let played = after_dot([Server(text)]);
        let Outcome::Unknown {
            cause: Cause::PeerMisbehaved(_),
            ..
        } = outcome(&played)
        else {
            panic!("{played:?}");
        };
    }
}

#[test]
fn a_reply_before_the_end_of_the_message_is_no_acceptance() {
    let early: [&Moves; 3] = [
        &[
            GREETING,
            PIPELINING,
            ONE,
            Server("250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
            Body(&["a"]),
        ],
        &[
            GREETING,
            PIPELINING,
            ONE,
            Server("250 ok\r\n250 ok\r\n354 go\r\n"),
            Body(&["a"]),
            Server("250 queued\r\n"),
            COMMIT,
        ],
        &[
            GREETING,
            PIPELINING,
            ONE,
            Server("250 ok\r\n250 ok\r\n354 go\r\n"),
            Body(&["a"]),
            Server("250 qu"),
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
        assert!(!played.sent.contains("\r\n.\r\n"));
    }
}

#[test]
fn a_refusal_amid_the_message_is_the_outcome_and_no_dot_leaves() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        ONE,
        Server("250 ok\r\n250 ok\r\n354 go\r\n"),
        Server("552 5.3.4 too big\r\n"),
        Body(&["a"]),
    ]);
    let recipients = one(accepted(250, "ok"));
    let (stage, reply) = (Stage::Body, reply(552, "5.3.4 too big"));
    assert_eq!(
        outcome(&played),
        &Outcome::Rejected {
            stage,
            reply: reply.clone(),
            recipients
        }
    );
    assert_eq!(played.failure, Some(Error::Rejected { stage, reply }));
    assert!(played.sent.ends_with("DATA\r\n"));
}

// docs/protocols.md, SMTP: 421
#[test]
fn reply_421_is_the_outcome_at_every_stage() {
    let at = |moves: &Moves, at: Stage| {
        let played = talk(moves);
        let Outcome::Rejected { stage, reply, .. } = outcome(&played) else {
            panic!("{played:?}");
        };
        assert_eq!((*stage, reply.code), (at, 421));
        assert!(matches!(played.failure, Some(Error::Rejected { .. })));
    };
    at(
        &[GREETING, PIPELINING, ONE, Server("421 bye\r\n")],
        Stage::Mail,
    );
    at(
        &[GREETING, PIPELINING, ONE, Server("250 ok\r\n421 bye\r\n")],
        Stage::Rcpt,
    );
    at(
        &[
            GREETING,
            PIPELINING,
            ONE,
            Server("250 ok\r\n250 ok\r\n421 bye\r\n"),
        ],
        Stage::Data,
    );
    let played = after_dot([Server("421 4.3.2 shutting down\r\n")]);
    assert!(matches!(
        outcome(&played),
        Outcome::Rejected {
            stage: Stage::Final,
            ..
        }
    ));
}

#[test]
fn a_server_that_refuses_all_recipients_and_disconnects_has_rejected() {
    let played = talk(&[
        GREETING,
        PIPELINING,
        ONE,
        Server("250 ok\r\n550 5.1.1 no\r\n"),
        Eof,
    ]);
    let Outcome::Rejected {
        stage: Stage::Rcpt,
        reply,
        ..
    } = outcome(&played)
    else {
        panic!("{played:?}");
    };
    assert_eq!(reply.code, 550);
}
