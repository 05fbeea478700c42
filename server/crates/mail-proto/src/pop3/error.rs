//! Why a POP3 conversation cannot go on.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::response::Response;
use crate::OverLimit;
use crate::sasl::SaslError;

/// Why the conversation ended, grouped by whose fault it is. The connection has to be dropped;
/// the server then deletes nothing (RFC 1939 §6).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused to go on at a place where nothing else can be tried.
    #[error("the server refused at {stage}: {response}")]
    Rejected {
        /// What was being done.
        stage: Stage,
        /// The server's own words.
        response: Response,
    },
    /// The server said what the protocol does not allow.
    #[error("the server broke the protocol: {0}")]
    PeerMisbehaved(Misbehaviour),
    /// The server lacks what this connection needs.
    #[error("the server cannot do what is needed: {0}")]
    PeerIncompatible(Incompatibility),
    /// The server said more than is believed.
    #[error(transparent)]
    Limit(#[from] OverLimit),
    /// The server closed the connection. At [`Stage::Body`] a message was cut short; at
    /// [`Stage::Quit`] it is not known what was deleted.
    #[error("the server closed the connection at {stage}")]
    Closed {
        /// What was being done.
        stage: Stage,
    },
}

/// What a server did that the protocol does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// A line that begins neither with `+OK` nor with `-ERR`.
    #[error("a line that is no response")]
    MalformedResponse,
    /// A response to nothing.
    #[error("a response to nothing")]
    UnsolicitedResponse,
    /// A challenge where none makes sense.
    #[error("a challenge where none makes sense")]
    UnexpectedChallenge,
    /// A `STAT` response or a line of a listing that cannot be read.
    #[error("a listing that cannot be read")]
    MalformedListing,
    /// Plaintext behind the response to `STLS`: somebody may have put it there to have it taken
    /// for the first words inside TLS.
    #[error("plaintext behind the response to STLS")]
    PlaintextAfterStls,
    /// Something that the mechanism of the sign-in does not allow.
    #[error("the sign-in was broken: {0}")]
    Sasl(SaslError),
}

/// What a server lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatibility {
    /// `STLS` is not offered on a connection that needs it.
    #[error("STLS is not offered")]
    StlsNotOffered,
    /// The connection has no TLS, and signing in without it is not allowed here.
    #[error("signing in without TLS is not allowed")]
    LoginNeedsTls,
    /// The server offers no sign-in on this connection.
    #[error("no sign-in is offered")]
    LoginNotOffered,
    /// The server offers only ways to sign in that are not spoken here.
    #[error("none of the offered ways to sign in is known")]
    NoCommonMechanism {
        /// What it offers, in its own spelling.
        offered: Vec<String>,
    },
}

/// What is going on, which decides how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Waiting for the greeting.
    Greeting,
    /// `CAPA`.
    Capa,
    /// `STLS`.
    Stls,
    /// Nothing is going on.
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
    /// Returns the name as it is told in logs and transcripts.
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
