//! Commands outside of a transaction, to inspect a server by hand (RFC 5321 §3.5, §4.1.1).

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;

/// Maximum length of an argument: a command line has 512 octets (RFC 5321 §4.5.3.1.4).
const MAX_ARGUMENT_BYTES: usize = 505;

/// A command outside of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// `RSET`: abort the transaction.
    Rset,
    /// `NOOP`: request a reply only.
    Noop,
    /// `VRFY`: verify a user or mailbox.
    Vrfy(Argument),
    /// `EXPN`: list the members of a mailing list.
    Expn(Argument),
    /// `HELP`: request help, in general or on one subject.
    Help(Option<Argument>),
    /// `ETRN`: deliver the queued messages for a host, `@domain` or `#queue` (RFC 1985).
    Etrn(Argument),
}

impl Command {
    /// Returns the command line, without CRLF.
    ///
    /// ```abnf
    /// rset = "RSET" CRLF
    /// noop = "NOOP" [ SP String ] CRLF ; without String
    /// vrfy = "VRFY" SP String CRLF
    /// expn = "EXPN" SP String CRLF
    /// help = "HELP" [ SP String ] CRLF
    /// ```
    /// RFC 5321 §4.1.1. ETRN is defined in RFC 1985.
    pub(super) fn line(&self) -> String {
        let (verb, argument) = match self {
            Self::Rset => ("RSET", None),
            Self::Noop => ("NOOP", None),
            Self::Vrfy(argument) => ("VRFY", Some(argument)),
            Self::Expn(argument) => ("EXPN", Some(argument)),
            Self::Help(argument) => ("HELP", argument.as_ref()),
            Self::Etrn(argument) => ("ETRN", Some(argument)),
        };
        match argument {
            Some(argument) => format!("{verb} {}", argument.as_str()),
            None => verb.to_owned(),
        }
    }
}

/// The argument of a [`Command`]: one line of ASCII, so that it cannot add a second command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument(String);

impl Argument {
    /// Parses an argument; spaces around it are removed.
    ///
    /// ```abnf
    /// String        = Atom / Quoted-string
    /// Atom          = 1*atext
    /// Quoted-string = DQUOTE *QcontentSMTP DQUOTE
    /// ```
    /// RFC 5321 §4.1.2. Any line of printable ASCII is accepted.
    ///
    /// # Errors
    /// It is empty, longer than 505 octets, or contains a control character or one beyond ASCII.
    pub fn new(text: &str) -> Result<Self, InvalidArgument> {
        let text = text.trim_matches(' ');
        let is_fit = (1..=MAX_ARGUMENT_BYTES).contains(&text.len())
            && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if is_fit {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidArgument)
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is not a valid argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("empty, too long, or not one line of ASCII")]
pub struct InvalidArgument;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_argument_is_one_line_of_ascii() {
        assert_eq!(Argument::new(" Smith ").unwrap().as_str(), "Smith");
        assert_eq!(
            Argument::new("@example.org").unwrap().as_str(),
            "@example.org"
        );
        for text in [
            "",
            "  ",
            "a\r\nMAIL FROM:<>",
            "a\nb",
            "a\0",
            "a\u{85}",
            "用户",
        ] {
            assert_eq!(Argument::new(text), Err(InvalidArgument), "{text:?}");
        }
        assert!(Argument::new(&"x".repeat(505)).is_ok());
        assert_eq!(Argument::new(&"x".repeat(506)), Err(InvalidArgument));
    }

    proptest! {
        #[test]
        fn no_argument_ends_its_line(text in "(?s).{0,40}") {
            if let Ok(argument) = Argument::new(&text) {
                prop_assert!(argument.as_str().bytes().all(|byte| (b' '..0x7f).contains(&byte)));
            }
        }
    }
}
