//! Greeting, STARTTLS, capabilities and signing in.

use mail_proto::imap::{
    Capability, Code, Command, Config, Error, Event, Incompatibility, Misbehaviour, Status, Tls,
};

use crate::talk::{ann, completed, config, every_cut, implicit_tls, ready};

fn is_ready(event: &Event) -> bool {
    matches!(event, Event::Ready { .. })
}

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

#[test]
fn starttls_comes_first_and_capabilities_of_before_are_forgotten() {
    let events = every_cut(config(Tls::StartTls), |talk| {
        talk.server("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED X-EVIL] hi\r\n");
        talk.client("r1 STARTTLS\r\n");
        talk.server("* OK [ALERT] anybody may have said this\r\nr1 OK Begin TLS\r\n");
        talk.start_tls();
        assert!(!talk.client.capabilities().has_word("X-EVIL"));
        talk.client("r2 CAPABILITY\r\n");
        talk.server("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nr2 OK done\r\n");
        assert!(!talk.client.capabilities().has(Capability::LoginDisabled));
    });
    // Neither the greeting nor the alert of before TLS is told.
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
fn starttls_that_is_refused_ends_the_connection_with_the_servers_words() {
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

#[test]
fn preauth_ends_the_connection_in_every_mode() {
    // The downgrade of CVE-2021-39272: no STARTTLS is possible behind PREAUTH.
    for tls in [Tls::StartTls, Tls::Implicit, Tls::Plain] {
        every_cut(config(tls), |talk| {
            talk.server("* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n");
            assert_eq!(talk.error(), Error::PeerMisbehaved(Misbehaviour::Preauth));
        });
    }
}

#[test]
fn a_server_that_says_bye_at_once_is_told_in_its_words() {
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
fn what_is_no_imap_server_is_named() {
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

#[test]
fn login_without_new_capabilities_asks_for_them_before_it_is_over() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.client.sign_in(ann());
        talk.client("r1 LOGIN \"ann\" \"hunter2\"\r\n");
        talk.server("r1 OK LOGIN completed\r\n");
        talk.client("r2 CAPABILITY\r\n");
        talk.server("* CAPABILITY IMAP4rev1 IDLE MOVE\r\nr2 OK done\r\n");
        assert!(talk.client.capabilities().has(Capability::Move));
    });
    let [
        ready,
        Event::CapabilitiesChanged,
        Event::Completed { status, text, .. },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert!(is_ready(ready));
    assert_eq!((*status, text.as_str()), (Status::Ok, "LOGIN completed"));
}

#[test]
fn login_with_new_capabilities_is_over_at_once() {
    for told in [
        "r1 OK [CAPABILITY IMAP4rev1 MOVE] Logged in\r\n",
        "* CAPABILITY IMAP4rev1 MOVE\r\nr1 OK Logged in\r\n",
    ] {
        let events = every_cut(implicit_tls(), |talk| {
            ready(talk, "AUTH=PLAIN SASL-IR");
            talk.client.sign_in(ann());
            talk.client("r1 AUTHENTICATE PLAIN AGFubgBodW50ZXIy\r\n");
            talk.server(told);
            assert!(talk.client.capabilities().has(Capability::Move));
        });
        assert!(matches!(
            events.last(),
            Some(Event::Completed {
                status: Status::Ok,
                ..
            })
        ));
    }
}

#[test]
fn authenticate_without_sasl_ir_waits_for_the_challenge() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "AUTH=PLAIN");
        let tag = talk.client.sign_in(ann());
        talk.client("r1 AUTHENTICATE PLAIN\r\n");
        talk.server("+ \r\n");
        talk.client("AGFubgBodW50ZXIy\r\n");
        talk.server("r1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n");
        assert_eq!(completed(&talk.events, tag), Status::No);
    });
}

#[test]
fn a_second_challenge_is_cancelled() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "AUTH=PLAIN SASL-IR");
        talk.client.sign_in(ann());
        talk.client("r1 AUTHENTICATE PLAIN AGFubgBodW50ZXIy\r\n");
        talk.server("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n");
        talk.client("*\r\n");
        talk.server("r1 BAD cancelled\r\n");
    });
}

