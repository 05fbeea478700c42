//! The task of one connection: serves requests to its mailstore, one after the other, and does
//! background work in between.

use std::ops::ControlFlow;

use app::api::types::{FolderId, UndoId};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::error::AccountError;
use super::mailstore::Mailstore;
use crate::domain::Filing;

/// Maximum number of queued requests of a busy connection; further ones wait in their callers.
const QUEUE_CAPACITY: usize = 64;

/// What a request concerns: determines which connection serves it.
#[derive(Debug, Clone)]
pub(crate) enum RequestTarget {
    /// The whole account.
    Account,
    /// A folder.
    Folder(FolderId),
    /// The folder of a change that is undone.
    Undo(UndoId),
    /// Sent, where a copy of `size_bytes` is to be filed.
    Copy { size_bytes: u64, filing: Filing },
    /// Sent, to search it.
    Sent,
    /// The folder for drafts.
    Drafts,
}

/// What happens to a request when its caller is dropped, or when the connection turns out to be
/// closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// A read that the page sends automatically: it does not count as use of the connection.
    Poll,
    /// Cancelled with its caller, and retried once on a new connection.
    Read,
    /// Continues without its caller; idempotent, so it is retried as well.
    Set,
    /// Continues without its caller, and is never retried.
    Change,
}

/// A request to an account's mailstore.
pub(super) struct Request {
    pub(super) target: RequestTarget,
    kind: RequestKind,
    job: Box<dyn Job>,
}

/// The session ended: no task receives the request.
#[derive(Debug)]
pub(super) struct Closed;

/// Receives the reply.
pub(super) type Reply<T> = oneshot::Receiver<Result<T, AccountError>>;

impl Request {
    /// Returns a request, and the receiver of its reply. The operation may be called twice.
    pub(super) fn new<T, F>(
        target: RequestTarget,
        kind: RequestKind,
        operation: F,
    ) -> (Self, Reply<T>)
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut dyn Mailstore) -> BoxFuture<'a, Result<T, AccountError>>,
        F: Send + Sync + 'static,
    {
        let (reply, receiver) = oneshot::channel();
        let job = Box::new(QueuedRequest {
            operation,
            kind,
            reply,
        });
        (Self { target, kind, job }, receiver)
    }
}

#[async_trait]
trait Job: Send {
    async fn run(self: Box<Self>, mailstore: &mut dyn ConnectedMailstore);
}

struct QueuedRequest<T, F> {
    operation: F,
    kind: RequestKind,
    reply: oneshot::Sender<Result<T, AccountError>>,
}

#[async_trait]
impl<T, F> Job for QueuedRequest<T, F>
where
    T: Send + 'static,
    F: for<'a> Fn(&'a mut dyn Mailstore) -> BoxFuture<'a, Result<T, AccountError>>,
    F: Send + Sync + 'static,
{
    async fn run(self: Box<Self>, mailstore: &mut dyn ConnectedMailstore) {
        let Self {
            operation,
            kind,
            mut reply,
        } = *self;
        let result = match kind {
            RequestKind::Poll | RequestKind::Read => tokio::select! {
                biased;
                () = reply.closed() => None,
                result = run_with_retry(mailstore, &operation) => Some(result),
            },
            RequestKind::Set => Some(run_with_retry(mailstore, &operation).await),
            RequestKind::Change => Some(operation(mailstore).await),
        };
        match result {
            Some(result) => {
                if mailstore.is_connection_lost(result.as_ref().err()) {
                    mailstore.drop_connection();
                }
                // A dropped caller needs no reply.
                let _ = reply.send(result);
            }
            None => mailstore.abandon().await,
        }
    }
}

