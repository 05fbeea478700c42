//! The messages beside the one that is open, fetched ahead: going on to them waits for nothing.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::list::ListState;
use super::session::Tab;
use crate::api::message::message_open;
use crate::api::types::{MessageRef, MessageView};

/// What a person waits for comes first.
const AFTER: Duration = Duration::from_millis(400);
/// The largest message that is fetched ahead. The connection has one thing to do at a time.
const MAX_BYTES: u64 = 256 << 10;

thread_local! {
    /// One page, one thread. On the server nothing is ever put here.
    static FETCHED: RefCell<Vec<MessageView>> = const { RefCell::new(Vec::new()) };
}

/// Fetches the messages `beside` an open one, for as long as that stays open.
pub fn fetch(tab: Tab, beside: Vec<MessageRef>, is_open: impl Fn() -> bool + 'static) {
    FETCHED.with_borrow_mut(|all| all.retain(|known| beside.contains(&known.id)));
    let fetch = async move {
        for id in beside {
            let is_known = FETCHED.with_borrow(|all| all.iter().any(|known| known.id == id));
            let row = tab.list().and_then(|list| list.row(&id));
            let is_small = row.is_some_and(|row| row.size_bytes <= MAX_BYTES);
            if is_known || !is_small || !is_open() {
                continue;
            }
            // What fails here is told when it is opened.
            if let Ok(view) = message_open(id).await
                && is_open()
            {
                FETCHED.with_borrow_mut(|all| all.push(view));
            }
        }
    };
    set_timeout(move || spawn_local(fetch), AFTER);
}

/// A message that was fetched ahead, as the list has it now; `None` where it has to be fetched.
pub fn take(tab: Tab, message: &MessageRef) -> Option<MessageView> {
    let list = tab.list()?;
    let fetched = FETCHED.with_borrow_mut(|all| {
        let at = all.iter().position(|known| known.id == *message);
        at.map(|at| all.swap_remove(at))
    });
    in_place(list, fetched?)
}

/// An older view of a message, with its place and marks as they are now. `None` where it, or what is
/// beside it, is not in the list.
fn in_place(list: ListState, view: MessageView) -> Option<MessageView> {
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
