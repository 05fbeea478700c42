//! Greeting, `CAPA`, `STLS`, sign-in.

use super::*;

#[test]
fn capabilities_are_read_after_tls_and_those_before_are_forgotten() {
    let played = talk_stls(&[
        GREETING,
        Says("CAPA\r\n"),
        Server("+OK\r\nSTLS\r\nPIPELINING\r\nSASL LOGIN\r\n.\r\n"),
        Says("STLS\r\n"),
        Server("+OK begin\r\n"),
        Upgrade,
        Says("CAPA\r\n"),
        Server("+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n"),
    ]);
    let [Event::Ready { capabilities }] = played.events.as_slice() else {
        panic!("{played:?}");
    };
    assert!(capabilities.user && capabilities.capa);
    assert!(!capabilities.pipelining && !capabilities.stls);
    assert_eq!(capabilities.sasl, ["PLAIN"]);
}

#[test]
fn stls_with_buffered_plaintext_is_rejected() {
    for behind in ["+OK begin\r\n+OK injected\r\n", "+OK begin\r\n+"] {
        let mut client = Client::new(config(Tls::StartTls));
        for heard in ["+OK x\r\n", "+OK\r\nSTLS\r\n.\r\n"] {
            client.feed(heard.as_bytes());
            while client.step() != Ok(Step::NeedInput) {}
        }
        client.feed(behind.as_bytes());
        let error = Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStls);
        assert_eq!(client.step(), Err(error));
    }
}

#[test]
fn plaintext_that_comes_while_tls_is_being_set_up_is_rejected() {
    let mut client = Client::new(config(Tls::StartTls));
    for heard in ["+OK x\r\n", "+OK\r\nSTLS\r\n.\r\n"] {
        client.feed(heard.as_bytes());
        while client.step() != Ok(Step::NeedInput) {}
    }
    client.feed(b"+OK begin\r\n");
    assert_eq!(client.step(), Ok(Step::StartTls));
    client.feed(b"+OK injected\r\n");
    client.upgraded();
    assert_eq!(
        client.step(),
        Err(Error::PeerMisbehaved(Misbehaviour::PlaintextAfterStls))
    );
}

#[test]
fn a_server_without_stls_gets_no_password() {
    let not_offered = Some(Error::PeerIncompatible(Incompatibility::StlsNotOffered));
    let played = talk_stls(&[LOGIN, GREETING, CAPA]);
    assert_eq!(played.failure, not_offered);
    assert_eq!(played.said, "CAPA\r\n");
    // Without CAPA it is tried, and refused.
    let played = talk_stls(&[
        LOGIN,
        GREETING,
        NO_CAPA,
        Says("CAPA\r\nSTLS\r\n"),
        Server("-ERR no\r\n"),
    ]);
    assert_eq!(played.failure, not_offered);
    assert_eq!(played.said, "CAPA\r\nSTLS\r\n");
}

#[test]
fn auth_plain_is_preferred_and_masked() {
    let played = talk(&[
        GREETING,
        Server("+OK\r\nUSER\r\nSASL LOGIN PLAIN\r\n.\r\n"),
        LOGIN,
        Says("CAPA\r\nAUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"),
        Server("+OK in\r\n"),
    ]);
    assert_eq!(answers(&played), [completed(0, "in")]);
    assert!(played.transcript.contains(&"> AUTH PLAIN ***".to_string()));
    assert!(!played.transcript.join("\n").contains("AHRp"));
}

#[test]
fn rfc5034_4_a_long_answer_waits_for_the_challenge() {
    const LONG: &str = "x12345678901234567890123456789012345678901234567890123456789012345678901234567890\
        12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890";
    let played = talk(&[
        GREETING,
        Server("+OK\r\nSASL PLAIN\r\n.\r\n"),
        Do(|c| login(c, LONG)),
        Says("CAPA\r\nAUTH PLAIN\r\n"),
        Server("+ \r\n"),
        Server("+OK in\r\n"),
    ]);
    assert_eq!(answers(&played), [completed(0, "in")]);
    assert!(played.transcript.contains(&"> ***".to_string()));
}

#[test]
fn refusals_of_a_sign_in_carry_their_code() {
    let refused = |text: &'static str| {
        let played = talk(&[GREETING, CAPA, LOGIN, Server("+OK\r\n"), Server(text)]);
        match answers(&played) {
            [Event::Rejected { id, response }] => {
                assert_eq!(*id, CommandId(0));
                response.code.clone()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused("-ERR [IN-USE] maildrop is locked\r\n"),
        Some(ResponseCode::InUse)
    );
    assert_eq!(
        refused("-ERR [AUTH] wrong password\r\n"),
        Some(ResponseCode::Auth)
    );
    assert_eq!(
        refused("-ERR [SYS/TEMP] later\r\n"),
        Some(ResponseCode::SysTemp)
    );
    assert_eq!(refused("-ERR wrong password\r\n"), None);
}

#[test]
fn a_refused_user_name_gets_no_password() {
    let played = talk(&[GREETING, CAPA, LOGIN, Server("-ERR [AUTH] who\r\n")]);
    assert!(matches!(answers(&played), [Event::Rejected { .. }]));
    assert!(!played.said.contains("PASS"));
}

#[test]
fn without_tls_no_password_leaves_unless_the_operator_allows_it() {
    let moves = [LOGIN, GREETING, CAPA];
    let played = play(|| Client::new(config(Tls::Plain)), &moves, merge);
    let error = Error::PeerIncompatible(Incompatibility::LoginNeedsTls);
    assert_eq!(played.failure, Some(error));
    assert_eq!(played.said, "CAPA\r\n");

    let allowed = || {
        Client::new(Config {
            allow_plaintext_login: true,
            ..config(Tls::Plain)
        })
    };
    let played = play(allowed, &moves, merge);
    assert_eq!(played.said, "CAPA\r\nUSER tim\r\n");
}

#[test]
fn a_server_without_a_known_sign_in_is_told() {
    let offer = |list: &'static str| talk(&[LOGIN, GREETING, Server(list)]).failure;
    let offered = Vec::from(["XOAUTH2".to_string()]);
    let none = Error::PeerIncompatible(Incompatibility::NoCommonMechanism { offered });
    assert_eq!(offer("+OK\r\nSASL XOAUTH2\r\n.\r\n"), Some(none));
    let not_offered = Error::PeerIncompatible(Incompatibility::LoginNotOffered);
    assert_eq!(offer("+OK\r\nSTLS\r\n.\r\n"), Some(not_offered.clone()));
    assert_eq!(offer("+OK\r\n.\r\n"), Some(not_offered));
}

#[test]
fn a_greeting_that_refuses_is_told_in_its_words() {
    let played = talk(&[Server("-ERR [SYS/TEMP] too many connections\r\n")]);
    let Some(Error::Rejected {
        stage: Stage::Greeting,
        response,
    }) = played.failure
    else {
        panic!("{played:?}");
    };
    assert_eq!(response.code, Some(ResponseCode::SysTemp));
}
