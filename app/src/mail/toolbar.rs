//! The actions for the open message.

use std::borrow::Cow;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::form::{Hidden, submitter_field};
use super::labels::has_one_folder;
use super::move_menu::MoveMenu;
use super::open_message::OpenMessage;
use crate::api::types::{FolderRole, Mark, MessageRef, MessageView};
use crate::page::PageContext;
use crate::state::act::MessageAction;
use crate::state::tab::Tab;
use crate::text::size::grouped;
use crate::ui::Icon;
use crate::ui::dynamic::{derived, dynamic, effect, handler, when};
use crate::ui::navigator::navigator;

/// The bar above the message.
#[component]
pub fn ReaderBar(
    /// The message.
    open: OpenMessage,
    /// The next newer message.
    newer: Option<MessageRef>,
    /// The next older message.
    older: Option<MessageRef>,
    /// The number of messages in the folder.
    total: u32,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let is_in_search = open.is_in_search();
    let number = grouped(u64::from(open.position) + 1);
    let step = move |to: Option<MessageRef>, position: u32, icon, label: Cow<'static, str>, key| {
        match to {
            Some(id) => view! {
                <a
                    class="btn btn-icon"
                    href=open.url_beside(&id, position)
                    aria-label=label.clone()
                    title=format!("{label} ({key})")
                    aria-keyshortcuts=key
                >
                    <Icon name=icon />
                </a>
            }
            .into_any(),
            None => view! {
                <button class="btn btn-icon" type="button" disabled aria-label=label>
                    <Icon name=icon />
                </button>
            }
            .into_any(),
        }
    };
    view! {
        <div class="bar" role="toolbar" aria-label=lang.message()>
            <a class="btn btn-icon back" href=open.list_url() aria-label=lang.back_to_list()>
                <Icon name="back" class="i-dir" />
            </a>
            <span class="not-phone tb">
                <ActButtons open=open is_labelled=false />
            </span>
            <span class="grow"></span>
            {(!is_in_search)
                .then(|| {
                    let position = lang.position(number, grouped(u64::from(total)));
                    view! {
                        <span class="muted small num">{position}</span>
                        {step(newer, open.position.saturating_sub(1), "up", lang.newer(), "k")}
                        {step(older, open.position.saturating_add(1), "down", lang.older(), "j")}
                    }
                        .into_any()
                })}
            // The neighbours among results are known with script only.
            {when(
                move || is_in_search && tab.is_started.get(),
                move || {
                    dynamic(move || {
                        let list = tab.list();
                        let (newer, older) = list
                            .map(|list| open.id.with_value(|id| list.neighbours(id)))
                            .unwrap_or_default();
                        view! {
                            {step(newer, 0, "up", lang.newer(), "k")}
                            {step(older, 0, "down", lang.older(), "j")}
                        }
                            .into_any()
                    })
                        .into_any()
                },
            )}
        </div>
    }
}

/// The bar above a message inside another one.
#[component]
pub fn InnerBar(
    /// The URL of the message that holds it.
    outer: String,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    view! {
        <div class="bar" role="toolbar" aria-label=lang.message()>
            <a class="btn btn-line btn-sm" href=outer>
                <Icon name="back" class="i-dir" />
                {lang.back_to_message()}
            </a>
        </div>
    }
}

/// The bar under the message, on a phone.
#[component]
pub fn BottomBar(
    /// The message.
    open: OpenMessage,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    view! {
        <div class="bottom-bar" role="toolbar" aria-label=lang.message_actions()>
            <ActButtons open=open is_labelled=true />
        </div>
    }
}

