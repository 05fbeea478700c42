//! The page and its contract with the server.
//!
//! Compiles twice: for the host (`ssr`), where it renders pages, and for WebAssembly (`hydrate`),
//! where it takes them over. `server` provides [`api::backend::MailBackend`] and
//! [`page::PageContext`] by context.
//!
//! # Invariants
//! - No mail crate is a dependency, under any feature.
//! - Message HTML never enters this document; it lives in a sandboxed frame.
//! - Nothing here reads a clock, the locale or the zone while rendering.

// A view is a type as deep as its elements are nested, and computing its layout goes down with it.
#![recursion_limit = "256"]

pub mod api;
pub mod mail;
pub mod page;
pub mod routes;
pub mod state;
pub mod text;
pub mod ui;

// What the made-up backend of the tests calls this crate.
#[cfg(test)]
extern crate self as app;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::Router;

use crate::api::session::session_show;
use crate::mail::frame::Frame;
use crate::page::PageContext;
use crate::routes::pages::Pages;
use crate::state::answer::answer;
use crate::state::session::{Session, Tab};
use crate::ui::dynamic::effect;

/// Everything inside `<body>`.
///
/// Needs [`PageContext`] in context; runs on the server for every page, in the browser once, and
/// once more when the server lists the routes.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let page = PageContext::expect();
    let tab = Tab::new();
    provide_context(tab);
    provide_context(Session(answer(
        || (),
        |()| async { page::answer_with(session_show().await) },
    )));
    start_once_alive(tab, page.clone());
    let title = move || match tab.title.get() {
        title if title.is_empty() => "Restante".to_owned(),
        title => format!("{title} · Restante"),
    };
    view! {
        <Title text=title />
        <Router base=page.base>
            <Frame>
                <Pages />
            </Frame>
        </Router>
    }
}

/// What begins when the page comes alive: effects run in the browser only.
fn start_once_alive(tab: Tab, page: PageContext) {
    effect(move || {
        if state::prefs::tell_zone(&page) {
            // This page was written in another zone, or in none: the first one of a new reader.
            tab.reader_changes.set(1);
        }
        state::keys::start(tab);
        state::live::start(tab, &page);
        tab.is_started.set(true);
    });
}

/// The document around [`App`].
///
/// Needs [`PageContext`] in context and a nonce where the policy asks for one. `options` name the
/// front-end build: `output_name` "restante", `site_pkg_dir` "a/HASH", `hash_files` false.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use crate::api::types::Theme;
    use crate::text::url;
    use leptos_meta::MetaTags;

    let page = PageContext::expect();
    let theme = match page.theme {
        Theme::System => None,
        Theme::Light => Some("light"),
        Theme::Dark => Some("dark"),
    };
    view! {
        <!DOCTYPE html>
        <html
            lang=page.lang.tag()
            data-base=page.base.clone()
            data-build=page.build.clone()
            data-css=page.css.clone()
            data-icons=page.icons.clone()
            data-live=page.live.clone()
            data-seen=page.seen.clone()
            data-theme=theme
        >
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content=page::VIEWPORT />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=url::asset(&page.base, &page.css) />
                <link rel="icon" type="image/svg+xml" href=page::ICON />
                <HydrationScripts options=options root=page.base.clone() />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Takes the page over.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    let page = PageContext::from_document();
    // The paths of server functions are fixed at compile time; the base goes before them.
    // Leaked once: the setter wants it for as long as the program runs.
    server_fn::client::set_server_url(Box::leak(page.base.clone().into_boxed_str()));
    if let Some(root) = document().document_element() {
        // Cannot fail: the name is one.
        drop(root.set_attribute("class", "js"));
    }
    hydrate_body(move || {
        provide_context(page);
        App()
    });
}
