//! TLS and its start: certificates, STARTTLS, PREAUTH; and refusals at every place.

use mail_proto::imap::{Error, Incompatibility, Misbehaviour, Reply, Status};
use mail_proto::sasl::SaslError;

use super::{Imap, P, Position, completes, fails};
use crate::case::{Action, Class, Expected, Mode, Position as _, Table, fails_tls, send};
use crate::scram;
use crate::tls;

pub(super) fn fill(table: &mut Table<Imap>) {
    tls::certificates(table, fails_tls);
    start_tls(table);
    preauth(table);
    refusals(table);
    unproven(table);
}

/// The session ends because the server broke the SASL mechanism.
pub(super) fn broken(failure: SaslError) -> Expected<Imap> {
    fails(Error::PeerMisbehaved(Misbehaviour::Sasl(failure)))
}

fn unproven(table: &mut Table<Imap>) {
    let class = Class::Unproven;
    for (variant, message, failure) in scram::hostile_first_messages() {
        let script = vec![Action::Scram("+ ", message)];
        table.variant(class, P::ScramFirst, variant, script, broken(failure));
    }
    for (variant, message, failure) in scram::hostile_final_messages() {
        let script = vec![Action::Scram("+ ", message)];
        table.variant(class, P::ScramProof, variant, script, broken(failure));
    }
    let others = Position::all_but(&[P::ScramFirst, P::ScramProof]);
    table.exclude(class, &others, "the server has nothing to prove here");
}

fn start_tls(table: &mut Table<Imap>) {
    let class = Class::BehindStartTls;
    let behind = || fails(Error::PeerMisbehaved(Misbehaviour::PlaintextBehindStartTls));
    for (variant, text) in [
        ("a_line", "% OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"),
        (
            "an_answer",
            "% OK go\r\nr3 OK [CAPABILITY IMAP4rev1] hello\r\n",
        ),
        ("half_a_line", "% OK go\r\n* CAPABILITY IMA"),
        ("one_byte", "% OK go\r\n*"),
    ] {
        table.variant(class, P::StartTls, variant, vec![send(text)], behind());
    }
    let others = Position::all_but(&[P::StartTls]);
    table.exclude(class, &others, "nothing else is behind STARTTLS");

    let class = Class::Stripped;
    let none = || fails(Error::PeerIncompatible(Incompatibility::NoStartTls));
    let text = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n";
    let script = vec![send(text)];
    table.in_mode(Mode::StartTls, class, P::Greeting, "", script, none());
    let text = "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n% OK done\r\n";
    table.case(class, P::PlainCapability, vec![send(text)], none());
    let unknown = fails(Error::Rejected {
        command: "STARTTLS",
        reply: reply(Status::Bad, "what is that"),
    });
    let script = vec![send("% BAD what is that\r\n")];
    table.case(class, P::StartTls, script, unknown);
    let others = Position::all_but(&[P::Greeting, P::PlainCapability, P::StartTls]);
    table.exclude(
        class,
        &others,
        "STARTTLS is offered and asked for elsewhere",
    );
}

fn preauth(table: &mut Table<Imap>) {
    let error = |_| fails(Error::PeerMisbehaved(Misbehaviour::Preauth));
    let replies = Position::replies();
    let script = [send("* PREAUTH you are in already\r\n")];
    table.each(Class::Preauth, &replies, &script, error);
    table.in_mode(
        Mode::StartTls,
        Class::Preauth,
        P::Greeting,
        "before_tls",
        script.to_vec(),
        error(P::Greeting),
    );
    let with_offer = vec![send(
        "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] you are in already\r\n",
    )];
    table.in_mode(
        Mode::StartTls,
        Class::Preauth,
        P::Greeting,
        "that_offers_starttls",
        with_offer,
        error(P::Greeting),
    );
    table.exclude(
        Class::Preauth,
        Position::HANDSHAKES,
        "a handshake has no words: TlsGarbage",
    );
}

fn reply(status: Status, text: &str) -> Reply {
    Reply {
        status: Some(status),
        code: None,
        text: text.to_owned(),
    }
}

fn refusals(table: &mut Table<Imap>) {
    for (class, status, condition) in [
        (Class::RefusedForNow, Status::No, "NO"),
        (Class::RefusedForGood, Status::Bad, "BAD"),
    ] {
        for position in Position::replies() {
            let tag = if position == P::Greeting { "*" } else { "%" };
            let script = vec![
                send(format!("{tag} {condition} never\r\n")),
                Action::EndCommand,
            ];
            table.case(class, position, script, refused(position, status));
        }
        table.exclude(
            class,
            Position::HANDSHAKES,
            "TLS has alerts for that: TlsGarbage",
        );
    }
}

fn refused(position: Position, status: Status) -> Expected<Imap> {
    let rejected = |command| {
        fails(Error::Rejected {
            command,
            reply: reply(status, "never"),
        })
    };
    match position {
        P::Greeting => rejected("greeting"),
        P::Capability | P::PlainCapability | P::CapabilityInTls => rejected("CAPABILITY"),
        P::StartTls => rejected("STARTTLS"),
        P::Challenge
        | P::ScramFirst
        | P::ScramProof
        | P::CramMd5
        | P::Token
        | P::Authenticate
        | P::Login => completes(|seen| {
            assert!(matches!(seen.signed_in, Some(Status::No | Status::Bad)));
        }),
        // The server had accepted the sign-in itself.
        P::CapabilityAfterSignIn => completes(|seen| {
            assert_eq!(seen.signed_in, Some(Status::Ok));
        }),
        P::Select => completes(|seen| {
            assert!(matches!(seen.selected, Some(Status::No | Status::Bad)));
        }),
        P::Logout => completes(|seen| assert_eq!(seen.signed_in, Some(Status::Ok))),
        _ => completes(|seen| {
            assert!(matches!(seen.completed, Some(Status::No | Status::Bad)));
        }),
    }
}
