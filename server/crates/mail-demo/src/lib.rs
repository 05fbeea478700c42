//! The embedded mail server behind `restante demo`, and the in-process server of the tests.
//!
//! One account, [`ADDRESS`] with [`PASSWORD`], served by IMAP, POP3 and SMTP submission on
//! loopback, over implicit TLS and over STARTTLS/STLS, with a certificate for `localhost` and
//! `127.0.0.1` from a throw-away CA. IMAP and POP3 show the same INBOX; what is submitted to
//! anyone at [`DOMAIN`] arrives in it.
//!
//! # Invariants
//! - Nothing leaves: the crate opens no connection and relays no mail.
//! - It shares no code with the product's protocol machines and message reader, so that either
//!   side finds the other's mistakes.
//! - The same [`Options`] give the same mailbox, byte for byte.
//! - Input never panics and is never held beyond the limits named in `imap`, `pop3` and `smtp`.
//!
//! # Map
//! - `store`: folders, messages, UIDs, the change counter that drives untagged responses
//! - `message`: reading a message: part tree, header fields, addresses, charsets
//! - `imap`, `pop3`, `smtp`: one session type each, over a `wire` of lines
//! - `sample`: the sample mailbox, the big mailbox and the mail that arrives by itself

#![warn(missing_docs)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation
)]

mod clock;
mod imap;
mod login;
mod message;
mod pop3;
mod sample;
mod smtp;
mod store;
mod tls;
mod wire;

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::store::{Flags, Store};
use crate::wire::{Traffic, Wire};

/// The account's address; it is the user name too, and so is its local part alone.
pub const ADDRESS: &str = "demo@restante.test";
/// The account's password.
pub const PASSWORD: &str = "demo";
/// The only domain mail is accepted for.
pub const DOMAIN: &str = "restante.test";

/// The largest message accepted by SMTP and by `APPEND`, in octets.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// How long a client may take for the TLS handshake.
const TLS_DEADLINE: Duration = Duration::from_secs(10);
/// The pause after a failed `accept` (out of file descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the mailbox holds at the start and what happens to it later.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `None`: the sample mailbox of about 300 messages. `Some(n)`: an INBOX of `n` messages that
    /// are generated when they are read, beside the sample's other folders.
    pub messages: Option<u32>,
    /// Lets a new message arrive every so often.
    pub mail_every: Option<Duration>,
    /// The time at the start, in Unix milliseconds; all dates are relative to it.
    pub now_unix_ms: i64,
    /// IMAP capabilities that it plays not to have, to stand for an older server.
    pub imap_lacks: &'static [&'static str],
    /// IMAP opens no folder for a program that has not told its name by ID, as some providers do.
    pub imap_wants_id: bool,
}

/// The ports a [`Demo`] listens on, all on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// IMAP over TLS.
    pub imaps: u16,
    /// IMAP with STARTTLS.
    pub imap: u16,
    /// POP3 over TLS.
    pub pop3s: u16,
    /// POP3 with STLS.
    pub pop3: u16,
    /// SMTP submission over TLS.
    pub smtps: u16,
    /// SMTP submission with STARTTLS.
    pub submission: u16,
}

/// A running demo server; dropping it ends its tasks and closes its ports.
pub struct Demo {
    service: Arc<Service>,
    ports: Ports,
    ca_pem: String,
    tasks: TaskTracker,
    ends_tasks_on_drop: DropGuard,
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo")
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}

impl Demo {
    /// Builds the mailbox, binds six free ports on 127.0.0.1 and starts to serve them.
    ///
    /// # Errors
    /// When a port cannot be bound or the certificate cannot be made.
    pub async fn start(options: Options) -> io::Result<Self> {
        let clock = Clock::starting_at(options.now_unix_ms);
        let certificate = tls::Certificate::throw_away()?;
        let store = Store::new(sample::mailboxes(&options), options.now_unix_ms);
        let service = Arc::new(Service {
            store,
            clock,
            tls: certificate.acceptor,
            commands_seen: AtomicU64::new(0),
            idling: watch::Sender::new(0),
            traffic: Arc::default(),
            shutdown: CancellationToken::new(),
            imap_lacks: options.imap_lacks,
            imap_wants_id: options.imap_wants_id,
        });
        let tasks = TaskTracker::new();
        let listen = async |protocol, tls_mode| -> io::Result<u16> {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let port = listener.local_addr()?.port();
            let accepting = accept(
                Arc::clone(&service),
                listener,
                protocol,
                tls_mode,
                tasks.clone(),
            );
            tasks.spawn(accepting);
            Ok(port)
        };
        let ports = Ports {
            imaps: listen(Protocol::Imap, TlsMode::Implicit).await?,
            imap: listen(Protocol::Imap, TlsMode::Upgrade).await?,
            pop3s: listen(Protocol::Pop3, TlsMode::Implicit).await?,
            pop3: listen(Protocol::Pop3, TlsMode::Upgrade).await?,
            smtps: listen(Protocol::Smtp, TlsMode::Implicit).await?,
            submission: listen(Protocol::Smtp, TlsMode::Upgrade).await?,
        };
        if let Some(pause) = options.mail_every {
            tasks.spawn(sample::arrivals(Arc::clone(&service), pause));
        }
        let ends_tasks_on_drop = service.shutdown.clone().drop_guard();
        Ok(Self {
            service,
            ports,
            ca_pem: certificate.ca_pem,
            tasks,
            ends_tasks_on_drop,
        })
    }

