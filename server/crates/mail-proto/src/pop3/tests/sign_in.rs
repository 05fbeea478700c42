//! Sign-in by each method.

use super::*;
use crate::sasl::{Nonce, SaslError, SignIn};

// docs/protocols.md, POP3: AUTH
#[test]
fn auth_plain_is_preferred_and_masked() {
    let played = talk(&[
        GREETING,
        Server("+OK\r\nUSER\r\nSASL LOGIN PLAIN\r\n.\r\n"),
        LOGIN,
        Sends("CAPA\r\nAUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"),
        Server("+OK in\r\n"),
    ]);
    assert_eq!(responses(&played), [completed(0, "in")]);
    assert!(played.transcript.contains(&"> AUTH PLAIN ***".to_string()));
    assert!(!played.transcript.join("\n").contains("AHRp"));
}

// docs/protocols.md, POP3: AUTH
#[test]
fn rfc5034_4_a_long_initial_response_waits_for_the_challenge() {
    const LONG: &str = "x12345678901234567890123456789012345678901234567890123456789012345678901234567890\
        12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890";
    let played = talk(&[
        GREETING,
        Server("+OK\r\nSASL PLAIN\r\n.\r\n"),
        Do(|c| login(c, LONG)),
        Sends("CAPA\r\nAUTH PLAIN\r\n"),
        Server("+ \r\n"),
        Server("+OK in\r\n"),
    ]);
    assert_eq!(responses(&played), [completed(0, "in")]);
    assert!(played.transcript.contains(&"> ***".to_string()));
}

