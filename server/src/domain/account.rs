//! The key that identifies the account to which a row belongs.

use app::api::types::AccountId;

/// An account's key: selects the rows of an account that outlive a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountKey(pub String);

impl AccountKey {
    /// The account's id in URLs: the first 16 characters of the key.
    pub fn id(&self) -> AccountId {
        AccountId(self.0.chars().take(16).collect())
    }
}
