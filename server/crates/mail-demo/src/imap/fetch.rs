//! `FETCH` data items: parsing and encoding (RFC 3501 §6.4.5, §7.4.2).

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::body_structure;
use super::envelope;
use super::response;
use super::syntax::{Bad, Cursor, Parsed, is_atom_char};
use crate::message::{Children, Part, fields};

/// One data item of a `FETCH`; the parser expands macros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FetchItem {
    Body,
    BodyStructure,
    BodySection {
        section: Section,
        partial: Option<Partial>,
        is_peek: bool,
    },
    Envelope,
    Flags,
    InternalDate,
    Rfc822,
    Rfc822Header,
    Rfc822Size,
    Rfc822Text,
    Uid,
    ModSeq,
    EmailId,
    ThreadId,
}

/// `<offset.length>` of a body section, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partial {
    offset: u32,
    length: u32,
}

/// The text between the brackets of `BODY[…]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    path: Vec<u32>,
    text: SectionText,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SectionText {
    All,
    Header,
    HeaderFields { names: Vec<Bytes>, is_not: bool },
    Text,
    Mime,
}

impl FetchItem {
    /// Parses a macro, one item or a list of items.
    pub(crate) fn parse_list(line: &mut Cursor) -> Parsed<Vec<Self>> {
        for (name, items) in [
            (
                "ALL",
                &[
                    Self::Flags,
                    Self::InternalDate,
                    Self::Rfc822Size,
                    Self::Envelope,
                ][..],
            ),
            ("FAST", &[Self::Flags, Self::InternalDate, Self::Rfc822Size]),
            (
                "FULL",
                &[
                    Self::Flags,
                    Self::InternalDate,
                    Self::Rfc822Size,
                    Self::Envelope,
                    Self::Body,
                ],
            ),
        ] {
            if line.take_word(name) {
                return Ok(items.to_vec());
            }
        }
        if line.peek() != Some(b'(') {
            return Ok(vec![Self::parse(line)?]);
        }
        let items = line.list(Self::parse)?;
        if items.is_empty() {
            Err(Bad("no FETCH item is named"))
        } else {
            Ok(items)
        }
    }

    fn parse(line: &mut Cursor) -> Parsed<Self> {
        let name = line.run(
            |octet| is_atom_char(octet) && octet != b'[',
            "a FETCH item is missing",
        )?;
        let name = name.to_ascii_uppercase();
        if matches!(name.as_str(), "BODY" | "BODY.PEEK") && line.peek() == Some(b'[') {
            let section = Section::parse(line)?;
            let partial = Partial::parse(line)?;
            return Ok(Self::BodySection {
                section,
                partial,
                is_peek: name == "BODY.PEEK",
            });
        }
        Ok(match name.as_str() {
            "BODY" => Self::Body,
            "BODYSTRUCTURE" => Self::BodyStructure,
            "ENVELOPE" => Self::Envelope,
            "FLAGS" => Self::Flags,
            "INTERNALDATE" => Self::InternalDate,
            "RFC822" => Self::Rfc822,
            "RFC822.HEADER" => Self::Rfc822Header,
            "RFC822.SIZE" => Self::Rfc822Size,
            "RFC822.TEXT" => Self::Rfc822Text,
            "UID" => Self::Uid,
            "MODSEQ" => Self::ModSeq,
            "EMAILID" => Self::EmailId,
            "THREADID" => Self::ThreadId,
            _ => return Err(Bad("unknown FETCH item")),
        })
    }

    /// Returns whether the item sets `\Seen`.
    pub(crate) fn sets_seen(&self) -> bool {
        match self {
            Self::BodySection { is_peek, .. } => !is_peek,
            Self::Rfc822 | Self::Rfc822Text => true,
            _ => false,
        }
    }

    /// Returns whether the item needs the message's octets.
    pub(crate) fn needs_message(&self) -> bool {
        !matches!(
            self,
            Self::Flags
                | Self::InternalDate
                | Self::Rfc822Size
                | Self::Uid
                | Self::ModSeq
                | Self::EmailId
                | Self::ThreadId
        )
    }

