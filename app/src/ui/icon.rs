//! Icons: symbols of one cached sheet.

use leptos::prelude::*;

use crate::page::PageContext;
use crate::text::url;

/// A decorative icon beside text; screen readers skip it.
///
/// `class` is added to `i`: "i-s" for 16 px, "i-dir" if the icon is mirrored in right-to-left
/// pages.
#[component]
pub fn Icon(
    /// The symbol's name, without `i-`.
    name: &'static str,
    /// Additional classes.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let page = PageContext::expect();
    view! {
        <svg class=format!("i {class}") aria-hidden="true">
            <use_ href=url::icon(&page.base, &page.icons, name)></use_>
        </svg>
    }
}

/// An icon without text; screen readers read `label`.
#[component]
pub fn IconSymbol(
    /// The symbol's name, without `i-`.
    name: &'static str,
    /// Its label.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let page = PageContext::expect();
    view! {
        <svg class="i i-dir" role="img" aria-label=label>
            <use_ href=url::icon(&page.base, &page.icons, name)></use_>
        </svg>
    }
}
