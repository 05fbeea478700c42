//! The sender of a request: language, theme, time zone, address, and the live session if any.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use app::api::types::{Lang, Theme};
use app::page::PageContext;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::header::{ACCEPT_LANGUAGE, COOKIE};
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use tower_sessions::Session;

use super::client_ip::{Connected, client_ip};
use super::connection::Exchange;
use super::{Web, WebState};
use crate::account::AccountHandle;
use crate::session::{LiveSession, row_key};
use crate::store::now_unix_ms;
use crate::views::{Locale, SessionBackend, SiteSettings};

pub(super) const LANG_COOKIE: &str = "restante_lang";
pub(super) const THEME_COOKIE: &str = "restante_theme";
const ZONE_COOKIE: &str = "restante_zone";

/// What a request tells about its sender.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) lang: Lang,
    pub(super) theme: Theme,
    pub(super) locale: Locale,
    /// The client address that failed sign-ins count by.
    pub(super) ip: IpAddr,
    /// The live session, if any.
    pub(super) session: Option<Arc<LiveSession>>,
    /// Whether the request had a session cookie, valid or not.
    pub(super) has_session_cookie: bool,
}

impl Visitor {
    /// Returns the account with this id, if the session has it.
    pub(super) fn account(&self, id: &str) -> Option<AccountHandle> {
        self.session.as_ref()?.account(&id.into())
    }

    /// Creates a visitor from the headers alone.
    pub(super) fn without_session(web: &WebState, headers: &HeaderMap) -> Self {
        let lang = cookie(headers, LANG_COOKIE)
            .and_then(Lang::from_tag)
            .or_else(|| accepted_language(headers))
            .unwrap_or_default();
        let theme = cookie(headers, THEME_COOKIE)
            .and_then(theme_from_word)
            .unwrap_or_default();
        // Time zone names contain slashes, which some scripts percent-encode in cookies.
        let zone_name = cookie(headers, ZONE_COOKIE).map(app::text::url::decode);
        let zone = zone_name
            .filter(|name| name.len() <= 64)
            .and_then(|name| TimeZone::get(&name).ok());
        Self {
            lang,
            theme,
            locale: Locale {
                lang,
                is_zone_guessed: zone.is_none(),
                zone: zone.unwrap_or(TimeZone::UTC),
            },
            ip: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            session: None,
            has_session_cookie: cookie(headers, web.cookie.name).is_some(),
        }
    }

    /// Returns the data of this request that pages need.
    pub(super) fn page_context(&self, web: &WebState) -> PageContext {
        PageContext {
            base: web.base().to_owned(),
            lang: self.lang,
            theme: self.theme,
            build: web.site.build().to_owned(),
            css: web.site.css().to_owned(),
            icons: web.site.icons().to_owned(),
            live: self
                .session
                .as_ref()
                .map_or_else(String::new, |s| s.live_name().to_owned()),
            seen: self
                .session
                .as_ref()
                .map_or_else(String::new, |s| s.events.id(s.events.newest())),
        }
    }

    /// Returns the session's backend, with this request's language and time zone.
    pub(super) fn backend(&self, web: &WebState) -> Option<Arc<SessionBackend>> {
        self.backend_with(web, AccountHandle::clone)
    }

    /// Returns the backend for a page that is being rendered: the framework reads in separate
    /// tasks, which end when `page` is cancelled.
    pub(super) fn backend_until(
        &self,
        web: &WebState,
        page: &CancellationToken,
    ) -> Option<Arc<SessionBackend>> {
        self.backend_with(web, |account| account.read_by(page.clone()))
    }

    fn backend_with(
        &self,
        web: &WebState,
        handle: impl FnMut(&AccountHandle) -> AccountHandle,
    ) -> Option<Arc<SessionBackend>> {
        let session = self.session.as_ref()?;
        Some(Arc::new(SessionBackend::new(
            session.accounts().iter().map(handle).collect(),
            self.locale.clone(),
            self.theme,
            Arc::clone(&session.uploads),
            session.lists.clone(),
            SiteSettings {
                upload_max_bytes: web.config.upload_max_bytes,
                undo_send_secs: web.config.undo_send_secs,
                ledger_keep_days: web.config.ledger_keep_days,
                base: web.base().to_owned(),
            },
        )))
    }
}

/// The layer that identifies the visitor. Runs inside the session layer.
pub(super) async fn identify_visitor(
    State(web): State<Web>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let mut visitor = Visitor::without_session(&web, request.headers());
    let peer = request.extensions().get::<Connected>().copied();
    let peer = peer.unwrap_or(Connected::Unix);
    visitor.ip = client_ip(peer, request.headers(), &web.config.trusted_proxies);
    visitor.session = session.id().and_then(|id| web.registry.find(&row_key(id)));
    if visitor.session.is_some()
        && let Some(exchange) = request.extensions().get::<Arc<Exchange>>()
    {
        exchange.activity().signed_in();
    }
    if let Some(live) = &visitor.session
        && live.touch(now_unix_ms())
    {
        // Marks the session as changed, so that the session layer extends the row's expiry.
        session.set_expiry(session.expiry());
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

/// Returns the value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

pub(super) fn theme_from_word(word: &str) -> Option<Theme> {
    match word {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        "system" => Some(Theme::System),
        _ => None,
    }
}

/// Returns the first supported language in the client's order of preference (RFC 9110 §12.5.4).
fn accepted_language(headers: &HeaderMap) -> Option<Lang> {
    let lists = headers
        .get_all(ACCEPT_LANGUAGE)
        .into_iter()
        .filter_map(|v| v.to_str().ok());
    let mut preferences: Vec<(f32, Lang)> = lists
        .flat_map(|list| list.split(',').take(32))
        .filter_map(|item| {
            let (tag, quality) = item.split_once(';').unwrap_or((item, "q=1"));
            let quality = quality.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
            Lang::from_tag(tag)
                .filter(|_| quality > 0.0)
                .map(|lang| (quality, lang))
        })
        .collect();
    // The sort is stable: of equal weights, the first one listed wins.
    preferences.sort_by(|a, b| b.0.total_cmp(&a.0));
    preferences.first().map(|(_, lang)| *lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(list: &str) -> Option<Lang> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, list.parse().unwrap());
        accepted_language(&headers)
    }

    #[test]
    fn preferred_supported_language_is_chosen() {
        assert_eq!(accepts("zh-CN,zh;q=0.9,en;q=0.8"), Some(Lang::ZhCn));
        assert_eq!(accepts("de, en-GB;q=0.7, zh;q=0.8"), Some(Lang::ZhCn));
        assert_eq!(accepts("fr, en;q=0.1"), Some(Lang::En));
        assert_eq!(accepts("zh;q=0, fr"), None);
        assert_eq!(accepts("*;q=x, ;;;"), None);
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            "xrestante=1; restante=two; restante_lang=zh-CN"
                .parse()
                .unwrap(),
        );
        assert_eq!(cookie(&headers, "restante"), Some("two"));
        assert_eq!(cookie(&headers, LANG_COOKIE), Some("zh-CN"));
        assert_eq!(cookie(&headers, "lang"), None);
    }
}
