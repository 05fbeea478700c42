//! Connections that end or stall, and TLS, at every place.

use mail_net::{Phase, TlsError};
use mail_proto::smtp::{Error, Incompatibility, Misbehaviour, Reply, Stage};

use super::{Delivery, P, Position, Smtp, completes_with, fails};
use crate::case::{
    Action, Class, Expected, Input, Position as _, Table, fails_tls, hits_silence_deadline,
    hits_tls_deadline, hits_total_deadline, send,
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
pub(super) fn delivery_at(position: Position) -> Delivery {
    match position.stage() {
        Stage::Rset | Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Body => {
            Delivery::NotSent(position.stage())
        }
        Stage::Final => Delivery::Unknown,
        Stage::Quit => Delivery::Accepted,
        _ => Delivery::NotStarted,
    }
}

fn closed(stage: Stage) -> Expected<Smtp> {
    fails(Error::Closed { stage })
}

/// The result of a lost connection: before TLS is up it is an error of TLS.
fn lost(position: Position) -> Expected<Smtp> {
    match position {
        position if position.is_handshake() => fails_tls(TlsError::Closed),
        // The client does not wait for the reply to QUIT.
        P::Quit => completes_with(Delivery::Accepted),
        position => closed(position.stage()).with(delivery_at(position)),
    }
}

fn ends(table: &mut Table<Smtp>) {
    tls::ends(table, lost);
    for position in Position::ALL {
        let script = match position {
            position if position.is_handshake() => {
                vec![Action::BelowTls(b"\x16\x03\x03"), Action::Fin]
            }
            P::Body => vec![send("25"), Action::Fin],
            P::Final | P::BdatLast => vec![Action::Commit, Action::HalfOfValid, Action::Fin],
            _ => vec![Action::HalfOfValid, Action::Fin],
        };
        table.case(
            Class::CutLine,
            *position,
            tls::after_client_hello::<Smtp>(*position, script),
            lost(*position),
        );
    }
    let first_line = vec![Action::Commit, send("250-2.0.0 queued\r\n"), Action::Rst];
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
    for position in Position::ALL {
        let expected = match position {
            P::StartTls => fails_tls(TlsError::Closed),
            P::Final | P::BdatLast | P::Quit => completes_with(Delivery::Accepted),
            // The client does not wait for the reply to QUIT.
            P::Vrfy => completes_with(Delivery::NotStarted),
            position => {
                let stage = position.next_stage();
                let delivery = match stage {
                    Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Body => {
                        Delivery::NotSent(stage)
                    }
                    _ => Delivery::NotStarted,
                };
                closed(stage).with(delivery)
            }
        };
        table.case(class, *position, vec![Action::Valid, Action::Fin], expected);
    }
    for (variant, end) in [
        ("unsaid", Action::Fin),
        ("reset", Action::Rst),
        ("half", Action::HalfClose),
    ] {
        let script = vec![Action::Commit, end];
        let unknown = closed(Stage::Final).with(Delivery::Unknown);
        table.variant(class, P::Final, variant, script, unknown);
    }
    let silent = hits_silence_deadline(Phase::SmtpFinalReply).with(Delivery::Unknown);
    let script = vec![Action::Commit, Action::Stall];
    table.variant(class, P::Final, "silent", script, silent);
    // The reply was complete: the reset after it changes nothing.
    let script = vec![Action::Valid, Action::Rst];
    let unread = closed(Stage::Final).with(Delivery::Unknown);
    table.variant(class, P::Final, "said_and_reset", script, unread);
}

fn stalls(table: &mut Table<Smtp>) {
    for position in Position::ALL {
        let delivery = delivery_at(*position);
        let (script, silent) = match position {
            position if position.is_handshake() => (vec![Action::Stall], hits_tls_deadline()),
            // The server stops reading: the message is larger than the capacity of the connection.
            P::Body => (vec![Action::Hang], hits_silence_deadline(Phase::SmtpBlock)),
            position => (vec![Action::Stall], hits_silence_deadline(position.phase())),
        };
        table.case(Class::Stall, *position, script, silent.with(delivery));
        let (action, slow) = match position {
            // The header of a record that is 16,130 bytes long.
            position if position.is_handshake() => {
                (Action::Trickle("\x16\x03\x03\x3f\x02"), hits_tls_deadline())
            }
            // The server reads the message byte by byte.
            P::Body => (Action::ReadSlowly, hits_total_deadline(Phase::SmtpBlock)),
            position => (
                Action::Trickle("250 just a moment "),
                hits_total_deadline(position.phase()),
            ),
        };
        let script = tls::after_client_hello::<Smtp>(*position, vec![action]);
        table.case(Class::Trickle, *position, script, slow.with(delivery));
    }
    // A slow connection is not a hostile one.
    for position in [P::Greeting, P::Mail, P::Final] {
        let script = vec![Action::ValidSlowly];
        let whole = completes_with(Delivery::Accepted).in_any_time();
        table.variant(Class::Trickle, position, "but_whole", script, whole);
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
        let script = vec![send(text)];
        table.variant(
            class,
            P::StartTls,
            variant,
            script,
            behind.with(Delivery::NotStarted),
        );
    }
    let others = Position::all_but(&[P::StartTls]);
    table.exclude(class, &others, "nothing else is behind STARTTLS");

    let class = Class::Stripped;
    let none = || fails(Error::PeerIncompatible(Incompatibility::StartTlsNotOffered));
    let script = vec![send("250-peer.test\r\n250 AUTH PLAIN\r\n")];
    table.case(class, P::PlainEhlo, script, none());
    let script = vec![
        send("502 what is that\r\n"),
        Action::Await(Input::Line("HELO")),
        send("250 peer.test\r\n"),
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
    let script = vec![send("502 what is that\r\n")];
    table.case(class, P::StartTls, script, unknown);
    let others = Position::all_but(&[P::PlainEhlo, P::StartTls]);
    table.exclude(
        class,
        &others,
        "STARTTLS is offered and asked for elsewhere",
    );

    tls::certificates(table, |error| fails_tls(error).with(Delivery::NotStarted));
}

fn below_tls(table: &mut Table<Smtp>) {
    tls::garbage(table, b"250 this is no record of TLS\r\n", lost);
}

/// The classes that SMTP cannot have.
fn absent(table: &mut Table<Smtp>) {
    let all = Position::ALL;
    table.exclude(Class::BrokenCompression, all, "SMTP compresses nothing");
    for class in [Class::WrongTag, Class::FutureTag, Class::DoubleTag] {
        table.exclude(class, all, "SMTP has no tags");
    }
    table.exclude(Class::CutLiteral, all, "SMTP has no literals");
    table.exclude(Class::Nesting, all, "SMTP has no lists");
    table.exclude(Class::ExpungeMeanwhile, all, "SMTP has no mailbox");
    table.exclude(Class::UidValidity, all, "SMTP has no mailbox");
    table.exclude(Class::Preauth, all, "SMTP has no PREAUTH");
}
