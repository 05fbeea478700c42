//! Server functions for how messages are written and sent.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{AccountId, ComposingChoices, ComposingSettings};
use super::wire::Wire;

/// Returns how the messages of each account of the session are written and sent.
#[server(prefix = "/api", endpoint = "composing_list", protocol = Wire)]
pub async fn composing_list() -> Result<Vec<ComposingSettings>, ApiError> {
    super::backend::backend()?.composing_list().await
}

/// Chooses how the messages of an account are written and sent.
#[server(prefix = "/api", endpoint = "composing_save", protocol = Wire)]
pub async fn composing_save(account: AccountId, choices: ComposingChoices) -> Result<(), ApiError> {
    let backend = super::backend::backend()?;
    backend.composing_save(account, choices).await
}
