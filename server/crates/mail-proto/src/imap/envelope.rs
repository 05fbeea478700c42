//! ENVELOPE: the main header fields of a message, as raw bytes (RFC 9051 §7.5.2).

mod read;

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

/// The main header fields of a message. Encoded words and 8-bit bytes are not decoded.
///
/// All strings share one buffer. Message lists consist mostly of envelopes, and a reference-counted
/// handle per string would cost more than parsing it.
#[derive(Clone, Default)]
pub struct Envelope {
    text: Bytes,
    date: Span,
    subject: Span,
    from: Span,
    sender: Span,
    reply_to: Span,
    to: Span,
    cc: Span,
    bcc: Span,
    in_reply_to: Span,
    message_id: Span,
    /// The entries of all address lists. Equal lists may share their entries.
    entries: Vec<Entry>,
}

/// A range of bytes in the text, or of entries; the default is NIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

/// The positions of the strings of an address.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name: Span,
    mailbox: Span,
    host: Span,
}

/// An entry of an address list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'e> {
    /// An address.
    Mailbox {
        /// The display name.
        name: Option<&'e [u8]>,
        /// The part before the `@`.
        local_part: &'e [u8],
        /// The part after the `@`.
        domain: &'e [u8],
    },
    /// Start of a group: the addresses up to its end belong to it.
    GroupStart {
        /// The name of the group.
        name: &'e [u8],
    },
    /// End of a group.
    GroupEnd,
}

impl Envelope {
    /// Returns `Date` as text.
    pub fn date(&self) -> Option<&[u8]> {
        self.date.of(&self.text)
    }

    /// Returns `Subject`.
    pub fn subject(&self) -> Option<&[u8]> {
        self.subject.of(&self.text)
    }

    /// Returns `From`.
    pub fn from(&self) -> impl ExactSizeIterator<Item = Address<'_>> {
        self.addresses(self.from)
    }

    /// Returns `Sender`; servers repeat `From` here if the field is missing.
    pub fn sender(&self) -> impl ExactSizeIterator<Item = Address<'_>> {
        self.addresses(self.sender)
    }

    /// Returns `Reply-To`; servers repeat `From` here if the field is missing.
    pub fn reply_to(&self) -> impl ExactSizeIterator<Item = Address<'_>> {
        self.addresses(self.reply_to)
    }

    /// Returns `To`.
    pub fn to(&self) -> impl ExactSizeIterator<Item = Address<'_>> {
        self.addresses(self.to)
    }

    /// Returns `Cc`.
    pub fn cc(&self) -> impl ExactSizeIterator<Item = Address<'_>> {
        self.addresses(self.cc)
    }

    /// Returns `Bcc`.
    pub fn bcc(&self) -> impl ExactSizeIterator<Item = Address<'_>> {
        self.addresses(self.bcc)
    }

    /// Returns `In-Reply-To`.
    pub fn in_reply_to(&self) -> Option<&[u8]> {
        self.in_reply_to.of(&self.text)
    }

    /// Returns `Message-ID`.
    pub fn message_id(&self) -> Option<&[u8]> {
        self.message_id.of(&self.text)
    }

    fn addresses(&self, list: Span) -> impl ExactSizeIterator<Item = Address<'_>> {
        let entries = list.of(&self.entries).unwrap_or_default().iter();
        entries.map(|entry| entry.address(&self.text))
    }

    fn texts(&self) -> [(&'static str, Option<&[u8]>); 4] {
        [
            ("date", self.date()),
            ("subject", self.subject()),
            ("in_reply_to", self.in_reply_to()),
            ("message_id", self.message_id()),
        ]
    }

    const fn lists(&self) -> [(&'static str, Span); 6] {
        [
            ("from", self.from),
            ("sender", self.sender),
            ("reply_to", self.reply_to),
            ("to", self.to),
            ("cc", self.cc),
            ("bcc", self.bcc),
        ]
    }
}

/// Compares the contents, not the positions in the buffers.
impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        let mut lists = self.lists().into_iter().zip(other.lists());
        self.texts() == other.texts()
            && lists.all(|((_, one), (_, two))| self.addresses(one).eq(other.addresses(two)))
    }
}

impl Eq for Envelope {}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Envelope");
        for (name, text) in self.texts() {
            shown.field(name, &text.map(Bytes::copy_from_slice));
        }
        for (name, list) in self.lists() {
            shown.field(name, &self.addresses(list).collect::<Vec<_>>());
        }
        shown.finish()
    }
}

impl Span {
    /// NIL: the end is before the start, so it never denotes a range.
    const NIL: Self = Self { start: 1, end: 0 };

    /// Creates a span; NIL beyond 4 GiB, which the limits on responses rule out.
    fn new(start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self { start, end },
            _ => Self::NIL,
        }
    }

    fn of<T>(self, whole: &[T]) -> Option<&[T]> {
        whole.get(self.start as usize..self.end as usize)
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::NIL
    }
}

impl Entry {
    // RFC 9051 §7.5.2: a NIL host starts or ends a group.
    fn address<'e>(&self, text: &'e [u8]) -> Address<'e> {
        match (self.mailbox.of(text), self.host.of(text)) {
            (None, None) => Address::GroupEnd,
            (Some(name), None) => Address::GroupStart { name },
            (local_part, Some(domain)) => Address::Mailbox {
                name: self.name.of(text),
                local_part: local_part.unwrap_or_default(),
                domain,
            },
        }
    }
}
