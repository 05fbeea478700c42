//! Refusals, false replies, early replies and extra replies, at every place.

use mail_proto::OverLimit;
use mail_proto::sasl::SaslError;
use mail_proto::smtp::{EnhancedCode, Error, Incompatibility, Misbehaviour, Reply, Stage};

use super::link::delivery_at;
use super::{Delivery, P, Position, Smtp, completes, completes_with, fails};
use crate::case::{Action, Class, Expected, Input, Mode, Position as _, Table, send};
use crate::scram;

const NOT_A_REPLY: &str = "a handshake has no words: TlsGarbage";

pub(super) fn fill(table: &mut Table<Smtp>) {
    refusals(table);
    goodbyes(table);
    unasked(table);
    early(table);
    limits(table);
    malformed_replies(table);
    unproven(table);
}

/// The session ends because the server broke the SASL mechanism.
fn broken(failure: SaslError) -> Expected<Smtp> {
    fails(Error::PeerMisbehaved(Misbehaviour::Sasl(failure))).with(Delivery::NotStarted)
}

fn unproven(table: &mut Table<Smtp>) {
    let class = Class::Unproven;
    for (variant, message, failure) in scram::hostile_first_messages() {
        let script = vec![Action::Scram("334 ", message)];
        table.variant(class, P::ScramFirst, variant, script, broken(failure));
    }
    for (variant, message, failure) in scram::hostile_final_messages() {
        let script = vec![Action::Scram("334 ", message)];
        table.variant(class, P::ScramProof, variant, script, broken(failure));
    }
    let others = Position::all_but(&[P::ScramFirst, P::ScramProof]);
    table.exclude(class, &others, "the server has nothing to prove here");
}

fn misbehaved(position: Position, how: Misbehaviour) -> Expected<Smtp> {
    fails(Error::PeerMisbehaved(how)).with(delivery_at(position))
}

fn reply(code: u16, text: &str) -> Reply {
    Reply {
        code,
        enhanced: EnhancedCode::parse(code, text),
        lines: vec![text.to_owned()],
    }
}

fn refusals(table: &mut Table<Smtp>) {
    for (class, code, text) in [
        (Class::RefusedForNow, 451, "4.3.0 not now"),
        (Class::RefusedForGood, 550, "5.7.1 never"),
    ] {
        for position in Position::replies() {
            let mut script = vec![send(format!("{code} {text}\r\n"))];
            script.extend(resumes(position));
            if position == P::PipelinedMail {
                // Without a sender every further command fails, too.
                for line in ["RCPT", "RCPT", "RCPT", "DATA"] {
                    script.push(Action::Await(Input::Line(line)));
                    script.push(send("503 5.5.1 not now\r\n"));
                }
                script.push(Action::ResumeAt("QUIT"));
            }
            table.case(
                class,
                position,
                script,
                refused(position, &reply(code, text)),
            );
        }
        // All recipients, one after the other.
        let all = vec![
            send(format!("{code} {text}\r\n")),
            Action::Await(Input::Line("RCPT")),
            send(format!("{code} {text}\r\n")),
            Action::Await(Input::Line("RCPT")),
            send(format!("{code} {text}\r\n")),
            Action::ResumeAt("QUIT"),
        ];
        let none = completes(|seen| {
            assert_eq!(seen.delivery(), Delivery::Rejected(Stage::Rcpt));
            assert_eq!(seen.recipients(), (0, 3));
        });
        table.variant(class, P::RcptFirst, "and_all_others", all, none);
        // DATA was pipelined, and the server accepts it although it refused every recipient.
        let all = vec![
            send(format!("{code} {text}\r\n")),
            Action::Await(Input::Line("RCPT")),
            send(format!("{code} {text}\r\n")),
            Action::Await(Input::Line("RCPT")),
            send(format!("{code} {text}\r\n")),
            Action::Await(Input::Line("DATA")),
            send("354 go ahead\r\n"),
            Action::Await(Input::Dot),
            send("554 5.5.1 no valid recipients\r\n"),
            Action::ResumeAt("QUIT"),
        ];
        let none = completes(|seen| {
            assert_eq!(seen.delivery(), Delivery::Rejected(Stage::Rcpt));
            assert_eq!(seen.recipients(), (0, 3));
        });
        table.variant(class, P::PipelinedRcpt, "but_data", all, none);
        table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    }
    // A refused recipient although the message was accepted, in two variants.
    for (variant, code) in [("shutting_down", 421), ("no_such_code", 599)] {
        let script = vec![send(format!("{code} no\r\n"))];
        let expected = match code {
            421 => rejected(P::Final, &reply(421, "no")).with(Delivery::Rejected(Stage::Final)),
            _ => completes_with(Delivery::Rejected(Stage::Final)),
        };
        table.variant(Class::RefusedForGood, P::Final, variant, script, expected);
    }
}

