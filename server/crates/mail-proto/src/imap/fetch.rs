//! FETCH responses and the sections of a message (RFC 9051 §6.4.5 and §7.5.2).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::body_structure::BodyStructure;
use super::date::InternalDate;
use super::envelope::Envelope;
use super::event::{LiteralId, LiteralItem};
use super::flag::{self, Flag};
use super::number::{SequenceNumber, Uid, parse_u64};
use super::tokens;
use super::value::Value;

/// What the server says about one message, asked for or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchData {
    /// The message.
    pub seq: SequenceNumber,
    /// The items, in the order in which they came.
    pub items: Vec<FetchedItem>,
}

impl FetchData {
    /// Returns the UID, if it was told.
    pub fn uid(&self) -> Option<Uid> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::Uid(uid) => Some(*uid),
            _ => None,
        })
    }

    /// Returns the flags, if they were told.
    pub fn flags(&self) -> Option<&[Flag]> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::Flags(flags) => Some(flags.as_slice()),
            _ => None,
        })
    }

    /// Returns the envelope, if it was told.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::Envelope(envelope) => Some(&**envelope),
            _ => None,
        })
    }

    /// Returns the structure of the message, if it was told.
    pub fn body_structure(&self) -> Option<&BodyStructure> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::BodyStructure(structure) => Some(&**structure),
            _ => None,
        })
    }
}

/// One item of a FETCH response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchedItem {
    /// The UID.
    Uid(Uid),
    /// All flags of the message.
    Flags(Vec<Flag>),
    /// When it arrived.
    InternalDate(InternalDate),
    /// Its size in bytes, as the server counts.
    Rfc822Size(u64),
    /// Its main header fields.
    Envelope(Box<Envelope>),
    /// Its MIME tree; also where the server calls it `BODY`.
    BodyStructure(Box<BodyStructure>),
    /// Bytes of the message.
    Body {
        /// Which part.
        section: Section,
        /// Where in that part the bytes begin, for a partial FETCH.
        origin: Option<u64>,
        /// The bytes.
        value: BodyValue,
    },
    /// The modification sequence (RFC 7162).
    ModSeq(u64),
    /// An item that is not known here, or whose value could not be read.
    Unknown {
        /// Its name.
        name: Bytes,
        /// Its value.
        value: Value,
    },
}

/// The bytes of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyValue {
    /// NIL: there is no such part, or nothing at that offset.
    Nil,
    /// The bytes themselves.
    Inline(Bytes),
    /// The bytes left as chunks before this response.
    Streamed {
        /// The name they had.
        id: LiteralId,
        /// How many there were.
        size_bytes: u64,
    },
}

/// The number of a part, such as `1.2`; empty stands for the message itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartNumber(Vec<u32>);

impl PartNumber {
    /// The message itself.
    pub const fn message() -> Self {
        Self(Vec::new())
    }

    /// Takes a path of numbers from 1; `None` if one is zero.
    pub fn new(path: &[u32]) -> Option<Self> {
        (!path.contains(&0)).then(|| Self(path.to_vec()))
    }

    /// Reads `1.2.3`; `None` for anything else, the empty text included.
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

    /// Returns the number of the n-th part of this one, counted from 1.
    pub(crate) fn child(&self, number: u32) -> Self {
        let mut path = self.0.clone();
        path.push(number);
        Self(path)
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            write!(f, "{dot}{number}")?;
        }
        Ok(())
    }
}

/// A section of a message: a part, or some text of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Section {
    /// The part; empty for the message itself.
    pub part: PartNumber,
    /// Which text of it; nothing for all of the part's body, or of the message.
    pub text: Option<SectionText>,
}

/// A text of a part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SectionText {
    /// `HEADER`: of the message, or of a `message/rfc822` part.
    Header,
    /// `HEADER.FIELDS`: those fields of the header.
    HeaderFields(Vec<Bytes>),
    /// `HEADER.FIELDS.NOT`: all other fields of the header.
    HeaderFieldsNot(Vec<Bytes>),
    /// `TEXT`: the body without the header.
    Text,
    /// `MIME`: the header of the part itself.
    Mime,
}

impl Section {
    /// All of the message: `BODY[]`.
    pub fn message() -> Self {
        Self::default()
    }

    /// The body of a part: `BODY[1.2]`.
    pub const fn part(part: PartNumber) -> Self {
        Self { part, text: None }
    }

