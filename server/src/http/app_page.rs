//! The pages of the app. Opening a message page marks its message as read: the one change on GET.

use app::api::backend::MailBackend as _;
use app::api::types::{Mark, MessageRef};
use app::text::url;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::REFERER;
use http::{HeaderMap, HeaderValue, Method};

use super::Web;
use super::compose::{self, PageStart};
use super::origin::own_origin;
use super::page::{self, PageData};
use super::visitor::Visitor;
use crate::config::Config;

/// `GET` of every route of the app. A layer has checked the session.
pub(super) async fn app_page(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    if let Some(path) = message_to_mark_read(&web, &request) {
        mark_read(&web, &visitor, path).await;
    }
    let (head, body) = request.into_parts();
    let retry = match compose::page_start(&web, &visitor, &head).await {
        PageStart::Form => None,
        PageStart::Redirect(address) => return page::see_other(&address),
        PageStart::Posted(retry) => Some(*retry),
        PageStart::OtherAccount(error) => {
            return page::failed(&web, &visitor, error, Some(url::home(web.base())));
        }
    };
    let data = PageData {
        flash: page::flash_of(&web, &visitor).await,
        retry,
        address: None,
    };
    page::render(&web, &visitor, Request::from_parts(head, body), data).await
}

/// Returns the message that this request marks as read, if any: the one state change on GET, for a
/// message page that the user opened.
fn message_to_mark_read(web: &Web, request: &Request<Body>) -> Option<MessageRef> {
    let is_page =
        request.method() == Method::GET && is_opened_by_user(request.headers(), &web.config);
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
fn is_opened_by_user(headers: &HeaderMap, config: &Config) -> bool {
    let value = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    match (value("sec-fetch-dest"), value("sec-fetch-site")) {
        (Some(dest), Some(site)) => {
            // Prefetches and prerenders carry `Sec-Purpose`.
            let is_prefetch = headers.contains_key("sec-purpose");
            dest == b"document" && matches!(site, b"same-origin" | b"none") && !is_prefetch
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
        is_opened_by_user(&headers, &config)
    }

    #[test]
    fn only_a_page_opened_by_the_user_marks_its_message_read() {
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
        let prefetch = [
            ("sec-fetch-dest", "document"),
            ("sec-fetch-site", "same-origin"),
            ("sec-purpose", "prefetch"),
        ];
        assert!(!opened(&prefetch));
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
}
