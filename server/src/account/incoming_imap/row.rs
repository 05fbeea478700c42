//! A row of a list as it was fetched: what the list shows, and a small structure for opening.

use std::time::Duration;

use app::api::types::MessageId;
use mail_mime::address::EmailAddress;
use mail_mime::header::Headers;
use mail_mime::tree::Part;
use mail_proto::imap::{BodyValue, FetchData, FetchItem, FetchedItem, Flag, Section, SectionText};
use tokio::time::Instant;

use super::super::whole::read_headers;
use super::described;
use crate::domain::bounds::{
    ROW_BYTES, SUBJECT_MAX_BYTES, cut, few, weight_of as weight_of_address,
};
use crate::domain::{Marks, Row};

/// A larger structure is not kept for opening the message: it is asked for then.
const STRUCTURE_MAX_BYTES: usize = 4 << 10;

/// The fields of a header that a list shows, for a message whose envelope cannot be read.
const HEADER_FIELDS: [&str; 6] = ["Date", "From", "To", "Subject", "Received", "Content-Type"];
/// The most of them that is fetched, in bytes.
const HEADER_FIELDS_MAX_BYTES: u32 = 16 << 10;
/// What is kept of a server's words about one message, in bytes.
const REFUSAL_MAX_BYTES: usize = 200;
/// A message that the server did not describe is asked for again after this time.
const SETTLED_FOR: Duration = Duration::from_secs(60);
/// Dates before the second day of 1970 are what servers write that have none.
const FIRST_DATE_UNIX_MS: i64 = 86_400_000;

/// How much a list asks of its messages: where a server cannot tell all of one, less is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Detail {
    /// Everything that a list shows, and the structure.
    #[default]
    Full,
    /// Fields of the header in place of envelope and structure: octets of the message, which no
    /// server has to describe.
    Header,
    /// Without the header as well.
    Sizes,
    /// That the message is there.
    Uids,
}

impl Detail {
    /// What is asked for.
    pub(super) fn items(self) -> Vec<FetchItem> {
        let mut items = vec![FetchItem::Uid];
        if self != Self::Uids {
            items.extend([
                FetchItem::Flags,
                FetchItem::InternalDate,
                FetchItem::Rfc822Size,
            ]);
        }
        match self {
            Self::Full => items.extend([FetchItem::Envelope, FetchItem::BodyStructure]),
            Self::Header => items.push(FetchItem::BodyPeek {
                section: Section::header_fields(&HEADER_FIELDS),
                partial: Some((0, HEADER_FIELDS_MAX_BYTES)),
            }),
            Self::Sizes | Self::Uids => {}
        }
        items
    }

    /// The next lower one.
    pub(super) fn less(self) -> Option<Self> {
        match self {
            Self::Full => Some(Self::Header),
            Self::Header => Some(Self::Sizes),
            Self::Sizes => Some(Self::Uids),
            Self::Uids => None,
        }
    }
}

/// A row as it was fetched.
#[derive(Debug, Clone, Default)]
pub(super) struct SeenRow {
    from: Vec<EmailAddress>,
    to: Vec<EmailAddress>,
    /// `None` where the server did not tell it in a form that can be read.
    subject: Option<String>,
    /// When the message arrived, where the server told a date that can be.
    arrived_unix_ms: Option<i64>,
    /// When it was written or received, by its own header.
    written_unix_ms: Option<i64>,
    size_bytes: Option<u64>,
    pub(super) marks: Marks,
    has_attachment: bool,
    /// Where it is small.
    structure: Option<Box<Part>>,
    /// The server's description of the parts cannot be used: the message is read whole.
    pub(super) is_opaque: bool,
    /// Since when nothing more is asked of the server.
    settled_at: Option<Instant>,
    /// The server's words, where it refused to describe the message.
    refusal: String,
    weight_bytes: usize,
}

