//! One gate before every request that changes something: it has to come from our own pages.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CONNECTION, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use app::routes::notice::Notice;

use super::visitor::Visitor;
use super::{Web, page};
use crate::config::{Config, is_loopback_host};

/// The layer.
pub(super) async fn same_site_only(
    State(web): State<Web>,
    request: Request,
    next: Next,
) -> Response {
    if is_allowed(
        request.method(),
        request.headers(),
        request.uri(),
        &web.config,
    ) {
        return next.run(request).await;
    }
    let visitor = Visitor::without_session(&web, request.headers());
    let mut response = page::notice(
        &web,
        &visitor,
        StatusCode::FORBIDDEN,
        Notice::OtherSite,
        None,
    );
    // The body was not read.
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Browsers say where a request comes from in `Sec-Fetch-Site`; those that do not, or that take
/// our plain http address for insecure, send `Origin`.
fn is_allowed(method: &Method, headers: &HeaderMap, uri: &Uri, config: &Config) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let host = headers.get(HOST).and_then(|h| h.to_str().ok());
    let host = host.or_else(|| uri.authority().map(http::uri::Authority::as_str));
    // Without a public origin a page of any name that was made to resolve to this machine would be
    // "same-origin": only names that always mean this machine are believed.
    let is_open = config.insecure_http;
    if config.public_origin.is_none() && !is_open && !host.is_some_and(is_loopback_authority) {
        return false;
    }
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(b"same-origin" | b"none") => return true,
        Some(_) => return false,
        None => {}
    }
    let Some(origin) = headers.get(ORIGIN).and_then(|o| o.to_str().ok()) else {
        return false;
    };
    match (&config.public_origin, origin.split_once("://")) {
        (Some(public), _) => origin.eq_ignore_ascii_case(public),
        (None, Some(("http" | "https", authority))) if is_open => {
            host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
        }
        (None, Some(("http" | "https", authority))) => is_loopback_authority(authority),
        (None, _) => false,
    }
}

/// Whether `host:port` means this machine.
pub(super) fn is_loopback_authority(authority: &str) -> bool {
    let parsed = authority.parse::<http::uri::Authority>();
    parsed.is_ok_and(|a| !a.as_str().contains('@') && is_loopback_host(a.host()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: Option<&str> = Some("https://mail.example.org");

    fn allowed(
        method: &str,
        origin_configured: Option<&str>,
        host: &str,
        site: Option<&str>,
        origin: Option<&str>,
    ) -> bool {
        let mut config = Config::local(std::path::Path::new("unused"));
        config.public_origin = origin_configured.map(str::to_owned);
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        is_allowed(
            &method.parse().unwrap(),
            &headers,
            &Uri::from_static("/"),
            &config,
        )
    }

    #[test]
    fn reading_is_always_allowed() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(allowed(
                method,
                PUBLIC,
                "mail.example.org",
                Some("cross-site"),
                None
            ));
        }
    }

    #[test]
    fn fetch_metadata_decides_where_it_is_sent() {
        for (site, expected) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
            ("", false),
        ] {
            // The origin does not matter then: behind some policies browsers send "null".
            for origin in [None, Some("null"), Some("https://evil.example")] {
                let seen = allowed("POST", PUBLIC, "mail.example.org", Some(site), origin);
                assert_eq!(seen, expected, "{site} {origin:?}");
            }
        }
    }

    #[test]
    fn without_fetch_metadata_the_origin_is_the_configured_one() {
        for (origin, expected) in [
            (Some("https://mail.example.org"), true),
            (Some("HTTPS://mail.example.org"), true),
            (Some("http://mail.example.org"), false),
            (Some("https://mail.example.org.evil.example"), false),
            (Some("https://mail.example.org:8443"), false),
            (Some("null"), false),
            (None, false),
        ] {
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                // Host is what a proxy makes of it: never compared with.
                let seen = allowed(method, PUBLIC, "10.1.2.3", None, origin);
                assert_eq!(seen, expected, "{method} {origin:?}");
            }
        }
    }

    #[test]
    fn without_a_public_origin_only_this_machine_counts() {
        assert!(allowed(
            "POST",
            None,
            "127.0.0.1:3000",
            Some("same-origin"),
            None
        ));
        assert!(allowed(
            "POST",
            None,
            "localhost:3000",
            None,
            Some("http://localhost:3000")
        ));
        assert!(allowed(
            "POST",
            None,
            "[::1]:3000",
            None,
            Some("http://[::1]:3000")
        ));
        assert!(!allowed(
            "POST",
            None,
            "localhost:3000",
            None,
            Some("http://evil.example")
        ));
        assert!(!allowed(
            "POST",
            None,
            "localhost:3000",
            None,
            Some("http://localhost@evil.example")
        ));
        assert!(!allowed("POST", None, "localhost:3000", None, None));
    }

    #[test]
    fn a_foreign_name_that_resolves_to_this_machine_is_refused() {
        let rebound = "rebound.example:3000";
        assert!(!allowed(
            "POST",
            None,
            rebound,
            Some("same-origin"),
            Some("http://rebound.example:3000")
        ));
    }
}
