//! Live events: one event stream for all tabs of the browser.
//!
//! The tab that holds the lock (the leader) reads the stream and forwards every event to the other
//! tabs. In a browser without locks (plain http beyond loopback) every visible tab has its own
//! stream.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, EventSource, MessageEvent};

use super::session::{Counts, LostConnection};
use super::tab::Tab;
use crate::api::json::decode;
use crate::api::live::LiveEvent;
use crate::api::types::FolderRef;
use crate::page::PageContext;
use crate::text::url;
use crate::ui::dynamic::effect;

/// The names of the events on the wire: the tags of [`LiveEvent`].
const EVENTS: [&str; 9] = [
    "hello",
    "beat",
    "folder",
    "outbox",
    "connection",
    "view",
    "resync",
    "replaced",
    "end",
];
/// The pauses between reconnection attempts, in seconds.
const RETRY_SECS: [u64; 5] = [1, 2, 5, 15, 60];
/// The pause after newer streams of the session replaced this one. The visible tabs have streams
/// meanwhile, and the pause prevents two tabs from replacing each other in a loop.
const REPLACED_PAUSE: Duration = Duration::from_secs(300);
/// The interval at which a visible page fetches the counts of other folders.
const COUNTS_INTERVAL: Duration = Duration::from_secs(60);

/// The leader's message to a tab that missed events between its rendering and its subscription.
const RESYNC: &str = r#"{"type":"resync"}"#;

/// The leader's message to the other tabs when the stream broke: no events follow.
const LOST: &str = r#"{"type":"beat","next_secs":0}"#;

/// The event stream, and the state that a tab needs to become the leader.
struct Stream {
    tab: Tab,
    page: PageContext,
    source: Option<EventSource>,
    channel: Option<BroadcastChannel>,
    /// The id of the newest event, received by this tab or from the leader.
    last_id: Option<String>,
    /// The number of consecutive failures.
    failures: usize,
    is_ended: bool,
}

impl Stream {
    /// Whether this tab reads the stream or waits to reconnect.
    fn is_reading(&self) -> bool {
        self.source.is_some() || self.failures > 0
    }
}

type Shared = Rc<RefCell<Stream>>;

/// Listens for events until the tab is closed.
pub fn start(tab: Tab, page: &PageContext) {
    if page.live.is_empty() {
        return;
    }
    let name = format!("restante:{}:{}", page.base, page.live);
    let stream = Rc::new(RefCell::new(Stream {
        tab,
        page: page.clone(),
        source: None,
        channel: BroadcastChannel::new(&name).ok(),
        // The stream resumes after the rendering of the page, so that no event in between is lost.
        last_id: Some(page.seen.clone()).filter(|id| !id.is_empty()),
        failures: 0,
        is_ended: false,
    }));
    if !join_election(&stream, &name) {
        open_while_visible(&stream);
    }
    let reopened = Rc::clone(&stream);
    effect(move || {
        // The server is reachable again: reconnect without a pause, and replace a dead stream.
        if tab.reconnects.get() > 0 && reopened.borrow().is_reading() {
            close(&reopened);
            open(&reopened);
        }
    });
    set_interval(
        move || {
            if !document().hidden() {
                tab.tree_changes.update(|n| *n = n.wrapping_add(1));
            }
        },
        COUNTS_INTERVAL,
    );
}

/// Listens to the leader, and waits for the lock. `false` if the browser has no locks.
fn join_election(stream: &Shared, name: &str) -> bool {
    let navigator = window().navigator();
    let locks = js_sys::Reflect::get(&navigator, &"locks".into()).ok();
    let Some(locks) = locks.filter(|locks| !locks.is_undefined()) else {
        return false;
    };
    let request = js_sys::Reflect::get(&locks, &"request".into()).ok();
    let Some(request) = request.and_then(|r| r.dyn_into::<js_sys::Function>().ok()) else {
        return false;
    };
    let Some(channel) = stream.borrow().channel.clone() else {
        return false;
    };

    let follower = Rc::clone(stream);
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        // "ID\nDATA" as the leader received it; without data, a new tab reports the id of its
        // newest event.
        let text = message.data().as_string();
        let Some((id, data)) = text.as_deref().and_then(|text| text.split_once('\n')) else {
            return;
        };
        let is_seen = follower.borrow().last_id.as_deref() == Some(id);
        match (data, is_seen) {
            ("", false) => send_resync(&follower),
            ("", true) | (RESYNC, true) => {}
            _ => handle_event(&follower, id, data),
        }
    });
    channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    post(stream, "");

    let leader = Rc::clone(stream);
    let granted = Closure::once_into_js(move |_lock: JsValue| {
        open(&leader);
        // The lock is held until the tab is closed.
        JsValue::from(js_sys::Promise::new(&mut |_, _| {}))
    });
    request.call2(&locks, &name.into(), &granted).is_ok()
}

/// Posts data to the other tabs, with the id of the newest event that this tab knows.
fn post(stream: &Shared, data: &str) {
    let state = stream.borrow();
    if let (Some(channel), Some(id)) = (&state.channel, &state.last_id) {
        // Fails only if the channel is closed, which never happens.
        drop(channel.post_message(&format!("{id}\n{data}").into()));
    }
}

/// As the leader, responds to a tab with another newest event: the events it missed are unknown.
fn send_resync(stream: &Shared) {
    if stream.borrow().source.is_some() {
        post(stream, RESYNC);
    }
}

/// Opens a stream of this tab alone, while the tab is visible.
fn open_while_visible(stream: &Shared) {
    stream.borrow_mut().channel = None;
    open(stream);
    let stream = Rc::clone(stream);
    let on_change = Closure::<dyn FnMut()>::new(move || {
        if document().hidden() {
            close(&stream);
        } else {
            open(&stream);
        }
    });
    let listener = on_change.as_ref().unchecked_ref();
    // The document lives as long as the tab.
    drop(document().add_event_listener_with_callback("visibilitychange", listener));
    on_change.forget();
}

