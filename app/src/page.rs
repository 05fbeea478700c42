//! The context of a page: language, theme and URLs of its request.
//!
//! The server provides it by context for rendering and for server functions. The browser reads it
//! back from the attributes of `<html>`, so that hydration renders the same page.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::lang::Lang;

/// The content of `<meta name="viewport">`: the page covers the safe areas, and an on-screen
/// keyboard shrinks it.
pub const VIEWPORT: &str =
    "width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content";

/// The favicon as a data URL, which needs no request.
pub const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 \
    24 24'%3E%3Crect x='1.5' y='2.5' width='21' height='19' rx='3.5' fill='%23075e78'/%3E%3Cpath \
    d='M6.5 14.5v-7h11v7M6.5 7.8l5.5 4.4 5.5-4.4M4.5 16h15' fill='none' stroke='%23fff' \
    stroke-width='1.6'/%3E%3C/svg%3E";

/// The colour theme of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// The device's preference.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// Language, theme and URLs of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageContext {
    /// `""` or `"/x"`: the path under which the product is served, without a trailing slash.
    pub base: String,
    /// The language (`<html lang>`).
    pub lang: Lang,
    /// The theme (`<html data-theme>`, absent for the system's own).
    pub theme: Theme,
    /// The front-end build: the hash of its folder (`<html data-build>`).
    pub build: String,
    /// The file name of the style sheet below `{base}/a/` (`<html data-css>`).
    pub css: String,
    /// The file name of the icon sheet below `{base}/a/` (`<html data-icons>`).
    pub icons: String,
    /// The channel name that the session's tabs share: the first 8 characters of the session row
    /// key, empty without a session (`<html data-live>`).
    pub live: String,
    /// The id of the session's newest event at the time of the request, empty without a session
    /// (`<html data-seen>`): the page includes earlier events, and its stream begins after this
    /// one.
    pub seen: String,
}

impl PageContext {
    /// Returns the context of the request or page.
    ///
    /// # Panics
    /// If no context was provided, which is a bug and never caused by input.
    pub fn expect() -> Self {
        expect_context::<Self>()
    }

    /// Reads the context back from the attributes of `<html>`.
    #[cfg(feature = "hydrate")]
    pub fn from_document() -> Self {
        let root = document().document_element();
        let read = |name: &str| {
            root.as_ref()
                .and_then(|r| r.get_attribute(name))
                .unwrap_or_default()
        };
        Self {
            base: read("data-base"),
            lang: Lang::from_tag(&read("lang")).unwrap_or_default(),
            theme: match read("data-theme").as_str() {
                "light" => Theme::Light,
                "dark" => Theme::Dark,
                _ => Theme::System,
            },
            build: read("data-build"),
            css: read("data-css"),
            icons: read("data-icons"),
            live: read("data-live"),
            seen: read("data-seen"),
        }
    }
}

/// Returns the language of the page or request. Works without the context, as in a response that
/// arrives after the requesting component was dropped.
pub fn current_lang() -> Lang {
    if let Some(page) = use_context::<PageContext>() {
        return page.lang;
    }
    #[cfg(feature = "hydrate")]
    if let Some(lang) = document()
        .document_element()
        .and_then(|root| root.get_attribute("lang"))
    {
        return Lang::from_tag(&lang).unwrap_or_default();
    }
    Lang::default()
}