/// The action with which the session continues after a refusal.
fn resumes(position: Position) -> Option<Action> {
    match position {
        position if position.is_sign_in() => Some(Action::ResumeAt("QUIT")),
        P::Mail | P::Data | P::PipelinedData | P::Bdat => Some(Action::ResumeAt("QUIT")),
        _ => None,
    }
}

fn rejected(position: Position, reply: &Reply) -> Expected<Smtp> {
    let (stage, reply) = (position.stage(), reply.clone());
    fails(Error::Rejected { stage, reply })
}

fn refused(position: Position, reply: &Reply) -> Expected<Smtp> {
    match position {
        position if position.is_sign_in() => completes(|seen| {
            assert_eq!(seen.is_signed_in, Some(false));
            assert_eq!(seen.delivery(), Delivery::NotStarted);
        }),
        P::Rset => rejected(position, reply).with(Delivery::NotSent(Stage::Rset)),
        P::Mail
        | P::Data
        | P::PipelinedMail
        | P::PipelinedData
        | P::Final
        | P::Bdat
        | P::BdatLast => completes_with(Delivery::Rejected(position.stage())),
        P::RcptFirst | P::RcptMiddle | P::RcptLast | P::PipelinedRcpt => completes(|seen| {
            assert_eq!(seen.delivery(), Delivery::Accepted);
            assert_eq!(seen.recipients(), (2, 1));
        }),
        // Whether the server reads on until the dot is unknown.
        P::Body => rejected(position, reply).with(Delivery::Rejected(Stage::Body)),
        P::Quit => completes_with(Delivery::Accepted),
        P::Vrfy => completes_with(Delivery::NotStarted),
        position => rejected(position, reply).with(Delivery::NotStarted),
    }
}

fn goodbyes(table: &mut Table<Smtp>) {
    let text = "4.3.2 going away";
    let script = [send(format!("421 {text}\r\n")), Action::Fin];
    table.each(Class::Bye, &Position::replies(), &script, |position| {
        let delivery = match position.stage() {
            Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Body | Stage::Final => {
                Delivery::Rejected(position.stage())
            }
            _ => delivery_at(position),
        };
        match position {
            P::Quit => completes_with(Delivery::Accepted),
            position => rejected(position, &reply(421, text)).with(delivery),
        }
    });
    table.exclude(Class::Bye, Position::HANDSHAKES, NOT_A_REPLY);
}

fn unasked(table: &mut Table<Smtp>) {
    let class = Class::Unasked;
    for position in Position::replies() {
        let to_nothing = Misbehaviour::UnsolicitedReply { code: 250 };
        let taken_for = |stage| Misbehaviour::UnexpectedCode { stage, code: 250 };
        let expected = match position {
            // Taken for the reply to EHLO, which then offers nothing.
            P::Greeting => fails(Error::PeerIncompatible(Incompatibility::LoginNotOffered)),
            P::StartTls => misbehaved(position, Misbehaviour::PlaintextAfterStartTls),
            P::PlainEhlo => misbehaved(position, taken_for(Stage::StartTls)),
            P::AuthLogin | P::AuthUser | P::ScramFirst | P::ScramProof | P::CramMd5 => {
                misbehaved(position, taken_for(Stage::Auth))
            }
            P::Ehlo | P::EhloInTls | P::Vrfy => misbehaved(position, to_nothing),
            // The message is already queued.
            P::Helo | P::AuthPlain | P::AuthPassword | P::AuthScram | P::AuthCram | P::Token => {
                fails(Error::PeerMisbehaved(to_nothing)).with(Delivery::NotSent(Stage::Idle))
            }
            // A reply received before a command cannot belong to it.
            P::Rset | P::Mail | P::RcptFirst | P::RcptMiddle | P::RcptLast => {
                fails(Error::PeerMisbehaved(to_nothing)).with(Delivery::NotSent(Stage::Mail))
            }
            // One extra reply: each later reply is taken for that of the next command, and DATA
            // gets the reply to a recipient.
            P::PipelinedMail | P::PipelinedRcpt => {
                let how = taken_for(Stage::Data);
                fails(Error::PeerMisbehaved(how)).with(Delivery::NotSent(Stage::Data))
            }
            P::Data | P::PipelinedData | P::Body | P::Bdat => {
                fails(Error::PeerMisbehaved(Misbehaviour::EarlyReply))
                    .with(Delivery::NotSent(Stage::Body))
            }
            P::Final | P::BdatLast => {
                fails(Error::PeerMisbehaved(to_nothing)).with(Delivery::Accepted)
            }
            P::Quit | P::Handshake | P::ImplicitHandshake | P::Earlier => continue,
        };
        let script = vec![Action::Valid, send("250 2.0.0 and so on\r\n")];
        table.case(class, position, script, expected);
    }
    table.exclude(class, &[P::Quit], "nobody listens any more");
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
}

