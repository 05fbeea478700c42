//! Connections that end, stall or do not carry IMAP, at every place.

use mail_net::{Error as LinkError, Phase, TlsError};
use mail_proto::OverLimit;
use mail_proto::imap::{Error, Misbehaviour, Reply, Status};

use super::{Imap, P, Place, fails, falls_silent, goes_on};
use crate::case::{
    Class, Do, Expected, Mode, Place as _, Table, ends as ends_by, fails_tls, say, takes_too_long,
    tls_takes_too_long,
};
use crate::tls;

use super::IDLE_RENEWED_AFTER;

pub(super) fn fill(table: &mut Table<Imap>) {
    ends(table);
    stalls(table);
    words(table);
    below_tls(table);
    compression(table);
}

fn compression(table: &mut Table<Imap>) {
    let class = Class::BrokenCompression;
    let broken = || ends_by(LinkError::BrokenCompression);
    // An invalid block type.
    let none = vec![say("% OK go\r\n"), Do::BelowDeflate(b"\x06\x06"), Do::Stall];
    table.case(class, P::Compress, none, broken());
    let garbage = vec![Do::BelowDeflate(b"\x06\x06"), Do::Stall];
    table.case(class, P::Compressed, garbage, broken());
    // Uncompressed text happens to be the beginning of a valid block.
    let none = vec![say("% OK go\r\n* OK in plaintext\r\n"), Do::Stall];
    let silent = falls_silent(P::Logout.phase());
    table.variant(class, P::Compress, "none_at_all", none, silent);
    let over = vec![Do::EndDeflate, Do::Stall];
    table.variant(class, P::Compressed, "that_ends", over, closed());
    // Decompresses to 1,000 times the size on the wire.
    let bomb = vec![Do::Endless("a")];
    let limit = fails(Error::Limit(OverLimit {
        what: "IMAP response",
        max: 1 << 20,
    }));
    table.variant(class, P::Compressed, "that_unfolds", bomb, limit);
    let bomb = vec![say("* X {9223372036854775807}\r\n"), Do::Endless("a")];
    let streamed = falls_silent(P::Compressed.phase());
    table.variant(class, P::Compressed, "of_a_literal", bomb, streamed);
    let others = Place::all_but(&[P::Compress, P::Compressed]);
    table.never(class, &others, "nothing is compressed yet");
}

fn closed() -> Expected<Imap> {
    fails(Error::Closed)
}

/// The result of a lost connection: before TLS is up it is an error of TLS.
fn lost(place: Place) -> Expected<Imap> {
    if place.is_handshake() {
        return fails_tls(TlsError::Closed);
    }
    closed().and(|seen| assert_eq!(seen.completed, None))
}

fn ends(table: &mut Table<Imap>) {
    tls::ends(table, lost);
    for place in Place::ALL {
        let script = match place {
            P::Handshake | P::ImplicitHandshake => vec![Do::BelowTls(b"\x16\x03\x03"), Do::Fin],
            _ => vec![Do::HalfOfHonest, Do::Fin],
        };
        table.case(
            Class::CutLine,
            *place,
            tls::at::<Imap>(*place, script),
            lost(*place),
        );
    }
    for place in Place::ALL {
        let expected = match place {
            P::StartTls => fails_tls(TlsError::Closed),
            P::Logout => goes_on(|seen| assert!(seen.bye.is_some())),
            P::Authenticate | P::Login | P::CapabilityAfterSignIn => {
                closed().and(|seen| assert_eq!(seen.signed_in, Some(Status::Ok)))
            }
            P::Select => closed().and(|seen| assert_eq!(seen.selected, Some(Status::Ok))),
            P::AppendReady | P::Idle | P::Idling => {
                closed().and(|seen| assert_eq!(seen.completed, None))
            }
            place if Place::SIGNED_IN.contains(place) => {
                closed().and(|seen| assert_eq!(seen.completed, Some(Status::Ok)))
            }
            _ => closed(),
        };
        let script = vec![Do::Honest, Do::Fin];
        table.case(Class::DoneThenGone, *place, script, expected);
    }
    let silently = vec![Do::Commit, Do::Fin];
    let unknown = closed().and(|seen| assert_eq!(seen.completed, None));
    table.variant(Class::DoneThenGone, P::Append, "unsaid", silently, unknown);
    let reset = vec![Do::Honest, Do::Rst];
    let unread = closed().and(|seen| assert!(!seen.is_over));
    table.variant(Class::DoneThenGone, P::Append, "reset", reset, unread);
}

