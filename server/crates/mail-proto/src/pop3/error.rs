//! Errors that end a POP3 session.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::response::Response;
use crate::OverLimit;
use crate::sasl::SaslError;

/// An error that ends the session, grouped by cause. The connection has to be dropped; the server
/// then deletes no messages (RFC 1939 §6).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a command that has no alternative.
    #[error("the server refused at {stage}: {response}")]
    Rejected {
        /// The stage of the session.
        stage: Stage,
        /// The server's response.
        response: Response,
    },
    /// The server violated the protocol.
    #[error("the server broke the protocol: {0}")]
    PeerMisbehaved(Misbehaviour),
    /// The server lacks what this connection needs.
    #[error("the server cannot do what is needed: {0}")]
    PeerIncompatible(Incompatibility),
    /// The server exceeded a limit.
    #[error(transparent)]
    Limit(#[from] OverLimit),
    /// The server closed the connection. At [`Stage::Body`] a message is truncated; at
    /// [`Stage::Quit`] it is unknown which messages were deleted.
    #[error("the server closed the connection at {stage}")]
    Closed {
        /// The stage of the session.
        stage: Stage,
    },
}

/// A violation of the protocol by the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// A line that begins neither with `+OK` nor with `-ERR`.
    #[error("a line that is no response")]
    MalformedResponse,
    /// A response without a pending command.
    #[error("a response to nothing")]
    UnsolicitedResponse,
    /// A challenge outside a SASL exchange.
    #[error("a challenge where none makes sense")]
    UnexpectedChallenge,
    /// A `STAT` response or a line of a listing that cannot be parsed.
    #[error("a listing that cannot be read")]
    MalformedListing,
    /// Plaintext after the response to `STLS`: an attacker may have injected it so that it is read
    /// as the first data inside TLS.
    #[error("plaintext behind the response to STLS")]
    PlaintextAfterStls,
    /// A violation of the SASL mechanism.
    #[error("the sign-in was broken: {0}")]
    Sasl(SaslError),
}

/// A capability that the server lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatibility {
    /// `STLS` is not offered on a connection that needs it.
    #[error("STLS is not offered")]
    StlsNotOffered,
    /// The connection has no TLS, and the configuration does not allow sign-in without it.
    #[error("signing in without TLS is not allowed")]
    LoginNeedsTls,
    /// The server offers no sign-in on this connection.
    #[error("no sign-in is offered")]
    LoginNotOffered,
    /// The server offers only sign-in methods that the client does not support.
    #[error("none of the offered ways to sign in is known")]
    NoCommonMechanism {
        /// The offered mechanisms, in the server's spelling.
        offered: Vec<String>,
    },
}

/// The stage of a session, which determines the timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Waiting for the greeting.
    Greeting,
    /// `CAPA`.
    Capa,
    /// `STLS`.
    Stls,
    /// No command is pending.
    Idle,
    /// `USER`, `PASS` or `AUTH`.
    Login,
    /// Any command of the TRANSACTION state.
    Transaction,
    /// A message is being received.
    Body,
    /// `QUIT`.
    Quit,
}

impl Stage {
    /// Returns the name for logs and transcripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Capa => "CAPA",
            Self::Stls => "STLS",
            Self::Idle => "rest",
            Self::Login => "sign-in",
            Self::Transaction => "command",
            Self::Body => "message",
            Self::Quit => "QUIT",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
