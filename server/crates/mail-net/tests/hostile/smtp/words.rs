//! Refusals, false replies, early replies and extra replies, at every place.

use mail_proto::OverLimit;
use mail_proto::sasl::SaslError;
use mail_proto::smtp::{EnhancedCode, Error, Incompatibility, Misbehaviour, Reply, Stage};

use super::link::fate_at;
use super::{Fate, P, Place, Smtp, fails, goes_on, meets};
use crate::case::{Class, Do, Expected, Hears, Mode, Place as _, Table, say};
use crate::scram;

const NO_WORDS: &str = "a handshake has no words: TlsGarbage";

pub(super) fn fill(table: &mut Table<Smtp>) {
    refusals(table);
    goodbyes(table);
    unasked(table);
    early(table);
    measures(table);
    nonsense(table);
    unproven(table);
}

/// The session ends because the server broke the SASL mechanism.
fn broken(failure: SaslError) -> Expected<Smtp> {
    fails(Error::PeerMisbehaved(Misbehaviour::Sasl(failure))).with(Fate::Waiting)
}

fn unproven(table: &mut Table<Smtp>) {
    let class = Class::Unproven;
    for (variant, message, failure) in scram::hostile_firsts() {
        let script = vec![Do::Scram("334 ", message)];
        table.variant(class, P::ScramFirst, variant, script, broken(failure));
    }
    for (variant, message, failure) in scram::hostile_proofs() {
        let script = vec![Do::Scram("334 ", message)];
        table.variant(class, P::ScramProof, variant, script, broken(failure));
    }
    let others = Place::all_but(&[P::ScramFirst, P::ScramProof]);
    table.never(class, &others, "the server has nothing to prove here");
}

fn misbehaved(place: Place, how: Misbehaviour) -> Expected<Smtp> {
    fails(Error::PeerMisbehaved(how)).with(fate_at(place))
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
        for place in Place::spoken() {
            let mut script = vec![say(format!("{code} {text}\r\n"))];
            script.extend(resumes(place));
            if place == P::PipelinedMail {
                // Without a sender every further command fails, too.
                for line in ["RCPT", "RCPT", "RCPT", "DATA"] {
                    script.push(Do::Hear(Hears::Line(line)));
                    script.push(say("503 5.5.1 not now\r\n"));
                }
                script.push(Do::ResumeAt("QUIT"));
            }
            table.case(class, place, script, refused(place, &reply(code, text)));
        }
        // All recipients, one after the other.
        let all = vec![
            say(format!("{code} {text}\r\n")),
            Do::Hear(Hears::Line("RCPT")),
            say(format!("{code} {text}\r\n")),
            Do::Hear(Hears::Line("RCPT")),
            say(format!("{code} {text}\r\n")),
            Do::ResumeAt("QUIT"),
        ];
        let none = goes_on(|seen| {
            assert_eq!(seen.fate(), Fate::Rejected(Stage::Rcpt));
            assert_eq!(seen.recipients(), (0, 3));
        });
        table.variant(class, P::RcptFirst, "and_all_others", all, none);
        // DATA was pipelined, and the server accepts it although it refused every recipient.
        let all = vec![
            say(format!("{code} {text}\r\n")),
            Do::Hear(Hears::Line("RCPT")),
            say(format!("{code} {text}\r\n")),
            Do::Hear(Hears::Line("RCPT")),
            say(format!("{code} {text}\r\n")),
            Do::Hear(Hears::Line("DATA")),
            say("354 go ahead\r\n"),
            Do::Hear(Hears::Dot),
            say("554 5.5.1 no valid recipients\r\n"),
            Do::ResumeAt("QUIT"),
        ];
        let none = goes_on(|seen| {
            assert_eq!(seen.fate(), Fate::Rejected(Stage::Rcpt));
            assert_eq!(seen.recipients(), (0, 3));
        });
        table.variant(class, P::PipelinedRcpt, "but_data", all, none);
        table.never(class, Place::HANDSHAKES, NO_WORDS);
    }
    // A refused recipient although the message was accepted, in two variants.
    for (variant, code) in [("shutting_down", 421), ("no_such_code", 599)] {
        let script = vec![say(format!("{code} no\r\n"))];
        let expected = match code {
            421 => rejected(P::Final, &reply(421, "no")).with(Fate::Rejected(Stage::Final)),
            _ => meets(Fate::Rejected(Stage::Final)),
        };
        table.variant(Class::RefusedForGood, P::Final, variant, script, expected);
    }
}

