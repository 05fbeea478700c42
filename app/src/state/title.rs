//! The document's title: the open message or the name of the page, and the product.

use std::time::Duration;

use leptos::prelude::*;

use super::session::Tab;
use crate::text::markup;
use crate::ui::dynamic::effect;

/// The name of the page that is being rendered, for the document around it.
///
/// The document's head is written before the page that names it: so the document provides this by
/// context, the page's signal is put in, and the title is written last
/// ([`document`](crate::document)).
#[cfg(feature = "ssr")]
#[derive(Clone, Default)]
pub struct PageName(std::sync::Arc<std::sync::OnceLock<Tab>>);

#[cfg(feature = "ssr")]
impl PageName {
    /// The name, as far as the page was rendered.
    pub fn get(&self) -> String {
        self.0
            .get()
            .map(|tab| untrack(|| name(*tab)))
            .unwrap_or_default()
    }
}

/// "(3) Inbox", "(3) the subject of the open message", or the name of a page without mail.
fn name(tab: Tab) -> String {
    let Some(name) = tab.open_title.get() else {
        return tab.title.get();
    };
    with_count(tab.unread.get(), &name)
}

/// "(3) Inbox": a name behind the number of unread messages, if there are any.
pub fn with_count(unread: u32, name: &str) -> String {
    match unread {
        0 => name.to_owned(),
        unread => format!("({unread}) {name}"),
    }
}

/// Names the document after what `tab` shows: in the document that the server writes, and in the
/// browser whenever it changes.
pub fn show(tab: Tab) {
    #[cfg(feature = "ssr")]
    if let Some(page) = use_context::<PageName>() {
        page.0.get_or_init(|| tab);
    }
    effect(move || {
        let name = name(tab);
        // Nothing is named while the page is taken over: what the server wrote stays.
        if !name.is_empty() {
            // The browser takes milliseconds to tell its window, and nobody waits for that.
            set_timeout(
                move || document().set_title(&markup::title(&name)),
                Duration::ZERO,
            );
        }
    });
}
