//! End-to-end scenarios against a fake server on loopback: what the user sees, and what was sent.

mod delete;
mod fake;
mod odd;
mod read;
mod session;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{
    Change, Destination, FolderId, FolderRole, IncomingKind, Limitation, Mark, MessageId, PartId,
    UndoId, Window,
};
use futures_util::future::BoxFuture;
use mail_net::{Dialer, Egress, Listed, Recorder, TlsMode, Trust};
use mail_proto::Secret;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::error::AccountError;
use super::super::mailstore::Mailstore;
use super::super::model::{Incoming, Outgoing, SignIn};
use super::super::open_pages::OpenPages;
use super::super::surroundings::Surroundings;
use super::super::worker::{Request, RequestKind, RequestTarget};
use super::Pop3Incoming;
use super::pop3_worker::Timing;
use crate::clients::ClientError;
use crate::clients::budget::Budget;
use crate::domain::INBOX_ID;
use crate::domain::Unsupported;
use crate::domain::{
    AccountKey, Changed, Folder, Listing, Opened, OpenedBody, Section, SourceMark,
};
use crate::store::{SCHEMA, Store, TestDir};
use fake::{FakeServer, Lists, Quirks};

/// No timer fires during a test.
const STILL: Timing = Timing {
    linger: Duration::from_secs(60),
    polled_every: Duration::from_secs(60),
    reloaded_after: Duration::from_secs(60),
    undo: Duration::from_secs(60),
    turn_wait: Duration::from_secs(10),
};
const SOON: Duration = Duration::from_millis(50);
/// Shorter than everything in [`STILL`].
const BEFORE_LONG: Duration = Duration::from_secs(5);

/// A user with an account on a server, and a store that outlives sessions.
struct Person {
    server: FakeServer,
    store: Store,
    password: &'static str,
    _dir: TestDir,
}

struct Session {
    pop3: Pop3Incoming,
    events: broadcast::Receiver<LiveEvent>,
    closing: CancellationToken,
}

impl Person {
    async fn new(quirks: Quirks, subjects: &[&str]) -> Self {
        let server = FakeServer::start(quirks, subjects).await;
        let dir = TestDir::new();
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        Self {
            server,
            store,
            password: "right",
            _dir: dir,
        }
    }

    async fn sign_in(&self, timing: Timing) -> Result<Session, AccountError> {
        self.sign_in_watching(timing, 0).await
    }

    async fn sign_in_watching(
        &self,
        timing: Timing,
        watchers: usize,
    ) -> Result<Session, AccountError> {
        let (port, host) = (self.server.port, "127.0.0.1".to_owned());
        let listed = Listed {
            host: host.clone(),
            ports: vec![port],
            tls: None,
        };
        let trust = Trust {
            is_platform_trusted: true,
            ca_pem: Vec::new(),
        };
        let (events, receiver) = broadcast::channel(64);
        let closing = CancellationToken::new();
        let key = AccountKey(format!("account-of-the-test-at-{port}"));
        let surroundings = Surroundings {
            dialer: Arc::new(Dialer::new(
                Egress::listed_only(vec![listed]),
                trust.client_config().unwrap(),
            )),
            client: None,
            pages: OpenPages {
                account: key.id(),
                events,
                watchers: Arc::new(AtomicUsize::new(watchers)),
            },
            key,
            closing: closing.clone(),
            store: self.store.clone(),
            budget: Budget::of_process(),
        };
        let sign_in = SignIn {
            address: "demo@restante.test".to_owned(),
            user: None,
            password: Secret::new(self.password),
            incoming: Incoming {
                kind: IncomingKind::Pop3,
                host: host.clone(),
                port,
                tls: TlsMode::Plain,
            },
            outgoing: Outgoing {
                host,
                port: 465,
                tls: TlsMode::Implicit,
            },
            transcript: Recorder::new(SignIn::TRANSCRIPT_MAX_BYTES),
        };
        let pop3 = Pop3Incoming::open_timed(sign_in, surroundings, timing).await?;
        Ok(Session {
            pop3,
            events: receiver,
            closing,
        })
    }
}

fn inbox() -> FolderId {
    FolderId(INBOX_ID.to_owned())
}

impl Session {
    async fn ask<T, F>(&mut self, kind: RequestKind, operation: F) -> Result<T, AccountError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut dyn Mailstore) -> BoxFuture<'a, Result<T, AccountError>>,
        F: Send + Sync + 'static,
    {
        let (ask, answer) = Request::new(RequestTarget::Account, kind, operation);
        // A session that ended drops the reply's sender.
        let _ = self.pop3.send(ask).await;
        let answer = timeout(Duration::from_secs(20), answer)
            .await
            .expect("an answer");
        answer.map_err(|_| AccountError::SignedOut)?
    }

    async fn list(&mut self) -> Result<Listing, AccountError> {
        let window = Window {
            offset: 0,
            limit: 50,
        };
        self.ask(RequestKind::Read, move |store| store.list(inbox(), window))
            .await
    }

    async fn subjects(&mut self) -> Vec<String> {
        self.list()
            .await
            .unwrap()
            .rows
            .into_iter()
            .map(|row| row.subject)
            .collect()
    }

    async fn id(&mut self, subject: &str) -> MessageId {
        let rows = self.list().await.unwrap().rows;
        rows.into_iter()
            .find(|row| row.subject == subject)
            .expect("a row")
            .id
    }

    async fn folder(&mut self) -> Folder {
        self.ask(RequestKind::Look, |store| store.folders())
            .await
            .unwrap()
            .folders
            .remove(0)
    }

    async fn open(&mut self, message: &MessageId) -> Result<Box<Opened>, AccountError> {
        let message = message.clone();
        self.ask(RequestKind::Read, move |store| {
            store.open(inbox(), message.clone())
        })
        .await
    }

    async fn source(&mut self, message: &MessageId) -> Result<String, AccountError> {
        let message = message.clone();
        let bytes = self
            .ask(RequestKind::Read, move |store| {
                store.read(inbox(), message.clone(), Section::Whole, 0, 1 << 20)
            })
            .await?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn mark(&mut self, message: &MessageId, mark: Mark) -> Changed {
        let messages = vec![message.clone()];
        self.ask(RequestKind::Set, move |store| {
            store.mark(inbox(), messages.clone(), mark)
        })
        .await
        .unwrap()
    }

    async fn move_to(
        &mut self,
        message: &MessageId,
        role: FolderRole,
    ) -> Result<Changed, AccountError> {
        let (messages, to) = (vec![message.clone()], Destination::Role(role));
        self.ask(RequestKind::Change, move |store| {
            store.move_messages(inbox(), messages.clone(), to.clone())
        })
        .await
    }

    async fn delete(&mut self, subject: &str) -> Changed {
        let message = self.id(subject).await;
        self.move_to(&message, FolderRole::Trash).await.unwrap()
    }

    async fn undo(&mut self, undo: UndoId) -> Result<Changed, AccountError> {
        self.ask(RequestKind::Change, move |store| store.undo(undo.clone()))
            .await
    }

    async fn event(&mut self, is_it: impl Fn(&LiveEvent) -> bool) -> LiveEvent {
        let waiting = async {
            loop {
                let event = self.events.recv().await.expect("an event");
                if is_it(&event) {
                    return event;
                }
            }
        };
        timeout(Duration::from_secs(20), waiting)
            .await
            .expect("the event in time")
    }

    async fn sign_out(mut self) {
        self.closing.cancel();
        // The worker holds the last sender of events.
        while !matches!(self.events.recv().await, Err(RecvError::Closed)) {}
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Advances the clock without waiting.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
