//! The folder tree, with the current folder and unread counts.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::form::Hidden;
use super::location::MailLocation;
use crate::api::types::{AccountId, FolderRef, FolderRole, FolderView, FoldersView, ListSource};
use crate::page::PageContext;
use crate::state::api_resource::ApiResource;
use crate::state::session::Session;
use crate::state::tab::Tab;
use crate::text::url;
use crate::ui::Icon;
use crate::ui::dynamic::{derived, dynamic, handler, later};
use crate::ui::error_banner::ErrorBanner;

/// The folders of the current account, shared by all components that offer folders.
#[derive(Clone, Copy)]
pub struct Folders(pub ApiResource<FoldersView>);

/// The tree, as a list of links.
#[component]
pub fn FolderTree() -> impl IntoView {
    let page = PageContext::expect();
    let lang = page.lang;
    let base = StoredValue::new(page.base);
    let Folders(folders) = expect_context();
    let Session(session) = expect_context();
    let mail_location: MailLocation = expect_context();
    let tab = Tab::expect();
    view! {
        <Transition fallback=move || {
            view! {
                <ul class="tree" aria-hidden="true">
                    <li class="tree-item">
                        <span class="sk w7"></span>
                    </li>
                    <li class="tree-item">
                        <span class="sk w4"></span>
                    </li>
                    <li class="tree-item">
                        <span class="sk w7"></span>
                    </li>
                </ul>
            }
                .into_any()
        }>
            {later(move || async move {
                let account_in_url = mail_location.account.get_untracked();
                let (open, first) = match session.await {
                    Ok(session) => {
                        (session.outbox_open, session.accounts.into_iter().next().map(|a| a.id))
                    }
                    Err(_) => (0, None),
                };
                match (folders.await, account_in_url.or(first)) {
                    (Ok(folders), Some(account)) => {
                        view! {
                            <Tree base=base account=account list=folders outbox_open=open />
                        }
                            .into_any()
                    }
                    (Err(error), _) => {
                        tab.retry_when_reachable(tab.tree_changes, &error);
                        view! {
                            <ErrorBanner error=error>
                                <a class="btn btn-line btn-sm" href="" rel="external">
                                    {lang.try_again()}
                                </a>
                            </ErrorBanner>
                        }
                            .into_any()
                    }
                    (Ok(_), None) => ().into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Tree(
    base: StoredValue<String>,
    account: AccountId,
    list: FoldersView,
    outbox_open: u32,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    // The outbox stands before Sent and after the folders of open work.
    let is_before_outbox = |folder: &FolderView| {
        matches!(
            folder.role,
            Some(FolderRole::Inbox | FolderRole::Starred | FolderRole::Drafts)
        )
    };
    let FoldersView { folders, left_out } = list;
    let split = folders.iter().rposition(is_before_outbox);
    let mut items: Vec<AnyView> = folders
        .into_iter()
        .map(|folder| view! { <Item base=base account=account.clone() folder=folder /> }.into_any())
        .collect();
    items.insert(
        split.map_or(0, |last| last + 1),
        view! { <OutboxItem base=base open=outbox_open /> }.into_any(),
    );
    view! {
        <ul class="tree" aria-label=lang.folders()>
            {items}
        </ul>
        {(left_out > 0)
            .then(|| {
                view! { <p class="small muted tree-note">{lang.folders_left_out(left_out)}</p> }.into_any()
            })}
    }
}

#[component]
fn Item(base: StoredValue<String>, account: AccountId, folder: FolderView) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let mail_location: MailLocation = expect_context();
    let label = folder.label(lang).into_owned();
    let icon = folder.role.map_or("folder", FolderRole::icon);
    let depth = format!("depth-{}", folder.depth.min(5));
    if !folder.is_selectable {
        return view! {
            <li class=depth>
                <span class="tree-item" title=label.clone()>
                    <Icon name=icon />
                    <span class="label" dir="auto">
                        {label.clone()}
                    </span>
                </span>
            </li>
        }
        .into_any();
    }
    let of = FolderRef {
        account,
        folder: folder.id,
    };
    let href = base.with_value(|base| url::folder(base, &of, 1));
    let counted_folder = of.clone();
    let counts = Memo::new(move |_| {
        let newer = tab.counts.with(|counts| counts.get(&counted_folder));
        let total = newer.map_or(folder.total, |counts| Some(counts.total));
        let unread = newer.map_or(folder.unread, |counts| counts.unread);
        match folder.role {
            Some(FolderRole::Drafts) => (total.unwrap_or(0), false),
            None | Some(FolderRole::Inbox) => (unread.unwrap_or(0), unread.is_some_and(|n| n > 0)),
            Some(_) => (0, false),
        }
    });
    let is_current = Memo::new(move |_| {
        mail_location
            .source
            .with(|source| matches!(source, Some(ListSource::Folder(folder)) if *folder == of))
    });
    view! {
        <li class=depth>
            <a
                class="tree-item"
                class:has-unread=derived(move || counts.get().1)
                href=href
                title=label
                aria-current=derived(move || is_current.get().then_some("page"))
            >
                <Icon name=icon />
                <span class="label" dir="auto">
                    {label.clone()}
                </span>
                <span class="badge-n">
                    {dynamic(move || match counts.get() {
                        (0, _) => None,
                        (n, is_unread) => {
                            let unread = is_unread
                                .then(|| {
                                    view! { <span class="vh">" " {lang.unread()}</span> }.into_any()
                                });
                            Some(
                                view! {
                                    {n.to_string()}
                                    {unread}
                                }
                                    .into_any(),
                            )
                        }
                    })}
                </span>
            </a>
        </li>
    }
    .into_any()
}

/// The button that pins a folder to the top of the tree or unpins it.
#[component]
pub fn PinButton(
    /// The folder.
    folder: FolderRef,
) -> impl IntoView {
    let page = PageContext::expect();
    let (action, lang) = (url::pin(&page.base), page.lang);
    let tab = Tab::expect();
    let Folders(folders) = expect_context();
    let of = StoredValue::new(folder);
    view! {
        <Transition>
            {later(move || {
                let action = action.clone();
                async move {
                    let FolderRef { account, folder } = of.get_value();
                    let all = folders.await.unwrap_or_default().folders;
                    let is_pinned = all.iter().any(|one| one.id == folder && one.is_pinned);
                    let label = lang.pin_folder(is_pinned);
                    view! {
                        <form
                            method="post"
                            action=action
                            on:submit=handler(move |event: SubmitEvent| {
                                event.prevent_default();
                                tab.pin(of.get_value(), !is_pinned);
                            })
                        >
                            <Hidden name="account" value=account.to_string() />
                            <Hidden name="folder" value=folder.to_string() />
                            <Hidden name="pinned" value=(!is_pinned).to_string() />
                            <button
                                class="btn btn-icon"
                                aria-label=label.clone()
                                title=label
                                aria-pressed=is_pinned.to_string()
                            >
                                <Icon name="pin" />
                            </button>
                        </form>
                    }
                        .into_any()
                }
            })}
        </Transition>
    }
}

#[component]
fn OutboxItem(base: StoredValue<String>, open: u32) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let location = leptos_router::hooks::use_location();
    let path = base.with_value(|base| url::outbox(base));
    let is_current = {
        let path = path.clone();
        move || location.pathname.with(|current| *current == path)
    };
    let open = move || tab.outbox_open.get().unwrap_or(open);
    view! {
        <li class="depth-0">
            <a
                class="tree-item"
                href=path
                title=lang.outbox()
                aria-current=derived(move || is_current().then_some("page"))
            >
                <Icon name="outbox" />
                <span class="label">{lang.outbox()}</span>
                <span class="badge-n">
                    {dynamic(move || match open() {
                        0 => String::new(),
                        n => n.to_string(),
                    })}
                </span>
            </a>
        </li>
    }
}
