//! The sections of a message, as in `BODY[…]` (RFC 9051 §6.4.5.1).

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::number::{Uid, parse_u64};
use super::tokens;

/// The number of a part, such as `1.2`; empty for the message itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartNumber(Vec<u32>);

impl PartNumber {
    /// Returns the empty number, which denotes the message itself.
    pub const fn message() -> Self {
        Self(Vec::new())
    }

    /// Creates a part number from a path of numbers from 1; `None` if one is 0.
    pub fn new(path: &[u32]) -> Option<Self> {
        (!path.contains(&0)).then(|| Self(path.to_vec()))
    }

    /// Parses `1.2.3`; `None` for anything else, including empty text.
    ///
    /// ```abnf
    /// section-part = nz-number *("." nz-number)
    /// ```
    /// RFC 9051 §9.
    pub fn parse(text: &[u8]) -> Option<Self> {
        text.split(|byte| *byte == b'.')
            .map(|number| Uid::parse(number).map(Uid::get))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Returns the numbers.
    pub fn path(&self) -> &[u32] {
        &self.0
    }

    /// Returns the part number of the n-th child of this part, counted from 1.
    pub(crate) fn child(&self, number: u32) -> Self {
        let mut path = self.0.clone();
        path.push(number);
        Self(path)
    }
}

impl fmt::Display for PartNumber {
    /// Writes the number; nothing for the message itself.
    ///
    /// ```abnf
    /// section-part = nz-number *("." nz-number)
    /// ```
    /// RFC 9051 §9.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            write!(f, "{dot}{number}")?;
        }
        Ok(())
    }
}

/// A section of a message: a part, or a text of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Section {
    /// The part; empty for the message itself.
    pub part: PartNumber,
    /// The text of the part; `None` for the whole body of the part, or the whole message.
    pub text: Option<SectionText>,
}

/// A text of a part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SectionText {
    /// `HEADER`: the header of the message, or of a `message/rfc822` part.
    Header,
    /// `HEADER.FIELDS`: these fields of the header.
    HeaderFields(Vec<Bytes>),
    /// `HEADER.FIELDS.NOT`: all other fields of the header.
    HeaderFieldsNot(Vec<Bytes>),
    /// `TEXT`: the body without the header.
    Text,
    /// `MIME`: the header of the part itself.
    Mime,
}

impl Section {
    /// Returns the section of the whole message: `BODY[]`.
    pub fn message() -> Self {
        Self::default()
    }

    /// Returns the section of the body of a part: `BODY[1.2]`.
    pub const fn part(part: PartNumber) -> Self {
        Self { part, text: None }
    }

    /// Returns the section of the message header: `BODY[HEADER]`.
    pub const fn header() -> Self {
        Self {
            part: PartNumber::message(),
            text: Some(SectionText::Header),
        }
    }

    /// Returns the section of these fields of the message header: `BODY[HEADER.FIELDS (…)]`.
    pub fn header_fields(names: &[&'static str]) -> Self {
        let names = names
            .iter()
            .map(|name| Bytes::from_static(name.as_bytes()))
            .collect();
        Self {
            part: PartNumber::message(),
            text: Some(SectionText::HeaderFields(names)),
        }
    }

    /// Parses the text between the brackets.
    ///
    /// ```abnf
    /// section         = "[" [section-spec] "]" ; between the brackets
    /// section-spec    = section-msgtext / (section-part ["." section-text])
    /// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
    /// section-text    = section-msgtext / "MIME"
    /// ```
    /// RFC 9051 §9.
    fn parse(inside: &Bytes) -> Option<Self> {
        let spec_len = memchr::memchr(b' ', inside).unwrap_or(inside.len());
        let (spec, names) = inside.split_at_checked(spec_len)?;
        let part_len = spec
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'.'))
            .count();
        let (part, text) = spec.split_at_checked(part_len)?;
        let part = match part.strip_suffix(b".").unwrap_or(part) {
            b"" => PartNumber::message(),
            part => PartNumber::parse(part)?,
        };
        let text = text.to_ascii_uppercase();
        let text = match text.as_slice() {
            b"" => None,
            b"HEADER" => Some(SectionText::Header),
            b"TEXT" => Some(SectionText::Text),
            b"MIME" => Some(SectionText::Mime),
            b"HEADER.FIELDS" => Some(SectionText::HeaderFields(field_names(inside, names)?)),
            b"HEADER.FIELDS.NOT" => Some(SectionText::HeaderFieldsNot(field_names(inside, names)?)),
            _ => return None,
        };
        Some(Self { part, text })
    }
}

