//! Connections that end or stall, and TLS, at every place.

use mail_net::{Phase, TlsError};
use mail_proto::smtp::{Error, Incompatibility, Misbehaviour, Reply, Stage};

use super::{Fate, P, Place, Smtp, fails, meets};
use crate::case::{
    Class, Do, Expected, Hears, Place as _, Table, fails_tls, falls_silent, say, takes_too_long,
    tls_takes_too_long,
};
use crate::tls;

pub(super) fn fill(table: &mut Table<Smtp>) {
    ends(table);
    done_then_gone(table);
    stalls(table);
    start_tls(table);
    below_tls(table);
    absent(table);
}

/// The result of the message if the connection is lost at this place.
pub(super) fn fate_at(place: Place) -> Fate {
    match place.stage() {
        Stage::Rset | Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Body => {
            Fate::NotSent(place.stage())
        }
        Stage::Final => Fate::Unknown,
        Stage::Quit => Fate::Accepted,
        _ => Fate::Waiting,
    }
}

fn closed(stage: Stage) -> Expected<Smtp> {
    fails(Error::Closed { stage })
}

/// The result of a lost connection: before TLS is up it is an error of TLS.
fn lost(place: Place) -> Expected<Smtp> {
    match place {
        place if place.is_handshake() => fails_tls(TlsError::Closed),
        // The client does not wait for the reply to QUIT.
        P::Quit => meets(Fate::Accepted),
        place => closed(place.stage()).with(fate_at(place)),
    }
}

fn ends(table: &mut Table<Smtp>) {
    tls::ends(table, lost);
    for place in Place::ALL {
        let script = match place {
            place if place.is_handshake() => vec![Do::BelowTls(b"\x16\x03\x03"), Do::Fin],
            P::Body => vec![say("25"), Do::Fin],
            P::Final | P::BdatLast => vec![Do::Commit, Do::HalfOfHonest, Do::Fin],
            _ => vec![Do::HalfOfHonest, Do::Fin],
        };
        table.case(
            Class::CutLine,
            *place,
            tls::at::<Smtp>(*place, script),
            lost(*place),
        );
    }
    let first_line = vec![Do::Commit, say("250-2.0.0 queued\r\n"), Do::Rst];
    let expected = lost(P::Final);
    table.variant(
        Class::CutLine,
        P::Final,
        "between_lines",
        first_line,
        expected,
    );
}

fn done_then_gone(table: &mut Table<Smtp>) {
    let class = Class::DoneThenGone;
    for place in Place::ALL {
        let expected = match place {
            P::StartTls => fails_tls(TlsError::Closed),
            P::Final | P::BdatLast | P::Quit => meets(Fate::Accepted),
            // The client does not wait for the reply to QUIT.
            P::Vrfy => meets(Fate::Waiting),
            place => {
                let stage = place.next_stage();
                let fate = match stage {
                    Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Body => Fate::NotSent(stage),
                    _ => Fate::Waiting,
                };
                closed(stage).with(fate)
            }
        };
        table.case(class, *place, vec![Do::Honest, Do::Fin], expected);
    }
    for (variant, end) in [
        ("unsaid", Do::Fin),
        ("reset", Do::Rst),
        ("half", Do::HalfClose),
    ] {
        let script = vec![Do::Commit, end];
        let unknown = closed(Stage::Final).with(Fate::Unknown);
        table.variant(class, P::Final, variant, script, unknown);
    }
    let silent = falls_silent(Phase::SmtpFinalReply).with(Fate::Unknown);
    let script = vec![Do::Commit, Do::Stall];
    table.variant(class, P::Final, "silent", script, silent);
    // The reply was complete: the reset after it changes nothing.
    let script = vec![Do::Honest, Do::Rst];
    let unread = closed(Stage::Final).with(Fate::Unknown);
    table.variant(class, P::Final, "said_and_reset", script, unread);
}

