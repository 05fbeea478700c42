//! The examples of the RFCs, and servers that violate the protocol.

use alloc::format;
use alloc::string::{String, ToString as _};

use super::*;
use crate::sasl::{Credentials, Nonce};

fn sign_in(user: &str, password: &str, nonce: &str) -> SignIn {
    SignIn {
        credentials: Credentials::new(user, Secret::new(password)).unwrap(),
        nonce: Some(Nonce::of_example(nonce)),
        channel_binding: None,
    }
}

fn sha1() -> Scram {
    let sign_in = sign_in("user", "pencil", "fyko+d2lbbFgONRv9qkxdawL");
    Scram::new(Mechanism::ScramSha1, &sign_in, false).unwrap()
}

fn text(message: &Message) -> String {
    core::str::from_utf8(message).unwrap().to_string()
}

/// Returns the client's final message for a server's first message.
fn proof(scram: &mut Scram, server_first: &str) -> Result<String, SaslError> {
    match scram.challenge(server_first.as_bytes())? {
        ScramStep::DeriveKey(work) => Ok(text(&scram.key_derived(&work.run()).unwrap())),
        ScramStep::ChallengeResponse(response) => panic!("{response:?}"),
    }
}

const SERVER_FIRST: &str = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
const SERVER_FINAL: &str = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";

// docs/protocols.md, Signing in, TLS and the transcript: SCRAM
#[test]
fn rfc5802_5_example_by_sha_1() {
    let mut scram = sha1();
    assert_eq!(
        text(&scram.initial()),
        "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
    );
    assert_eq!(
        proof(&mut scram, SERVER_FIRST).unwrap(),
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
    assert!(!scram.is_proven() && scram.has_sent_proof());
    assert!(matches!(
        scram.challenge(SERVER_FINAL.as_bytes()),
        Ok(ScramStep::ChallengeResponse(response)) if response.is_empty()
    ));
    assert!(scram.is_proven());
}

// docs/protocols.md, Signing in, TLS and the transcript: SCRAM
#[test]
fn rfc7677_3_example_by_sha_256() {
    let sign_in = sign_in("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
    let mut scram = Scram::new(Mechanism::ScramSha256, &sign_in, false).unwrap();
    assert_eq!(text(&scram.initial()), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_eq!(
        proof(
            &mut scram,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        )
        .unwrap(),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    let server_final = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    assert!(scram.challenge(server_final).is_ok() && scram.is_proven());
}

// docs/protocols.md, Signing in, TLS and the transcript: channel binding
#[test]
fn the_gs2_header_states_the_channel_binding_support() {
    let bound = SignIn {
        channel_binding: Some(ChannelBinding::TlsExporter([9; 32])),
        ..sign_in("a,b=c", "x", "nonce")
    };
    let initial = |mechanism, sign_in: &SignIn, is_plus_offered| {
        text(
            &Scram::new(mechanism, sign_in, is_plus_offered)
                .unwrap()
                .initial(),
        )
    };
    let (plus, bare) = (Mechanism::ScramSha256Plus, Mechanism::ScramSha256);
    assert_eq!(
        initial(plus, &bound, true),
        "p=tls-exporter,,n=a=2Cb=3Dc,r=nonce"
    );
    assert_eq!(initial(bare, &bound, false), "y,,n=a=2Cb=3Dc,r=nonce");
    assert_eq!(initial(bare, &bound, true), "n,,n=a=2Cb=3Dc,r=nonce");

    let mut scram = Scram::new(plus, &bound, true).unwrap();
    let last = proof(&mut scram, "r=noncemore,s=QSXCR+Q6sek8bf92,i=4096").unwrap();
    let binding = last.strip_prefix("c=").unwrap().split(',').next().unwrap();
    let binding = STANDARD.decode(binding).unwrap();
    assert_eq!(binding, [b"p=tls-exporter,,".as_slice(), &[9; 32]].concat());
}

#[test]
fn a_nonce_that_does_not_extend_the_client_nonce_is_rejected() {
    for nonce in [
        "fyko",
        "fyko+d2lbbFgONRv9qkxdawL",
        "other+d2lbbFgONRv9qkxdawL3rf",
    ] {
        let server_first = format!("r={nonce},s=QSXCR+Q6sek8bf92,i=4096");
        assert_eq!(
            proof(&mut sha1(), &server_first),
            Err(SaslError::WrongNonce)
        );
    }
}

// docs/protocols.md, Signing in, TLS and the transcript: SCRAM
#[test]
fn iterations_are_held_within_4096_and_600000() {
    for asked in [
        "0",
        "1",
        "4095",
        "600001",
        "20000000",
        "4294967296",
        "99999999999999999999",
    ] {
        let server_first = format!("r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i={asked}");
        let failure = SaslError::Iterations {
            asked: asked.into(),
        };
        assert_eq!(proof(&mut sha1(), &server_first), Err(failure));
    }
    for invalid in ["+5000", "-5000", " 5000", "x", ""] {
        let server_first = format!("r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i={invalid}");
        assert!(matches!(
            proof(&mut sha1(), &server_first),
            Err(SaslError::Iterations { .. })
        ));
    }
}

#[test]
fn a_malformed_server_first_message_is_rejected() {
    for message in [
        "",
        "r=fyko+d2lbbFgONRv9qkxdawL3",
        "s=QSXCR+Q6sek8bf92,r=fyko+d2lbbFgONRv9qkxdawL3,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3,s=,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3,s=?,i=4096",
        "e=unknown-user",
    ] {
        let failure = Err(SaslError::MalformedChallenge);
        assert_eq!(proof(&mut sha1(), message), failure, "{message}");
    }
    assert_eq!(
        proof(&mut sha1(), &format!("m=must,{SERVER_FIRST}")),
        Err(SaslError::UnknownExtension)
    );
    let salt = STANDARD.encode([7; MAX_SALT_BYTES + 1]);
    assert_eq!(
        proof(
            &mut sha1(),
            &format!("r=fyko+d2lbbFgONRv9qkxdawL3,s={salt},i=4096")
        ),
        Err(SaslError::MalformedChallenge)
    );
}

// docs/protocols.md, Signing in, TLS and the transcript: SCRAM
#[test]
fn a_server_without_the_password_is_detected() {
    for server_final in [
        "v=rmF9pqV8S7suAoZWja4dJRkFsKR=",
        "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "v=",
    ] {
        let mut scram = sha1();
        proof(&mut scram, SERVER_FIRST).unwrap();
        let result = scram.challenge(server_final.as_bytes());
        assert!(
            matches!(
                result,
                Err(SaslError::ServerUnproven | SaslError::MalformedChallenge)
            ),
            "{result:?}"
        );
        assert!(!scram.is_proven());
    }
}

#[test]
fn an_error_in_the_server_final_message_gets_a_response_and_proves_nothing() {
    let mut scram = sha1();
    proof(&mut scram, SERVER_FIRST).unwrap();
    let response = scram.challenge(b"e=invalid-proof").unwrap();
    assert!(matches!(response, ScramStep::ChallengeResponse(response) if response.is_empty()));
    assert!(!scram.is_proven());
}

#[test]
fn debug_shows_neither_password_nor_proof() {
    let mut scram = sha1();
    proof(&mut scram, SERVER_FIRST).unwrap();
    let shown = format!("{scram:?}");
    assert!(!shown.contains("pencil"), "{shown}");
}
