//! The outcome of a message.

use alloc::vec::Vec;

use super::address::Address;
use super::error::{Error, Incompatibility, Misbehaviour, Stage};
use super::parameters::Parameter;
use super::reply::Reply;
use crate::OverLimit;

/// The outcome of one message.
///
/// `recipients` are in the order of the envelope, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took responsibility for the message, for the recipients that it accepted.
    Accepted {
        /// The reply to the message.
        reply: Reply,
        /// The result of each recipient.
        recipients: Vec<(Address, RecipientResult)>,
        /// The requested parameters that were omitted, because the server does not offer them or
        /// refused them.
        left_out: Vec<Parameter>,
    },
    /// The server refused the message, or every recipient. The message was not delivered.
    Rejected {
        /// The stage of the refusal.
        stage: Stage,
        /// The server's reply; at [`Stage::Rcpt`] the first refusal of a recipient.
        reply: Reply,
        /// The result of each recipient before the refusal.
        recipients: Vec<(Address, RecipientResult)>,
    },
    /// The message was not sent, for a reason other than a refusal.
    NotSent {
        /// The stage that was reached.
        stage: Stage,
        /// The reason.
        cause: Cause,
        /// The result of each recipient before the failure.
        recipients: Vec<(Address, RecipientResult)>,
    },
    /// The whole message was sent, and no valid reply was received. The message may have been
    /// delivered: it must not be sent again without asking the user.
    Unknown {
        /// The reason for the missing reply.
        cause: Cause,
        /// The result of each recipient before the failure.
        recipients: Vec<(Address, RecipientResult)>,
    },
}

/// The result of one recipient. Replies are truncated to 4 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientResult {
    /// The server accepted the recipient.
    Accepted(Reply),
    /// The server refused the recipient; 4yz is temporary, 5yz is permanent.
    Refused(Reply),
    /// The recipient did not fit into the transaction (RFC 5321 §4.5.3.1.10, RFC 9422), or was
    /// refused for an optional parameter, and can be sent to in another transaction immediately.
    /// Contains the server's reply if `RCPT` was sent.
    Deferred(Option<Reply>),
    /// `RCPT` was not sent, or the server did not reply.
    Unanswered,
}

/// The reason why a message was not sent, or why its outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The server closed the connection.
    #[error("the server closed the connection")]
    ConnectionClosed,
    /// The server violated the protocol.
    #[error("the server broke the protocol: {0}")]
    PeerMisbehaved(Misbehaviour),
    /// The server exceeded a limit.
    #[error(transparent)]
    Limit(#[from] OverLimit),
    /// The server ended the session before the message was due.
    #[error("the server refused at {stage}: {reply}")]
    Rejected {
        /// The stage of the session.
        stage: Stage,
        /// The server's reply.
        reply: Reply,
    },
    /// The server lacks what this connection needs.
    #[error("the server cannot do what is needed: {0}")]
    PeerIncompatible(Incompatibility),
    /// There is no recipient.
    #[error("there is no recipient")]
    NoRecipients,
    /// The message exceeds the size limit of the server (RFC 1870). No command was sent.
    #[error("the message has {size_bytes} bytes, the server takes {max_bytes}")]
    TooLarge {
        /// The size of the message.
        size_bytes: u64,
        /// The maximum that the server accepts.
        max_bytes: u64,
    },
    /// The message or an address needs SMTPUTF8, which the server does not offer.
    #[error("the server does not offer SMTPUTF8")]
    Smtputf8NotOffered,
    /// The message contains octets above 127, and the server does not offer 8BITMIME.
    #[error("the server does not offer 8BITMIME")]
    EightBitMimeNotOffered,
    /// The message requires TLS on every hop, and the server does not offer REQUIRETLS, or the
    /// connection has no TLS (RFC 8689 §2).
    #[error("the server does not offer REQUIRETLS under TLS")]
    RequireTlsNotOffered,
    /// The message requests a hold, and the server does not offer FUTURERELEASE.
    #[error("the server does not offer FUTURERELEASE")]
    FutureReleaseNotOffered,
    /// The message requests a longer hold than the server supports.
    #[error("the server does not hold a message for so long")]
    HoldTooLong,
    /// The message requests its return if it is late, and the server does not offer DELIVERBY.
    #[error("the server does not offer DELIVERBY")]
    DeliverByNotOffered,
    /// The message requests its return after less time than the server supports.
    #[error("the server promises no delivery within less than {min_secs} s")]
    DeliverByTooSoon {
        /// Minimum time that the server accepts.
        min_secs: u32,
    },
    /// The limits of the session are reached (RFC 9422): another connection is needed. No command
    /// was sent.
    #[error("the server takes no more messages on this connection")]
    SessionLimitReached,
    /// The server refused `BDAT` or a pipelined command as unknown or out of sequence. The message
    /// was not sent: it may be sent again with
    /// [`Envelope::is_plain`](super::Envelope::is_plain).
    #[error("the server does not take the message in one go: {reply}")]
    NotInOneGo {
        /// The server's reply.
        reply: Reply,
    },
    /// The owner aborted the message ([`BodyChunk::Abort`](crate::BodyChunk::Abort) or
    /// [`Client::abort`](super::Client::abort)).
    #[error("sending was given up")]
    Aborted,
    /// The message contains a NUL, which servers may refuse (RFC 5321 §4.5.2, RFC 5322 §4).
    #[error("the message holds a NUL")]
    NulInBody,
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected { stage, reply } => Self::Rejected { stage, reply },
            Error::PeerMisbehaved(kind) => Self::PeerMisbehaved(kind),
            Error::PeerIncompatible(what) => Self::PeerIncompatible(what),
            Error::Limit(over) => Self::Limit(over),
            Error::Closed { .. } => Self::ConnectionClosed,
            Error::Aborted => Self::Aborted,
            Error::NulInBody => Self::NulInBody,
        }
    }
}
