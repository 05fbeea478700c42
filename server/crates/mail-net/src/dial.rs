//! Opening connections: resolve once, test every address, connect to the tested one, start TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

pub use mail_proto::Tls as TlsMode;
use rustls::ClientConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::Instant;

use crate::deadlines;
use crate::drive::Transport;
use crate::egress::{Egress, Refusal};
use crate::tls::{self, TlsError};

/// A server to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The host name or address literal.
    pub host: String,
    /// The port.
    pub port: u16,
    /// When TLS begins.
    pub tls: TlsMode,
}

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// There is no such name, or it has no address.
    #[error("the name was not found")]
    NameNotFound,
    /// The operator's rules do not allow it.
    #[error(transparent)]
    Fenced(Refusal),
    /// The host answers, but nothing listens on the port.
    #[error("the connection was refused")]
    Refused,
    /// No answer within the deadline.
    #[error("no answer within the deadline")]
    TimedOut,
    /// There is no way to the host.
    #[error("the host cannot be reached: {0}")]
    Unreachable(String),
    /// TLS failed.
    #[error(transparent)]
    Tls(TlsError),
}

/// Opens connections within the fence.
#[derive(Debug)]
pub struct Dialer {
    egress: Egress,
    config: Arc<ClientConfig>,
}

impl Dialer {
    /// Makes a dialer; `config` holds the trust for hosts that have none of their own.
    pub fn new(egress: Egress, config: Arc<ClientConfig>) -> Self {
        Self { egress, config }
    }

    /// The TLS configuration for an endpoint: its own where the operator gave one.
    pub fn tls_config(&self, endpoint: &Endpoint) -> Arc<ClientConfig> {
        self.egress
            .listed(&endpoint.host, endpoint.port)
            .and_then(|listed| listed.tls.clone())
            .unwrap_or_else(|| Arc::clone(&self.config))
    }

    /// Opens a connection, with TLS where the mode is implicit.
    ///
    /// `client` is the address of the person who named the host, where one did; the number of new
    /// hosts is limited by it.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn open(
        &self,
        endpoint: &Endpoint,
        client: Option<IpAddr>,
    ) -> Result<Transport<TcpStream>, DialError> {
        self.egress
            .admit(&endpoint.host, endpoint.port, client)
            .map_err(DialError::Fenced)?;
        let until = Instant::now() + deadlines::CONNECT;
        let stream = match tokio::time::timeout_at(until, self.connect(endpoint, until)).await {
            Ok(connected) => connected?,
            Err(_) => return Err(DialError::TimedOut),
        };
        // Commands are small and each waits for its answer.
        let _ = stream.set_nodelay(true);
        // A link whose other end is gone without a word is found although nobody speaks: IDLE.
        let keep_alive = TcpKeepalive::new().with_time(deadlines::KEEP_ALIVE);
        let _ = SockRef::from(&stream).set_tcp_keepalive(&keep_alive);
        match endpoint.tls {
            TlsMode::Implicit => tls::start(&self.tls_config(endpoint), &endpoint.host, stream)
                .await
                .map(|stream| Transport::Tls(Box::new(stream)))
                .map_err(DialError::Tls),
            TlsMode::StartTls | TlsMode::Plain => Ok(Transport::Plain(stream)),
        }
    }

    async fn connect(&self, endpoint: &Endpoint, until: Instant) -> Result<TcpStream, DialError> {
        let addresses: Vec<SocketAddr> = lookup_host((endpoint.host.as_str(), endpoint.port))
            .await
            .map_err(|_| DialError::NameNotFound)?
            .collect();
        for address in &addresses {
            // One private address among public ones is enough to refuse: whoever controls the
            // name must not choose which of them is taken.
            self.egress
                .admit_address(&endpoint.host, endpoint.port, address.ip())
                .map_err(DialError::Fenced)?;
        }
        let mut last = DialError::NameNotFound;
        let count = addresses.len();
        for (n, address) in addresses.into_iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(count - n).unwrap_or(1).max(1);
            match tokio::time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = classify(&error),
                Err(_) => last = DialError::TimedOut,
            }
        }
        Err(last)
    }
}

fn classify(error: &io::Error) -> DialError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => DialError::Refused,
        io::ErrorKind::TimedOut => DialError::TimedOut,
        _ => DialError::Unreachable(error.to_string()),
    }
}
