//! The key that says whose rows are whose.

use app::api::types::AccountId;

/// An account's key: who may see rows that outlive a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountKey(pub String);

impl AccountKey {
    /// The account's id in addresses: the key's first 16 characters.
    pub fn id(&self) -> AccountId {
        AccountId(self.0.chars().take(16).collect())
    }
}
