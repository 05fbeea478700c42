//! Sessions: the cookie, the sealed record in the store, and the live state in memory.
//!
//! The server finds a session by a hash of its id; only the browser has the id. Passwords are in
//! the live accounts, so a session that is not in the [`registry`] cannot be used even if its row
//! exists: after a restart every user signs in again.

pub mod events;
pub mod record;
pub mod registry;
pub mod turns;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::Id;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::config::Config;
use crate::store::sessions::RowKey;

pub use record::SealedSessions;
pub use registry::{LiveSession, Registry};

/// How long a session lives without a request.
pub const IDLE_MS: i64 = 12 * 60 * 60 * 1000;
/// How long a session's row may lag behind its last request.
pub const RENEW_MS: i64 = 5 * 60 * 1000;

/// Name, path and flags of the session cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieRules {
    /// Its name: browsers check the flags that its prefix requires (RFC 6265bis §4.1.3).
    pub name: &'static str,
    /// The path below which browsers send it.
    pub path: String,
    /// Whether browsers send it over https only.
    pub is_secure: bool,
}

impl CookieRules {
    /// Returns the rules for a configuration: https with and without a base path, or plain http.
    pub fn of(config: &Config) -> Self {
        let path = if config.base_path.is_empty() {
            "/"
        } else {
            &config.base_path
        };
        let name = match (config.is_https(), config.base_path.is_empty()) {
            (true, true) => "__Host-restante",
            (true, false) => "__Secure-restante",
            (false, _) => "restante",
        };
        Self {
            name,
            path: path.to_owned(),
            is_secure: config.is_https(),
        }
    }

    /// Returns the layer that reads and writes the cookie. Without an expiry date, the cookie ends
    /// with the browser session.
    pub fn layer(&self, sessions: SealedSessions) -> SessionManagerLayer<SealedSessions> {
        SessionManagerLayer::new(sessions)
            .with_name(self.name)
            .with_path(self.path.clone())
            .with_secure(self.is_secure)
            .with_http_only(true)
            .with_same_site(SameSite::Lax)
            .with_expiry(Expiry::OnSessionEnd)
    }

    /// Returns a `Set-Cookie` that removes the cookie. It repeats the flags; without them browsers
    /// keep a prefixed cookie.
    pub fn removal(&self) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!(
            "{}=; Path={}; Max-Age=0; HttpOnly; SameSite=Lax{secure}",
            self.name, self.path
        )
    }

    /// Returns a `Set-Cookie` for a form that is stored until its author signs in.
    pub fn posted_form(&self, name: &str, value: &str, path: &str, max_age_secs: i64) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!(
            "{name}={value}; Path={path}; Max-Age={max_age_secs}; HttpOnly; SameSite=Lax{secure}"
        )
    }

    /// Returns a `Set-Cookie` for a preference: not secret, valid for one year.
    pub fn preference(&self, name: &str, value: &str) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!(
            "{name}={value}; Path={}; Max-Age=31536000; SameSite=Lax{secure}",
            self.path
        )
    }
}

/// Returns the key of a session's rows: a hash of its id.
pub fn row_key(id: Id) -> RowKey {
    let hash = Sha256::new()
        .chain_update(b"restante/session-row/")
        .chain_update(id.0.to_le_bytes());
    RowKey::new(URL_SAFE_NO_PAD.encode(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(origin: Option<&str>, base: &str) -> CookieRules {
        let mut config = Config::local(std::path::Path::new("unused"));
        config.public_origin = origin.map(str::to_owned);
        config.base_path = base.to_owned();
        CookieRules::of(&config)
    }

    #[test]
    fn cookie_name_and_path_follow_scheme_and_base() {
        let https = Some("https://mail.example.org");
        for (origin, base, name, path, is_secure) in [
            (https, "", "__Host-restante", "/", true),
            (https, "/webmail", "__Secure-restante", "/webmail", true),
            (None, "", "restante", "/", false),
            (
                Some("http://localhost:3000"),
                "/webmail",
                "restante",
                "/webmail",
                false,
            ),
        ] {
            let expected = CookieRules {
                name,
                path: path.to_owned(),
                is_secure,
            };
            assert_eq!(rules(origin, base), expected, "{origin:?} {base}");
        }
    }

    #[test]
    fn removal_repeats_the_flags_of_the_cookie() {
        assert_eq!(
            rules(Some("https://mail.example.org"), "").removal(),
            "__Host-restante=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn the_row_key_does_not_hold_the_id() {
        let id = Id(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
        let key = row_key(id);
        assert_eq!(key.as_str().len(), 43);
        assert!(!key.as_str().contains(&id.to_string()));
        assert_ne!(key, row_key(Id(1)));
    }
}
