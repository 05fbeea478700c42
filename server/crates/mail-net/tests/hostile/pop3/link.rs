//! Connections that end or stall, and TLS, at every place.

use mail_net::deadlines::BODY_GRACE;
use mail_net::{Error as ConnectionError, Phase, TlsError};
use mail_proto::pop3::{Deletions, Error, Incompatibility, Misbehaviour, Stage};

use super::{P, Pop3, Position, REST, Seen, completes, fails, hits_silence_deadline};
use crate::case::{
    Action, Class, Expected, Input, Mode, Position as _, Table, ends as ends_by, fails_tls,
    hits_tls_deadline, hits_total_deadline, send,
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
pub(super) fn lost_at(position: Position) -> impl Fn(&Seen) + Send + Sync + 'static {
    let deletions = match position {
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
fn lost(position: Position) -> Expected<Pop3> {
    match position {
        position if position.is_handshake() => fails_tls(TlsError::Closed),
        position => closed(position.stage()).and(lost_at(position)),
    }
}

fn ends(table: &mut Table<Pop3>) {
    tls::ends(table, lost);
    for position in Position::ALL {
        let script = match position {
            position if position.is_handshake() => {
                vec![Action::BelowTls(b"\x16\x03\x03"), Action::Fin]
            }
            P::Rest => vec![send("-E"), Action::Fin],
            P::Quit => vec![Action::Commit, Action::HalfOfValid, Action::Fin],
            _ => vec![Action::HalfOfValid, Action::Fin],
        };
        let expected = match position {
            P::Top => closed(Stage::Body).and(lost_at(P::Top)),
            position => lost(*position),
        };
        table.case(
            Class::CutLine,
            *position,
            tls::after_client_hello::<Pop3>(*position, script),
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
        let script = vec![send(text), Action::Fin];
        let expected = lost(P::RetrBody);
        table.variant(Class::CutLine, P::RetrBody, variant, script, expected);
    }
}

fn done_then_gone(table: &mut Table<Pop3>) {
    let class = Class::DoneThenGone;
    for position in Position::ALL {
        let expected = match position {
            P::Stls => fails_tls(TlsError::Closed),
            P::Quit => completes(|seen| {
                assert_eq!(seen.deletions, Some(Deletions::Done { count: 1 }));
            }),
            // The server may have received QUIT or not.
            P::Dele => closed(Stage::Quit).and(lost_at(P::Quit)),
            position => closed(position.next_stage()),
        };
        table.case(class, *position, vec![Action::Valid, Action::Fin], expected);
    }
    for (variant, end) in [
        ("unsaid", Action::Fin),
        ("reset", Action::Rst),
        ("half", Action::HalfClose),
    ] {
        let script = vec![Action::Commit, end];
        let unknown = closed(Stage::Quit).and(lost_at(P::Quit));
        table.variant(class, P::Quit, variant, script, unknown);
    }
}

fn stalls(table: &mut Table<Pop3>) {
    for position in Position::ALL {
        let silent = match position {
            position if position.is_handshake() => hits_tls_deadline(),
            // The owner quits after its waiting time.
            P::Rest => hits_silence_deadline(P::Quit.phase()),
            position => hits_silence_deadline(position.phase()),
        };
        let silent = match position {
            P::Rest => {
                let elapsed = silent.elapsed.unwrap_or_default();
                silent.after(REST + elapsed)
            }
            _ => silent,
        };
        table.case(
            Class::Stall,
            *position,
            vec![Action::Stall],
            silent.and(lost_at(*position)),
        );
        let (text, slow) = match position {
            // The header of a record that is 16,130 bytes long.
            position if position.is_handshake() => ("\x16\x03\x03\x3f\x02", hits_tls_deadline()),
            P::Rest => {
                let whole = hits_total_deadline::<Pop3>(P::Quit.phase());
                let elapsed = whole.elapsed.unwrap_or_default();
                ("-ERR just a moment ", whole.after(REST + elapsed))
            }
            position if position.phase() == Phase::Body => ("+OK just a moment ", too_slow()),
            position => ("+OK just a moment ", hits_total_deadline(position.phase())),
        };
        let script = tls::after_client_hello::<Pop3>(*position, vec![Action::Trickle(text)]);
        table.case(
            Class::Trickle,
            *position,
            script,
            slow.and(lost_at(*position)),
        );
    }
    // A slow connection is not a hostile one.
    for position in [P::Greeting, P::List, P::Quit] {
        let script = vec![Action::ValidSlowly];
        let whole = completes(|seen| assert_eq!(seen.is_signed_in, Some(true))).in_any_time();
        table.variant(Class::Trickle, position, "but_whole", script, whole);
    }
}

/// The client gives up on a slow body with the first byte after its grace period.
fn too_slow() -> Expected<Pop3> {
    let phase = Phase::Body;
    ends_by(ConnectionError::Deadline { phase }).after(BODY_GRACE + BYTE_EVERY)
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
        table.variant(class, P::Stls, variant, vec![send(text)], behind);
    }
    let others = Position::all_but(&[P::Stls]);
    table.exclude(class, &others, "nothing else is behind STLS");

    let class = Class::Stripped;
    let none = || fails(Error::PeerIncompatible(Incompatibility::StlsNotOffered));
    let script = vec![send("+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n")];
    table.case(class, P::PlainCapa, script, none());
    // Without CAPA the capabilities are unknown: the client tries STLS, and only STLS.
    let script = vec![
        send("-ERR what is that\r\n"),
        Action::Await(Input::Line("STLS")),
        send("-ERR what is that\r\n"),
    ];
    table.variant(class, P::PlainCapa, "with_capa", script, none());
    let unknown = super::words::rejected(P::Stls, "what is that");
    let script = vec![send("-ERR what is that\r\n")];
    table.case(class, P::Stls, script, unknown);
    let others = Position::all_but(&[P::PlainCapa, P::Stls]);
    table.exclude(class, &others, "STLS is offered and asked for elsewhere");

    tls::certificates(table, fails_tls);
}

fn below_tls(table: &mut Table<Pop3>) {
    tls::garbage(table, b"+OK this is no record of TLS\r\n", lost);
    // A cut below TLS completes nothing that is incomplete above it.
    let cut = vec![Action::HalfOfValid, Action::HalfClose];
    let (position, expected) = (P::RetrBody, lost(P::RetrBody));
    let class = Class::TlsGarbage;
    table.in_mode(
        Mode::Implicit,
        class,
        position,
        "none_at_all",
        cut,
        expected,
    );
}

/// The classes that POP3 cannot have.
fn absent(table: &mut Table<Pop3>) {
    let all = Position::ALL;
    table.exclude(Class::BrokenCompression, all, "POP3 compresses nothing");
    for class in [Class::WrongTag, Class::FutureTag, Class::DoubleTag] {
        table.exclude(class, all, "POP3 has no tags");
    }
    table.exclude(Class::CutLiteral, all, "POP3 has no literals");
    table.exclude(Class::Nesting, all, "POP3 has no lists");
    table.exclude(
        Class::ExpungeMeanwhile,
        all,
        "nothing goes while a session has the maildrop",
    );
    table.exclude(
        Class::UidValidity,
        all,
        "unique ids of POP3 have no generations",
    );
    table.exclude(Class::Preauth, all, "POP3 has no PREAUTH");
    table.exclude(Class::MixedCodes, all, "a status line has one indicator");
}