/// Runs an operation; retries it once on a new connection if the old one was closed by the peer.
async fn run_with_retry<T, F>(
    mailstore: &mut dyn ConnectedMailstore,
    operation: &F,
) -> Result<T, AccountError>
where
    F: for<'a> Fn(&'a mut dyn Mailstore) -> BoxFuture<'a, Result<T, AccountError>>,
{
    let was_open = mailstore.is_open();
    let result = operation(mailstore).await;
    match result {
        Err(error) if was_open && mailstore.can_retry(&error) => {
            mailstore.drop_connection();
            operation(mailstore).await
        }
        result => result,
    }
}

/// A mailstore over its own connection, which may be lost and reopened.
#[async_trait]
pub(super) trait ConnectedMailstore: Mailstore {
    /// Whether there is a connection.
    fn is_open(&self) -> bool;

    /// Whether the connection cannot be used any more, after a reply.
    fn is_connection_lost(&self, error: Option<&AccountError>) -> bool;

    /// Whether an error means that the connection was already closed, not that the operation
    /// failed.
    fn can_retry(&self, error: &AccountError) -> bool;

    /// Drops the connection; the next operation opens one.
    fn drop_connection(&mut self);

    /// Cleans the connection up after the caller of a read was dropped, so that the next request
    /// can use it.
    async fn abandon(&mut self);
}

/// The background work of a connection's task.
#[async_trait]
pub(super) trait Worker: ConnectedMailstore + Sized + 'static {
    /// An event that is not a request.
    type Event: Send;
    /// Whether the end of the session cancels the current request. Otherwise it and the queued ones
    /// are completed: no change is left half done.
    const IS_CANCELLED_ON_CLOSE: bool;

    /// Fetches the first data, before the first request.
    async fn begin(&mut self);

    /// Waits for the next event. Cancel-safe.
    async fn next_event(&mut self) -> Self::Event;

    /// Handles an event; `Break`: the worker is no longer needed.
    async fn on_event(&mut self, event: Self::Event) -> ControlFlow<()>;

    /// Called before a request is served.
    fn before_request(&mut self, kind: RequestKind);

    /// Called after a request is served.
    fn after_request(&mut self) {}

    /// Called after a request is served or an event is handled.
    async fn after_iteration(&mut self);

    /// Ends the connection.
    async fn shut_down(self);
}

enum Wake<E> {
    Request(Option<Request>),
    Event(E),
    Close,
}

/// Starts the task of a worker; it ends with the session, when all senders are dropped, or when the
/// worker is no longer needed.
pub(super) fn spawn<W: Worker>(worker: W, closing: CancellationToken) -> mpsc::Sender<Request> {
    let (sender, receiver) = mpsc::channel(QUEUE_CAPACITY);
    tokio::spawn(run(worker, receiver, closing));
    sender
}

async fn run<W: Worker>(
    mut worker: W,
    mut requests: mpsc::Receiver<Request>,
    closing: CancellationToken,
) {
    tokio::select! {
        biased;
        () = closing.cancelled() => worker.abandon().await,
        () = worker.begin() => {}
    }
    loop {
        let next = async {
            tokio::select! {
                request = requests.recv() => Wake::Request(request),
                event = worker.next_event() => Wake::Event(event),
            }
        };
        let wake = tokio::select! {
            biased;
            () = closing.cancelled() => Wake::Close,
            wake = next => wake,
        };
        match wake {
            Wake::Request(Some(request)) => {
                worker.before_request(request.kind);
                if W::IS_CANCELLED_ON_CLOSE {
                    tokio::select! {
                        biased;
                        () = closing.cancelled() => {}
                        () = request.job.run(&mut worker) => {}
                    }
                } else {
                    request.job.run(&mut worker).await;
                }
                worker.after_request();
            }
            Wake::Event(event) => {
                if worker.on_event(event).await.is_break() {
                    break;
                }
            }
            Wake::Request(None) | Wake::Close => break,
        }
        worker.after_iteration().await;
    }
    // Requests that arrived meanwhile are still served.
    requests.close();
    while let Ok(request) = requests.try_recv() {
        if !W::IS_CANCELLED_ON_CLOSE {
            request.job.run(&mut worker).await;
        }
    }
    drop(requests);
    worker.shut_down().await;
}
