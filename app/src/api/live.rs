//! What the server tells an open page (`GET {base}/events`, server-sent events).
//!
//! Every event's `data:` is one JSON [`LiveEvent`]; the event name is its `type`.

use serde::{Deserialize, Serialize};

use super::json::Unreadable;
use super::types::{AccountId, FolderId, OutboxId, ViewId};

/// One event of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "LiveEventWire")]
pub enum LiveEvent {
    /// The first event of every stream.
    Hello {
        /// The front-end build that this server serves: another one than the page's own means
        /// that the page is out of date.
        build: String,
        /// The id of the newest event so far.
        seq: String,
    },
    /// The stream is alive. Sent while there is nothing else to send.
    Beat {
        /// When the stream is heard again at the latest, in seconds.
        next_secs: u32,
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
    /// An account answered for a list that was not complete: the same query has its rows now.
    View {
        /// What is under way for the list.
        view: ViewId,
        /// How many accounts are still to answer. With 0 the view is over.
        pending: u32,
    },
    /// Events were missed: the page asks for everything again.
    Resync,
    /// The stream ends because the session opened newer ones. The page opens no other at once.
    Replaced,
    /// The session is over.
    End,
}

/// An event as it travels: the fields of all of them in one object.
///
/// What serde makes of `tag` itself first copies the event into a tree of its own, with as much
/// code as for ten other types.
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
    type Error = Unreadable;

    fn try_from(told: LiveEventWire) -> Result<Self, Unreadable> {
        told.event().ok_or(Unreadable)
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
