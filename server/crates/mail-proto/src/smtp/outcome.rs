//! What is to be sent to whom, and what became of it.

use alloc::vec::Vec;

use super::address::{Address, ReversePath};
use super::error::{Error, Incompatibility, Misbehaviour, Stage};
use super::reply::Reply;
use crate::OverLimit;

/// To whom a message goes (RFC 5321 §3.3). Its body follows through
/// [`NeedBody`](crate::Step::NeedBody).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Where failures are told to.
    pub reverse_path: ReversePath,
    /// Who gets it.
    pub recipients: Vec<Address>,
    /// The size of the message with CRLF line ends, without stuffed dots and the final one
    /// (RFC 1870 §5).
    pub size_bytes: u64,
    /// The body holds octets above 127 (RFC 6152).
    pub body_8bit: bool,
    /// The message needs SMTPUTF8 (RFC 6531). An address that is not ASCII asks for it by itself.
    pub smtputf8: bool,
}

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

/// What a server said to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientResult {
    /// It will take mail for this recipient.
    Accepted(Reply),
    /// It will not; 4yz may change later, 5yz will not.
    Refused(Reply),
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