    /// Writes an item that is derived from the message's octets; the session writes the others.
    pub(crate) fn write(&self, message: &Bytes, root: &Part, out: &mut BytesMut) {
        let named = |name: &str, section: Section, out: &mut BytesMut| {
            out.put_slice(name.as_bytes());
            out.put_u8(b' ');
            response::nstring(section.octets(message, root).as_deref(), out);
        };
        match self {
            Self::Body => {
                out.put_slice(b"BODY ");
                body_structure::write(message, root, body_structure::Form::Basic, out);
            }
            Self::BodyStructure => {
                out.put_slice(b"BODYSTRUCTURE ");
                body_structure::write(message, root, body_structure::Form::Extended, out);
            }
            Self::Envelope => {
                out.put_slice(b"ENVELOPE ");
                envelope::write(root.header_of(message), out);
            }
            Self::BodySection {
                section, partial, ..
            } => {
                let octets = section.octets(message, root);
                out.put_slice(format!("BODY[{section}]").as_bytes());
                let octets = match partial {
                    Some(partial) => {
                        out.put_slice(format!("<{}>", partial.offset).as_bytes());
                        octets.map(|octets| partial.of(&octets))
                    }
                    None => octets,
                };
                out.put_u8(b' ');
                response::nliteral(octets.as_deref(), out);
            }
            Self::Rfc822 => named("RFC822", Section::whole(SectionText::All), out),
            Self::Rfc822Header => named("RFC822.HEADER", Section::whole(SectionText::Header), out),
            Self::Rfc822Text => named("RFC822.TEXT", Section::whole(SectionText::Text), out),
            Self::Flags
            | Self::InternalDate
            | Self::Rfc822Size
            | Self::Uid
            | Self::ModSeq
            | Self::EmailId
            | Self::ThreadId => {}
        }
    }
}

impl Partial {
    fn parse(line: &mut Cursor) -> Parsed<Option<Self>> {
        if !line.take(b'<') {
            return Ok(None);
        }
        let offset = line.number()?;
        line.expect(b'.', "a partial has no length")?;
        let length = line.number()?;
        line.expect(b'>', "a partial is not closed")?;
        if length == 0 {
            return Err(Bad("a partial of no octets"));
        }
        Ok(Some(Self { offset, length }))
    }

    /// A range beyond the end gives an empty string, not NIL (RFC 3501 §6.4.5).
    fn of(self, octets: &Bytes) -> Bytes {
        let bounded = |octet: u64| {
            usize::try_from(octet)
                .unwrap_or(usize::MAX)
                .min(octets.len())
        };
        let start = bounded(u64::from(self.offset));
        let end = bounded(u64::from(self.offset) + u64::from(self.length));
        octets.slice(start..end)
    }
}

impl Section {
    fn whole(text: SectionText) -> Self {
        Self {
            path: Vec::new(),
            text,
        }
    }

    /// `section = "[" [section-spec] "]"`
    fn parse(line: &mut Cursor) -> Parsed<Self> {
        line.expect(b'[', "a section is missing")?;
        let mut path = Vec::new();
        while line.peek().is_some_and(|octet| octet.is_ascii_digit()) {
            let number = line.number()?;
            if number == 0 {
                return Err(Bad("part numbers begin at 1"));
            }
            path.push(number);
            if !line.take(b'.') {
                line.expect(b']', "a section is not closed")?;
                return Ok(Self {
                    path,
                    text: SectionText::All,
                });
            }
        }
        if path.is_empty() && line.take(b']') {
            return Ok(Self::whole(SectionText::All));
        }
        let name = line.atom()?.to_ascii_uppercase();
        let text = match name.as_str() {
            "HEADER" => SectionText::Header,
            "TEXT" => SectionText::Text,
            "MIME" if !path.is_empty() => SectionText::Mime,
            "HEADER.FIELDS" | "HEADER.FIELDS.NOT" => {
                line.space()?;
                let names = line.list(Cursor::astring)?;
                if names.is_empty() {
                    return Err(Bad("no header field is named"));
                }
                SectionText::HeaderFields {
                    names,
                    is_not: name.ends_with("NOT"),
                }
            }
            _ => return Err(Bad("unknown section")),
        };
        line.expect(b']', "a section is not closed")?;
        Ok(Self { path, text })
    }

    /// Returns the octets of the section; `None` if there is no such part.
    fn octets(&self, message: &Bytes, root: &Part) -> Option<Bytes> {
        let node = self
            .path
            .iter()
            .try_fold(Node::Message(root), |node, number| node.child(*number))?;
        match &self.text {
            SectionText::All => match node {
                Node::Message(_) => Some(message.clone()),
                Node::Part(part) => Some(message.slice(part.body.clone())),
            },
            SectionText::Mime => match node {
                Node::Message(_) => None,
                Node::Part(part) => Some(message.slice(part.header.clone())),
            },
            SectionText::Header => Some(message.slice(node.message()?.header.clone())),
            SectionText::Text => Some(message.slice(node.message()?.body.clone())),
            SectionText::HeaderFields { names, is_not } => {
                let header = node.message()?.header_of(message);
                let mut picked = BytesMut::new();
                for field in fields(header) {
                    let is_named = names
                        .iter()
                        .any(|name| name.eq_ignore_ascii_case(field.name));
                    if is_named != *is_not {
                        picked.put_slice(field.raw);
                    }
                }
                picked.put_slice(b"\r\n");
                Some(picked.freeze())
            }
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, number) in self.path.iter().enumerate() {
            write!(f, "{}{number}", if at == 0 { "" } else { "." })?;
        }
        let dot = if self.path.is_empty() { "" } else { "." };
        match &self.text {
            SectionText::All => Ok(()),
            SectionText::Header => write!(f, "{dot}HEADER"),
            SectionText::Text => write!(f, "{dot}TEXT"),
            SectionText::Mime => write!(f, "{dot}MIME"),
            SectionText::HeaderFields { names, is_not } => {
                let not = if *is_not { ".NOT" } else { "" };
                write!(f, "{dot}HEADER.FIELDS{not} (")?;
                for (at, name) in names.iter().enumerate() {
                    let space = if at == 0 { "" } else { " " };
                    write!(f, "{space}{}", response::astring_text(name))?;
                }
                f.write_str(")")
            }
        }
    }
}

