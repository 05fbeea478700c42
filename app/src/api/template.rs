//! Server functions for the texts that an account writes again and again.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{AccountId, AccountTemplates, Template, TemplateId};
use super::wire::Wire;

/// Returns the templates of all accounts of the session.
#[server(prefix = "/api", endpoint = "template_list", protocol = Wire)]
pub async fn template_list() -> Result<Vec<AccountTemplates>, ApiError> {
    super::backend::backend()?.template_list().await
}

/// Saves a template; one without an id is new.
#[server(prefix = "/api", endpoint = "template_save", protocol = Wire)]
pub async fn template_save(account: AccountId, template: Template) -> Result<(), ApiError> {
    let backend = super::backend::backend()?;
    backend.template_save(account, template).await
}

/// Deletes a template.
#[server(prefix = "/api", endpoint = "template_delete", protocol = Wire)]
pub async fn template_delete(account: AccountId, template: TemplateId) -> Result<(), ApiError> {
    let backend = super::backend::backend()?;
    backend.template_delete(account, template).await
}
