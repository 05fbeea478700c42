//! The server function that describes the session.

use leptos::prelude::*;

use super::error::ApiError;
use super::types::SessionView;
use super::wire::Wire;

/// Returns the session's accounts and limits.
#[server(prefix = "/api", endpoint = "session_show", protocol = Wire)]
pub async fn session_show() -> Result<SessionView, ApiError> {
    super::backend::backend()?.session_show().await
}