/// The action with which the session continues after a refusal.
fn resumes(place: Place) -> Option<Do> {
    match place {
        place if place.is_sign_in() => Some(Do::ResumeAt("QUIT")),
        P::Mail | P::Data | P::PipelinedData | P::Bdat => Some(Do::ResumeAt("QUIT")),
        _ => None,
    }
}

fn rejected(place: Place, reply: &Reply) -> Expected<Smtp> {
    let (stage, reply) = (place.stage(), reply.clone());
    fails(Error::Rejected { stage, reply })
}

fn refused(place: Place, reply: &Reply) -> Expected<Smtp> {
    match place {
        place if place.is_sign_in() => goes_on(|seen| {
            assert_eq!(seen.is_signed_in, Some(false));
            assert_eq!(seen.fate(), Fate::Waiting);
        }),
        P::Rset => rejected(place, reply).with(Fate::NotSent(Stage::Rset)),
        P::Mail
        | P::Data
        | P::PipelinedMail
        | P::PipelinedData
        | P::Final
        | P::Bdat
        | P::BdatLast => meets(Fate::Rejected(place.stage())),
        P::RcptFirst | P::RcptMiddle | P::RcptLast | P::PipelinedRcpt => goes_on(|seen| {
            assert_eq!(seen.fate(), Fate::Accepted);
            assert_eq!(seen.recipients(), (2, 1));
        }),
        // Whether the server reads on until the dot is unknown.
        P::Body => rejected(place, reply).with(Fate::Rejected(Stage::Body)),
        P::Quit => meets(Fate::Accepted),
        P::Vrfy => meets(Fate::Waiting),
        place => rejected(place, reply).with(Fate::Waiting),
    }
}

fn goodbyes(table: &mut Table<Smtp>) {
    let text = "4.3.2 going away";
    let script = [say(format!("421 {text}\r\n")), Do::Fin];
    table.each(Class::Bye, &Place::spoken(), &script, |place| {
        let fate = match place.stage() {
            Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Body | Stage::Final => {
                Fate::Rejected(place.stage())
            }
            _ => fate_at(place),
        };
        match place {
            P::Quit => meets(Fate::Accepted),
            place => rejected(place, &reply(421, text)).with(fate),
        }
    });
    table.never(Class::Bye, Place::HANDSHAKES, NO_WORDS);
}

fn unasked(table: &mut Table<Smtp>) {
    let class = Class::Unasked;
    for place in Place::spoken() {
        let to_nothing = Misbehaviour::UnsolicitedReply { code: 250 };
        let taken_for = |stage| Misbehaviour::UnexpectedCode { stage, code: 250 };
        let expected = match place {
            // Taken for the reply to EHLO, which then offers nothing.
            P::Greeting => fails(Error::PeerIncompatible(Incompatibility::LoginNotOffered)),
            P::StartTls => misbehaved(place, Misbehaviour::PlaintextAfterStartTls),
            P::PlainEhlo => misbehaved(place, taken_for(Stage::StartTls)),
            P::AuthLogin | P::AuthUser | P::ScramFirst | P::ScramProof | P::CramMd5 => {
                misbehaved(place, taken_for(Stage::Auth))
            }
            P::Ehlo | P::EhloInTls | P::Vrfy => misbehaved(place, to_nothing),
            // The message is already queued.
            P::Helo | P::AuthPlain | P::AuthPassword | P::AuthScram | P::AuthCram | P::Token => {
                fails(Error::PeerMisbehaved(to_nothing)).with(Fate::NotSent(Stage::Idle))
            }
            // A reply received before a command cannot belong to it.
            P::Rset | P::Mail | P::RcptFirst | P::RcptMiddle | P::RcptLast => {
                fails(Error::PeerMisbehaved(to_nothing)).with(Fate::NotSent(Stage::Mail))
            }
            // One extra reply: each later reply is taken for that of the next command, and DATA
            // gets the reply to a recipient.
            P::PipelinedMail | P::PipelinedRcpt => {
                let how = taken_for(Stage::Data);
                fails(Error::PeerMisbehaved(how)).with(Fate::NotSent(Stage::Data))
            }
            P::Data | P::PipelinedData | P::Body | P::Bdat => {
                fails(Error::PeerMisbehaved(Misbehaviour::EarlyReply))
                    .with(Fate::NotSent(Stage::Body))
            }
            P::Final | P::BdatLast => fails(Error::PeerMisbehaved(to_nothing)).with(Fate::Accepted),
            P::Quit | P::Handshake | P::ImplicitHandshake | P::Earlier => continue,
        };
        let script = vec![Do::Honest, say("250 2.0.0 and so on\r\n")];
        table.case(class, place, script, expected);
    }
    table.never(class, &[P::Quit], "nobody listens any more");
    table.never(class, Place::HANDSHAKES, NO_WORDS);
}

