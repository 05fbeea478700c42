//! Incoming mail over IMAP: at most 2 connections, one on INBOX, one for all other mailboxes.
//!
//! Each connection is an [`imap_worker::ImapWorker`], a separate task: a large download from one
//! folder does not delay INBOX. The workers share folders and undo records ([`shared::Shared`]).

mod copies;
mod described;
mod folder_changes;
mod folders;
mod half_moves;
mod imap_worker;
mod order;
mod returned;
mod row;
mod search_keys;
mod selected;
mod sent_copies;
mod shared;
mod undo;

use std::sync::{Arc, Mutex, PoisonError};

use app::api::types::{FolderId, Limitation};
use mail_net::Phase;
use mail_proto::imap::Capability;
use tokio::sync::mpsc;

use super::dependencies::Dependencies;
use super::error::AccountError;
use super::model::SignIn;
use super::worker::{self, Closed, Request, RequestTarget};
use crate::domain::{Filing, INBOX_ID};
use imap_worker::{ImapWorker, ImapWorkerKind};
use selected::ImapConnection;
use sent_copies::SentCopies;
use shared::Shared;
use undo::Undo;

/// A copy larger than this, in bytes, is appended over the other connection, so that it does not
/// delay INBOX.
const LARGE_COPY_BYTES: u64 = 2 << 20;

/// An account's IMAP side.
pub(super) struct ImapIncoming {
    shared: Arc<Shared>,
    inbox: mpsc::Sender<Request>,
    /// The other worker: started when needed, ended after a time without requests.
    other: Mutex<Option<mpsc::Sender<Request>>>,
    limitations: Vec<Limitation>,
}

impl ImapIncoming {
    /// Signs in, with a single attempt, and starts the first fetch of the mailbox.
    pub(super) async fn open(
        sign_in: SignIn,
        dependencies: Dependencies,
    ) -> Result<Self, AccountError> {
        let Dependencies {
            key,
            dialer,
            client,
            pages,
            closing,
            store,
            budget,
            local_mail: _,
        } = dependencies;
        let access = sign_in.incoming_access();
        let connection =
            ImapConnection::open(&dialer, &access, client, Phase::SignIn, budget.clone()).await?;
        let mut limitations = Vec::new();
        if !connection.capabilities().has(Capability::Idle) {
            limitations.push(Limitation::Polled { every_secs: 60 });
        }
        if !connection.capabilities().has(Capability::Move) {
            limitations.push(Limitation::NoMove);
        }
        let is_gmail = connection.capabilities().has(Capability::Gmail);
        let files_copies = sent_copies::files_copies(is_gmail, &sign_in.outgoing.host);
        let (changes, receiver) = folder_changes::channel_of(&key);
        let shared = Arc::new(Shared {
            key,
            store,
            changes,
            _changes_receiver: receiver,
            access,
            budget,
            dialer,
            pages,
            closing,
            state: Default::default(),
        });
        if files_copies {
            shared.set_sent_copies(SentCopies::ByServer);
        }
        let inbox = spawn(Arc::clone(&shared), ImapWorkerKind::Inbox, Some(connection));
        Ok(Self {
            shared,
            inbox,
            other: Mutex::new(None),
            limitations,
        })
    }

    /// What this server does not support.
    pub(super) fn limitations(&self) -> &[Limitation] {
        &self.limitations
    }

    /// Hands a request to the worker that serves its folder.
    pub(super) async fn send(&self, request: Request) -> Result<(), Closed> {
        if self.is_for_inbox(&request.target) {
            return self.inbox.send(request).await.map_err(|_| Closed);
        }
        let request = match self.open_other() {
            Some(other) => match other.send(request).await {
                Ok(()) => return Ok(()),
                // The worker ended meanwhile.
                Err(closed) => closed.0,
            },
            None => request,
        };
        self.other()?.send(request).await.map_err(|_| Closed)
    }

    /// Returns the other worker, if it runs.
    fn open_other(&self) -> Option<mpsc::Sender<Request>> {
        let other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
        other.clone().filter(|other| !other.is_closed())
    }

    /// Returns the other worker; starts it if it does not run.
    fn other(&self) -> Result<mpsc::Sender<Request>, Closed> {
        if self.shared.closing.is_cancelled() {
            return Err(Closed);
        }
        let mut other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
        match &*other {
            Some(open) if !open.is_closed() => Ok(open.clone()),
            _ => {
                let opened = spawn(Arc::clone(&self.shared), ImapWorkerKind::Other, None);
                Ok(other.insert(opened).clone())
            }
        }
    }

    fn is_for_inbox(&self, target: &RequestTarget) -> bool {
        match target {
            RequestTarget::Account => true,
            RequestTarget::Folder(folder) => is_inbox(folder),
            RequestTarget::Undo(undo) => match self.shared.peek_undo(undo) {
                Some(Undo::Mark { mailbox, .. } | Undo::Move { from: mailbox, .. }) => {
                    mailbox.is_inbox()
                }
                None => true,
            },
            // A search in Sent selects it, and INBOX's connection stays on INBOX.
            RequestTarget::Copy { size_bytes, filing } => {
                *size_bytes <= LARGE_COPY_BYTES
                    && *filing != Filing::LeftOver
                    && self.shared.sent_copies() == SentCopies::ByUs
                    && self.open_other().is_none()
            }
            RequestTarget::Sent | RequestTarget::Drafts => false,
        }
    }
}

fn is_inbox(folder: &FolderId) -> bool {
    folder.as_str() == INBOX_ID
}

fn spawn(
    shared: Arc<Shared>,
    kind: ImapWorkerKind,
    connection: Option<ImapConnection>,
) -> mpsc::Sender<Request> {
    let closing = shared.closing.clone();
    worker::spawn(ImapWorker::new(shared, kind, connection), closing)
}