// docs/protocols.md, POP3: RESP-CODES, AUTH-RESP-CODE
#[test]
fn refusals_of_a_sign_in_carry_their_code() {
    let refused = |text: &'static str| {
        let played = talk(&[GREETING, CAPA, LOGIN, Server("+OK\r\n"), Server(text)]);
        match responses(&played) {
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

// docs/protocols.md, POP3: USER, PASS
#[test]
fn a_refused_user_name_gets_no_password() {
    let played = talk(&[GREETING, CAPA, LOGIN, Server("-ERR [AUTH] who\r\n")]);
    assert!(matches!(responses(&played), [Event::Rejected { .. }]));
    assert!(!played.sent.contains("PASS"));
}

// docs/protocols.md, POP3: USER, PASS
#[test]
fn without_tls_no_password_leaves_unless_the_operator_allows_it() {
    let moves = [LOGIN, GREETING, CAPA];
    let played = play(|| Client::new(config(Tls::Plain)), &moves, merge);
    let error = Error::PeerIncompatible(Incompatibility::LoginNeedsTls);
    assert_eq!(played.failure, Some(error));
    assert_eq!(played.sent, "CAPA\r\n");

    let allowed = || {
        Client::new(Config {
            allow_plaintext_login: true,
            ..config(Tls::Plain)
        })
    };
    let played = play(allowed, &moves, merge);
    assert_eq!(played.sent, "CAPA\r\nUSER tim\r\n");
}

#[test]
fn a_server_without_a_known_sign_in_is_reported() {
    let offer = |list: &'static str| talk(&[LOGIN, GREETING, Server(list)]).failure;
    let offered = Vec::from(["XOAUTH2".to_string()]);
    let none = Error::PeerIncompatible(Incompatibility::NoCommonMechanism { offered });
    assert_eq!(offer("+OK\r\nSASL XOAUTH2\r\n.\r\n"), Some(none));
    let not_offered = Error::PeerIncompatible(Incompatibility::LoginNotOffered);
    assert_eq!(offer("+OK\r\nSTLS\r\n.\r\n"), Some(not_offered.clone()));
    assert_eq!(offer("+OK\r\n.\r\n"), Some(not_offered));
}

/// Queues the sign-in of the user of the example of RFC 5802 §5.
fn user(client: &mut Client) {
    client.enqueue(Command::Login(SignIn {
        credentials: Credentials::new("user", Secret::new("pencil")).unwrap(),
        nonce: Some(Nonce::of_example("fyko+d2lbbFgONRv9qkxdawL")),
        channel_binding: None,
    }));
}

const SCRAM: Move<Client> = Server("+OK\r\nUSER\r\nSASL PLAIN SCRAM-SHA-1\r\n.\r\n");
const FIRST: Move<Client> = Server(
    "+ cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==\r\n",
);

// docs/protocols.md, POP3: AUTH
#[test]
fn rfc5802_5_scram_example_through_auth() {
    let played = talk(&[
        GREETING,
        SCRAM,
        Do(user),
        Sends("CAPA\r\nAUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM\r\n"),
        FIRST,
        Sends(
            "Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==\r\n",
        ),
        Server("+ dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9\r\n"),
        Sends("\r\n"),
        Server("+OK in\r\n"),
    ]);
    assert_eq!(responses(&played), [completed(0, "in")]);
    let shown = played.transcript.join("\n");
    for secret in [
        "biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM",
        "Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==",
        "cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==",
        "dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9",
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

// docs/protocols.md, POP3: AUTH
#[test]
fn a_server_that_cannot_prove_itself_is_dropped() {
    let unproven = Error::PeerMisbehaved(Misbehaviour::Sasl(SaslError::ServerUnproven));
    for last in [
        "+ dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE9\r\n",
        "+OK in without a proof\r\n",
    ] {
        let played = talk(&[GREETING, SCRAM, Do(user), FIRST, Server(last)]);
        assert_eq!(played.failure, Some(unproven.clone()), "{last}");
    }
}

#[test]
fn a_mechanism_refused_before_any_proof_is_followed_by_the_next() {
    let played = talk(&[
        GREETING,
        SCRAM,
        Do(user),
        Sends("CAPA\r\nAUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM\r\n"),
        Server("-ERR [AUTH] no such verifier\r\n"),
        Sends("AUTH PLAIN AHVzZXIAcGVuY2ls\r\n"),
        Server("+OK in\r\n"),
    ]);
    assert_eq!(responses(&played), [completed(0, "in")]);
}

#[test]
fn a_locked_maildrop_is_no_reason_for_another_mechanism() {
    let played = talk(&[
        GREETING,
        SCRAM,
        Do(user),
        Server("-ERR [IN-USE] locked\r\n"),
    ]);
    assert!(matches!(responses(&played), [Event::Rejected { .. }]));
    assert!(!played.sent.contains("PLAIN"));
}

#[test]
fn a_challenge_too_many_is_cancelled() {
    let played = talk(&[
        GREETING,
        Server("+OK\r\nSASL PLAIN\r\n.\r\n"),
        LOGIN,
        Server("+ \r\n"),
        Server("+ \r\n"),
        Server("-ERR cancelled\r\n"),
    ]);
    assert!(played.sent.ends_with("\r\n*\r\n"), "{}", played.sent);
    assert!(matches!(responses(&played), [Event::Rejected { .. }]));
}

// docs/protocols.md, POP3: APOP
#[test]
fn rfc1939_7_apop_is_taken_where_there_is_no_tls_but_leave() {
    let make = || {
        Client::new(Config {
            allow_plaintext_login: true,
            ..config(Tls::Plain)
        })
    };
    let mrose = |client: &mut Client| {
        let credentials = Credentials::new("mrose", Secret::new("tanstaaf")).unwrap();
        client.enqueue(Command::Login(credentials.into()));
    };
    let moves = [
        Server("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"),
        Server("+OK\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n"),
        Do(mrose),
        Sends("CAPA\r\nAPOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"),
        Server("+OK maildrop has 1 message (369 octets)\r\n"),
    ];
    let played = play(make, &moves, merge);
    assert_eq!(
        responses(&played),
        [completed(0, "maildrop has 1 message (369 octets)")]
    );
    assert!(played.transcript.contains(&"> APOP mrose ***".to_string()));
}

#[test]
fn a_listed_mechanism_is_preferred_over_an_announced_user() {
    let played = talk(&[
        GREETING,
        Server("+OK\r\nUSER\r\nSASL CRAM-MD5\r\n.\r\n"),
        LOGIN,
        Sends("CAPA\r\nAUTH CRAM-MD5\r\n"),
        // RFC 2195 §2
        Server("+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n"),
        Sends("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"),
        Server("+OK in\r\n"),
    ]);
    assert_eq!(responses(&played), [completed(0, "in")]);
}

// docs/protocols.md, POP3: STLS
#[test]
fn a_timestamp_from_before_stls_is_discarded() {
    let played = talk_stls(&[
        Server("+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n"),
        Server("+OK\r\nSTLS\r\n.\r\n"),
        Server("+OK begin\r\n"),
        Upgrade,
        Server("+OK\r\nSASL GSSAPI\r\n.\r\n"),
        LOGIN,
    ]);
    assert!(!played.sent.contains("APOP"), "{}", played.sent);
    assert!(matches!(
        played.failure,
        Some(Error::PeerIncompatible(
            Incompatibility::NoCommonMechanism { .. }
        ))
    ));
}

fn plaintext_allowed() -> Client {
    Client::new(Config {
        allow_plaintext_login: true,
        ..config(Tls::Plain)
    })
}

const STAMPED: Move<Client> = Server("+OK <16184.1473445882@mail3.example>\r\n");

// docs/protocols.md, POP3: APOP
#[test]
fn a_server_that_does_not_know_apop_gets_user_and_pass() {
    let moves = [
        STAMPED,
        CAPA,
        LOGIN,
        Server("-ERR unknown command\r\n"),
        Sends("CAPA\r\nAPOP tim 928812286c8827a175c9a7a0385ba44e\r\nUSER tim\r\n"),
        Server("+OK\r\n"),
        Sends("PASS tanstaaftanstaaf\r\n"),
        Server("+OK in\r\n"),
    ];
    let played = play(plaintext_allowed, &moves, merge);
    assert_eq!(responses(&played), [completed(0, "in")]);
}

// docs/protocols.md, POP3: APOP
#[test]
fn credentials_refused_by_apop_are_not_shown_in_clear_text() {
    for refusal in ["-ERR authentication failed\r\n", "-ERR [AUTH] no\r\n"] {
        let moves = [STAMPED, CAPA, LOGIN, Server(refusal)];
        let played = play(plaintext_allowed, &moves, merge);
        assert!(matches!(responses(&played), [Event::Rejected { .. }]));
        assert!(!played.sent.contains("USER"), "{}", played.sent);
    }
}

#[test]
fn without_user_a_server_that_does_not_know_apop_offers_no_sign_in() {
    let moves = [
        STAMPED,
        Server("+OK\r\nTOP\r\n.\r\n"),
        LOGIN,
        Server("-ERR unknown command\r\n"),
    ];
    let played = play(plaintext_allowed, &moves, merge);
    let not_offered = Error::PeerIncompatible(Incompatibility::LoginNotOffered);
    assert_eq!(played.failure, Some(not_offered));
}

#[test]
fn a_server_that_lists_sasl_and_does_not_know_auth_gets_user_and_pass() {
    let played = talk(&[
        GREETING,
        Server("+OK\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n"),
        LOGIN,
        Sends("CAPA\r\nAUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"),
        Server("-ERR unknown command\r\n"),
        Sends("USER tim\r\n"),
        Server("+OK\r\n"),
        Server("+OK in\r\n"),
    ]);
    assert_eq!(responses(&played), [completed(0, "in")]);
}
