//! The frame of every page: navigation at the side, banners at the top, the snackbar at the bottom.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use super::folder_tree::{FolderTree, Folders};
use super::form::Hidden;
use super::location::MailLocation;
use super::snackbar::Snackbar;
use super::unsent_offer::UnsentOffer;
use crate::api::error::ApiError;
use crate::api::folder::folder_list;
use crate::api::types::{AccountId, AccountView, IncomingKind, Limitation, Person};
use crate::page::PageContext;
use crate::state::api_resource::api_resource;
use crate::state::session::Session;
use crate::state::tab::Tab;
use crate::state::unsent::Unsent;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dialog::Dialog;
use crate::ui::dynamic::{derived, dynamic, effect, handler, later, when};
use crate::ui::error_banner::ErrorBanner;
use crate::ui::navigator::navigator;
use crate::ui::question::Questions;

/// The layout of panes, with the folder tree in the first.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let page = PageContext::expect();
    let tab = Tab::expect();
    let Session(session) = expect_context();
    let location = use_location();
    let query = use_query_map();
    let base = page.base.clone();
    let path = Memo::new({
        let base = base.clone();
        move |_| location.pathname.with(|path| url::mail_path(&base, path))
    });
    let source = Memo::new(move |_| {
        location
            .pathname
            .with(|path| query.with(|query| url::list_source(&base, path, |name| query.get(name))))
    });
    let account = Memo::new(move |before: Option<&Option<AccountId>>| {
        let account_in_url =
            path.with(|path| path.as_ref().map(|path| path.folder.account.clone()));
        account_in_url
            .or_else(|| query.with(|query| query.get("account").map(AccountId)))
            .or_else(|| before.cloned().flatten())
    });
    let mail_location = MailLocation {
        path,
        source,
        account,
    };
    provide_context(mail_location);
    let folders = api_resource(
        move || (account.get(), tab.tree_changes.get()),
        move |(account, _)| async move {
            let account = match account {
                Some(account) => account,
                None => first_account(session.await?.accounts)?,
            };
            folder_list(account).await
        },
    );
    provide_context(Folders(folders));
    reopen(tab, page.base);
    let layout = move || source.with(|source| if source.is_some() { "three" } else { "page" });
    let view = move || {
        let is_tree = query.with(|query| query.get("view").as_deref() == Some(url::VIEW_FOLDERS));
        let is_open = path.with(|path| path.as_ref().is_some_and(|path| path.message.is_some()));
        match source.with(Option::is_some) {
            true if is_tree => "folders",
            true if !is_open => "list",
            _ => "reader",
        }
    };
    view! {
        <div class="page">
            <Banners />
            <div class="shell" data-layout=layout data-view=view>
                <Navigation />
                <Scrim />
                {children()}
            </div>
        </div>
        <Snackbar />
        <KeysHelp />
        <Questions />
    }
}

/// Reopens the message that the user left by a change that is now undone.
fn reopen(tab: Tab, base: String) {
    let navigate = navigator();
    effect(move || {
        if let Some(message) = tab.reopened.get() {
            navigate(&url::message(&base, &message));
        }
    });
}

/// The area beside the folder tree on a phone: a tap leads back to the list.
#[component]
fn Scrim() -> impl IntoView {
    let page = PageContext::expect();
    let mail_location: MailLocation = expect_context();
    let query = use_query_map();
    let is_tree =
        move || query.with(|query| query.get("view").as_deref() == Some(url::VIEW_FOLDERS));
    dynamic(move || {
        let source = mail_location.source.get().filter(|_| is_tree());
        source.map(|source| {
            view! {
                <a
                    class="scrim only-phone-block"
                    href=url::list(&page.base, &source, 1)
                    aria-label=page.lang.back_to_list()
                ></a>
            }
            .into_any()
        })
    })
}

fn first_account(accounts: Vec<AccountView>) -> Result<AccountId, ApiError> {
    let first = accounts.into_iter().next().map(|account| account.id);
    first.ok_or_else(|| ApiError::signed_out(PageContext::expect().lang))
}

