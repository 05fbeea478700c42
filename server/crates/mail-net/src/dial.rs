//! Opens connections: resolves once, tests every address, connects to a tested one, starts TLS.

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

/// Why a connection could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// There is no such name, or it has no address.
    #[error("the name was not found")]
    NameNotFound,
    /// The operator's rules do not allow the connection.
    #[error(transparent)]
    Fenced(Refusal),
    /// The host answers, but nothing listens on the port.
    #[error("the connection was refused")]
    Refused,
    /// No answer within the deadline.
    #[error("no answer within the deadline")]
    TimedOut,
    /// There is no route to the host.
    #[error("the host cannot be reached: {0}")]
    Unreachable(String),
    /// TLS failed.
    #[error(transparent)]
    Tls(TlsError),
}

impl DialError {
    /// Whether the name does not resolve, or resolves to an address that is not allowed.
    fn is_about_the_name(&self) -> bool {
        matches!(
            self,
            Self::NameNotFound | Self::Fenced(Refusal::Private { .. })
        )
    }
}

/// Opens connections that the fence allows.
#[derive(Debug)]
pub struct Dialer {
    egress: Egress,
    config: Arc<ClientConfig>,
}

impl Dialer {
    /// Creates a dialer; `config` holds the trust for hosts that have none of their own.
    pub fn new(egress: Egress, config: Arc<ClientConfig>) -> Self {
        Self { egress, config }
    }

    /// Returns the TLS configuration for an endpoint: its own if the operator gave one.
    pub fn tls_config(&self, endpoint: &Endpoint) -> Arc<ClientConfig> {
        self.egress
            .listed(&endpoint.host, endpoint.port)
            .and_then(|listed| listed.tls.clone())
            .unwrap_or_else(|| Arc::clone(&self.config))
    }

    /// Checks a server that is to be dialled later, as [`open`](Self::open) does before it dials.
    ///
    /// # Errors
    /// [`DialError::Fenced`].
    pub fn admit(&self, endpoint: &Endpoint, client: Option<IpAddr>) -> Result<(), DialError> {
        self.egress
            .admit(&endpoint.host, endpoint.port, client)
            .map_err(DialError::Fenced)
    }

    /// Opens a connection, with TLS if the mode is implicit.
    ///
    /// `client` is the address of the client that named the host, if there is one; its number of
    /// new hosts is limited. A missing name and a name with a private address are both reported
    /// after [`deadlines::NAME_REFUSED`], unless the operator listed the host: the client must not
    /// learn which names exist in the private network.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn open(
        &self,
        endpoint: &Endpoint,
        client: Option<IpAddr>,
    ) -> Result<Transport<TcpStream>, DialError> {
        self.admit(endpoint, client)?;
        self.dial(endpoint).await
    }

    /// Checks a web server that a message names, before it is offered.
    ///
    /// # Errors
    /// [`DialError::Fenced`], by the rule of [`Egress::admit_web`].
    pub fn admit_web(&self, host: &str, port: u16) -> Result<(), DialError> {
        self.egress.admit_web(host, port).map_err(DialError::Fenced)
    }

    /// Opens a connection with TLS to a web server that a message names.
    ///
    /// # Errors
    /// [`DialError`], as [`open`](Self::open), by the rule of [`Egress::admit_web`].
    pub(crate) async fn open_web(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Transport<TcpStream>, DialError> {
        self.admit_web(host, port)?;
        let endpoint = Endpoint {
            host: host.to_owned(),
            port,
            tls: TlsMode::Implicit,
        };
        self.dial(&endpoint).await
    }

    async fn dial(&self, endpoint: &Endpoint) -> Result<Transport<TcpStream>, DialError> {
        let began = Instant::now();
        let until = began + deadlines::CONNECT;
        let stream = match tokio::time::timeout_at(until, self.connect(endpoint, until)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                if error.is_about_the_name() && self.egress.hides(&endpoint.host) {
                    tokio::time::sleep_until(began + deadlines::NAME_REFUSED).await;
                }
                return Err(error);
            }
            Err(_) => return Err(DialError::TimedOut),
        };
        // Commands are small, and each waits for its response.
        let _ = stream.set_nodelay(true);
        // Detects a peer that vanished without closing while neither side sends, as in IDLE.
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
            // One private address among public ones is enough to refuse: the owner of the name must
            // not choose which of them is used.
            self.egress
                .admit_address(&endpoint.host, endpoint.port, address.ip())
                .map_err(DialError::Fenced)?;
        }
        let mut last = DialError::NameNotFound;
        let count = addresses.len();
        for (n, address) in addresses.into_iter().enumerate() {
            let remaining = until.saturating_duration_since(Instant::now());
            let share = remaining / u32::try_from(count - n).unwrap_or(1).max(1);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::Listed;
    use crate::tls::Trust;

    async fn refused_after(egress: Egress, host: &str) -> (DialError, std::time::Duration) {
        let dialer = Dialer::new(egress, Trust::default().client_config().unwrap());
        let endpoint = Endpoint {
            host: host.to_owned(),
            port: 993,
            tls: TlsMode::Implicit,
        };
        let began = Instant::now();
        let error = dialer.open(&endpoint, None).await.unwrap_err();
        (error, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn private_address_is_reported_as_late_as_a_missing_name() {
        for host in ["127.0.0.1", "10.1.2.3", "localhost"] {
            let (error, after) = refused_after(Egress::public(Vec::new()), host).await;
            assert!(matches!(error, DialError::Fenced(Refusal::Private { .. })));
            assert!(after >= deadlines::NAME_REFUSED, "{host}: {after:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn error_of_a_listed_host_is_reported_at_once() {
        let listed = Listed {
            host: "127.0.0.1".to_owned(),
            ports: vec![1993],
            tls: None,
        };
        let (_, after) = refused_after(Egress::public(vec![listed]), "127.0.0.1").await;
        assert!(after < deadlines::NAME_REFUSED, "{after:?}");
    }
}
