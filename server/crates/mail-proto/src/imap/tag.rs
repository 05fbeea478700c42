//! Command tags.

use core::fmt;

use super::number::parse_u64;

/// The tag of a command, unique on its connection: `r1`, `r2` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub(crate) u32);

impl Tag {
    /// Parses a tag in the form that this client writes.
    ///
    /// ```abnf
    /// tag = 1*<any ASTRING-CHAR except "+"> ; "r" and a number
    /// ```
    /// RFC 9051 §9.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let number = text.strip_prefix(b"r")?;
        // This client never writes `r01`.
        if number.first() == Some(&b'0') {
            return None;
        }
        u32::try_from(parse_u64(number)?).ok().map(Self)
    }
}

impl fmt::Display for Tag {
    /// Writes the tag in its wire form.
    ///
    /// ```abnf
    /// tag = 1*<any ASTRING-CHAR except "+"> ; "r" and a number
    /// ```
    /// RFC 9051 §9.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}
