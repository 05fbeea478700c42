//! Signed-in connections to mail servers: typed calls of IMAP, POP3 and SMTP.
//!
//! Data from a server that is held in memory is charged to a [`Budget`](budget::Budget), and every
//! call has the deadline of its [`Phase`](mail_net::Phase). Accounts, the command line and
//! diagnostics use the same clients, which do not depend on the page, on sessions or on the store.

pub(crate) mod budget;
mod causes;
mod error;
pub(crate) mod imap;
pub(crate) mod pop3;
pub(crate) mod smtp;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use mail_net::drive::Transport;
use mail_net::{Dialer, Endpoint, Recorder};
use mail_proto::{KnownSecrets, Secret};
use tokio::net::TcpStream;

use crate::domain::Protocol;

pub use error::{ClientError, LinkError};

/// A server and the credentials for it.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// The server's address and TLS mode.
    pub(crate) endpoint: Endpoint,
    /// The login name.
    pub(crate) user: String,
    pub(crate) password: Secret,
    /// Records the protocol transcript.
    pub(crate) transcript: Recorder,
}

impl Access {
    /// Returns the secrets to redact from the server's replies.
    pub(crate) fn known_secrets(&self) -> Arc<KnownSecrets> {
        Arc::new(KnownSecrets::new(&self.user, &self.password))
    }
}

/// A message body that is read in chunks, of any size.
pub(crate) trait MessageBody {
    /// A read error, or an error of the connection to the server.
    type Error: From<ClientError> + Send;

    /// Returns the next bytes, at most `max`; `None` at the end.
    fn next(
        &mut self,
        max: usize,
    ) -> impl Future<Output = Result<Option<Bytes>, Self::Error>> + Send;
}

/// Connects, including implicit TLS. `client` is the address of the user who named the server,
/// under which new servers are counted; `None` if this server was counted when it was named.
async fn dial(
    dialer: &Dialer,
    protocol: Protocol,
    endpoint: &Endpoint,
    client: Option<IpAddr>,
) -> Result<Transport<TcpStream>, ClientError> {
    let opened = dialer.open(endpoint, client).await;
    opened.map_err(|error| ClientError::Dial {
        protocol,
        endpoint: endpoint.clone(),
        error,
    })
}
