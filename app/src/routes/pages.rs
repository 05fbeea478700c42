//! Routing: the page for each URL.
//!
//! The framework's router compiles matching, choosing and changing once per shape of path and page.
//! The app has 5 paths, and the path of a message is parsed in one place anyway.

use leptos::prelude::*;
use leptos_router::hooks::use_url;
use leptos_router::location::{BrowserUrl, LocationProvider};

use super::compose::ComposePage;
use super::mail::MailPage;
use super::outbox::OutboxPage;
use super::settings::AppearancePage;
use crate::mail::empty::Empty;
use crate::page::PageContext;
use crate::text::url;
use crate::ui::dynamic::{dynamic, effect};

/// A page of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Mail,
    Compose,
    Outbox,
    Appearance,
    Unknown,
}

impl Page {
    fn at(base: &str, path: &str) -> Self {
        if url::mail_path(base, path).is_some() {
            return Self::Mail;
        }
        match path
            .strip_prefix(base)
            .map(|path| path.trim_end_matches('/'))
        {
            Some("/search") => Self::Mail,
            Some("/compose") => Self::Compose,
            Some("/outbox") => Self::Outbox,
            Some("/settings/appearance") => Self::Appearance,
            _ => Self::Unknown,
        }
    }

    fn view(self) -> AnyView {
        match self {
            Self::Mail => MailPage().into_any(),
            Self::Compose => ComposePage().into_any(),
            Self::Outbox => OutboxPage().into_any(),
            Self::Appearance => AppearancePage().into_any(),
            Self::Unknown => NotFound().into_any(),
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
        page.view()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_url_maps_to_its_page() {
        for base in ["", "/webmail"] {
            for (path, page) in [
                ("/mail/a/f", Page::Mail),
                ("/mail/a/f/1.2", Page::Mail),
                ("/search", Page::Mail),
                ("/compose", Page::Compose),
                ("/outbox", Page::Outbox),
                ("/outbox/", Page::Outbox),
                ("/settings/appearance", Page::Appearance),
                ("/settings", Page::Unknown),
                ("/mail", Page::Unknown),
                ("/mail/a/f/1.2/part/1", Page::Unknown),
                ("/", Page::Unknown),
            ] {
                assert_eq!(Page::at(base, &format!("{base}{path}")), page, "{path}");
            }
        }
        assert_eq!(Page::at("/webmail", "/outbox"), Page::Unknown);
    }
}
