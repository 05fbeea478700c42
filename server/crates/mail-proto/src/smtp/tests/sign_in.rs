//! Sign-in by each mechanism.

use super::*;
use crate::sasl::{Nonce, SaslError, SignIn};
use Move::{Client as Sends, Do, Server};

// docs/protocols.md, SMTP: AUTH
#[test]
fn auth_plain_is_sent_with_its_initial_response_and_masked_in_the_transcript() {
    let played = talk(&[
        Server("220 x\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-x\r\n250 AUTH LOGIN PLAIN\r\n"),
        Do(|c| c.authenticate(credentials())),
        Sends("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"),
        Server("235 2.7.0 Authentication successful\r\n"),
    ]);
    assert_eq!(played.events.last(), Some(&Event::Authenticated));
    assert_eq!(
        played.transcript,
        [
            "< 220 x",
            "> EHLO client.example",
            "< 250-x",
            "< 250 AUTH LOGIN PLAIN",
            "# signing in by PLAIN, the best usable of: LOGIN PLAIN",
            "> AUTH PLAIN ***",
            "< 235 2.7.0 Authentication successful",
        ]
    );
}

#[test]
fn a_server_that_ignores_the_initial_response_gets_it_again() {
    let played = talk(&[
        Server("220 x\r\n"),
        Server("250-x\r\n250 AUTH PLAIN\r\n"),
        Do(|c| c.authenticate(credentials())),
        Server("334 \r\n"),
        Server("235 ok\r\n"),
    ]);
    assert_eq!(played.events.last(), Some(&Event::Authenticated));
    assert!(
        played
            .sent
            .ends_with("\r\nAHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n")
    );
    assert!(!played.transcript.join("\n").contains("AHRpb"));
}

// docs/protocols.md, SMTP: AUTH
#[test]
fn auth_login_responds_to_both_challenges() {
    let played = talk(&[
        Server("220 x\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-x\r\n250 AUTH=LOGIN CRAM-MD5\r\n"),
        Do(|c| c.authenticate(credentials())),
        Sends("AUTH LOGIN\r\n"),
        Server("334 VXNlcm5hbWU6\r\n"),
        Sends("dGlt\r\n"),
        Server("334 UGFzc3dvcmQ6\r\n"),
        Sends("dGFuc3RhYWZ0YW5zdGFhZg==\r\n"),
        Server("235 ok\r\n"),
    ]);
    assert_eq!(played.events.last(), Some(&Event::Authenticated));
    let shown = played.transcript.join("\n");
    assert!(
        !shown.contains("dGlt") && !shown.contains("dGFu"),
        "{shown}"
    );
}

#[test]
fn a_challenge_too_many_is_cancelled_and_another_is_an_error() {
    let moves = [
        Server("220 x\r\n"),
        Server("250-x\r\n250 AUTH LOGIN\r\n"),
        Do(|c: &mut Client| c.authenticate(credentials())),
        Server("334 \r\n"),
        Server("334 \r\n"),
        Server("334 \r\n"),
        Server("501 5.5.2 cancelled\r\n"),
    ];
    let played = talk(&moves);
    assert!(played.sent.ends_with("\r\n*\r\n"), "{}", played.sent);
    let reply = reply(501, "5.5.2 cancelled");
    let refused = Event::AuthenticationRefused { reply };
    assert_eq!(played.events.last(), Some(&refused));

    let [greeting, ehlo, sign_in, first, second, third, _] = moves;
    let endless = Server("334 \r\n");
    let played = talk(&[greeting, ehlo, sign_in, first, second, third, endless]);
    let unexpected = Misbehaviour::Sasl(SaslError::UnexpectedChallenge);
    assert_eq!(played.failure, Some(Error::PeerMisbehaved(unexpected)));
}

#[test]
fn a_refused_password_is_an_event_and_the_connection_lives_on() {
    let played = talk(&[
        Server("220 x\r\n"),
        Server("250-x\r\n250 AUTH PLAIN\r\n"),
        Do(|c| c.authenticate(credentials())),
        Server("535 5.7.8 Authentication credentials invalid\r\n"),
        Do(Client::quit),
        Server("221 bye\r\n"),
    ]);
    let reply = reply(535, "5.7.8 Authentication credentials invalid");
    let rejected = Event::AuthenticationRefused { reply };
    assert_eq!(played.events.last(), Some(&rejected));
    assert!(played.is_done);
}

// docs/protocols.md, SMTP: AUTH
#[test]
fn without_tls_no_password_leaves_unless_the_operator_allows_it() {
    let moves = [
        Server("220 x\r\n"),
        Server("250-x\r\n250 AUTH PLAIN\r\n"),
        Do(|c: &mut Client| c.authenticate(credentials())),
    ];
    let played = play(|| client(Tls::Plain), &moves, |events| events);
    let error = Error::PeerIncompatible(Incompatibility::LoginNeedsTls);
    assert_eq!(played.failure, Some(error));
    assert_eq!(played.sent, "EHLO client.example\r\n");

    let allowed = || {
        Client::new(Config {
            allow_plaintext_login: true,
            ..client(Tls::Plain).config
        })
    };
    let played = play(allowed, &moves, |events| events);
    assert_eq!(played.failure, None);
    assert!(played.sent.contains("AUTH PLAIN "));
}

