//! Header fields and their parameters.

/// One header field as written in the message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a [u8],
    /// The text after the colon, with folding, without the final line ending.
    pub(crate) value: &'a [u8],
    /// The field with its line endings.
    pub(crate) raw: &'a [u8],
}

/// Splits a header into its fields; lines that are not fields are skipped.
pub(crate) fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = header;
    std::iter::from_fn(move || {
        loop {
            let mut end = line_len(rest);
            if end == 0 {
                return None;
            }
            while matches!(rest.get(end), Some(b' ' | b'\t')) {
                end += line_len(rest.get(end..).unwrap_or_default());
            }
            let (raw, after) = rest.split_at_checked(end)?;
            rest = after;
            let Some(colon) = memchr::memchr(b':', raw) else {
                continue;
            };
            let (name, value) = raw.split_at(colon);
            let name = name.trim_ascii_end();
            if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
                continue;
            }
            let value = value.get(1..).unwrap_or_default();
            let value = value.strip_suffix(b"\n").unwrap_or(value);
            let value = value.strip_suffix(b"\r").unwrap_or(value);
            return Some(Field { name, value, raw });
        }
    })
}

/// Returns the unfolded value of the first field with a name.
pub(crate) fn find_field(header: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut fields = fields(header);
    let field = fields.find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(unfolded(field.value))
}

/// Removes the line endings of folding and the surrounding whitespace (RFC 5322 §2.2.3).
pub(crate) fn unfolded(value: &[u8]) -> Vec<u8> {
    let octets = value
        .iter()
        .copied()
        .filter(|octet| !matches!(octet, b'\r' | b'\n' | 0));
    octets.collect::<Vec<_>>().trim_ascii().to_vec()
}

/// A value with parameters, such as `text/plain; charset=utf-8` (RFC 2045 §5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// The text before the first semicolon.
    pub(crate) value: Vec<u8>,
    /// Attributes and values in source order, without quotes.
    pub(crate) parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Parameters {
    pub(crate) fn parse(field_value: &[u8]) -> Self {
        let mut scan = Scan { rest: field_value };
        let value = scan.until_semicolon();
        let mut parameters = Vec::new();
        while scan.skip_semicolon() {
            let text = scan.until_semicolon_or_equals();
            if scan.skip_equals() {
                let parameter_value = scan.until_semicolon();
                if !text.is_empty() {
                    parameters.push((text, parameter_value));
                }
            }
        }
        Self { value, parameters }
    }

    pub(crate) fn find(&self, attribute: &str) -> Option<&[u8]> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(name, _)| name.eq_ignore_ascii_case(attribute.as_bytes()));
        found.map(|(_, value)| value.as_slice())
    }
}

/// Scanner of a structured field value: unquotes quoted strings and skips comments.
struct Scan<'a> {
    rest: &'a [u8],
}

impl Scan<'_> {
    fn until_semicolon(&mut self) -> Vec<u8> {
        self.text_until(b";")
    }

    fn until_semicolon_or_equals(&mut self) -> Vec<u8> {
        self.text_until(b";=")
    }

    fn skip_semicolon(&mut self) -> bool {
        self.skip(b';')
    }

    fn skip_equals(&mut self) -> bool {
        self.skip(b'=')
    }

    fn skip(&mut self, octet: u8) -> bool {
        let Some((&first, rest)) = self.rest.split_first() else {
            return false;
        };
        if first == octet {
            self.rest = rest;
        }
        first == octet
    }

    fn text_until(&mut self, ends: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        // Spaces outside of quotes do not count before the first and after the last other octet.
        let mut kept = 0;
        let mut is_quoted = false;
        let mut comment_depth = 0_u32;
        while let Some((&octet, rest)) = self.rest.split_first() {
            if !is_quoted && comment_depth == 0 && ends.contains(&octet) {
                break;
            }
            self.rest = rest;
            match octet {
                b'\\' if is_quoted || comment_depth > 0 => {
                    let Some((&escaped, rest)) = self.rest.split_first() else {
                        break;
                    };
                    self.rest = rest;
                    if is_quoted {
                        text.push(escaped);
                        kept = text.len();
                    }
                }
                b'"' if comment_depth == 0 => is_quoted = !is_quoted,
                b'(' if !is_quoted => comment_depth += 1,
                b')' if comment_depth > 0 => comment_depth -= 1,
                _ if comment_depth == 0 => {
                    let is_space = !is_quoted && octet.is_ascii_whitespace();
                    if !is_space || kept > 0 {
                        text.push(octet);
                    }
                    if !is_space {
                        kept = text.len();
                    }
                }
                _ => {}
            }
        }
        text.truncate(kept);
        text
    }
}

/// Returns the length of the first line with its line ending.
fn line_len(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folded_fields_are_one_field() {
        let header = b"Subject: a\r\n  long one\r\nnot a field\r\nTo: b\r\n\r\n";
        let found: Vec<_> = fields(header).map(|field| field.name).collect();
        assert_eq!(found, [&b"Subject"[..], b"To"]);
        assert_eq!(find_field(header, "SUBJECT").unwrap(), b"a  long one");
    }

    #[test]
    fn parameters_lose_quotes_and_comments() {
        let parsed =
            Parameters::parse(b"text/plain (hi); charset=\"utf-8\"; name=\"a \\\"b\\\"; c\" ;x");
        assert_eq!(parsed.value, b"text/plain");
        assert_eq!(parsed.find("charset"), Some(&b"utf-8"[..]));
        assert_eq!(parsed.find("NAME"), Some(&b"a \"b\"; c"[..]));
        assert_eq!(parsed.parameters.len(), 2);
    }

    #[test]
    fn spaces_in_quotes_belong_to_the_value() {
        let parsed = Parameters::parse(b" a/b ; name*0 = \" a \" ; x= \"\" ;y= b c ");
        assert_eq!(parsed.value, b"a/b");
        assert_eq!(parsed.find("name*0"), Some(&b" a "[..]));
        assert_eq!(parsed.find("x"), Some(&b""[..]));
        assert_eq!(parsed.find("y"), Some(&b"b c"[..]));
    }

    proptest! {
        #[test]
        fn any_header_splits_into_fields_that_lie_in_it(header in proptest::collection::vec(any::<u8>(), 0..300)) {
            let total: usize = fields(&header).map(|field| field.raw.len()).sum();
            prop_assert!(total <= header.len());
            Parameters::parse(&header);
        }
    }
}
