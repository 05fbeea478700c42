//! What every page needs to know of its request.
//!
//! The server provides it by context for rendering and for server functions; in the browser it is
//! read back from `<html>`, so that both render the same.

use leptos::prelude::*;

use crate::api::types::{Lang, Theme};

/// Language, theme and addresses of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The name that the session's tabs share: first 8 characters of the session row key, empty
    /// without a session (`<html data-live>`).
    pub live: String,
}

impl PageContext {
    /// The context of the request or page.
    ///
    /// # Panics
    /// Where none was provided: a fault of the program, never of its input.
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
        }
    }
}