impl SeenRow {
    /// The row that a FETCH with this much detail told; `None` where it is news about flags.
    pub(super) fn of(data: &FetchData, detail: Detail) -> Option<Self> {
        let header = header_fields_of(data);
        let size_bytes = told_size(data);
        let is_answer = has_item(data, b"ENVELOPE")
            || header.is_some()
            || size_bytes.is_some()
            || detail == Detail::Uids && data.uid().is_some();
        if !is_answer {
            return None;
        }
        let structure = data.body_structure().map(described::part_of);
        // Where less was asked for, the server had not told all of this message before.
        let is_opaque =
            structure.is_none() && (detail != Detail::Full || has_item(data, b"BODYSTRUCTURE"));
        let has_attachment = structure.as_ref().is_some_and(Part::has_attachment);
        let structure = structure.filter(|root| weight_of(root) <= STRUCTURE_MAX_BYTES);
        let mut row = Self {
            arrived_unix_ms: arrived_of(data),
            size_bytes,
            marks: marks_of(data.flags().unwrap_or_default()),
            has_attachment,
            structure: structure.map(Box::new),
            is_opaque,
            ..Self::default()
        };
        if let Some(envelope) = data.envelope() {
            row.from = few(described::people_of(envelope.from()));
            row.to = few(described::people_of(envelope.to()));
            row.subject = Some(cut(
                described::text_of(envelope.subject()),
                SUBJECT_MAX_BYTES,
            ));
            row.written_unix_ms = envelope.date().and_then(described::date_of);
        } else if let Some(headers) = header.map(read_headers) {
            row.from = few(headers.from());
            row.to = few(headers.to());
            row.subject = Some(cut(headers.subject(), SUBJECT_MAX_BYTES));
            row.written_unix_ms = headers.date_or_received().map(|date| date.unix_ms);
            row.has_attachment = is_mixed(&headers);
        }
        row.weight_bytes = row.weigh();
        Some(row)
    }

    /// Whether more may be asked of the server about this message.
    pub(super) fn is_wanting(&self) -> bool {
        let is_told = self.subject.is_some() && self.date_unix_ms().is_some();
        !is_told && self.settled_at.is_none_or(|at| at.elapsed() > SETTLED_FOR)
    }

    /// Whether the server told anything of the message but that it is there.
    pub(super) fn is_bare(&self) -> bool {
        self.subject.is_none() && self.size_bytes.is_none() && self.arrived_unix_ms.is_none()
    }

    /// Takes what another answer about the same message told and this one did not.
    pub(super) fn complete(&mut self, other: Self) {
        if self.subject.is_none() && other.subject.is_some() {
            self.from = other.from;
            self.to = other.to;
            self.subject = other.subject;
        }
        self.arrived_unix_ms = self.arrived_unix_ms.or(other.arrived_unix_ms);
        self.written_unix_ms = self.written_unix_ms.or(other.written_unix_ms);
        self.size_bytes = self.size_bytes.or(other.size_bytes);
        self.has_attachment |= other.has_attachment;
        if self.structure.is_none() && other.structure.is_some() {
            self.structure = other.structure;
            self.is_opaque = false;
        }
        self.weight_bytes = self.weigh();
    }

    /// Says that nothing more is asked for now. `refusal` are the server's words, if it refused.
    pub(super) fn settle(&mut self, refusal: &str) {
        self.settled_at = Some(Instant::now());
        self.is_opaque |= self.structure.is_none();
        if self.subject.is_none() {
            self.refusal = cut(refusal.to_owned(), REFUSAL_MAX_BYTES);
        }
        self.weight_bytes = self.weigh();
    }

    /// What the row takes in memory, about.
    pub(super) fn weight_bytes(&self) -> usize {
        self.weight_bytes
    }

    /// The structure of the message, where it is kept.
    pub(super) fn structure(&self) -> Option<&Part> {
        self.structure.as_deref()
    }

    fn date_unix_ms(&self) -> Option<i64> {
        self.arrived_unix_ms.or(self.written_unix_ms)
    }

