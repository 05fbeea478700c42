//! The client's nonce.

use alloc::string::String;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The client's nonce of SCRAM (RFC 5802 §5.1): used once and unpredictable.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// Creates a nonce from fresh bytes of the system's random number generator.
    ///
    /// ```abnf
    /// c-nonce   = printable
    /// printable = %x21-2B / %x2D-7E
    /// ```
    /// RFC 5802 §7.
    pub fn from_entropy(entropy: [u8; 18]) -> Self {
        Self(STANDARD.encode(entropy))
    }

    /// Returns the text: base64, which contains neither a comma nor a control character.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Creates a nonce from an example of an RFC, which is shorter.
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
