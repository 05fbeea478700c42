//! What became of a message.

use alloc::vec::Vec;

use super::address::Address;
use super::error::{Error, Incompatibility, Misbehaviour, Stage};
use super::parameters::Parameter;
use super::reply::Reply;
use crate::OverLimit;

/// What became of one message.
///
/// `recipients` are in the order of the envelope, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took responsibility for the message, for those recipients that it accepted.
    Accepted {
        /// The answer to the message.
        reply: Reply,
        /// What the server said to each recipient.
        recipients: Vec<(Address, RecipientResult)>,
        /// What the sender had asked for and did not get, because the server does not offer it
        /// or refused it.
        left_out: Vec<Parameter>,
    },
    /// The server refused the message, or every recipient. Nothing was sent on.
    Rejected {
        /// Where it was refused.
        stage: Stage,
        /// The server's own words; at [`Stage::Rcpt`] those to the first recipient.
        reply: Reply,
        /// What the server said to each recipient before.
        recipients: Vec<(Address, RecipientResult)>,
    },
    /// The message did not go out, for a reason that is no refusal.
    NotSent {
        /// How far it came.
        stage: Stage,
        /// Why.
        cause: Cause,
        /// What the server said to each recipient before.
        recipients: Vec<(Address, RecipientResult)>,
    },
    /// The whole message was sent, and no answer came that can be understood. It may have gone
    /// out: never to be sent again without asking.
    Unknown {
        /// Why there is no answer.
        cause: Cause,
        /// What the server said to each recipient before.
        recipients: Vec<(Address, RecipientResult)>,
    },
}

/// What a server said to one recipient. Of a reply without end the first 4 KiB are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientResult {
    /// It will take mail for this recipient.
    Accepted(Reply),
    /// It will not; 4yz may change later, 5yz will not.
    Refused(Reply),
    /// There was no room for this recipient beside the others (RFC 5321 §4.5.3.1.10, RFC 9422): to
    /// be sent to in a further transaction, at once. With the server's words if it was asked.
    Deferred(Option<Reply>),
    /// It was not asked, or did not answer.
    Unanswered,
}

/// Why a message was not sent, or its fate is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The server closed the connection.
    #[error("the server closed the connection")]
    ConnectionClosed,
    /// The server broke the protocol.
    #[error("the server broke the protocol: {0}")]
    PeerMisbehaved(Misbehaviour),
    /// The server said more than is believed.
    #[error(transparent)]
    Limit(#[from] OverLimit),
    /// The server ended the conversation before the message's turn.
    #[error("the server refused at {stage}: {reply}")]
    Rejected {
        /// What was being done.
        stage: Stage,
        /// The server's own words.
        reply: Reply,
    },
    /// The server lacks what this connection needs.
    #[error("the server cannot do what is needed: {0}")]
    PeerIncompatible(Incompatibility),
    /// There is no recipient.
    #[error("there is no recipient")]
    NoRecipients,
    /// The server takes no message of this size (RFC 1870). It was not even asked.
    #[error("the message has {size_bytes} bytes, the server takes {max_bytes}")]
    TooLarge {
        /// The size of the message.
        size_bytes: u64,
        /// The largest that the server takes.
        max_bytes: u64,
    },
    /// The message or an address needs SMTPUTF8, which the server does not offer.
    #[error("the server does not offer SMTPUTF8")]
    Smtputf8NotOffered,
    /// The message holds octets above 127, and the server does not offer 8BITMIME.
    #[error("the server does not offer 8BITMIME")]
    EightBitMimeNotOffered,
    /// The message insists on TLS for all of its way, and the server does not offer REQUIRETLS, or
    /// the connection has no TLS (RFC 8689 §2).
    #[error("the server does not offer REQUIRETLS under TLS")]
    RequireTlsNotOffered,
    /// The message is to be held back, and the server does not offer FUTURERELEASE.
    #[error("the server does not offer FUTURERELEASE")]
    FutureReleaseNotOffered,
    /// The message is to be held back for longer than the server does.
    #[error("the server does not hold a message for so long")]
    HoldTooLong,
    /// The message is to be returned if it is late, and the server does not offer DELIVERBY.
    #[error("the server does not offer DELIVERBY")]
    DeliverByNotOffered,
    /// The message is to be returned if it is late, sooner than the server can promise.
    #[error("the server promises no delivery within less than {min_secs} s")]
    DeliverByTooSoon {
        /// The shortest time that it takes.
        min_secs: u32,
    },
    /// The server takes no more on this connection (RFC 9422): another one is needed. It was not
    /// even asked.
    #[error("the server takes no more messages on this connection")]
    SessionUsedUp,
    /// The server refused `BDAT` or a command that left before the answer to the last as one that
    /// it does not know or expect there. Nothing was sent: the same message may be sent once more
    /// with [`Envelope::is_plain`](super::Envelope::is_plain).
    #[error("the server does not take the message in one go: {reply}")]
    NotInOneGo {
        /// The server's own words.
        reply: Reply,
    },
    /// The owner gave the message up ([`BodyChunk::Abort`](crate::BodyChunk::Abort) or
    /// [`Client::abort`](super::Client::abort)).
    #[error("sending was given up")]
    Aborted,
    /// The message holds a NUL, which no server has to take (RFC 5321 §4.5.2, RFC 5322 §4).
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
