//! Why an IMAP connection ended, grouped by whose fault it is.

use alloc::string::String;
use core::fmt;

use super::code::Code;
use super::event::Status;
use crate::limits::OverLimit;
use crate::sasl::SaslError;

/// Why the machine stopped. Final: the connection has to be dropped.
///
/// A command that is answered NO or BAD is no error but [`Event::Completed`](super::Event).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused to go on before the connection was ready.
    #[error("{command} was refused: {reply}")]
    Rejected {
        /// What was refused: `greeting`, `STARTTLS` or `CAPABILITY`.
        command: &'static str,
        /// The server's own words.
        reply: Reply,
    },
    /// The server broke the protocol in a way after which nothing it says can be placed.
    #[error("the server broke the protocol: {0}")]
    PeerMisbehaved(Misbehaviour),
    /// The server lacks what this connection must have.
    #[error("the server cannot be used: {0}")]
    PeerIncompatible(Incompatibility),
    /// The server went over a limit.
    #[error("{0}")]
    Limit(#[from] OverLimit),
    /// The server closed the connection without BYE.
    #[error("the server closed the connection")]
    Closed,
    /// A password was to leave on a connection without TLS. It did not.
    #[error("no password is sent without TLS")]
    PlaintextLogin,
    /// The body of APPEND was longer or shorter than announced, so the connection ends before the
    /// server can take a part for the whole.
    #[error("the body of APPEND was announced with {announced_bytes} bytes and had other size")]
    BodySize {
        /// The size that the command named.
        announced_bytes: u64,
    },
    /// The body of APPEND could not be completed.
    #[error("the body of APPEND was not completed")]
    BodyAborted,
}

/// A status response: what a server answers in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// OK, NO or BAD; `None` stands for BYE.
    pub status: Option<Status>,
    /// The response code in brackets.
    pub code: Option<Code>,
    /// The text for people, as sent; bytes that are not UTF-8 are replaced.
    pub text: String,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.status.map_or("BYE", Status::word);
        write!(f, "{word} {}", self.text)
    }
}

/// How a server broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// The first line was no IMAP greeting; it is given as far as it can be shown.
    #[error("the greeting is not IMAP: {0}")]
    NotAGreeting(String),
    /// The greeting says that we are signed in already. Nobody here gave it a name to sign in,
    /// and before STARTTLS it is a way to keep a client from TLS.
    #[error("the greeting says that somebody is signed in already (PREAUTH)")]
    Preauth,
    /// Bytes came in plaintext behind the answer to STARTTLS (RFC 9051 §6.2.1).
    #[error("plaintext was sent behind the answer to STARTTLS")]
    PlaintextBehindStartTls,
    /// A command was answered that is not under way.
    #[error("an answer came for {0}, which is not under way")]
    UnknownTag(String),
    /// Something that the mechanism of the sign-in does not allow.
    #[error("the sign-in was broken: {0}")]
    Sasl(SaslError),
    /// A command was accepted whose literal was not asked for yet: what is done cannot be what was
    /// meant.
    #[error("{0} was accepted before all of it was sent")]
    DoneTooEarly(String),
}

/// What a server lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatibility {
    /// STARTTLS was asked for and is not offered.
    #[error("STARTTLS is not offered")]
    NoStartTls,
    /// LOGINDISABLED is announced.
    #[error("signing in is switched off (LOGINDISABLED)")]
    LoginDisabled,
    /// Neither LOGIN nor a mechanism that we know is offered.
    #[error("no way to sign in is offered that is known here")]
    NoMechanism,
    /// Neither `IMAP4rev1` nor `IMAP4rev2` is announced.
    #[error("neither IMAP4rev1 nor IMAP4rev2 is offered")]
    NoImap4,
}
