//! FETCH responses and the sections of a message (RFC 9051 §6.4.5 and §7.5.2).

mod line;

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::body_structure::BodyStructure;
use super::date::InternalDate;
use super::envelope::Envelope;
use super::flag::{self, Flag};
use super::number::{SequenceNumber, Uid};
use super::object_id::ObjectId;
use super::section::{self, Form, PartNumber, Section};
use super::value::{LiteralId, Value, Word};

pub(crate) use line::read;

/// The data of one message in a FETCH response, requested or unsolicited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchData {
    /// The sequence number of the message.
    pub seq: SequenceNumber,
    /// The items, in the order of the response.
    pub items: Vec<FetchedItem>,
}

impl FetchData {
    /// Returns the UID, if the response has it.
    pub fn uid(&self) -> Option<Uid> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::Uid(uid) => Some(*uid),
            _ => None,
        })
    }

    /// Returns the flags, if the response has them.
    pub fn flags(&self) -> Option<&[Flag]> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::Flags(flags) => Some(flags.as_slice()),
            _ => None,
        })
    }

    /// Returns the envelope, if the response has it.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::Envelope(envelope) => Some(&**envelope),
            _ => None,
        })
    }

    /// Returns the modification sequence, if the response has it.
    pub fn mod_seq(&self) -> Option<u64> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::ModSeq(mod_seq) => Some(*mod_seq),
            _ => None,
        })
    }

    /// Returns whether the response or one of its items exceeded a limit.
    pub fn is_too_large(&self) -> bool {
        let is_cut = |item: &FetchedItem| matches!(item, FetchedItem::TooLarge { .. });
        self.items.iter().any(is_cut)
    }

    /// Returns the structure of the message, if the response has it.
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
    /// The time at which the message arrived.
    InternalDate(InternalDate),
    /// The size in bytes, as counted by the server.
    Rfc822Size(u64),
    /// The main header fields.
    Envelope(Box<Envelope>),
    /// The MIME tree; also of an item named `BODY`.
    BodyStructure(Box<BodyStructure>),
    /// Bytes of the message.
    Body {
        /// The part.
        section: Section,
        /// The offset of the bytes in that part, for a partial FETCH.
        origin: Option<u64>,
        /// The bytes.
        value: BodyValue,
    },
    /// The modification sequence (RFC 7162).
    ModSeq(u64),
    /// Bytes of a decoded part, without its transfer encoding (RFC 3516).
    Binary {
        /// The part.
        part: PartNumber,
        /// The offset of the bytes in the decoded part, for a partial FETCH.
        origin: Option<u64>,
        /// The bytes.
        value: BodyValue,
    },
    /// The size of a decoded part, without its transfer encoding.
    BinarySize {
        /// The part.
        part: PartNumber,
        /// The size in bytes.
        size_bytes: u64,
    },
    /// The id of the message, which is the same in every mailbox (RFC 8474).
    EmailId(ObjectId),
    /// The id of the thread; `None` if the server has none.
    ThreadId(Option<ObjectId>),
    /// The first words as UTF-8 text; `None` if the server has no preview (RFC 8970).
    Preview(Option<Bytes>),
    /// The time at which the message was added to this mailbox; `None` if the mailbox does not
    /// store it (RFC 8514).
    SaveDate(Option<InternalDate>),
    /// Gmail's id of the message.
    GmailMessageId(u64),
    /// Gmail's id of the thread.
    GmailThreadId(u64),
    /// Gmail's labels, in modified UTF-7; system labels begin with a backslash.
    GmailLabels(Vec<Bytes>),
    /// An item that is dropped because it exceeds a limit: the message nests too deeply, has too
    /// many parts or its data is too long. If the name is empty, the whole response exceeds a
    /// limit.
    TooLarge {
        /// The name of the item.
        name: Bytes,
    },
    /// An item unknown to this client, or one whose value could not be parsed.
    Unknown {
        /// The name of the item.
        name: Bytes,
        /// The value of the item.
        value: Value,
    },
}

/// The bytes of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyValue {
    /// NIL: the part does not exist or has no bytes at that offset.
    Nil,
    /// The bytes themselves.
    Inline(Bytes),
    /// The bytes were reported as [`LiteralChunk`](super::Event::LiteralChunk)s before this
    /// response.
    Streamed {
        /// The id of the literal.
        id: LiteralId,
        /// The number of bytes.
        size_bytes: u64,
    },
}

