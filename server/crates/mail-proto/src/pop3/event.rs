//! What the POP3 client reports.

use alloc::vec::Vec;

use bytes::Bytes;

use super::capability::Capabilities;
use super::command::CommandId;
use super::listing::{DropListing, LanguageListing, ScanListing, UniqueIdListing};
use super::response::Response;
use super::session::State;

/// What the machine reports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Greeting, TLS and `CAPA` are done: commands are served from now on.
    Ready {
        /// What the server can do; what it said before TLS is forgotten.
        capabilities: Capabilities,
    },
    /// A command was done: the last event of all but `CAPA`, `STAT`, `RETR`, `TOP` and `QUIT`.
    Completed {
        /// Which.
        id: CommandId,
        /// The server's own words.
        response: Response,
    },
    /// A command was refused: the last event of it. The connection lives on, but for `QUIT`: then
    /// some of the marked messages may not have been deleted.
    Rejected {
        /// Which.
        id: CommandId,
        /// The server's own words.
        response: Response,
    },
    /// A command was not sent, because the session's state does not know it: the last event of it.
    /// Nobody is signed in, or somebody already is, or `QUIT` was sent.
    Misplaced {
        /// Which.
        id: CommandId,
        /// Where the session is.
        state: State,
    },
    /// What the server can do now: the answer to `CAPA` behind the one of [`Ready`](Self::Ready).
    Capabilities {
        /// Which command.
        id: CommandId,
        /// All of it; what was known before is void.
        capabilities: Capabilities,
    },
    /// Some lines of `LANG`; [`Completed`](Self::Completed) follows the last.
    Languages {
        /// Which command.
        id: CommandId,
        /// The lines, in the server's order.
        rows: Vec<LanguageListing>,
    },
    /// `STAT` was answered.
    Stat {
        /// Which command.
        id: CommandId,
        /// What it tells.
        listing: DropListing,
    },
    /// Some lines of `LIST`, at most 500; [`Completed`](Self::Completed) follows the last.
    Listing {
        /// Which command.
        id: CommandId,
        /// The lines, in the server's order.
        rows: Vec<ScanListing>,
    },
    /// Some lines of `UIDL`, at most 500; [`Completed`](Self::Completed) follows the last.
    UniqueIds {
        /// Which command.
        id: CommandId,
        /// The lines, in the server's order.
        rows: Vec<UniqueIdListing>,
    },
    /// A piece of a message (`RETR`, `TOP`), dots taken off, at most 64 KiB, never empty.
    BodyChunk {
        /// Which command.
        id: CommandId,
        /// The octets.
        bytes: Bytes,
    },
    /// The message is complete. Without this event it is not, whatever came before.
    BodyEnd {
        /// Which command.
        id: CommandId,
        /// How many octets it had.
        size_bytes: u64,
    },
    /// `QUIT` was answered with `+OK`: what was marked is deleted, not before.
    /// [`Step::Done`](crate::Step::Done) follows.
    Quit {
        /// Which command.
        id: CommandId,
        /// The server's own words.
        response: Response,
    },
}
