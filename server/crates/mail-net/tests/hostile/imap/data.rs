//! Responses to the wrong command, false data, and data without limit.

use mail_proto::OverLimit;
use mail_proto::imap::selected::Change;
use mail_proto::imap::{Error, Incompatibility, Misbehaviour, SequenceNumber, Status, UidValidity};
use mail_proto::sasl::SaslError;

use super::sign_in::broken;
use super::{APPEND_BYTES, BODY_BYTES, Imap, P, Place, fails, falls_silent, goes_on, uid};
use crate::case::{Class, Do, Expected, Hears, Place as _, Protocol as _, Table, say};

const NO_WORDS: &str = "a handshake has no words: TlsGarbage";

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
fn tag_of(place: Place) -> String {
    let mut tags = 0;
    for turn in Imap::turns(place, place.mode()) {
        tags += usize::from(matches!(turn.hears, Hears::Line(_)));
        if turn.place == place {
            break;
        }
    }
    format!("r{tags}")
}

fn tags(table: &mut Table<Imap>) {
    for (class, tag) in [(Class::WrongTag, "zz9"), (Class::FutureTag, "r99")] {
        let spoken = Place::spoken();
        let script = [say(format!("{tag} OK done\r\n"))];
        table.each(class, &spoken, &script, |place| match place {
            P::Greeting => no_greeting(tag),
            _ => unknown_tag(tag),
        });
        table.never(class, Place::HANDSHAKES, NO_WORDS);
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
    for place in Place::spoken()
        .into_iter()
        .filter(|place| !untagged.contains(place))
    {
        let expected = match place {
            P::StartTls => fails(Error::PeerMisbehaved(Misbehaviour::PlaintextBehindStartTls)),
            P::Logout => continue,
            place => unknown_tag(tag_of(place)),
        };
        let script = vec![Do::Honest, say("% OK again\r\n")];
        table.case(class, place, script, expected);
    }
    table.never(class, &untagged, "a greeting, a `+` and data have no tag");
    table.never(class, &[P::Logout], "nobody listens any more");
    table.never(class, Place::HANDSHAKES, NO_WORDS);
}

fn unasked(table: &mut Table<Imap>) {
    let class = Class::Unasked;
    let stray = "+ go on\r\n* 5 SURPRISES\r\n* SEARCH 1 2\r\n";
    for place in Place::spoken() {
        let before = vec![say(stray), Do::Honest];
        let behind = vec![Do::Honest, say(stray)];
        let (script, expected) = match place {
            P::Greeting => (before, no_greeting("go on")),
            // The client ignores data sent before TLS.
            P::PlainCapability | P::StartTls => {
                (before, goes_on(|seen| assert_eq!(seen.unknown, 0)))
            }
            // Here the client waits for a `+`; the second one is unsolicited.
            P::AppendReady | P::Idle => (behind, goes_on(|seen| assert_eq!(seen.unknown, 2))),
            // The client cancels a challenge that PLAIN does not have (RFC 9051 §6.2.2).
            P::Challenge => continue,
            P::ScramFirst | P::ScramProof => (behind, broken(SaslError::MalformedChallenge)),
            // The client answers only one challenge: with a second response the server would have
            // two digests of one password.
            P::CramMd5 => (
                vec![
                    Do::Honest,
                    Do::Hear(Hears::Bare("YW5uQHBlZXIudGVzd")),
                    say("+ PG90aGVyQHBlZXIudGVzdD4=\r\n"),
                    Do::Hear(Hears::Bare("*")),
                    say("% NO cancelled\r\n"),
                    Do::EndCommand,
                ],
                goes_on(|seen| assert_eq!(seen.signed_in, Some(Status::No))),
            ),
            // The server reports the error of a token in a challenge (RFC 7628 §3.2.3).
            P::Token => (
                vec![
                    say("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
                    Do::Hear(Hears::Bare("AQ==")),
                    say("% NO [AUTHENTICATIONFAILED] expired\r\n"),
                ],
                goes_on(|seen| assert_eq!(seen.signed_in, Some(Status::No))),
            ),
            P::Authenticate => (
                vec![
                    say("+ more\r\n"),
                    Do::Hear(Hears::Bare("*")),
                    say("% NO cancelled\r\n"),
                ],
                goes_on(|seen| assert_eq!(seen.signed_in, Some(Status::No))),
            ),
            _ => (before, goes_on(|seen| assert_eq!(seen.unknown, 2))),
        };
        table.case(class, place, script, expected);
    }
    table.never(class, &[P::Challenge], "a second challenge: Authenticate");
    table.never(class, Place::HANDSHAKES, NO_WORDS);
}

fn early(table: &mut Table<Imap>) {
    let class = Class::Early;
    let ok = || vec![say("% OK done\r\n"), Do::EndCommand];
    for place in Place::ALL {
        let expected = match place {
            P::PlainCapability => fails(Error::PeerIncompatible(Incompatibility::NoStartTls)),
            P::Capability | P::CapabilityInTls => {
                fails(Error::PeerIncompatible(Incompatibility::NoImap4))
            }
            P::ScramFirst | P::ScramProof => broken(SaslError::ServerUnproven),
            P::Logout => goes_on(|seen| assert_eq!(seen.bye, None)),
            _ => continue,
        };
        table.case(class, *place, ok(), expected);
    }
    // Accepted before the client has sent a byte of it.
    let never = || {
        fails(Error::PeerMisbehaved(Misbehaviour::DoneTooEarly(
            "r3".to_owned(),
        )))
    };
    table.case(class, P::AppendReady, ok(), never());
    // The server counts the bytes of the body: the client sends all of them, whatever the server
    // answers.
    let script = vec![
        Do::Honest,
        say("% OK appended\r\n"),
        Do::Hear(Hears::Bytes(APPEND_BYTES + 2)),
        Do::Commit,
        Do::EndCommand,
    ];
    let given = goes_on(|seen| {
        assert!(seen.is_append_given);
        assert_eq!(seen.completed, Some(Status::Ok));
    });
    table.variant(class, P::AppendReady, "in_the_body", script, given);
    let has_case = |place: &Place| {
        table
            .cases
            .iter()
            .any(|case| case.class == class && case.place == *place)
    };
    let others: Vec<Place> = Place::spoken()
        .into_iter()
        .filter(|place| !has_case(place))
        .collect();
    table.never(
        class,
        &others,
        "an OK is no promise that anything comes with it",
    );
    table.never(class, Place::HANDSHAKES, NO_WORDS);
}

fn sizes(table: &mut Table<Imap>) {
    let class = Class::LyingSize;
    let spoken = Place::spoken();
    // 2^63 - 1 bytes are announced, 1 byte follows.
    let huge = [say("* X {9223372036854775807}\r\nx"), Do::Stall];
    table.each(class, &spoken, &huge, |place| match place {
        P::Greeting => no_greeting(""),
        P::Idle | P::Idling => super::silent_in_idle(),
        place => falls_silent(place.phase()),
    });
    table.never(class, Place::HANDSHAKES, NO_WORDS);
    let body = |announced: usize| {
        let body = "x".repeat(BODY_BYTES);
        vec![say(format!(
            "* 2 FETCH (UID 2 BODY[] {{{announced}}}\r\n{body})\r\n% OK fetched\r\n"
        ))]
    };
    let too_long = falls_silent(P::FetchBody.phase()).and(|seen| {
        assert_eq!((seen.completed, seen.is_body_whole), (None, false));
    });
    let script = body(BODY_BYTES + 1000);
    table.variant(class, P::FetchBody, "too_long", script, too_long);
    let too_short = goes_on(|seen| {
        assert!(seen.is_body_whole);
        assert_eq!(seen.body.len(), BODY_BYTES - 1000);
    });
    let script = body(BODY_BYTES - 1000);
    table.variant(class, P::FetchBody, "too_short", script, too_short);
    // Numbers out of range.
    let script = vec![
        say("* 4294967296 EXISTS\r\n* 4294967295 EXISTS\r\n* 99999999999999999999 EXISTS\r\n"),
        say("* 1 FETCH (RFC822.SIZE 18446744073709551616 UID 4294967296)\r\n"),
        say("% OK selected\r\n"),
    ];
    let kept = goes_on(|seen| {
        assert_eq!(seen.mailbox.exists(), u32::MAX);
        assert_eq!((seen.unknown, seen.fetched), (2, 1));
    });
    table.variant(class, P::Select, "in_numbers", script, kept);

    // Modification sequences that decrease, and invalid ones.
    let script = vec![
        say("* 3 EXISTS\r\n* OK [UIDVALIDITY 7] same\r\n* OK [HIGHESTMODSEQ 1] back\r\n"),
        say("* OK [HIGHESTMODSEQ 18446744073709551616] beyond\r\n* OK [HIGHESTMODSEQ 0] none\r\n"),
        say("* 1 FETCH (UID 1 FLAGS () MODSEQ (18446744073709551616))\r\n"),
        say("* 2 FETCH (UID 2 FLAGS () MODSEQ ())\r\n% OK selected\r\n"),
    ];
    let kept = goes_on(|seen| {
        assert_eq!((seen.completed, seen.fetched), (Some(Status::Ok), 2));
    });
    table.variant(class, P::Resync, "in_mod_seq", script, kept);

    // A result of 2^32 - 1 messages.
    let script = vec![say(
        "* ESEARCH (TAG \"%\") UID ALL 1:4294967295\r\n% OK found\r\n",
    )];
    let all = goes_on(|seen| assert_eq!(seen.found, 4_294_967_295));
    table.variant(class, P::Search, "of_what_is_found", script, all);

    let cut = [say("* X {10}\r\nabc"), Do::Fin];
    let closed = |_| fails(Error::Closed).and(|seen| assert_eq!(seen.unknown, 0));
    table.each(Class::CutLiteral, &spoken, &cut, closed);
    let cut = vec![Do::HalfOfHonest, Do::Rst];
    let half = fails(Error::Closed).and(|seen| {
        assert!(!seen.is_body_whole);
        assert_eq!(seen.completed, None);
    });
    table.variant(Class::CutLiteral, P::FetchBody, "of_a_body", cut, half);
    table.never(Class::CutLiteral, Place::HANDSHAKES, NO_WORDS);
}

fn nesting(table: &mut Table<Imap>) {
    let class = Class::Nesting;
    let over = |_| {
        fails(Error::Limit(OverLimit {
            what: "list nesting",
            max: 100,
        }))
    };
    let spoken = Place::spoken();
    let bomb = [say(format!("* X {}\r\n", "(".repeat(101)))];
    table.each(class, &spoken, &bomb, over);
    table.never(class, Place::HANDSHAKES, NO_WORDS);
    let deep = format!(
        "* 1 FETCH (BODYSTRUCTURE {}{})\r\n",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    // Data of one message: it is reported as too large, and the session continues.
    let degraded = goes_on(|seen| assert!(seen.has_too_large, "{seen:?}"));
    let script = vec![say(deep), Do::Honest];
    table.variant(class, P::Fetch, "in_bodystructure", script, degraded);
    // By literals, so that no line is long.
    let expected = over(P::List);
    let script = vec![
        Do::Repeat("* LIST (((( {1}\r\nx", 1),
        Do::Endless("(((( {1}\r\nx"),
    ];
    table.variant(class, P::List, "through_literals", script, expected);
}

/// Number of folders on the largest file servers.
const FOLDERS: usize = 50_000;
const FLOOD: usize = 2_000;

fn floods(table: &mut Table<Imap>) {
    let class = Class::Flood;
    let line = "* LIST (\\HasNoChildren) \"/\" \"a folder with the number #\"\r\n";
    for place in Place::spoken() {
        let (script, expected) = match place {
            P::Greeting => (
                vec![Do::Honest, Do::Repeat(line, FLOOD)],
                goes_on(|seen| assert_eq!(seen.mailboxes, FLOOD)),
            ),
            P::PlainCapability | P::StartTls => (
                vec![Do::Repeat(line, FLOOD), Do::Honest],
                goes_on(|seen| assert_eq!(seen.mailboxes, 0)),
            ),
            P::List => (
                vec![Do::Repeat(line, FOLDERS), Do::Honest],
                goes_on(|seen| assert_eq!(seen.mailboxes, FOLDERS + 2)),
            ),
            _ => (
                vec![Do::Repeat(line, FLOOD), Do::Honest],
                goes_on(|seen| assert_eq!(seen.mailboxes, FLOOD)),
            ),
        };
        table.case(class, place, script, expected);
    }
    table.never(class, Place::HANDSHAKES, NO_WORDS);
    let numbers: String = (100_000..230_000).map(|n| format!(" {n}")).collect();
    let script = vec![say(format!("* SEARCH{numbers}\r\n% OK found\r\n"))];
    let found = goes_on(|seen| assert_eq!(seen.found, 130_000));
    table.variant(class, P::Search, "of_numbers", script, found);
    for (variant, unit) in [
        ("of_values", "a "),
        ("of_empty_lists", "()"),
        ("of_lists", "(a)"),
        ("of_deep_lists", "((((((((a))))))))"),
    ] {
        let units = unit.repeat(((1 << 20) - 32) / unit.len());
        let script = vec![say(format!("* 1 FETCH ({units})\r\n")), Do::Honest];
        let degraded = goes_on(|seen| assert!(seen.has_too_large, "{seen:?}"));
        table.variant(class, P::Fetch, variant, script, degraded);
        let over = fails(Error::Limit(OverLimit {
            what: "values of a response",
            max: 250_000,
        }));
        let script = vec![say(format!("* X ({units})\r\n"))];
        table.variant(class, P::List, variant, script, over);
    }
    // A literal that is buffered for each of the bytes that a response may have.
    let script = vec![say("* LIST"), Do::Endless(" {1}\r\nx")];
    let over = fails(Error::Limit(OverLimit {
        what: "IMAP response",
        max: 1 << 20,
    }));
    table.variant(class, P::List, "of_literals", script, over);
}

/// The places after sign-in at which no mailbox is selected.
const NOT_SELECTED: &[Place] = &[
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
        say("* 0 EXPUNGE\r\n* 4294967295 EXPUNGE\r\n* 2 EXPUNGE\r\n"),
        Do::Honest,
    ];
    let in_mailbox: Vec<Place> = Place::ALL
        .iter()
        .copied()
        .filter(|place| place.is_in_mailbox())
        .collect();
    table.each(class, &in_mailbox, &script, |place| {
        if place == P::Move {
            // The honest response holds three more.
            return goes_on(|seen| assert_eq!(seen.changes.len(), 4, "{:?}", seen.changes));
        }
        goes_on(|seen| {
            let expunged = |change: &&Change| matches!(change, Change::Expunged { seq: at, .. } if *at == seq(2));
            assert_eq!(seen.changes.iter().filter(expunged).count(), 1, "{:?}", seen.changes);
        })
    });
    let script = vec![say(
        "* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ())\r\n* 2 EXPUNGE\r\n\
         * 2 FETCH (UID 3 FLAGS ())\r\n* 3 FETCH (UID 9 FLAGS ())\r\n% OK fetched\r\n",
    )];
    let moved_up = goes_on(|seen| {
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
            say(format!(
                "* 1 FETCH (UID 1 FLAGS ())\r\n* VANISHED {uids}\r\n"
            )),
            Do::Honest,
        ];
        let none = goes_on(|seen| {
            let mut mailbox = seen.mailbox.clone();
            assert_eq!(mailbox.exists(), 0);
            assert_eq!(mailbox.seq_of(uid(1)), None);
        });
        table.variant(class, P::Noop, variant, script, none);
    }
    // Before EXISTS there is no message to expunge.
    let script = vec![say("* 1 EXPUNGE\r\n"), Do::Honest];
    let whole = goes_on(|seen| assert_eq!(seen.mailbox.exists(), 3));
    table.case(class, P::Select, script, whole);
    // VANISHED (EARLIER) does not change the count, whatever its size.
    let script = vec![
        say("* VANISHED (EARLIER) 1:4294967295\r\n* VANISHED (EARLIER) 4294967295:1\r\n"),
        Do::Honest,
    ];
    let whole = goes_on(|seen| assert_eq!(seen.mailbox.exists(), 3));
    table.case(class, P::Resync, script, whole);
    table.never(class, Place::UNSELECTED, "no mailbox is selected");
    table.never(class, Place::BEFORE_TLS, "no mailbox is selected");
    table.never(class, Place::HANDSHAKES, NO_WORDS);
    table.never(class, NOT_SELECTED, "no mailbox is selected");
}

fn uid_validity(table: &mut Table<Imap>) {
    let class = Class::UidValidity;
    let changed = || {
        goes_on(|seen| {
            let (before, now) = (UidValidity::new(7).unwrap(), UidValidity::new(8).unwrap());
            assert!(
                seen.changes.contains(&Change::UidValidity { before, now }),
                "{:?}",
                seen.changes
            );
        })
    };
    let script = [say("* OK [UIDVALIDITY 8] all is new\r\n"), Do::Honest];
    let in_mailbox: Vec<Place> = Place::ALL
        .iter()
        .copied()
        .filter(|place| [P::Select, P::Resync].contains(place) || place.is_in_mailbox())
        .collect();
    table.each(class, &in_mailbox, &script, |_| changed());
    let script = vec![say(
        "* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ())\r\n\
         % OK [UIDVALIDITY 8] fetched\r\n",
    )];
    let forgotten = goes_on(|seen| {
        let mut mailbox = seen.mailbox.clone();
        assert_eq!(mailbox.seq_of(uid(1)), None);
        assert_eq!(mailbox.seq_of(uid(2)), None);
    });
    table.variant(class, P::Fetch, "behind_rows", script, forgotten);
    table.never(class, Place::UNSELECTED, "no mailbox is selected");
    table.never(class, Place::BEFORE_TLS, "no mailbox is selected");
    table.never(class, Place::HANDSHAKES, NO_WORDS);
    table.never(class, NOT_SELECTED, "no mailbox is selected");
}