/// The content of a streamed literal in a FETCH response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiteralItem {
    /// The sequence number of the message.
    pub seq: SequenceNumber,
    /// The UID of the message, if the server sent it before the literal.
    pub uid: Option<Uid>,
    /// The part of the message.
    pub section: Section,
    /// The offset of the bytes in that part, for a partial FETCH.
    pub origin: Option<u64>,
    /// Whether the bytes are the decoded part, without its transfer encoding (BINARY).
    pub is_decoded: bool,
}

/// Returns the content of a literal that starts after these values: the values of the response and
/// those of its open list.
///
/// ```abnf
/// message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att)) ; up to the literal
/// ```
/// RFC 9051 §9.
pub(crate) fn literal_item(response: &[Value], items: &[Value]) -> Option<LiteralItem> {
    let [seq, fetch] = response else {
        return None;
    };
    if !fetch.is_atom("FETCH") {
        return None;
    }
    let name = section::parse_name(items.last()?.atom()?)?;
    let pairs = items.as_chunks::<2>().0.iter();
    let uid = pairs
        .filter(|[name, _]| name.is_atom("UID"))
        .find_map(|[_, uid]| uid.number32());
    Some(LiteralItem {
        seq: SequenceNumber::new(seq.number32()?)?,
        uid: uid.and_then(Uid::new),
        section: name.section,
        origin: name.origin,
        is_decoded: name.form == Form::Binary,
    })
}

/// Parses the items of a FETCH response. No item is lost, and no invalid item affects the others.
/// Items named in `cut` are reported as [`FetchedItem::TooLarge`].
///
/// ```abnf
/// msg-att = "(" (msg-att-dynamic / msg-att-static)
///           *(SP (msg-att-dynamic / msg-att-static)) ")"
/// ```
/// RFC 9051 §9.
///
/// Some servers put an item into extra parentheses or omit a value: the items around it keep their
/// values.
pub(crate) fn parse_items(values: Vec<Value>, cut: &[Bytes]) -> Vec<FetchedItem> {
    let mut items = Vec::with_capacity(values.len() / 2);
    take_items(values, cut, &mut items, true);
    if cut.iter().any(Bytes::is_empty) {
        items.push(FetchedItem::TooLarge { name: Bytes::new() });
    }
    items
}

fn take_items(
    values: Vec<Value>,
    cut: &[Bytes],
    items: &mut Vec<FetchedItem>,
    may_hold_lists: bool,
) {
    let mut values = values.into_iter().peekable();
    while let Some(name) = values.next() {
        let name = match name {
            Value::List(inner) if may_hold_lists => {
                take_items(inner, cut, items, false);
                continue;
            }
            name => name.into_astring().unwrap_or_default(),
        };
        let value = values.next_if(|value| !(is_item_name(value) && is_item(&name)));
        items.push(match value {
            _ if cut.contains(&name) => FetchedItem::TooLarge { name },
            Some(value) => item_of(name, value),
            None => FetchedItem::Unknown {
                name,
                value: Value::NIL,
            },
        });
    }
}

/// Items whose value is never one of these names.
const COMMON_ITEMS: [&[u8]; 6] = [
    b"UID",
    b"FLAGS",
    b"INTERNALDATE",
    b"RFC822.SIZE",
    b"ENVELOPE",
    b"BODYSTRUCTURE",
];

fn is_item(name: &[u8]) -> bool {
    let mut common = COMMON_ITEMS.into_iter();
    common.any(|item| item.eq_ignore_ascii_case(name)) || section::is_body(name)
}

fn is_item_name(value: &Value) -> bool {
    value.atom().is_some_and(|atom| is_item(atom))
}

fn item_of(name: Bytes, value: Value) -> FetchedItem {
    parse_item(&name, &value).unwrap_or_else(|| FetchedItem::Unknown { name, value })
}

