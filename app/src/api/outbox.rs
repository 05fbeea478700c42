//! Server functions for the ledger: the delivery record of every sent message.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{EntryChange, OutboxEntry, OutboxId, OutboxRows};
use super::wire::Wire;

/// Returns a page of the ledger, newest first; `before` is [`OutboxRows::older`] of the preceding
/// page.
#[server(prefix = "/api", endpoint = "outbox_list", protocol = Wire)]
pub async fn outbox_list(before: Option<String>) -> Result<OutboxRows, ApiError> {
    super::backend::backend()?.outbox_list(before).await
}

/// Returns one ledger entry.
#[server(prefix = "/api", endpoint = "outbox_show", protocol = Wire)]
pub async fn outbox_show(outbox: OutboxId) -> Result<OutboxEntry, ApiError> {
    super::backend::backend()?.outbox_show(outbox).await
}

/// Changes a ledger entry.
#[server(prefix = "/api", endpoint = "outbox_change", protocol = Wire)]
pub async fn outbox_change(outbox: OutboxId, change: EntryChange) -> Result<(), ApiError> {
    super::backend::backend()?
        .outbox_change(outbox, change)
        .await
}