fn stalls(table: &mut Table<Imap>) {
    table.each(Class::Stall, Place::ALL, &[Do::Stall], silence);
    table.variant(
        Class::Stall,
        P::Append,
        "unread",
        // The server never reads the body: it becomes hostile one turn early.
        vec![Do::Hang],
        falls_silent(Phase::LongCommand),
    );
    for place in Place::ALL {
        let expected = match place {
            P::Handshake | P::ImplicitHandshake => tls_takes_too_long(),
            P::FetchBody => super::paced(),
            P::Idle | P::Idling => {
                let whole = takes_too_long::<Imap>(P::Done.phase());
                let elapsed = whole.elapsed.unwrap_or_default();
                whole.after(IDLE_RENEWED_AFTER + elapsed)
            }
            place => takes_too_long(place.phase()),
        };
        let text = match place {
            // The header of a record that is 16,130 bytes long.
            P::Handshake | P::ImplicitHandshake => "\x16\x03\x03\x3f\x02",
            _ => "* OK just a moment\r\n",
        };
        let script = tls::at::<Imap>(*place, vec![Do::Trickle(text)]);
        table.case(Class::Trickle, *place, script, expected);
    }
    // A slow connection is not a hostile one.
    for place in [P::Greeting, P::Select, P::Noop] {
        let whole = goes_on(|seen| assert!(seen.is_ready)).in_any_time();
        let script = vec![Do::HonestSlowly];
        table.variant(Class::Trickle, place, "but_whole", script, whole);
    }
}

/// The result of silence at this place.
fn silence(place: Place) -> Expected<Imap> {
    match place {
        P::Handshake | P::ImplicitHandshake => tls_takes_too_long(),
        P::Idle | P::Idling => super::silent_in_idle(),
        place => falls_silent(place.phase()),
    }
}

fn words(table: &mut Table<Imap>) {
    const NO_WORDS: &str = "a handshake has no words: TlsGarbage";
    let endless = [Do::Endless("* OK and so on ")];
    let over = |_| {
        fails(Error::Limit(OverLimit {
            what: "IMAP response",
            max: 1 << 20,
        }))
    };
    let spoken = Place::spoken();
    table.each(Class::EndlessLine, &spoken, &endless, over);
    table.never(Class::EndlessLine, Place::HANDSHAKES, NO_WORDS);

    let bye = [say("* BYE gone\r\n"), Do::Fin];
    table.each(Class::Bye, &spoken, &bye, |place| match place {
        P::Greeting => rejected("greeting"),
        P::Capability | P::PlainCapability | P::CapabilityInTls => rejected("CAPABILITY"),
        P::StartTls => rejected("STARTTLS"),
        _ => goes_on(|seen| {
            assert_eq!(seen.bye.as_deref(), Some("gone"));
            assert_eq!(seen.completed, None);
        }),
    });
    let lingers = vec![say("* BYE gone\r\n"), Do::Stall];
    let silent = falls_silent(P::Fetch.phase()).and(|seen| assert!(seen.bye.is_some()));
    table.variant(Class::Bye, P::Fetch, "that_lingers", lingers, silent);
    table.never(Class::Bye, Place::HANDSHAKES, NO_WORDS);

    let garbage = [
        say("HTTP/1.1 400 Bad Request\r\n\0\x01\x7f\r\n"),
        Do::Honest,
    ];
    table.each(Class::Garbage, &spoken, &garbage, |place| match place {
        P::Greeting => fails(Error::PeerMisbehaved(Misbehaviour::NotAGreeting(
            "HTTP/1.1 400 Bad Request".to_owned(),
        ))),
        // The client ignores data sent before TLS.
        P::PlainCapability | P::StartTls => goes_on(|seen| assert_eq!(seen.unknown, 0)),
        _ => goes_on(|seen| assert_eq!(seen.unknown, 2)),
    });
    table.never(Class::Garbage, Place::HANDSHAKES, NO_WORDS);
    table.never(
        Class::MixedCodes,
        Place::ALL,
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
    let cut = vec![Do::HalfOfHonest, Do::HalfClose];
    let half = closed().and(|seen| assert!(!seen.is_body_whole));
    let place = P::FetchBody;
    table.in_mode(
        Mode::Implicit,
        Class::TlsGarbage,
        place,
        "none_at_all",
        cut,
        half,
    );
}
