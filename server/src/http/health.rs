//! `GET /healthz`, with and without the base: for proxies and supervisors.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;

use super::{Web, headers};

/// Returns 200 while the database responds and the process is not stopping, else 503.
pub(super) async fn health(State(web): State<Web>) -> Response {
    let response = if web.shutdown.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if let Err(error) = web.store.ping().await {
        tracing::error!(%error, "health: the database does not answer");
        (StatusCode::SERVICE_UNAVAILABLE, "database\n")
    } else {
        (StatusCode::OK, "ok\n")
    };
    let mut response = response.into_response();
    headers::set(response.headers_mut(), CACHE_CONTROL, "no-store");
    response
}
