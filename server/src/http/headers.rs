//! The HTTP headers of each class of response.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Names the front-end build of this server, for scripts and proxies.
pub const BUILD: HeaderName = HeaderName::from_static("x-restante-build");

/// The Content-Security-Policy of notices: pages without script.
pub const PLAIN_PAGE_CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
     base-uri 'none'; manifest-src 'self'";

/// Returns the policy of the sign-in page. `script` and `style` are the hashes of the only script
/// and the only sheet in its document: no other inline script runs. `'self'` allows the page to
/// prefetch the next page's script.
pub fn sign_in_csp(script: &str, style: Option<&str>) -> String {
    let style = style.map_or_else(String::new, |style| format!(" {style}"));
    format!(
        "default-src 'none'; script-src 'self' {script}; style-src 'self'{style}; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
    )
}

/// The policy of downloads: a download opened as a page cannot load or run anything.
pub const DOWNLOAD_CSP: &str = "sandbox; default-src 'none'";

/// Sets a header to a constant value.
pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// Returns the policy of an app page with this nonce.
pub fn app_csp(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         manifest-src 'self'; worker-src 'self'"
    )
}

/// Returns the policy of a message document. `parts` is the address of this message's own part
/// folder; once the user allows images, they may come from any https address.
pub fn frame_csp(parts: &str, images_allowed: bool) -> String {
    let remote = if images_allowed { " https:" } else { "" };
    format!(
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; \
         default-src 'none'; img-src {parts} data:{remote}; style-src 'unsafe-inline'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
}

/// Returns the policy of the editor's document. `script` is the hash of its only script. It has no
/// origin: it loads nothing but bytes that the page gave to it, and reaches nothing of ours.
pub fn editor_csp(script: &str) -> String {
    format!(
        "sandbox allow-scripts; default-src 'none'; script-src {script}; \
         style-src 'unsafe-inline'; img-src blob: data:; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'self'"
    )
}

/// Sets the headers of a page that shows mail; its policy is set with its nonce.
pub(super) fn app_page(headers: &mut HeaderMap) {
    set(headers, REFERRER_POLICY, "same-origin");
    set(headers, COOP, "same-origin");
    private(headers);
}

/// Sets the headers of a page without script.
pub(super) fn plain_page(headers: &mut HeaderMap) {
    set(headers, CONTENT_SECURITY_POLICY, PLAIN_PAGE_CSP);
    app_page(headers);
}

/// Sets the headers of a message document. No COOP: with a sandbox policy browsers refuse to open
/// it.
pub(super) fn frame(headers: &mut HeaderMap, policy: &str) {
    match HeaderValue::from_str(policy) {
        Ok(policy) => headers.insert(CONTENT_SECURITY_POLICY, policy),
        // The parts' address is validated text; if it is not a valid header value, nothing is
        // allowed.
        Err(_) => headers.insert(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(DOWNLOAD_CSP),
        ),
    };
    set(headers, REFERRER_POLICY, "no-referrer");
    private(headers);
}

/// Sets the headers of an attachment or a raw message.
pub(super) fn download(headers: &mut HeaderMap) {
    set(headers, CONTENT_SECURITY_POLICY, DOWNLOAD_CSP);
    set(headers, REFERRER_POLICY, "no-referrer");
    private(headers);
}

/// Sets the headers of a response that must not be cached.
pub(super) fn private(headers: &mut HeaderMap) {
    set(headers, CACHE_CONTROL, "no-store");
    set(headers, CORP, "same-origin");
    set(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_policy_is_byte_for_byte_as_decided() {
        assert_eq!(
            app_csp("N"),
            "default-src 'none'; script-src 'self' 'nonce-N' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; worker-src 'self'"
        );
    }

    #[test]
    fn the_frame_policy_is_byte_for_byte_as_decided() {
        let parts = "https://mail.example.org/webmail/mail/a/b/1.2/part/";
        assert_eq!(
            frame_csp(parts, false),
            "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src https://mail.example.org/webmail/mail/a/b/1.2/part/ data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
        );
        assert_eq!(
            frame_csp(parts, true),
            "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src https://mail.example.org/webmail/mail/a/b/1.2/part/ data: https:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
        );
        assert!(!frame_csp(parts, true).contains("allow-scripts"));
    }

    #[test]
    fn the_editor_policy_is_byte_for_byte_as_decided() {
        let policy = editor_csp("'sha256-A='");
        assert_eq!(
            policy,
            "sandbox allow-scripts; default-src 'none'; script-src 'sha256-A='; style-src 'unsafe-inline'; img-src blob: data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
        );
        assert!(!policy.contains("allow-same-origin"));
    }

    #[test]
    fn pages_without_the_app_have_no_nonce_and_no_wasm() {
        let sign_in = sign_in_csp("'sha256-A='", Some("'sha256-B='"));
        for policy in [PLAIN_PAGE_CSP, &sign_in] {
            assert!(!policy.contains("nonce") && !policy.contains("unsafe"));
        }
        assert!(!PLAIN_PAGE_CSP.contains("script-src"));
        assert!(
            sign_in.contains("; script-src 'self' 'sha256-A='; style-src 'self' 'sha256-B='; ")
        );
        assert!(sign_in_csp("'sha256-A='", None).contains("; style-src 'self'; "));
    }

    #[test]
    fn the_message_document_has_no_opener_policy() {
        let mut headers = HeaderMap::new();
        frame(&mut headers, &frame_csp("https://x/part/", false));
        assert!(!headers.contains_key(COOP));
        assert_eq!(headers[CORP], "same-origin");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
    }
}
