//! The status of a rendered page.

#[cfg(feature = "ssr")]
use leptos::prelude::use_context;

use crate::api::error::ApiError;
#[cfg(feature = "ssr")]
use crate::api::error::ErrorKind;

/// Sets the response status from the result that decides it: 404 for an unknown folder or message.
///
/// For blocking resources only, which complete before the first byte is sent. Has no effect in the
/// browser.
pub fn set_response_status<T>(result: Result<T, ApiError>) -> Result<T, ApiError> {
    #[cfg(feature = "ssr")]
    if let (Err(error), Some(response)) = (&result, use_context::<leptos_axum::ResponseOptions>()) {
        response.set_status(match error.kind {
            ErrorKind::NotFound => http::StatusCode::NOT_FOUND,
            ErrorKind::Invalid => http::StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::SignedOut => http::StatusCode::UNAUTHORIZED,
            ErrorKind::Busy => http::StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => http::StatusCode::INTERNAL_SERVER_ERROR,
            _ => http::StatusCode::BAD_GATEWAY,
        });
    }
    result
}
