//! Refusals, false responses, invalid responses and extra responses, at every place.

use mail_net::TlsError;
use mail_proto::OverLimit;
use mail_proto::pop3::{Deletions, Error, Incompatibility, Misbehaviour, Response};
use mail_proto::sasl::SaslError;

use super::link::{closed, lost_at};
use super::{P, Pop3, Position, completes, fails, hits_silence_deadline};
use crate::case::{Action, Class, Expected, Input, Position as _, Table, fails_tls, send};
use crate::scram;

const NOT_A_REPLY: &str = "a handshake has no words: TlsGarbage";

pub(super) fn fill(table: &mut Table<Pop3>) {
    refusals(table);
    goodbyes(table);
    unasked(table);
    limits(table);
    sizes(table);
    malformed_responses(table);
    unproven(table);
}

/// The session ends because the server broke the SASL mechanism.
fn broken(failure: SaslError) -> Expected<Pop3> {
    misbehaved(Misbehaviour::Sasl(failure))
}

fn unproven(table: &mut Table<Pop3>) {
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

fn misbehaved(how: Misbehaviour) -> Expected<Pop3> {
    fails(Error::PeerMisbehaved(how))
}

pub(super) fn rejected(position: Position, text: &str) -> Expected<Pop3> {
    fails(Error::Rejected {
        stage: position.stage(),
        response: Response {
            code: None,
            text: text.to_owned(),
        },
    })
}

fn refusals(table: &mut Table<Pop3>) {
    const A_MESSAGE: &str = "inside a message there is nothing to refuse: Retr";
    for (class, text) in [
        (Class::RefusedForNow, "try again later"),
        (Class::RefusedForGood, "never"),
    ] {
        for position in Position::all_but(&[P::Handshake, P::ImplicitHandshake, P::RetrBody]) {
            let text: &'static str = text;
            let mut script = vec![send(format!("-ERR {text}\r\n"))];
            let expected = match position {
                // A server older than CAPA: the client falls back to USER and PASS.
                P::Capa | P::CapaInTls => {
                    script.push(Action::Await(Input::Line("USER")));
                    script.push(send("+OK and?\r\n"));
                    script.push(Action::Await(Input::Line("PASS")));
                    script.push(send("+OK signed in\r\n"));
                    script.push(Action::ResumeAt("QUIT"));
                    completes(|seen| assert_eq!(seen.is_signed_in, Some(true)))
                }
                P::PlainCapa => completes(|seen| assert_eq!(seen.is_signed_in, Some(true))),
                P::Greeting | P::Stls => rejected(position, text),
                P::Rest => rejected(position, text),
                P::Quit => completes(|seen| {
                    assert_eq!(seen.deletions, Some(Deletions::Unknown { count: 1 }));
                }),
                position if position.is_sign_in() => {
                    script.push(Action::ResumeAt("QUIT"));
                    completes(|seen| assert_eq!(seen.is_signed_in, Some(false)))
                }
                _ => {
                    script.push(Action::ResumeAt("QUIT"));
                    completes(|seen| {
                        assert_eq!(seen.is_done, Some(false));
                        assert_eq!(seen.deletions, Some(Deletions::None));
                    })
                }
            };
            table.case(class, position, script, expected);
        }
        table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
        table.exclude(class, &[P::RetrBody], A_MESSAGE);
    }
}

fn goodbyes(table: &mut Table<Pop3>) {
    let class = Class::Bye;
    let script = [send("-ERR going away\r\n"), Action::Fin];
    for position in Position::all_but(&[P::Handshake, P::ImplicitHandshake, P::RetrBody]) {
        let expected = match position {
            P::Greeting | P::Stls | P::Rest => rejected(position, "going away"),
            P::Quit => completes(|seen| {
                assert_eq!(seen.deletions, Some(Deletions::Unknown { count: 1 }));
            }),
            P::Dele => closed(P::Quit.stage()).and(|seen| assert_eq!(seen.is_done, Some(false))),
            P::Capa | P::CapaInTls => closed(P::User.stage()),
            P::PlainCapa => closed(P::Stls.stage()),
            position => closed(P::Quit.stage()).and(lost_at(position)),
        };
        table.case(class, position, script.to_vec(), expected);
    }
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    let inside = vec![send("Subject: half\r\n-ERR going away\r\n"), Action::Fin];
    let cut = closed(P::RetrBody.stage()).and(lost_at(P::RetrBody));
    table.case(class, P::RetrBody, inside, cut);
}

fn unasked(table: &mut Table<Pop3>) {
    let class = Class::Unasked;
    let to_nothing = || misbehaved(Misbehaviour::UnsolicitedResponse);
    let lines = Position::all_but(&[
        P::Handshake,
        P::ImplicitHandshake,
        P::Greeting,
        P::Retr,
        P::Quit,
    ]);
    for position in lines {
        let expected = match position {
            // It is taken for the response to STLS; the real one is then not TLS.
            P::PlainCapa => fails_tls(TlsError::NotTls),
            P::Stls => misbehaved(Misbehaviour::PlaintextAfterStls),
            _ => to_nothing(),
        };
        let script = vec![Action::Valid, send("+OK and so on\r\n")];
        table.case(class, position, script, expected);
    }
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    table.exclude(
        class,
        &[P::Greeting],
        "taken for the status line of CAPA, whose list is then a line longer",
    );
    table.exclude(class, &[P::Quit], "nobody listens any more");
    table.exclude(
        class,
        &[P::Retr],
        "what follows it is the message: RetrBody",
    );
    for position in [P::ScramFirst, P::ScramProof] {
        let script = vec![send("+OK come in\r\n")];
        table.case(
            Class::Early,
            position,
            script,
            broken(SaslError::ServerUnproven),
        );
    }
    table.exclude(
        Class::Early,
        &Position::all_but(&[P::ScramFirst, P::ScramProof]),
        "a response before its command is one to nothing: Unasked",
    );
}

/// A row of a listing with trailing text: with short rows the limit would need 7 million of them.
const LONG_ROW: &str = "1 120 and so on and so on and so on and so on and so on and so on and so on and so \
    on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on \
    and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and \
    so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so\r\n";

fn limits(table: &mut Table<Pop3>) {
    let class = Class::EndlessLine;
    let over = |what, max| move |_| fails(Error::Limit(OverLimit { what, max }));
    let endless = [Action::Endless("+OK and so on ")];
    let lines = Position::all_but(&[P::Handshake, P::ImplicitHandshake, P::RetrBody]);
    table.each(class, &lines, &endless, over("response line", 64 << 10));
    // A message has lines of any length: it is streamed, and the owner counts.
    let streamed = || {
        hits_silence_deadline(P::RetrBody.phase()).and(|seen| {
            assert!(seen.body_bytes > 40 << 20);
            assert!(!seen.is_body_whole);
        })
    };
    table.case(class, P::RetrBody, endless.to_vec(), streamed());
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);

    let class = Class::Flood;
    let capabilities = || {
        fails(Error::Limit(OverLimit {
            what: "list of capabilities",
            max: 200,
        }))
    };
    for position in [P::Capa, P::PlainCapa, P::CapaInTls, P::CapaAgain] {
        let script = vec![send("+OK\r\n"), Action::Endless("X-AND-SO-ON\r\n")];
        table.case(class, position, script, capabilities());
    }
    for (position, status, line) in [
        (P::List, "+OK\r\n", "1# 120\r\n"),
        (P::Uidl, "+OK\r\n", "1# whqtswO00WBw418f9t5JxYwZ\r\n"),
        (
            P::PipelinedUidl,
            "+OK\r\n",
            "1# whqtswO00WBw418f9t5JxYwZ\r\n",
        ),
        (P::Lang, "+OK\r\n", "en English number #\r\n"),
    ] {
        let rows = match position {
            P::Lang => 0,
            P::PipelinedUidl => 50_002,
            _ => 50_000,
        };
        let script = vec![send(status), Action::Repeat(line, 50_000), send(".\r\n")];
        let all = completes(move |seen| {
            assert_eq!(seen.is_done, Some(true));
            assert_eq!(seen.rows, rows);
        });
        table.case(class, position, script, all);
        let script = vec![send(status), Action::Endless(LONG_ROW)];
        let endless =
            hits_silence_deadline(position.phase()).and(|seen| assert_eq!(seen.is_done, None));
        table.variant(class, position, "without_end", script, endless);
    }
    let script = vec![Action::Endless(LONG_ROW)];
    table.case(class, P::RetrBody, script, streamed());
    let script = vec![send("+OK\r\n"), Action::Endless(LONG_ROW)];
    let top = hits_silence_deadline(P::Top.phase()).and(|seen| assert!(!seen.is_body_whole));
    table.case(class, P::Top, script, top);
    let status_only = Position::all_but(&[
        P::Handshake,
        P::ImplicitHandshake,
        P::Capa,
        P::PlainCapa,
        P::CapaInTls,
        P::CapaAgain,
        P::List,
        P::Uidl,
        P::PipelinedUidl,
        P::Lang,
        P::RetrBody,
        P::Top,
    ]);
    table.exclude(class, &status_only, "it is one line: Unasked, EndlessLine");
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
}

