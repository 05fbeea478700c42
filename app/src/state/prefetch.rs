//! Prefetches the messages before and after the open one, so that they open without a request.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::list::ListState;
use super::tab::Tab;
use crate::api::message::message_open;
use crate::api::types::{MessageRef, MessageView};

/// The delay before prefetching, so that the user's own requests come first.
const PREFETCH_DELAY: Duration = Duration::from_millis(400);
/// Maximum size of a prefetched message: the connection processes one request at a time.
const MAX_BYTES: u64 = 256 << 10;

thread_local! {
    /// One page per thread. Always empty on the server.
    static FETCHED: RefCell<Vec<MessageView>> = const { RefCell::new(Vec::new()) };
}

/// Fetches the messages `neighbours` of an open one while it stays open.
pub fn fetch(tab: Tab, neighbours: Vec<MessageRef>, is_open: impl Fn() -> bool + 'static) {
    FETCHED.with_borrow_mut(|all| all.retain(|view| neighbours.contains(&view.id)));
    let fetch = async move {
        for id in neighbours {
            let is_fetched = FETCHED.with_borrow(|all| all.iter().any(|view| view.id == id));
            let row = tab.list().and_then(|list| list.row(&id));
            let is_small = row.is_some_and(|row| row.size_bytes <= MAX_BYTES);
            if is_fetched || !is_small || !is_open() {
                continue;
            }
            // An error is ignored here and reported when the message is opened.
            if let Ok(view) = message_open(id).await
                && is_open()
            {
                FETCHED.with_borrow_mut(|all| all.push(view));
            }
        }
    };
    set_timeout(move || spawn_local(fetch), PREFETCH_DELAY);
}

/// Takes a prefetched message, with the current state of the list; `None` if it must be fetched.
pub fn take(tab: Tab, message: &MessageRef) -> Option<MessageView> {
    let list = tab.list()?;
    let fetched = FETCHED.with_borrow_mut(|all| {
        let at = all.iter().position(|view| view.id == *message);
        at.map(|at| all.swap_remove(at))
    });
    with_list_state(list, fetched?)
}

/// Updates a prefetched view to the current position and marks. `None` if the message or a
/// neighbour is not in the list.
fn with_list_state(list: ListState, view: MessageView) -> Option<MessageView> {
    list.rows.with_value(|rows| {
        let total = rows.total();
        let position = rows.position(&view.id)?;
        let row = rows.at(position)?.row.get_untracked();
        let id_at = |position| rows.at(position).map(|slot| slot.id.clone());
        let (newer, older) = (position.checked_sub(1), position + 1);
        Some(MessageView {
            newer: match newer {
                Some(newer) => Some(id_at(newer)?),
                None => None,
            },
            older: if older < total {
                Some(id_at(older)?)
            } else {
                None
            },
            position,
            total,
            is_seen: row.is_seen,
            is_starred: row.is_starred,
            ..view
        })
    })
}
