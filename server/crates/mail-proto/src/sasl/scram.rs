//! SCRAM (RFC 5802, RFC 7677): the client's side of the exchange.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::channel_binding::ChannelBinding;
use super::credentials::SignIn;
use super::error::SaslError;
use super::key_derivation::{DerivedKey, Hash, KeyDerivation};
use super::mechanism::Mechanism;
use super::oauth::escape;
use super::prep::saslprep;
use super::{Message, join};
use crate::Secret;

/// The accepted iteration counts: fewer do not protect the password (RFC 5802 §5.1), more only
/// consume CPU time.
const ITERATIONS: core::ops::RangeInclusive<u32> = 4096..=600_000;
/// Maximum length of the salt.
const MAX_SALT_BYTES: usize = 1024;

/// One SCRAM exchange. The server's last message is checked too: a server that cannot prove that it
/// knows the password is not the intended one.
#[derive(Debug)]
pub(super) struct Scram {
    hash: Hash,
    password: Secret,
    /// `n,,`, `y,,` or `p=name,,`.
    gs2_header: String,
    channel_binding: Option<ChannelBinding>,
    nonce: String,
    client_first_bare: Zeroizing<String>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Waiting for the server's first message.
    First,
    /// The salted password is being computed.
    Salting { server_first: String },
    /// Waiting for the server's proof.
    Final {
        server_signature: Zeroizing<Vec<u8>>,
    },
    /// The server's proof is valid.
    Proven,
}

impl Scram {
    /// Begins an exchange. `is_plus_offered` is true if the server offers any mechanism with
    /// channel binding.
    ///
    /// ```abnf
    /// gs2-cbind-flag            = ("p=" cb-name) / "n" / "y"
    /// gs2-header                = gs2-cbind-flag "," [ authzid ] ","
    /// username                  = "n=" saslname
    /// client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]
    /// ```
    /// RFC 5802 §7.
    pub(super) fn new(
        mechanism: Mechanism,
        sign_in: &SignIn,
        is_plus_offered: bool,
    ) -> Option<Self> {
        let (hash, is_bound) = match mechanism {
            Mechanism::ScramSha256Plus => (Hash::Sha256, true),
            Mechanism::ScramSha1Plus => (Hash::Sha1, true),
            Mechanism::ScramSha256 => (Hash::Sha256, false),
            Mechanism::ScramSha1 => (Hash::Sha1, false),
            _ => return None,
        };
        let binding = sign_in.channel_binding.as_ref();
        let gs2_header = match binding {
            Some(binding) if is_bound => alloc::format!("p={},,", binding.name()),
            // `y`: the client supports channel binding and saw no offer. The server thus detects an
            // attacker who removed the offer (RFC 5802 §6).
            Some(_) if !is_plus_offered => "y,,".into(),
            _ => "n,,".into(),
        };
        let nonce = sign_in.nonce.as_ref()?.as_str();
        let user = escape(&saslprep(sign_in.credentials.user()));
        Some(Self {
            hash,
            password: Secret::new(saslprep(sign_in.credentials.password()?.expose())),
            gs2_header,
            channel_binding: binding.filter(|_| is_bound).cloned(),
            nonce: nonce.into(),
            client_first_bare: Zeroizing::new(alloc::format!("n={user},r={nonce}")),
            state: State::First,
        })
    }

    /// Returns the client's first message. It contains nothing derived from the password.
    ///
    /// ```abnf
    /// client-first-message = gs2-header client-first-message-bare
    /// ```
    /// RFC 5802 §7.
    pub(super) fn initial(&self) -> Message {
        join(&[
            self.gs2_header.as_bytes(),
            self.client_first_bare.as_bytes(),
        ])
    }

    /// Handles a message of the server.
    pub(super) fn challenge(&mut self, message: &[u8]) -> Result<ScramStep, SaslError> {
        let message = core::str::from_utf8(message).map_err(|_| SaslError::MalformedChallenge)?;
        match &self.state {
            State::First => self.on_server_first(message).map(ScramStep::DeriveKey),
            State::Final { server_signature } => {
                let signature = server_signature.clone();
                self.on_server_final(message, &signature)
            }
            State::Salting { .. } | State::Proven => Err(SaslError::UnexpectedChallenge),
        }
    }

