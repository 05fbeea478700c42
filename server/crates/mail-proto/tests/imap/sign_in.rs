//! Sign-in by each mechanism.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_proto::Secret;
use mail_proto::imap::{
    Capabilities, Capability, Command, Config, Credentials, Error, Event, Incompatibility,
    Misbehaviour, Status, Tls,
};
use mail_proto::sasl::{Nonce, SaslError, SignIn};

use crate::talk::{ann, completed, config, every_cut, implicit_tls, ready};

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
    assert!(matches!(ready, Event::Ready { .. }));
    assert_eq!((*status, text.as_str()), (Status::Ok, "LOGIN completed"));
}

// docs/protocols.md, IMAP: AUTHENTICATE (SASL-IR), LOGIN
#[test]
fn login_with_new_capabilities_is_over_at_once() {
    for reply in [
        "r1 OK [CAPABILITY IMAP4rev1 MOVE] Logged in\r\n",
        "* CAPABILITY IMAP4rev1 MOVE\r\nr1 OK Logged in\r\n",
    ] {
        let events = every_cut(implicit_tls(), |talk| {
            ready(talk, "AUTH=PLAIN SASL-IR");
            talk.client.sign_in(ann());
            talk.client("r1 AUTHENTICATE PLAIN AGFubgBodW50ZXIy\r\n");
            talk.server(reply);
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

// docs/protocols.md, IMAP: AUTHENTICATE (SASL-IR), LOGIN
#[test]
fn without_tls_no_password_is_sent_unless_the_operator_allows_it() {
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

// docs/protocols.md, IMAP: AUTHENTICATE (SASL-IR), LOGIN
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
        ready(talk, "AUTH=PLAIN");
        let token = Secret::new("ya29");
        let token = Credentials::with_token("ann", token).unwrap();
        talk.client.sign_in(token);
        assert_eq!(
            talk.error(),
            Error::PeerIncompatible(Incompatibility::NoMechanism)
        );
    });
}

#[test]
fn commands_after_login_wait_for_its_tagged_response() {
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
fn remembered_capabilities_hold_until_the_server_announces_others() {
    every_cut(implicit_tls(), |talk| {
        let words = ["IMAP4rev1", "NAMESPACE", "MOVE"].map(str::as_bytes);
        talk.client.remember(Capabilities::from_names(words));
        ready(talk, "");
        assert!(!talk.client.capabilities().has(Capability::Move));
        let tag = talk.client.sign_in(ann());
        talk.client("r1 LOGIN \"ann\" \"hunter2\"\r\n");
        talk.server("r1 OK in\r\n");
        assert_eq!(completed(&talk.events, tag), Status::Ok);
        assert!(talk.client.capabilities().has(Capability::Move));
        talk.enqueue(Command::Namespace);
        // Sent in one write.
        talk.client("r2 CAPABILITY\r\nr3 NAMESPACE\r\n");
        talk.server("* CAPABILITY IMAP4rev1 NAMESPACE\r\nr2 OK\r\nr3 OK\r\n");
        assert!(!talk.client.capabilities().has(Capability::Move));
        assert!(talk.events.contains(&Event::CapabilitiesChanged));
    });
    // The server sends its capabilities unasked: they count, and the client does not request them.
    every_cut(implicit_tls(), |talk| {
        talk.client
            .remember(Capabilities::from_names([&b"MOVE"[..]]));
        ready(talk, "");
        talk.client.sign_in(ann());
        talk.client("r1 LOGIN \"ann\" \"hunter2\"\r\n");
        talk.server("r1 OK [CAPABILITY IMAP4rev1] in\r\n");
        assert!(!talk.client.capabilities().has(Capability::Move));
        talk.expect_no_output();
    });
}

// docs/protocols.md, Signing in, TLS and the transcript: transcript
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
            let password = Secret::new(password);
            let credentials = Credentials::new("ann", password).unwrap();
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
            talk.clear_written();
        });
    }
}

/// The user of the example of RFC 5802 §5.
fn user() -> SignIn {
    let nonce = STANDARD.decode("fyko+d2lbbFgONRv9qkxdawL").unwrap();
    SignIn {
        credentials: Credentials::new("user", Secret::new("pencil")).unwrap(),
        nonce: Some(Nonce::from_entropy(nonce.try_into().unwrap())),
        channel_binding: None,
    }
}

const CLIENT_FIRST: &str = "biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM";
const SERVER_FIRST: &str = "+ cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==\r\n";
const CLIENT_FINAL: &str = "Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==\r\n";
const SERVER_FINAL: &str = "+ dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9\r\n";

