//! What FETCH, STORE and APPEND are about (RFC 9051 §6.3.12, §6.4.5 and §6.4.6).

use alloc::vec::Vec;

use crate::imap::date::InternalDate;
use crate::imap::fetch::{PartNumber, Section};
use crate::imap::flag::Flag;
use crate::imap::mailbox::Mailbox;
use crate::imap::search::PartialRange;
use crate::imap::sequence_set::SequenceSet;

/// One item that FETCH asks for.
///
/// Items of an extension that is not offered are left out, so that the others are told; but not
/// `BINARY`, in whose place something else would have to be asked for.
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
    /// `BODY.PEEK[section]<offset.length>`: the only form there is here, because reading must not
    /// mark a message read by itself.
    BodyPeek {
        /// The part of the message.
        section: Section,
        /// First byte and number of bytes.
        partial: Option<(u64, u32)>,
    },
    /// `BINARY.PEEK[part]<offset.length>`: a part without its transfer encoding (RFC 3516).
    BinaryPeek {
        /// The part; all of the message if empty.
        part: PartNumber,
        /// First byte and number of bytes, of the decoded part.
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
    /// `PREVIEW` (RFC 8970): the first words.
    Preview {
        /// Only if the server has it at hand.
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

/// What FETCH is narrowed by (RFC 4466 §2.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FetchModifiers {
    /// `CHANGEDSINCE`: messages with a larger modification sequence. Left out where CONDSTORE is
    /// not offered: then all of the set are told.
    pub changed_since: Option<u64>,
    /// `VANISHED`: tells which of the set are gone since then. Only in UID FETCH, with
    /// `changed_since`, after QRESYNC was enabled; left out elsewhere.
    pub vanished: bool,
    /// `PARTIAL` (RFC 9394): a page of the set, only in UID FETCH and where PARTIAL is offered.
    /// Sent in any case, for without it all of the set are told.
    pub partial: Option<PartialRange>,
}

/// What STORE changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Which messages.
    pub set: SequenceSet,
    /// The set holds UIDs.
    pub uid: bool,
    /// How the flags are combined with those that are set.
    pub mode: StoreMode,
    /// The flags. Those that cannot be set are left out.
    pub flags: Vec<Flag>,
    /// The new flags need not be reported (`.SILENT`).
    pub silent: bool,
}

/// How STORE combines flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreMode {
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
    /// `FLAGS`: these and no others.
    Replace,
}

/// What APPEND announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Where to.
    pub mailbox: Mailbox,
    /// The flags of the new message. Those that cannot be set are left out.
    pub flags: Vec<Flag>,
    /// Its INTERNALDATE; now, if not given.
    pub internal_date: Option<InternalDate>,
    /// Its size in bytes, line ends as CRLF included. The body has to have exactly this size, else
    /// the connection is ended. A server may refuse more than
    /// [`append_limit_bytes`](crate::imap::Capabilities::append_limit_bytes).
    pub size_bytes: u64,
}