    /// The header of the message: `BODY[HEADER]`.
    pub const fn header() -> Self {
        Self {
            part: PartNumber::message(),
            text: Some(SectionText::Header),
        }
    }

    /// Some fields of the header of the message.
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

    /// Reads what stands between the brackets.
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

fn field_names(inside: &Bytes, names: &[u8]) -> Option<Vec<Bytes>> {
    // A list of names, so two levels.
    let values = tokens::values_of(&inside.slice_ref(names), 1)?;
    let list = values.first()?.list()?;
    list.iter().map(|name| name.astring().cloned()).collect()
}

/// Reads `BODY[section]<origin>`.
fn parse_body_name(name: &Bytes) -> Option<(Section, Option<u64>)> {
    let (word, _) = name.split_at_checked(5)?;
    if !word.eq_ignore_ascii_case(b"BODY[") {
        return None;
    }
    let close = memchr::memrchr(b']', name)?;
    let section = Section::parse(&name.slice(5..close.max(5)))?;
    let origin = match name.get(close + 1..)? {
        b"" => None,
        origin => Some(parse_u64(origin.strip_prefix(b"<")?.strip_suffix(b">")?)?),
    };
    Some((section, origin))
}

/// Tells what a literal is that begins behind these values: the lists that are open, outermost
/// first.
pub(crate) fn literal_item(open: &[Vec<Value>]) -> Option<LiteralItem> {
    let [response, items] = open else { return None };
    let [seq, fetch] = response.as_slice() else {
        return None;
    };
    if !fetch.is_atom("FETCH") {
        return None;
    }
    let (section, origin) = parse_body_name(items.last()?.atom()?)?;
    let pairs = items.as_chunks::<2>().0.iter();
    let uid = pairs
        .filter(|[name, _]| name.is_atom("UID"))
        .find_map(|[_, uid]| uid.number32());
    Some(LiteralItem {
        seq: SequenceNumber::new(seq.number32()?)?,
        uid: uid.and_then(Uid::new),
        section,
        origin,
    })
}

/// Reads the items of a FETCH response; none is lost, and none makes the others void.
pub(crate) fn parse_items(values: Vec<Value>) -> Vec<FetchedItem> {
    let mut items = Vec::with_capacity(values.len() / 2);
    let mut values = values.into_iter();
    while let Some(name) = values.next() {
        let value = values
            .next()
            .unwrap_or_else(|| Value::Atom(Bytes::from_static(b"NIL")));
        let name = name.astring().cloned().unwrap_or_default();
        items.push(match parse_item(&name, &value) {
            Some(item) => item,
            None => FetchedItem::Unknown { name, value },
        });
    }
    items
}

fn parse_item(name: &Bytes, value: &Value) -> Option<FetchedItem> {
    match name.to_ascii_uppercase().as_slice() {
        b"UID" => Uid::new(value.number32()?).map(FetchedItem::Uid),
        b"FLAGS" => flag::parse_list(value).map(FetchedItem::Flags),
        b"INTERNALDATE" => InternalDate::parse(value.nstring()?).map(FetchedItem::InternalDate),
        b"RFC822.SIZE" => value.number().map(FetchedItem::Rfc822Size),
        b"ENVELOPE" => {
            Envelope::parse(value).map(|envelope| FetchedItem::Envelope(envelope.into()))
        }
        b"BODYSTRUCTURE" | b"BODY" => {
            BodyStructure::parse(value).map(|tree| FetchedItem::BodyStructure(tree.into()))
        }
        b"MODSEQ" => value.list()?.first()?.number().map(FetchedItem::ModSeq),
        _ => {
            let (section, origin) = parse_body_name(name)?;
            let value = match value {
                Value::Streamed { id, size_bytes } => BodyValue::Streamed {
                    id: *id,
                    size_bytes: *size_bytes,
                },
                Value::List(_) => return None,
                Value::Atom(_) | Value::Quoted(_) | Value::Literal(_) => value
                    .nstring()
                    .map_or(BodyValue::Nil, |bytes| BodyValue::Inline(bytes.clone())),
            };
            Some(FetchedItem::Body {
                section,
                origin,
                value,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn name(text: &'static str) -> Option<(Section, Option<u64>)> {
        parse_body_name(&Bytes::from_static(text.as_bytes()))
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
    fn sections_that_are_not_known_are_no_section() {
        for bad in [
            "BODY[FOO]",
            "BODY[0]",
            "BODY[1..2]",
            "BODY[1]x",
            "BODY[",
            "BODY",
            "BODY][",
        ] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}
