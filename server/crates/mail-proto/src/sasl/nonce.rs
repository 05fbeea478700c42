//! What makes one exchange unlike any other.

use alloc::string::String;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The client's nonce of SCRAM (RFC 5802 §5.1): used once, and nobody can guess it.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// Makes a nonce of bytes that came from the system's generator a moment ago.
    ///
    /// ```abnf
    /// c-nonce   = printable
    /// printable = %x21-2B / %x2D-7E
    /// ```
    /// RFC 5802 §7.
    pub fn from_entropy(entropy: [u8; 18]) -> Self {
        Self(STANDARD.encode(entropy))
    }

    /// Returns its text: base64, which has neither a comma nor a control character.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The nonces of the RFCs' examples, which are shorter.
    #[cfg(test)]
    pub(crate) fn of_example(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
