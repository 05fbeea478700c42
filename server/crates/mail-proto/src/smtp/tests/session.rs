//! Greeting, `EHLO`, `STARTTLS`, `AUTH`, `QUIT`.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::{BodyChunk, Machine as _, OverLimit, Step};
use Move::{Client as Sends, Do, Eof, Server, ServerBytes, Upgrade};

fn ready(extensions: Extensions) -> Event {
    Event::Ready { extensions }
}

// docs/protocols.md, SMTP: EHLO, HELO
#[test]
fn rfc5321_d_1_multi_line_greeting_and_ehlo() {
    let played = talk(&[
        Server("220-foo.com Simple Mail Transfer Service\r\n220 Ready\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250 HELP\r\n"),
        Do(Client::quit),
        Sends("QUIT\r\n"),
        Server("221 foo.com Service closing transmission channel\r\n"),
    ]);
    let extensions = Extensions {
        eight_bit_mime: true,
        size: true,
        dsn: true,
        help: true,
        ..Extensions::default()
    };
    assert_eq!(played.events, [ready(extensions)]);
    assert!(played.is_done);
    assert_eq!(played.failure, None);
}

// docs/protocols.md, SMTP: EHLO, HELO
#[test]
fn helo_follows_only_where_ehlo_is_not_understood() {
    for refusal in ["500 what\r\n", "502 no\r\n", "504 no\r\n"] {
        let played = talk(&[
            Server("220 old\r\n"),
            Sends("EHLO client.example\r\n"),
            Server(refusal),
            Sends("HELO client.example\r\n"),
            Server("250 old\r\n"),
        ]);
        assert_eq!(played.events, [ready(Extensions::default())]);
    }
    let played = talk(&[Server("220 x\r\n"), Server("550 5.7.1 not you\r\n")]);
    let reply = reply(550, "5.7.1 not you");
    assert_eq!(
        played.failure,
        Some(Error::Rejected {
            stage: Stage::Ehlo,
            reply
        })
    );
    assert_eq!(played.sent, "EHLO client.example\r\n");
}

#[test]
fn a_refusing_greeting_is_reported_with_its_text() {
    for text in [
        "554 no SMTP service here\r\n",
        "421 too many connections\r\n",
    ] {
        let played = talk(&[Server(text)]);
        let code = if text.starts_with('5') { 554 } else { 421 };
        let reply = reply(code, text.get(4..).unwrap().trim_end());
        assert_eq!(
            played.failure,
            Some(Error::Rejected {
                stage: Stage::Greeting,
                reply
            })
        );
        assert_eq!(played.sent, "");
    }
}

#[test]
fn another_protocol_is_distinguished_from_smtp() {
    for greeting in [
        "* OK IMAP4rev1 ready\r\n",
        "+OK POP3 ready\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
    ] {
        let played = talk(&[Server(greeting)]);
        assert_eq!(
            played.failure,
            Some(Error::PeerMisbehaved(Misbehaviour::MalformedReply))
        );
    }
}

// docs/protocols.md, SMTP: STARTTLS
#[test]
fn starttls_discards_the_extensions_offered_before() {
    let played = talk_starttls(&[
        Server("220 x\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-x\r\n250-PIPELINING\r\n250-AUTH LOGIN\r\n250 STARTTLS\r\n"),
        Sends("STARTTLS\r\n"),
        Server("220 2.0.0 go ahead\r\n"),
        Upgrade,
        Sends("EHLO client.example\r\n"),
        Server("250-x\r\n250 AUTH PLAIN\r\n"),
    ]);
    let auth = Vec::from(["PLAIN".into()]);
    assert_eq!(
        played.events,
        [ready(Extensions {
            auth,
            ..Extensions::default()
        })]
    );
}

