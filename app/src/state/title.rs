//! The document's title: the open message or the name of the page, and the product.

use std::time::Duration;

use leptos::prelude::*;

use super::tab::Tab;
use crate::text::markup;
use crate::ui::dynamic::effect;

/// The name of the rendered page, for the title of the document.
///
/// The document's head is written before the page that determines the name: the document provides
/// this value by context, the page stores its [`Tab`] in it, and the title is written last
/// ([`document`](mod@crate::document)).
#[cfg(feature = "ssr")]
#[derive(Clone, Default)]
pub struct PageName(std::sync::Arc<std::sync::OnceLock<Tab>>);

#[cfg(feature = "ssr")]
impl PageName {
    /// Returns the name, empty before the page was rendered.
    pub fn get(&self) -> String {
        self.0
            .get()
            .map(|tab| untrack(|| name(*tab)))
            .unwrap_or_default()
    }
}

/// Returns "(3) Inbox", "(3) the subject of the open message", or the name of a page without mail.
fn name(tab: Tab) -> String {
    let Some(name) = tab.open_title.get() else {
        return tab.title.get();
    };
    with_count(tab.unread.get(), &name)
}

/// Prefixes a name with the number of unread messages, if there are any: "(3) Inbox".
pub fn with_count(unread: u32, name: &str) -> String {
    match unread {
        0 => name.to_owned(),
        unread => format!("({unread}) {name}"),
    }
}

/// Sets the document title from `tab`: in the server-rendered document, and in the browser on every
/// change.
pub fn show(tab: Tab) {
    #[cfg(feature = "ssr")]
    if let Some(page) = use_context::<PageName>() {
        page.0.get_or_init(|| tab);
    }
    effect(move || {
        let name = name(tab);
        // The name is empty during hydration: the server's title stays.
        if !name.is_empty() {
            // Deferred because setting the title takes the browser milliseconds.
            set_timeout(
                move || document().set_title(&markup::title(&name)),
                Duration::ZERO,
            );
        }
    });
}
