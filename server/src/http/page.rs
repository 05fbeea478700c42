//! Pages of the app, rendered on the server, and notice pages.

use std::sync::Arc;

use app::api::backend::MailBackend;
use app::api::error::ApiError;
use app::document;
use app::flash::Flash;
use app::routes::compose::ComposeRetry;
use app::routes::notice::{Notice, render_notice};
use app::text::url;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse as _, Response};
use futures_util::StreamExt as _;
use http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use http::{HeaderValue, StatusCode};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use tokio_util::sync::CancellationToken;

use super::visitor::Visitor;
use super::{Web, headers};
use crate::session::LiveSession;
use crate::store::seal::Purpose;
use crate::views;

/// Data for a rendered page besides its address.
#[derive(Debug, Default)]
pub(super) struct PageData {
    /// The result of the last plain form.
    pub(super) flash: Option<Flash>,
    /// A compose form that was not accepted.
    pub(super) retry: Option<ComposeRetry>,
    /// The page's own address, if the request was for another one.
    pub(super) address: Option<String>,
}

/// Returns the result of the session's last plain form, once.
pub(super) async fn flash_of(web: &Web, visitor: &Visitor) -> Option<Flash> {
    match &visitor.session {
        Some(session) => take_flash(web, session).await,
        None => None,
    }
}

/// Renders the app at the request's address.
pub(super) async fn render(
    web: &Web,
    visitor: &Visitor,
    request: Request,
    data: PageData,
) -> Response {
    // Cancelled when the client disconnects, or when the whole page is sent.
    let waiting = CancellationToken::new();
    let context = {
        let page = visitor.page_context(web);
        let backend = visitor.backend_until(web, &waiting);
        move || {
            provide_context(page.clone());
            if let Some(flash) = data.flash.clone() {
                provide_context(flash);
            }
            if let Some(retry) = data.retry.clone() {
                provide_context(retry);
            }
            if let Some(address) = data.address.clone() {
                provide_context(document::OwnAddress(address));
            }
            if let Some(backend) = backend.clone() {
                provide_context::<Arc<dyn MailBackend>>(backend);
            }
            // The framework creates the nonce for each response, so the policy is written here.
            let nonce = leptos::nonce::use_nonce();
            if let (Some(nonce), Some(response)) = (nonce, use_context::<ResponseOptions>())
                && let Ok(policy) = HeaderValue::from_str(&headers::app_csp(&nonce))
            {
                response.insert_header(CONTENT_SECURITY_POLICY, policy);
            }
        }
    };
    let options = web.leptos.clone();
    let shell = move || document::shell(options);
    let waiting = waiting.drop_guard();
    let response =
        leptos_axum::handle_response_inner(context, shell, request, document::in_order).await;
    let mut response = response.map(|body| {
        let parts = body.into_data_stream().inspect(move |_| _ = &waiting);
        Body::from_stream(parts)
    });
    headers::app_page(response.headers_mut());
    response
}

/// Renders a page without script that shows one notice.
pub(super) fn notice(
    web: &Web,
    visitor: &Visitor,
    status: StatusCode,
    notice: Notice,
    back: Option<String>,
) -> Response {
    plain(
        status,
        render_notice(visitor.page_context(web), notice, back),
    )
}

/// Returns a page without the app.
pub(super) fn plain(status: StatusCode, html: String) -> Response {
    let mut response = (status, Html(html)).into_response();
    headers::plain_page(response.headers_mut());
    response
}

/// Renders a page that shows an error.
pub(super) fn failed(
    web: &Web,
    visitor: &Visitor,
    error: ApiError,
    back: Option<String>,
) -> Response {
    let status = super::error::status(error.kind);
    notice(web, visitor, status, Notice::Failed(error), back)
}

/// Renders the page of an address that leads to nothing.
pub(super) fn not_found_page(web: &Web, visitor: &Visitor) -> Response {
    notice(web, visitor, StatusCode::NOT_FOUND, Notice::NotFound, None)
}

/// The fallback for unknown addresses.
pub(super) async fn not_found(State(web): State<Web>, request: Request) -> Response {
    let visitor = match request.extensions().get::<Visitor>() {
        Some(visitor) => visitor.clone(),
        None => Visitor::without_session(&web, request.headers()),
    };
    not_found_page(&web, &visitor)
}

/// `GET {base}/mail/{account}`: redirects to the account's inbox.
pub(super) async fn account_home(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path(account): Path<String>,
) -> Response {
    match visitor.account(&account) {
        Some(account) => {
            let view = views::account_view(&account);
            see_other(&url::folder(web.base(), &view.inbox_ref(), 1))
        }
        None => not_found_page(&web, &visitor),
    }
}

/// Redirects with 303 to a path of this server.
pub(super) fn see_other(path: &str) -> Response {
    let mut response = match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    };
    headers::private(response.headers_mut());
    response
}

/// Stores a flash for the session's next page.
pub(super) async fn put_flash(web: &Web, session: &LiveSession, flash: &Flash) {
    let row = session.key();
    let key = row.as_str().as_bytes();
    let sealed = serde_json::to_vec(flash)
        .map_err(|e| e.to_string())
        .and_then(|json| {
            web.sealer
                .seal(Purpose::Flash, key, &json)
                .map_err(|e| e.to_string())
        });
    let stored = match sealed {
        Ok(sealed) => web
            .store
            .flash_put(&row, &sealed)
            .await
            .map_err(|e| e.to_string()),
        Err(error) => Err(error),
    };
    if let Err(error) = stored {
        tracing::error!(
            error,
            "the result of a form could not be kept for the next page"
        );
    }
}

async fn take_flash(web: &Web, session: &LiveSession) -> Option<Flash> {
    let row = session.key();
    let sealed = match web.store.flash_take(&row).await {
        Ok(sealed) => sealed?,
        Err(error) => {
            tracing::error!(%error, "the result of a form could not be read");
            return None;
        }
    };
    let key = row.as_str().as_bytes();
    let json = web.sealer.open_sealed(Purpose::Flash, key, &sealed).ok()?;
    serde_json::from_slice(&json).ok()
}
