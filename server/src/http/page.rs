//! Pages of the app, rendered on the server, and notice pages.

use std::sync::Arc;

use app::api::backend::MailBackend;
use app::api::error::ApiError;
use app::api::types::{Mark, MessageRef};
use app::document;
use app::page::Flash;
use app::routes::compose::ComposeRetry;
use app::routes::notice::{Notice, render_notice};
use app::text::url;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse as _, Response};
use futures_util::StreamExt as _;
use http::header::{CONTENT_SECURITY_POLICY, HOST, LOCATION, REFERER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use tokio_util::sync::CancellationToken;

use super::compose::{self, Beginning};
use super::csrf::is_loopback_authority;
use super::visitor::Visitor;
use super::{Web, headers};
use crate::config::Config;
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

/// `GET` of every route of the app. A layer has checked the session.
pub(super) async fn app_page(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    if let Some(path) = read_by_person(&web, &request) {
        mark_read(&web, &visitor, path).await;
    }
    let (head, body) = request.into_parts();
    let retry = match compose::beginning(&web, &visitor, &head).await {
        Beginning::Form => None,
        Beginning::Named(address) => return see_other(&address),
        Beginning::Posted(retry) => Some(*retry),
        Beginning::OtherAccount(error) => {
            return failed(&web, &visitor, error, Some(url::home(web.base())));
        }
    };
    let told = PageData {
        flash: flash_of(&web, &visitor).await,
        retry,
        address: None,
    };
    render(&web, &visitor, Request::from_parts(head, body), told).await
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
    told: PageData,
) -> Response {
    // Cancelled when the client disconnects, or when the whole page is sent.
    let waiting = CancellationToken::new();
    let context = {
        let page = visitor.page_context(web);
        let backend = visitor.backend_until(web, &waiting);
        move || {
            provide_context(page.clone());
            if let Some(flash) = told.flash.clone() {
                provide_context(flash);
            }
            if let Some(retry) = told.retry.clone() {
                provide_context(retry);
            }
            if let Some(address) = told.address.clone() {
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
    let html = render_notice(visitor.page_context(web), notice, back);
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

/// The fallback for unknown addresses.
pub(super) async fn not_found(State(web): State<Web>, request: Request) -> Response {
    let visitor = match request.extensions().get::<Visitor>() {
        Some(visitor) => visitor.clone(),
        None => Visitor::without_session(&web, request.headers()),
    };
    notice(
        &web,
        &visitor,
        StatusCode::NOT_FOUND,
        Notice::NotFound,
        None,
    )
}

/// `GET {base}/mail/{account}`: redirects to the account's inbox.
pub(super) async fn account_home(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path(account): Path<String>,
) -> Response {
    let session = visitor.session.as_ref();
    match session
        .and_then(|s| s.account(&account.as_str().into()))
        .map(|account| views::account_view(&account))
    {
        Some(view) => see_other(&url::folder(web.base(), &view.inbox_ref(), 1)),
        None => notice(
            &web,
            &visitor,
            StatusCode::NOT_FOUND,
            Notice::NotFound,
            None,
        ),
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
    let kept = match sealed {
        Ok(sealed) => web
            .store
            .flash_put(&row, &sealed)
            .await
            .map_err(|e| e.to_string()),
        Err(error) => Err(error),
    };
    if let Err(error) = kept {
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

/// Returns the message that this request marks as read, if any: the one state change on GET, for a
/// message page that the user opened.
fn read_by_person(web: &Web, request: &Request<Body>) -> Option<MessageRef> {
    let is_page =
        request.method() == Method::GET && opened_by_person(request.headers(), &web.config);
    let path = url::mail_path(web.base(), request.uri().path())?;
    path.open().filter(|_| is_page)
}

async fn mark_read(web: &Web, visitor: &Visitor, message: MessageRef) {
    let Some(backend) = visitor.backend(web) else {
        return;
    };
    let marked = backend.message_mark(vec![message], Mark::Seen).await;
    // If this fails, the page reports the failure when it opens the message.
    if let Err(error) = marked {
        tracing::debug!(kind = ?error.kind, ref_id = error.ref_id, "a message was not marked read");
    }
}

/// Returns whether the user opened the page from a page of this server or the address bar; not a
/// prefetch, a frame or a link from another site.
fn opened_by_person(headers: &HeaderMap, config: &Config) -> bool {
    let value = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    match (value("sec-fetch-dest"), value("sec-fetch-site")) {
        (Some(dest), Some(site)) => {
            // Prefetches and prerenders carry `Sec-Purpose`.
            let is_ahead = headers.contains_key("sec-purpose");
            dest == b"document" && matches!(site, b"same-origin" | b"none") && !is_ahead
        }
        (None, None) => own_origin(headers, config).is_some_and(|origin| {
            let referer = headers.get(REFERER).and_then(|r| r.to_str().ok());
            referer
                .and_then(|r| r.strip_prefix(&origin))
                .is_some_and(|rest| rest.starts_with('/'))
        }),
        _ => false,
    }
}

/// Returns scheme and authority of this request: the public origin, or this machine's own.
pub(super) fn own_origin(headers: &HeaderMap, config: &Config) -> Option<String> {
    if let Some(origin) = &config.public_origin {
        return Some(origin.clone());
    }
    let host = headers.get(HOST)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let is_ours = is_loopback_authority(host) || (config.insecure_http && host.chars().all(plain));
    is_ours.then(|| format!("http://{host}"))
}

/// Returns a path to redirect to if it is below the base, on this host and without control
/// characters.
pub(super) fn own_path(base: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix(base)?;
    let is_plain = path.len() <= 2048 && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let is_below = rest.starts_with('/') && !path.starts_with("//");
    (is_plain && is_below).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(pairs: &[(&'static str, &str)]) -> bool {
        let mut config = Config::local(std::path::Path::new("unused"));
        config.public_origin = Some("https://mail.example.org".into());
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        opened_by_person(&headers, &config)
    }

    #[test]
    fn only_a_page_that_a_person_opened_marks_its_message_read() {
        for site in ["same-origin", "none"] {
            assert!(opened(&[
                ("sec-fetch-dest", "document"),
                ("sec-fetch-site", site)
            ]));
        }
        for (dest, site) in [
            ("document", "cross-site"),
            ("document", "same-site"),
            ("iframe", "same-origin"),
            ("empty", "same-origin"),
            ("image", "none"),
        ] {
            assert!(
                !opened(&[("sec-fetch-dest", dest), ("sec-fetch-site", site)]),
                "{dest} {site}"
            );
        }
        let ahead = [
            ("sec-fetch-dest", "document"),
            ("sec-fetch-site", "same-origin"),
            ("sec-purpose", "prefetch"),
        ];
        assert!(!opened(&ahead));
    }

    #[test]
    fn without_fetch_metadata_the_referer_has_to_be_ours() {
        assert!(opened(&[("referer", "https://mail.example.org/mail/a/b")]));
        assert!(!opened(&[(
            "referer",
            "https://mail.example.org.evil.example/"
        )]));
        assert!(!opened(&[(
            "referer",
            "https://evil.example/https://mail.example.org/"
        )]));
        assert!(!opened(&[]));
        assert!(!opened(&[
            ("sec-fetch-dest", "document"),
            ("referer", "https://mail.example.org/")
        ]));
    }

    #[test]
    fn only_paths_of_ours_are_gone_on_to() {
        assert_eq!(
            own_path("", "/mail/a?page=2").as_deref(),
            Some("/mail/a?page=2")
        );
        assert_eq!(
            own_path("/webmail", "/webmail/outbox").as_deref(),
            Some("/webmail/outbox")
        );
        for (base, path) in [
            ("", "//evil.example/"),
            ("", "/\\evil.example"),
            ("", "https://evil.example/"),
            ("", "javascript:alert(1)"),
            ("", "mail"),
            ("", "/a\r\nSet-Cookie: x=y"),
            ("/webmail", "/mail"),
            ("/webmail", "/webmailx/mail"),
            ("/webmail", "/webmail"),
            ("", ""),
        ] {
            assert_eq!(own_path(base, path), None, "{base} {path:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_path_of_ours_stays_on_this_host_and_below_the_base(
            path in "(/webmail|/|//|\\\\|https:|\\.\\.|[a-z?#@:\r\n\t é]){0,6}",
        ) {
            for base in ["", "/webmail"] {
                if let Some(own) = own_path(base, &path) {
                    let browser_reads_host = own.starts_with("//") || own.contains('\\');
                    let is_below = own.starts_with(&format!("{base}/"));
                    proptest::prop_assert!(!browser_reads_host && is_below);
                    proptest::prop_assert!(HeaderValue::from_str(&own).is_ok());
                }
            }
        }
    }
}