    pub(super) fn to_row(&self, id: MessageId, position: u32) -> Row {
        Row {
            id,
            position,
            from: self.from.clone(),
            to: self.to.clone(),
            subject: self.subject.clone().unwrap_or_default(),
            date_unix_ms: self.date_unix_ms(),
            size_bytes: self.size_bytes.unwrap_or_default(),
            marks: self.marks,
            has_attachment: self.has_attachment,
            is_unreadable: self.subject.is_none(),
            refusal: self.refusal.clone(),
        }
    }

    fn weigh(&self) -> usize {
        let people = self.from.iter().chain(&self.to);
        let people: usize = people.map(weight_of_address).sum();
        let subject = self.subject.as_ref().map_or(0, String::len);
        let structure = self.structure.as_deref().map_or(0, weight_of);
        ROW_BYTES + people + subject + structure + self.refusal.len()
    }
}

/// When a message arrived, where the server told a date that can be.
pub(super) fn arrived_of(data: &FetchData) -> Option<i64> {
    let told = data.items.iter().find_map(|item| match item {
        FetchedItem::InternalDate(date) => Some(date.unix_secs().saturating_mul(1000)),
        _ => None,
    });
    told.filter(|unix_ms| *unix_ms >= FIRST_DATE_UNIX_MS)
}

/// Whether a message most likely has attachments, where its parts are not known.
fn is_mixed(headers: &Headers) -> bool {
    let content_type = headers.first("Content-Type").map(|field| field.raw());
    let kind = content_type.unwrap_or_default().trim_ascii_start();
    let mixed = b"multipart/mixed";
    kind.get(..mixed.len())
        .is_some_and(|kind| kind.eq_ignore_ascii_case(mixed))
}

/// The fields of the header, where they were told.
fn header_fields_of(data: &FetchData) -> Option<&[u8]> {
    data.items.iter().find_map(|item| match item {
        FetchedItem::Body {
            section,
            value: BodyValue::Inline(bytes),
            ..
        } if matches!(section.text, Some(SectionText::HeaderFields(_))) => Some(&bytes[..]),
        _ => None,
    })
}

/// What a structure takes in memory, about.
fn weight_of(root: &Part) -> usize {
    let mut weight = 0;
    let mut open = vec![root];
    while let Some(part) = open.pop() {
        let params: usize = part
            .params
            .iter()
            .map(|(k, v)| k.len() + v.len() + 48)
            .sum();
        weight += size_of::<Part>()
            + params
            + part.section.len()
            + part.media_type.len()
            + part.name.as_ref().map_or(0, String::len)
            + part.content_id.as_ref().map_or(0, String::len);
        open.extend(&part.children);
    }
    weight
}

/// Whether the server told an item, in whatever form.
fn has_item(data: &FetchData, wanted: &[u8]) -> bool {
    data.items.iter().any(|item| match item {
        FetchedItem::Envelope(_) => wanted == b"ENVELOPE",
        FetchedItem::BodyStructure(_) => wanted == b"BODYSTRUCTURE",
        FetchedItem::TooLarge { name } | FetchedItem::Unknown { name, .. } => {
            name.eq_ignore_ascii_case(wanted)
        }
        _ => false,
    })
}

/// RFC822.SIZE, where it was told.
fn told_size(data: &FetchData) -> Option<u64> {
    data.items.iter().find_map(|item| match item {
        FetchedItem::Rfc822Size(size) => Some(*size),
        _ => None,
    })
}

/// The marks that the page knows, of the flags of a message.
pub(super) fn marks_of(flags: &[Flag]) -> Marks {
    let mut marks = Marks::default();
    for flag in flags {
        match flag {
            Flag::Seen => marks.is_seen = true,
            Flag::Flagged => marks.is_starred = true,
            Flag::Answered => marks.is_answered = true,
            Flag::Keyword(word) if word.as_str().eq_ignore_ascii_case("$Forwarded") => {
                marks.is_forwarded = true;
            }
            _ => {}
        }
    }
    marks
}
