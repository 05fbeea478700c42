//! Refusals, false responses, invalid responses and extra responses, at every place.

use mail_net::TlsError;
use mail_proto::OverLimit;
use mail_proto::pop3::{Deletions, Error, Incompatibility, Misbehaviour, Response};
use mail_proto::sasl::SaslError;

use super::link::{closed, lost_at};
use super::{P, Place, Pop3, fails, falls_silent, goes_on};
use crate::case::{Class, Do, Expected, Hears, Place as _, Table, fails_tls, say};
use crate::scram;

const NO_WORDS: &str = "a handshake has no words: TlsGarbage";

pub(super) fn fill(table: &mut Table<Pop3>) {
    refusals(table);
    goodbyes(table);
    unasked(table);
    measures(table);
    sizes(table);
    nonsense(table);
    unproven(table);
}

/// The session ends because the server broke the SASL mechanism.
fn broken(failure: SaslError) -> Expected<Pop3> {
    misbehaved(Misbehaviour::Sasl(failure))
}

fn unproven(table: &mut Table<Pop3>) {
    let class = Class::Unproven;
    for (variant, message, failure) in scram::hostile_firsts() {
        let script = vec![Do::Scram("+ ", message)];
        table.variant(class, P::ScramFirst, variant, script, broken(failure));
    }
    for (variant, message, failure) in scram::hostile_proofs() {
        let script = vec![Do::Scram("+ ", message)];
        table.variant(class, P::ScramProof, variant, script, broken(failure));
    }
    let others = Place::all_but(&[P::ScramFirst, P::ScramProof]);
    table.never(class, &others, "the server has nothing to prove here");
}

fn misbehaved(how: Misbehaviour) -> Expected<Pop3> {
    fails(Error::PeerMisbehaved(how))
}