// docs/protocols.md, IMAP: AUTHENTICATE (SASL-IR), LOGIN
#[test]
fn rfc5802_5_scram_example_through_authenticate() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-1");
        let tag = talk.client.sign_in(user());
        talk.client(format!("r1 AUTHENTICATE SCRAM-SHA-1 {CLIENT_FIRST}\r\n"));
        talk.server(SERVER_FIRST);
        talk.client(CLIENT_FINAL);
        talk.server(SERVER_FINAL);
        talk.client("\r\n");
        talk.server("r1 OK [CAPABILITY IMAP4rev1] in\r\n");
        assert_eq!(completed(&talk.events, tag), Status::Ok);
        let shown = talk.transcript.join("\n");
        for secret in [CLIENT_FIRST, SERVER_FIRST, CLIENT_FINAL, SERVER_FINAL] {
            assert!(!shown.contains(secret.trim_end()), "{shown}");
        }
        assert!(shown.contains("\n< + ***\n> ***\n"), "{shown}");
    });
}

// docs/protocols.md, IMAP: AUTHENTICATE (SASL-IR), LOGIN
#[test]
fn scram_without_sasl_ir_waits_for_the_empty_challenge() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "AUTH=SCRAM-SHA-1");
        let tag = talk.client.sign_in(user());
        talk.client("r1 AUTHENTICATE SCRAM-SHA-1\r\n");
        talk.server("+ \r\n");
        talk.client(format!("{CLIENT_FIRST}\r\n"));
        talk.server(SERVER_FIRST);
        talk.client(CLIENT_FINAL);
        talk.server("r1 NO [AUTHENTICATIONFAILED] wrong\r\n");
        assert_eq!(completed(&talk.events, tag), Status::No);
    });
}

#[test]
fn a_server_that_cannot_prove_itself_is_dropped() {
    for last in [
        "+ dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE9\r\n",
        "r1 OK in without a proof\r\n",
    ] {
        every_cut(implicit_tls(), |talk| {
            ready(talk, "SASL-IR AUTH=SCRAM-SHA-1");
            talk.client.sign_in(user());
            talk.server(SERVER_FIRST);
            talk.clear_written();
            talk.server(last);
            let unproven = Misbehaviour::Sasl(SaslError::ServerUnproven);
            assert_eq!(talk.error(), Error::PeerMisbehaved(unproven));
        });
    }
}

#[test]
fn a_mechanism_refused_before_any_proof_is_followed_by_the_next() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "SASL-IR AUTH=SCRAM-SHA-1");
        let tag = talk.client.sign_in(user());
        talk.client(format!("r1 AUTHENTICATE SCRAM-SHA-1 {CLIENT_FIRST}\r\n"));
        talk.server("r1 NO [AUTHENTICATIONFAILED] no such verifier\r\n");
        talk.client("r2 LOGIN \"user\" \"pencil\"\r\n");
        let namespace = talk.enqueue(Command::Namespace);
        talk.server("r2 OK [CAPABILITY IMAP4rev1] in\r\n");
        assert_eq!(completed(&talk.events, tag), Status::Ok);
        talk.client("r3 NAMESPACE\r\n".replace("r3", &namespace.to_string()));
    });
}

#[test]
fn a_server_error_does_not_try_another_mechanism() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "SASL-IR AUTH=SCRAM-SHA-1 AUTH=PLAIN");
        let tag = talk.client.sign_in(user());
        talk.clear_written();
        talk.run();
        talk.clear_written();
        talk.server("r1 NO [UNAVAILABLE] the directory is down\r\n");
        assert_eq!(completed(&talk.events, tag), Status::No);
    });
}

// docs/protocols.md, IMAP: AUTHENTICATE (SASL-IR), LOGIN
#[test]
fn a_token_is_sent_by_oauthbearer_and_its_refusal_gets_a_response() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER");
        let token = Credentials::with_token("user@example.com", Secret::new("ya29")).unwrap();
        let tag = talk.client.sign_in(token);
        talk.client(
            "r1 AUTHENTICATE OAUTHBEARER bixhPXVzZXJAZXhhbXBsZS5jb20sAWF1dGg9QmVhcmVyIHlhMjkBAQ==\r\n",
        );
        talk.server("+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n");
        talk.client("AQ==\r\n");
        talk.server("r1 NO [AUTHENTICATIONFAILED] expired\r\n");
        assert_eq!(completed(&talk.events, tag), Status::No);
    });
}

#[test]
fn authenticate_login_is_used_where_the_login_command_is_off() {
    every_cut(implicit_tls(), |talk| {
        ready(talk, "LOGINDISABLED AUTH=LOGIN");
        talk.client.sign_in(ann());
        talk.client("r1 AUTHENTICATE LOGIN\r\n");
        talk.server("+ VXNlcm5hbWU6\r\n");
        talk.client("YW5u\r\n");
        talk.server("+ UGFzc3dvcmQ6\r\n");
        talk.client("aHVudGVyMg==\r\n");
    });
}