#[component]
fn Navigation() -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let mail_location: MailLocation = expect_context();
    let Session(session) = expect_context();
    let base = StoredValue::new(page.base.clone());
    let is_live = move || {
        tab.is_live.get() && tab.is_reachable.get() && tab.lost_connection.with(Option::is_none)
    };
    view! {
        <nav class="pane pane-nav" aria-label=lang.nav_label()>
            <div class="nav-top">
                <div class="nav-brand">
                    <a class="brand" href=url::home(&page.base) rel="external">
                        <Icon name="logo" />
                        <span>"Restante"</span>
                    </a>
                </div>
                <Suspense>
                    {later(move || async move {
                        let accounts = session.await.map(|s| s.accounts).unwrap_or_default();
                        let current = mail_location.account.get();
                        let current = accounts
                            .iter()
                            .find(|account| Some(&account.id) == current.as_ref())
                            .or(accounts.first())
                            .cloned();
                        current.map(|current| {
                                view! { <Account base=base current=current accounts=accounts /> }
                                    .into_any()
                            })
                            .into_any()
                    })}
                </Suspense>
            </div>
            <div class="pane-scroll">
                <FolderTree />
            </div>
            <div class="nav-foot">
                <span class="nav-status">
                    {when(
                        move || tab.is_started.get(),
                        move || {
                            view! {
                                <span
                                    class="live"
                                    class:off=derived(move || !is_live())
                                ></span>
                                <span class="grow">
                                    {dynamic(move || {
                                        if is_live() {
                                            lang.live_on()
                                        } else if tab.is_reachable.get() {
                                            lang.live_off()
                                        } else {
                                            lang.live_none()
                                        }
                                    })}
                                </span>
                            }
                                .into_any()
                        },
                    )}
                </span>
                <div class="nav-foot-row">
                    {when(
                        move || tab.is_started.get(),
                        move || {
                            view! {
                                <button
                                    class="btn btn-icon"
                                    type="button"
                                    aria-label=lang.keys_title()
                                    title=lang.keys_title()
                                    on:click=handler(move |_| tab.is_help_open.set(true))
                                >
                                    <Icon name="keyboard" />
                                </button>
                            }
                                .into_any()
                        },
                    )}
                    <a
                        class="btn btn-icon"
                        href=url::settings_appearance(&page.base)
                        aria-label=lang.settings_appearance()
                        title=lang.settings_appearance()
                    >
                        <Icon name="palette" />
                    </a> <form method="post" action=url::logout(&page.base)>
                        <button
                            class="btn btn-icon"
                            aria-label=lang.sign_out()
                            title=lang.sign_out()
                        >
                            <Icon name="exit" class="i-dir" />
                        </button>
                    </form>
                </div>
            </div>
        </nav>
    }
}

/// The current account, the menu of the other accounts, and the compose button.
#[component]
fn Account(
    base: StoredValue<String>,
    current: AccountView,
    accounts: Vec<AccountView>,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let person = Person {
        name: String::new(),
        address: current.address.clone(),
    };
    let text = view! {
        <span class=format!("avatar {}", person.hue()) aria-hidden="true">
            {person.initials()}
        </span>
        <span class="acct-text">
            <b>{current.address.clone()}</b>
            <small>{account_kind(&current, lang)}</small>
        </span>
    };
    let compose = base.with_value(|base| url::compose(base, &current.id));
    let has_others = accounts.len() > 1;
    let others = accounts
        .into_iter()
        .filter(|other| other.id != current.id)
        .map(|other| {
            let href = base.with_value(|base| url::mail(base, &other.id));
            let kind = account_kind(&other, lang);
            view! {
                <a class="menu-item" href=href rel="external">
                    <span>{other.address} <small>{kind}</small></span>
                </a>
            }
            .into_any()
        })
        .collect_view();
    let remove = has_others.then(|| {
        view! {
            <form method="post" action=base.with_value(|base| url::logout(base))>
                <Hidden name="account" value=current.id.0.clone() />
                <button class="menu-item">{lang.remove_account(current.address.clone())}</button>
            </form>
        }
        .into_any()
    });
    let account = view! {
        <details class="acct-box">
            <summary class="acct">{text} <Icon name="down" class="i-s label" /></summary>
            <div class="menu acct-menu">
                {others}
                <a class="menu-item" href=base.with_value(|base| url::login_add(base)) rel="external">
                    <Icon name="plus" />
                    {lang.add_account()}
                </a> {remove}
            </div>
        </details>
    }
    .into_any();
    view! {
        <a class="btn btn-primary" href=compose title=lang.compose() aria-keyshortcuts="c">
            <Icon name="pencil" />
            <span class="label">{lang.compose()}</span>
        </a>
        {account}
    }
}

