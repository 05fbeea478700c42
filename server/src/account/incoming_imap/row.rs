//! A fetched list row: what the list shows, and a small structure for opening the message.

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

/// Maximum size of a cached structure, in bytes. A larger one is fetched again when the message is
/// opened.
const STRUCTURE_MAX_BYTES: usize = 4 << 10;

/// The header fields that a list shows, for a message whose envelope cannot be parsed.
const HEADER_FIELDS: [&str; 6] = ["Date", "From", "To", "Subject", "Received", "Content-Type"];
/// Maximum size of the fetched header fields, in bytes.
const HEADER_FIELDS_MAX_BYTES: u32 = 16 << 10;
/// Maximum length of a stored refusal of one message, in bytes.
const REFUSAL_MAX_BYTES: usize = 200;
/// Time until a message that the server did not describe is requested again.
const DETAIL_RETRY_AFTER: Duration = Duration::from_secs(60);
/// Earlier dates are ignored: servers without a date write one before 1970-01-02.
const FIRST_DATE_UNIX_MS: i64 = 86_400_000;

/// How much is requested of the messages of a list: less if a server cannot describe all of a
/// message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Detail {
    /// All items that a list shows, and the structure.
    #[default]
    Full,
    /// Header fields instead of envelope and structure: literal octets, which the server does not
    /// have to parse.
    Header,
    /// As `Header`, but without the header fields.
    Sizes,
    /// Only the UID.
    Uids,
}

impl Detail {
    /// Returns the items to fetch.
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

    /// Returns the next lower level.
    pub(super) fn reduced(self) -> Option<Self> {
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
pub(super) struct FetchedRow {
    from: Vec<EmailAddress>,
    to: Vec<EmailAddress>,
    /// `None` if the server did not return it in a readable form.
    subject: Option<String>,
    /// When the message arrived, if the server returned a plausible date.
    arrived_unix_ms: Option<i64>,
    /// When it was written or received, by its header.
    written_unix_ms: Option<i64>,
    size_bytes: Option<u64>,
    pub(super) marks: Marks,
    has_attachment: bool,
    /// Only if it is at most [`STRUCTURE_MAX_BYTES`].
    structure: Option<Box<Part>>,
    /// Whether the structure was compared with the headers of the parts.
    is_compared: bool,
    /// The server's description of the parts cannot be used: the message is fetched whole.
    pub(super) is_opaque: bool,
    /// When requests for more detail ended.
    settled_at: Option<Instant>,
    /// The server's reply, if it refused to describe the message.
    refusal: String,
    weight_bytes: usize,
}

impl FetchedRow {
    /// Builds the row of a FETCH response with this much detail; `None` if it is only a flag
    /// update.
    pub(super) fn of(data: &FetchData, detail: Detail) -> Option<Self> {
        let header = header_fields_of(data);
        let size_bytes = rfc822_size(data);
        let is_list_data = has_item(data, b"ENVELOPE")
            || header.is_some()
            || size_bytes.is_some()
            || detail == Detail::Uids && data.uid().is_some();
        if !is_list_data {
            return None;
        }
        let structure = data.body_structure().map(described::part_of);
        // A request for less detail means that the server had not described the message fully
        // before.
        let is_opaque =
            structure.is_none() && (detail != Detail::Full || has_item(data, b"BODYSTRUCTURE"));
        let has_attachment = structure.as_ref().is_some_and(Part::has_attachment);
        let text_charset = structure.as_ref().and_then(Part::text_charset);
        let text_charset = text_charset.map(str::to_owned);
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
            let charset = text_charset.as_deref();
            row.from = few(described::addresses_of(envelope.from(), charset));
            row.to = few(described::addresses_of(envelope.to(), charset));
            let subject = described::text_of(envelope.subject(), charset);
            row.subject = Some(cut(subject, SUBJECT_MAX_BYTES));
            row.written_unix_ms = envelope.date().and_then(described::date_of);
        } else if let Some(headers) = header.map(read_headers) {
            row.from = few(headers.from());
            row.to = few(headers.to());
            row.subject = Some(cut(headers.subject(), SUBJECT_MAX_BYTES));
            row.written_unix_ms = headers.date_or_received().map(|date| date.unix_ms);
            row.has_attachment = is_mixed(&headers);
        }
        row.weight_bytes = row.compute_weight();
        Some(row)
    }

    /// Whether more detail of this message may be requested.
    pub(super) fn needs_detail(&self) -> bool {
        let is_described = self.subject.is_some() && self.date_unix_ms().is_some();
        !is_described
            && self
                .settled_at
                .is_none_or(|at| at.elapsed() > DETAIL_RETRY_AFTER)
    }

    /// Whether the server returned nothing of the message except that it exists.
    pub(super) fn is_bare(&self) -> bool {
        self.subject.is_none() && self.size_bytes.is_none() && self.arrived_unix_ms.is_none()
    }

    /// Fills in the items of another response for the same message that this one lacks.
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
        self.weight_bytes = self.compute_weight();
    }

