//! The events that the client reports.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::capability::Capabilities;
use super::code::Code;
use super::fetch::{FetchData, LiteralItem};
use super::flag::Flag;
use super::list::{ListData, NamespaceData};
use super::number::SequenceNumber;
use super::quota::{QuotaData, QuotaRootData};
use super::search::{SearchData, SortData, ThreadTree};
use super::sequence_set::SequenceSet;
use super::status::StatusData;
use super::tag::Tag;
use super::value::{LiteralId, Value};

/// A response of the server, or a change of the connection state.
///
/// Data can arrive at any time, also unsolicited. The events do not depend on how the input is
/// split, except for the boundaries of [`LiteralChunk`](Event::LiteralChunk)s.
///
/// The [`Bytes`] in an event share the memory of the whole response: copy data that is stored for
/// long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The connection is ready for signing in: the greeting was received, TLS is active if
    /// configured, and the capabilities are known. Reported once. Responses before STARTTLS are not
    /// reported.
    Ready {
        /// The text of the greeting; empty after STARTTLS, because the greeting was plaintext.
        greeting: String,
    },
    /// The server completed a command with a tagged response.
    Completed {
        /// The tag of the command.
        tag: Tag,
        /// The result.
        status: Status,
        /// The response code.
        code: Option<Code>,
        /// The text of the response.
        text: String,
    },
    /// IDLE is running: the server reports changes until [`Command::Done`](super::Command::Done).
    Idling {
        /// The tag of IDLE.
        tag: Tag,
    },
    /// [`Client::capabilities`](super::Client::capabilities) changed.
    CapabilitiesChanged,
    /// The number of messages in the mailbox.
    Exists(u32),
    /// The number of messages with `\Recent`: first reported to this session (RFC 3501 §2.3.2). Not
    /// used.
    Recent(u32),
    /// A message was expunged: all larger sequence numbers decrease by 1.
    Expunge {
        /// The sequence number of the message.
        seq: SequenceNumber,
    },
    /// Messages were expunged (RFC 7162).
    Vanished {
        /// Whether they were expunged before the mailbox was selected, so that EXISTS does not
        /// count them (`EARLIER`).
        earlier: bool,
        /// The UIDs. A hostile server can send ranges of up to 2^32 - 1 UIDs.
        uids: SequenceSet,
    },
    /// The data of a message.
    Fetch(FetchData),
    /// A mailbox of the response to LIST, or one that was created, renamed or deleted (NOTIFY).
    List(ListData),
    /// A mailbox of the response to LSUB. `\Noselect` means here that only a mailbox below it is
    /// subscribed (RFC 3501 §6.3.9).
    Lsub(ListData),
    /// The STATUS data of a mailbox.
    Status(StatusData),
    /// The result of SEARCH.
    Search(SearchData),
    /// The result of SORT.
    Sort(SortData),
    /// The result of THREAD.
    Thread(Vec<ThreadTree>),
    /// The usage and limits of a quota root.
    Quota(QuotaData),
    /// The quota roots of a mailbox.
    QuotaRoot(QuotaRootData),
    /// The extensions that the last ENABLE activated.
    Enabled(Capabilities),
    /// The flags that are defined in the mailbox.
    Flags(Vec<Flag>),
    /// The namespaces of the server.
    Namespace(NamespaceData),
    /// The response to ID: fields and values that identify the server.
    Id(Vec<(Bytes, Option<Bytes>)>),
    /// An untagged status response. With [`Code::Alert`] the text must be shown to the user.
    Untagged {
        /// OK: information. NO: a warning. BAD: a protocol error.
        status: Status,
        /// The response code.
        code: Option<Code>,
        /// The text of the response.
        text: String,
    },
    /// The server is about to close the connection; also sent in response to LOGOUT.
    Bye {
        /// The response code.
        code: Option<Code>,
        /// The text of the response: often the only reason that the server gives.
        text: String,
    },
    /// A literal larger than `imap_inline_literal_bytes` starts. The response that contains it
    /// follows after [`LiteralEnd`](Event::LiteralEnd), with [`Value::Streamed`] or
    /// [`BodyValue::Streamed`](super::BodyValue::Streamed) in place of the literal.
    LiteralStart {
        /// The id of the literal in the following events.
        id: LiteralId,
        /// The content of the literal, if it belongs to a FETCH response.
        item: Option<LiteralItem>,
        /// The announced size in bytes.
        size_bytes: u64,
    },
    /// The next bytes of a literal; never empty.
    LiteralChunk {
        /// The literal.
        id: LiteralId,
        /// The bytes.
        bytes: Bytes,
    },
    /// A literal was received completely.
    LiteralEnd {
        /// The literal.
        id: LiteralId,
    },
    /// A response unknown to this client, without its `*`.
    Unknown(Vec<Value>),
}

/// The result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The command succeeded.
    Ok,
    /// The command was refused or failed.
    No,
    /// The server did not recognize the command.
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