pub(super) fn rejected(place: Place, text: &str) -> Expected<Pop3> {
    fails(Error::Rejected {
        stage: place.stage(),
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
        for place in Place::all_but(&[P::Handshake, P::ImplicitHandshake, P::RetrBody]) {
            let text: &'static str = text;
            let mut script = vec![say(format!("-ERR {text}\r\n"))];
            let expected = match place {
                // A server older than CAPA: the client falls back to USER and PASS.
                P::Capa | P::CapaInTls => {
                    script.push(Do::Hear(Hears::Line("USER")));
                    script.push(say("+OK and?\r\n"));
                    script.push(Do::Hear(Hears::Line("PASS")));
                    script.push(say("+OK signed in\r\n"));
                    script.push(Do::ResumeAt("QUIT"));
                    goes_on(|seen| assert_eq!(seen.is_signed_in, Some(true)))
                }
                P::PlainCapa => goes_on(|seen| assert_eq!(seen.is_signed_in, Some(true))),
                P::Greeting | P::Stls => rejected(place, text),
                P::Rest => rejected(place, text),
                P::Quit => goes_on(|seen| {
                    assert_eq!(seen.deletions, Some(Deletions::Unknown { count: 1 }));
                }),
                place if place.is_sign_in() => {
                    script.push(Do::ResumeAt("QUIT"));
                    goes_on(|seen| assert_eq!(seen.is_signed_in, Some(false)))
                }
                _ => {
                    script.push(Do::ResumeAt("QUIT"));
                    goes_on(|seen| {
                        assert_eq!(seen.is_done, Some(false));
                        assert_eq!(seen.deletions, Some(Deletions::None));
                    })
                }
            };
            table.case(class, place, script, expected);
        }
        table.never(class, Place::HANDSHAKES, NO_WORDS);
        table.never(class, &[P::RetrBody], A_MESSAGE);
    }
}

fn goodbyes(table: &mut Table<Pop3>) {
    let class = Class::Bye;
    let script = [say("-ERR going away\r\n"), Do::Fin];
    for place in Place::all_but(&[P::Handshake, P::ImplicitHandshake, P::RetrBody]) {
        let expected = match place {
            P::Greeting | P::Stls | P::Rest => rejected(place, "going away"),
            P::Quit => goes_on(|seen| {
                assert_eq!(seen.deletions, Some(Deletions::Unknown { count: 1 }));
            }),
            P::Dele => closed(P::Quit.stage()).and(|seen| assert_eq!(seen.is_done, Some(false))),
            P::Capa | P::CapaInTls => closed(P::User.stage()),
            P::PlainCapa => closed(P::Stls.stage()),
            place => closed(P::Quit.stage()).and(lost_at(place)),
        };
        table.case(class, place, script.to_vec(), expected);
    }
    table.never(class, Place::HANDSHAKES, NO_WORDS);
    let inside = vec![say("Subject: half\r\n-ERR going away\r\n"), Do::Fin];
    let cut = closed(P::RetrBody.stage()).and(lost_at(P::RetrBody));
    table.case(class, P::RetrBody, inside, cut);
}

fn unasked(table: &mut Table<Pop3>) {
    let class = Class::Unasked;
    let to_nothing = || misbehaved(Misbehaviour::UnsolicitedResponse);
    let lines = Place::all_but(&[
        P::Handshake,
        P::ImplicitHandshake,
        P::Greeting,
        P::Retr,
        P::Quit,
    ]);
    for place in lines {
        let expected = match place {
            // It is taken for the response to STLS; the real one is then not TLS.
            P::PlainCapa => fails_tls(TlsError::NotTls),
            P::Stls => misbehaved(Misbehaviour::PlaintextAfterStls),
            _ => to_nothing(),
        };
        let script = vec![Do::Honest, say("+OK and so on\r\n")];
        table.case(class, place, script, expected);
    }
    table.never(class, Place::HANDSHAKES, NO_WORDS);
    table.never(
        class,
        &[P::Greeting],
        "taken for the status line of CAPA, whose list is then a line longer",
    );
    table.never(class, &[P::Quit], "nobody listens any more");
    table.never(
        class,
        &[P::Retr],
        "what follows it is the message: RetrBody",
    );
    for place in [P::ScramFirst, P::ScramProof] {
        let script = vec![say("+OK come in\r\n")];
        table.case(
            Class::Early,
            place,
            script,
            broken(SaslError::ServerUnproven),
        );
    }
    table.never(
        Class::Early,
        &Place::all_but(&[P::ScramFirst, P::ScramProof]),
        "a response before its command is one to nothing: Unasked",
    );
}

/// A row of a listing with trailing text: with short rows the limit would need 7 million of them.
const LONG_ROW: &str = "1 120 and so on and so on and so on and so on and so on and so on and so on and so \
    on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on \
    and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and \
    so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so on and so\r\n";

fn measures(table: &mut Table<Pop3>) {
    let class = Class::EndlessLine;
    let over = |what, max| move |_| fails(Error::Limit(OverLimit { what, max }));
    let endless = [Do::Endless("+OK and so on ")];
    let lines = Place::all_but(&[P::Handshake, P::ImplicitHandshake, P::RetrBody]);
    table.each(class, &lines, &endless, over("response line", 64 << 10));
    // A message has lines of any length: it is streamed, and the owner counts.
    let streamed = || {
        falls_silent(P::RetrBody.phase()).and(|seen| {
            assert!(seen.body_bytes > 40 << 20);
            assert!(!seen.is_body_whole);
        })
    };
    table.case(class, P::RetrBody, endless.to_vec(), streamed());
    table.never(class, Place::HANDSHAKES, NO_WORDS);

    let class = Class::Flood;
    let capabilities = || {
        fails(Error::Limit(OverLimit {
            what: "list of capabilities",
            max: 200,
        }))
    };
    for place in [P::Capa, P::PlainCapa, P::CapaInTls, P::CapaAgain] {
        let script = vec![say("+OK\r\n"), Do::Endless("X-AND-SO-ON\r\n")];
        table.case(class, place, script, capabilities());
    }
    for (place, status, line) in [
        (P::List, "+OK\r\n", "1# 120\r\n"),
        (P::Uidl, "+OK\r\n", "1# whqtswO00WBw418f9t5JxYwZ\r\n"),
        (
            P::PipelinedUidl,
            "+OK\r\n",
            "1# whqtswO00WBw418f9t5JxYwZ\r\n",
        ),
        (P::Lang, "+OK\r\n", "en English number #\r\n"),
    ] {
        let rows = match place {
            P::Lang => 0,
            P::PipelinedUidl => 50_002,
            _ => 50_000,
        };
        let script = vec![say(status), Do::Repeat(line, 50_000), say(".\r\n")];
        let all = goes_on(move |seen| {
            assert_eq!(seen.is_done, Some(true));
            assert_eq!(seen.rows, rows);
        });
        table.case(class, place, script, all);
        let script = vec![say(status), Do::Endless(LONG_ROW)];
        let endless = falls_silent(place.phase()).and(|seen| assert_eq!(seen.is_done, None));
        table.variant(class, place, "without_end", script, endless);
    }
    let script = vec![Do::Endless(LONG_ROW)];
    table.case(class, P::RetrBody, script, streamed());
    let script = vec![say("+OK\r\n"), Do::Endless(LONG_ROW)];
    let top = falls_silent(P::Top.phase()).and(|seen| assert!(!seen.is_body_whole));
    table.case(class, P::Top, script, top);
    let status_only = Place::all_but(&[
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
    table.never(class, &status_only, "it is one line: Unasked, EndlessLine");
    table.never(class, Place::HANDSHAKES, NO_WORDS);
}

fn sizes(table: &mut Table<Pop3>) {
    let class = Class::LyingSize;
    let malformed = || misbehaved(Misbehaviour::MalformedListing);
    for (place, variant, text) in [
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
        table.variant(class, place, variant, vec![say(text)], malformed());
    }
    let others = Place::all_but(&[
        P::Stat,
        P::List,
        P::ListOne,
        P::Uidl,
        P::UidlOne,
        P::PipelinedUidl,
    ]);
    table.never(class, &others, "it names no number that anybody reads");
}

fn nonsense(table: &mut Table<Pop3>) {
    let class = Class::Garbage;
    let lines = Place::all_but(&[P::Handshake, P::ImplicitHandshake, P::RetrBody]);
    let garbage = [say("HTTP/1.1 400 Bad Request\r\n")];
    let malformed = |_| misbehaved(Misbehaviour::MalformedResponse);
    table.each(class, &lines, &garbage, malformed);
    for place in &lines {
        let expected = match place {
            // A challenge of PLAIN whose response was already sent: the server requests it again.
            place if place.is_sign_in() && !matches!(place, P::User | P::Pass | P::Apop) => {
                continue;
            }
            P::Rest => misbehaved(Misbehaviour::UnsolicitedResponse),
            _ => misbehaved(Misbehaviour::UnexpectedChallenge),
        };
        let script = vec![say("+ UGFzc3dvcmQ6\r\n")];
        table.variant(class, *place, "challenge", script, expected);
    }
    // The client cancels a challenge that the mechanism does not have; the challenge after a token
    // reports its error (RFC 7628 §3.2.3).
    for (place, challenge, answer) in [
        (P::AuthCram, "+ PG90aGVyQHBlZXIudGVzdD4=\r\n", "*"),
        (P::Token, "+ eyJzdGF0dXMiOiI0MDEifQ==\r\n", "AQ=="),
    ] {
        let script = vec![
            say(challenge),
            Do::Hear(Hears::Bare(answer)),
            say("-ERR [AUTH] no\r\n"),
            Do::ResumeAt("QUIT"),
        ];
        let refused = goes_on(|seen| assert_eq!(seen.is_signed_in, Some(false)));
        table.variant(class, place, "challenge", script, refused);
    }
    for place in [P::List, P::Uidl, P::PipelinedUidl] {
        let script = vec![say("+OK\r\nHTTP/1.1 400 Bad Request\r\n.\r\n")];
        let expected = misbehaved(Misbehaviour::MalformedListing);
        table.variant(class, place, "inside", script, expected);
    }
    table.never(class, &[P::RetrBody], "a message may hold anything");
    table.never(class, Place::HANDSHAKES, NO_WORDS);
    let script = vec![say("+OK\r\nSASL GSSAPI\r\n.\r\n")];
    let offered = vec!["GSSAPI".to_owned()];
    let none = fails(Error::PeerIncompatible(
        Incompatibility::NoCommonMechanism { offered },
    ));
    table.variant(class, P::CapaInTls, "mechanism", script, none);
}