fn stalls(table: &mut Table<Smtp>) {
    for place in Place::ALL {
        let fate = fate_at(*place);
        let (script, silent) = match place {
            place if place.is_handshake() => (vec![Do::Stall], tls_takes_too_long()),
            // The server stops reading: the message is larger than the capacity of the connection.
            P::Body => (vec![Do::Hang], falls_silent(Phase::SmtpBlock)),
            place => (vec![Do::Stall], falls_silent(place.phase())),
        };
        table.case(Class::Stall, *place, script, silent.with(fate));
        let (act, slow) = match place {
            // The header of a record that is 16,130 bytes long.
            place if place.is_handshake() => {
                (Do::Trickle("\x16\x03\x03\x3f\x02"), tls_takes_too_long())
            }
            // The server reads the message byte by byte.
            P::Body => (Do::HearSlowly, takes_too_long(Phase::SmtpBlock)),
            place => (
                Do::Trickle("250 just a moment "),
                takes_too_long(place.phase()),
            ),
        };
        let script = tls::at::<Smtp>(*place, vec![act]);
        table.case(Class::Trickle, *place, script, slow.with(fate));
    }
    // A slow connection is not a hostile one.
    for place in [P::Greeting, P::Mail, P::Final] {
        let script = vec![Do::HonestSlowly];
        let whole = meets(Fate::Accepted).in_any_time();
        table.variant(Class::Trickle, place, "but_whole", script, whole);
    }
}

fn start_tls(table: &mut Table<Smtp>) {
    let class = Class::BehindStartTls;
    for (variant, text) in [
        ("a_reply", "220 go\r\n250-peer.test\r\n250 AUTH PLAIN\r\n"),
        ("half_a_line", "220 go\r\n250-peer"),
        ("one_byte", "220 go\r\n2"),
        ("a_line_end", "220 go\r\n\r\n"),
    ] {
        let behind = fails(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStartTls));
        let script = vec![say(text)];
        table.variant(
            class,
            P::StartTls,
            variant,
            script,
            behind.with(Fate::Waiting),
        );
    }
    let others = Place::all_but(&[P::StartTls]);
    table.never(class, &others, "nothing else is behind STARTTLS");

    let class = Class::Stripped;
    let none = || fails(Error::PeerIncompatible(Incompatibility::StartTlsNotOffered));
    let script = vec![say("250-peer.test\r\n250 AUTH PLAIN\r\n")];
    table.case(class, P::PlainEhlo, script, none());
    let script = vec![
        say("502 what is that\r\n"),
        Do::Hear(Hears::Line("HELO")),
        say("250 peer.test\r\n"),
    ];
    table.variant(class, P::PlainEhlo, "with_ehlo", script, none());
    let unknown = fails(Error::Rejected {
        stage: Stage::StartTls,
        reply: Reply {
            code: 502,
            enhanced: None,
            lines: vec!["what is that".to_owned()],
        },
    });
    let script = vec![say("502 what is that\r\n")];
    table.case(class, P::StartTls, script, unknown);
    let others = Place::all_but(&[P::PlainEhlo, P::StartTls]);
    table.never(
        class,
        &others,
        "STARTTLS is offered and asked for elsewhere",
    );

    tls::certificates(table, |error| fails_tls(error).with(Fate::Waiting));
}

fn below_tls(table: &mut Table<Smtp>) {
    tls::garbage(table, b"250 this is no record of TLS\r\n", lost);
}

/// The classes that SMTP cannot have.
fn absent(table: &mut Table<Smtp>) {
    let all = Place::ALL;
    table.never(Class::BrokenCompression, all, "SMTP compresses nothing");
    for class in [Class::WrongTag, Class::FutureTag, Class::DoubleTag] {
        table.never(class, all, "SMTP has no tags");
    }
    table.never(Class::CutLiteral, all, "SMTP has no literals");
    table.never(Class::Nesting, all, "SMTP has no lists");
    table.never(Class::ExpungeMeanwhile, all, "SMTP has no mailbox");
    table.never(Class::UidValidity, all, "SMTP has no mailbox");
    table.never(Class::Preauth, all, "SMTP has no PREAUTH");
}
