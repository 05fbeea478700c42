//! Arguments of `MAIL` and `RCPT` (RFC 5321 §4.1.2).

use std::fmt;

/// The parsed form of `FROM:<path> parameters` or `TO:<path> parameters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathArgument {
    /// `None` for the empty path `<>`.
    pub(super) address: Option<Address>,
    /// Keyword in upper case, and value.
    pub(super) parameters: Vec<(String, Option<String>)>,
}

/// An envelope address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) local_part: String,
    pub(super) domain: String,
}

impl PathArgument {
    /// Parses the text after `MAIL ` (with `keyword` `FROM:`) or `RCPT ` (`TO:`). Returns `None` if
    /// it is not a path.
    pub(super) fn parse(argument: &str, keyword: &str) -> Option<Self> {
        let (written, rest) = argument.split_at_checked(keyword.len())?;
        if !written.eq_ignore_ascii_case(keyword) {
            return None;
        }
        let inside = rest.strip_prefix('<')?;
        let end = end_of_path(inside)?;
        let (path, rest) = inside.split_at_checked(end)?;
        let rest = rest.strip_prefix('>')?;
        let address = if path.is_empty() {
            None
        } else {
            Some(Address::parse(path)?)
        };
        let mut parameters = Vec::new();
        for parameter in rest.split(' ').skip(1).filter(|text| !text.is_empty()) {
            let (keyword, value) = match parameter.split_once('=') {
                Some((keyword, value)) => (keyword, Some(value.to_owned())),
                None => (parameter, None),
            };
            parameters.push((keyword.to_ascii_uppercase(), value));
        }
        // RFC 6531 §3.3 allows non-ASCII in addresses, but in no parameter known here.
        let is_valid = rest.is_empty() || (rest.starts_with(' ') && rest.is_ascii());
        is_valid.then_some(Self {
            address,
            parameters,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local_part, self.domain)
    }
}

impl Address {
    /// Returns whether the address can be used without SMTPUTF8.
    pub(super) fn is_ascii(&self) -> bool {
        self.local_part.is_ascii() && self.domain.is_ascii()
    }

    fn parse(path: &str) -> Option<Self> {
        // A source route is parsed and ignored (RFC 5321 §3.3, appendix C).
        let mailbox = match path.strip_prefix('@') {
            Some(route) => route.split_once(':')?.1,
            None => path,
        };
        let (local_part, domain) = mailbox.rsplit_once('@')?;
        let is_quoted =
            local_part.len() >= 2 && local_part.starts_with('"') && local_part.ends_with('"');
        let is_local = is_quoted || is_dot_string(local_part);
        let is_domain = is_dot_string(domain) || (domain.starts_with('[') && domain.ends_with(']'));
        // RFC 5321 §4.5.3.1: 64 octets of local part, 255 of domain.
        if !is_local || !is_domain || local_part.len() > 64 || domain.len() > 255 {
            return None;
        }
        Some(Self {
            local_part: local_part.to_owned(),
            domain: domain.to_owned(),
        })
    }
}

/// Returns the position of the `>` that ends a path; a `>` in a quoted string does not.
fn end_of_path(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return Some(at),
            ' ' if !is_quoted => return None,
            character if character.is_ascii_control() => return None,
            _ => {}
        }
    }
    None
}

/// `Dot-string = Atom *("." Atom)`. Non-ASCII characters count as atom characters (RFC 6531 §3.3).
fn is_dot_string(text: &str) -> bool {
    let is_atext = |character: char| {
        if character.is_ascii() {
            character.is_ascii_graphic() && !"()<>[]:;@\\,.\"".contains(character)
        } else {
            // U+FFFD replaces octets that are not UTF-8.
            character != '\u{fffd}' && !character.is_control()
        }
    };
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> Option<(String, String)> {
        let parsed = PathArgument::parse(text, "TO:")?.address?;
        Some((parsed.local_part, parsed.domain))
    }

    #[test]
    fn paths_and_parameters_are_read() {
        let read = PathArgument::parse("from:<a@b.c> SIZE=12 body=8BITMIME", "FROM:").unwrap();
        assert_eq!(read.address.unwrap().domain, "b.c");
        assert_eq!(
            read.parameters[0],
            ("SIZE".to_owned(), Some("12".to_owned()))
        );
        assert_eq!(
            read.parameters[1],
            ("BODY".to_owned(), Some("8BITMIME".to_owned()))
        );
        assert_eq!(
            PathArgument::parse("FROM:<>", "FROM:").unwrap().address,
            None
        );
        assert_eq!(
            address("TO:<\"a > b\"@c.d>"),
            Some(("\"a > b\"".to_owned(), "c.d".to_owned()))
        );
        assert_eq!(
            address("TO:<@x,@y:a@c.d>"),
            Some(("a".to_owned(), "c.d".to_owned()))
        );
    }

    #[test]
    fn invalid_paths_are_refused() {
        for text in [
            "TO:a@b",
            "TO: <a@b>",
            "TO:<a@b",
            "TO:<a>",
            "TO:<@>",
            "TO:<a b@c>",
            "TO:<a@b>x",
            "TO:<a..b@c>",
            "",
            "FROM:<a@b>",
        ] {
            assert_eq!(PathArgument::parse(text, "TO:"), None, "{text:?}");
        }
    }

    #[test]
    fn rfc6531_3_3_addresses_may_be_international() {
        let read = PathArgument::parse("TO:<ü@例子.cn>", "TO:").unwrap();
        assert!(!read.address.unwrap().is_ascii());
        for text in ["TO:<\u{fffd}@b.c>", "TO:<a@b.c> ÜBER=1", "TO:<a\u{85}@b.c>"] {
            assert_eq!(PathArgument::parse(text, "TO:"), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_argument_panics(text in "(TO:)?[<>@:a\". \\\\=ü]{0,30}") {
            drop(PathArgument::parse(&text, "TO:"));
        }
    }
}
