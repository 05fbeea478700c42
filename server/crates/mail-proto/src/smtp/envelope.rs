//! The envelope of a message: sender, recipients and parameters.

use alloc::vec::Vec;

use super::address::{Address, ReversePath};
use super::parameters::{DeliverBy, EnvelopeId, Hold, Notify, Priority, Return};

/// The envelope of a message (RFC 5321 §3.3). The owner supplies the body through
/// [`NeedBody`](crate::Step::NeedBody).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// The address to which failures are reported.
    pub reverse_path: ReversePath,
    /// The recipients.
    pub recipients: Vec<Recipient>,
    /// The size of the message with CRLF line ends, without dot-stuffing and the final dot
    /// (RFC 1870 §5), if it is known in advance.
    pub size_bytes: Option<u64>,
    /// The body contains octets above 127 (RFC 6152).
    pub body_8bit: bool,
    /// The message needs SMTPUTF8 (RFC 6531). An address beyond ASCII implies it.
    pub smtputf8: bool,
    /// The part of the message that a failure notice returns (RFC 3461).
    pub returns: Option<Return>,
    /// The id of the message in notices (RFC 3461).
    pub envelope_id: Option<EnvelopeId>,
    /// The message may be relayed over TLS only (RFC 8689).
    pub requires_tls: bool,
    /// The time until which the server holds the message (RFC 4865).
    pub hold: Option<Hold>,
    /// The time by which the message should be delivered (RFC 2852).
    pub deliver_by: Option<DeliverBy>,
    /// The priority of the message (RFC 6710).
    pub priority: Option<Priority>,
    /// `size_bytes` is the exact size of the body. The client then announces `BDAT` chunks before
    /// the owner supplies them, and sends them with the envelope if the server offers PIPELINING.
    /// A shorter body ends the session with [`Error::Aborted`](super::Error::Aborted).
    pub is_size_exact: bool,
    /// Send each command only after the reply to the last one, and the message by `DATA`: for a
    /// server that offers PIPELINING or CHUNKING but does not support it.
    pub is_plain: bool,
}

impl Envelope {
    /// Creates an envelope without optional parameters.
    pub fn new(
        reverse_path: impl Into<ReversePath>,
        recipients: impl IntoIterator<Item = impl Into<Recipient>>,
    ) -> Self {
        Self {
            reverse_path: reverse_path.into(),
            recipients: recipients.into_iter().map(Into::into).collect(),
            size_bytes: None,
            body_8bit: false,
            smtputf8: false,
            returns: None,
            envelope_id: None,
            requires_tls: false,
            hold: None,
            deliver_by: None,
            priority: None,
            is_size_exact: false,
            is_plain: false,
        }
    }

    pub(super) fn needs_smtputf8(&self) -> bool {
        let sender = self.reverse_path.address();
        let recipients = self.recipients.iter().map(|recipient| &recipient.address);
        self.smtputf8 || sender.into_iter().chain(recipients).any(|a| !a.is_ascii())
    }

    pub(super) fn requests_notifications(&self) -> bool {
        self.returns.is_some()
            || self.envelope_id.is_some()
            || self
                .recipients
                .iter()
                .any(|recipient| recipient.notify.is_some())
    }
}

/// A recipient of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address.
    pub address: Address,
    /// The conditions for a notice about this recipient (RFC 3461 §4.1); `None` is the server's
    /// default. `ORCPT` is sent with it.
    pub notify: Option<Notify>,
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self {
            address,
            notify: None,
        }
    }
}
