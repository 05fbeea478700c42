//! Arguments of `MAIL` and `RCPT` (RFC 5321 §4.1.2).

/// `FROM:<path> parameters` or `TO:<path> parameters`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathArgument {
    /// `None` for the empty path `<>`.
    pub(super) address: Option<Address>,
    /// Keyword in upper case, and value.
    pub(super) parameters: Vec<(String, Option<String>)>,
}

/// An address of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) local_part: String,
    pub(super) domain: String,
}

/// Why an argument is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Syntax,
    /// Needs SMTPUTF8, which is not offered.
    NotAscii,
}

impl PathArgument {
    /// Reads what follows `MAIL ` (with `keyword` `FROM:`) or `RCPT ` (`TO:`).
    pub(super) fn parse(argument: &str, keyword: &str) -> Result<Self, Refused> {
        if !argument.is_ascii() {
            return Err(Refused::NotAscii);
        }
        let (written, rest) = argument
            .split_at_checked(keyword.len())
            .ok_or(Refused::Syntax)?;
        if !written.eq_ignore_ascii_case(keyword) {
            return Err(Refused::Syntax);
        }
        let inside = rest.strip_prefix('<').ok_or(Refused::Syntax)?;
        let end = end_of_path(inside).ok_or(Refused::Syntax)?;
        let (path, rest) = inside.split_at_checked(end).ok_or(Refused::Syntax)?;
        let rest = rest.strip_prefix('>').ok_or(Refused::Syntax)?;
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
        if rest.is_empty() || rest.starts_with(' ') {
            Ok(Self {
                address,
                parameters,
            })
        } else {
            Err(Refused::Syntax)
        }
    }
}

impl Address {
    fn parse(path: &str) -> Result<Self, Refused> {
        // A source route is read and disregarded (RFC 5321 §3.3, appendix C).
        let mailbox = match path.strip_prefix('@') {
            Some(route) => route.split_once(':').ok_or(Refused::Syntax)?.1,
            None => path,
        };
        let (local_part, domain) = mailbox.rsplit_once('@').ok_or(Refused::Syntax)?;
        let is_quoted =
            local_part.len() >= 2 && local_part.starts_with('"') && local_part.ends_with('"');
        let is_local = is_quoted || is_dot_string(local_part);
        let is_domain = is_dot_string(domain) || (domain.starts_with('[') && domain.ends_with(']'));
        // RFC 5321 §4.5.3.1: 64 octets of local part, 255 of domain.
        if !is_local || !is_domain || local_part.len() > 64 || domain.len() > 255 {
            return Err(Refused::Syntax);
        }
        Ok(Self {
            local_part: local_part.to_owned(),
            domain: domain.to_owned(),
        })
    }
}

/// The position of the `>` that ends a path: one in a quoted string does not.
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

/// `Dot-string = Atom *("." Atom)`
fn is_dot_string(text: &str) -> bool {
    let is_atext = |octet: u8| octet.is_ascii_graphic() && !b"()<>[]:;@\\,.\"".contains(&octet);
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> Option<(String, String)> {
        let parsed = PathArgument::parse(text, "TO:").ok()?.address?;
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
    fn what_is_no_path_is_refused() {
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
            assert_eq!(
                PathArgument::parse(text, "TO:"),
                Err(Refused::Syntax),
                "{text:?}"
            );
        }
        assert_eq!(
            PathArgument::parse("TO:<ü@b.c>", "TO:"),
            Err(Refused::NotAscii)
        );
    }

    proptest! {
        #[test]
        fn no_argument_panics(text in "(TO:)?[<>@:a\". \\\\=ü]{0,30}") {
            drop(PathArgument::parse(&text, "TO:"));
        }
    }
}
