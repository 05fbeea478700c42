//! The embedded mail server behind `restante demo`, and the in-process server of the tests.
//!
//! Serves one account, [`ADDRESS`] with [`PASSWORD`], by IMAP, POP3 and SMTP submission on
//! loopback, over implicit TLS and over STARTTLS/STLS, with a certificate for `localhost` and
//! `127.0.0.1` from a throw-away CA. IMAP and POP3 serve the same INBOX; a message submitted to any
//! address at [`DOMAIN`] is delivered to it.
//!
//! # Invariants
//! - The crate opens no connection and relays no mail.
//! - It shares no code with the product's protocol machines and message parser, so that each side
//!   reveals the other's mistakes.
//! - The same [`Options`] give the same mailbox, byte for byte.
//! - Input never panics and is never buffered beyond the limits named in `imap`, `pop3` and `smtp`.
//!
//! # Map
//! - `store`: folders, messages, UIDs, the change counter that drives untagged responses
//! - `message`: parsing a message: part tree, header fields, addresses, charsets
//! - `imap`, `pop3`, `smtp`: one session type each, over a line-based `wire`
//! - `sample`: the sample mailbox, the big mailbox and the messages that are delivered periodically

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

/// The account's address. The user name is the address or its local part.
pub const ADDRESS: &str = "demo@restante.test";
/// The account's password.
pub const PASSWORD: &str = "demo";
/// The only domain mail is accepted for.
pub const DOMAIN: &str = "restante.test";

/// The largest message accepted by SMTP and by `APPEND`, in octets.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// Maximum time of the TLS handshake.
const TLS_DEADLINE: Duration = Duration::from_secs(10);
/// The pause after a failed `accept`, for example without free file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The initial content of the mailbox and its later changes.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `None`: the sample mailbox of about 300 messages. `Some(n)`: an INBOX of `n` messages,
    /// generated when they are read, beside the sample's other folders.
    pub messages: Option<u32>,
    /// Interval at which new messages are delivered; `None` for no deliveries.
    pub mail_every: Option<Duration>,
    /// The start time in Unix milliseconds; all dates are relative to it.
    pub now_unix_ms: i64,
    /// IMAP capabilities that the server does not offer, to act as an older server.
    pub disabled_imap_capabilities: &'static [&'static str],
    /// Whether IMAP refuses to open a folder before the client sends ID, as some providers do.
    pub imap_requires_id: bool,
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
    shutdown_guard: DropGuard,
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo")
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}

impl Demo {
    /// Builds the mailbox, binds six free ports on 127.0.0.1 and starts to serve.
    ///
    /// # Errors
    /// A port cannot be bound or the certificate cannot be generated.
    pub async fn start(options: Options) -> io::Result<Self> {
        let clock = Clock::starting_at(options.now_unix_ms);
        let certificate = tls::Certificate::generate()?;
        let store = Store::new(sample::mailboxes(&options), options.now_unix_ms);
        let service = Arc::new(Service {
            store,
            clock,
            tls: certificate.acceptor,
            command_count: AtomicU64::new(0),
            idling: watch::Sender::new(0),
            traffic: Arc::default(),
            shutdown: CancellationToken::new(),
            disabled_imap_capabilities: options.disabled_imap_capabilities,
            imap_requires_id: options.imap_requires_id,
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
        let shutdown_guard = service.shutdown.clone().drop_guard();
        Ok(Self {
            service,
            ports,
            ca_pem: certificate.ca_pem,
            tasks,
            shutdown_guard,
        })
    }

    /// Returns the ports.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Returns the CA certificate (PEM) that a client must trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Delivers a message to INBOX as SMTP would: unread, with CRLF line endings.
    ///
    /// No header is added; lone CR and LF become CRLF.
    pub fn deliver(&self, rfc822: impl Into<Bytes>) {
        self.service.deliver(message::with_crlf(rfc822.into()));
    }

    /// Returns the number of messages in INBOX.
    pub fn inbox_len(&self) -> usize {
        self.service.store.inbox_len()
    }

    /// Returns the number of command lines received so far over all protocols.
    ///
    /// Continuations (literals, SASL responses, `DONE`, message data) are not counted.
    pub fn command_count(&self) -> u64 {
        self.service.command_count.load(Ordering::Relaxed)
    }

    /// Watches the number of IMAP connections in IDLE.
    pub fn idling(&self) -> watch::Receiver<usize> {
        self.service.idling.subscribe()
    }

    /// Notifies on every change of INBOX.
    pub fn inbox_changes(&self) -> watch::Receiver<u64> {
        self.service.store.watch_inbox()
    }

    /// Returns the number of round trips so far: how often a client sent data after a response.
    pub fn round_trip_count(&self) -> u64 {
        self.service.traffic.round_trips.load(Ordering::Relaxed)
    }

    /// Returns the number of octets so far, in both directions, without TLS overhead.
    pub fn byte_count(&self) -> u64 {
        self.service.traffic.bytes.load(Ordering::Relaxed)
    }

    /// Closes all connections with a final response and waits until all tasks have ended.
    pub async fn stop(self) {
        drop(self.shutdown_guard);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The state that all sessions share.
pub(crate) struct Service {
    store: Store,
    clock: Clock,
    tls: TlsAcceptor,
    command_count: AtomicU64,
    /// The number of IMAP connections in IDLE.
    idling: watch::Sender<usize>,
    traffic: Arc<Traffic>,
    shutdown: CancellationToken,
    disabled_imap_capabilities: &'static [&'static str],
    imap_requires_id: bool,
}

impl Service {
    /// Returns whether the IMAP server offers a capability, that is, it is not in
    /// [`Options::disabled_imap_capabilities`].
    pub(crate) fn has(&self, capability: &str) -> bool {
        !self.disabled_imap_capabilities.contains(&capability)
    }

    fn count_command(&self) {
        self.command_count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection as idle until the returned guard is dropped.
    pub(crate) fn idle_guard(self: &Arc<Self>) -> Idling {
        self.idling.send_modify(|count| *count += 1);
        Idling(Arc::clone(self))
    }

    /// Adds a message with CRLF line endings to INBOX and notifies its watchers.
    fn deliver(&self, rfc822: Bytes) {
        self.store
            .deliver(rfc822, Flags::NONE, self.clock.now_unix_ms());
    }
}

/// Guard of one connection in IDLE.
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
    // Responses are small and requested one by one: Nagle's algorithm only adds delay.
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
