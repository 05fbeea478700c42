//! Links to the compose form: on wide screens they open it beside the page.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::tab::Tab;
use super::unsent::Unsent;
use super::unsent::leaving::{is_plain_click, listen};
use crate::page::PageContext;
use crate::text::url;
use crate::ui::dynamic::effect;

/// Watches the links until the tab is closed.
///
/// Begins after [`super::unsent::leaving::watch`], whose questions come first, and runs before the
/// router, which listens on the window.
pub fn watch(tab: Tab, unsent: Unsent, page: &PageContext) {
    effect(move || unsent.set_docked(tab.dock.with(Option::is_some)));
    let compose = url::compose_form(&page.base);
    listen("click", move |event| {
        let click = event.dyn_ref::<MouseEvent>().filter(|e| is_plain_click(e));
        let clicked = click.and_then(|click| click.target()?.dyn_into::<Element>().ok());
        let link = clicked.and_then(|element| element.closest("a[href]:not([target])").ok()?);
        let Some(link) = link else {
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
        }
    });
}