fn early(table: &mut Table<Smtp>) {
    let class = Class::Early;
    let early =
        || fails(Error::PeerMisbehaved(Misbehaviour::EarlyReply)).with(Fate::NotSent(Stage::Body));
    let accepted = "250 2.0.0 queued as 7\r\n";
    // Before any byte of the message.
    let script = || vec![say(format!("354 go ahead\r\n{accepted}"))];
    table.case(class, P::Data, script(), early());
    table.case(class, P::PipelinedData, script(), early());
    // In the middle of the message.
    let script = vec![say(accepted), Do::Stall];
    table.case(class, P::Body, script, early());
    let script = vec![say("250-2.0.0 queued\r\n"), Do::Hang];
    let stuck = crate::case::falls_silent(P::Body.phase()).with(Fate::NotSent(Stage::Body));
    table.variant(class, P::Body, "half_a_reply", script, stuck);
    // In place of the expected code: no message is sent.
    for (place, code) in [(P::Mail, 354), (P::RcptLast, 354), (P::PipelinedMail, 354)] {
        let stage = place.stage();
        let how = Misbehaviour::UnexpectedCode { stage, code };
        let script = vec![say("354 go ahead\r\n")];
        table.case(class, place, script, misbehaved(place, how));
    }
    let script = vec![say("250 2.0.0 queued as 7\r\n")];
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
    for place in [P::ScramFirst, P::ScramProof] {
        let script = vec![say("235 2.7.0 come in\r\n")];
        table.case(class, place, script, broken(SaslError::ServerUnproven));
    }
    let others = Place::all_but(&[
        P::Data,
        P::PipelinedData,
        P::Body,
        P::Mail,
        P::RcptLast,
        P::PipelinedMail,
        P::ScramFirst,
        P::ScramProof,
    ]);
    table.never(class, &others, "a reply to nothing: Unasked");
}