/// Parses the value of an item; `None` if it is invalid for that name.
///
/// ```abnf
/// msg-att-dynamic  = "FLAGS" SP "(" [flag-fetch *(SP flag-fetch)] ")"
/// msg-att-static   = "ENVELOPE" SP envelope / "INTERNALDATE" SP date-time /
///                    "RFC822.SIZE" SP number64 /
///                    "BODY" ["STRUCTURE"] SP body / "UID" SP uniqueid
/// msg-att-dynamic =/ fetch-mod-resp
/// fetch-mod-resp   = "MODSEQ" SP "(" permsg-modsequence ")" ; RFC 7162 §7
/// msg-att-static  =/ fetch-emailid-resp / fetch-threadid-resp
/// fetch-emailid-resp  = "EMAILID" SP "(" objectid ")"      ; RFC 8474 §7
/// fetch-threadid-resp = "THREADID" SP ( "(" objectid ")" / nil )
/// msg-att-dynamic =/ "PREVIEW" SP nstring                  ; RFC 8970
/// msg-att-static  =/ "SAVEDATE" SP (date-time / nil)       ; RFC 8514
/// ```
/// RFC 9051 §9. The items that begin with X-GM- belong to X-GM-EXT-1.
fn parse_item(name: &Bytes, value: &Value) -> Option<FetchedItem> {
    match Word::new(name).as_bytes() {
        b"UID" => Uid::new(value.number32()?).map(FetchedItem::Uid),
        b"FLAGS" => flag::parse_list(value).map(FetchedItem::Flags),
        b"INTERNALDATE" => InternalDate::parse(value.nstring()?).map(FetchedItem::InternalDate),
        b"RFC822.SIZE" => value.number().map(FetchedItem::Rfc822Size),
        b"BODYSTRUCTURE" | b"BODY" => Some(match BodyStructure::parse(value)? {
            Ok(tree) => FetchedItem::BodyStructure(tree.into()),
            Err(_) => FetchedItem::TooLarge { name: name.clone() },
        }),
        b"ENVELOPE" => {
            Envelope::parse(value).map(|envelope| FetchedItem::Envelope(envelope.into()))
        }
        b"MODSEQ" => value.list()?.first()?.number().map(FetchedItem::ModSeq),
        b"EMAILID" => ObjectId::parse_listed(value).map(FetchedItem::EmailId),
        b"THREADID" if is_nil(value) => Some(FetchedItem::ThreadId(None)),
        b"THREADID" => ObjectId::parse_listed(value).map(|id| FetchedItem::ThreadId(Some(id))),
        b"PREVIEW" => match value {
            Value::Streamed { .. } | Value::List(_) => None,
            Value::Atom(_) | Value::Quoted(_) | Value::Literal(_) => {
                Some(FetchedItem::Preview(value.nstring().cloned()))
            }
        },
        b"SAVEDATE" if is_nil(value) => Some(FetchedItem::SaveDate(None)),
        b"SAVEDATE" => {
            InternalDate::parse(value.nstring()?).map(|date| FetchedItem::SaveDate(Some(date)))
        }
        b"X-GM-MSGID" => value.number().map(FetchedItem::GmailMessageId),
        b"X-GM-THRID" => value.number().map(FetchedItem::GmailThreadId),
        b"X-GM-LABELS" => value
            .list()?
            .iter()
            .map(|label| label.astring().cloned())
            .collect::<Option<_>>()
            .map(FetchedItem::GmailLabels),
        _ => parse_section_item(name, value),
    }
}

/// Parses an item whose name contains a section.
///
/// ```abnf
/// msg-att-static = "BODY" section ["<" number ">"] SP nstring /
///                  "BINARY" section-binary SP (nstring / literal8) /
///                  "BINARY.SIZE" section-binary SP number
/// ```
/// RFC 9051 §9.
fn parse_section_item(name: &Bytes, value: &Value) -> Option<FetchedItem> {
    let name = section::parse_name(name)?;
    match name.form {
        Form::Body => Some(FetchedItem::Body {
            section: name.section,
            origin: name.origin,
            value: BodyValue::parse(value)?,
        }),
        Form::Binary => Some(FetchedItem::Binary {
            part: name.section.part,
            origin: name.origin,
            value: BodyValue::parse(value)?,
        }),
        Form::BinarySize => Some(FetchedItem::BinarySize {
            part: name.section.part,
            size_bytes: value.number()?,
        }),
    }
}

impl BodyValue {
    /// Parses the bytes of a section.
    ///
    /// ```abnf
    /// msg-att-static = "BINARY" section-binary SP (nstring / literal8) ; the value
    /// ```
    /// RFC 9051 §9.
    fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::Streamed { id, size_bytes } => Some(Self::Streamed {
                id: *id,
                size_bytes: *size_bytes,
            }),
            Value::List(_) => None,
            Value::Atom(_) | Value::Quoted(_) | Value::Literal(_) => Some(
                value
                    .nstring()
                    .map_or(Self::Nil, |bytes| Self::Inline(bytes.clone())),
            ),
        }
    }
}

fn is_nil(value: &Value) -> bool {
    value.is_atom("NIL")
}
