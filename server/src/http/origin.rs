//! What is of this server: its origin, its paths, and the authorities of this machine.

use http::HeaderMap;
use http::header::HOST;

use crate::config::{Config, is_loopback_host};

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

/// Returns whether `host:port` means this machine.
pub(super) fn is_loopback_authority(authority: &str) -> bool {
    let parsed = authority.parse::<http::uri::Authority>();
    parsed.is_ok_and(|a| !a.as_str().contains('@') && is_loopback_host(a.host()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_paths_below_the_base_are_accepted() {
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
        fn accepted_path_stays_on_this_host_and_below_the_base(
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