/// Returns the sign-in of the user of the example of RFC 5802 §5.
fn user() -> SignIn {
    SignIn {
        credentials: Credentials::new("user", Secret::new("pencil")).unwrap(),
        nonce: Some(Nonce::of_example("fyko+d2lbbFgONRv9qkxdawL")),
        channel_binding: None,
    }
}

const SCRAM: Move<Client> = Server("250-x\r\n250 AUTH PLAIN SCRAM-SHA-1\r\n");
const FIRST: Move<Client> = Server(
    "334 cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==\r\n",
);

// docs/protocols.md, SMTP: AUTH
#[test]
fn rfc5802_5_scram_example_through_auth() {
    let played = talk(&[
        Server("220 x\r\n"),
        Sends("EHLO client.example\r\n"),
        SCRAM,
        Do(|c| c.authenticate(user())),
        Sends("AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM\r\n"),
        FIRST,
        Sends(
            "Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==\r\n",
        ),
        Server("334 dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9\r\n"),
        Sends("\r\n"),
        Server("235 2.7.0 in\r\n"),
    ]);
    assert_eq!(played.events.last(), Some(&Event::Authenticated));
    let shown = played.transcript.join("\n");
    for secret in [
        "biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM",
        "Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==",
        "cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==",
        "dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9",
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("\n< 334 ***\n> ***\n"), "{shown}");
}

// docs/protocols.md, SMTP: AUTH
#[test]
fn a_server_that_cannot_prove_itself_is_dropped() {
    let unproven = Error::PeerMisbehaved(Misbehaviour::Sasl(SaslError::ServerUnproven));
    for last in [
        "334 dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE9\r\n",
        "235 2.7.0 in without a proof\r\n",
    ] {
        let played = talk(&[
            Server("220 x\r\n"),
            SCRAM,
            Do(|c| c.authenticate(user())),
            FIRST,
            Server(last),
        ]);
        assert_eq!(played.failure, Some(unproven.clone()), "{last}");
        assert!(!played.events.contains(&Event::Authenticated));
    }
}

#[test]
fn a_mechanism_refused_before_any_proof_is_followed_by_the_next() {
    let played = talk(&[
        Server("220 x\r\n"),
        Sends("EHLO client.example\r\n"),
        SCRAM,
        Do(|c| c.authenticate(user())),
        Sends("AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM\r\n"),
        Server("535 5.7.8 no such verifier\r\n"),
        Sends("AUTH PLAIN AHVzZXIAcGVuY2ls\r\n"),
        Server("235 2.7.0 in\r\n"),
    ]);
    assert_eq!(played.events.last(), Some(&Event::Authenticated));
}

#[test]
fn a_temporary_refusal_and_a_wrong_proof_are_reported_at_once() {
    let after = |last: &'static str, is_proven: bool| {
        let mut moves = Vec::from([Server("220 x\r\n"), SCRAM, Do(|c| c.authenticate(user()))]);
        if is_proven {
            moves.push(FIRST);
        }
        moves.push(Server(last));
        let played = talk(&moves);
        assert!(!played.sent.contains("PLAIN"), "{}", played.sent);
        played.events.last().cloned()
    };
    let refused = |code, text| {
        Some(Event::AuthenticationRefused {
            reply: reply(code, text),
        })
    };
    assert_eq!(
        after("454 4.7.0 later\r\n", false),
        refused(454, "4.7.0 later")
    );
    assert_eq!(
        after("535 5.7.8 wrong\r\n", true),
        refused(535, "5.7.8 wrong")
    );
}

// docs/protocols.md, SMTP: AUTH
#[test]
fn a_long_initial_response_waits_for_the_challenge() {
    let played = talk(&[
        Server("220 x\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-x\r\n250 AUTH XOAUTH2\r\n"),
        Do(|c| {
            let token = Secret::new("t".repeat(600));
            c.authenticate(Credentials::with_token("user", token).unwrap());
        }),
        Sends("AUTH XOAUTH2\r\n"),
        Server("334 \r\n"),
        Server("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
        Server("535 5.7.8 expired\r\n"),
    ]);
    let reply = reply(535, "5.7.8 expired");
    assert_eq!(
        played.events.last(),
        Some(&Event::AuthenticationRefused { reply })
    );
    assert!(
        played.sent.ends_with("\r\n\r\n"),
        "a refused token is answered by nothing"
    );
}

// docs/protocols.md, SMTP: AUTH
#[test]
fn cram_md5_is_taken_where_there_is_no_tls_but_leave() {
    let make = || {
        Client::new(Config {
            allow_plaintext_login: true,
            ..client(Tls::Plain).config
        })
    };
    let moves = [
        Server("220 x\r\n"),
        Sends("EHLO client.example\r\n"),
        Server("250-x\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n"),
        Do(|c: &mut Client| c.authenticate(credentials())),
        Sends("AUTH CRAM-MD5\r\n"),
        // RFC 2195 §2
        Server("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n"),
        Sends("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"),
        Server("235 ok\r\n"),
    ];
    let played = play(make, &moves, |events| events);
    assert_eq!(played.events.last(), Some(&Event::Authenticated));
}
