//! Greeting, `CAPA`, `STLS`.

use super::*;

// docs/protocols.md, POP3: STLS
#[test]
fn capabilities_are_read_after_tls_and_earlier_ones_are_discarded() {
    let played = talk_stls(&[
        GREETING,
        Sends("CAPA\r\n"),
        Server("+OK\r\nSTLS\r\nPIPELINING\r\nSASL LOGIN\r\n.\r\n"),
        Sends("STLS\r\n"),
        Server("+OK begin\r\n"),
        Upgrade,
        Sends("CAPA\r\n"),
        Server("+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n"),
    ]);
    let [Event::Ready { capabilities }] = played.events.as_slice() else {
        panic!("{played:?}");
    };
    assert!(capabilities.user && capabilities.capa);
    assert!(!capabilities.pipelining && !capabilities.stls);
    assert_eq!(capabilities.sasl, ["PLAIN"]);
}

// docs/protocols.md, POP3: STLS
#[test]
fn stls_with_buffered_plaintext_is_rejected() {
    for behind in ["+OK begin\r\n+OK injected\r\n", "+OK begin\r\n+"] {
        let mut client = Client::new(config(Tls::StartTls));
        for line in ["+OK x\r\n", "+OK\r\nSTLS\r\n.\r\n"] {
            client.feed(line.as_bytes());
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
    for line in ["+OK x\r\n", "+OK\r\nSTLS\r\n.\r\n"] {
        client.feed(line.as_bytes());
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

// docs/protocols.md, POP3: STLS
#[test]
fn a_server_without_stls_gets_no_password() {
    let not_offered = Some(Error::PeerIncompatible(Incompatibility::StlsNotOffered));
    let played = talk_stls(&[LOGIN, GREETING, CAPA]);
    assert_eq!(played.failure, not_offered);
    assert_eq!(played.sent, "CAPA\r\n");
    // Without CAPA the client tries STLS, and the server refuses it.
    let played = talk_stls(&[
        LOGIN,
        GREETING,
        NO_CAPA,
        Sends("CAPA\r\nSTLS\r\n"),
        Server("-ERR no\r\n"),
    ]);
    assert_eq!(played.failure, not_offered);
    assert_eq!(played.sent, "CAPA\r\nSTLS\r\n");
}

#[test]
fn a_refusing_greeting_is_reported_with_its_text() {
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
