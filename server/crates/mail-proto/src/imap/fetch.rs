//! FETCH responses and the sections of a message (RFC 9051 §6.4.5 and §7.5.2).

mod line;
mod section;

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::body_structure::BodyStructure;
use super::date::InternalDate;
use super::envelope::Envelope;
use super::event::{LiteralId, LiteralItem};
use super::flag::{self, Flag};
use super::number::{SequenceNumber, Uid};
use super::object_id::ObjectId;
use super::value::{Value, Word};

pub(crate) use line::read;
use section::Form;
pub use section::{PartNumber, Section, SectionText};

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

    /// Returns the modification sequence, if it was told.
    pub fn mod_seq(&self) -> Option<u64> {
        self.items.iter().find_map(|item| match item {
            FetchedItem::ModSeq(mod_seq) => Some(*mod_seq),
            _ => None,
        })
    }

    /// Tells whether the server's description was over a limit, as a whole or in part.
    pub fn is_too_large(&self) -> bool {
        let is_cut = |item: &FetchedItem| matches!(item, FetchedItem::TooLarge { .. });
        self.items.iter().any(is_cut)
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
    /// Bytes of a part without its transfer encoding (RFC 3516).
    Binary {
        /// Which part.
        part: PartNumber,
        /// Where in the decoded part the bytes begin, for a partial FETCH.
        origin: Option<u64>,
        /// The bytes.
        value: BodyValue,
    },
    /// The size of a part without its transfer encoding.
    BinarySize {
        /// Which part.
        part: PartNumber,
        /// Its size in bytes.
        size_bytes: u64,
    },
    /// The id that the message keeps in every mailbox (RFC 8474).
    EmailId(ObjectId),
    /// The id of its thread; `None` where the server tells none.
    ThreadId(Option<ObjectId>),
    /// Its first words, as UTF-8 text; `None` where they are not at hand (RFC 8970).
    Preview(Option<Bytes>),
    /// When it came into this mailbox; `None` where the mailbox does not know (RFC 8514).
    SaveDate(Option<InternalDate>),
    /// Gmail's id of the message.
    GmailMessageId(u64),
    /// Gmail's id of its thread.
    GmailThreadId(u64),
    /// Gmail's labels, in modified UTF-7; system labels begin with a backslash.
    GmailLabels(Vec<Bytes>),
    /// An item over a limit, which is not told: the message nests too deep, has too many parts or
    /// too long a description. An empty name: so is the response as a whole.
    TooLarge {
        /// Its name.
        name: Bytes,
    },
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

/// Tells what a literal is that begins behind these values: those of the response, and those of the
/// list that is open in it.
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

/// Reads the items of a FETCH response; none is lost, and none makes the others void.
/// Those that `cut` names are told as too large.
///
/// ```abnf
/// msg-att = "(" (msg-att-dynamic / msg-att-static)
///           *(SP (msg-att-dynamic / msg-att-static)) ")"
/// ```
/// RFC 9051 §9.
///
/// Servers put an item into parentheses of its own, or leave a value out: the items around it keep
/// their values.
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

/// The items whose value is never one of these names.
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

/// Reads the value of an item; nothing if it does not fit its name.
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
/// RFC 9051 §9. The items that begin with X-GM- are those of X-GM-EXT-1.
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

/// Reads an item whose name holds a section.
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
    /// Reads the bytes of a section.
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
