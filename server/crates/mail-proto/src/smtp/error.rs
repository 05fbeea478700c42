//! Errors that end an SMTP session.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::reply::Reply;
use crate::OverLimit;
use crate::sasl::SaslError;

/// An error that ends the session, grouped by cause. The connection has to be dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a command that has no alternative, or is shutting down (421).
    #[error("the server refused at {stage}: {reply}")]
    Rejected {
        /// The stage of the session.
        stage: Stage,
        /// The server's reply.
        reply: Reply,
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
    /// The server closed the connection.
    #[error("the server closed the connection at {stage}")]
    Closed {
        /// The stage of the session.
        stage: Stage,
    },
    /// The client aborted a partially sent message. Only a dropped connection ensures that the
    /// server does not accept the part that was sent.
    #[error("sending was given up before the end of the message")]
    Aborted,
    /// The message contains a NUL, which servers may refuse (RFC 5321 §4.5.2). Handled like
    /// [`Aborted`](Self::Aborted).
    #[error("the message holds a NUL")]
    NulInBody,
}

/// A violation of the protocol by the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// A line that is not a reply.
    #[error("a line that is no reply")]
    MalformedReply,
    /// A multi-line reply whose lines have different codes (RFC 5321 §4.2.1).
    #[error("a reply with the codes {first} and {second}")]
    MixedCodes {
        /// The code of the first line.
        first: u16,
        /// The code that differs.
        second: u16,
    },
    /// A reply without a pending command.
    #[error("a reply ({code}) to nothing")]
    UnsolicitedReply {
        /// Its code.
        code: u16,
    },
    /// A reply code that the pending command does not have.
    #[error("the code {code} at {stage}")]
    UnexpectedCode {
        /// The stage of the session.
        stage: Stage,
        /// The code.
        code: u16,
    },
    /// A reply to the message before its end was sent, which cannot belong to it.
    #[error("an answer to the message before its end")]
    EarlyReply,
    /// Plaintext after the reply to `STARTTLS`: an attacker may have injected it so that it is read
    /// as the first data inside TLS (RFC 3207 §4.2, RFC 8314 §3).
    #[error("plaintext behind the reply to STARTTLS")]
    PlaintextAfterStartTls,
    /// A violation of the SASL mechanism.
    #[error("the sign-in was broken: {0}")]
    Sasl(SaslError),
}

/// A capability that the server lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatibility {
    /// `STARTTLS` is not offered on a connection that needs it.
    #[error("STARTTLS is not offered")]
    StartTlsNotOffered,
    /// The connection has no TLS, and the configuration does not allow sign-in without it.
    #[error("signing in without TLS is not allowed")]
    LoginNeedsTls,
    /// The server offers no sign-in on this connection.
    #[error("no sign-in is offered")]
    LoginNotOffered,
    /// The server offers only mechanisms that the client does not support.
    #[error("none of the offered ways to sign in is known")]
    NoCommonMechanism {
        /// The offered mechanisms, in the server's spelling.
        offered: Vec<String>,
    },
}

/// The stage of a session, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Waiting for the greeting.
    Greeting,
    /// `EHLO` or `HELO`.
    Ehlo,
    /// `STARTTLS`.
    StartTls,
    /// `AUTH`.
    Auth,
    /// No request is pending.
    Idle,
    /// A command outside of a transaction ([`Client::command`](super::Client::command)).
    Command,
    /// `RSET`.
    Rset,
    /// `MAIL`.
    Mail,
    /// `RCPT`.
    Rcpt,
    /// `DATA`.
    Data,
    /// The message, before its final dot.
    Body,
    /// The final dot was sent; the reply to the message is pending.
    Final,
    /// `QUIT`.
    Quit,
}

impl Stage {
    /// Returns the name for logs and transcripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Idle => "rest",
            Self::Command => "command",
            Self::Rset => "RSET",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Body => "message",
            Self::Final => "end of message",
            Self::Quit => "QUIT",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
