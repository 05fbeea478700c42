//! What the machine reports.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::capability::Capabilities;
use super::code::Code;
use super::command::Tag;
use super::fetch::{FetchData, Section};
use super::flag::Flag;
use super::list::{ListData, NamespaceData};
use super::number::{SequenceNumber, Uid};
use super::quota::{QuotaData, QuotaRootData};
use super::search::{SearchData, SortData, ThreadTree};
use super::sequence_set::SequenceSet;
use super::status::StatusData;
use super::value::Value;

/// Something the server said, or a state the connection reached.
///
/// Data may come at any time and unasked for. Between the same bytes cut differently only the
/// boundaries of [`LiteralChunk`](Event::LiteralChunk)s differ.
///
/// The [`Bytes`] in an event share the memory of the whole response they came in: copy what is kept
/// for long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The greeting is over, TLS is up where it was asked for, and the capabilities are known:
    /// sign in now. Reported once. What a server says before it is reported only if TLS is up.
    Ready {
        /// The server's words; empty after STARTTLS, where the only greeting came in plaintext.
        greeting: String,
    },
    /// A command is over.
    Completed {
        /// Which one.
        tag: Tag,
        /// How it went.
        status: Status,
        /// The response code.
        code: Option<Code>,
        /// The server's words.
        text: String,
    },
    /// IDLE is on: the server reports changes until [`Command::Done`](super::Command::Done).
    Idling {
        /// The tag of IDLE.
        tag: Tag,
    },
    /// [`Client::capabilities`](super::Client::capabilities) differ from what they were.
    CapabilitiesChanged,
    /// The number of messages in the mailbox.
    Exists(u32),
    /// The number of messages nobody has seen, of RFC 3501. Of no use.
    Recent(u32),
    /// A message is gone, and all later ones have moved up by one.
    Expunge {
        /// Where it was.
        seq: SequenceNumber,
    },
    /// Messages are gone (RFC 7162).
    Vanished {
        /// They went before this connection looked: EXISTS does not count them any more.
        earlier: bool,
        /// Which ones. Hostile servers name ranges of four thousand million.
        uids: SequenceSet,
    },
    /// Data of a message.
    Fetch(FetchData),
    /// A mailbox of the listing, or one that was made, renamed or deleted (NOTIFY).
    List(ListData),
    /// A mailbox of the answer to LSUB. `\Noselect` means here that only something below it is
    /// subscribed (RFC 3501 §6.3.9).
    Lsub(ListData),
    /// The numbers of a mailbox.
    Status(StatusData),
    /// The result of SEARCH.
    Search(SearchData),
    /// The result of SORT.
    Sort(SortData),
    /// The result of THREAD.
    Thread(Vec<ThreadTree>),
    /// What is used of a quota root.
    Quota(QuotaData),
    /// Which quota roots a mailbox counts for.
    QuotaRoot(QuotaRootData),
    /// What ENABLE has switched on, this time.
    Enabled(Capabilities),
    /// The flags that the mailbox knows.
    Flags(Vec<Flag>),
    /// Where mailboxes live.
    Namespace(NamespaceData),
    /// What the server says about itself: field and value.
    Id(Vec<(Bytes, Option<Bytes>)>),
    /// A status response without a tag. With [`Code::Alert`] a person has to be shown the text.
    Untagged {
        /// OK, NO or BAD: a note, a warning, or a complaint about a line.
        status: Status,
        /// The response code.
        code: Option<Code>,
        /// The server's words.
        text: String,
    },
    /// The server is about to close, also as the answer to LOGOUT.
    Bye {
        /// The response code.
        code: Option<Code>,
        /// The server's words: often the only reason that is ever given.
        text: String,
    },
    /// A literal over `imap_inline_literal_bytes` begins. The response that holds it follows after
    /// [`LiteralEnd`](Event::LiteralEnd), with [`Value::Streamed`] or
    /// [`BodyValue::Streamed`](super::BodyValue::Streamed) in its place.
    LiteralStart {
        /// Names it in the events that follow.
        id: LiteralId,
        /// What it is, where it belongs to a FETCH response.
        item: Option<LiteralItem>,
        /// Its announced size in bytes.
        size_bytes: u64,
    },
    /// The next bytes of a literal, never empty.
    LiteralChunk {
        /// Which literal.
        id: LiteralId,
        /// The bytes.
        bytes: Bytes,
    },
    /// A literal was received whole.
    LiteralEnd {
        /// Which literal.
        id: LiteralId,
    },
    /// A response that is not known here, without its `*`.
    Unknown(Vec<Value>),
}

/// How a command went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It was done.
    Ok,
    /// It was refused.
    No,
    /// It was not understood.
    Bad,
}

impl Status {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Bad => "BAD",
        }
    }
}

/// The name of a streamed literal on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LiteralId(pub(crate) u64);

impl fmt::Display for LiteralId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a streamed literal of a FETCH response holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiteralItem {
    /// The message.
    pub seq: SequenceNumber,
    /// Its UID, where the server named it before the literal.
    pub uid: Option<Uid>,
    /// The part of the message.
    pub section: Section,
    /// Where in that part the bytes begin, for a partial FETCH.
    pub origin: Option<u64>,
    /// The bytes are those of the part without its transfer encoding (BINARY).
    pub is_decoded: bool,
}
