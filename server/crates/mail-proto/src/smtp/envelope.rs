//! To whom a message goes, and what is asked for it.

use alloc::vec::Vec;

use super::address::{Address, ReversePath};
use super::parameters::{DeliverBy, EnvelopeId, Hold, Notify, Priority, Return};

/// To whom a message goes (RFC 5321 §3.3). Its body follows through
/// [`NeedBody`](crate::Step::NeedBody).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// Where failures are told to.
    pub reverse_path: ReversePath,
    /// Who gets it.
    pub recipients: Vec<Recipient>,
    /// The size of the message with CRLF line ends, without stuffed dots and the final one
    /// (RFC 1870 §5), where it is known beforehand.
    pub size_bytes: Option<u64>,
    /// The body holds octets above 127 (RFC 6152).
    pub body_8bit: bool,
    /// The message needs SMTPUTF8 (RFC 6531). An address that is not ASCII asks for it by itself.
    pub smtputf8: bool,
    /// What a failure notice is to carry (RFC 3461).
    pub returns: Option<Return>,
    /// What notices are to name the message by (RFC 3461).
    pub envelope_id: Option<EnvelopeId>,
    /// The message goes by TLS all the way or not at all (RFC 8689).
    pub requires_tls: bool,
    /// Until when it is held back (RFC 4865).
    pub hold: Option<Hold>,
    /// By when it should have arrived (RFC 2852).
    pub deliver_by: Option<DeliverBy>,
    /// How urgent it is (RFC 6710).
    pub priority: Option<Priority>,
    /// `size_bytes` is what the body will have, to the octet. `BDAT` then announces the message
    /// before it is given, and it leaves with the envelope where the server offers PIPELINING. A
    /// body that turns out shorter ends the conversation with
    /// [`Error::Aborted`](super::Error::Aborted).
    pub is_size_exact: bool,
    /// Every command waits for the answer to the last, and the message goes by `DATA`: for a
    /// server that offers PIPELINING or CHUNKING and does not know it.
    pub is_plain: bool,
}

impl Envelope {
    /// Makes an envelope that asks for nothing in particular.
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

    pub(super) fn asks_for_notices(&self) -> bool {
        self.returns.is_some()
            || self.envelope_id.is_some()
            || self
                .recipients
                .iter()
                .any(|recipient| recipient.notify.is_some())
    }
}

/// One who gets a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address.
    pub address: Address,
    /// When a notice about this recipient is wanted (RFC 3461 §4.1); as the server likes where
    /// nothing is said. `ORCPT` goes with it.
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
