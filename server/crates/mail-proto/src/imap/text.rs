//! String arguments of commands.

use alloc::vec::Vec;
use core::fmt;

/// A string argument without CR, LF and NUL.
///
/// The encoder sends it as a quoted string or a literal; in neither form can the text end its line.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Vec<u8>);

impl Text {
    /// Creates a string argument.
    ///
    /// # Errors
    /// [`ForbiddenByte`] when it holds CR, LF or NUL.
    pub fn new(text: impl Into<Vec<u8>>) -> Result<Self, ForbiddenByte> {
        let text = text.into();
        check(&text)?;
        Ok(Self(text))
    }

    // For constants in this crate that contain none of those bytes.
    pub(crate) fn fixed(text: &'static str) -> Self {
        Self(text.into())
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// An argument contains a byte that is not allowed in an IMAP command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("CR, LF and NUL cannot be sent in an IMAP command")]
pub struct ForbiddenByte;

pub(crate) fn check(text: &[u8]) -> Result<(), ForbiddenByte> {
    if text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(ForbiddenByte);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cr_lf_and_nul_are_refused_in_arguments() {
        for bad in ["a\rb", "a\nb", "a\0b", "\r\nx LOGOUT"] {
            assert_eq!(Text::new(bad), Err(ForbiddenByte));
        }
        assert!(Text::new("Grüße").is_ok());
    }
}