fn close(stream: &Shared) {
    let mut state = stream.borrow_mut();
    state.tab.is_live.set(false);
    state.tab.clear_last_event();
    if let Some(source) = state.source.take() {
        source.close();
    }
}

fn open(stream: &Shared) {
    let url = {
        let state = stream.borrow();
        if state.is_ended || state.source.is_some() {
            return;
        }
        url::events(&state.page.base, state.last_id.as_deref())
    };
    let Ok(source) = EventSource::new(&url) else {
        return;
    };
    let event_stream = Rc::clone(stream);
    let on_event = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let (id, data) = (
            event.last_event_id(),
            event.data().as_string().unwrap_or_default(),
        );
        event_stream.borrow_mut().failures = 0;
        if let Some(channel) = &event_stream.borrow().channel {
            // Fails only if the channel is closed, which never happens.
            drop(channel.post_message(&format!("{id}\n{data}").into()));
        }
        handle_event(&event_stream, &id, &data);
    });
    for name in EVENTS {
        let listener = on_event.as_ref().unchecked_ref();
        drop(source.add_event_listener_with_callback(name, listener));
    }
    on_event.forget();
    let error_stream = Rc::clone(stream);
    let on_error = Closure::<dyn FnMut()>::new(move || {
        // Browsers differ in when they reconnect, and do not reconnect after an error status.
        reopen_later(&error_stream);
        post(&error_stream, LOST);
        let tab = error_stream.borrow().tab;
        tab.probe_server();
    });
    source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    on_error.forget();
    stream.borrow_mut().source = Some(source);
}

fn reopen_later(stream: &Shared) {
    close(stream);
    let mut state = stream.borrow_mut();
    let secs = RETRY_SECS
        .get(state.failures)
        .or(RETRY_SECS.last())
        .copied()
        .unwrap_or(60);
    state.failures = state.failures.saturating_add(1);
    open_after(stream, Duration::from_secs(secs));
}

fn open_after(stream: &Shared, pause: Duration) {
    let stream = Rc::clone(stream);
    set_timeout(move || open(&stream), pause);
}

/// Applies one event to the page.
fn handle_event(stream: &Shared, id: &str, data: &str) {
    let (tab, build) = {
        let mut state = stream.borrow_mut();
        if !id.is_empty() {
            state.last_id = Some(id.to_owned());
        }
        (state.tab, state.page.build.clone())
    };
    let Ok(event) = decode::<LiveEvent>(data) else {
        // The server is newer than this page.
        tab.is_outdated.set(true);
        return;
    };
    let next_secs = match event {
        LiveEvent::Beat { next_secs } => Some(next_secs),
        _ => None,
    };
    tab.record_event(next_secs);
    let is_live = next_secs != Some(0);
    if tab.is_live.get_untracked() != is_live {
        tab.is_live.set(is_live);
    }
    match event {
        LiveEvent::Hello {
            build: server_build,
            ..
        } => {
            if server_build != build {
                tab.is_outdated.set(true);
            }
        }
        LiveEvent::Replaced => {
            close(stream);
            open_after(stream, REPLACED_PAUSE);
        }
        LiveEvent::End => {
            stream.borrow_mut().is_ended = true;
            close(stream);
            tab.has_session_ended.set(true);
        }
        event => tab.apply_event(event),
    }
}

impl Tab {
    /// Applies an event to the state of the tab.
    fn apply_event(self, event: LiveEvent) {
        match event {
            LiveEvent::Folder {
                account,
                folder,
                total,
                unread,
                arrived,
            } => {
                let folder = FolderRef { account, folder };
                if let Some(list) = self.list() {
                    if list.is_list_of(&folder) {
                        list.apply_folder_event(total, unread, arrived);
                    } else if list.is_merged() {
                        list.refresh();
                    }
                }
                self.folder_changed(folder.clone());
                self.counts
                    .update(|all| all.insert(folder, Counts { total, unread }));
            }
            LiveEvent::View { .. } => {
                if let Some(list) = self.list().filter(|list| list.is_merged()) {
                    list.refresh();
                }
            }
            LiveEvent::Outbox { outbox } => {
                self.refresh_sent(&outbox);
                self.outbox_changed();
            }
            LiveEvent::Connection {
                account,
                host,
                is_up,
                retry_in_secs,
            } => {
                let is_same_server =
                    |down: &LostConnection| down.account == account && down.host == host;
                if !is_up {
                    self.lost_connection.set(Some(LostConnection {
                        account,
                        host,
                        retry_in_secs,
                    }));
                } else if self
                    .lost_connection
                    .with_untracked(|down| down.as_ref().is_some_and(is_same_server))
                {
                    self.lost_connection.set(None);
                    if let Some(list) = self.list() {
                        list.refresh();
                    }
                }
            }
            LiveEvent::Resync => {
                if let Some(list) = self.list() {
                    list.refresh();
                }
                self.tree_changes.update(|n| *n = n.wrapping_add(1));
                self.outbox_changed();
            }
            LiveEvent::Hello { .. }
            | LiveEvent::Beat { .. }
            | LiveEvent::Replaced
            | LiveEvent::End => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resync_message_decodes_as_resync_event() {
        assert_eq!(decode::<LiveEvent>(RESYNC).unwrap(), LiveEvent::Resync);
    }

    #[test]
    fn lost_message_decodes_as_beat_of_zero_seconds() {
        let lost = LiveEvent::Beat { next_secs: 0 };
        assert_eq!(decode::<LiveEvent>(LOST).unwrap(), lost);
    }
}
