//! Connections to mail servers, past their sign-in: typed calls of IMAP, POP3 and SMTP.
//!
//! Whoever keeps what a server sends charges it to a [`Budget`](budget::Budget), and every call has
//! the deadline of its [`Phase`](mail_net::Phase). Accounts, the command line and whoever looks for
//! a fault use the same ones: nothing here knows of the page, of sessions or of what is stored.

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

/// A server, and who signs in there.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// What is dialled.
    pub(crate) endpoint: Endpoint,
    /// The login name.
    pub(crate) user: String,
    pub(crate) password: Secret,
    /// Keeps what is said.
    pub(crate) transcript: Recorder,
}

impl Access {
    /// What has to be kept out of the server's replies.
    pub(crate) fn known_secrets(&self) -> Arc<KnownSecrets> {
        Arc::new(KnownSecrets::new(&self.user, &self.password))
    }
}

/// A message that is given in pieces, as large as somebody wants.
pub(crate) trait MessageBody {
    /// Why a message cannot be read, or why a server does not have it.
    type Error: From<ClientError> + Send;

    /// The next bytes, at most `max`; `None` at the end.
    fn next(
        &mut self,
        max: usize,
    ) -> impl Future<Output = Result<Option<Bytes>, Self::Error>> + Send;
}

/// Connects, up to TLS where it comes first. By `client`, the address of the person who named the
/// server, servers are counted; without it this one was counted when it was named.
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