    /// Parses the server's first message; returns the derivation of the salted password.
    ///
    /// ```abnf
    /// server-first-message = [reserved-mext ","] nonce "," salt ","
    ///                        iteration-count ["," extensions]
    /// reserved-mext        = "m=" 1*(value-char)
    /// nonce                = "r=" c-nonce [s-nonce]
    /// salt                 = "s=" base64
    /// iteration-count      = "i=" posit-number
    /// ```
    /// RFC 5802 §7. A message with `reserved-mext` is refused.
    fn on_server_first(&mut self, message: &str) -> Result<KeyDerivation, SaslError> {
        let mut fields = message.split(',');
        let mut field = |name: &str| {
            let text = fields.next().and_then(|field| field.strip_prefix(name));
            text.ok_or_else(|| {
                // A mandatory extension comes first (RFC 5802 §5.1).
                if message.starts_with("m=") {
                    SaslError::UnknownExtension
                } else {
                    SaslError::MalformedChallenge
                }
            })
        };
        let (nonce, salt, iterations) = (field("r=")?, field("s=")?, field("i=")?);
        let is_longer = nonce.len() > self.nonce.len();
        if !nonce.starts_with(self.nonce.as_str()) || !is_longer {
            return Err(SaslError::WrongNonce);
        }
        let salt = STANDARD
            .decode(salt)
            .map_err(|_| SaslError::MalformedChallenge)?;
        if salt.is_empty() || salt.len() > MAX_SALT_BYTES {
            return Err(SaslError::MalformedChallenge);
        }
        let is_number = iterations.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = iterations.parse::<u32>().ok().filter(|_| is_number);
        let Some(iterations) = parsed.filter(|count| ITERATIONS.contains(count)) else {
            let asked = iterations
                .chars()
                .filter(char::is_ascii_digit)
                .take(20)
                .collect();
            return Err(SaslError::Iterations { asked });
        };
        self.nonce = nonce.into();
        self.state = State::Salting {
            server_first: message.into(),
        };
        Ok(KeyDerivation {
            hash: self.hash,
            password: self.password.clone(),
            salt,
            iterations,
        })
    }

    /// Takes the salted password and returns the client's final message, with its proof.
    ///
    /// ```abnf
    /// client-final-message-without-proof = channel-binding "," nonce ["," extensions]
    /// client-final-message = client-final-message-without-proof "," proof
    /// channel-binding      = "c=" base64 ; of cbind-input
    /// cbind-input          = gs2-header [ cbind-data ]
    /// proof                = "p=" base64
    /// ```
    /// RFC 5802 §7.
    pub(super) fn key_derived(&mut self, result: &DerivedKey) -> Result<Message, SaslError> {
        let State::Salting { server_first } = &self.state else {
            return Err(SaslError::UnexpectedChallenge);
        };
        let salted_password = &result.0;
        let client_key = self.mac(salted_password, b"Client Key");
        let stored_key = self.digest(&client_key);
        let binding = self.channel_binding.as_ref();
        let bound = join(&[
            self.gs2_header.as_bytes(),
            binding.map_or(&b""[..], ChannelBinding::data),
        ]);
        let without_proof = alloc::format!("c={},r={}", STANDARD.encode(&*bound), self.nonce);
        let auth_message = join(&[
            self.client_first_bare.as_bytes(),
            b",",
            server_first.as_bytes(),
            b",",
            without_proof.as_bytes(),
        ]);
        let mut proof = self.mac(&stored_key, &auth_message);
        for (byte, key) in proof.iter_mut().zip(client_key.iter()) {
            *byte ^= key;
        }
        let server_key = self.mac(salted_password, b"Server Key");
        let server_signature = self.mac(&server_key, &auth_message);
        self.state = State::Final { server_signature };
        let proof = Zeroizing::new(STANDARD.encode(&*proof));
        Ok(join(&[without_proof.as_bytes(), b",p=", proof.as_bytes()]))
    }

    /// Parses the server's final message and checks its proof.
    ///
    /// ```abnf
    /// server-final-message = (server-error / verifier) ["," extensions]
    /// server-error         = "e=" server-error-value
    /// verifier             = "v=" base64 ; the ServerSignature
    /// ```
    /// RFC 5802 §7.
    fn on_server_final(&mut self, message: &str, signature: &[u8]) -> Result<ScramStep, SaslError> {
        let first = message.split(',').next().unwrap_or_default();
        if first.starts_with("e=") {
            // The server reports an error here and then refuses the command of the mail protocol.
            return Ok(ScramStep::ChallengeResponse(join(&[])));
        }
        let received = first
            .strip_prefix("v=")
            .and_then(|text| STANDARD.decode(text).ok());
        let received = received.ok_or(SaslError::MalformedChallenge)?;
        if !is_equal(&received, signature) {
            return Err(SaslError::ServerUnproven);
        }
        self.state = State::Proven;
        Ok(ScramStep::ChallengeResponse(join(&[])))
    }

    /// Returns whether the server has proved that it knows the password.
    pub(super) const fn is_proven(&self) -> bool {
        matches!(self.state, State::Proven)
    }

    /// Returns whether something derived from the password was sent.
    pub(super) const fn has_sent_proof(&self) -> bool {
        matches!(self.state, State::Final { .. } | State::Proven)
    }

    fn mac(&self, key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
        fn mac_of<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
            // HMAC takes keys of any length.
            let bytes = M::new_from_slice(key).map(|mut mac| {
                mac.update(message);
                mac.finalize().into_bytes().to_vec()
            });
            Zeroizing::new(bytes.unwrap_or_default())
        }
        match self.hash {
            Hash::Sha1 => mac_of::<Hmac<Sha1>>(key, message),
            Hash::Sha256 => mac_of::<Hmac<Sha256>>(key, message),
        }
    }

    fn digest(&self, message: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self.hash {
            Hash::Sha1 => Sha1::digest(message).to_vec(),
            Hash::Sha256 => Sha256::digest(message).to_vec(),
        })
    }
}

/// The response to a message of the server.
#[derive(Debug)]
pub(super) enum ScramStep {
    ChallengeResponse(Message),
    DeriveKey(KeyDerivation),
}

/// Compares two signatures in constant time.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b));
    left.len() == right.len() && !left.is_empty() && differences == 0
}

#[cfg(test)]
mod tests;
