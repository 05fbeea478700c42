//! Accepts connections, and shuts down in order.

#[cfg(unix)]
use std::fs::Permissions;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::admission::Connections;
use super::client_ip::Connected;
use super::{Web, connection};
use crate::config::Listen;
use crate::limits;
use crate::store::now_unix_ms;
use crate::upkeep;

/// Delay after a failed `accept`.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
const LOG_INTERVAL: Duration = Duration::from_secs(60);
/// The response when a connection is refused.
const REFUSAL_RESPONSE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\n\
    connection: close\r\ncontent-length: 0\r\n\r\n";
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A listening socket.
pub enum Bound {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket in the file system.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Bound {
    /// Starts to listen. Replaces a socket file that an earlier process left; owner and group may
    /// connect to it.
    ///
    /// # Errors
    /// If the address is in use or not allowed.
    pub async fn new(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            #[cfg(unix)]
            Listen::Unix(path) => {
                if UnixStream::connect(path).await.is_err() {
                    let _ = tokio::fs::remove_file(path).await;
                }
                let listener = UnixListener::bind(path)?;
                // A proxy in the socket's group needs write permission to connect.
                let mode = Permissions::from_mode(0o660);
                tokio::fs::set_permissions(path, mode).await?;
                Ok(Self::Unix(listener))
            }
            #[cfg(not(unix))]
            Listen::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Returns the bound address with its port.
    ///
    /// # Errors
    /// If the system does not report it.
    pub fn address(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(listener) => Ok(Listen::Tcp(listener.local_addr()?)),
            #[cfg(unix)]
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                Ok(Listen::Unix(
                    address.as_pathname().unwrap_or_else(|| "".as_ref()).into(),
                ))
            }
        }
    }
}

/// Serves until the shutdown token is cancelled: then it accepts no connections, ends streams,
/// gives open requests 5 s, and closes the accounts.
pub async fn serve(web: Web, bound: Bound) {
    let router = super::router(&web);
    let builder = Arc::new(connection::builder());
    let connections = Connections::new(web.room);
    let sweeper = tokio::spawn(sweep(Web::clone(&web)));
    let upkeep = tokio::spawn({
        let web = Web::clone(&web);
        async move {
            let wake_outboxes = || web.registry.wake_outboxes();
            let keep_days = web.config.ledger_keep_days;
            upkeep::run(
                &web.accounts,
                &web.store,
                &web.spool,
                keep_days,
                wake_outboxes,
            )
            .await;
        }
    });
    let couriers = tokio::spawn({
        let web = Web::clone(&web);
        async move { web.accounts.run_couriers(web.shutdown.clone()).await }
    });
    let accepting = accept_all(&web, &bound, &router, &builder, &connections);
    let _ = web.shutdown.run_until_cancelled(accepting).await;
    drop(bound);
    sweeper.abort();
    if tokio::time::timeout(limits::STOP_WITHIN, connections.stop())
        .await
        .is_err()
    {
        tracing::warn!("requests were still open when the server stopped");
    }
    if tokio::time::timeout(limits::STOP_WITHIN, web.registry.close_all())
        .await
        .is_err()
    {
        tracing::warn!("accounts were still open when the server stopped");
    }
    upkeep.abort();
    couriers.abort();
    if let Err(error) = web.store.lease_release().await {
        tracing::warn!(%error, "the lease could not be given up: the next start waits for its end");
    }
    web.store.close().await;
}

/// Accepts connections in an endless loop.
async fn accept_all(
    web: &Web,
    bound: &Bound,
    router: &Router,
    builder: &Arc<auto::Builder<TokioExecutor>>,
    connections: &Connections,
) {
    let mut refusals = Refusals::default();
    loop {
        let (stream, peer) = match accept(bound).await {
            Ok(accepted) => accepted,
            Err(error) if is_peer_error(&error) => continue,
            Err(error) => {
                // Most likely out of descriptors: other connections have to end first.
                refusals.record("no descriptor is left", &error);
                connections.make_room();
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let slot = match connections.admit(peer, &web.config.trusted_proxies) {
            Ok(slot) => slot,
            Err(refused) => {
                refusals.record("connections are refused", &refused);
                stream.refuse();
                continue;
            }
        };
        let (builder, router) = (Arc::clone(builder), router.clone());
        match stream {
            Accepted::Tcp(stream) => {
                tokio::spawn(async move {
                    connection::serve(&builder, router, stream, peer, slot).await;
                });
            }
            #[cfg(unix)]
            Accepted::Unix(stream) => {
                tokio::spawn(async move {
                    connection::serve(&builder, router, stream, peer, slot).await;
                });
            }
        }
        // Lets the new connection read first: with a request it is no longer silent.
        tokio::task::yield_now().await;
        connections.wait_for_evicted().await;
    }
}

/// An accepted stream.
enum Accepted {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Accepted {
    /// Sends 503 and closes the connection.
    fn refuse(self) {
        // One write into an empty socket buffer; a peer that does not read gets no response.
        let _ = match self {
            Self::Tcp(stream) => stream.try_write(REFUSAL_RESPONSE),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_write(REFUSAL_RESPONSE),
        };
    }
}

async fn accept(bound: &Bound) -> io::Result<(Accepted, Connected)> {
    match bound {
        Bound::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            // Fails if the peer has closed the connection, which the next read reports.
            let _ = stream.set_nodelay(true);
            limit_unsent_data(&stream);
            Ok((Accepted::Tcp(stream), Connected::Ip(peer.ip())))
        }
        #[cfg(unix)]
        Bound::Unix(listener) => {
            let (stream, _) = listener.accept().await?;
            Ok((Accepted::Unix(stream), Connected::Unix))
        }
    }
}

/// Limits unsent data in the kernel, and lets it close connections whose peer does not acknowledge.
#[cfg(target_os = "linux")]
fn limit_unsent_data(stream: &TcpStream) {
    let socket = socket2::SockRef::from(stream);
    let _ = socket.set_tcp_notsent_lowat(limits::UNSENT_BYTES);
    let _ = socket.set_tcp_user_timeout(Some(limits::UNACKNOWLEDGED_WITHIN));
}

#[cfg(not(target_os = "linux"))]
fn limit_unsent_data(_: &TcpStream) {}

/// Returns whether the error concerns only the connection being accepted.
fn is_peer_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Logs refused connections, at most one line per minute.
#[derive(Default)]
struct Refusals {
    count: u64,
    logged_at: Option<Instant>,
}

impl Refusals {
    fn record(&mut self, what: &str, cause: &dyn std::fmt::Debug) {
        self.count = self.count.saturating_add(1);
        if self.logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
            tracing::warn!(?cause, count = self.count, "{what}");
            (self.count, self.logged_at) = (0, Some(Instant::now()));
        }
    }
}

/// Ends idle sessions periodically.
async fn sweep(web: Web) {
    let mut interval = tokio::time::interval(SWEEP_EVERY);
    loop {
        interval.tick().await;
        web.registry.end_idle(now_unix_ms()).await;
    }
}
