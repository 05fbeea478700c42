//! Errors as answers: the status of each kind, and faults of ours with a line in the log.

use std::fmt::Display;

use app::api::error::{ApiError, ErrorKind};
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use super::headers;
use super::request_error::RequestError;

/// The status of a kind of error.
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

/// The answer to a script.
pub(super) fn json(error: ApiError) -> Response {
    let mut response = (status(error.kind), Json(error)).into_response();
    headers::private(response.headers_mut());
    response
}

/// A fault of ours: the log gets the cause, the page the same reference.
pub(super) fn internal(what: &str, cause: &dyn Display) -> RequestError {
    let mut bytes = [0; 6];
    // Without randomness the reference is zeros: the line is found by its time then.
    let _ = getrandom::fill(&mut bytes);
    let ref_id = URL_SAFE_NO_PAD.encode(bytes);
    tracing::error!(ref_id, %cause, "{what}");
    RequestError::Internal { ref_id }
}