/// Parses the field names after HEADER.FIELDS.
///
/// ```abnf
/// header-list     = "(" header-fld-name *(SP header-fld-name) ")"
/// header-fld-name = astring
/// ```
/// RFC 9051 §9.
fn field_names(inside: &Bytes, names: &[u8]) -> Option<Vec<Bytes>> {
    // One list of names: nesting depth 1.
    let values = tokens::values_of(&inside.slice_ref(names), 1)?;
    let list = values.first()?.list()?;
    list.iter().map(|name| name.astring().cloned()).collect()
}

/// The kind of an item with a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Body,
    Binary,
    BinarySize,
}

/// The name of an item with a section.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) form: Form,
    pub(super) section: Section,
    pub(super) origin: Option<u64>,
}

/// Returns whether an item name begins with `BODY[`.
pub(super) fn is_body(name: &[u8]) -> bool {
    let Some(word) = name.get(..b"BODY[".len()) else {
        return false;
    };
    word.eq_ignore_ascii_case(b"BODY[")
}

/// Parses `BODY[section]<origin>`, `BINARY[part]<origin>` or `BINARY.SIZE[part]`.
///
/// ```abnf
/// msg-att-static = "BODY" section ["<" number ">"] SP nstring /
///                  "BINARY" section-binary SP (nstring / literal8) /
///                  "BINARY.SIZE" section-binary SP number ; the names
/// section-binary = "[" [section-part] "]"
/// ```
/// RFC 9051 §9. BINARY may have an offset, like BODY (RFC 3516 §4.2).
pub(super) fn parse_name(name: &Bytes) -> Option<Name> {
    let open = memchr::memchr(b'[', name)?;
    let (word, _) = name.split_at_checked(open)?;
    let forms = [
        (&b"BODY"[..], Form::Body),
        (b"BINARY", Form::Binary),
        (b"BINARY.SIZE", Form::BinarySize),
    ];
    let known = forms
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word));
    let (_, form) = known?;
    let close = memchr::memrchr(b']', name)?;
    let section = Section::parse(&name.slice(open + 1..close.max(open + 1)))?;
    let origin = match name.get(close + 1..)? {
        b"" => None,
        origin => Some(parse_u64(origin.strip_prefix(b"<")?.strip_suffix(b">")?)?),
    };
    // RFC 3516 §4.2: BINARY takes only a part number, and BINARY.SIZE no offset.
    let is_allowed = match form {
        Form::Body => true,
        Form::Binary => section.text.is_none(),
        Form::BinarySize => section.text.is_none() && origin.is_none(),
    };
    is_allowed.then_some(Name {
        form,
        section,
        origin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn name(text: &'static str) -> Option<(Section, Option<u64>)> {
        let name = parse_name(&Bytes::from_static(text.as_bytes()))?;
        Some((name.section, name.origin))
    }

    #[test]
    fn the_sections_of_rfc_9051_6_4_5_1_are_read() {
        let part = |path: &[u32]| PartNumber::new(path).unwrap();
        let cases = [
            ("BODY[]", Section::message()),
            ("body[header]", Section::header()),
            (
                "BODY[TEXT]",
                Section {
                    part: part(&[]),
                    text: Some(SectionText::Text),
                },
            ),
            ("BODY[1]", Section::part(part(&[1]))),
            (
                "BODY[4.2.HEADER]",
                Section {
                    part: part(&[4, 2]),
                    text: Some(SectionText::Header),
                },
            ),
            (
                "BODY[4.1.MIME]",
                Section {
                    part: part(&[4, 1]),
                    text: Some(SectionText::Mime),
                },
            ),
            ("BODY[4.2.2.1]", Section::part(part(&[4, 2, 2, 1]))),
            (
                "BODY[HEADER.FIELDS (DATE \"FROM\")]",
                Section::header_fields(&["DATE", "FROM"]),
            ),
        ];
        for (text, section) in cases {
            assert_eq!(name(text), Some((section, None)), "{text}");
        }
        assert_eq!(name("BODY[1]<512>").unwrap().1, Some(512));
        assert_eq!(part(&[4, 2, 1]).to_string(), "4.2.1");
    }

    #[test]
    fn unknown_sections_are_not_parsed() {
        for bad in [
            "BODY[FOO]",
            "BODY[0]",
            "BODY[1..2]",
            "BODY[1]x",
            "BODY[",
            "BODY",
            "BODY][",
            "BINARY[HEADER]",
            "BINARY.SIZE[1]<0>",
            "X[1]",
        ] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}
