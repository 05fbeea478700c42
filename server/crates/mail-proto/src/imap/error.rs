//! Errors that end an IMAP connection, grouped by cause.

use alloc::string::String;
use core::fmt;

use super::code::Code;
use super::event::Status;
use crate::limits::OverLimit;
use crate::sasl::SaslError;

/// The error that stopped the client. It is final: the connection must be dropped.
///
/// A NO or BAD response to a command is not an error but [`Event::Completed`](super::Event).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a step before the connection was ready.
    #[error("{command} was refused: {reply}")]
    Rejected {
        /// The refused step: `greeting`, `STARTTLS` or `CAPABILITY`.
        command: &'static str,
        /// The reply of the server.
        reply: Reply,
    },
    /// The server violated the protocol so that later responses cannot be interpreted.
    #[error("the server broke the protocol: {0}")]
    PeerMisbehaved(Misbehaviour),
    /// The server lacks a feature that this connection requires.
    #[error("the server cannot be used: {0}")]
    PeerIncompatible(Incompatibility),
    /// A response of the server exceeded a limit.
    #[error("{0}")]
    Limit(#[from] OverLimit),
    /// The server closed the connection without BYE.
    #[error("the server closed the connection")]
    Closed,
    /// Signing in would have sent a password without TLS. The password was not sent.
    #[error("no password is sent without TLS")]
    PlaintextLogin,
    /// The body of APPEND was longer or shorter than announced. The connection ends so that the
    /// server does not store a truncated message.
    #[error("the body of APPEND was announced with {announced_bytes} bytes and had other size")]
    BodySize {
        /// The size in the command, in bytes.
        announced_bytes: u64,
    },
    /// The body of APPEND could not be completed.
    #[error("the body of APPEND was not completed")]
    BodyAborted,
}

/// A status response: condition, response code and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// OK, NO or BAD; `None` stands for BYE.
    pub status: Option<Status>,
    /// The response code in brackets.
    pub code: Option<Code>,
    /// The human-readable text as sent; bytes that are not UTF-8 are replaced.
    pub text: String,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.status.map_or("BYE", Status::word);
        write!(f, "{word} {}", self.text)
    }
}

/// A protocol violation of the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// The first line was not an IMAP greeting; the field holds its printable part.
    #[error("the greeting is not IMAP: {0}")]
    NotAGreeting(String),
    /// The greeting was PREAUTH: the session is already authenticated. The client sent no
    /// credentials, and an attacker can use PREAUTH before STARTTLS to prevent TLS.
    #[error("the greeting says that somebody is signed in already (PREAUTH)")]
    Preauth,
    /// Plaintext bytes followed the response to STARTTLS (RFC 9051 §6.2.1).
    #[error("plaintext was sent behind the answer to STARTTLS")]
    PlaintextBehindStartTls,
    /// A tagged response has a tag of no command in progress.
    #[error("an answer came for {0}, which is not under way")]
    UnknownTag(String),
    /// The server violated the rules of the SASL mechanism.
    #[error("the sign-in was broken: {0}")]
    Sasl(SaslError),
    /// The server completed a command with OK before it requested the literal: it cannot have
    /// executed the command as sent.
    #[error("{0} was accepted before all of it was sent")]
    DoneTooEarly(String),
}

/// A required feature that the server lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatibility {
    /// STARTTLS is configured and the server does not offer it.
    #[error("STARTTLS is not offered")]
    NoStartTls,
    /// The server announces LOGINDISABLED.
    #[error("signing in is switched off (LOGINDISABLED)")]
    LoginDisabled,
    /// The server offers neither LOGIN nor a supported mechanism.
    #[error("no way to sign in is offered that is known here")]
    NoMechanism,
    /// The server announces neither `IMAP4rev1` nor `IMAP4rev2`.
    #[error("neither IMAP4rev1 nor IMAP4rev2 is offered")]
    NoImap4,
}