fn measures(table: &mut Table<Smtp>) {
    let spoken = Place::spoken();
    let over =
        |what, max| move |place| fails(Error::Limit(OverLimit { what, max })).with(fate_at(place));
    let endless = [Do::Endless("250 and so on ")];
    let too_long = over("reply line", 64 << 10);
    table.each(Class::EndlessLine, &spoken, &endless, too_long);
    let lines = [Do::Endless("250-and so on\r\n")];
    let too_many = over("lines of a reply", 100);
    table.each(Class::Flood, &spoken, &lines, too_many);
    let most = vec![
        Do::Repeat("250-X-EXTENSION-#\r\n", 99),
        say("250 AUTH PLAIN\r\n"),
    ];
    let expected = meets(Fate::Accepted);
    table.variant(Class::Flood, P::Ehlo, "within_bounds", most, expected);
    table.never(Class::EndlessLine, Place::HANDSHAKES, NO_WORDS);
    table.never(Class::Flood, Place::HANDSHAKES, NO_WORDS);

    let class = Class::LyingSize;
    let size = |size: &str| format!("250-peer.test\r\n250-SIZE {size}\r\n250 AUTH PLAIN\r\n");
    let too_large = || meets(Fate::NotSent(Stage::Idle));
    let quits = Do::ResumeAt("QUIT");
    let script = vec![
        say(size("5")),
        Do::Hear(Hears::Line("AUTH PLAIN")),
        say("235 2.7.0 signed in\r\n"),
        quits.clone(),
    ];
    table.case(class, P::Ehlo, script.clone(), too_large());
    table.case(class, P::EhloInTls, script, too_large());
    // The client discards the reply from before TLS: the EHLO after TLS offers SIZE as well.
    let script = vec![say("250-peer.test\r\n250-STARTTLS\r\n250 SIZE 1\r\n")];
    table.case(class, P::PlainEhlo, script, meets(Fate::Accepted));
    // HELO offers nothing, whatever its further lines hold.
    let script = vec![say("250-peer.test\r\n250 SIZE 1\r\n")];
    table.case(class, P::Helo, script, meets(Fate::Accepted));
    for (variant, number) in [
        ("beyond_all_numbers", "99999999999999999999999999"),
        ("below_zero", "-1"),
        ("no_number", "lots"),
    ] {
        let script = vec![say(size(number))];
        table.variant(class, P::Ehlo, variant, script, meets(Fate::Accepted));
    }
    let others = Place::all_but(&[P::Ehlo, P::EhloInTls, P::PlainEhlo, P::Helo]);
    table.never(class, &others, "no reply but the one to EHLO names a size");
}

fn nonsense(table: &mut Table<Smtp>) {
    let spoken = Place::spoken();
    let garbage = [say("HTTP/1.1 400 Bad Request\r\n")];
    let malformed = |place| misbehaved(place, Misbehaviour::MalformedReply);
    table.each(Class::Garbage, &spoken, &garbage, malformed);
    for place in &spoken {
        // A challenge outside a sign-in.
        let (stage, code) = (place.stage(), 334);
        let expected = match place {
            // Other cases test that challenges are answered or cancelled.
            place if place.is_sign_in() => continue,
            // Any reply to QUIT ends the session.
            P::Quit => continue,
            P::Body => misbehaved(*place, Misbehaviour::EarlyReply),
            place => misbehaved(*place, Misbehaviour::UnexpectedCode { stage, code }),
        };
        let script = vec![say("334 UGFzc3dvcmQ6\r\n")];
        table.variant(Class::Garbage, *place, "challenge", script, expected);
    }
    // The client cancels a challenge that the mechanism does not have; the challenge after a token
    // reports its error (RFC 7628 §3.2.3).
    for (place, challenge, answer) in [
        (P::AuthPassword, "334 QW5kPw==\r\n", "*"),
        (P::AuthCram, "334 PG90aGVyQHBlZXIudGVzdD4=\r\n", "*"),
        (P::Token, "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", "AQ=="),
    ] {
        let script = vec![
            say(challenge),
            Do::Hear(Hears::Bare(answer)),
            say("535 5.7.8 no\r\n"),
            Do::ResumeAt("QUIT"),
        ];
        let refused = goes_on(|seen| assert_eq!(seen.is_signed_in, Some(false)));
        table.variant(Class::Garbage, place, "challenge", script, refused);
    }
    let zeroes = vec![say("\0\0\0\0\r\n")];
    let expected = malformed(P::Greeting);
    table.variant(Class::Garbage, P::Greeting, "of_zeroes", zeroes, expected);
    let ssh = vec![say("SSH-2.0-OpenSSH_9.2\r\n")];
    let expected = malformed(P::Greeting);
    table.in_mode(
        Mode::StartTls,
        Class::Garbage,
        P::Greeting,
        "of_ssh",
        ssh,
        expected,
    );
    table.never(Class::Garbage, Place::HANDSHAKES, NO_WORDS);

    let mixed = [say("250-2.0.0 yes\r\n550 5.0.0 no\r\n")];
    let how = Misbehaviour::MixedCodes {
        first: 250,
        second: 550,
    };
    table.each(Class::MixedCodes, &spoken, &mixed, |place| {
        misbehaved(place, how.clone())
    });
    table.never(Class::MixedCodes, Place::HANDSHAKES, NO_WORDS);
}
