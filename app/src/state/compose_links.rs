//! Links to the compose form: on wide screens they open it beside the page.

use leptos::prelude::*;

use super::tab::Tab;
use super::unsent::Unsent;
use super::unsent::leaving::{followed_link, listen};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::dynamic::effect;
use crate::ui::navigator::navigator;

/// Watches the links until the tab is closed.
///
/// Begins after [`super::unsent::leaving::watch`], whose questions come first, and runs before the
/// router, which listens on the window.
pub fn watch(tab: Tab, unsent: Unsent, page: &PageContext) {
    effect(move || unsent.set_docked(tab.dock.with(Option::is_some)));
    let compose = url::compose_form(&page.base);
    listen("click", move |event| {
        let Some(link) = followed_link(&event) else {
            return;
        };
        let to = link.get_attribute("href").unwrap_or_default();
        if link
            .matches(".dock [data-close], .dock [data-discard]")
            .unwrap_or(false)
        {
            tab.close_dock();
            event.prevent_default();
        } else if to.starts_with(&compose) && tab.open_dock(&to) {
            event.prevent_default();
            // The page stays: the menu that the link is in is done.
            if let Ok(Some(menu)) = link.closest("details") {
                drop(menu.remove_attribute("open"));
            }
        }
    });
}

/// Returns a function that opens a form as its link does: beside the page if there is room.
pub fn form_opener(tab: Tab) -> impl Fn(&str) + Clone {
    let navigate = navigator();
    move |form_url: &str| {
        if !tab.open_dock(form_url) {
            navigate(form_url);
        }
    }
}
