//! The server's side of SCRAM-SHA-256 (RFC 5802), valid and invalid.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mail_proto::sasl::SaslError;
use sha2::Sha256;

use crate::secrets::PASSWORD;

const SALT: &[u8] = b"a salt of sixteen";
const ROUNDS: u32 = 4096;

/// A message of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scram {
    /// Valid nonce, salt and iteration count.
    First,
    /// A nonce that does not begin with the client's.
    ForeignNonce,
    /// The client's nonce without the server's part.
    BareNonce,
    /// This iteration count.
    Rounds(&'static str),
    /// Without a salt.
    NoSalt,
    /// A salt that is not base64.
    BrokenSalt,
    /// A mandatory extension.
    Extension,
    /// A message that is not base64.
    NotBase64,
    /// The proof that the server knows the password.
    Proof,
    /// A proof of another password.
    WrongProof,
    /// Half of the proof.
    HalfProof,
    /// A message without a proof.
    NoProof,
}

/// Returns the first messages that the client must refuse, and their errors.
pub(crate) fn hostile_first_messages() -> Vec<(&'static str, Scram, SaslError)> {
    let rounds = |count: &str| SaslError::Iterations {
        asked: count.to_owned(),
    };
    vec![
        ("foreign_nonce", Scram::ForeignNonce, SaslError::WrongNonce),
        ("bare_nonce", Scram::BareNonce, SaslError::WrongNonce),
        ("few_rounds", Scram::Rounds("4095"), rounds("4095")),
        ("many_rounds", Scram::Rounds("600001"), rounds("600001")),
        (
            "rounds_beyond_all_numbers",
            Scram::Rounds("4294967296"),
            rounds("4294967296"),
        ),
        ("no_salt", Scram::NoSalt, SaslError::MalformedChallenge),
        (
            "broken_salt",
            Scram::BrokenSalt,
            SaslError::MalformedChallenge,
        ),
        ("extension", Scram::Extension, SaslError::UnknownExtension),
        ("no_base64", Scram::NotBase64, SaslError::MalformedChallenge),
    ]
}

/// Returns the last messages that prove nothing, and their errors.
pub(crate) fn hostile_final_messages() -> Vec<(&'static str, Scram, SaslError)> {
    vec![
        ("wrong_proof", Scram::WrongProof, SaslError::ServerUnproven),
        ("half_a_proof", Scram::HalfProof, SaslError::ServerUnproven),
        ("no_proof", Scram::NoProof, SaslError::MalformedChallenge),
        ("no_base64", Scram::NotBase64, SaslError::MalformedChallenge),
    ]
}

/// The server's state of an exchange.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    client_first_bare: String,
    server_first: String,
}

impl Exchange {
    /// Builds the next message, in base64; `line` is the client's last.
    pub(crate) fn message(&mut self, kind: Scram, line: &str) -> String {
        let theirs = line.rsplit(' ').next().unwrap_or_default();
        let theirs = STANDARD.decode(theirs).unwrap_or_default();
        let theirs = String::from_utf8_lossy(&theirs);
        let text = match kind {
            Scram::NotBase64 => return "this is no base64!".to_owned(),
            Scram::Proof => format!("v={}", STANDARD.encode(self.proof(&theirs, PASSWORD))),
            Scram::WrongProof => format!("v={}", STANDARD.encode(self.proof(&theirs, "guessed"))),
            Scram::HalfProof => {
                let proof = self.proof(&theirs, PASSWORD);
                format!("v={}", STANDARD.encode(&proof[..16]))
            }
            Scram::NoProof => "x=welcome".to_owned(),
            first => self.first(first, &theirs),
        };
        STANDARD.encode(text)
    }

    fn first(&mut self, kind: Scram, theirs: &str) -> String {
        self.client_first_bare = theirs.splitn(3, ',').nth(2).unwrap_or_default().to_owned();
        let nonce = self
            .client_first_bare
            .rsplit("r=")
            .next()
            .unwrap_or_default();
        let (nonce, salt) = (nonce.to_owned(), STANDARD.encode(SALT));
        let text = match kind {
            Scram::ForeignNonce => format!("r=somebodyelses{nonce},s={salt},i={ROUNDS}"),
            Scram::BareNonce => format!("r={nonce},s={salt},i={ROUNDS}"),
            Scram::Rounds(rounds) => format!("r={nonce}more,s={salt},i={rounds}"),
            Scram::NoSalt => format!("r={nonce}more,s=,i={ROUNDS}"),
            Scram::BrokenSalt => format!("r={nonce}more,s=?,i={ROUNDS}"),
            Scram::Extension => format!("m=must,r={nonce}more,s={salt},i={ROUNDS}"),
            _ => format!("r={nonce}more,s={salt},i={ROUNDS}"),
        };
        self.server_first.clone_from(&text);
        text
    }

    fn proof(&self, client_final: &str, password: &str) -> Vec<u8> {
        let without_proof = client_final.rsplit_once(",p=").map_or("", |(head, _)| head);
        let auth_message = format!(
            "{},{},{without_proof}",
            self.client_first_bare, self.server_first
        );
        let salted = if password == PASSWORD {
            static SALTED: OnceLock<[u8; 32]> = OnceLock::new();
            *SALTED.get_or_init(|| salted(PASSWORD))
        } else {
            salted(password)
        };
        let server_key = mac(&salted, b"Server Key");
        mac(&server_key, auth_message.as_bytes())
    }
}

fn salted(password: &str) -> [u8; 32] {
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), SALT, ROUNDS, &mut key);
    key
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