    /// Ends requests for more detail for now. `refusal` is the server's reply, if it refused.
    pub(super) fn settle(&mut self, refusal: &str) {
        self.settled_at = Some(Instant::now());
        self.is_opaque |= self.structure.is_none();
        if self.subject.is_none() {
            self.refusal = cut(refusal.to_owned(), REFUSAL_MAX_BYTES);
        }
        self.weight_bytes = self.compute_weight();
    }

    /// The approximate memory size of the row.
    pub(super) fn weight_bytes(&self) -> usize {
        self.weight_bytes
    }

    /// Replaces the structure by one that was compared with the headers of the parts.
    pub(super) fn set_structure(&mut self, root: &Part) {
        let is_small = weight_of(root) <= STRUCTURE_MAX_BYTES;
        self.structure = is_small.then(|| Box::new(root.clone()));
        self.is_compared = is_small;
        self.has_attachment = root.has_attachment();
        self.weight_bytes = self.compute_weight();
    }

    /// Whether the message has attachments.
    pub(super) fn has_attachment(&self) -> bool {
        self.has_attachment
    }

    /// Sets whether the message has attachments, if its structure does not say so.
    pub(super) fn set_has_attachment(&mut self, has_attachment: bool) {
        self.has_attachment = has_attachment;
    }

    /// Whether the cached structure was compared with the headers of the parts.
    pub(super) fn is_compared(&self) -> bool {
        self.is_compared
    }

    /// The structure of the message, if cached.
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

    fn compute_weight(&self) -> usize {
        let addresses = self.from.iter().chain(&self.to);
        let addresses: usize = addresses.map(weight_of_address).sum();
        let subject = self.subject.as_ref().map_or(0, String::len);
        let structure = self.structure.as_deref().map_or(0, weight_of);
        ROW_BYTES + addresses + subject + structure + self.refusal.len()
    }
}

/// Returns when a message arrived, if the server returned a plausible date.
pub(super) fn arrived_of(data: &FetchData) -> Option<i64> {
    let date_unix_ms = data.items.iter().find_map(|item| match item {
        FetchedItem::InternalDate(date) => Some(date.unix_secs().saturating_mul(1000)),
        _ => None,
    });
    date_unix_ms.filter(|unix_ms| *unix_ms >= FIRST_DATE_UNIX_MS)
}

/// Whether a message probably has attachments; used if its parts are unknown.
fn is_mixed(headers: &Headers) -> bool {
    let content_type = headers.first("Content-Type").map(|field| field.raw());
    let kind = content_type.unwrap_or_default().trim_ascii_start();
    let mixed = b"multipart/mixed";
    kind.get(..mixed.len())
        .is_some_and(|kind| kind.eq_ignore_ascii_case(mixed))
}

/// Returns the header fields, if they were returned.
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

/// Returns the approximate memory size of a structure.
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

/// Whether the server returned an item, in whatever form.
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

/// Returns RFC822.SIZE, if it was returned.
fn rfc822_size(data: &FetchData) -> Option<u64> {
    data.items.iter().find_map(|item| match item {
        FetchedItem::Rfc822Size(size) => Some(*size),
        _ => None,
    })
}

/// Returns the page's marks for the flags of a message.
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
