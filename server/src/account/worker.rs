//! The task of one connection: answers what is asked of its mailstore, one after the other, and
//! does by itself what has to be done in between.

use std::ops::ControlFlow;

use app::api::types::{FolderId, UndoId};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::error::AccountError;
use super::mailstore::Mailstore;
use crate::domain::Filing;

/// Requests that wait for a busy connection; more are held back where they come from.
const QUEUE: usize = 64;

/// What a request is about: it tells which connection has the answer.
#[derive(Debug, Clone)]
pub(crate) enum RequestTarget {
    /// The account as a whole.
    Account,
    /// A folder.
    Folder(FolderId),
    /// The folder of a change that is taken back.
    Undo(UndoId),
    /// Sent, where a copy of so many bytes is to be filed.
    Copy { size_bytes: u64, filing: Filing },
    /// Sent, to look at it.
    Sent,
}

/// What becomes of a request when its caller goes, or the connection turns out to be dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// The page asks by itself: a reading that is no use of the connection.
    Look,
    /// Ends with its caller, and is repeated once on a fresh connection.
    Read,
    /// Goes on without its caller; twice is as good as once, so it is repeated as well.
    Set,
    /// Goes on without its caller, and is never repeated.
    Change,
}

/// Something that is asked of an account's mail.
pub(super) struct Request {
    pub(super) place: RequestTarget,
    kind: RequestKind,
    job: Box<dyn Job>,
}

/// Where the answer comes.
pub(super) type Reply<T> = oneshot::Receiver<Result<T, AccountError>>;

impl Request {
    /// A request, and where its answer comes. The operation may be called twice.
    pub(super) fn new<T, F>(
        place: RequestTarget,
        kind: RequestKind,
        operation: F,
    ) -> (Self, Reply<T>)
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut dyn Mailstore) -> BoxFuture<'a, Result<T, AccountError>>,
        F: Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(QueuedRequest {
            operation,
            kind,
            reply,
        });
        (Self { place, kind, job }, answer)
    }
}

#[async_trait]
trait Job: Send {
    async fn run(self: Box<Self>, link: &mut dyn ConnectedMailstore);
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
    async fn run(self: Box<Self>, link: &mut dyn ConnectedMailstore) {
        let Self {
            operation,
            kind,
            mut reply,
        } = *self;
        let result = match kind {
            RequestKind::Look | RequestKind::Read => tokio::select! {
                biased;
                () = reply.closed() => None,
                result = repeated(link, &operation) => Some(result),
            },
            RequestKind::Set => Some(repeated(link, &operation).await),
            RequestKind::Change => Some(operation(link).await),
        };
        match result {
            Some(result) => {
                if link.is_lost_by(result.as_ref().err()) {
                    link.drop_connection();
                }
                // A caller that is gone needs no answer.
                let _ = reply.send(result);
            }
            None => link.abandon().await,
        }
    }
}

/// Runs an operation, again on a fresh connection where an old one turned out to be dead.
async fn repeated<T, F>(link: &mut dyn ConnectedMailstore, operation: &F) -> Result<T, AccountError>
where
    F: for<'a> Fn(&'a mut dyn Mailstore) -> BoxFuture<'a, Result<T, AccountError>>,
{
    let was_open = link.is_open();
    let result = operation(link).await;
    match result {
        Err(error) if was_open && link.is_to_be_repeated(&error) => {
            link.drop_connection();
            operation(link).await
        }
        result => result,
    }
}

/// A mailstore over a connection of its own, which may be lost and opened anew.
#[async_trait]
pub(super) trait ConnectedMailstore: Mailstore {
    /// Whether there is a connection.
    fn is_open(&self) -> bool;

    /// Whether the connection cannot be used any more, after an answer.
    fn is_lost_by(&self, error: Option<&AccountError>) -> bool;

    /// Whether an error tells of a connection that was dead before, not of the operation.
    fn is_to_be_repeated(&self, error: &AccountError) -> bool;

    /// Forgets the connection; the next operation opens one.
    fn drop_connection(&mut self);

    /// The caller of what was being read is gone: the next one finds the connection clean.
    async fn abandon(&mut self);
}

/// What a link does between answers.
#[async_trait]
pub(super) trait Worker: ConnectedMailstore + Sized + 'static {
    /// Something that happens by itself.
    type Event: Send;
    /// Whether the end of the session cuts off what is being answered. Else it, and what waits, is
    /// still done: no change is left half done.
    const IS_CUT_OFF: bool;

    /// The first look, before anybody asks.
    async fn begin(&mut self);

    /// Waits for what happens next. Cancel-safe.
    async fn next_event(&mut self) -> Self::Event;

    /// Does what an event calls for; `Break`: the link is no longer needed.
    async fn on_event(&mut self, event: Self::Event) -> ControlFlow<()>;

    /// A request is about to be answered.
    fn before_answer(&mut self, kind: RequestKind);

    /// A request was answered.
    fn after_answer(&mut self) {}

    /// A request was answered, or an event dealt with.
    async fn after_round(&mut self);

    /// Says good-bye.
    async fn leave(self);
}

enum Wake<E> {
    QueuedRequest(Option<Request>),
    Event(E),
    Close,
}

/// Starts the task of a link; it ends with the session, when nobody can ask any more, or when the
/// link is no longer needed.
pub(super) fn spawn<W: Worker>(worker: W, closing: CancellationToken) -> mpsc::Sender<Request> {
    let (sender, receiver) = mpsc::channel(QUEUE);
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
                request = requests.recv() => Wake::QueuedRequest(request),
                event = worker.next_event() => Wake::Event(event),
            }
        };
        let wake = tokio::select! {
            biased;
            () = closing.cancelled() => Wake::Close,
            wake = next => wake,
        };
        match wake {
            Wake::QueuedRequest(Some(ask)) => {
                worker.before_answer(ask.kind);
                if W::IS_CUT_OFF {
                    tokio::select! {
                        biased;
                        () = closing.cancelled() => {}
                        () = ask.job.run(&mut worker) => {}
                    }
                } else {
                    ask.job.run(&mut worker).await;
                }
                worker.after_answer();
            }
            Wake::Event(event) => {
                if worker.on_event(event).await.is_break() {
                    break;
                }
            }
            Wake::QueuedRequest(None) | Wake::Close => break,
        }
        worker.after_round().await;
    }
    // What came in while the end was decided is still answered.
    requests.close();
    while let Ok(ask) = requests.try_recv() {
        if !W::IS_CUT_OFF {
            ask.job.run(&mut worker).await;
        }
    }
    drop(requests);
    worker.leave().await;
}
