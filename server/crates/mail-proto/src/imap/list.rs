//! Mailbox listings: LIST, STATUS and NAMESPACE responses (RFC 9051 §7.3).

use alloc::vec::Vec;

use bytes::Bytes;

use super::mailbox::Mailbox;
use super::number::{Uid, UidValidity};
use super::value::Value;

/// One mailbox of a LIST response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListData {
    /// Its name on the wire.
    pub mailbox: Mailbox,
    /// The byte between the levels of its name; `None` for a flat name.
    pub delimiter: Option<u8>,
    /// What it is.
    pub attributes: Vec<MailboxAttribute>,
}

/// An attribute of a mailbox (RFC 9051 §7.3.1, RFC 6154).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MailboxAttribute {
    /// `\Noselect`: a name that cannot be opened.
    NoSelect,
    /// `\NonExistent`: not there, only subscribed or a parent.
    NonExistent,
    /// `\HasChildren`
    HasChildren,
    /// `\HasNoChildren`
    HasNoChildren,
    /// `\Noinferiors`: can have no children.
    NoInferiors,
    /// `\Marked`
    Marked,
    /// `\Unmarked`
    Unmarked,
    /// `\Subscribed`
    Subscribed,
    /// `\Remote`
    Remote,
    /// `\All`: shows every message.
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`: shows starred messages.
    Flagged,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
    /// `\Important` (RFC 8457)
    Important,
    /// Another one, as the server wrote it.
    Other(Bytes),
}

/// What STATUS can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusItem {
    /// `MESSAGES`
    Messages,
    /// `UNSEEN`
    Unseen,
    /// `UIDNEXT`
    UidNext,
    /// `UIDVALIDITY`
    UidValidity,
}

/// The numbers of one mailbox, those that were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusData {
    /// Its name on the wire.
    pub mailbox: Mailbox,
    /// How many messages there are.
    pub messages: Option<u32>,
    /// How many of them are not `\Seen`.
    pub unseen: Option<u32>,
    /// The UID that the next message will have, or more.
    pub uid_next: Option<Uid>,
    /// The generation of the UIDs.
    pub uid_validity: Option<UidValidity>,
    /// The largest modification sequence (RFC 7162).
    pub highest_mod_seq: Option<u64>,
    /// Items that are not known here, names and values in turn.
    pub others: Vec<Value>,
}

/// Where mailboxes live (RFC 2342).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceData {
    /// One's own.
    pub personal: Vec<Namespace>,
    /// Those of other users.
    pub other_users: Vec<Namespace>,
    /// Those of everybody.
    pub shared: Vec<Namespace>,
}

/// One namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// What its mailbox names begin with.
    pub prefix: Bytes,
    /// The byte between the levels.
    pub delimiter: Option<u8>,
}

impl ListData {
    /// Reads what stands behind LIST.
    pub(crate) fn parse(values: &[Value]) -> Option<Self> {
        let [attributes, delimiter, mailbox, ..] = values else {
            return None;
        };
        let attributes = attributes.list()?.iter().filter_map(Value::astring);
        Some(Self {
            mailbox: Mailbox::from_wire(mailbox.astring()?.clone()),
            delimiter: delimiter.nstring().and_then(|text| text.first().copied()),
            attributes: attributes.map(MailboxAttribute::parse).collect(),
        })
    }

    /// Tells whether the mailbox has this attribute.
    pub fn has(&self, attribute: &MailboxAttribute) -> bool {
        self.attributes.contains(attribute)
    }
}

impl MailboxAttribute {
    const KNOWN: &'static [(Self, &'static str)] = &[
        (Self::NoSelect, "\\Noselect"),
        (Self::NonExistent, "\\NonExistent"),
        (Self::HasChildren, "\\HasChildren"),
        (Self::HasNoChildren, "\\HasNoChildren"),
        (Self::NoInferiors, "\\Noinferiors"),
        (Self::Marked, "\\Marked"),
        (Self::Unmarked, "\\Unmarked"),
        (Self::Subscribed, "\\Subscribed"),
        (Self::Remote, "\\Remote"),
        (Self::All, "\\All"),
        (Self::Archive, "\\Archive"),
        (Self::Drafts, "\\Drafts"),
        (Self::Flagged, "\\Flagged"),
        (Self::Junk, "\\Junk"),
        (Self::Sent, "\\Sent"),
        (Self::Trash, "\\Trash"),
        (Self::Important, "\\Important"),
    ];

    fn parse(text: &Bytes) -> Self {
        let known = Self::KNOWN
            .iter()
            .find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(text));
        known.map_or_else(
            || Self::Other(text.clone()),
            |(attribute, _)| attribute.clone(),
        )
    }

    /// Returns the attribute as it stands on the wire; nothing for those that are not known here.
    pub(crate) fn word(&self) -> Option<&'static str> {
        Self::KNOWN
            .iter()
            .find(|(known, _)| known == self)
            .map(|(_, name)| *name)
    }
}

impl StatusItem {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Messages => "MESSAGES",
            Self::Unseen => "UNSEEN",
            Self::UidNext => "UIDNEXT",
            Self::UidValidity => "UIDVALIDITY",
        }
    }
}

impl StatusData {
    /// Reads what stands behind STATUS.
    pub(crate) fn parse(values: &[Value]) -> Option<Self> {
        let [mailbox, items, ..] = values else {
            return None;
        };
        let mut data = Self {
            mailbox: Mailbox::from_wire(mailbox.astring()?.clone()),
            messages: None,
            unseen: None,
            uid_next: None,
            uid_validity: None,
            highest_mod_seq: None,
            others: Vec::new(),
        };
        for [name, value] in items.list()?.as_chunks::<2>().0 {
            let word = name.astring()?.to_ascii_uppercase();
            match word.as_slice() {
                b"MESSAGES" => data.messages = value.number32(),
                b"UNSEEN" => data.unseen = value.number32(),
                b"UIDNEXT" => data.uid_next = value.number32().and_then(Uid::new),
                b"UIDVALIDITY" => data.uid_validity = value.number32().and_then(UidValidity::new),
                b"HIGHESTMODSEQ" => data.highest_mod_seq = value.number(),
                _ => data.others.extend([name.clone(), value.clone()]),
            }
        }
        Some(data)
    }
}

impl NamespaceData {
    /// Reads what stands behind NAMESPACE.
    pub(crate) fn parse(values: &[Value]) -> Self {
        let spaces = |index: usize| {
            let list = values.get(index).and_then(Value::list).unwrap_or_default();
            list.iter().filter_map(Namespace::parse).collect()
        };
        Self {
            personal: spaces(0),
            other_users: spaces(1),
            shared: spaces(2),
        }
    }
}

impl Namespace {
    fn parse(value: &Value) -> Option<Self> {
        let [prefix, delimiter, ..] = value.list()? else {
            return None;
        };
        Some(Self {
            prefix: prefix.nstring().cloned().unwrap_or_default(),
            delimiter: delimiter.nstring().and_then(|text| text.first().copied()),
        })
    }
}
