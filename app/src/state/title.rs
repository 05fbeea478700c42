//! The document's title: the name of the page, and the product.

use leptos::prelude::*;

use crate::text::markup;
use crate::ui::dynamic::effect;

/// The name of the page that is being rendered, for the document around it.
///
/// The document's head is written before the page that names it: so the document provides this by
/// context, the page's signal is put in, and the title is written last
/// ([`document`](crate::document)).
#[cfg(feature = "ssr")]
#[derive(Clone, Default)]
pub struct PageName(std::sync::Arc<std::sync::OnceLock<ArcRwSignal<String>>>);

#[cfg(feature = "ssr")]
impl PageName {
    /// The name, as far as the page was rendered.
    pub fn get(&self) -> String {
        let name = self.0.get();
        name.map(GetUntracked::get_untracked).unwrap_or_default()
    }
}

/// Makes `name` the name of the page: in the document that the server writes, and in the browser
/// whenever it changes.
pub fn show(name: RwSignal<String>) {
    #[cfg(feature = "ssr")]
    if let Some(page) = use_context::<PageName>() {
        page.0.get_or_init(|| name.into());
    }
    effect(move || {
        name.with(|name| {
            // Nothing is named while the page is taken over: what the server wrote stays.
            if !name.is_empty() {
                document().set_title(&markup::title(name));
            }
        });
    });
}
