//! Greeting, STARTTLS and capabilities.

use mail_proto::imap::{
    Capability, Code, Command, Error, Event, Incompatibility, Misbehaviour, Status, Tls,
};

use crate::talk::{completed, config, every_cut, implicit_tls, ready};

// docs/protocols.md, IMAP: CAPABILITY, NOOP, LOGOUT, CHECK, CLOSE, UNSELECT
#[test]
fn a_greeting_with_capabilities_is_enough() {
    let events = every_cut(implicit_tls(), |talk| {
        talk.server("* OK [CAPABILITY IMAP4rev1 IDLE SASL-IR AUTH=PLAIN] Dovecot ready.\r\n");
        assert!(talk.client.capabilities().has(Capability::Idle));
    });
    assert_eq!(
        events,
        [Event::Ready {
            greeting: "Dovecot ready.".into()
        }]
    );
}

#[test]
fn a_bare_greeting_is_followed_by_capability() {
    let events = every_cut(implicit_tls(), |talk| {
        talk.server("* OK IMAP server ready\r\n");
        talk.client("r1 CAPABILITY\r\n");
        talk.server("* CAPABILITY IMAP4rev1 UIDPLUS\r\nr1 OK done\r\n");
        assert!(talk.client.capabilities().has(Capability::UidPlus));
    });
    assert_eq!(
        events,
        [Event::Ready {
            greeting: "IMAP server ready".into()
        }]
    );
}

// docs/protocols.md, IMAP: STARTTLS
#[test]
fn starttls_comes_first_and_earlier_capabilities_are_discarded() {
    let events = every_cut(config(Tls::StartTls), |talk| {
        talk.server("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED X-EVIL] hi\r\n");
        talk.client("r1 STARTTLS\r\n");
        talk.server("* OK [ALERT] anybody may have said this\r\nr1 OK Begin TLS\r\n");
        talk.start_tls();
        assert!(!talk.client.capabilities().has_name("X-EVIL"));
        talk.client("r2 CAPABILITY\r\n");
        talk.server("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nr2 OK done\r\n");
        assert!(!talk.client.capabilities().has(Capability::LoginDisabled));
    });
    // Neither the greeting nor the alert received before TLS is reported.
    assert_eq!(
        events,
        [Event::Ready {
            greeting: String::new()
        }]
    );
}

#[test]
fn starttls_asks_for_capabilities_where_the_greeting_has_none() {
    every_cut(config(Tls::StartTls), |talk| {
        talk.server("* OK hi\r\n");
        talk.client("r1 CAPABILITY\r\n");
        talk.server("* CAPABILITY IMAP4rev1 STARTTLS\r\nr1 OK done\r\n");
        talk.client("r2 STARTTLS\r\n");
        talk.server("r2 OK go\r\n");
        talk.start_tls();
        talk.client("r3 CAPABILITY\r\n");
    });
}

// docs/protocols.md, IMAP: STARTTLS
#[test]
fn starttls_that_is_not_offered_ends_the_connection() {
    every_cut(config(Tls::StartTls), |talk| {
        talk.server("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n");
        assert_eq!(
            talk.error(),
            Error::PeerIncompatible(Incompatibility::NoStartTls)
        );
    });
}

#[test]
fn refused_starttls_ends_the_connection_with_the_reply_text() {
    every_cut(config(Tls::StartTls), |talk| {
        talk.server("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n");
        talk.client("r1 STARTTLS\r\n");
        talk.server("r1 NO no certificate\r\n");
        assert_eq!(
            talk.error().to_string(),
            "STARTTLS was refused: NO no certificate"
        );
    });
}

// docs/protocols.md, IMAP: STARTTLS
#[test]
fn starttls_with_buffered_plaintext_is_rejected() {
    // RFC 9051 §6.2.1; the command injection of CVE-2021-38371 and its family.
    let behind = Error::PeerMisbehaved(Misbehaviour::PlaintextBehindStartTls);
    for injected in ["* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", "*", "\r\n"] {
        every_cut(config(Tls::StartTls), |talk| {
            talk.server("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n");
            talk.client("r1 STARTTLS\r\n");
            talk.server(format!("r1 OK Begin TLS\r\n{injected}"));
            assert_eq!(talk.error(), behind);
        });
    }
}

