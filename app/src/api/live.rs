//! Events that the server sends to an open page (`GET {base}/events`, server-sent events).
//!
//! Every event's `data:` is one JSON [`LiveEvent`]; the event name is its `type`.

use serde::{Deserialize, Serialize};

use super::json::DecodeError;
use super::types::{AccountId, FolderId, OutboxId, ViewId};

/// One event of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "LiveEventWire")]
pub enum LiveEvent {
    /// The first event of every stream.
    Hello {
        /// The front-end build that this server serves. If it differs from the page's own build,
        /// the page is out of date.
        build: String,
        /// The id of the newest event.
        seq: String,
    },
    /// A heartbeat, sent while there is no other event.
    Beat {
        /// The maximum time until the next event, in seconds.
        next_secs: u32,
    },
    /// A folder's messages changed: the page fetches the rows it shows again.
    Folder {
        /// The account.
        account: AccountId,
        /// The folder.
        folder: FolderId,
        /// The number of messages in the folder.
        total: u32,
        /// The number of unread messages, if known.
        unread: Option<u32>,
        /// The number of messages that arrived since the previous event of this folder.
        arrived: u32,
    },
    /// A ledger entry changed.
    Outbox {
        /// The entry.
        outbox: OutboxId,
    },
    /// The connection to the mail server was lost or restored.
    Connection {
        /// The account.
        account: AccountId,
        /// The mail server.
        host: String,
        /// Whether the server is reachable.
        is_up: bool,
        /// The time until the next connection attempt, in seconds.
        retry_in_secs: u32,
    },
    /// An account responded for an incomplete list: the same query now returns its rows.
    View {
        /// The view that the pending requests belong to.
        view: ViewId,
        /// The number of accounts that have not responded yet. The view ends at 0.
        pending: u32,
    },
    /// Events were lost: the page fetches everything again.
    Resync,
    /// The stream ends because the session opened newer streams. The page does not reopen it at
    /// once.
    Replaced,
    /// The session ended.
    End,
}

/// The wire form of [`LiveEvent`]: one object with the fields of all variants.
///
/// The code that serde derives for `tag` first buffers the event in a generic tree, which compiles
/// to as much code as 10 other types.
#[derive(Deserialize)]
pub(super) struct LiveEventWire {
    r#type: LiveEventKind,
    build: Option<String>,
    seq: Option<String>,
    account: Option<AccountId>,
    folder: Option<FolderId>,
    total: Option<u32>,
    unread: Option<u32>,
    arrived: Option<u32>,
    outbox: Option<OutboxId>,
    host: Option<String>,
    is_up: Option<bool>,
    retry_in_secs: Option<u32>,
    next_secs: Option<u32>,
    view: Option<ViewId>,
    pending: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LiveEventKind {
    Hello,
    Beat,
    Folder,
    Outbox,
    Connection,
    View,
    Resync,
    Replaced,
    End,
}

impl TryFrom<LiveEventWire> for LiveEvent {
    type Error = DecodeError;

    fn try_from(wire: LiveEventWire) -> Result<Self, DecodeError> {
        wire.event().ok_or(DecodeError)
    }
}

impl LiveEventWire {
    fn event(self) -> Option<LiveEvent> {
        Some(match self.r#type {
            LiveEventKind::Hello => LiveEvent::Hello {
                build: self.build?,
                seq: self.seq?,
            },
            LiveEventKind::Beat => LiveEvent::Beat {
                next_secs: self.next_secs?,
            },
            LiveEventKind::Folder => LiveEvent::Folder {
                account: self.account?,
                folder: self.folder?,
                total: self.total?,
                unread: self.unread,
                arrived: self.arrived?,
            },
            LiveEventKind::Outbox => LiveEvent::Outbox {
                outbox: self.outbox?,
            },
            LiveEventKind::Connection => LiveEvent::Connection {
                account: self.account?,
                host: self.host?,
                is_up: self.is_up?,
                retry_in_secs: self.retry_in_secs?,
            },
            LiveEventKind::View => LiveEvent::View {
                view: self.view?,
                pending: self.pending?,
            },
            LiveEventKind::Resync => LiveEvent::Resync,
            LiveEventKind::Replaced => LiveEvent::Replaced,
            LiveEventKind::End => LiveEvent::End,
        })
    }
}
