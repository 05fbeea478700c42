//! The mail page: folders, a list, a message. Three panes on a desktop, one at a time on a phone.

use leptos::prelude::*;
use leptos_router::hooks::{use_query_map, use_url};

use crate::api::error::{ApiError, ErrorKind};
use crate::api::message::{message_list, message_open};
use crate::api::types::{
    AccountId, AccountView, FolderRef, ListQuery, ListSource, SessionView, Window,
};
use crate::mail::message_list::{ListSkeleton, MessageList};
use crate::mail::reader::{NoMessage, Reader, ReaderSkeleton};
use crate::mail::search_box::SearchBox;
use crate::page::PageContext;
use crate::state::api_resource::api_resource;
use crate::state::prefetch;
use crate::state::session::Session;
use crate::state::tab::Tab;
use crate::status::set_response_status;
use crate::text::url::{self, Shown};
use crate::ui::dynamic::{effect, later};
use crate::ui::error_banner::ErrorBanner;

/// `/mail/:account/:folder`, `/mail/:account/:folder/:message` and `/search`.
#[component]
pub fn MailPage() -> impl IntoView {
    let lang = PageContext::expect().lang;
    let Session(session) = expect_context();
    let tab = Tab::expect();
    let current_url = use_url();
    let query = use_query_map();
    let path = {
        let base = PageContext::expect().base;
        move || current_url.with(|url| url::mail_path(&base, url.path()))
    };
    // After sending, the page returns here.
    effect(move || {
        current_url.with(|url| {
            let query = Some(url.search()).filter(|query| !query.is_empty());
            let query = query.map_or_else(String::new, |query| format!("?{query}"));
            tab.mail_url
                .set_value(Some(format!("{}{query}", url.path())));
        });
    });
    let message = Memo::new({
        let path = path.clone();
        move |_| path()?.open()
    });
    let base = StoredValue::new(PageContext::expect().base);
    // The router shows this page only for a path with a list.
    let source = Memo::new(move |_| {
        let source = current_url.with(|url| {
            query.with(|query| {
                base.with_value(|base| url::list_source(base, url.path(), |name| query.get(name)))
            })
        });
        source.unwrap_or_else(|| ListSource::Folder(FolderRef::default()))
    });
    effect(move || {
        let list_url = source.with(|source| base.with_value(|base| url::list(base, source, 1)));
        tab.list_url.set_value(Some(list_url));
    });
    let current_account = move || {
        message
            .get_untracked()
            .map(|message| message.folder.account)
            .or_else(|| source.with_untracked(ListSource::account))
    };
    // Not tracked: the URL also changes when a message opens, and the list stays the same then.
    let window = move || {
        let page = query.with_untracked(|query| query.get("page"));
        Window::of_page(page.and_then(|page| page.parse().ok()).unwrap_or(1))
    };
    let shown = move || query.with_untracked(|query| Shown::of_query(|name| query.get(name)));

    let (list_retries, reader_retries) = (RwSignal::new(0), RwSignal::new(0));
    let rows = api_resource(
        move || {
            let triggers = (tab.reader_changes.get(), list_retries.get());
            (source.get(), window(), triggers)
        },
        move |(source, window, _)| {
            if let ListSource::Folder(folder) = &source {
                tab.list_requested(folder);
            }
            let query = ListQuery::window(source, window);
            async move { set_response_status(message_list(query).await) }
        },
    );
    let opened = api_resource(
        move || {
            let triggers = (tab.reader_changes.get(), reader_retries.get());
            (message.get(), triggers)
        },
        move |(message, _)| {
            let prefetched = message
                .as_ref()
                .and_then(|message| prefetch::take(tab, message));
            async move {
                match message {
                    Some(message) if prefetched.is_none() => {
                        set_response_status(message_open(message).await).map(Some)
                    }
                    _ => Ok(prefetched),
                }
            }
        },
    );
    view! {
        <section class="pane pane-list" aria-label=lang.messages()>
            <SearchBox source=source />
            <Suspense fallback=ListSkeleton>
                {later(move || async move {
                    let source = source.get_untracked();
                    match (find(session.await, source.account()), rows.await) {
                        (Ok(account), Ok(rows)) => {
                            view! { <MessageList account=account source=source rows=rows /> }
                                .into_any()
                        }
                        (Err(error), _) | (_, Err(error)) => {
                            view! { <FailedPane error=error retries=list_retries /> }.into_any()
                        }
                    }
                })}
            </Suspense>
        </section>
        <main class="pane pane-main" aria-label=lang.reader()>
            <Suspense fallback=ReaderSkeleton>
                {later(move || async move {
                    let account = find(session.await, current_account());
                    let role = rows.await.ok().and_then(|rows| rows.role);
                    match (account, opened.await) {
                        (_, Ok(None)) => view! { <NoMessage /> }.into_any(),
                        (Ok(account), Ok(Some(message))) => {
                            view! {
                                <Reader
                                    account=account
                                    role=role
                                    source=source.get_untracked()
                                    message=message
                                    shown=shown()
                                />
                            }
                                .into_any()
                        }
                        (Err(error), Ok(Some(_))) | (_, Err(error)) => {
                            view! {
                                <FailedPane error=error retries=reader_retries is_reader=true />
                            }
                                .into_any()
                        }
                    }
                })}
            </Suspense>
        </main>
    }
}

/// Returns the account with this id, if the session has it; the first one without an id.
fn find(
    session: Result<SessionView, ApiError>,
    id: Option<AccountId>,
) -> Result<AccountView, ApiError> {
    let account = session?
        .accounts
        .into_iter()
        .find(|account| id.as_ref().is_none_or(|id| &account.id == id));
    account.ok_or_else(|| ApiError::signed_out(PageContext::expect().lang))
}

/// A pane whose content failed to load: the error, and a retry.
#[component]
pub fn FailedPane(
    /// The error.
    error: ApiError,
    /// Incremented for every retry.
    retries: RwSignal<u32>,
    /// Whether this is the reader pane; the list beside it names the page then.
    #[prop(optional)]
    is_reader: bool,
) -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    if is_reader {
        tab.open_title.set(None);
    }
    // A transient error does not become the title.
    match error.kind {
        ErrorKind::Transport => {}
        _ if is_reader => tab.open_title.set(Some(error.cause.clone())),
        _ => tab.title.set(error.cause.clone()),
    }
    tab.retry_when_reachable(retries, &error);
    view! {
        <div class="bar">
            <a class="btn btn-sm" href=url::home(&page.base) rel="external">
                {lang.back_to_mail()}
            </a>
        </div>
        <ErrorBanner error=error>
            <a class="btn btn-line btn-sm" href="" rel="external">
                {lang.try_again()}
            </a>
        </ErrorBanner>
    }
}
