//! The layer that limits the concurrent requests of one session.

use std::sync::Arc;

use app::api::error::ApiError;
use axum::Extension;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::StatusCode;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Method};
use tokio::time::timeout;

use super::body::{self, Drain};
use super::connection::Exchange;
use super::request_error::RequestError;
use super::visitor::Visitor;
use super::{Web, error, page};
use crate::limits;
use crate::session::turns::RequestClass;

/// Waits for a permit, and holds it until the response is complete.
pub(super) async fn limit_concurrency(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    let Some(session) = visitor.session.clone() else {
        return next.run(request).await;
    };
    let class = request_class(&request);
    let exchange = request.extensions().get::<Arc<Exchange>>().cloned();
    let Some(request_permit) = session.turns.take(class).await else {
        return refused(&web, &visitor, request, StatusCode::TOO_MANY_REQUESTS).await;
    };
    let download_permit = match class {
        RequestClass::Request => None,
        RequestClass::Download => {
            let waiting = Arc::clone(&web.downloads).acquire_owned();
            let Ok(Ok(permit)) = timeout(limits::TURN_WITHIN, waiting).await else {
                return refused(&web, &visitor, request, StatusCode::SERVICE_UNAVAILABLE).await;
            };
            Some(permit)
        }
    };
    match exchange {
        Some(exchange) => {
            exchange.hold_permit(request_permit);
            if let Some(download_permit) = download_permit {
                exchange.hold_permit(download_permit);
            }
            next.run(request).await
        }
        // Outside this server's connections (no `Exchange`), the permit ends with the response
        // head.
        None => {
            let response = next.run(request).await;
            drop((request_permit, download_permit));
            response
        }
    }
}

fn request_class(request: &Request) -> RequestClass {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(MatchedPath::as_str).unwrap_or_default();
    if route.ends_with("/part/{part}") || route.ends_with("/source") {
        RequestClass::Download
    } else {
        RequestClass::Request
    }
}

/// Responds with 429 or 503 and `Retry-After`.
async fn refused(web: &Web, visitor: &Visitor, request: Request, status: StatusCode) -> Response {
    let path = request.uri().path();
    let path = path.strip_prefix(web.base()).unwrap_or_default();
    let expects_json = path.starts_with("/api/") || path == "/upload";
    if request.method() != Method::GET {
        // A browser shows the response only after it has sent the whole request.
        let (head, request_body) = request.into_parts();
        if Drain::ANONYMOUS.allows(&head.headers) {
            let mut rest = request_body.into_data_stream();
            Drain::ANONYMOUS.discard(&mut rest).await;
        }
    }
    let error: ApiError = RequestError::TooManyRequests.to_api(visitor.lang);
    let mut response = if expects_json {
        error::json(error)
    } else {
        page::failed(web, visitor, error, None)
    };
    *response.status_mut() = status;
    let secs = limits::TURN_WITHIN.as_secs();
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(secs));
    body::close(response.headers_mut());
    response
}
