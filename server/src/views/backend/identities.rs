//! The names and addresses that the accounts of a session send as.

use app::api::types::{AccountId, AccountIdentities, Identity, IdentityId};

use super::SessionBackend;
use crate::account::error::AccountError;
use crate::domain;
use crate::views::compose::find_handle;
use crate::views::map;

impl SessionBackend {
    /// Returns the identities of every account.
    pub(super) async fn identities(&self) -> Result<Vec<AccountIdentities>, AccountError> {
        let mut all = Vec::new();
        for handle in &self.handles {
            let identities = handle.identities().await?;
            all.push(AccountIdentities {
                account: handle.id(),
                address: handle.address().to_owned(),
                identities: identities.into_iter().map(map::identity).collect(),
            });
        }
        Ok(all)
    }

    /// Saves an identity; one without an id is new.
    pub(super) async fn save_identity(
        &self,
        account: &AccountId,
        identity: Identity,
    ) -> Result<(), AccountError> {
        let handle = find_handle(&self.handles, account)?;
        let identity = domain::Identity {
            id: identity.id,
            // One line, as the header field will be.
            name: mail_mime::display::line(&identity.name).trim().to_owned(),
            address: identity.address.trim().to_owned(),
            reply_to: identity.reply_to.trim().to_owned(),
            signature: identity.signature.replace("\r\n", "\n"),
            is_copied: identity.is_copied,
            is_default: identity.is_default,
        };
        handle.identity_save(identity).await
    }

    /// Deletes an identity.
    pub(super) async fn delete_identity(
        &self,
        account: &AccountId,
        identity: &IdentityId,
    ) -> Result<(), AccountError> {
        let handle = find_handle(&self.handles, account)?;
        handle.identity_delete(identity).await
    }
}
