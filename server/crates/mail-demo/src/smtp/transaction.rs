//! The envelope of one mail transaction, and its message as far as it came.

use super::parameters::{MailParameters, RecipientParameters};

/// Maximum number of recipients of a message.
pub(super) const MAX_RECIPIENTS: usize = 100;

/// A mail transaction: the envelope, and the `BDAT` chunks received so far.
pub(super) struct Transaction {
    /// Empty for the null sender.
    pub(super) sender: String,
    pub(super) parameters: MailParameters,
    pub(super) recipients: Vec<Recipient>,
    /// The chunks received so far; `None` before the first `BDAT`.
    pub(super) chunks: Option<Vec<u8>>,
}

/// An accepted recipient.
pub(super) struct Recipient {
    pub(super) address: String,
    pub(super) parameters: RecipientParameters,
}
