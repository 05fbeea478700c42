//! The session: what it holds.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::SessionView;
use super::wire::Wire;

/// The session's accounts and limits.
#[server(prefix = "/api", endpoint = "session_show", protocol = Wire)]
pub async fn session_show() -> Result<SessionView, ApiError> {
    super::backend::backend()?.session_show().await
}
