//! Server functions for messages: list, open, mark, move, undo.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{
    ChangesDone, Destination, ImageSender, ListQuery, Mark, MessageRef, MessageRows, MessageView,
    UndoRef, ViewId,
};
use super::wire::Wire;

/// Returns a window of a list, newest first.
#[server(prefix = "/api", endpoint = "message_list", protocol = Wire)]
pub async fn message_list(query: ListQuery) -> Result<MessageRows, ApiError> {
    super::backend::backend()?.message_list(query).await
}

/// Cancels the pending requests of a list.
#[server(prefix = "/api", endpoint = "view_cancel", protocol = Wire)]
pub async fn view_cancel(view: ViewId) -> Result<(), ApiError> {
    super::backend::backend()?.view_cancel(view).await
}

/// Fetches a message for reading, without marking it read.
#[server(prefix = "/api", endpoint = "message_open", protocol = Wire)]
pub async fn message_open(message: MessageRef) -> Result<MessageView, ApiError> {
    super::backend::backend()?.message_open(message).await
}

/// Returns the senders whose remote images are always shown.
#[server(prefix = "/api", endpoint = "image_senders", protocol = Wire)]
pub async fn image_senders() -> Result<Vec<ImageSender>, ApiError> {
    super::backend::backend()?.image_senders().await
}

/// Shows a sender's remote images always, or only on request.
#[server(prefix = "/api", endpoint = "images_show", protocol = Wire)]
pub async fn images_show(sender: ImageSender, is_shown: bool) -> Result<(), ApiError> {
    super::backend::backend()?
        .images_show(sender, is_shown)
        .await
}

/// Sets a mark on messages.
#[server(prefix = "/api", endpoint = "message_mark", protocol = Wire)]
pub async fn message_mark(messages: Vec<MessageRef>, mark: Mark) -> Result<ChangesDone, ApiError> {
    super::backend::backend()?
        .message_mark(messages, mark)
        .await
}

/// Moves messages: to the archive, to Trash, or to any folder.
#[server(prefix = "/api", endpoint = "message_move", protocol = Wire)]
pub async fn message_move(
    messages: Vec<MessageRef>,
    to: Destination,
) -> Result<ChangesDone, ApiError> {
    super::backend::backend()?.message_move(messages, to).await
}

/// Undoes changes.
#[server(prefix = "/api", endpoint = "change_undo", protocol = Wire)]
pub async fn change_undo(undo: Vec<UndoRef>) -> Result<ChangesDone, ApiError> {
    super::backend::backend()?.change_undo(undo).await
}
