//! Errors of connections to mail servers.

use mail_net::dial::{DialError, Endpoint};
use mail_net::{Phase, TlsError};
use mail_proto::{imap, pop3, smtp};

use super::budget::Overloaded;
use crate::domain::{Protocol, ServerReply};

/// An error of a request to a mail server.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection could not be opened.
    #[error("no connection to {}:{}: {error}", endpoint.host, endpoint.port)]
    Dial {
        /// The server's protocol.
        protocol: Protocol,
        /// The server's address.
        endpoint: Endpoint,
        /// The cause.
        error: DialError,
    },
    /// The connection failed, or the server violated its protocol.
    #[error("the link to {}:{} ended: {error}", endpoint.host, endpoint.port)]
    Link {
        /// The server's protocol.
        protocol: Protocol,
        /// The server's address.
        endpoint: Endpoint,
        /// The cause.
        error: LinkError,
    },
    /// The server refused the login.
    #[error("{} refused the login: {reply}", endpoint.host)]
    LoginRefused {
        /// The server's protocol.
        protocol: Protocol,
        /// The server's address.
        endpoint: Endpoint,
        /// The server's reply, with the code that gives the reason.
        reply: ServerReply,
    },
    /// The server refused a command.
    #[error("{} refused: {reply}", endpoint.host)]
    Refused {
        /// The server's protocol.
        protocol: Protocol,
        /// The server's address.
        endpoint: Endpoint,
        /// The server's reply.
        reply: ServerReply,
    },
    /// Other requests use the memory that the response needs.
    #[error("the memory for mail is used by others")]
    Overloaded,
}

impl ClientError {
    /// Returns whether the connection is lost, so that the next request needs a new one.
    pub(crate) fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Link { .. })
    }

    /// Turns [`LinkError::Closed`] into [`LinkError::ClosedEarly`], for errors before the sign-in:
    /// a server that closes the connection then does not want another one.
    pub(crate) fn before_sign_in(self) -> Self {
        match self {
            Self::Link {
                protocol,
                endpoint,
                error: LinkError::Closed,
            } => Self::Link {
                protocol,
                endpoint,
                error: LinkError::ClosedEarly,
            },
            other => other,
        }
    }

    /// Returns whether an IMAP response was over a limit.
    pub(crate) fn is_over_limit(&self) -> bool {
        matches!(
            self,
            Self::Link {
                error: LinkError::Imap(imap::Error::Limit(_)),
                ..
            }
        )
    }
}

impl From<Overloaded> for ClientError {
    fn from(Overloaded: Overloaded) -> Self {
        Self::Overloaded
    }
}

/// Why a connection failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// TLS failed after STARTTLS or STLS.
    #[error(transparent)]
    Tls(TlsError),
    /// The server did not respond within the deadline of the phase.
    #[error("nothing came in time ({0:?})")]
    Deadline(Phase),
    /// The server closed the connection.
    #[error("closed")]
    Closed,
    /// The server closed the connection before the sign-in.
    #[error("closed before the sign-in")]
    ClosedEarly,
    /// The incomplete responses of all connections together take too much memory.
    #[error("too much waits for its end on all connections together")]
    Overloaded,
    /// An IMAP server violated the protocol, or lacks a required capability.
    #[error(transparent)]
    Imap(imap::Error),
    /// A POP3 server violated the protocol, or lacks a required capability.
    #[error(transparent)]
    Pop3(pop3::Error),
    /// An SMTP server violated the protocol, or lacks a required capability.
    #[error(transparent)]
    Smtp(smtp::Error),
}
