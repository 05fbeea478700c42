//! The search keys of SEARCH, SORT and THREAD (RFC 9051 §6.4.4).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::imap::date::Date;
use crate::imap::flag::Keyword;
use crate::imap::object_id::ObjectId;
use crate::imap::sequence_set::SequenceSet;
use crate::imap::text::Text;

/// A search key. The keys of an extension may be used only if the server offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchKey {
    /// Every message.
    All,
    /// Has `\Answered`.
    Answered,
    /// Does not have `\Answered`.
    Unanswered,
    /// Has `\Seen`.
    Seen,
    /// Does not have `\Seen`.
    Unseen,
    /// Has `\Flagged`.
    Flagged,
    /// Does not have `\Flagged`.
    Unflagged,
    /// Has `\Deleted`.
    Deleted,
    /// Does not have `\Deleted`.
    Undeleted,
    /// Has `\Draft`.
    Draft,
    /// Does not have `\Draft`.
    Undraft,
    /// Has this keyword.
    Keyword(Keyword),
    /// Does not have this keyword.
    Unkeyword(Keyword),
    /// Has one of these sequence numbers, or is in the saved result.
    Sequence(SequenceSet),
    /// Has one of these UIDs.
    Uid(SequenceSet),
    /// Has this text in a header field with this name; an empty text matches any message with the
    /// field.
    Header {
        /// The name of the field.
        field: Text,
        /// The text to find in the value of the field.
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
    /// Was written on this day or later, according to its Date field.
    SentSince(Date),
    /// Was written before this day.
    SentBefore(Date),
    /// Was written on this day.
    SentOn(Date),
    /// Was added to this mailbox on this day or later (RFC 8514).
    SavedSince(Date),
    /// Was added to this mailbox before this day.
    SavedBefore(Date),
    /// Was added to this mailbox on this day.
    SavedOn(Date),
    /// Is in a mailbox that stores save dates.
    SaveDateSupported,
    /// Arrived at least this many seconds ago (RFC 5032).
    OlderSecs(NonZeroU32),
    /// Arrived at most this many seconds ago.
    YoungerSecs(NonZeroU32),
    /// Is larger than this size in bytes.
    LargerBytes(u64),
    /// Is smaller than this size in bytes.
    SmallerBytes(u64),
    /// Has this modification sequence or a larger one (RFC 7162).
    ModSeq(u64),
    /// Has this message id (RFC 8474).
    EmailId(ObjectId),
    /// Has this thread id (RFC 8474).
    ThreadId(ObjectId),
    /// Matches a search in Gmail's query syntax.
    GmailRaw(Text),
    /// Has this Gmail message id.
    GmailMessageId(u64),
    /// Has this Gmail thread id.
    GmailThreadId(u64),
    /// Has this Gmail label.
    GmailLabel(Text),
    /// Does not match this key.
    Not(Box<Self>),
    /// Matches at least one of the two keys.
    Or(Box<Self>, Box<Self>),
    /// Matches all of these keys.
    And(Vec<Self>),
}

impl SearchKey {
    /// Returns whether a text in this key is not ASCII, so that the command needs a charset.
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

    /// Returns whether this key contains sequence numbers, whose meaning an EXPUNGE changes.
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
