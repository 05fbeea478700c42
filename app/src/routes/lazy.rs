//! The parts of the app in the second WebAssembly module.
//!
//! `xtask` moves what only [`build`] reaches to that module. The browser loads it before hydration
//! on a page that is one of these parts, and after hydration on every other page.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::compose::{ComposePage, DockedComposer};
use super::mail::FailedPane;
use super::outbox::OutboxPage;
use super::settings::AppearancePage;
use crate::api::error::{ApiError, ErrorKind};
use crate::api::session::session_show;
use crate::state::tab::Tab;
use crate::text::url::page::Page;
use crate::ui::dynamic::{dynamic, effect};

/// A part of the page in the second module.
#[derive(Debug, Clone)]
pub enum LazyPart {
    /// The compose form beside the page: its URL, and what is set when it is prepared.
    DockedComposer(String, RwSignal<bool>),
    /// A page for which [`Page::is_lazy`] is true.
    Page(Page),
}

/// Builds a part. The macro makes this asynchronous: it loads the module first.
#[wasm_split(lazy, preload(fetch_module), fallible)]
fn build(part: LazyPart) -> Result<AnyView, SplitLoaderError> {
    Ok(match part {
        LazyPart::DockedComposer(form_url, is_ready) => {
            view! { <DockedComposer form_url=form_url is_ready=is_ready /> }.into_any()
        }
        LazyPart::Page(Page::Compose) => ComposePage().into_any(),
        LazyPart::Page(Page::Outbox) => OutboxPage().into_any(),
        LazyPart::Page(Page::Appearance) => AppearancePage().into_any(),
        LazyPart::Page(Page::Mail | Page::Unknown) => ().into_any(),
    })
}

/// The second module was loaded before hydration; by context.
#[derive(Debug, Clone, Copy)]
pub struct LazyLoaded;

/// The state of the second module; by context.
#[derive(Debug, Clone, Copy)]
pub struct LazyModule {
    is_loaded: RwSignal<bool>,
    /// The server was unreachable when a part was to be shown.
    failure: RwSignal<Option<ApiError>>,
    /// A counter of the requests to try again.
    retries: RwSignal<u32>,
}

impl LazyModule {
    /// Creates the state of a page that is rendered by the server, or hydrated.
    pub fn new() -> Self {
        let is_loaded = cfg!(feature = "ssr") || use_context::<LazyLoaded>().is_some();
        Self {
            is_loaded: RwSignal::new(is_loaded),
            failure: RwSignal::new(None),
            retries: RwSignal::new(0),
        }
    }

    /// Loads the module, so that its parts are shown at once. A failure has no effect: the next
    /// call tries again.
    pub fn preload(self) {
        if !self.is_loaded.get_untracked() {
            spawn_local(async move { _ = self.load().await });
        }
    }

    /// Loads the module. `false`: it cannot be loaded now.
    async fn load(self) -> bool {
        let is_loaded = load().await;
        // A change to the same value would build the shown parts again.
        if is_loaded && !self.is_loaded.get_untracked() {
            self.is_loaded.set(true);
        }
        is_loaded
    }

    /// Shows a part as soon as the module is loaded. If the server does not have the module, the
    /// browser goes to `full_url`, where the server renders the part.
    pub fn show(self, part: LazyPart, full_url: String) -> AnyView {
        let tab = Tab::expect();
        // Disposed when the part is no longer shown.
        let shown = StoredValue::new(full_url);
        effect(move || {
            self.retries.track();
            if !self.is_loaded.get_untracked() {
                self.failure.set(None);
                spawn_local(self.load_or_leave(tab, shown));
            }
        });
        dynamic(move || {
            if self.is_loaded.get() {
                return built(part.clone());
            }
            let waiting = if let Some(error) = self.failure.get() {
                view! { <FailedPane error=error retries=self.retries /> }.into_any()
            } else {
                view! { <div class="sk box" aria-busy="true"></div> }.into_any()
            };
            match part {
                LazyPart::DockedComposer(..) => waiting,
                LazyPart::Page(_) => {
                    view! { <main class="pane pane-main">{waiting}</main> }.into_any()
                }
            }
        })
        .into_any()
    }

    async fn load_or_leave(self, tab: Tab, full_url: StoredValue<String>) {
        if self.load().await {
            return;
        }
        let session = session_show().await;
        let Some(full_url) = full_url.try_get_value() else {
            return;
        };
        match session {
            // The browser would show its own error in place of this page.
            Err(error) if error.kind == ErrorKind::Transport => self.failure.set(Some(error)),
            _ => {
                tab.close_dock();
                // Cannot fail: the URL is one of ours.
                drop(window().location().assign(&full_url));
            }
        }
    }
}

impl Default for LazyModule {
    fn default() -> Self {
        Self::new()
    }
}

/// Loads the second module. `false`: it cannot be loaded now.
pub async fn load() -> bool {
    fetch_module().await.is_ok()
}

/// Returns a part of the loaded module.
fn built(part: LazyPart) -> AnyView {
    // The module is loaded, so the future is ready at once.
    match pin!(build(part)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(view)) => view,
        _ => ().into_any(),
    }
}
