//! SEARCH: what can be looked for, and what was found (RFC 9051 §6.4.4 and §7.3.4).

use alloc::boxed::Box;

use super::command::Tag;
use super::date::Date;
use super::number::Uid;
use super::sequence_set::SequenceSet;
use super::text::Text;
use super::value::Value;

/// A condition of SEARCH.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchKey {
    /// Every message.
    All,
    /// Has `\Seen`.
    Seen,
    /// Has not.
    Unseen,
    /// Has `\Flagged`.
    Flagged,
    /// Has `\Deleted`.
    Deleted,
    /// Is one of these.
    Uid(SequenceSet),
    /// Has this text in a header field of this name; an empty text asks for the field alone.
    Header {
        /// The name of the field.
        field: Text,
        /// Part of its value.
        text: Text,
    },
    /// Arrived on this day or later.
    Since(Date),
    /// Arrived before this day.
    Before(Date),
    /// The condition does not hold.
    Not(Box<Self>),
}

/// The result of a search, of a SEARCH or an ESEARCH response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchData {
    /// The command it answers, where the server says so (ESEARCH).
    pub tag: Option<Tag>,
    /// UIDs or sequence numbers, as asked; `None` when nothing was found.
    pub found: Option<SequenceSet>,
}

impl SearchData {
    /// Reads what stands behind SEARCH: numbers, and with CONDSTORE a list at the end.
    pub(crate) fn parse(values: &[Value]) -> Self {
        let numbers = values
            .iter()
            .filter_map(Value::number32)
            .filter_map(Uid::new);
        Self {
            tag: None,
            found: SequenceSet::from_numbers(numbers),
        }
    }

    /// Reads what stands behind ESEARCH (RFC 4731).
    pub(crate) fn parse_extended(values: &[Value]) -> Option<Self> {
        let (tag, mut rest) = match values {
            [Value::List(correlator), rest @ ..] => {
                let tag = correlator.get(1).and_then(Value::astring);
                (tag.and_then(|tag| Tag::parse(tag)), rest)
            }
            rest => (None, rest),
        };
        if let [uid, behind @ ..] = rest
            && uid.is_atom("UID")
        {
            rest = behind;
        }
        let all = rest
            .as_chunks::<2>()
            .0
            .iter()
            .find(|[name, _]| name.is_atom("ALL"));
        let found = match all {
            Some([_, set]) => Some(SequenceSet::parse(set.astring()?)?),
            None => None,
        };
        Some(Self { tag, found })
    }
}

impl SearchKey {
    /// Tells whether a text in it needs a charset to be named.
    pub(crate) fn needs_utf8(&self) -> bool {
        match self {
            Self::Header { field, text } => {
                !field.as_bytes().is_ascii() || !text.as_bytes().is_ascii()
            }
            Self::Not(key) => key.needs_utf8(),
            Self::All
            | Self::Seen
            | Self::Unseen
            | Self::Flagged
            | Self::Deleted
            | Self::Uid(_)
            | Self::Since(_)
            | Self::Before(_) => false,
        }
    }
}
