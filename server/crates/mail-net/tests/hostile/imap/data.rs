//! Responses to the wrong command, false data, and data without limit.

use mail_proto::OverLimit;
use mail_proto::imap::selected::Change;
use mail_proto::imap::{Error, Incompatibility, Misbehaviour, SequenceNumber, Status, UidValidity};
use mail_proto::sasl::SaslError;

use super::sign_in::broken;
use super::{
    APPEND_BYTES, BODY_BYTES, Imap, P, Position, completes, fails, hits_silence_deadline, uid,
};
use crate::case::{Action, Class, Expected, Input, Position as _, Protocol as _, Table, send};

const NOT_A_REPLY: &str = "a handshake has no words: TlsGarbage";

pub(super) fn fill(table: &mut Table<Imap>) {
    tags(table);
    unasked(table);
    early(table);
    sizes(table);
    nesting(table);
    floods(table);
    expunged(table);
    uid_validity(table);
}

fn unknown_tag(tag: impl Into<String>) -> Expected<Imap> {
    fails(Error::PeerMisbehaved(Misbehaviour::UnknownTag(tag.into())))
}

fn no_greeting(line: &str) -> Expected<Imap> {
    let line = line.to_owned();
    fails(Error::PeerMisbehaved(Misbehaviour::NotAGreeting(line)))
}

/// Returns the tag of the command that is answered at this place.
fn tag_of(position: Position) -> String {
    let mut tags = 0;
    for turn in Imap::turns(position, position.mode()) {
        tags += usize::from(matches!(turn.input, Input::Line(_)));
        if turn.position == position {
            break;
        }
    }
    format!("r{tags}")
}

fn tags(table: &mut Table<Imap>) {
    for (class, tag) in [(Class::WrongTag, "zz9"), (Class::FutureTag, "r99")] {
        let replies = Position::replies();
        let script = [send(format!("{tag} OK done\r\n"))];
        table.each(class, &replies, &script, |position| match position {
            P::Greeting => no_greeting(tag),
            _ => unknown_tag(tag),
        });
        table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    }
    let untagged = [
        P::Greeting,
        P::Challenge,
        P::ScramFirst,
        P::ScramProof,
        P::CramMd5,
        P::AppendReady,
        P::Idle,
        P::Idling,
    ];
    let class = Class::DoubleTag;
    for position in Position::replies()
        .into_iter()
        .filter(|position| !untagged.contains(position))
    {
        let expected = match position {
            P::StartTls => fails(Error::PeerMisbehaved(Misbehaviour::PlaintextBehindStartTls)),
            P::Logout => continue,
            position => unknown_tag(tag_of(position)),
        };
        let script = vec![Action::Valid, send("% OK again\r\n")];
        table.case(class, position, script, expected);
    }
    table.exclude(class, &untagged, "a greeting, a `+` and data have no tag");
    table.exclude(class, &[P::Logout], "nobody listens any more");
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
}

