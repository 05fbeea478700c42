//! Server functions for the address book of an account.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{
    AccountId, Contact, ContactGroup, ContactId, ContactQuery, ContactRows, ImportReport,
};
use super::wire::Wire;

/// Returns the contacts that match a query, and the groups of the account.
#[server(prefix = "/api", endpoint = "contact_list", protocol = Wire)]
pub async fn contact_list(query: ContactQuery) -> Result<ContactRows, ApiError> {
    super::backend::backend()?.contact_list(query).await
}

/// Saves a contact; one without an id is new. Returns its id.
#[server(prefix = "/api", endpoint = "contact_save", protocol = Wire)]
pub async fn contact_save(account: AccountId, contact: Contact) -> Result<ContactId, ApiError> {
    let backend = super::backend::backend()?;
    backend.contact_save(account, contact).await
}

/// Saves a group; one without an id is new. Returns its id.
#[server(prefix = "/api", endpoint = "contact_group_save", protocol = Wire)]
pub async fn contact_group_save(
    account: AccountId,
    group: ContactGroup,
) -> Result<ContactId, ApiError> {
    let backend = super::backend::backend()?;
    backend.contact_group_save(account, group).await
}

/// Deletes a contact or a group.
#[server(prefix = "/api", endpoint = "contact_delete", protocol = Wire)]
pub async fn contact_delete(account: AccountId, contact: ContactId) -> Result<(), ApiError> {
    let backend = super::backend::backend()?;
    backend.contact_delete(account, contact).await
}

/// Adds the contacts and groups of a file: the text of a vCard or of a CSV table.
#[server(prefix = "/api", endpoint = "contacts_import", protocol = Wire)]
pub async fn contacts_import(account: AccountId, text: String) -> Result<ImportReport, ApiError> {
    let backend = super::backend::backend()?;
    backend.contacts_import(account, text.into_bytes()).await
}
