//! Accepting connections, and stopping in order.

#[cfg(unix)]
use std::fs::Permissions;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tower::ServiceExt as _;

use super::Web;
use super::client_ip::Connected;
use crate::config::Listen;
use crate::store::now_unix_ms;

/// How long open requests may take once the process has to stop.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// How long a peer may take over the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A socket that is listened on.
pub enum Bound {
    /// On the network.
    Tcp(TcpListener),
    /// In the file system.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Bound {
    /// Begins to listen. A socket file that a stopped process left behind is replaced; owner and
    /// group may connect to it.
    ///
    /// # Errors
    /// Where the address is taken or not allowed.
    pub async fn new(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            #[cfg(unix)]
            Listen::Unix(path) => {
                if tokio::net::UnixStream::connect(path).await.is_err() {
                    let _ = tokio::fs::remove_file(path).await;
                }
                let listener = UnixListener::bind(path)?;
                // To connect a proxy needs to write: it runs in the group of the socket.
                let mode = Permissions::from_mode(0o660);
                tokio::fs::set_permissions(path, mode).await?;
                Ok(Self::Unix(listener))
            }
            #[cfg(not(unix))]
            Listen::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The address that was bound, with its port.
    ///
    /// # Errors
    /// Where the system does not tell.
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

/// Serves until the shutdown token ends: then no connection is accepted, streams end, open
/// requests have five seconds, and the accounts close.
pub async fn serve(web: Web, bound: Bound) {
    let router = super::router(&web);
    let server = {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(64);
        builder
    };
    let graceful = GracefulShutdown::new();
    let sweeper = tokio::spawn(sweep(Web::clone(&web)));
    loop {
        let accepted = tokio::select! {
            () = web.shutdown.cancelled() => break,
            accepted = accept(&bound) => accepted,
        };
        match accepted {
            Ok((stream, peer)) => connection(&server, &graceful, router.clone(), stream, peer),
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(bound);
    sweeper.abort();
    if tokio::time::timeout(STOP_WITHIN, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were still open when the server stopped");
    }
    if tokio::time::timeout(STOP_WITHIN, web.registry.close_all())
        .await
        .is_err()
    {
        tracing::warn!("accounts were still open when the server stopped");
    }
    web.store.close().await;
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn accept(bound: &Bound) -> io::Result<(Box<dyn Stream>, Connected)> {
    match bound {
        Bound::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok((Box::new(stream), Connected::Ip(peer.ip())))
        }
        #[cfg(unix)]
        Bound::Unix(listener) => {
            let (stream, _) = listener.accept().await?;
            Ok((Box::new(stream), Connected::Unix))
        }
    }
}

fn connection(
    server: &auto::Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    router: Router,
    stream: Box<dyn Stream>,
    peer: Connected,
) {
    let service = router.map_request(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request
    });
    let service = hyper_util::service::TowerToHyperService::new(service);
    let connection = server
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error, "a connection ended early");
        }
    });
}

/// Ends idle sessions.
async fn sweep(web: Web) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        every.tick().await;
        web.registry.end_idle(now_unix_ms()).await;
    }
}
