//! Routing: the page for each URL.
//!
//! The framework's router compiles matching, choosing and changing once per shape of path and page.
//! The app has 5 paths, and the path of a message is parsed in one place anyway.

use leptos::prelude::*;
use leptos_router::hooks::use_url;
use leptos_router::location::{BrowserUrl, LocationProvider, Url};

use super::lazy::{LazyModule, LazyPart};
use super::mail::MailPage;
use crate::mail::empty::Empty;
use crate::page::PageContext;
use crate::text::url::page::Page;
use crate::ui::dynamic::{dynamic, effect};

/// Returns a page, whose full URL is `url`.
fn view(page: Page, module: LazyModule, url: &Url) -> AnyView {
    match page {
        Page::Mail => MailPage().into_any(),
        Page::Unknown => NotFound().into_any(),
        Page::Compose | Page::Outbox | Page::Appearance => {
            let full_url = format!("{}?{}", url.path(), url.search());
            module.show(LazyPart::Page(page), full_url)
        }
    }
}

/// The page at the current URL. Needs a `<Router>` around it.
///
/// A page finds its own URL in context: it receives the changes that concern it, but not the change
/// by which the user leaves it.
#[component]
pub fn Pages() -> impl IntoView {
    #[cfg(feature = "ssr")]
    list_pages();
    let base = StoredValue::new(PageContext::expect().base);
    let current_url = use_url();
    let page_at =
        move || current_url.with(|url| base.with_value(|base| Page::at(base, url.path())));
    let current_page = Memo::new(move |_| page_at());
    let browser = use_context::<BrowserUrl>();
    let module: LazyModule = expect_context();
    effect(move || {
        current_url.track();
        if let Some(browser) = &browser {
            // The browser shows the new URL after this call.
            browser.ready_to_complete();
        }
    });
    dynamic(move || {
        let page = current_page.get();
        let page_url = ArcRwSignal::new(current_url.get_untracked());
        provide_context(page_url.clone());
        effect(move || {
            let url = current_url.get();
            if page_at() == page {
                page_url.set(url);
            }
        });
        view(page, module, &current_url.get_untracked())
    })
}

#[component]
fn NotFound() -> impl IntoView {
    let lang = PageContext::expect().lang;
    view! {
        <main class="pane pane-main">
            <Empty title=lang.notice_not_found() text=lang.notice_not_found_text() />
        </main>
    }
}

/// Registers the paths of the pages while the server lists the routes.
#[cfg(feature = "ssr")]
fn list_pages() {
    use leptos_router::{Method, PathSegment, RouteList, RouteListing, SsrMode};

    if !RouteList::is_generating() {
        return;
    }
    let base = PageContext::expect().base;
    let mail = [
        PathSegment::Static("mail".into()),
        PathSegment::Param("account".into()),
        PathSegment::Param("folder".into()),
    ];
    let message = PathSegment::Param("message".into());
    let paths = [
        mail.to_vec(),
        mail.into_iter().chain([message]).collect(),
        vec![PathSegment::Static("search".into())],
        vec![PathSegment::Static("compose".into())],
        vec![PathSegment::Static("outbox".into())],
        vec![
            PathSegment::Static("settings".into()),
            PathSegment::Static("appearance".into()),
        ],
    ];
    let listings = paths.into_iter().map(|path| {
        let path = std::iter::once(PathSegment::Static(base.clone().into())).chain(path);
        // In order: pages are complete without script.
        RouteListing::new(path, SsrMode::InOrder, [Method::Get], [])
    });
    RouteList::register(RouteList::from(listings.collect::<Vec<_>>()));
}
