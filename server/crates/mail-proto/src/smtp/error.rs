//! Why an SMTP conversation cannot go on.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::reply::Reply;
use crate::OverLimit;
use crate::sasl::SaslError;

/// Why the conversation ended, grouped by whose fault it is. The connection has to be dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused to go on at a place where nothing else can be tried, or is going away
    /// (421).
    #[error("the server refused at {stage}: {reply}")]
    Rejected {
        /// What was being done.
        stage: Stage,
        /// The server's own words.
        reply: Reply,
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
    /// The server closed the connection.
    #[error("the server closed the connection at {stage}")]
    Closed {
        /// What was being done.
        stage: Stage,
    },
    /// We gave up a message that the server had begun to take. Only a dropped connection makes
    /// sure that it does not keep the part that was sent.
    #[error("sending was given up before the end of the message")]
    Aborted,
    /// The message holds a NUL, which no server has to take (RFC 5321 §4.5.2). Given up like
    /// [`Aborted`](Self::Aborted).
    #[error("the message holds a NUL")]
    NulInBody,
}

/// What a server did that the protocol does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// A line that is no reply.
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
    /// A reply to nothing.
    #[error("a reply ({code}) to nothing")]
    UnsolicitedReply {
        /// Its code.
        code: u16,
    },
    /// A code that makes no sense as an answer to this.
    #[error("the code {code} at {stage}")]
    UnexpectedCode {
        /// What was being done.
        stage: Stage,
        /// The code.
        code: u16,
    },
    /// An answer to the message before its end was sent: it cannot be an answer to it.
    #[error("an answer to the message before its end")]
    EarlyReply,
    /// Plaintext behind the reply to `STARTTLS`: somebody may have put it there to have it taken
    /// for the first words inside TLS (RFC 3207 §4.2, RFC 8314 §3).
    #[error("plaintext behind the reply to STARTTLS")]
    PlaintextAfterStartTls,
    /// Something that the mechanism of the sign-in does not allow.
    #[error("the sign-in was broken: {0}")]
    Sasl(SaslError),
}

/// What a server lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatibility {
    /// `STARTTLS` is not offered on a connection that needs it.
    #[error("STARTTLS is not offered")]
    StartTlsNotOffered,
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

/// How far a conversation has come.
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
    /// Nothing is going on.
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
    /// The final dot has left; the answer to the message is awaited.
    Final,
    /// `QUIT`.
    Quit,
}

impl Stage {
    /// Returns the name as it is told in logs and transcripts.
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
