//! Fuzz target: the SASL exchanges of all three protocols.
//!
//! The first byte selects the protocol, the second the offered mechanisms. The rest is cut into
//! parts; each begins with a letter that selects how its text reaches the client: `c` as a
//! challenge in base64, `r` as a raw challenge, `o` and `n` as the final response, `l` as a line.
//! `%N` stands for the client's nonce, which is constant here, so that a seed can hold a whole
//! exchange.

use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_proto::sasl::{Credentials, Nonce, SignIn};
use mail_proto::{Secret, imap, pop3, smtp};

use super::talk::{PART, PASSWORD, Peer, SessionResult, USER, every_cut};
use super::{imap_response, pop3_reply, smtp_reply};

/// The client's nonce: its entropy and its text.
const ENTROPY: [u8; 18] = [7; 18];
const NONCE: &[u8] = b"BwcHBwcHBwcHBwcHBwcHBwcH";
/// The server's proofs in the two seeds that hold one, by SHA-256 and SHA-1. Without the password
/// no other proof can be computed.
const PROOFS: [&str; 2] = [
    "v=BC8loXF9/WDOlsEb/2/Fnt/vb3MP28Khz3iA28NtZno=",
    "v=om+FvZI2KNVdiq5ew0TaUaaduI0=",
];

/// The offered mechanisms; the last two need a token.
const OFFERS: [&str; 9] = [
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN",
    "CRAM-MD5",
    "PLAIN",
    "LOGIN",
    "X-UNKNOWN",
    "XOAUTH2",
    "OAUTHBEARER",
];

/// Plays an exchange.
pub(crate) fn run(data: &[u8]) {
    let (first, rest) = data.split_first().unwrap_or((&b'I', &[]));
    let (second, parts) = rest.split_first().unwrap_or((&b'a', &[]));
    let offer = usize::from(second.wrapping_sub(b'a')) % OFFERS.len();
    let mechanisms = OFFERS[offer];
    let is_scram_alone = offer < 2;
    let is_token = offer >= 7;
    match first {
        b'P' => {
            let hello = format!("+OK hi <1.2@x>\r\n+OK\r\nSASL {mechanisms}\r\n.\r\n");
            let reply_prefixes = ["+ ", "+OK ", "-ERR "];
            let (_, result) = every_cut(&server(&hello, reply_prefixes, parts), || {
                let mut owner = pop3_reply::Owner::new(*first);
                let login = pop3::Command::Login(sign_in(is_token));
                owner.machine().enqueue(login);
                owner
            });
            let is_signed_in = |event: &pop3::Event| matches!(event, pop3::Event::Completed { .. });
            check(&result, is_scram_alone, parts, is_signed_in);
        }
        b'S' => {
            let hello = format!("220 hi\r\n250-x\r\n250 AUTH {mechanisms}\r\n");
            let reply_prefixes = ["334 ", "235 ", "535 "];
            let (_, result) = every_cut(&server(&hello, reply_prefixes, parts), || {
                let mut owner = smtp_reply::Owner::new(b'I');
                owner.machine().authenticate(sign_in(is_token));
                owner
            });
            let is_signed_in = |event: &smtp::Event| matches!(event, smtp::Event::Authenticated);
            check(&result, is_scram_alone, parts, is_signed_in);
        }
        _ => {
            let offered: Vec<String> = mechanisms
                .split(' ')
                .map(|name| format!("AUTH={name}"))
                .collect();
            let offered = offered.join(" ");
            let hello = format!("* OK [CAPABILITY IMAP4rev1 SASL-IR {offered}] hi\r\n");
            let reply_prefixes = ["+ ", "r1 OK ", "r1 NO "];
            let (_, result) = every_cut(&server(&hello, reply_prefixes, parts), || {
                let mut owner = imap_response::Owner::new(*first);
                owner.machine().sign_in(sign_in(is_token));
                owner
            });
            let is_signed_in = |event: &imap::Event| match event {
                imap::Event::Completed { status, .. } => *status == imap::Status::Ok,
                _ => false,
            };
            check(&result, is_scram_alone, parts, is_signed_in);
        }
    }
}

fn sign_in(is_token: bool) -> SignIn {
    let secret = Secret::new(PASSWORD);
    let credentials = if is_token {
        Credentials::with_token(USER, secret)
    } else {
        Credentials::new(USER, secret)
    };
    SignIn {
        credentials: credentials.expect("fit to be sent"),
        nonce: Some(Nonce::from_entropy(ENTROPY)),
        channel_binding: None,
    }
}

/// Builds the server data: each part waits for the client's response to the part before.
fn server(hello: &str, [challenge, ok, no]: [&str; 3], parts: &[u8]) -> Vec<u8> {
    let mut data = hello.as_bytes().to_vec();
    for part in parts.split(|byte| *byte == PART) {
        let Some((letter, text)) = part.split_first() else {
            continue;
        };
        let text = with_nonce(text);
        // A part whose letter has no action.
        data.extend_from_slice(&[PART, 0]);
        match letter {
            b'c' => {
                data.extend_from_slice(challenge.as_bytes());
                data.extend_from_slice(STANDARD.encode(text).as_bytes());
            }
            letter => {
                let prefix = match letter {
                    b'r' => challenge,
                    b'o' => ok,
                    b'n' => no,
                    _ => "",
                };
                data.extend_from_slice(prefix.as_bytes());
                data.extend_from_slice(&text);
            }
        }
        data.extend_from_slice(b"\r\n");
    }
    data
}

fn with_nonce(text: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(2).position(|two| two == b"%N") {
        whole.extend_from_slice(&rest[..at]);
        whole.extend_from_slice(NONCE);
        rest = &rest[at + 2..];
    }
    whole.extend_from_slice(rest);
    whole
}

/// Asserts that no SCRAM sign-in succeeds without the server's proof, and that no value derived
/// from the password is in the transcript.
fn check<E: Debug, F>(
    result: &SessionResult<E, F>,
    is_scram_alone: bool,
    parts: &[u8],
    is_signed_in: impl Fn(&E) -> bool,
) {
    let accepted = result.events.iter().any(is_signed_in);
    if accepted && is_scram_alone {
        let text = String::from_utf8_lossy(parts);
        let is_proven = PROOFS.iter().any(|proof| text.contains(proof));
        assert!(is_proven, "in, though the server proved nothing");
    }
    for line in result.sent() {
        let value = line.rsplit(' ').next().unwrap_or_default();
        let is_response = value.len() >= 16
            && value.bytes().any(|byte| byte.is_ascii_lowercase())
            && STANDARD.decode(value).is_ok();
        let is_logged = |direction| {
            result
                .lines(direction)
                .iter()
                .any(|entry| entry.contains(value))
        };
        assert!(
            !is_response || !(is_logged('>') || is_logged('#')),
            "{value} is told"
        );
    }
}
