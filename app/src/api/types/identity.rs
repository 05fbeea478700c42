//! The names and addresses that an account sends as.

use serde::{Deserialize, Serialize};

use super::{AccountId, IdentityId};

/// A name and an address that an account sends as.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Its id. Empty: a new one, to be saved.
    pub id: IdentityId,
    /// The name beside the address; may be empty.
    pub name: String,
    /// The address. That of the identity [`IdentityId::OWN`] is the account's own.
    pub address: String,
    /// The addresses for answers, as typed; empty: the address.
    pub reply_to: String,
    /// The signature, with LF line ends; may be empty.
    pub signature: String,
    /// Whether each message is also sent to the address itself, as a blind copy.
    pub is_copied: bool,
    /// Whether new messages begin with it.
    pub is_default: bool,
}

impl Identity {
    /// Whether it is the identity that every account has.
    pub fn is_own(&self) -> bool {
        self.id.as_str() == IdentityId::OWN
    }

    /// Formats the sender for display.
    pub fn mailbox(&self) -> String {
        match self.name.as_str() {
            "" => self.address.clone(),
            name => format!("{name} <{}>", self.address),
        }
    }

    /// Returns its signature as the end of a text (RFC 3676 §4.3); empty if it has none.
    pub fn signature_block(&self) -> String {
        match self.signature.trim_end() {
            "" => String::new(),
            signature => format!("-- \n{signature}"),
        }
    }
}

/// The identities of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountIdentities {
    /// The account.
    pub account: AccountId,
    /// Its address.
    pub address: String,
    /// Its identities: its own first, the others in the order in which they were made.
    pub identities: Vec<Identity>,
}
