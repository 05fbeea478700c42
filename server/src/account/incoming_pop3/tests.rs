//! End-to-end scenarios against a fake server on loopback: what the user sees, and what was sent.

mod delete;
mod fake;
mod odd;
mod read;
mod session;

use mail_mime::body::Body;
use std::sync::Arc;
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

use super::super::dependencies::Dependencies;
use super::super::error::AccountError;
use super::super::local_mail::LocalMail;
use super::super::mailstore::Mailstore;
use super::super::model::{Incoming, Outgoing, SignIn};
use super::super::open_pages::{OpenPages, Watcher};
use super::super::worker::{Request, RequestKind, RequestTarget};
use super::Pop3Incoming;
use super::pop3_worker::Timing;
use crate::clients::ClientError;
use crate::clients::budget::Budget;
use crate::domain::INBOX_ID;
use crate::domain::Unsupported;
use crate::domain::{AccountKey, Changed, Folder, Listing, Opened, Section, SourceMark};
use crate::store::seal::Sealer;
use crate::store::spool::{Spool, SpoolLimits};
use crate::store::{SCHEMA, Store, TestDir};
use fake::{CapaListing, FakeServer, Quirks};

/// No timer fires during a test.
const NO_TIMERS: Timing = Timing {
    linger: Duration::from_secs(60),
    poll_interval: Duration::from_secs(60),
    reload_after: Duration::from_secs(60),
    undo: Duration::from_secs(60),
    lease_wait: Duration::from_secs(10),
};
const SHORT: Duration = Duration::from_millis(50);
/// Shorter than everything in [`NO_TIMERS`].
const RELOAD_AFTER: Duration = Duration::from_secs(5);

/// A user with an account on a server, and a store that outlives sessions.
struct TestAccount {
    server: FakeServer,
    store: Store,
    local_mail: LocalMail,
    password: &'static str,
    _dir: TestDir,
}

struct Session {
    pop3: Pop3Incoming,
    events: broadcast::Receiver<LiveEvent>,
    closing: CancellationToken,
    _watchers: Vec<Watcher>,
}

impl TestAccount {
    async fn new(quirks: Quirks, subjects: &[&str]) -> Self {
        let server = FakeServer::start(quirks, subjects).await;
        let dir = TestDir::new();
        let store = Store::open(dir.path(), SCHEMA).await.unwrap();
        let sealer = Arc::new(Sealer::open(dir.path()).unwrap());
        let limits = SpoolLimits::NONE;
        let spool = Spool::open(dir.path(), store.clone(), Arc::clone(&sealer), limits).unwrap();
        Self {
            server,
            local_mail: LocalMail::new(store.clone(), sealer, spool),
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
        let closing = CancellationToken::new();
        let key = AccountKey(format!("account-of-the-test-at-{port}"));
        let pages = OpenPages::new(key.id());
        let events = pages.subscribe();
        let watchers = (0..watchers).map(|_| pages.watch()).collect();
        let dependencies = Dependencies {
            dialer: Arc::new(Dialer::new(
                Egress::listed_only(vec![listed]),
                trust.client_config().unwrap(),
            )),
            client: None,
            pages,
            key,
            closing: closing.clone(),
            store: self.store.clone(),
            local_mail: self.local_mail.clone(),
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
        let pop3 = Pop3Incoming::open_timed(sign_in, dependencies, timing).await?;
        Ok(Session {
            pop3,
            events,
            closing,
            _watchers: watchers,
        })
    }
}

fn inbox() -> FolderId {
    FolderId(INBOX_ID.to_owned())
}

impl Session {
    async fn request<T, F>(&mut self, kind: RequestKind, operation: F) -> Result<T, AccountError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut dyn Mailstore) -> BoxFuture<'a, Result<T, AccountError>>,
        F: Send + Sync + 'static,
    {
        let (request, reply) = Request::new(RequestTarget::Account, kind, operation);
        // A session that ended drops the reply's sender.
        let _ = self.pop3.send(request).await;
        let reply = timeout(Duration::from_secs(20), reply)
            .await
            .expect("an answer");
        reply.map_err(|_| AccountError::SignedOut)?
    }

    async fn list(&mut self) -> Result<Listing, AccountError> {
        let window = Window {
            offset: 0,
            limit: 50,
        };
        self.request(RequestKind::Read, move |store| store.list(inbox(), window))
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
        self.request(RequestKind::Poll, |store| store.folders())
            .await
            .unwrap()
            .folders
            .remove(0)
    }

    async fn open(&mut self, message: &MessageId) -> Result<Box<Opened>, AccountError> {
        let message = message.clone();
        self.request(RequestKind::Read, move |store| {
            store.open(inbox(), message.clone())
        })
        .await
    }

    async fn source(&mut self, message: &MessageId) -> Result<String, AccountError> {
        let message = message.clone();
        let bytes = self
            .request(RequestKind::Read, move |store| {
                store.read(inbox(), message.clone(), Section::Whole, 0, 1 << 20)
            })
            .await?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn mark(&mut self, message: &MessageId, mark: Mark) -> Changed {
        let messages = vec![message.clone()];
        self.request(RequestKind::Set, move |store| {
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
        self.request(RequestKind::Change, move |store| {
            store.move_messages(inbox(), messages.clone(), to.clone())
        })
        .await
    }

    async fn delete(&mut self, subject: &str) -> Changed {
        let message = self.id(subject).await;
        self.move_to(&message, FolderRole::Trash).await.unwrap()
    }

    async fn undo(&mut self, undo: UndoId) -> Result<Changed, AccountError> {
        self.request(RequestKind::Change, move |store| store.undo(undo.clone()))
            .await
    }

    async fn wait_for_event(&mut self, is_match: impl Fn(&LiveEvent) -> bool) -> LiveEvent {
        let waiting = async {
            loop {
                let event = self.events.recv().await.expect("an event");
                if is_match(&event) {
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

async fn wait_until(what: &str, is_met: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_met() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Advances the clock without waiting.
async fn advance_clock(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
