//! The conditions of SEARCH, SORT and THREAD (RFC 9051 §6.4.4).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::imap::date::Date;
use crate::imap::flag::Keyword;
use crate::imap::object_id::ObjectId;
use crate::imap::sequence_set::SequenceSet;
use crate::imap::text::Text;

/// A condition of SEARCH. Those of an extension are to be used where it is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchKey {
    /// Every message.
    All,
    /// Has `\Answered`.
    Answered,
    /// Has not.
    Unanswered,
    /// Has `\Seen`.
    Seen,
    /// Has not.
    Unseen,
    /// Has `\Flagged`.
    Flagged,
    /// Has not.
    Unflagged,
    /// Has `\Deleted`.
    Deleted,
    /// Has not.
    Undeleted,
    /// Has `\Draft`.
    Draft,
    /// Has not.
    Undraft,
    /// Has this keyword.
    Keyword(Keyword),
    /// Has not.
    Unkeyword(Keyword),
    /// Is one of these, by sequence numbers, or is in the saved result.
    Sequence(SequenceSet),
    /// Is one of these.
    Uid(SequenceSet),
    /// Has this text in a header field of this name; an empty text asks for the field alone.
    Header {
        /// The name of the field.
        field: Text,
        /// Part of its value.
        text: Text,
    },
    /// Has this text in From.
    From(Text),
    /// Has this text in To.
    To(Text),
    /// Has this text in Cc.
    Cc(Text),
    /// Has this text in Bcc.
    Bcc(Text),
    /// Has this text in Subject.
    Subject(Text),
    /// Has this text in its body.
    Body(Text),
    /// Has this text in its header or body.
    Text(Text),
    /// Arrived on this day or later.
    Since(Date),
    /// Arrived before this day.
    Before(Date),
    /// Arrived on this day.
    On(Date),
    /// Was written on this day or later, by its Date field.
    SentSince(Date),
    /// Was written before this day.
    SentBefore(Date),
    /// Was written on this day.
    SentOn(Date),
    /// Came into this mailbox on this day or later (RFC 8514).
    SavedSince(Date),
    /// Came into this mailbox before this day.
    SavedBefore(Date),
    /// Came into this mailbox on this day.
    SavedOn(Date),
    /// Is in a mailbox that knows when its messages came.
    SaveDateSupported,
    /// Arrived at least this long ago (RFC 5032).
    OlderSecs(NonZeroU32),
    /// Arrived at most this long ago.
    YoungerSecs(NonZeroU32),
    /// Has more bytes.
    LargerBytes(u64),
    /// Has fewer bytes.
    SmallerBytes(u64),
    /// Has this modification sequence or a larger one (RFC 7162).
    ModSeq(u64),
    /// Is this message (RFC 8474).
    EmailId(ObjectId),
    /// Is in this thread.
    ThreadId(ObjectId),
    /// Matches a search as it is typed into Gmail.
    GmailRaw(Text),
    /// Is this message of Gmail's.
    GmailMessageId(u64),
    /// Is in this thread of Gmail's.
    GmailThreadId(u64),
    /// Has this label of Gmail's.
    GmailLabel(Text),
    /// The condition does not hold.
    Not(Box<Self>),
    /// One of the two holds.
    Or(Box<Self>, Box<Self>),
    /// All of these hold.
    And(Vec<Self>),
}

impl SearchKey {
    /// Tells whether a text in it needs a charset to be named.
    pub(crate) fn needs_utf8(&self) -> bool {
        match self {
            Self::Header { field, text } => !is_ascii(field) || !is_ascii(text),
            Self::From(text)
            | Self::To(text)
            | Self::Cc(text)
            | Self::Bcc(text)
            | Self::Subject(text)
            | Self::Body(text)
            | Self::Text(text)
            | Self::GmailRaw(text)
            | Self::GmailLabel(text) => !is_ascii(text),
            Self::Not(key) => key.needs_utf8(),
            Self::Or(either, or) => either.needs_utf8() || or.needs_utf8(),
            Self::And(keys) => keys.iter().any(Self::needs_utf8),
            _ => false,
        }
    }

    /// Tells whether there are sequence numbers in it, whose meaning an EXPUNGE changes.
    pub(crate) fn has_sequence_numbers(&self) -> bool {
        match self {
            Self::Sequence(set) => !set.is_saved_result(),
            Self::Not(key) => key.has_sequence_numbers(),
            Self::Or(either, or) => either.has_sequence_numbers() || or.has_sequence_numbers(),
            Self::And(keys) => keys.iter().any(Self::has_sequence_numbers),
            _ => false,
        }
    }
}

fn is_ascii(text: &Text) -> bool {
    text.as_bytes().is_ascii()
}
