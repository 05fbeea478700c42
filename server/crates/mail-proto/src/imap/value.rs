//! The value tree: the untyped data of a response.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

/// The id of a streamed literal, unique on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LiteralId(pub(crate) u64);

impl fmt::Display for LiteralId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One value of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An atom, a number, a flag or NIL; a `BODY[…]<n>` item is one atom, brackets included.
    Atom(Bytes),
    /// A quoted string, without its quotes and backslashes.
    Quoted(Bytes),
    /// An inline literal: at most `imap_inline_literal_bytes`.
    Literal(Bytes),
    /// A literal that was reported in chunks before this response.
    Streamed {
        /// The id of the literal.
        id: LiteralId,
        /// The announced size in bytes; the literal was received completely.
        size_bytes: u64,
    },
    /// A list in parentheses.
    List(Vec<Self>),
}

impl Value {
    /// The NIL atom, also used in place of a missing value.
    pub(crate) const NIL: Self = Self::Atom(Bytes::from_static(b"NIL"));

    /// Returns the bytes of an atom.
    pub(crate) fn atom(&self) -> Option<&Bytes> {
        match self {
            Self::Atom(bytes) => Some(bytes),
            Self::Quoted(_) | Self::Literal(_) | Self::Streamed { .. } | Self::List(_) => None,
        }
    }

    /// Returns whether this is the given atom, ignoring case.
    pub(crate) fn is_atom(&self, word: &str) -> bool {
        self.atom()
            .is_some_and(|atom| atom.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Returns the values of a list.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            Self::Atom(_) | Self::Quoted(_) | Self::Literal(_) | Self::Streamed { .. } => None,
        }
    }

    /// Returns an `nstring`: `None` for NIL, for a list and for a streamed literal.
    ///
    /// ```abnf
    /// nstring = string / nil
    /// string  = quoted / literal
    /// nil     = "NIL"
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn nstring(&self) -> Option<&Bytes> {
        match self {
            Self::Atom(bytes) if bytes.eq_ignore_ascii_case(b"NIL") => None,
            // Some servers send numbers and words without quotes in place of a string.
            Self::Atom(bytes) | Self::Quoted(bytes) | Self::Literal(bytes) => Some(bytes),
            Self::Streamed { .. } | Self::List(_) => None,
        }
    }

    /// Converts the value into an [`astring`](Self::astring).
    ///
    /// ```abnf
    /// astring = 1*ASTRING-CHAR / string
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn into_astring(self) -> Option<Bytes> {
        match self {
            Self::Atom(bytes) | Self::Quoted(bytes) | Self::Literal(bytes) => Some(bytes),
            Self::Streamed { .. } | Self::List(_) => None,
        }
    }

    /// Returns an `astring`: NIL is an ordinary word.
    ///
    /// ```abnf
    /// astring = 1*ASTRING-CHAR / string
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn astring(&self) -> Option<&Bytes> {
        match self {
            Self::Atom(bytes) | Self::Quoted(bytes) | Self::Literal(bytes) => Some(bytes),
            Self::Streamed { .. } | Self::List(_) => None,
        }
    }

    /// Returns a number, which may be quoted.
    ///
    /// ```abnf
    /// number64 = 1*DIGIT
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn number(&self) -> Option<u64> {
        super::number::parse_u64(self.astring()?)
    }

    /// Returns a number of 32 bits.
    ///
    /// ```abnf
    /// number = 1*DIGIT ; (0 <= n < 4,294,967,296)
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn number32(&self) -> Option<u32> {
        self.number().and_then(|number| u32::try_from(number).ok())
    }
}

/// A word in upper case, for matching.
#[derive(Debug)]
pub(crate) enum Word<'t> {
    /// The word was in upper case, as nearly all are.
    Upper(&'t [u8]),
    /// The word was converted to upper case.
    Raised {
        bytes: [u8; MAX_WORD_BYTES],
        len: usize,
    },
}

/// Maximum length in bytes of a word that is converted to upper case; a longer one matches no known
/// word.
const MAX_WORD_BYTES: usize = 16;

impl<'t> Word<'t> {
    // Runs for every item of every response, so it does not allocate.
    pub(crate) fn new(text: &'t [u8]) -> Self {
        if !text.iter().any(u8::is_ascii_lowercase) {
            return Self::Upper(text);
        }
        let mut bytes = [0; MAX_WORD_BYTES];
        let len = match bytes.get_mut(..text.len()) {
            Some(word) => {
                word.copy_from_slice(text);
                word.make_ascii_uppercase();
                text.len()
            }
            None => 0,
        };
        Self::Raised { bytes, len }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Upper(text) => text,
            Self::Raised { bytes, len } => bytes.get(..*len).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_matched_in_any_case_and_long_ones_are_none() {
        assert_eq!(Word::new(b"Body[Text]").as_bytes(), b"BODY[TEXT]");
        assert_eq!(Word::new(b"BODY[TEXT]").as_bytes(), b"BODY[TEXT]");
        assert_eq!(
            Word::new(b"0123456789abcdef").as_bytes(),
            b"0123456789ABCDEF"
        );
        assert_eq!(Word::new(b"0123456789abcdefg").as_bytes(), b"");
    }
}
