//! The events of the POP3 client.

use alloc::vec::Vec;

use bytes::Bytes;

use super::capability::Capabilities;
use super::command::CommandId;
use super::listing::{DropListing, LanguageListing, ScanListing, UniqueIdListing};
use super::response::Response;
use super::session::State;

/// An event of the POP3 client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Greeting, TLS and `CAPA` are complete; the client now runs commands.
    Ready {
        /// The server's capabilities; those announced before TLS are discarded.
        capabilities: Capabilities,
    },
    /// A command succeeded. The last event of all commands but `CAPA`, `STAT`, `RETR`, `TOP` and
    /// `QUIT`.
    Completed {
        /// The command.
        id: CommandId,
        /// The server's response.
        response: Response,
    },
    /// The server refused a command. The last event of the command. The connection stays open,
    /// except after `QUIT`: then some of the marked messages may not have been deleted.
    Rejected {
        /// The command.
        id: CommandId,
        /// The server's response.
        response: Response,
    },
    /// A command was not sent because it is invalid in the state of the session: the user is not
    /// signed in, or is already signed in, or `QUIT` was sent. The last event of the command.
    NotAllowedInState {
        /// The command.
        id: CommandId,
        /// The state of the session.
        state: State,
    },
    /// The server's current capabilities: the response to a `CAPA` after [`Ready`](Self::Ready).
    Capabilities {
        /// The command.
        id: CommandId,
        /// All capabilities; they replace the earlier ones.
        capabilities: Capabilities,
    },
    /// Some lines of `LANG`; [`Completed`](Self::Completed) follows the last.
    Languages {
        /// The command.
        id: CommandId,
        /// The lines, in the server's order.
        rows: Vec<LanguageListing>,
    },
    /// The response to `STAT`.
    Stat {
        /// The command.
        id: CommandId,
        /// The number of messages and their size.
        listing: DropListing,
    },
    /// Some lines of `LIST`, at most 500; [`Completed`](Self::Completed) follows the last.
    Listing {
        /// The command.
        id: CommandId,
        /// The lines, in the server's order.
        rows: Vec<ScanListing>,
    },
    /// Some lines of `UIDL`, at most 500; [`Completed`](Self::Completed) follows the last.
    UniqueIds {
        /// The command.
        id: CommandId,
        /// The lines, in the server's order.
        rows: Vec<UniqueIdListing>,
    },
    /// A chunk of a message (`RETR`, `TOP`) without dot-stuffing, at most 64 KiB, never empty.
    BodyChunk {
        /// The command.
        id: CommandId,
        /// The octets.
        bytes: Bytes,
    },
    /// The message is complete. Without this event it is truncated.
    BodyEnd {
        /// The command.
        id: CommandId,
        /// The size of the message in octets.
        size_bytes: u64,
    },
    /// The server answered `QUIT` with `+OK`: only now the marked messages are deleted.
    /// [`Step::Done`](crate::Step::Done) follows.
    Quit {
        /// The command.
        id: CommandId,
        /// The server's response.
        response: Response,
    },
}