// docs/protocols.md, SMTP: STARTTLS
#[test]
fn starttls_with_buffered_plaintext_is_rejected() {
    let error = Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStartTls);
    for behind in ["220 go\r\n250-x\r\n250 AUTH PLAIN\r\n", "220 go\r\n2"] {
        // Not split, because both have to arrive before TLS is established.
        let mut client = client(Tls::StartTls);
        client.feed(b"220 x\r\n");
        let _ = steps(&mut client);
        client.feed(b"250-x\r\n250 STARTTLS\r\n");
        let _ = steps(&mut client);
        client.feed(behind.as_bytes());
        let (sent, end) = steps(&mut client);
        assert_eq!(sent, "");
        assert_eq!(end, Err(error.clone()));
    }
}

#[test]
fn plaintext_that_comes_while_tls_is_being_set_up_is_rejected() {
    let mut client = client(Tls::StartTls);
    client.feed(b"220 x\r\n");
    let _ = steps(&mut client);
    client.feed(b"250-x\r\n250 STARTTLS\r\n");
    let _ = steps(&mut client);
    client.feed(b"220 go\r\n");
    assert_eq!(client.step(), Ok(Step::StartTls));
    client.feed(b"250 injected\r\n");
    client.upgraded();
    let error = Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStartTls);
    assert_eq!(client.step(), Err(error.clone()));
    assert_eq!(client.step(), Err(error));
}

/// Steps until the machine waits, is done or fails; returns its output and the last step.
fn steps(client: &mut Client) -> (alloc::string::String, Result<Step<Event>, Error>) {
    let mut sent = alloc::string::String::new();
    loop {
        match client.step() {
            Ok(Step::Write(bytes)) => sent.push_str(core::str::from_utf8(&bytes).unwrap()),
            Ok(Step::Event(_)) => {}
            end => return (sent, end),
        }
    }
}

// docs/protocols.md, SMTP: STARTTLS
#[test]
fn a_server_without_starttls_gets_no_password() {
    for offer in ["250 AUTH PLAIN\r\n", "502 no EHLO\r\n"] {
        let mut moves = Vec::from([
            Do(|c: &mut Client| c.authenticate(credentials())),
            Server("220 x\r\n"),
            Server(offer),
        ]);
        if offer.starts_with('5') {
            moves.push(Server("250 x\r\n"));
        }
        let played = talk_starttls(&moves);
        let error = Error::PeerIncompatible(Incompatibility::StartTlsNotOffered);
        assert_eq!(played.failure, Some(error));
        assert!(!played.sent.contains("AUTH"));
    }
}

#[test]
fn refused_starttls_ends_the_conversation() {
    let played = talk_starttls(&[
        Server("220 x\r\n"),
        Server("250-x\r\n250 STARTTLS\r\n"),
        Server("454 4.7.0 TLS not available\r\n"),
    ]);
    let reply = reply(454, "4.7.0 TLS not available");
    assert_eq!(
        played.failure,
        Some(Error::Rejected {
            stage: Stage::StartTls,
            reply
        })
    );
}

#[test]
fn a_server_without_a_known_mechanism_is_reported() {
    let offer = |line: &'static str| {
        talk(&[
            Server("220 x\r\n"),
            Server(line),
            Do(|c| c.authenticate(credentials())),
        ])
        .failure
    };
    let offered = Vec::from(["XOAUTH2".into(), "GSSAPI".into()]);
    let none = Error::PeerIncompatible(Incompatibility::NoCommonMechanism { offered });
    assert_eq!(offer("250-x\r\n250 AUTH XOAUTH2 GSSAPI\r\n"), Some(none));
    let not_offered = Error::PeerIncompatible(Incompatibility::LoginNotOffered);
    assert_eq!(offer("250 x\r\n"), Some(not_offered));
}

#[test]
fn mixed_codes_and_replies_to_nothing_are_errors() {
    let played = talk(&[Server("220-x\r\n221 x\r\n")]);
    let mixed = Misbehaviour::MixedCodes {
        first: 220,
        second: 221,
    };
    assert_eq!(played.failure, Some(Error::PeerMisbehaved(mixed)));

    let played = talk(&[
        Server("220 x\r\n"),
        Server("250 x\r\n"),
        Server("250 more\r\n"),
    ]);
    let unsolicited = Misbehaviour::UnsolicitedReply { code: 250 };
    assert_eq!(played.failure, Some(Error::PeerMisbehaved(unsolicited)));
}

