//! The arguments of FETCH, STORE and APPEND (RFC 9051 §6.3.12, §6.4.5 and §6.4.6).

use alloc::vec::Vec;

use crate::imap::date::InternalDate;
use crate::imap::flag::Flag;
use crate::imap::mailbox::Mailbox;
use crate::imap::search::PartialRange;
use crate::imap::section::{PartNumber, Section};
use crate::imap::sequence_set::SequenceSet;

/// An item that FETCH requests.
///
/// Items of an extension that the server does not offer are omitted, so that it returns the others.
/// `BINARY` items are sent anyway: a caller needs another item in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchItem {
    /// `UID`
    Uid,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Rfc822Size,
    /// `ENVELOPE`
    Envelope,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `BODY.PEEK[section]<offset.length>`. There is no `BODY[…]`, because a FETCH must not set
    /// `\Seen`.
    BodyPeek {
        /// The part of the message.
        section: Section,
        /// The offset of the first byte and the number of bytes.
        partial: Option<(u64, u32)>,
    },
    /// `BINARY.PEEK[part]<offset.length>`: a part without its transfer encoding (RFC 3516).
    BinaryPeek {
        /// The part; the whole message if empty.
        part: PartNumber,
        /// The offset of the first byte and the number of bytes, in the decoded part.
        partial: Option<(u64, u32)>,
    },
    /// `BINARY.SIZE[part]`: the size of a part without its transfer encoding.
    BinarySize(PartNumber),
    /// `MODSEQ` (RFC 7162)
    ModSeq,
    /// `EMAILID` (RFC 8474)
    EmailId,
    /// `THREADID` (RFC 8474)
    ThreadId,
    /// `PREVIEW` (RFC 8970): the first words of the message.
    Preview {
        /// Only if the server has already generated it (LAZY).
        lazy: bool,
    },
    /// `SAVEDATE` (RFC 8514)
    SaveDate,
    /// `X-GM-MSGID`
    GmailMessageId,
    /// `X-GM-THRID`
    GmailThreadId,
    /// `X-GM-LABELS`
    GmailLabels,
}

/// The modifiers of FETCH (RFC 4466 §2.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FetchModifiers {
    /// `CHANGEDSINCE`: only messages with a larger modification sequence. Omitted if CONDSTORE is
    /// not offered: then the server returns the whole set.
    pub changed_since: Option<u64>,
    /// `VANISHED`: also reports the messages of the set that were expunged since then. Only in UID
    /// FETCH with `changed_since`, after QRESYNC was enabled; omitted otherwise.
    pub vanished: bool,
    /// `PARTIAL` (RFC 9394): a page of the set, only in UID FETCH and if PARTIAL is offered. Always
    /// sent, because without it the server returns the whole set.
    pub partial: Option<PartialRange>,
}

/// The arguments of STORE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The messages.
    pub set: SequenceSet,
    /// Whether `set` holds UIDs instead of sequence numbers.
    pub uid: bool,
    /// How the flags are combined with the present ones.
    pub mode: StoreMode,
    /// The flags. Flags that cannot be set are omitted.
    pub flags: Vec<Flag>,
    /// Whether the server need not report the new flags (`.SILENT`).
    pub silent: bool,
}

/// How STORE combines flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreMode {
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
    /// `FLAGS`: replaces all flags.
    Replace,
}

/// The arguments of APPEND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The destination mailbox.
    pub mailbox: Mailbox,
    /// The flags of the new message. Flags that cannot be set are omitted.
    pub flags: Vec<Flag>,
    /// The INTERNALDATE of the new message; the present time if `None`.
    pub internal_date: Option<InternalDate>,
    /// The size of the message in bytes, with line ends as CRLF. The body must have exactly this
    /// size, otherwise the connection ends with an error. A server may refuse more than
    /// [`append_limit_bytes`](crate::imap::Capabilities::append_limit_bytes).
    pub size_bytes: u64,
}
