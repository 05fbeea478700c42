//! Parameters of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2231).

use std::collections::BTreeMap;

use crate::{charset, display, encoded_word};

/// Parameters, decoded: names in lower case, values as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params(Vec<(String, String)>);

/// Maximum number of parameters that are read.
const PARAMS_MAX: usize = 200;

impl Params {
    /// Decodes parameters as they are in a field or a BODYSTRUCTURE: continuations (`name*0`,
    /// `name*1`), charsets (`name*`) and encoded words, though RFC 2047 §5 forbids those here. The
    /// first of two equal names wins.
    pub fn decode<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        written: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut out = Self::default();
        let mut split: BTreeMap<String, BTreeMap<u32, (bool, Vec<u8>)>> = BTreeMap::new();
        for (name, value) in written.into_iter().take(PARAMS_MAX) {
            let name = String::from_utf8_lossy(name.as_ref())
                .trim()
                .to_ascii_lowercase();
            let value = value.as_ref();
            let Some((base, tail)) = name.split_once('*') else {
                out.add(name, plain(value));
                continue;
            };
            let (number, is_extended) = match tail.strip_suffix('*') {
                Some(number) => (number, true),
                None => (tail, tail.is_empty()),
            };
            let number = if number.is_empty() {
                Some(0)
            } else {
                number.parse().ok()
            };
            if let Some(number) = number {
                let pieces = split.entry(base.to_owned()).or_default();
                pieces
                    .entry(number)
                    .or_insert_with(|| (is_extended, value.to_vec()));
            }
        }
        for (name, pieces) in split {
            // The encoded form is preferred: the plain name is a fallback for old programs.
            out.0.retain(|(other, _)| *other != name);
            out.add(name, joined(pieces));
        }
        out
    }

    /// Returns the value of a name in lower case.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// Returns all parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn add(&mut self, name: String, value: String) {
        if self.value(&name).is_none() {
            self.0.push((name, value));
        }
    }
}

fn plain(value: &[u8]) -> String {
    display::line(&encoded_word::decode(&charset::decode(value, None)))
}

/// Joins continuations (RFC 2231 §3 and §4.1). A gap ends the value.
fn joined(pieces: BTreeMap<u32, (bool, Vec<u8>)>) -> String {
    let mut label = None;
    let mut octets = Vec::new();
    for (expected, (number, (is_extended, value))) in (0..).zip(pieces) {
        if number != expected {
            break;
        }
        let mut rest = value.as_slice();
        if is_extended {
            if number == 0 {
                let mut sections = value.splitn(3, |b| *b == b'\'');
                if let (Some(charset), Some(_language), Some(text)) =
                    (sections.next(), sections.next(), sections.next())
                {
                    label = Some(String::from_utf8_lossy(charset).into_owned());
                    rest = text;
                }
            }
            octets.extend(percent_encoding::percent_decode(rest));
        } else {
            octets.extend_from_slice(rest);
        }
    }
    match label {
        Some(label) => display::line(&charset::decode(&octets, Some(&label))),
        // Continuations without a charset may also hold encoded words.
        None => plain(&octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfc5322;
    use proptest::prelude::*;

    fn parse(field: &[u8]) -> Params {
        let field = format!("attachment{}", charset::decode(field, None));
        Params::decode(rfc5322::typed(&field).params)
    }

    fn value(field: &str, name: &str) -> Option<String> {
        parse(field.as_bytes()).value(name).map(str::to_owned)
    }

    #[test]
    fn rfc2231_examples() {
        let field =
            "; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"";
        assert_eq!(
            value(field, "url").as_deref(),
            Some("ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar")
        );
        let field = "; title*0*=us-ascii'en'This%20is%20even%20more%20; \
                     title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"";
        assert_eq!(
            value(field, "title").as_deref(),
            Some("This is even more ***fun*** isn't it!")
        );
    }

    #[test]
    fn file_names_as_programs_write_them() {
        for (field, name) in [
            ("; filename=plain name.txt", "plain name.txt"),
            (
                "; filename=\"semi;colon \\\"x\\\".txt\"",
                "semi;colon \"x\".txt",
            ),
            ("; FILENAME*=UTF-8''%E6%8A%A5%E4%BB%B7.xlsx", "报价.xlsx"),
            ("; filename=\"=?gb2312?B?sai82w==?=.xls\"", "报价.xls"),
            (
                "; filename*=gb18030''%B1%A8%BC%DB.xls; filename=\"x.xls\"",
                "报价.xls",
            ),
            ("; filename*0*=utf-8''%E6%8A; filename*1*=%A5.txt", "报.txt"),
            ("; filename=\"unclosed.txt", "unclosed.txt"),
            ("; filename=\"a\"; filename=\"b\"", "a"),
            ("; filename*0=a; filename*2=c", "a"),
            ("; filename=\"100%.txt\"", "100%.txt"),
        ] {
            assert_eq!(value(field, "filename").as_deref(), Some(name), "{field}");
        }
    }

    #[test]
    fn raw_octets_are_guessed() {
        let params = parse(b"; filename=\"\xb1\xa8\xbc\xdb\xb5\xa5\xd6\xd0\xb9\xfa.xls\"");
        assert_eq!(params.value("filename"), Some("报价单中国.xls"));
    }

    proptest! {
        #[test]
        fn anything_parses(field: Vec<u8>, text in "[;=\"*0-9a-c%' \\\\]{0,80}") {
            parse(&field);
            parse(text.as_bytes());
        }
    }
}