#[test]
fn reply_421_while_idle_is_reported_with_its_text() {
    let played = talk(&[
        Server("220 x\r\n"),
        Server("250 x\r\n"),
        Server("421 4.4.2 idle\r\n"),
    ]);
    let reply = reply(421, "4.4.2 idle");
    assert_eq!(
        played.failure,
        Some(Error::Rejected {
            stage: Stage::Idle,
            reply
        })
    );
}

// docs/protocols.md, Limits and deadlines: POP3 line 64 KiB; SMTP line 64 KiB × 100
#[test]
fn an_endless_line_and_an_endless_reply_stop_at_the_limit() {
    let played = talk(&[ServerBytes([b"220 ".as_slice(), &[b'x'; 70_000]].concat())]);
    let over = OverLimit {
        what: "reply line",
        max: 65_536,
    };
    assert_eq!(played.failure, Some(Error::Limit(over)));

    let played = talk(&[ServerBytes(b"220-more\r\n".repeat(101))]);
    let over = OverLimit {
        what: "lines of a reply",
        max: 100,
    };
    assert_eq!(played.failure, Some(Error::Limit(over)));
}

#[test]
fn a_server_that_closes_early_is_reported_with_the_stage() {
    let closed = |moves: &Moves| talk(moves).failure;
    assert_eq!(
        closed(&[Eof]),
        Some(Error::Closed {
            stage: Stage::Greeting
        })
    );
    assert_eq!(
        closed(&[Server("220 x"), Eof]),
        Some(Error::Closed {
            stage: Stage::Greeting
        })
    );
    assert_eq!(
        closed(&[Server("220 x\r\n"), Eof]),
        Some(Error::Closed { stage: Stage::Ehlo })
    );
    let idle = closed(&[Server("220 x\r\n"), Server("250 x\r\n"), Eof]);
    assert_eq!(idle, Some(Error::Closed { stage: Stage::Idle }));
}

// docs/protocols.md, SMTP: RSET, NOOP, QUIT
#[test]
fn a_server_that_closes_instead_of_replying_to_quit_is_no_error() {
    let played = talk(&[
        Server("220 x\r\n"),
        Server("250 x\r\n"),
        Do(Client::quit),
        Sends("EHLO client.example\r\nQUIT\r\n"),
        Eof,
    ]);
    assert!(played.is_done);
    assert_eq!(played.failure, None);
}

proptest! {
    #[test]
    fn no_input_makes_it_panic_or_loop(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 1..40),
                "(220|250|334|354|235|421|550)[ -]PIPELINING\r\n".prop_map(Into::into),
                Just(b"250-x\r\n250-AUTH PLAIN\r\n250-SIZE 9\r\n250 STARTTLS\r\n".to_vec()),
            ],
            0..12,
        ),
        starttls in any::<bool>(),
        ends in any::<bool>(),
    ) {
        let mut client = client(if starttls { Tls::StartTls } else { Tls::Implicit });
        client.authenticate(credentials());
        client.send(envelope(&["a@b.example"]));
        client.quit();
        let mut outcomes = 0;
        let mut count = 0;
        let mut pieces = pieces.into_iter();
        let mut over = false;
        loop {
            count += 1;
            prop_assert!(count < 10_000);
            match client.step() {
                Ok(Step::NeedInput) => match pieces.next() {
                    Some(piece) => client.feed(&piece),
                    None if ends && !over => {
                        over = true;
                        client.end_of_input();
                    }
                    None => break,
                },
                Ok(Step::NeedBody { .. }) => client.body(BodyChunk::End),
                Ok(Step::StartTls) => client.upgraded(),
                Ok(Step::Event(Event::ReadyToCommit)) => client.commit(),
                Ok(Step::Event(Event::Outcome(_))) => outcomes += 1,
                Ok(Step::Done) => break,
                Ok(_) => {}
                Err(_) => {
                    prop_assert_eq!(outcomes, 1, "a message without its outcome");
                    break;
                }
            }
        }
        prop_assert!(outcomes <= 1);
    }
}
