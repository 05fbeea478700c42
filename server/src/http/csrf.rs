//! The CSRF layer: a request that changes state has to come from a page of this server.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CONNECTION, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use app::routes::notice::Notice;

use super::origin::is_loopback_authority;
use super::visitor::Visitor;
use super::{Web, page};
use crate::config::Config;

/// Rejects state-changing requests of other sites with 403.
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
    // The body was not read, so the connection cannot be reused.
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Returns whether a request may pass. Browsers send `Sec-Fetch-Site`; those that do not, or that
/// do not trust a plain http address, send `Origin`. A request that repeats either header is
/// rejected: no browser sends one.
fn is_allowed(method: &Method, headers: &HeaderMap, uri: &Uri, config: &Config) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let (Ok(site), Ok(origin), Ok(host)) = (
        only(headers, "sec-fetch-site"),
        only(headers, ORIGIN.as_str()),
        only(headers, HOST.as_str()),
    ) else {
        return false;
    };
    // The authority in the request line takes precedence over `Host` (RFC 9112 §3.2.2). Without a
    // public origin the two have to be equal, as browsers send them; with one, proxies may rewrite
    // them.
    let address = uri.authority().map(http::uri::Authority::as_str);
    let host = match (address, host) {
        (Some(address), Some(host))
            if config.public_origin.is_none() && !address.eq_ignore_ascii_case(host) =>
        {
            return false;
        }
        _ => address.or(host),
    };
    // Without a public origin, any name that resolves to this machine (DNS rebinding) would be
    // "same-origin": only names that always mean this machine are accepted.
    let is_local = host.is_some_and(is_loopback_authority);
    if config.public_origin.is_none() && !config.insecure_http && !is_local {
        return false;
    }
    match (site, origin, &config.public_origin) {
        (Some(site), ..) => matches!(site, "same-origin" | "none"),
        (None, None, _) => false,
        (None, Some(origin), Some(public)) => origin.eq_ignore_ascii_case(public),
        // `Origin` has to be the address of this request, port included: another port of this
        // machine is another site, and so is https, which this server does not speak itself.
        (None, Some(origin), None) => {
            host.is_some_and(|host| is_plain_http_origin_of(origin, host))
        }
    }
}

/// Returns the only value of a header; an error if it is repeated or not text.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Returns whether an origin is `http://` with this authority. An origin omits port 80.
fn is_plain_http_origin_of(origin: &str, host: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://") else {
        return false;
    };
    let without_port_80 = |text: &str| -> String {
        text.strip_suffix(":80")
            .unwrap_or(text)
            .to_ascii_lowercase()
    };
    !authority.contains('@') && without_port_80(authority) == without_port_80(host)
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
            // `Origin` is ignored then: with some referrer policies browsers send "null".
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
                // A proxy may rewrite `Host`, so it is not compared.
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
    fn without_a_public_origin_the_origin_is_the_requested_address() {
        for (host, origin, expected) in [
            ("localhost:3000", "http://localhost:3000", true),
            ("LOCALHOST:3000", "http://localhost:3000", true),
            ("localhost", "http://localhost", true),
            ("localhost:80", "http://localhost", true),
            ("localhost:3000", "http://localhost:3001", false),
            ("localhost:3000", "http://localhost", false),
            ("localhost", "http://localhost:3000", false),
            ("localhost:3000", "http://127.0.0.1:3000", false),
            ("127.0.0.1:3000", "http://127.0.0.2:3000", false),
            ("localhost:3000", "https://localhost:3000", false),
            ("localhost", "https://localhost", false),
            ("localhost:3000", "null", false),
            ("localhost:3000", "", false),
            ("localhost:3000", "http://", false),
            ("localhost:3000", "http://x@localhost:3000", false),
            ("localhost:3000", "HTTP://localhost:3000", false),
        ] {
            let seen = allowed("POST", None, host, None, Some(origin));
            assert_eq!(seen, expected, "{host} {origin}");
        }
    }

    #[test]
    fn headers_that_no_browser_sends_are_refused() {
        let mut config = Config::local(std::path::Path::new("unused"));
        let post = |pairs: &[(&'static str, &str)], uri: &str, config: &Config| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            is_allowed(&Method::POST, &headers, &uri.parse().unwrap(), config)
        };
        let host = ("host", "localhost:3000");
        let same = ("sec-fetch-site", "same-origin");
        let own = ("origin", "http://localhost:3000");
        assert!(post(&[host, same], "/", &config));
        assert!(post(&[host, own], "/", &config));
        assert!(post(&[own], "http://localhost:3000/", &config));
        assert!(!post(
            &[host, same, ("sec-fetch-site", "cross-site")],
            "/",
            &config
        ));
        assert!(!post(&[host, own, own], "/", &config));
        assert!(!post(&[host, host, same], "/", &config));
        assert!(!post(&[host, own], "http://localhost:3001/", &config));
        assert!(!post(
            &[host, ("sec-fetch-site", "same-origin, none"), own],
            "/",
            &config
        ));
        assert!(!post(&[own, same], "/", &config), "no host at all");
        config.insecure_http = true;
        let host = ("host", "mail.lan");
        assert!(post(&[host, ("origin", "http://mail.lan")], "/", &config));
        assert!(!post(
            &[host, ("origin", "http://mail.lan:81")],
            "/",
            &config
        ));
        assert!(!post(&[host, ("origin", "https://mail.lan")], "/", &config));
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
