//! Connections that end or stall, and TLS, at every place.

use mail_net::deadlines::BODY_GRACE;
use mail_net::{Error as LinkError, Phase, TlsError};
use mail_proto::pop3::{Deletions, Error, Incompatibility, Misbehaviour, Stage};

use super::{P, Place, Pop3, REST, Seen, fails, falls_silent, goes_on};
use crate::case::{
    Class, Do, Expected, Hears, Mode, Place as _, Table, ends as ends_by, fails_tls, say,
    takes_too_long, tls_takes_too_long,
};
use crate::peer::BYTE_EVERY;
use crate::tls;

pub(super) fn fill(table: &mut Table<Pop3>) {
    ends(table);
    done_then_gone(table);
    stalls(table);
    start_tls(table);
    below_tls(table);
    absent(table);
}

/// What the owner may conclude about the marked message if the connection is lost at a place.
pub(super) fn lost_at(place: Place) -> impl Fn(&Seen) + Send + Sync + 'static {
    let deletions = match place {
        P::ImplicitHandshake => None,
        P::Quit => Some(Deletions::Unknown { count: 1 }),
        _ => Some(Deletions::None),
    };
    move |seen| assert_eq!(seen.deletions, deletions, "{seen:?}")
}

pub(super) fn closed(stage: Stage) -> Expected<Pop3> {
    fails(Error::Closed { stage })
}

/// The result of a lost connection: before TLS is up it is an error of TLS.
fn lost(place: Place) -> Expected<Pop3> {
    match place {
        place if place.is_handshake() => fails_tls(TlsError::Closed),
        place => closed(place.stage()).and(lost_at(place)),
    }
}

fn ends(table: &mut Table<Pop3>) {
    tls::ends(table, lost);
    for place in Place::ALL {
        let script = match place {
            place if place.is_handshake() => vec![Do::BelowTls(b"\x16\x03\x03"), Do::Fin],
            P::Rest => vec![say("-E"), Do::Fin],
            P::Quit => vec![Do::Commit, Do::HalfOfHonest, Do::Fin],
            _ => vec![Do::HalfOfHonest, Do::Fin],
        };
        let expected = match place {
            P::Top => closed(Stage::Body).and(lost_at(P::Top)),
            place => lost(*place),
        };
        table.case(
            Class::CutLine,
            *place,
            tls::at::<Pop3>(*place, script),
            expected,
        );
    }
    // A message without its end, and with an invalid end.
    for (variant, text) in [
        ("before_the_dot", "Subject: a message\r\n\r\nall of it\r\n"),
        ("behind_the_dot", "Subject: a message\r\n\r\nall of it\r\n."),
        (
            "before_the_last_lf",
            "Subject: a message\r\n\r\nall of it\r\n.\r",
        ),
        ("behind_a_bare_end", "Subject: a message\n\nall of it\n.\n"),
    ] {
        let script = vec![say(text), Do::Fin];
        let expected = lost(P::RetrBody);
        table.variant(Class::CutLine, P::RetrBody, variant, script, expected);
    }
}

fn done_then_gone(table: &mut Table<Pop3>) {
    let class = Class::DoneThenGone;
    for place in Place::ALL {
        let expected = match place {
            P::Stls => fails_tls(TlsError::Closed),
            P::Quit => goes_on(|seen| {
                assert_eq!(seen.deletions, Some(Deletions::Done { count: 1 }));
            }),
            // The server may have received QUIT or not.
            P::Dele => closed(Stage::Quit).and(lost_at(P::Quit)),
            place => closed(place.next_stage()),
        };
        table.case(class, *place, vec![Do::Honest, Do::Fin], expected);
    }
    for (variant, end) in [
        ("unsaid", Do::Fin),
        ("reset", Do::Rst),
        ("half", Do::HalfClose),
    ] {
        let script = vec![Do::Commit, end];
        let unknown = closed(Stage::Quit).and(lost_at(P::Quit));
        table.variant(class, P::Quit, variant, script, unknown);
    }
}

