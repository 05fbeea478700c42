//! Connections that end, stall or do not carry IMAP, at every place.

use mail_net::{Error as ConnectionError, Phase, TlsError};
use mail_proto::OverLimit;
use mail_proto::imap::{Error, Misbehaviour, Reply, Status};

use super::{Imap, P, Position, completes, fails, hits_silence_deadline};
use crate::case::{
    Action, Class, Expected, Mode, Position as _, Table, ends as ends_by, fails_tls,
    hits_tls_deadline, hits_total_deadline, send,
};
use crate::tls;

use super::IDLE_RENEWED_AFTER;

pub(super) fn fill(table: &mut Table<Imap>) {
    ends(table);
    stalls(table);
    invalid_lines(table);
    below_tls(table);
    compression(table);
}

fn compression(table: &mut Table<Imap>) {
    let class = Class::BrokenCompression;
    let broken = || ends_by(ConnectionError::BrokenCompression);
    // An invalid block type.
    let none = vec![
        send("% OK go\r\n"),
        Action::BelowDeflate(b"\x06\x06"),
        Action::Stall,
    ];
    table.case(class, P::Compress, none, broken());
    let garbage = vec![Action::BelowDeflate(b"\x06\x06"), Action::Stall];
    table.case(class, P::Compressed, garbage, broken());
    // Uncompressed text happens to be the beginning of a valid block.
    let none = vec![send("% OK go\r\n* OK in plaintext\r\n"), Action::Stall];
    let silent = hits_silence_deadline(P::Logout.phase());
    table.variant(class, P::Compress, "none_at_all", none, silent);
    let over = vec![Action::EndDeflate, Action::Stall];
    table.variant(class, P::Compressed, "that_ends", over, closed());
    // Decompresses to 1,000 times the size on the wire.
    let bomb = vec![Action::Endless("a")];
    let limit = fails(Error::Limit(OverLimit {
        what: "IMAP response",
        max: 1 << 20,
    }));
    table.variant(class, P::Compressed, "that_unfolds", bomb, limit);
    let bomb = vec![send("* X {9223372036854775807}\r\n"), Action::Endless("a")];
    let streamed = hits_silence_deadline(P::Compressed.phase());
    table.variant(class, P::Compressed, "of_a_literal", bomb, streamed);
    let others = Position::all_but(&[P::Compress, P::Compressed]);
    table.exclude(class, &others, "nothing is compressed yet");
}

fn closed() -> Expected<Imap> {
    fails(Error::Closed)
}

/// The result of a lost connection: before TLS is up it is an error of TLS.
fn lost(position: Position) -> Expected<Imap> {
    if position.is_handshake() {
        return fails_tls(TlsError::Closed);
    }
    closed().and(|seen| assert_eq!(seen.completed, None))
}

fn ends(table: &mut Table<Imap>) {
    tls::ends(table, lost);
    for position in Position::ALL {
        let script = match position {
            P::Handshake | P::ImplicitHandshake => {
                vec![Action::BelowTls(b"\x16\x03\x03"), Action::Fin]
            }
            _ => vec![Action::HalfOfValid, Action::Fin],
        };
        table.case(
            Class::CutLine,
            *position,
            tls::after_client_hello::<Imap>(*position, script),
            lost(*position),
        );
    }
    for position in Position::ALL {
        let expected = match position {
            P::StartTls => fails_tls(TlsError::Closed),
            P::Logout => completes(|seen| assert!(seen.bye.is_some())),
            P::Authenticate | P::Login | P::CapabilityAfterSignIn => {
                closed().and(|seen| assert_eq!(seen.signed_in, Some(Status::Ok)))
            }
            P::Select => closed().and(|seen| assert_eq!(seen.selected, Some(Status::Ok))),
            P::AppendReady | P::Idle | P::Idling => {
                closed().and(|seen| assert_eq!(seen.completed, None))
            }
            position if Position::SIGNED_IN.contains(position) => {
                closed().and(|seen| assert_eq!(seen.completed, Some(Status::Ok)))
            }
            _ => closed(),
        };
        let script = vec![Action::Valid, Action::Fin];
        table.case(Class::DoneThenGone, *position, script, expected);
    }
    let silently = vec![Action::Commit, Action::Fin];
    let unknown = closed().and(|seen| assert_eq!(seen.completed, None));
    table.variant(Class::DoneThenGone, P::Append, "unsaid", silently, unknown);
    let reset = vec![Action::Valid, Action::Rst];
    let unread = closed().and(|seen| assert!(!seen.has_ended));
    table.variant(Class::DoneThenGone, P::Append, "reset", reset, unread);
}

