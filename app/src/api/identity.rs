//! Server functions for the names and addresses that an account sends as.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{AccountId, AccountIdentities, Identity, IdentityId};
use super::wire::Wire;

/// Returns the identities of all accounts of the session.
#[server(prefix = "/api", endpoint = "identity_list", protocol = Wire)]
pub async fn identity_list() -> Result<Vec<AccountIdentities>, ApiError> {
    super::backend::backend()?.identity_list().await
}

/// Saves an identity; one without an id is new.
#[server(prefix = "/api", endpoint = "identity_save", protocol = Wire)]
pub async fn identity_save(account: AccountId, identity: Identity) -> Result<(), ApiError> {
    let backend = super::backend::backend()?;
    backend.identity_save(account, identity).await
}

/// Deletes an identity; the account's own stays.
#[server(prefix = "/api", endpoint = "identity_delete", protocol = Wire)]
pub async fn identity_delete(account: AccountId, identity: IdentityId) -> Result<(), ApiError> {
    let backend = super::backend::backend()?;
    backend.identity_delete(account, identity).await
}
