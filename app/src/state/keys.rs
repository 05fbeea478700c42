//! Single-key shortcuts, the same as Gmail's where it has one. Ignored in fields, with a modifier,
//! in the compose form beside the page, and on the compose page, where a letter that misses its
//! field must have no effect.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::act::MessageAction;
use super::list::ListState;
use super::tab::Tab;
use super::tab::dock::is_on_compose_page;
use crate::api::types::{Destination, FolderRole, Mark, MessageRef};

/// The messages that a shortcut applies to, found in the document.
#[derive(Debug, Clone)]
struct Target {
    /// The messages: the ticked ones, otherwise the open one, otherwise the row with the focus.
    ids: Vec<MessageRef>,
    /// Whether it is the open message, which the page leaves after a move.
    is_open: bool,
}

/// Listens for keys until the tab is closed.
pub fn start(tab: Tab) {
    window_event_listener(leptos::ev::keydown, move |event| {
        if (event.ctrl_key() || event.meta_key()) && event.key() == "a" && select_loaded(tab) {
            event.prevent_default();
        }
        if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if event.key() == "F6" && tab.is_docked() && cross_dock() {
            event.prevent_default();
            return;
        }
        let is_typing = document().active_element().is_some_and(|element| {
            element
                .matches("input:not([type=checkbox]), textarea, select, dialog *, .dock, .dock *")
                .unwrap_or(false)
        });
        if !is_typing && !is_on_compose_page() && handle_key(tab, &event) {
            event.prevent_default();
        }
    });
}

/// Performs the action of a key. `false` if it has none.
fn handle_key(tab: Tab, event: &KeyboardEvent) -> bool {
    match event.key().as_str() {
        "j" => step(1),
        "k" => step(-1),
        "o" => click_focused_row(),
        "u" | "Escape" => go_back(tab),
        "x" => tick(),
        "X" => tick_to(tab),
        "ArrowDown" if event.shift_key() => extend(tab, 1),
        "ArrowUp" if event.shift_key() => extend(tab, -1),
        "r" => click("[data-answer=reply]"),
        "a" => click("[data-answer=reply_all]"),
        "f" => click("[data-answer=forward]"),
        "/" => query("input[name=q]").is_some_and(|input| input.focus().is_ok()),
        "c" => click(".nav-top a[aria-keyshortcuts=c]"),
        "e" => act(tab, &MessageAction::move_to(FolderRole::Archive)),
        "#" => act(tab, &MessageAction::move_to(FolderRole::Trash)),
        "!" => act(tab, &MessageAction::move_to(FolderRole::Junk)),
        "s" => star(tab),
        "I" => act(tab, &MessageAction::Mark(Mark::Seen)),
        "U" => act(tab, &MessageAction::Mark(Mark::Unseen)),
        "z" => {
            tab.undo_last();
            true
        }
        "?" => {
            tab.is_help_open.set(true);
            true
        }
        _ => false,
    }
}

fn query(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok()??.dyn_into().ok()
}

/// Moves the focus between the form beside the page and the page.
fn cross_dock() -> bool {
    let to = match query(".dock:focus-within") {
        Some(_) => ".row.open .row-link, .rows .row-link, main a[href]",
        None => ".dock .c-body:not([hidden]), .dock .c-editor",
    };
    query(to).is_some_and(|element| element.focus().is_ok())
}

fn click(selector: &str) -> bool {
    query(selector).map(|element| element.click()).is_some()
}

/// Returns the row with the focus, or the open one.
fn current_row() -> Option<web_sys::Element> {
    let focused = document()
        .active_element()
        .and_then(|e| e.closest(".row[data-id]").ok().flatten());
    focused.or_else(|| document().query_selector(".row.open").ok().flatten())
}

/// Goes to the next or previous message: opens it if a message is open, otherwise moves the focus.
fn step(by: i32) -> bool {
    let toolbar = if by > 0 {
        "a[aria-keyshortcuts=j]"
    } else {
        "a[aria-keyshortcuts=k]"
    };
    if click(toolbar) {
        // Removes the focus from a row that is no longer the open one.
        let focused = document()
            .active_element()
            .filter(|e| e.matches(".row-link").unwrap_or(false));
        if let Some(link) = focused.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            drop(link.blur());
        }
        return true;
    }
    focus_row(by)
}