/// The submit buttons Archive, Delete, Junk, Mark unread and Move, with and without script.
#[component]
fn ActButtons(open: OpenMessage, is_labelled: bool) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let navigate = navigator();
    let is_single_folder = open
        .account
        .with_value(|account| has_one_folder(&account.limitations));
    let return_to_list = move || navigate(&open.list_url());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let act = submitter_field(&event).and_then(|(name, value)| match name.as_str() {
            "to" => MessageAction::of_form("move", &value),
            _ => MessageAction::of_form(&value, ""),
        });
        if let Some(act) = act {
            return_to_list();
            tab.act_and_leave(open.id.get_value(), act);
        }
    };
    let pop3 = || is_single_folder.then(|| lang.pop3_one_folder());
    let already_in = |role| (open.role == Some(role)).then(|| lang.already_here());
    let button = |value, icon, label: Cow<'static, str>, key, reason: Option<Cow<'static, str>>| {
        let title = match &reason {
            Some(reason) => format!("{label}: {reason}"),
            None => format!("{label} ({key})"),
        };
        view! {
            <button
                class="btn"
                class:btn-icon=!is_labelled
                name="action"
                value=value
                title=title
                aria-label=label
                disabled=reason.is_some()
            >
                <Icon name=icon />
                {is_labelled.then(|| label.clone())}
            </button>
        }
        .into_any()
    };
    view! {
        <form class="acts" method="post" action=open.act_url() on:submit=handler(submit.clone())>
            <Hidden name="message" value=open.id.with_value(ToString::to_string) />
            <Hidden name="return" value=open.list_url() />
            {button(
                "archive",
                "archive",
                lang.archive(),
                "e",
                pop3().or_else(|| already_in(FolderRole::Archive)),
            )}
            {button("delete", "trash", lang.delete(), "#", already_in(FolderRole::Trash))}
            {(!is_labelled)
                .then(|| {
                    button(
                        "junk",
                        "junk",
                        lang.junk(),
                        "!",
                        pop3().or_else(|| already_in(FolderRole::Junk)),
                    )
                })}
            {button("unseen", "unread", lang.mark_unseen(), "Shift+U", None)}
        </form>
        {(!is_single_folder)
            .then(|| {
                view! {
                    <form class="acts" method="post" action=open.act_url() on:submit=handler(submit)>
                        <Hidden name="message" value=open.id.with_value(ToString::to_string) />
                        <Hidden name="return" value=open.list_url() />
                        <Hidden name="action" value="move" />
                        <MoveMenu
                            class=if is_labelled { "drop-up" } else { "" }
                            is_labelled=is_labelled
                        />
                    </form>
                }
                    .into_any()
            })}
    }
}

/// The star of the open message.
#[component]
pub fn StarButton(
    /// The message.
    open: OpenMessage,
    /// Its state at opening.
    is_starred: bool,
) -> impl IntoView {
    let lang = PageContext::expect().lang;
    let tab = Tab::expect();
    let is_starred = RwSignal::new(is_starred);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let is_set = !is_starred.get_untracked();
        is_starred.set(is_set);
        let mark = if is_set {
            Mark::Starred
        } else {
            Mark::Unstarred
        };
        tab.act(vec![open.id.get_value()], MessageAction::Mark(mark));
    };
    let return_to = open.id.with_value(|id| open.url_beside(id, open.position));
    view! {
        <form method="post" action=open.act_url() on:submit=handler(submit)>
            <Hidden name="message" value=open.id.with_value(ToString::to_string) />
            <Hidden name="return" value=return_to />
            <button
                class="btn btn-icon star"
                name="action"
                value=derived(move || if is_starred.get() { "unstar" } else { "star" })
                aria-pressed=derived(move || is_starred.get().to_string())
                aria-label=lang.star()
                title=format!("{} (s)", lang.star())
            >
                <Icon name="star" />
            </button>
        </form>
    }
}

/// Marks the open message read, once, after hydration.
pub fn mark_read_on_open(open: OpenMessage, message: &MessageView) {
    if message.is_seen {
        return;
    }
    let tab = Tab::expect();
    effect(move || {
        tab.mark_opened(open.id.get_value());
    });
}
