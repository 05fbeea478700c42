//! Server functions for folders: the tree, creating a missing folder, pinning.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::{AccountId, FolderRef, FolderRole, FolderView, FoldersView};
use super::wire::Wire;

/// Returns the folder tree with message counts.
#[server(prefix = "/api", endpoint = "folder_list", protocol = Wire)]
pub async fn folder_list(account: AccountId) -> Result<FoldersView, ApiError> {
    super::backend::backend()?.folder_list(account).await
}

/// Creates the folder for a role.
#[server(prefix = "/api", endpoint = "folder_create", protocol = Wire)]
pub async fn folder_create(account: AccountId, role: FolderRole) -> Result<FolderView, ApiError> {
    super::backend::backend()?
        .folder_create(account, role)
        .await
}

/// Pins a folder to the top of the tree, or unpins it.
#[server(prefix = "/api", endpoint = "folder_pin", protocol = Wire)]
pub async fn folder_pin(folder: FolderRef, is_pinned: bool) -> Result<(), ApiError> {
    super::backend::backend()?
        .folder_pin(folder, is_pinned)
        .await
}