fn early(table: &mut Table<Smtp>) {
    let class = Class::Early;
    let early = || {
        fails(Error::PeerMisbehaved(Misbehaviour::EarlyReply)).with(Delivery::NotSent(Stage::Body))
    };
    let accepted = "250 2.0.0 queued as 7\r\n";
    // Before any byte of the message.
    let script = || vec![send(format!("354 go ahead\r\n{accepted}"))];
    table.case(class, P::Data, script(), early());
    table.case(class, P::PipelinedData, script(), early());
    // In the middle of the message.
    let script = vec![send(accepted), Action::Stall];
    table.case(class, P::Body, script, early());
    let script = vec![send("250-2.0.0 queued\r\n"), Action::Hang];
    let stuck =
        crate::case::hits_silence_deadline(P::Body.phase()).with(Delivery::NotSent(Stage::Body));
    table.variant(class, P::Body, "half_a_reply", script, stuck);
    // In place of the expected code: no message is sent.
    for (position, code) in [(P::Mail, 354), (P::RcptLast, 354), (P::PipelinedMail, 354)] {
        let stage = position.stage();
        let how = Misbehaviour::UnexpectedCode { stage, code };
        let script = vec![send("354 go ahead\r\n")];
        table.case(class, position, script, misbehaved(position, how));
    }
    let script = vec![send("250 2.0.0 queued as 7\r\n")];
    let stage = Stage::Data;
    let how = Misbehaviour::UnexpectedCode { stage, code: 250 };
    table.variant(
        class,
        P::Data,
        "instead_of_354",
        script,
        misbehaved(P::Data, how),
    );
    // A server must prove itself before it accepts a SCRAM sign-in.
    for position in [P::ScramFirst, P::ScramProof] {
        let script = vec![send("235 2.7.0 come in\r\n")];
        table.case(class, position, script, broken(SaslError::ServerUnproven));
    }
    let others = Position::all_but(&[
        P::Data,
        P::PipelinedData,
        P::Body,
        P::Mail,
        P::RcptLast,
        P::PipelinedMail,
        P::ScramFirst,
        P::ScramProof,
    ]);
    table.exclude(class, &others, "a reply to nothing: Unasked");
}