    /// Returns the ports.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Returns the CA certificate (PEM) that a client has to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Puts a message into INBOX as if it had come by SMTP: at once, unread, with CRLF line ends.
    ///
    /// No header is added; lone CR and LF become CRLF.
    pub fn deliver(&self, rfc822: impl Into<Bytes>) {
        self.service.deliver(message::with_crlf(rfc822.into()));
    }

    /// Counts the messages in INBOX.
    pub fn inbox_len(&self) -> usize {
        self.service.store.inbox_len()
    }

    /// Counts the command lines received so far by all protocols.
    ///
    /// Continuations (literals, SASL responses, `DONE`, message data) are not counted.
    pub fn commands_seen(&self) -> u64 {
        self.service.commands_seen.load(Ordering::Relaxed)
    }

    /// How many IMAP connections wait in IDLE; wakes whenever that changes.
    pub fn idling(&self) -> watch::Receiver<usize> {
        self.service.idling.subscribe()
    }

    /// Wakes whenever INBOX changes.
    pub fn inbox_changes(&self) -> watch::Receiver<u64> {
        self.service.store.watch_inbox()
    }

    /// Counts the round trips so far: how often a client sent something after an answer.
    pub fn round_trips_seen(&self) -> u64 {
        self.service.traffic.round_trips.load(Ordering::Relaxed)
    }

    /// Counts the octets so far, in both directions, without TLS.
    pub fn bytes_seen(&self) -> u64 {
        self.service.traffic.bytes.load(Ordering::Relaxed)
    }

    /// Says goodbye to every client and waits until all tasks have ended.
    pub async fn stop(self) {
        drop(self.ends_tasks_on_drop);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// What all sessions share.
pub(crate) struct Service {
    store: Store,
    clock: Clock,
    tls: TlsAcceptor,
    commands_seen: AtomicU64,
    /// How many IMAP connections wait in IDLE.
    idling: watch::Sender<usize>,
    traffic: Arc<Traffic>,
    shutdown: CancellationToken,
    imap_lacks: &'static [&'static str],
    imap_wants_id: bool,
}

impl Service {
    /// Tells whether the IMAP server has a capability that it was not told to play without.
    pub(crate) fn has(&self, capability: &str) -> bool {
        !self.imap_lacks.contains(&capability)
    }

    fn count_command(&self) {
        self.commands_seen.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that waits in IDLE, until what is returned is dropped.
    pub(crate) fn idles(self: &Arc<Self>) -> Idling {
        self.idling.send_modify(|count| *count += 1);
        Idling(Arc::clone(self))
    }

    /// Adds a message with CRLF line ends to INBOX and wakes who watches it.
    fn deliver(&self, rfc822: Bytes) {
        self.store
            .deliver(rfc822, Flags::NONE, self.clock.now_unix_ms());
    }
}

/// One connection that waits in IDLE.
pub(crate) struct Idling(Arc<Service>);

impl Drop for Idling {
    fn drop(&mut self) {
        self.0.idling.send_modify(|count| *count -= 1);
    }
}

#[derive(Debug, Clone, Copy)]
enum Protocol {
    Imap,
    Pop3,
    Smtp,
}

#[derive(Debug, Clone, Copy)]
enum TlsMode {
    Implicit,
    Upgrade,
}

async fn accept(
    service: Arc<Service>,
    listener: TcpListener,
    protocol: Protocol,
    tls_mode: TlsMode,
    tasks: TaskTracker,
) {
    let shutdown = service.shutdown.clone();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(serve(Arc::clone(&service), stream, protocol, tls_mode));
            }
            Err(error) => {
                tracing::warn!(%error, ?protocol, "accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(service: Arc<Service>, stream: TcpStream, protocol: Protocol, tls_mode: TlsMode) {
    // Replies are small and asked for one by one: waiting for a full segment only adds delay.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    let traffic = Arc::clone(&service.traffic);
    let mut wire = Wire::plain(stream, traffic, service.shutdown.clone());
    if matches!(tls_mode, TlsMode::Implicit)
        && let Err(error) = wire.start_tls(&service.tls).await
    {
        tracing::debug!(%error, ?protocol, "TLS handshake failed");
        return;
    }
    let ended = match protocol {
        Protocol::Imap => imap::serve(service, wire).await,
        Protocol::Pop3 => pop3::serve(service, wire).await,
        Protocol::Smtp => smtp::serve(service, wire).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, ?protocol, "session ended");
    }
}
