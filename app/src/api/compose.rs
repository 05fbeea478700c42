//! Writing: what a form begins with, and sending what was typed.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{AccountId, ComposeForm, ComposeSource, Draft, OutboxId, SealingKeys, SentView};
use super::wire::Wire;

/// What a compose form begins with.
#[server(prefix = "/api", endpoint = "compose_start", protocol = Wire)]
pub async fn compose_start(
    account: AccountId,
    source: Option<ComposeSource>,
) -> Result<ComposeForm, ApiError> {
    super::backend::backend()?
        .compose_start(account, source)
        .await
}

/// What a compose form begins with that corrects an entry of the outbox.
#[server(prefix = "/api", endpoint = "compose_again", protocol = Wire)]
pub async fn compose_again(outbox: OutboxId) -> Result<ComposeForm, ApiError> {
    super::backend::backend()?.compose_again(outbox).await
}

/// The keys for texts of an account that the browser keeps until they are sent.
#[server(prefix = "/api", endpoint = "unsent_keys", protocol = Wire)]
pub async fn unsent_keys(account: AccountId) -> Result<SealingKeys, ApiError> {
    super::backend::backend()?.unsent_keys(account).await
}

/// Puts a message into the outbox. Returns when it is durable there, with its entry.
#[server(prefix = "/api", endpoint = "message_send", protocol = Wire)]
pub async fn message_send(account: AccountId, draft: Draft) -> Result<SentView, ApiError> {
    let backend = super::backend::backend()?;
    let outbox = backend.message_send(account, draft).await?;
    let entry = backend.outbox_show(outbox.clone()).await.ok();
    Ok(SentView { outbox, entry })
}
