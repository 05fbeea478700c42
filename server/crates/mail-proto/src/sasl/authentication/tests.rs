//! Exchanges at the interface of the clients, with messages in base64.

use alloc::string::ToString as _;

use super::*;
use crate::Secret;
use crate::sasl::{Credentials, Nonce};

fn ann() -> SignIn {
    SignIn {
        credentials: Credentials::new("ann", Secret::new("hunter2")).unwrap(),
        nonce: Some(Nonce::of_example("fyko+d2lbbFgONRv9qkxdawL")),
        channel_binding: None,
    }
}

fn begin(offered: &str) -> Authentication {
    Authentication::begin(ann(), offered.split(' '), true).unwrap()
}

fn sent(response: Result<ChallengeResponse, SaslError>) -> String {
    match response {
        Ok(ChallengeResponse::Send(message)) => core::str::from_utf8(&message).unwrap().to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn plain_leaves_with_the_command_or_behind_an_empty_challenge() {
    let mut plain = begin("PLAIN");
    let initial = plain.initial().unwrap();
    assert_eq!(*initial, b"AGFubgBodW50ZXIy".to_vec());
    plain.initial_sent();
    // The server requests it again although it was sent with the command; only once.
    assert_eq!(sent(plain.challenge(b"")), "AGFubgBodW50ZXIy");
    assert!(matches!(
        plain.challenge(b""),
        Ok(ChallengeResponse::Cancel)
    ));
    assert!(matches!(
        plain.challenge(b""),
        Err(SaslError::UnexpectedChallenge)
    ));
}

#[test]
fn login_responds_to_two_challenges_with_any_text() {
    let mut login = begin("LOGIN");
    assert!(login.initial().is_none());
    assert_eq!(sent(login.challenge(b"VXNlcm5hbWU6")), "YW5u");
    assert_eq!(sent(login.challenge(b"not base64 at all")), "aHVudGVyMg==");
    assert!(matches!(
        login.challenge(b""),
        Ok(ChallengeResponse::Cancel)
    ));
}

// docs/protocols.md, Signing in, TLS and the transcript: SASLprep, OAuth, CRAM-MD5
#[test]
fn rfc7628_3_2_3_a_refused_token_gets_a_response_before_the_refusal() {
    let token = |offered: &str| {
        let credentials = Credentials::with_token("ann", Secret::new("ya29")).unwrap();
        let mut one = Authentication::begin(credentials.into(), offered.split(' '), true).unwrap();
        one.initial().unwrap();
        one.initial_sent();
        let refusal = sent(one.challenge(b"eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0="));
        assert!(!one.try_next(), "the token has left");
        refusal
    };
    assert_eq!(token("OAUTHBEARER XOAUTH2"), "AQ==");
    assert_eq!(token("XOAUTH2"), "");
}

// docs/protocols.md, Signing in, TLS and the transcript: choice of a mechanism
#[test]
fn a_mechanism_that_is_refused_before_any_proof_is_followed_by_the_next() {
    let mut sign_in = begin("PLAIN SCRAM-SHA-256 LOGIN");
    assert_eq!(sign_in.mechanism(), Mechanism::ScramSha256);
    sign_in.initial().unwrap();
    sign_in.initial_sent();
    assert!(sign_in.try_next());
    assert_eq!(sign_in.mechanism(), Mechanism::Plain);
    assert_eq!(sent(sign_in.challenge(b"")), "AGFubgBodW50ZXIy");
    assert!(!sign_in.try_next(), "the password has left");
}

// docs/protocols.md, Signing in, TLS and the transcript: choice of a mechanism
#[test]
fn a_password_that_was_proven_wrong_is_not_tried_with_another_mechanism() {
    let mut sign_in = begin("PLAIN SCRAM-SHA-1");
    sign_in.initial().unwrap();
    sign_in.initial_sent();
    let first = to_base64(b"r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=4096");
    let Ok(ChallengeResponse::DeriveKey(work)) = sign_in.challenge(&first) else {
        panic!("no work");
    };
    assert!(sign_in.key_derived(&work.run()).is_ok());
    assert!(!sign_in.try_next());
}

// docs/protocols.md, Signing in, TLS and the transcript: SCRAM
#[test]
fn a_success_without_the_server_proof_is_rejected() {
    let mut sign_in = begin("SCRAM-SHA-1");
    assert_eq!(sign_in.accepted(), Err(SaslError::ServerUnproven));
    sign_in.initial().unwrap();
    sign_in.initial_sent();
    assert_eq!(sign_in.accepted(), Err(SaslError::ServerUnproven));
    assert_eq!(begin("PLAIN").accepted(), Ok(()));
}

#[test]
fn challenges_that_are_not_base64_are_rejected() {
    let mut sign_in = begin("CRAM-MD5");
    assert_eq!(
        sign_in.challenge(b"<not base64>").unwrap_err(),
        SaslError::MalformedChallenge
    );
}

// docs/protocols.md, Signing in, TLS and the transcript: choice of a mechanism
#[test]
fn the_explanation_names_the_mechanism_and_those_offered() {
    assert_eq!(
        begin("LOGIN PLAIN GSSAPI").explanation(),
        "signing in by PLAIN, the best usable of: LOGIN PLAIN GSSAPI"
    );
}
