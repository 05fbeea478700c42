//! The ledger page: `/outbox`, and `/outbox?entry=ENTRY` after sending.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;

use crate::api::outbox::outbox_list;
use crate::api::session::session_show;
use crate::api::types::{OutboxEntry, OutboxRows, OutboxState};
use crate::mail::empty::Empty;
use crate::mail::frame::PhoneBar;
use crate::mail::ledger::Entry;
use crate::page::PageContext;
use crate::routes::mail::FailedPane;
use crate::state::api_resource::api_resource;
use crate::state::tab::Tab;
use crate::status::set_response_status;
use crate::text::url;
use crate::ui::dynamic::later;

/// The delay before the number of open entries is fetched: a message that is being sent causes
/// several changes in a row, and one request covers them.
const COUNT_DELAY: Duration = Duration::from_millis(400);

/// The ledger page.
#[component]
pub fn OutboxPage() -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    tab.title.set(lang.outbox().into_owned());
    let query = use_query_map();
    let named = Memo::new(move |_| query.with(|query| query.get("entry")));
    let before = Memo::new(move |_| query.with(|query| query.get("before")));
    let retries = RwSignal::new(0_u32);
    let rows = api_resource(
        move || (tab.outbox_changes.get(), before.get(), retries.get()),
        move |(_, before, _)| async move { set_response_status(outbox_list(before).await) },
    );
    view! {
        <main class="pane pane-main" aria-label=lang.outbox()>
            <PhoneBar title=lang.outbox() />
            <div class="pane-scroll">
                <div class="page-col">
                    <header class="page-head">
                        <h1>{lang.outbox()}</h1>
                        <a class="btn btn-sm nojs" href="" rel="external">
                            {lang.reload()}
                        </a>
                        <p>{lang.outbox_lead()}</p>
                    </header>
                    <Transition fallback=|| {
                        view! { <div class="sk box" aria-busy="true"></div> }
                    }>
                        {later(move || async move {
                            match rows.await {
                                Ok(rows) => {
                                    view! {
                                        <Ledger
                                            rows=rows
                                            named=named.get()
                                            is_newest=before.get().is_none()
                                        />
                                    }
                                        .into_any()
                                }
                                Err(error) => {
                                    view! { <FailedPane error=error retries=retries /> }.into_any()
                                }
                            }
                        })}
                    </Transition>
                </div>
            </div>
        </main>
    }
}

/// The entries of a page; the entry that the URL names comes first.
#[component]
fn Ledger(rows: OutboxRows, named: Option<String>, is_newest: bool) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let OutboxRows {
        mut entries,
        older,
        removed,
        needs_look,
        keep_days,
    } = rows;
    let is_named = |entry: &OutboxEntry| named.as_deref() == Some(entry.id.as_str());
    if let Some(at) = entries.iter().position(is_named) {
        let entry = entries.remove(at);
        entries.insert(0, entry);
    }
    let removed = (!removed.is_empty()).then(|| {
        let title = lang.outbox_removed(removed.len() as u64);
        let removed = removed
            .into_iter()
            .map(|entry| view! { <Entry entry=entry is_named=false is_removed=true /> }.into_any())
            .collect_view();
        view! {
            <details>
                <summary>{title}</summary>
                <p class="small muted">{lang.outbox_removed_lead()}</p>
                <div class="ledger">{removed}</div>
            </details>
        }
        .into_any()
    });
    if entries.is_empty() {
        return view! {
            <Empty title=lang.outbox_empty() text="" />
            {removed}
        }
        .into_any();
    }
    let waits = entries.iter().any(|entry| {
        matches!(
            entry.state,
            OutboxState::Waiting
                | OutboxState::Held { .. }
                | OutboxState::Scheduled { .. }
                | OutboxState::WaitingToRetry { .. }
        )
    });
    let stored = waits.then(|| {
        view! { <p class="small muted ledger-note">{lang.sign_in_stored()}</p> }.into_any()
    });
    let entries = entries
        .into_iter()
        .map(|entry| {
            let is_named = is_named(&entry);
            view! { <Entry entry=entry is_named=is_named is_removed=false /> }.into_any()
        })
        .collect_view();
    let older = older.map(|before| url::outbox_before(&page.base, &before));
    let pages = (!is_newest || older.is_some()).then(|| {
        view! {
            <nav class="pages" aria-label=lang.pages()>
                {(!is_newest)
                    .then(|| {
                        view! {
                            <a class="btn btn-line btn-sm" href=url::outbox(&page.base)>
                                {lang.outbox_newest()}
                            </a>
                        }
                            .into_any()
                    })}
                <span class="grow"></span>
                {older
                    .map(|href| {
                        view! {
                            <a class="btn btn-line btn-sm" href=href>
                                {lang.older()}
                            </a>
                        }
                            .into_any()
                    })}
            </nav>
        }
        .into_any()
    });
    let needs_look = (needs_look > 0).then(|| {
        view! { <h2 class="badge ledger-note">{lang.outbox_needs_look(needs_look)}</h2> }.into_any()
    });
    view! {
        {needs_look}
        {stored}
        <div class="ledger">{entries}</div>
        <p class="small muted">{lang.outbox_kept(keep_days)}</p>
        {pages}
        {removed}
    }
    .into_any()
}

impl Tab {
    /// Handles a change of the outbox: fetches the ledger and its number in the folder tree again.
    pub fn outbox_changed(self) {
        self.outbox_changes.update(|n| *n = n.wrapping_add(1));
        if self.is_count_scheduled.get_value() {
            return;
        }
        self.is_count_scheduled.set_value(true);
        let count = move || {
            self.is_count_scheduled.set_value(false);
            spawn_local(async move {
                if let Ok(session) = session_show().await {
                    self.outbox_open.set(Some(session.outbox_open));
                }
            });
        };
        set_timeout(count, COUNT_DELAY);
    }
}
