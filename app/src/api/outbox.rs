//! The ledger: what became of every message that was sent.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{OutboxEntry, OutboxId, OutboxRows};
use super::wire::Wire;

/// A page of the ledger, newest first; `before` is what the page before it says of its older one.
#[server(prefix = "/api", endpoint = "outbox_list", protocol = Wire)]
pub async fn outbox_list(before: Option<String>) -> Result<OutboxRows, ApiError> {
    super::backend::backend()?.outbox_list(before).await
}

/// One entry of the ledger.
#[server(prefix = "/api", endpoint = "outbox_show", protocol = Wire)]
pub async fn outbox_show(outbox: OutboxId) -> Result<OutboxEntry, ApiError> {
    super::backend::backend()?.outbox_show(outbox).await
}

/// Sends an entry again, to those recipients that did not get it.
#[server(prefix = "/api", endpoint = "outbox_retry", protocol = Wire)]
pub async fn outbox_retry(outbox: OutboxId) -> Result<OutboxEntry, ApiError> {
    super::backend::backend()?.outbox_retry(outbox).await
}

/// Takes an entry out of the ledger; one that waits is not sent.
#[server(prefix = "/api", endpoint = "outbox_discard", protocol = Wire)]
pub async fn outbox_discard(outbox: OutboxId) -> Result<(), ApiError> {
    super::backend::backend()?.outbox_discard(outbox).await
}
