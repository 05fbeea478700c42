//! Server functions for composing: the initial form, the encryption keys of unsent texts, and
//! sending.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{
    AccountId, ComposeForm, ComposeSource, Conversion, Converted, Draft, DraftResult, MessageRef,
    OutboxId, SealingKeys, SentView,
};
use super::wire::Wire;

/// Returns the initial content of a compose form. `more` are the other messages that are
/// forwarded as files.
#[server(prefix = "/api", endpoint = "compose_start", protocol = Wire)]
pub async fn compose_start(
    account: AccountId,
    source: Option<ComposeSource>,
    #[server(default)] more: Vec<MessageRef>,
) -> Result<ComposeForm, ApiError> {
    super::backend::backend()?
        .compose_start(account, source, more)
        .await
}

/// Returns a compose form that corrects an outbox entry.
#[server(prefix = "/api", endpoint = "compose_again", protocol = Wire)]
pub async fn compose_again(outbox: OutboxId) -> Result<ComposeForm, ApiError> {
    super::backend::backend()?.compose_again(outbox).await
}

/// Converts between the texts of a compose form.
#[server(prefix = "/api", endpoint = "text_convert", protocol = Wire)]
pub async fn text_convert(
    account: AccountId,
    conversion: Conversion,
) -> Result<Converted, ApiError> {
    let backend = super::backend::backend()?;
    backend.text_convert(account, conversion).await
}

/// Saves a draft among the drafts of its account; unless `is_forced`, only if its earlier copy is
/// unchanged.
#[server(prefix = "/api", endpoint = "draft_save", protocol = Wire)]
pub async fn draft_save(
    account: AccountId,
    draft: Draft,
    is_forced: bool,
) -> Result<DraftResult, ApiError> {
    let backend = super::backend::backend()?;
    backend.draft_save(account, draft, is_forced).await
}

/// Returns the form that continues a draft; with `is_copy` the form of a new message that begins as
/// a copy of it.
#[server(prefix = "/api", endpoint = "draft_open", protocol = Wire)]
pub async fn draft_open(
    draft: MessageRef,
    #[server(default)] is_copy: bool,
) -> Result<ComposeForm, ApiError> {
    let backend = super::backend::backend()?;
    backend.draft_open(draft, is_copy).await
}

/// Returns the keys that encrypt an account's unsent texts in the browser.
#[server(prefix = "/api", endpoint = "unsent_keys", protocol = Wire)]
pub async fn unsent_keys(account: AccountId) -> Result<SealingKeys, ApiError> {
    super::backend::backend()?.unsent_keys(account).await
}

/// Queues a message in the outbox. Returns its entry when it is durable.
#[server(prefix = "/api", endpoint = "message_send", protocol = Wire)]
pub async fn message_send(account: AccountId, draft: Draft) -> Result<SentView, ApiError> {
    let backend = super::backend::backend()?;
    let outbox = backend.message_send(account, draft).await?;
    let entry = backend.outbox_show(outbox.clone()).await.ok();
    Ok(SentView { outbox, entry })
}