fn limits(table: &mut Table<Smtp>) {
    let replies = Position::replies();
    let over = |what, max| {
        move |position| fails(Error::Limit(OverLimit { what, max })).with(delivery_at(position))
    };
    let endless = [Action::Endless("250 and so on ")];
    let too_long = over("reply line", 64 << 10);
    table.each(Class::EndlessLine, &replies, &endless, too_long);
    let lines = [Action::Endless("250-and so on\r\n")];
    let too_many = over("lines of a reply", 100);
    table.each(Class::Flood, &replies, &lines, too_many);
    let most = vec![
        Action::Repeat("250-X-EXTENSION-#\r\n", 99),
        send("250 AUTH PLAIN\r\n"),
    ];
    let expected = completes_with(Delivery::Accepted);
    table.variant(Class::Flood, P::Ehlo, "within_bounds", most, expected);
    table.exclude(Class::EndlessLine, Position::HANDSHAKES, NOT_A_REPLY);
    table.exclude(Class::Flood, Position::HANDSHAKES, NOT_A_REPLY);

    let class = Class::LyingSize;
    let size = |size: &str| format!("250-peer.test\r\n250-SIZE {size}\r\n250 AUTH PLAIN\r\n");
    let too_large = || completes_with(Delivery::NotSent(Stage::Idle));
    let quits = Action::ResumeAt("QUIT");
    let script = vec![
        send(size("5")),
        Action::Await(Input::Line("AUTH PLAIN")),
        send("235 2.7.0 signed in\r\n"),
        quits.clone(),
    ];
    table.case(class, P::Ehlo, script.clone(), too_large());
    table.case(class, P::EhloInTls, script, too_large());
    // The client discards the reply from before TLS: the EHLO after TLS offers SIZE as well.
    let script = vec![send("250-peer.test\r\n250-STARTTLS\r\n250 SIZE 1\r\n")];
    table.case(
        class,
        P::PlainEhlo,
        script,
        completes_with(Delivery::Accepted),
    );
    // HELO offers nothing, whatever its further lines hold.
    let script = vec![send("250-peer.test\r\n250 SIZE 1\r\n")];
    table.case(class, P::Helo, script, completes_with(Delivery::Accepted));
    for (variant, number) in [
        ("beyond_all_numbers", "99999999999999999999999999"),
        ("below_zero", "-1"),
        ("no_number", "lots"),
    ] {
        let script = vec![send(size(number))];
        table.variant(
            class,
            P::Ehlo,
            variant,
            script,
            completes_with(Delivery::Accepted),
        );
    }
    let others = Position::all_but(&[P::Ehlo, P::EhloInTls, P::PlainEhlo, P::Helo]);
    table.exclude(class, &others, "no reply but the one to EHLO names a size");
}

fn malformed_replies(table: &mut Table<Smtp>) {
    let replies = Position::replies();
    let garbage = [send("HTTP/1.1 400 Bad Request\r\n")];
    let malformed = |position| misbehaved(position, Misbehaviour::MalformedReply);
    table.each(Class::Garbage, &replies, &garbage, malformed);
    for position in &replies {
        // A challenge outside a sign-in.
        let (stage, code) = (position.stage(), 334);
        let expected = match position {
            // Other cases test that challenges are answered or cancelled.
            position if position.is_sign_in() => continue,
            // Any reply to QUIT ends the session.
            P::Quit => continue,
            P::Body => misbehaved(*position, Misbehaviour::EarlyReply),
            position => misbehaved(*position, Misbehaviour::UnexpectedCode { stage, code }),
        };
        let script = vec![send("334 UGFzc3dvcmQ6\r\n")];
        table.variant(Class::Garbage, *position, "challenge", script, expected);
    }
    // The client cancels a challenge that the mechanism does not have; the challenge after a token
    // reports its error (RFC 7628 §3.2.3).
    for (position, challenge, response) in [
        (P::AuthPassword, "334 QW5kPw==\r\n", "*"),
        (P::AuthCram, "334 PG90aGVyQHBlZXIudGVzdD4=\r\n", "*"),
        (P::Token, "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", "AQ=="),
    ] {
        let script = vec![
            send(challenge),
            Action::Await(Input::Bare(response)),
            send("535 5.7.8 no\r\n"),
            Action::ResumeAt("QUIT"),
        ];
        let refused = completes(|seen| assert_eq!(seen.is_signed_in, Some(false)));
        table.variant(Class::Garbage, position, "challenge", script, refused);
    }
    let zeroes = vec![send("\0\0\0\0\r\n")];
    let expected = malformed(P::Greeting);
    table.variant(Class::Garbage, P::Greeting, "of_zeroes", zeroes, expected);
    let ssh = vec![send("SSH-2.0-OpenSSH_9.2\r\n")];
    let expected = malformed(P::Greeting);
    table.in_mode(
        Mode::StartTls,
        Class::Garbage,
        P::Greeting,
        "of_ssh",
        ssh,
        expected,
    );
    table.exclude(Class::Garbage, Position::HANDSHAKES, NOT_A_REPLY);

    let mixed = [send("250-2.0.0 yes\r\n550 5.0.0 no\r\n")];
    let how = Misbehaviour::MixedCodes {
        first: 250,
        second: 550,
    };
    table.each(Class::MixedCodes, &replies, &mixed, |position| {
        misbehaved(position, how.clone())
    });
    table.exclude(Class::MixedCodes, Position::HANDSHAKES, NOT_A_REPLY);
}
