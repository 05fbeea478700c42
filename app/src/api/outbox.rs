//! The ledger: what became of every message that was sent.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{EntryChange, OutboxEntry, OutboxId, OutboxRows};
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

/// Changes an entry.
#[server(prefix = "/api", endpoint = "outbox_change", protocol = Wire)]
pub async fn outbox_change(outbox: OutboxId, change: EntryChange) -> Result<(), ApiError> {
    super::backend::backend()?
        .outbox_change(outbox, change)
        .await
}
