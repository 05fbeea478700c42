//! Messages: listing, opening, marking, moving, and taking a change back.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{
    AccountId, ChangeDone, Destination, FolderId, Mark, MessageId, MessageRows, MessageView,
    UndoId, Window,
};
use super::wire::Wire;

/// A window of a folder, newest first.
#[server(prefix = "/api", endpoint = "message_list", protocol = Wire)]
pub async fn message_list(
    account: AccountId,
    folder: FolderId,
    window: Window,
) -> Result<MessageRows, ApiError> {
    super::backend::backend()?
        .message_list(account, folder, window)
        .await
}

/// Opens a message, without marking it read.
#[server(prefix = "/api", endpoint = "message_open", protocol = Wire)]
pub async fn message_open(
    account: AccountId,
    folder: FolderId,
    message: MessageId,
) -> Result<MessageView, ApiError> {
    super::backend::backend()?
        .message_open(account, folder, message)
        .await
}

/// Sets a mark on messages.
#[server(prefix = "/api", endpoint = "message_mark", protocol = Wire)]
pub async fn message_mark(
    account: AccountId,
    folder: FolderId,
    messages: Vec<MessageId>,
    mark: Mark,
) -> Result<ChangeDone, ApiError> {
    super::backend::backend()?
        .message_mark(account, folder, messages, mark)
        .await
}

/// Moves messages: archive, delete to Trash, or into any folder.
#[server(prefix = "/api", endpoint = "message_move", protocol = Wire)]
pub async fn message_move(
    account: AccountId,
    folder: FolderId,
    messages: Vec<MessageId>,
    to: Destination,
) -> Result<ChangeDone, ApiError> {
    super::backend::backend()?
        .message_move(account, folder, messages, to)
        .await
}

/// Takes a change back.
#[server(prefix = "/api", endpoint = "change_undo", protocol = Wire)]
pub async fn change_undo(account: AccountId, undo: UndoId) -> Result<ChangeDone, ApiError> {
    super::backend::backend()?.change_undo(account, undo).await
}