#[test]
fn plaintext_fed_between_starttls_and_upgraded_is_rejected() {
    use mail_proto::Machine as _;
    every_cut(config(Tls::StartTls), |talk| {
        talk.server("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n");
        talk.client("r1 STARTTLS\r\n");
        talk.server("r1 OK Begin TLS\r\n");
        talk.client.feed(b"* OK injected\r\n");
        talk.client.upgraded();
        assert_eq!(
            talk.error(),
            Error::PeerMisbehaved(Misbehaviour::PlaintextBehindStartTls)
        );
    });
}

// docs/protocols.md, IMAP: PREAUTH
#[test]
fn preauth_ends_the_connection_in_every_mode() {
    // The downgrade of CVE-2021-39272: no STARTTLS is possible after PREAUTH.
    for tls in [Tls::StartTls, Tls::Implicit, Tls::Plain] {
        every_cut(config(tls), |talk| {
            talk.server("* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n");
            assert_eq!(talk.error(), Error::PeerMisbehaved(Misbehaviour::Preauth));
        });
    }
}

// docs/protocols.md, IMAP: BYE
#[test]
fn a_bye_greeting_is_reported_with_its_text() {
    every_cut(implicit_tls(), |talk| {
        talk.server("* BYE [UNAVAILABLE] Maximum number of connections reached\r\n");
        let Error::Rejected {
            command: "greeting",
            reply,
        } = talk.error()
        else {
            panic!()
        };
        assert_eq!(reply.code, Some(Code::Unavailable));
        assert_eq!(reply.text, "Maximum number of connections reached");
    });
}

#[test]
fn a_greeting_of_another_protocol_is_reported() {
    for line in [
        "220 mail.example ESMTP\r\n",
        "+OK POP3 ready\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
    ] {
        every_cut(implicit_tls(), |talk| {
            talk.server(line);
            let Error::PeerMisbehaved(Misbehaviour::NotAGreeting(shown)) = talk.error() else {
                panic!("{line}")
            };
            assert_eq!(shown, line.trim_end());
        });
    }
    every_cut(implicit_tls(), |talk| {
        talk.server("* OK [CAPABILITY IMAP4] very old\r\n");
        assert_eq!(
            talk.error(),
            Error::PeerIncompatible(Incompatibility::NoImap4)
        );
    });
}

// docs/protocols.md, IMAP: CAPABILITY, NOOP, LOGOUT, CHECK, CLOSE, UNSELECT
#[test]
fn logout_ends_the_session_after_its_tagged_response() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Logout);
        talk.client("r1 LOGOUT\r\n");
        talk.server("* BYE see you\r\nr1 OK done\r\n");
        talk.expect_done();
    });
    assert_eq!(
        events[1],
        Event::Bye {
            code: None,
            text: "see you".into()
        }
    );
    assert!(matches!(
        events[2],
        Event::Completed {
            status: Status::Ok,
            ..
        }
    ));
}

// docs/protocols.md, IMAP: BYE
#[test]
fn an_unsolicited_bye_ends_the_session() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* BYE Autologout; idle for too long\r\n");
        talk.expect_done();
    });
    // If a command is in progress, its tagged response may still come.
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        let tag = talk.enqueue(Command::Noop);
        talk.client("r1 NOOP\r\n");
        talk.server("* BYE going down\r\n");
        talk.enqueue(Command::Noop);
        talk.server("r1 OK done\r\n");
        assert_eq!(completed(&talk.events, tag), Status::Ok);
        talk.expect_done();
    });
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Noop);
        talk.client("r1 NOOP\r\n");
        talk.server("* BYE going down\r\n");
        talk.end_of_input();
        talk.expect_done();
    });
}

#[test]
fn a_connection_that_ends_without_bye_is_an_error() {
    for data in [
        "",
        "* OK",
        "* OK [CAPABILITY IMAP4rev1] ready\r\n",
        "* OK [CAPABILITY IMAP4rev1] a\r\n* 1 FE",
    ] {
        every_cut(implicit_tls(), |talk| {
            talk.server(data);
            talk.end_of_input();
            assert_eq!(talk.error(), Error::Closed);
        });
    }
}