fn stalls(table: &mut Table<Imap>) {
    table.each(Class::Stall, Position::ALL, &[Action::Stall], silence);
    table.variant(
        Class::Stall,
        P::Append,
        "unread",
        // The server never reads the body: it becomes hostile one turn early.
        vec![Action::Hang],
        hits_silence_deadline(Phase::LongCommand),
    );
    for position in Position::ALL {
        let expected = match position {
            P::Handshake | P::ImplicitHandshake => hits_tls_deadline(),
            P::FetchBody => super::too_slow(),
            P::Idle | P::Idling => {
                let whole = hits_total_deadline::<Imap>(P::Done.phase());
                let elapsed = whole.elapsed.unwrap_or_default();
                whole.after(IDLE_RENEWED_AFTER + elapsed)
            }
            position => hits_total_deadline(position.phase()),
        };
        let text = match position {
            // The header of a record that is 16,130 bytes long.
            P::Handshake | P::ImplicitHandshake => "\x16\x03\x03\x3f\x02",
            _ => "* OK just a moment\r\n",
        };
        let script = tls::after_client_hello::<Imap>(*position, vec![Action::Trickle(text)]);
        table.case(Class::Trickle, *position, script, expected);
    }
    // A slow connection is not a hostile one.
    for position in [P::Greeting, P::Select, P::Noop] {
        let whole = completes(|seen| assert!(seen.is_ready)).in_any_time();
        let script = vec![Action::ValidSlowly];
        table.variant(Class::Trickle, position, "but_whole", script, whole);
    }
}

/// The result of silence at this place.
fn silence(position: Position) -> Expected<Imap> {
    match position {
        P::Handshake | P::ImplicitHandshake => hits_tls_deadline(),
        P::Idle | P::Idling => super::silent_in_idle(),
        position => hits_silence_deadline(position.phase()),
    }
}

fn invalid_lines(table: &mut Table<Imap>) {
    const NOT_A_REPLY: &str = "a handshake has no words: TlsGarbage";
    let endless = [Action::Endless("* OK and so on ")];
    let over = |_| {
        fails(Error::Limit(OverLimit {
            what: "IMAP response",
            max: 1 << 20,
        }))
    };
    let replies = Position::replies();
    table.each(Class::EndlessLine, &replies, &endless, over);
    table.exclude(Class::EndlessLine, Position::HANDSHAKES, NOT_A_REPLY);

    let bye = [send("* BYE gone\r\n"), Action::Fin];
    table.each(Class::Bye, &replies, &bye, |position| match position {
        P::Greeting => rejected("greeting"),
        P::Capability | P::PlainCapability | P::CapabilityInTls => rejected("CAPABILITY"),
        P::StartTls => rejected("STARTTLS"),
        _ => completes(|seen| {
            assert_eq!(seen.bye.as_deref(), Some("gone"));
            assert_eq!(seen.completed, None);
        }),
    });
    let lingers = vec![send("* BYE gone\r\n"), Action::Stall];
    let silent = hits_silence_deadline(P::Fetch.phase()).and(|seen| assert!(seen.bye.is_some()));
    table.variant(Class::Bye, P::Fetch, "that_lingers", lingers, silent);
    table.exclude(Class::Bye, Position::HANDSHAKES, NOT_A_REPLY);

    let garbage = [
        send("HTTP/1.1 400 Bad Request\r\n\0\x01\x7f\r\n"),
        Action::Valid,
    ];
    table.each(
        Class::Garbage,
        &replies,
        &garbage,
        |position| match position {
            P::Greeting => fails(Error::PeerMisbehaved(Misbehaviour::NotAGreeting(
                "HTTP/1.1 400 Bad Request".to_owned(),
            ))),
            // The client ignores data sent before TLS.
            P::PlainCapability | P::StartTls => completes(|seen| assert_eq!(seen.unknown, 0)),
            _ => completes(|seen| assert_eq!(seen.unknown, 2)),
        },
    );
    table.exclude(Class::Garbage, Position::HANDSHAKES, NOT_A_REPLY);
    table.exclude(
        Class::MixedCodes,
        Position::ALL,
        "a status response has one status",
    );
}

fn rejected(command: &'static str) -> Expected<Imap> {
    fails(Error::Rejected {
        command,
        reply: Reply {
            status: None,
            code: None,
            text: "gone".to_owned(),
        },
    })
}

fn below_tls(table: &mut Table<Imap>) {
    tls::garbage(table, b"* OK this is no record of TLS\r\n", lost);
    // A cut below TLS completes nothing that is incomplete above it.
    let cut = vec![Action::HalfOfValid, Action::HalfClose];
    let half = closed().and(|seen| assert!(!seen.is_body_whole));
    let position = P::FetchBody;
    table.in_mode(
        Mode::Implicit,
        Class::TlsGarbage,
        position,
        "none_at_all",
        cut,
        half,
    );
}
