//! Message flags (RFC 9051 §2.3.2).

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::value::Value;

/// A flag of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flag {
    /// `\Seen`: the message has been read.
    Seen,
    /// `\Answered`: the message has been replied to.
    Answered,
    /// `\Flagged`: the message is starred.
    Flagged,
    /// `\Deleted`: the next EXPUNGE removes the message.
    Deleted,
    /// `\Draft`: the message is a draft.
    Draft,
    /// `\Recent` (RFC 3501); clients cannot set it.
    Recent,
    /// `\*` in PERMANENTFLAGS: clients can create keywords.
    Wildcard,
    /// A keyword such as `$Forwarded`, or an unknown flag with a backslash.
    Keyword(Keyword),
}

impl Flag {
    /// Parses a flag; the case of system flags is ignored.
    ///
    /// ```abnf
    /// flag           = "\Answered" / "\Flagged" / "\Deleted" /
    ///                  "\Seen" / "\Draft" / flag-keyword / flag-extension
    /// flag-extension = "\" atom
    /// flag-fetch     = flag / obsolete-flag-recent
    /// flag-perm      = flag / "\*"
    /// ```
    /// RFC 9051 §9.
    pub fn parse(text: &[u8]) -> Self {
        static SYSTEM: [Flag; 7] = [
            Flag::Seen,
            Flag::Answered,
            Flag::Flagged,
            Flag::Deleted,
            Flag::Draft,
            Flag::Recent,
            Flag::Wildcard,
        ];
        let is_match = |flag: &&Self| flag.as_str().as_bytes().eq_ignore_ascii_case(text);
        match SYSTEM.iter().find(is_match) {
            Some(flag) => flag.clone(),
            None => Self::Keyword(Keyword(String::from_utf8_lossy(text).into())),
        }
    }

    /// Returns the flag in its wire form.
    ///
    /// ```abnf
    /// flag           = "\Answered" / "\Flagged" / "\Deleted" /
    ///                  "\Seen" / "\Draft" / flag-keyword / flag-extension
    /// flag-extension = "\" atom
    /// flag-fetch     = flag / obsolete-flag-recent
    /// flag-perm      = flag / "\*"
    /// ```
    /// RFC 9051 §9.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Seen => "\\Seen",
            Self::Answered => "\\Answered",
            Self::Flagged => "\\Flagged",
            Self::Deleted => "\\Deleted",
            Self::Draft => "\\Draft",
            Self::Recent => "\\Recent",
            Self::Wildcard => "\\*",
            Self::Keyword(keyword) => &keyword.0,
        }
    }

    /// Returns whether a client may set this flag: not `\Recent`, `\*` or a keyword that is not an
    /// atom.
    ///
    /// ```abnf
    /// flag = "\Answered" / "\Flagged" / "\Deleted" /
    ///        "\Seen" / "\Draft" / flag-keyword / flag-extension
    /// ```
    /// RFC 9051 §9.
    pub fn can_be_set(&self) -> bool {
        match self {
            Self::Seen | Self::Answered | Self::Flagged | Self::Deleted | Self::Draft => true,
            Self::Recent | Self::Wildcard => false,
            Self::Keyword(keyword) => is_atom(
                keyword
                    .0
                    .strip_prefix('\\')
                    .unwrap_or(&keyword.0)
                    .as_bytes(),
            ),
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a keyword, as the server or the caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Keyword(Box<str>);

impl Keyword {
    /// Creates a keyword that can be stored: an atom, so without spaces, parentheses and 8-bit
    /// characters.
    ///
    /// ```abnf
    /// flag-keyword = "$MDNSent" / "$Forwarded" / "$Junk" /
    ///                "$NotJunk" / "$Phishing" / atom
    /// ```
    /// RFC 9051 §9.
    pub fn new(name: &str) -> Option<Self> {
        is_atom(name.as_bytes()).then(|| Self(name.into()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parses a list of flags; elements that are neither atoms nor strings are skipped.
///
/// ```abnf
/// flag-list = "(" [flag *(SP flag)] ")"
/// ```
/// RFC 9051 §9.
pub(crate) fn parse_list(value: &Value) -> Option<alloc::vec::Vec<Flag>> {
    Some(
        value
            .list()?
            .iter()
            .filter_map(Value::astring)
            .map(|text| Flag::parse(text))
            .collect(),
    )
}

/// Returns whether a text is an atom (RFC 9051 §9). `]` is allowed because servers send such flags.
///
/// ```abnf
/// atom          = 1*ATOM-CHAR
/// ATOM-CHAR     = <any CHAR except atom-specials>
/// atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards /
///                 quoted-specials / resp-specials
/// ```
fn is_atom(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|byte| {
            byte.is_ascii_graphic()
                && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_flags_are_known_in_any_case_and_keywords_keep_theirs() {
        assert_eq!(Flag::parse(b"\\SEEN"), Flag::Seen);
        assert_eq!(Flag::parse(b"\\*"), Flag::Wildcard);
        assert_eq!(Flag::parse(b"$MDNSent").as_str(), "$MDNSent");
        assert_eq!(Flag::parse(b"[bracket]").as_str(), "[bracket]");
    }

    #[test]
    fn flags_that_cannot_be_stored_say_so() {
        assert!(!Flag::Recent.can_be_set());
        assert!(!Flag::Wildcard.can_be_set());
        assert!(!Flag::parse(b"a b").can_be_set());
        assert!(!Flag::parse(b"x\r\ny LOGOUT").can_be_set());
        assert!(Flag::parse(b"$Junk").can_be_set());
        assert_eq!(Keyword::new("with space"), None);
    }
}