fn account_kind(account: &AccountView, lang: crate::api::types::Lang) -> String {
    let kind = match account.incoming {
        IncomingKind::Imap => "IMAP",
        IncomingKind::Pop3 => "POP3",
    };
    let polled = account
        .limitations
        .iter()
        .find_map(|limitation| match limitation {
            Limitation::Polled { every_secs } => Some(*every_secs),
            _ => None,
        });
    match polled {
        Some(secs) => format!("{kind}, {}", lang.live_polled(secs)),
        None => kind.to_owned(),
    }
}

/// Banners for the whole page: the session ended, a newer build exists, a server is unreachable.
#[component]
fn Banners() -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let tab = Tab::expect();
    let location = use_location();
    let base = StoredValue::new(page.base);
    let unsent = Unsent::expect();
    let has_store_failed = move || unsent.has_store_failed.get();
    let is_writing = move || {
        tab.dock.with(Option::is_some) || location.pathname.with(|path| path.ends_with("/compose"))
    };
    let login = move || {
        let mut return_to = location.pathname.get();
        let search = location.search.get();
        if !search.is_empty() {
            return_to = return_to + "?" + &search;
        }
        base.with_value(|base| url::login_return(base, &return_to))
    };
    view! {
        <div class="page-banners" role="status">
            {when(
                move || tab.has_session_ended.get(),
                move || {
                    view! {
                        <div class="banner warn">
                            <Icon name="lock" />
                            <span class="grow">
                                <b>{lang.error_signed_out()}</b>
                                <span class="sub">{lang.error_signed_out_fix()}</span>
                            </span>
                            <span class="acts">
                                // Opens in a new tab if the text in this tab would be lost.
                                <a
                                    class="btn btn-line btn-sm"
                                    href=login
                                    rel="external"
                                    target=derived(move || has_store_failed().then_some("_blank"))
                                >
                                    {lang.sign_in_again()}
                                </a>
                            </span>
                        </div>
                    }
                        .into_any()
                },
            )}
            {when(
                move || !tab.is_reachable.get(),
                move || view! { <ErrorBanner error=ApiError::unreachable(lang) /> }.into_any(),
            )}
            // Hidden while a message is being written: a reload would lose it.
            {when(
                move || tab.is_outdated.get() && !is_writing(),
                move || {
                    view! {
                        <div class="banner info">
                            <Icon name="refresh" />
                            <span class="grow">{lang.outdated()}</span>
                            <span class="acts">
                                <a class="btn btn-line btn-sm" href="" rel="external">
                                    {lang.reload()}
                                </a>
                            </span>
                        </div>
                    }
                        .into_any()
                },
            )}
            <UnsentOffer />
            {dynamic(move || {
                tab.lost_connection
                    .get()
                    .map(|down| {
                        view! {
                            <div class="banner bad">
                                <Icon name="alert" />
                                <span class="grow">
                                    <b>{lang.link_down(down.host)}</b>
                                    <span class="sub">
                                        {lang.link_down_fix(down.retry_in_secs)}
                                    </span>
                                </span>
                            </div>
                        }
                            .into_any()
                    })
            })}
        </div>
    }
}

/// The list of keyboard shortcuts.
#[component]
fn KeysHelp() -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let keys = move || {
        [
            ("j / k", lang.key_next()),
            ("o, Enter", lang.key_open()),
            ("u, Esc", lang.key_back()),
            ("x", lang.key_select()),
            ("r / a / f", lang.key_answer()),
            ("e / # / !", lang.key_remove()),
            ("s", lang.key_star()),
            ("Shift+I / Shift+U", lang.key_read()),
            ("/", lang.search_mail()),
            ("c", lang.key_compose()),
            ("Ctrl+Enter", lang.key_send()),
            ("z", lang.key_undo()),
            ("?", lang.key_help()),
        ]
        .into_iter()
        .map(|(key, description)| {
            view! {
                <div>
                    <dt>{description}</dt>
                    <dd>
                        <kbd>{key}</kbd>
                    </dd>
                </div>
            }
            .into_any()
        })
        .collect_view()
    };
    view! {
        <Dialog is_open=tab.is_help_open title=lang.keys_title()>
            <dl class="keys">{keys()}</dl>
        </Dialog>
    }
}

/// The bar of a page without a list, on a phone: the link back.
#[component]
pub fn PhoneBar(
    /// The page's name.
    #[prop(into)]
    title: String,
) -> impl IntoView {
    let page = PageContext::expect();
    view! {
        <div class="bar only-phone-bar">
            <a
                class="btn btn-icon"
                href=url::home(&page.base)
                rel="external"
                aria-label=page.lang.back_to_mail()
            >
                <Icon name="back" class="i-dir" />
            </a>
            <span class="bar-title">{title}</span>
        </div>
    }
}