fn unasked(table: &mut Table<Imap>) {
    let class = Class::Unasked;
    let stray = "+ go on\r\n* 5 SURPRISES\r\n* SEARCH 1 2\r\n";
    for position in Position::replies() {
        let before = vec![send(stray), Action::Valid];
        let behind = vec![Action::Valid, send(stray)];
        let (script, expected) = match position {
            P::Greeting => (before, no_greeting("go on")),
            // The client ignores data sent before TLS.
            P::PlainCapability | P::StartTls => {
                (before, completes(|seen| assert_eq!(seen.unknown, 0)))
            }
            // Here the client waits for a `+`; the second one is unsolicited.
            P::AppendReady | P::Idle => (behind, completes(|seen| assert_eq!(seen.unknown, 2))),
            // The client cancels a challenge that PLAIN does not have (RFC 9051 §6.2.2).
            P::Challenge => continue,
            P::ScramFirst | P::ScramProof => (behind, broken(SaslError::MalformedChallenge)),
            // The client answers only one challenge: with a second response the server would have
            // two digests of one password.
            P::CramMd5 => (
                vec![
                    Action::Valid,
                    Action::Await(Input::Bare("YW5uQHBlZXIudGVzd")),
                    send("+ PG90aGVyQHBlZXIudGVzdD4=\r\n"),
                    Action::Await(Input::Bare("*")),
                    send("% NO cancelled\r\n"),
                    Action::EndCommand,
                ],
                completes(|seen| assert_eq!(seen.signed_in, Some(Status::No))),
            ),
            // The server reports the error of a token in a challenge (RFC 7628 §3.2.3).
            P::Token => (
                vec![
                    send("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
                    Action::Await(Input::Bare("AQ==")),
                    send("% NO [AUTHENTICATIONFAILED] expired\r\n"),
                ],
                completes(|seen| assert_eq!(seen.signed_in, Some(Status::No))),
            ),
            P::Authenticate => (
                vec![
                    send("+ more\r\n"),
                    Action::Await(Input::Bare("*")),
                    send("% NO cancelled\r\n"),
                ],
                completes(|seen| assert_eq!(seen.signed_in, Some(Status::No))),
            ),
            _ => (before, completes(|seen| assert_eq!(seen.unknown, 2))),
        };
        table.case(class, position, script, expected);
    }
    table.exclude(class, &[P::Challenge], "a second challenge: Authenticate");
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
}

fn early(table: &mut Table<Imap>) {
    let class = Class::Early;
    let ok = || vec![send("% OK done\r\n"), Action::EndCommand];
    for position in Position::ALL {
        let expected = match position {
            P::PlainCapability => fails(Error::PeerIncompatible(Incompatibility::NoStartTls)),
            P::Capability | P::CapabilityInTls => {
                fails(Error::PeerIncompatible(Incompatibility::NoImap4))
            }
            P::ScramFirst | P::ScramProof => broken(SaslError::ServerUnproven),
            P::Logout => completes(|seen| assert_eq!(seen.bye, None)),
            _ => continue,
        };
        table.case(class, *position, ok(), expected);
    }
    // Accepted before the client has sent a byte of it.
    let too_early = || {
        fails(Error::PeerMisbehaved(Misbehaviour::DoneTooEarly(
            "r3".to_owned(),
        )))
    };
    table.case(class, P::AppendReady, ok(), too_early());
    // The server counts the bytes of the body: the client sends all of them, whatever the server
    // answers.
    let script = vec![
        Action::Valid,
        send("% OK appended\r\n"),
        Action::Await(Input::Bytes(APPEND_BYTES + 2)),
        Action::Commit,
        Action::EndCommand,
    ];
    let appended = completes(|seen| {
        assert!(seen.is_append_sent);
        assert_eq!(seen.completed, Some(Status::Ok));
    });
    table.variant(class, P::AppendReady, "in_the_body", script, appended);
    let has_case = |position: &Position| {
        table
            .cases
            .iter()
            .any(|case| case.class == class && case.position == *position)
    };
    let others: Vec<Position> = Position::replies()
        .into_iter()
        .filter(|position| !has_case(position))
        .collect();
    table.exclude(
        class,
        &others,
        "an OK is no promise that anything comes with it",
    );
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
}

fn sizes(table: &mut Table<Imap>) {
    let class = Class::LyingSize;
    let replies = Position::replies();
    // 2^63 - 1 bytes are announced, 1 byte follows.
    let huge = [send("* X {9223372036854775807}\r\nx"), Action::Stall];
    table.each(class, &replies, &huge, |position| match position {
        P::Greeting => no_greeting(""),
        P::Idle | P::Idling => super::silent_in_idle(),
        position => hits_silence_deadline(position.phase()),
    });
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    let body = |announced: usize| {
        let body = "x".repeat(BODY_BYTES);
        vec![send(format!(
            "* 2 FETCH (UID 2 BODY[] {{{announced}}}\r\n{body})\r\n% OK fetched\r\n"
        ))]
    };
    let too_long = hits_silence_deadline(P::FetchBody.phase()).and(|seen| {
        assert_eq!((seen.completed, seen.is_body_whole), (None, false));
    });
    let script = body(BODY_BYTES + 1000);
    table.variant(class, P::FetchBody, "too_long", script, too_long);
    let too_short = completes(|seen| {
        assert!(seen.is_body_whole);
        assert_eq!(seen.body.len(), BODY_BYTES - 1000);
    });
    let script = body(BODY_BYTES - 1000);
    table.variant(class, P::FetchBody, "too_short", script, too_short);
    // Numbers out of range.
    let script = vec![
        send("* 4294967296 EXISTS\r\n* 4294967295 EXISTS\r\n* 99999999999999999999 EXISTS\r\n"),
        send("* 1 FETCH (RFC822.SIZE 18446744073709551616 UID 4294967296)\r\n"),
        send("% OK selected\r\n"),
    ];
    let expected = completes(|seen| {
        assert_eq!(seen.mailbox.exists(), u32::MAX);
        assert_eq!((seen.unknown, seen.fetched), (2, 1));
    });
    table.variant(class, P::Select, "in_numbers", script, expected);

    // Modification sequences that decrease, and invalid ones.
    let script = vec![
        send("* 3 EXISTS\r\n* OK [UIDVALIDITY 7] same\r\n* OK [HIGHESTMODSEQ 1] back\r\n"),
        send("* OK [HIGHESTMODSEQ 18446744073709551616] beyond\r\n* OK [HIGHESTMODSEQ 0] none\r\n"),
        send("* 1 FETCH (UID 1 FLAGS () MODSEQ (18446744073709551616))\r\n"),
        send("* 2 FETCH (UID 2 FLAGS () MODSEQ ())\r\n% OK selected\r\n"),
    ];
    let expected = completes(|seen| {
        assert_eq!((seen.completed, seen.fetched), (Some(Status::Ok), 2));
    });
    table.variant(class, P::Resync, "in_mod_seq", script, expected);

    // A result of 2^32 - 1 messages.
    let script = vec![send(
        "* ESEARCH (TAG \"%\") UID ALL 1:4294967295\r\n% OK found\r\n",
    )];
    let all = completes(|seen| assert_eq!(seen.found, 4_294_967_295));
    table.variant(class, P::Search, "of_what_is_found", script, all);

    let cut = [send("* X {10}\r\nabc"), Action::Fin];
    let closed = |_| fails(Error::Closed).and(|seen| assert_eq!(seen.unknown, 0));
    table.each(Class::CutLiteral, &replies, &cut, closed);
    let cut = vec![Action::HalfOfValid, Action::Rst];
    let half = fails(Error::Closed).and(|seen| {
        assert!(!seen.is_body_whole);
        assert_eq!(seen.completed, None);
    });
    table.variant(Class::CutLiteral, P::FetchBody, "of_a_body", cut, half);
    table.exclude(Class::CutLiteral, Position::HANDSHAKES, NOT_A_REPLY);
}

fn nesting(table: &mut Table<Imap>) {
    let class = Class::Nesting;
    let over = |_| {
        fails(Error::Limit(OverLimit {
            what: "list nesting",
            max: 100,
        }))
    };
    let replies = Position::replies();
    let bomb = [send(format!("* X {}\r\n", "(".repeat(101)))];
    table.each(class, &replies, &bomb, over);
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    let deep = format!(
        "* 1 FETCH (BODYSTRUCTURE {}{})\r\n",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    // Data of one message: it is reported as too large, and the session continues.
    let degraded = completes(|seen| assert!(seen.has_too_large, "{seen:?}"));
    let script = vec![send(deep), Action::Valid];
    table.variant(class, P::Fetch, "in_bodystructure", script, degraded);
    // By literals, so that no line is long.
    let expected = over(P::List);
    let script = vec![
        Action::Repeat("* LIST (((( {1}\r\nx", 1),
        Action::Endless("(((( {1}\r\nx"),
    ];
    table.variant(class, P::List, "through_literals", script, expected);
}

/// Number of folders on the largest file servers.
const FOLDERS: usize = 50_000;
const FLOOD: usize = 2_000;

fn floods(table: &mut Table<Imap>) {
    let class = Class::Flood;
    let line = "* LIST (\\HasNoChildren) \"/\" \"a folder with the number #\"\r\n";
    for position in Position::replies() {
        let (script, expected) = match position {
            P::Greeting => (
                vec![Action::Valid, Action::Repeat(line, FLOOD)],
                completes(|seen| assert_eq!(seen.mailboxes, FLOOD)),
            ),
            P::PlainCapability | P::StartTls => (
                vec![Action::Repeat(line, FLOOD), Action::Valid],
                completes(|seen| assert_eq!(seen.mailboxes, 0)),
            ),
            P::List => (
                vec![Action::Repeat(line, FOLDERS), Action::Valid],
                completes(|seen| assert_eq!(seen.mailboxes, FOLDERS + 2)),
            ),
            _ => (
                vec![Action::Repeat(line, FLOOD), Action::Valid],
                completes(|seen| assert_eq!(seen.mailboxes, FLOOD)),
            ),
        };
        table.case(class, position, script, expected);
    }
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    let numbers: String = (100_000..230_000).map(|n| format!(" {n}")).collect();
    let script = vec![send(format!("* SEARCH{numbers}\r\n% OK found\r\n"))];
    let found = completes(|seen| assert_eq!(seen.found, 130_000));
    table.variant(class, P::Search, "of_numbers", script, found);
    for (variant, unit) in [
        ("of_values", "a "),
        ("of_empty_lists", "()"),
        ("of_lists", "(a)"),
        ("of_deep_lists", "((((((((a))))))))"),
    ] {
        let units = unit.repeat(((1 << 20) - 32) / unit.len());
        let script = vec![send(format!("* 1 FETCH ({units})\r\n")), Action::Valid];
        let degraded = completes(|seen| assert!(seen.has_too_large, "{seen:?}"));
        table.variant(class, P::Fetch, variant, script, degraded);
        let over = fails(Error::Limit(OverLimit {
            what: "values of a response",
            max: 250_000,
        }));
        let script = vec![send(format!("* X ({units})\r\n"))];
        table.variant(class, P::List, variant, script, over);
    }
    // A literal that is buffered for each of the bytes that a response may have.
    let script = vec![send("* LIST"), Action::Endless(" {1}\r\nx")];
    let over = fails(Error::Limit(OverLimit {
        what: "IMAP response",
        max: 1 << 20,
    }));
    table.variant(class, P::List, "of_literals", script, over);
}

/// The places after sign-in at which no mailbox is selected.
const NOT_SELECTED: &[Position] = &[
    P::Id,
    P::Enable,
    P::Create,
    P::Delete,
    P::Rename,
    P::Subscribe,
    P::Quota,
    P::AppendReady,
    P::Append,
    P::Compress,
    P::Compressed,
    P::Logout,
];

fn seq(number: u32) -> SequenceNumber {
    SequenceNumber::new(number).unwrap()
}

fn expunged(table: &mut Table<Imap>) {
    let class = Class::ExpungeMeanwhile;
    let script = [
        send("* 0 EXPUNGE\r\n* 4294967295 EXPUNGE\r\n* 2 EXPUNGE\r\n"),
        Action::Valid,
    ];
    let in_mailbox: Vec<Position> = Position::ALL
        .iter()
        .copied()
        .filter(|position| position.is_in_mailbox())
        .collect();
    table.each(class, &in_mailbox, &script, |position| {
        if position == P::Move {
            // The honest response holds three more.
            return completes(|seen| assert_eq!(seen.changes.len(), 4, "{:?}", seen.changes));
        }
        completes(|seen| {
            let expunged = |change: &&Change| matches!(change, Change::Expunged { seq: at, .. } if *at == seq(2));
            assert_eq!(seen.changes.iter().filter(expunged).count(), 1, "{:?}", seen.changes);
        })
    });
    let script = vec![send(
        "* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ())\r\n* 2 EXPUNGE\r\n\
         * 2 FETCH (UID 3 FLAGS ())\r\n* 3 FETCH (UID 9 FLAGS ())\r\n% OK fetched\r\n",
    )];
    let moved_up = completes(|seen| {
        let mut mailbox = seen.mailbox.clone();
        assert_eq!(mailbox.exists(), 2);
        assert_eq!(mailbox.seq_of(uid(2)), None, "gone");
        assert_eq!(mailbox.uid_at(seq(2)), Some(uid(3)), "moved up");
        assert_eq!(mailbox.seq_of(uid(9)), None, "there is no third place");
    });
    table.variant(class, P::Fetch, "between_rows", script, moved_up);
    // More messages vanish than ever existed.
    for (variant, uids) in [
        ("vanished", "1:4294967295"),
        ("vanished_backwards", "4294967295:1"),
    ] {
        let script = vec![
            send(format!(
                "* 1 FETCH (UID 1 FLAGS ())\r\n* VANISHED {uids}\r\n"
            )),
            Action::Valid,
        ];
        let none = completes(|seen| {
            let mut mailbox = seen.mailbox.clone();
            assert_eq!(mailbox.exists(), 0);
            assert_eq!(mailbox.seq_of(uid(1)), None);
        });
        table.variant(class, P::Noop, variant, script, none);
    }
    // Before EXISTS there is no message to expunge.
    let script = vec![send("* 1 EXPUNGE\r\n"), Action::Valid];
    let whole = completes(|seen| assert_eq!(seen.mailbox.exists(), 3));
    table.case(class, P::Select, script, whole);
    // VANISHED (EARLIER) does not change the count, whatever its size.
    let script = vec![
        send("* VANISHED (EARLIER) 1:4294967295\r\n* VANISHED (EARLIER) 4294967295:1\r\n"),
        Action::Valid,
    ];
    let whole = completes(|seen| assert_eq!(seen.mailbox.exists(), 3));
    table.case(class, P::Resync, script, whole);
    table.exclude(class, Position::UNSELECTED, "no mailbox is selected");
    table.exclude(class, Position::BEFORE_TLS, "no mailbox is selected");
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    table.exclude(class, NOT_SELECTED, "no mailbox is selected");
}

fn uid_validity(table: &mut Table<Imap>) {
    let class = Class::UidValidity;
    let changed = || {
        completes(|seen| {
            let (before, now) = (UidValidity::new(7).unwrap(), UidValidity::new(8).unwrap());
            assert!(
                seen.changes.contains(&Change::UidValidity { before, now }),
                "{:?}",
                seen.changes
            );
        })
    };
    let script = [send("* OK [UIDVALIDITY 8] all is new\r\n"), Action::Valid];
    let in_mailbox: Vec<Position> = Position::ALL
        .iter()
        .copied()
        .filter(|position| [P::Select, P::Resync].contains(position) || position.is_in_mailbox())
        .collect();
    table.each(class, &in_mailbox, &script, |_| changed());
    let script = vec![send(
        "* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ())\r\n\
         % OK [UIDVALIDITY 8] fetched\r\n",
    )];
    let cleared = completes(|seen| {
        let mut mailbox = seen.mailbox.clone();
        assert_eq!(mailbox.seq_of(uid(1)), None);
        assert_eq!(mailbox.seq_of(uid(2)), None);
    });
    table.variant(class, P::Fetch, "behind_rows", script, cleared);
    table.exclude(class, Position::UNSELECTED, "no mailbox is selected");
    table.exclude(class, Position::BEFORE_TLS, "no mailbox is selected");
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    table.exclude(class, NOT_SELECTED, "no mailbox is selected");
}
