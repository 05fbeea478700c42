//! Sign-in by SASL (RFC 4422): a thin layer over the primitives of `RustCrypto`.
//!
//! [`SignIn`] is the input from the owner of a connection: [`Credentials`], a fresh [`Nonce`] and,
//! with TLS, its [`ChannelBinding`]. The three clients select the best [`Mechanism`] that their
//! server offers, and try the next one only while nothing derived from the password has been sent.
//! Deriving a SCRAM key takes long, so the driver runs it as a [`KeyDerivation`].
//!
//! The messages of this module contain a password or a proof of it. They are zeroed when dropped,
//! also after conversion to [`Bytes`], and every transcript shows them as `***`.

mod authentication;
mod channel_binding;
mod credentials;
mod error;
mod exchange;
mod key_derivation;
mod md5;
mod mechanism;
mod nonce;
mod oauth;
mod prep;
mod scram;

use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use zeroize::Zeroizing;

pub(crate) use authentication::{Authentication, ChallengeResponse};
pub use channel_binding::ChannelBinding;
pub use credentials::{Credentials, InvalidCredentials, SignIn};
pub use error::SaslError;
pub use key_derivation::{DerivedKey, KeyDerivation};
pub(crate) use md5::{Timestamp, apop_digest};
pub use mechanism::Mechanism;
pub use nonce::Nonce;

/// Joins `before`, a secret and CRLF into bytes that are zeroed when the last handle is dropped.
pub(crate) fn secret_line(before: &str, secret: &[u8]) -> Bytes {
    let length = before.len().saturating_add(secret.len()).saturating_add(2);
    let mut line = Zeroizing::new(Vec::with_capacity(length));
    line.extend_from_slice(before.as_bytes());
    line.extend_from_slice(secret);
    line.extend_from_slice(b"\r\n");
    Bytes::from_owner(line)
}

/// A message of an exchange: zeroed when dropped.
type Message = Zeroizing<Vec<u8>>;

/// Encodes a message in base64.
///
/// ```abnf
/// base64          = base64-terminal / ( 1*(4base64-char) [base64-terminal] )
/// base64-char     = ALPHA / DIGIT / "+" / "/"
/// base64-terminal = (2base64-char "==") / (3base64-char "=")
/// ```
/// RFC 4954 §8, RFC 4648 §4.
fn to_base64(message: &[u8]) -> Message {
    Zeroizing::new(STANDARD.encode(message).into_bytes())
}

/// Decodes a message; `None` if it is not base64.
///
/// ```abnf
/// base64          = base64-terminal / ( 1*(4base64-char) [base64-terminal] )
/// base64-char     = ALPHA / DIGIT / "+" / "/"
/// base64-terminal = (2base64-char "==") / (3base64-char "=")
/// ```
/// RFC 4954 §8, RFC 4648 §4. White space around it is ignored, and it may be empty.
fn from_base64(text: &[u8]) -> Option<Message> {
    STANDARD.decode(text.trim_ascii()).ok().map(Zeroizing::new)
}

/// Joins the parts of a message in one allocation: growing a vector would leave copies in memory.
fn join(parts: &[&[u8]]) -> Message {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut message = Zeroizing::new(Vec::with_capacity(length));
    for part in parts {
        message.extend_from_slice(part);
    }
    message
}
