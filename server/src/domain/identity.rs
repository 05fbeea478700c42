//! A name and an address that an account sends as.

use app::api::types::IdentityId;

/// A name and an address that an account sends as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    pub(crate) id: IdentityId,
    /// The name beside the address; may be empty.
    pub(crate) name: String,
    pub(crate) address: String,
    /// The addresses for answers, as typed; empty: the address.
    pub(crate) reply_to: String,
    /// The signature, with LF line ends; may be empty.
    pub(crate) signature: String,
    /// Whether each message is also sent to the address itself, as a blind copy.
    pub(crate) is_copied: bool,
    /// Whether new messages begin with it.
    pub(crate) is_default: bool,
}

impl Identity {
    /// Maximum number of identities of an account.
    pub(crate) const COUNT_MAX: usize = 20;
    /// Maximum length of a name or of the addresses for answers, in bytes.
    pub(crate) const NAME_MAX_BYTES: usize = 400;
    /// Maximum length of a signature, in bytes.
    pub(crate) const SIGNATURE_MAX_BYTES: usize = 4 << 10;
}
