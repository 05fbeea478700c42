//! The session: what it holds.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use super::error::ApiError;
use super::types::SessionView;

/// The session's accounts and limits.
#[server(prefix = "/api", endpoint = "session_show", input = Json)]
pub async fn session_show() -> Result<SessionView, ApiError> {
    super::backend::backend()?.session_show().await
}