fn sizes(table: &mut Table<Pop3>) {
    let class = Class::LyingSize;
    let malformed = || misbehaved(Misbehaviour::MalformedListing);
    for (position, variant, text) in [
        (P::Stat, "", "+OK 4294967296 1\r\n"),
        (
            P::Stat,
            "beyond_all_numbers",
            "+OK 1 18446744073709551616\r\n",
        ),
        (P::Stat, "below_zero", "+OK -1 -1\r\n"),
        (P::List, "", "+OK\r\n1 18446744073709551616\r\n.\r\n"),
        (P::List, "of_no_message", "+OK\r\n0 120\r\n.\r\n"),
        (P::List, "of_too_many", "+OK\r\n4294967296 120\r\n.\r\n"),
        (P::ListOne, "", "+OK 1 18446744073709551616\r\n"),
        (
            P::Uidl,
            "",
            "+OK\r\n4294967296 whqtswO00WBw418f9t5JxYwZ\r\n.\r\n",
        ),
        (P::UidlOne, "", "+OK 0 whqtswO00WBw418f9t5JxYwZ\r\n"),
        (
            P::PipelinedUidl,
            "",
            "+OK\r\n0 whqtswO00WBw418f9t5JxYwZ\r\n.\r\n",
        ),
    ] {
        table.variant(class, position, variant, vec![send(text)], malformed());
    }
    let others = Position::all_but(&[
        P::Stat,
        P::List,
        P::ListOne,
        P::Uidl,
        P::UidlOne,
        P::PipelinedUidl,
    ]);
    table.exclude(class, &others, "it names no number that anybody reads");
}

