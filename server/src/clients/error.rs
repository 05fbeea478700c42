//! Everything that can go wrong with a connection to a mail server.

use mail_net::dial::{DialError, Endpoint};
use mail_net::{Phase, TlsError};
use mail_proto::{imap, pop3, smtp};

use super::budget::Overloaded;
use crate::domain::{Protocol, ServerReply};

/// Why a server did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No connection to a server came about.
    #[error("no connection to {}:{}: {error}", endpoint.host, endpoint.port)]
    Dial {
        /// Which server.
        protocol: Protocol,
        /// Where it should be.
        endpoint: Endpoint,
        /// Why.
        error: DialError,
    },
    /// The link broke, or the server stopped keeping to its protocol.
    #[error("the link to {}:{} ended: {error}", endpoint.host, endpoint.port)]
    Link {
        /// Which server.
        protocol: Protocol,
        /// Where it is.
        endpoint: Endpoint,
        /// Why.
        error: LinkError,
    },
    /// The server refused the login.
    #[error("{} refused the login: {reply}", endpoint.host)]
    LoginRefused {
        /// Which server.
        protocol: Protocol,
        /// Where it is.
        endpoint: Endpoint,
        /// Its words, with the code that tells why.
        reply: ServerReply,
    },
    /// The server refused a command.
    #[error("{} refused: {reply}", endpoint.host)]
    Refused {
        /// Which server.
        protocol: Protocol,
        /// Where it is.
        endpoint: Endpoint,
        /// Its words.
        reply: ServerReply,
    },
    /// Others hold the memory that the answer would take.
    #[error("the memory for mail is used by others")]
    Overloaded,
}

impl ClientError {
    /// Whether the connection is gone, so that the next request needs a new one.
    pub(crate) fn is_link_lost(&self) -> bool {
        matches!(self, Self::Link { .. })
    }

    /// The same error where it came before the sign-in: a server that closes the connection then
    /// does not want another one.
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

    /// Whether a server's answer was larger than what is taken.
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

/// Why a link ended.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// TLS failed after STARTTLS or STLS.
    #[error(transparent)]
    Tls(TlsError),
    /// Nothing came in time.
    #[error("nothing came in time ({0:?})")]
    Deadline(Phase),
    /// The server closed the connection.
    #[error("closed")]
    Closed,
    /// The server closed the connection before the sign-in.
    #[error("closed before the sign-in")]
    ClosedEarly,
    /// What servers have sent and not ended takes too much memory on all connections together.
    #[error("too much waits for its end on all connections together")]
    Overloaded,
    /// An IMAP server broke the rules, or lacks what is needed.
    #[error(transparent)]
    Imap(imap::Error),
    /// The same for POP3.
    #[error(transparent)]
    Pop3(pop3::Error),
    /// The same for SMTP.
    #[error(transparent)]
    Smtp(smtp::Error),
}
