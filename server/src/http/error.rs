//! Errors as responses: the status of each kind, and internal errors with a log line.

use std::fmt::Display;

use app::api::error::{ApiError, ErrorKind};
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use super::headers;
use super::request_error::RequestError;

/// Returns the HTTP status of a kind of error.
pub(super) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::SignedOut => StatusCode::UNAUTHORIZED,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Invalid
        | ErrorKind::Refused
        | ErrorKind::Password
        | ErrorKind::MissingFolder(_)
        | ErrorKind::Unsupported => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
        ErrorKind::Unreachable | ErrorKind::Misbehaved => StatusCode::BAD_GATEWAY,
        ErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Transport | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns an error as JSON, for scripts.
pub(super) fn json(error: ApiError) -> Response {
    let mut response = (status(error.kind), Json(error)).into_response();
    headers::private(response.headers_mut());
    response
}

/// Creates an internal error: logs the cause under a reference that the page shows too.
pub(super) fn internal(what: &str, cause: &dyn Display) -> RequestError {
    let mut bytes = [0; 6];
    // Without randomness the reference is all zeros; the log line is then found by its time.
    let _ = getrandom::fill(&mut bytes);
    let ref_id = URL_SAFE_NO_PAD.encode(bytes);
    tracing::error!(ref_id, %cause, "{what}");
    RequestError::Internal { ref_id }
}