/// The node that a path of part numbers leads to.
#[derive(Clone, Copy)]
enum Node<'a> {
    /// A message; part 1 is its own body if it is not a multipart.
    Message(&'a Part),
    Part(&'a Part),
}

impl<'a> Node<'a> {
    fn child(self, number: u32) -> Option<Self> {
        let part = match self {
            Self::Message(part) => part,
            Self::Part(part) => match &part.children {
                Children::Message(inner) => return Node::Message(inner).child(number),
                Children::Multipart(_) => part,
                Children::None => return None,
            },
        };
        match &part.children {
            Children::Multipart(parts) => {
                let at = usize::try_from(number.checked_sub(1)?).ok()?;
                parts.get(at).map(Node::Part)
            }
            _ => (number == 1).then_some(Self::Part(part)),
        }
    }

    /// The message whose header and text are addressed: the whole one, or one nested in a part.
    fn message(self) -> Option<&'a Part> {
        match self {
            Self::Message(part) => Some(part),
            Self::Part(part) => match &part.children {
                Children::Message(inner) => Some(inner),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The structure of the example in RFC 3501 §6.4.5.
    const MESSAGE: &str = "Subject: outer\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n\
        --a\r\nContent-Type: text/plain\r\n\r\none\r\n\
        --a\r\nContent-Type: application/octet-stream\r\n\r\ntwo\r\n\
        --a\r\nContent-Type: message/rfc822\r\n\r\n\
        Subject: three\r\nFrom: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\n\r\nthree one\r\n--b\r\nContent-Type: text/x-y\r\n\r\nthree two\r\n--b--\r\n\
        --a--\r\n";

    fn fetched(message: &'static str, item: &'static str) -> String {
        let mut line = Cursor::new(Bytes::from_static(item.as_bytes()));
        let items = FetchItem::parse_list(&mut line).unwrap();
        let message = Bytes::from_static(message.as_bytes());
        let mut out = BytesMut::new();
        items[0].write(&message, &Part::parse(&message), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn parts_are_numbered_through_nested_messages() {
        for (section, content) in [
            ("1", "one"),
            ("2", "two"),
            ("3.1", "three one"),
            ("3.2", "three two"),
            ("3.2.MIME", "Content-Type: text/x-y\r\n\r\n"),
            ("3.HEADER.FIELDS (SUBJECT)", "Subject: three\r\n\r\n"),
            ("HEADER.FIELDS.NOT (content-type)", "Subject: outer\r\n\r\n"),
        ] {
            let expected = format!("BODY[{section}] {{{}}}\r\n{content}", content.len());
            let item: &'static str = format!("BODY[{section}]").leak();
            assert_eq!(fetched(MESSAGE, item), expected);
        }
    }

    #[test]
    fn missing_section_is_nil() {
        for section in ["4", "1.1", "1.HEADER", "3.3", "3.1.TEXT"] {
            let item: &'static str = format!("BODY.PEEK[{section}]").leak();
            assert_eq!(fetched(MESSAGE, item), format!("BODY[{section}] NIL"));
        }
    }

    #[test]
    fn the_only_part_of_a_plain_message_is_number_one() {
        assert_eq!(
            fetched("Subject: s\r\n\r\nhello\r\n", "BODY[1]"),
            "BODY[1] {7}\r\nhello\r\n"
        );
        assert_eq!(
            fetched("Subject: s\r\n\r\nhello\r\n", "BODY[TEXT]"),
            "BODY[TEXT] {7}\r\nhello\r\n"
        );
        assert_eq!(
            fetched("Subject: s\r\n\r\nhello\r\n", "BODY[2]"),
            "BODY[2] NIL"
        );
    }

    #[test]
    fn a_partial_beyond_the_end_is_empty() {
        assert_eq!(
            fetched("a: b\r\n\r\nhello", "BODY[TEXT]<1.3>"),
            "BODY[TEXT]<1> {3}\r\nell"
        );
        assert_eq!(
            fetched("a: b\r\n\r\nhello", "BODY[TEXT]<4.4294967295>"),
            "BODY[TEXT]<4> {1}\r\no"
        );
        assert_eq!(
            fetched("a: b\r\n\r\nhello", "BODY[TEXT]<9.3>"),
            "BODY[TEXT]<9> {0}\r\n"
        );
    }
}
