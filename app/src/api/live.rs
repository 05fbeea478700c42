//! What the server tells an open page (`GET {base}/events`, server-sent events).
//!
//! Every event's `data:` is one JSON [`LiveEvent`]; the event name is its `type`.

use serde::{Deserialize, Serialize};

use super::types::{AccountId, FolderId, OutboxId};

/// One event of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveEvent {
    /// The first event of every stream.
    Hello {
        /// The front-end build that this server serves: another one than the page's own means
        /// that the page is out of date.
        build: String,
        /// The id of the newest event so far.
        seq: String,
    },
    /// A folder's messages changed: the page asks again for the rows it shows.
    Folder {
        /// The account.
        account: AccountId,
        /// The folder.
        folder: FolderId,
        /// All messages in it now.
        total: u32,
        /// Unread ones, where known.
        unread: Option<u32>,
        /// How many of them are new since the last such event.
        arrived: u32,
    },
    /// An entry of the ledger changed.
    Outbox {
        /// The entry.
        outbox: OutboxId,
    },
    /// The link to the mail server was lost or is back.
    Connection {
        /// The account.
        account: AccountId,
        /// The mail server.
        host: String,
        /// Whether it answers.
        is_up: bool,
        /// The next try, in seconds.
        retry_in_secs: u32,
    },
    /// Events were missed: the page asks for everything again.
    Resync,
    /// The session is over.
    End,
}
