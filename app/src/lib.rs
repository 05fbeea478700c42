//! The web front end and its contract with the server.
//!
//! Compiles for two targets: for the host (`ssr`), where it renders pages, and for WebAssembly
//! (`hydrate`), where it hydrates them. The `server` crate provides [`api::backend::MailBackend`]
//! and [`page::PageContext`] by context.
//!
//! # Invariants
//! - No mail crate is a dependency, under any feature.
//! - Message HTML never enters this document; it lives in a sandboxed frame.
//! - Rendering does not read the clock, the locale or the time zone.

// The type of a view nests as deeply as its elements, and so does the computation of its layout.
#![recursion_limit = "256"]

pub mod api;
#[cfg(feature = "ssr")]
pub mod document;
pub mod flash;
pub mod lang;
pub mod mail;
pub mod page;
pub mod routes;
pub mod state;
pub mod status;
pub mod text;
pub mod ui;

// The name by which the tests' fake backend refers to this crate.
#[cfg(test)]
extern crate self as app;

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::components::Router;

use crate::api::session::session_show;
use crate::mail::frame::Frame;
use crate::page::PageContext;
use crate::routes::dock::Dock;
#[cfg(feature = "hydrate")]
use crate::routes::lazy::LazyLoaded;
use crate::routes::lazy::LazyModule;
use crate::routes::pages::Pages;
use crate::state::api_resource::api_resource;
use crate::state::session::Session;
use crate::state::tab::Tab;
use crate::state::unsent::{self, Unsent};
use crate::ui::dynamic::effect;
use crate::ui::question::QuestionHandle;

/// The time after hydration until the second module is loaded: what the page itself needs comes
/// first.
const PRELOAD_DELAY: Duration = Duration::from_millis(300);

/// Everything inside `<body>`.
///
/// Needs [`PageContext`] in context. Runs on the server for every page and when the server lists
/// the routes, and in the browser once per document.
#[component]
pub fn App() -> impl IntoView {
    let page = PageContext::expect();
    let tab = Tab::new();
    provide_context(tab);
    let questions = QuestionHandle(RwSignal::new(0));
    provide_context(questions);
    let unsent = Unsent::new();
    provide_context(unsent);
    let session = Session(api_resource(
        || (),
        |()| async { status::set_response_status(session_show().await) },
    ));
    provide_context(session);
    let module = LazyModule::new();
    provide_context(module);
    start_once_alive(tab, module, page.clone());
    effect({
        let page = page.clone();
        move || {
            unsent.start(&page, session);
            unsent::leaving::watch(unsent, questions, session, tab, page.clone());
            state::compose_links::watch(tab, unsent, &page);
        }
    });
    state::title::show(tab);
    view! {
        <Router base=page.base>
            <Frame>
                <Pages />
            </Frame>
            <Dock />
        </Router>
    }
}

/// Starts the page's background tasks after hydration: effects run in the browser only.
fn start_once_alive(tab: Tab, module: LazyModule, page: PageContext) {
    effect(move || {
        if state::prefs::set_zone_cookie(&page) {
            // The server rendered this page in another zone, or without one for a new reader.
            tab.reader_changes.set(1);
        }
        state::keys::start(tab);
        state::tab::reach::start(tab, &page.base);
        state::live::start(tab, &page);
        tab.is_started.set(true);
        set_timeout(move || module.preload(), PRELOAD_DELAY);
    });
}

/// Hydrates the page. A part of the second module is hydrated when that is loaded; if it cannot be,
/// the page stays as the server rendered it, which works without script.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    let page = PageContext::from_document();
    // The paths of server functions are fixed at compile time; this sets the base before them. The
    // string is leaked once because the setter requires `'static`.
    server_fn::client::set_server_url(Box::leak(page.base.clone().into_boxed_str()));
    let path = window().location().pathname().unwrap_or_default();
    if !text::url::page::Page::at(&page.base, &path).is_lazy() {
        hydrate_page(page, None);
        return;
    }
    // The framework has no executor before hydration.
    js_sys::futures::spawn_local(async move {
        if routes::lazy::load().await {
            hydrate_page(page, Some(LazyLoaded));
        }
    });
}

#[cfg(feature = "hydrate")]
fn hydrate_page(page: PageContext, lazy_loaded: Option<LazyLoaded>) {
    // Measured before any change to the document, while it does not cause a layout.
    let rows_in_page = state::list::drop_invisible_rows();
    if let Some(root) = document().document_element() {
        // Cannot fail: "class" is a valid attribute name.
        drop(root.set_attribute("class", "js"));
    }
    hydrate_body(move || {
        provide_context(page);
        if let Some(lazy_loaded) = lazy_loaded {
            provide_context(lazy_loaded);
        }
        if let Some(rows) = rows_in_page {
            provide_context(rows);
        }
        App()
    });
}