#[test]
fn no_password_leaves_without_tls_unless_the_operator_says_so() {
    every_cut(config(Tls::Plain), |talk| {
        ready(talk, "");
        talk.client.sign_in(ann());
        assert_eq!(talk.error(), Error::PlaintextLogin);
    });
    every_cut(config(Tls::Plain), |talk| {
        ready(talk, "AUTH=PLAIN SASL-IR");
        talk.client.sign_in(ann());
        assert_eq!(talk.error(), Error::PlaintextLogin);
    });
    every_cut(
        Config {
            allow_plaintext_login: true,
            ..config(Tls::Plain)
        },
        |talk| {
            ready(talk, "");
            talk.client.sign_in(ann());
            talk.client("r1 LOGIN \"ann\" \"hunter2\"\r\n");
        },
    );
}

#[test]
fn login_that_is_switched_off_is_not_tried() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "LOGINDISABLED AUTH=GSSAPI");
        talk.client.sign_in(ann());
        assert_eq!(
            talk.error(),
            Error::PeerIncompatible(Incompatibility::LoginDisabled)
        );
    });
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::AuthenticatePlain(ann()));
        assert_eq!(
            talk.error(),
            Error::PeerIncompatible(Incompatibility::NoMechanism)
        );
    });
}

#[test]
fn commands_behind_a_login_wait_for_its_answer() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.client.sign_in(ann());
        talk.enqueue(Command::Namespace);
        talk.client("r1 LOGIN \"ann\" \"hunter2\"\r\n");
        talk.server("r1 OK [CAPABILITY IMAP4rev1] in\r\n");
        talk.client("r2 NAMESPACE\r\n");
    });
}

#[test]
fn neither_transcript_nor_debug_holds_a_password() {
    let sensitive = ["hunter2", "AGFubgBodW50ZXIy", "hünter2"];
    for (capabilities, password) in [
        ("", "hunter2"),
        ("", "hünter2"),
        ("LITERAL+", "hünter2"),
        ("AUTH=PLAIN", "hunter2"),
        ("AUTH=PLAIN SASL-IR", "hunter2"),
    ] {
        every_cut(implicit_tls(), |talk| {
            ready(talk, capabilities);
            let password = mail_proto::Secret::new(password);
            let credentials = mail_proto::imap::Credentials::new("ann", password).unwrap();
            talk.client.sign_in(credentials);
            talk.run();
            let debug = format!("{:?} {:?}", talk.client, talk.transcript);
            assert!(
                !sensitive.iter().any(|word| debug.contains(word)),
                "{debug}"
            );
            talk.server("+ go\r\n");
            talk.run();
            let debug = format!("{:?} {:?}", talk.client, talk.transcript);
            assert!(
                !sensitive.iter().any(|word| debug.contains(word)),
                "{debug}"
            );
            assert!(
                talk.transcript.iter().any(|line| line.ends_with("***")),
                "{debug}"
            );
            talk.forget_written();
        });
    }
}

#[test]
fn logout_ends_the_conversation_after_its_answer() {
    let events = every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Logout);
        talk.client("r1 LOGOUT\r\n");
        talk.server("* BYE see you\r\nr1 OK done\r\n");
        talk.is_over();
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

#[test]
fn a_bye_nobody_asked_for_ends_the_conversation() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.server("* BYE Autologout; idle for too long\r\n");
        talk.is_over();
    });
    // With a command under way its answer may still come.
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        let tag = talk.enqueue(Command::Noop);
        talk.client("r1 NOOP\r\n");
        talk.server("* BYE going down\r\n");
        talk.enqueue(Command::Noop);
        talk.server("r1 OK done\r\n");
        assert_eq!(completed(&talk.events, tag), Status::Ok);
        talk.is_over();
    });
    every_cut(implicit_tls(), |talk| {
        ready(talk, "");
        talk.enqueue(Command::Noop);
        talk.client("r1 NOOP\r\n");
        talk.server("* BYE going down\r\n");
        talk.end_of_input();
        talk.is_over();
    });
}

#[test]
fn a_connection_that_ends_without_bye_is_an_error() {
    for said in [
        "",
        "* OK",
        "* OK [CAPABILITY IMAP4rev1] ready\r\n",
        "* OK [CAPABILITY IMAP4rev1] a\r\n* 1 FE",
    ] {
        every_cut(implicit_tls(), |talk| {
            talk.server(said);
            talk.end_of_input();
            assert_eq!(talk.error(), Error::Closed);
        });
    }
}