fn stalls(table: &mut Table<Pop3>) {
    for place in Place::ALL {
        let silent = match place {
            place if place.is_handshake() => tls_takes_too_long(),
            // The owner quits after its waiting time.
            P::Rest => falls_silent(P::Quit.phase()),
            place => falls_silent(place.phase()),
        };
        let silent = match place {
            P::Rest => {
                let elapsed = silent.elapsed.unwrap_or_default();
                silent.after(REST + elapsed)
            }
            _ => silent,
        };
        table.case(
            Class::Stall,
            *place,
            vec![Do::Stall],
            silent.and(lost_at(*place)),
        );
        let (text, slow) = match place {
            // The header of a record that is 16,130 bytes long.
            place if place.is_handshake() => ("\x16\x03\x03\x3f\x02", tls_takes_too_long()),
            P::Rest => {
                let whole = takes_too_long::<Pop3>(P::Quit.phase());
                let elapsed = whole.elapsed.unwrap_or_default();
                ("-ERR just a moment ", whole.after(REST + elapsed))
            }
            place if place.phase() == Phase::Body => ("+OK just a moment ", paced()),
            place => ("+OK just a moment ", takes_too_long(place.phase())),
        };
        let script = tls::at::<Pop3>(*place, vec![Do::Trickle(text)]);
        table.case(Class::Trickle, *place, script, slow.and(lost_at(*place)));
    }
    // A slow connection is not a hostile one.
    for place in [P::Greeting, P::List, P::Quit] {
        let script = vec![Do::HonestSlowly];
        let whole = goes_on(|seen| assert_eq!(seen.is_signed_in, Some(true))).in_any_time();
        table.variant(Class::Trickle, place, "but_whole", script, whole);
    }
}

/// The client gives up on a slow body with the first byte after its grace period.
fn paced() -> Expected<Pop3> {
    let phase = Phase::Body;
    ends_by(LinkError::Deadline { phase }).after(BODY_GRACE + BYTE_EVERY)
}

fn start_tls(table: &mut Table<Pop3>) {
    let class = Class::BehindStartTls;
    for (variant, text) in [
        ("a_response", "+OK go\r\n+OK\r\nSASL PLAIN\r\n.\r\n"),
        ("half_a_line", "+OK go\r\n+O"),
        ("one_byte", "+OK go\r\n+"),
        ("a_line_end", "+OK go\r\n\r\n"),
    ] {
        let behind = fails(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStls));
        table.variant(class, P::Stls, variant, vec![say(text)], behind);
    }
    let others = Place::all_but(&[P::Stls]);
    table.never(class, &others, "nothing else is behind STLS");

    let class = Class::Stripped;
    let none = || fails(Error::PeerIncompatible(Incompatibility::StlsNotOffered));
    let script = vec![say("+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n")];
    table.case(class, P::PlainCapa, script, none());
    // Without CAPA the capabilities are unknown: the client tries STLS, and only STLS.
    let script = vec![
        say("-ERR what is that\r\n"),
        Do::Hear(Hears::Line("STLS")),
        say("-ERR what is that\r\n"),
    ];
    table.variant(class, P::PlainCapa, "with_capa", script, none());
    let unknown = super::words::rejected(P::Stls, "what is that");
    let script = vec![say("-ERR what is that\r\n")];
    table.case(class, P::Stls, script, unknown);
    let others = Place::all_but(&[P::PlainCapa, P::Stls]);
    table.never(class, &others, "STLS is offered and asked for elsewhere");

    tls::certificates(table, fails_tls);
}

fn below_tls(table: &mut Table<Pop3>) {
    tls::garbage(table, b"+OK this is no record of TLS\r\n", lost);
    // A cut below TLS completes nothing that is incomplete above it.
    let cut = vec![Do::HalfOfHonest, Do::HalfClose];
    let (place, expected) = (P::RetrBody, lost(P::RetrBody));
    let class = Class::TlsGarbage;
    table.in_mode(Mode::Implicit, class, place, "none_at_all", cut, expected);
}

/// The classes that POP3 cannot have.
fn absent(table: &mut Table<Pop3>) {
    let all = Place::ALL;
    table.never(Class::BrokenCompression, all, "POP3 compresses nothing");
    for class in [Class::WrongTag, Class::FutureTag, Class::DoubleTag] {
        table.never(class, all, "POP3 has no tags");
    }
    table.never(Class::CutLiteral, all, "POP3 has no literals");
    table.never(Class::Nesting, all, "POP3 has no lists");
    table.never(
        Class::ExpungeMeanwhile,
        all,
        "nothing goes while a session has the maildrop",
    );
    table.never(
        Class::UidValidity,
        all,
        "unique ids of POP3 have no generations",
    );
    table.never(Class::Preauth, all, "POP3 has no PREAUTH");
    table.never(Class::MixedCodes, all, "a status line has one indicator");
}