/// Moves the focus to the row below or above.
fn focus_row(by: i32) -> bool {
    let Ok(links) = document().query_selector_all(".rows .row-link") else {
        return false;
    };
    let current = current_row().and_then(|row| row.query_selector(".row-link").ok().flatten());
    let count = i32::try_from(links.length()).unwrap_or(i32::MAX);
    let index = current.and_then(|current| {
        (0..count)
            .find(|i| u32::try_from(*i).ok().and_then(|i| links.get(i)).as_ref() == Some(&current))
    });
    let next = index.map_or(0, |index| index.saturating_add(by));
    let next = u32::try_from(next).ok().and_then(|i| links.get(i));
    match next.and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        Some(link) => link.focus().is_ok(),
        None => false,
    }
}

fn click_focused_row() -> bool {
    let link = current_row().and_then(|row| row.query_selector(".row-link").ok().flatten());
    link.and_then(|link| link.dyn_into::<HtmlElement>().ok())
        .map(|link| link.click())
        .is_some()
}

fn tick() -> bool {
    let tick =
        current_row().and_then(|row| row.query_selector("input[name=message]").ok().flatten());
    tick.and_then(|tick| tick.dyn_into::<HtmlElement>().ok())
        .map(|tick| tick.click())
        .is_some()
}

/// Returns the message of the row with the focus, or the open one.
fn current_id() -> Option<MessageRef> {
    current_row()?
        .get_attribute("data-id")
        .map(MessageRef::from)
}

/// Ticks the messages from the last ticked one to the current one.
fn tick_to(tab: Tab) -> bool {
    let target = tab.list().zip(current_id());
    target.map(|(list, id)| tab.pick_to(list, &id)).is_some()
}

/// Moves the end of the range; the first call begins the range at the current row.
fn extend(tab: Tab, by: i32) -> bool {
    let (Some(list), Some(id)) = (tab.list().filter(|_| is_in_list()), current_id()) else {
        return false;
    };
    if list.selected.with_untracked(Vec::is_empty) {
        list.pick(&id, true);
    }
    focus_row(by) && tick_to(tab)
}

/// Ticks all loaded rows if a row has the focus; otherwise the key selects the text.
fn select_loaded(tab: Tab) -> bool {
    let list = tab.list().filter(|_| is_in_list());
    list.map(ListState::select_loaded).is_some()
}

fn is_in_list() -> bool {
    let focused = document().active_element();
    focused.is_some_and(|element| element.matches(".list-scroll *").unwrap_or(false))
}

/// Returns to the list; in the list, clears the selection.
fn go_back(tab: Tab) -> bool {
    if let Some(list) = tab.list()
        && list.selected.with_untracked(|ids| !ids.is_empty())
    {
        list.select_none();
        return true;
    }
    click(".pane-main .bar a.back")
}

fn target(tab: Tab) -> Option<Target> {
    let list = tab.list()?;
    let selected = list.selected.get_untracked();
    if !selected.is_empty() {
        return Some(Target {
            ids: selected,
            is_open: false,
        });
    }
    if let Some(id) = query(".pane-main [data-open]").and_then(|e| e.get_attribute("data-open")) {
        return Some(Target {
            ids: vec![MessageRef::from(id)],
            is_open: true,
        });
    }
    Some(Target {
        ids: vec![current_id()?],
        is_open: false,
    })
}

fn act(tab: Tab, act: &MessageAction) -> bool {
    let (Some(list), Some(target)) = (tab.list(), target(tab)) else {
        return false;
    };
    let is_mark_seen = matches!(act, MessageAction::Mark(Mark::Seen));
    if target.is_open && !is_mark_seen {
        // The buttons of the message respect the account's limitations.
        return click(match act {
            MessageAction::Move(Destination::Role(FolderRole::Archive)) => {
                ".pane-main .tb button[value=archive]:not(:disabled)"
            }
            MessageAction::Move(Destination::Role(FolderRole::Junk)) => {
                ".pane-main .tb button[value=junk]:not(:disabled)"
            }
            MessageAction::Move(_) => ".pane-main .tb button[value=delete]:not(:disabled)",
            MessageAction::Mark(_) => ".pane-main .tb button[value=unseen]",
        });
    }
    tab.act(target.ids, act.clone());
    list.select_none();
    true
}

fn star(tab: Tab) -> bool {
    let (Some(list), Some(target)) = (tab.list(), target(tab)) else {
        return false;
    };
    if target.is_open {
        return click(".pane-main button.star");
    }
    let is_starred = |id| list.row(id).is_some_and(|row| row.is_starred);
    let mark = if target.ids.iter().all(is_starred) {
        Mark::Unstarred
    } else {
        Mark::Starred
    };
    tab.act(target.ids, MessageAction::Mark(mark));
    true
}
