//! A row of a list as it was fetched: what the list shows, and a small structure for opening.

use app::api::types::MessageId;
use mail_mime::address::Mailbox as Person;
use mail_mime::tree::Part;
use mail_proto::imap::{FetchData, FetchItem, FetchedItem, Flag};

use super::super::bounds::{ROW_BYTES, SUBJECT_MAX_BYTES, cut, few, weight_of as weight_of_person};
use super::super::map;
use super::super::model::{Marks, Row};

/// A larger structure is not kept for opening the message: it is asked for then.
const STRUCTURE_MAX_BYTES: usize = 4 << 10;

/// How much a list asks of its messages: where a server cannot tell all of one, less is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Detail {
    /// Everything that a list shows, and the structure.
    #[default]
    Full,
    /// Without the structure: a message may nest too deep for the server or for us.
    NoStructure,
    /// Without the envelope as well.
    Sizes,
    /// That the message is there.
    Uids,
}

impl Detail {
    /// What is asked for.
    pub(super) fn items(self) -> Vec<FetchItem> {
        let all = [
            FetchItem::Uid,
            FetchItem::Flags,
            FetchItem::InternalDate,
            FetchItem::Rfc822Size,
            FetchItem::Envelope,
            FetchItem::BodyStructure,
        ];
        let count = match self {
            Self::Full => 6,
            Self::NoStructure => 5,
            Self::Sizes => 4,
            Self::Uids => 1,
        };
        all.into_iter().take(count).collect()
    }

    /// The next lower one.
    pub(super) fn less(self) -> Option<Self> {
        match self {
            Self::Full => Some(Self::NoStructure),
            Self::NoStructure => Some(Self::Sizes),
            Self::Sizes => Some(Self::Uids),
            Self::Uids => None,
        }
    }
}

/// A row as it was fetched.
#[derive(Debug, Clone)]
pub(super) struct SeenRow {
    from: Vec<Person>,
    to: Vec<Person>,
    /// `None` where the server did not tell it in a form that can be read.
    subject: Option<String>,
    date_unix_ms: i64,
    size_bytes: u64,
    pub(super) marks: Marks,
    has_attachment: bool,
    /// Where it is small.
    structure: Option<Box<Part>>,
    /// The server's description of the parts cannot be used: the message is read whole.
    pub(super) is_opaque: bool,
    weight_bytes: usize,
}

impl SeenRow {
    /// The row that a FETCH with this much detail told; `None` where it is news about flags.
    pub(super) fn of(data: &FetchData, detail: Detail) -> Option<Self> {
        let is_answer = match detail {
            Detail::Full | Detail::NoStructure => has_item(data, b"ENVELOPE"),
            Detail::Sizes => told_size(data).is_some(),
            Detail::Uids => data.uid().is_some(),
        };
        if !is_answer {
            return None;
        }
        let envelope = data.envelope();
        let structure = data.body_structure().map(map::part_of);
        // Where less was asked for, the server had not told all of this message before.
        let is_opaque =
            structure.is_none() && (detail != Detail::Full || has_item(data, b"BODYSTRUCTURE"));
        let arrived = data.items.iter().find_map(|item| match item {
            FetchedItem::InternalDate(date) => Some(date.unix_secs().saturating_mul(1000)),
            _ => None,
        });
        let has_attachment = structure.as_ref().is_some_and(Part::has_attachment);
        let structure = structure.filter(|root| weight_of(root) <= STRUCTURE_MAX_BYTES);
        let mut row = Self {
            from: envelope.map_or_else(Vec::new, |e| few(map::people_of(e.from()))),
            to: envelope.map_or_else(Vec::new, |e| few(map::people_of(e.to()))),
            subject: envelope.map(|e| cut(map::text_of(e.subject()), SUBJECT_MAX_BYTES)),
            date_unix_ms: arrived.unwrap_or_default(),
            size_bytes: told_size(data).unwrap_or_default(),
            marks: marks_of(data.flags().unwrap_or_default()),
            has_attachment,
            structure: structure.map(Box::new),
            is_opaque,
            weight_bytes: 0,
        };
        row.weight_bytes = row.weigh();
        Some(row)
    }

    /// What the row takes in memory, about.
    pub(super) fn weight_bytes(&self) -> usize {
        self.weight_bytes
    }

    /// The structure of the message, where it is kept.
    pub(super) fn structure(&self) -> Option<&Part> {
        self.structure.as_deref()
    }

    pub(super) fn to_row(&self, id: MessageId, position: u32) -> Row {
        Row {
            id,
            position,
            from: self.from.clone(),
            to: self.to.clone(),
            subject: self.subject.clone().unwrap_or_default(),
            date_unix_ms: self.date_unix_ms,
            size_bytes: self.size_bytes,
            marks: self.marks,
            has_attachment: self.has_attachment,
            is_unreadable: self.subject.is_none(),
        }
    }

    fn weigh(&self) -> usize {
        let people = self.from.iter().chain(&self.to);
        let people: usize = people.map(weight_of_person).sum();
        let subject = self.subject.as_ref().map_or(0, String::len);
        let structure = self.structure.as_deref().map_or(0, weight_of);
        ROW_BYTES + people + subject + structure
    }
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