fn malformed_responses(table: &mut Table<Pop3>) {
    let class = Class::Garbage;
    let lines = Position::all_but(&[P::Handshake, P::ImplicitHandshake, P::RetrBody]);
    let garbage = [send("HTTP/1.1 400 Bad Request\r\n")];
    let malformed = |_| misbehaved(Misbehaviour::MalformedResponse);
    table.each(class, &lines, &garbage, malformed);
    for position in &lines {
        let expected = match position {
            // A challenge of PLAIN whose response was already sent: the server requests it again.
            position
                if position.is_sign_in() && !matches!(position, P::User | P::Pass | P::Apop) =>
            {
                continue;
            }
            P::Rest => misbehaved(Misbehaviour::UnsolicitedResponse),
            _ => misbehaved(Misbehaviour::UnexpectedChallenge),
        };
        let script = vec![send("+ UGFzc3dvcmQ6\r\n")];
        table.variant(class, *position, "challenge", script, expected);
    }
    // The client cancels a challenge that the mechanism does not have; the challenge after a token
    // reports its error (RFC 7628 §3.2.3).
    for (position, challenge, response) in [
        (P::AuthCram, "+ PG90aGVyQHBlZXIudGVzdD4=\r\n", "*"),
        (P::Token, "+ eyJzdGF0dXMiOiI0MDEifQ==\r\n", "AQ=="),
    ] {
        let script = vec![
            send(challenge),
            Action::Await(Input::Bare(response)),
            send("-ERR [AUTH] no\r\n"),
            Action::ResumeAt("QUIT"),
        ];
        let refused = completes(|seen| assert_eq!(seen.is_signed_in, Some(false)));
        table.variant(class, position, "challenge", script, refused);
    }
    for position in [P::List, P::Uidl, P::PipelinedUidl] {
        let script = vec![send("+OK\r\nHTTP/1.1 400 Bad Request\r\n.\r\n")];
        let expected = misbehaved(Misbehaviour::MalformedListing);
        table.variant(class, position, "inside", script, expected);
    }
    table.exclude(class, &[P::RetrBody], "a message may hold anything");
    table.exclude(class, Position::HANDSHAKES, NOT_A_REPLY);
    let script = vec![send("+OK\r\nSASL GSSAPI\r\n.\r\n")];
    let offered = vec!["GSSAPI".to_owned()];
    let none = fails(Error::PeerIncompatible(
        Incompatibility::NoCommonMechanism { offered },
    ));
    table.variant(class, P::CapaInTls, "mechanism", script, none);
}
