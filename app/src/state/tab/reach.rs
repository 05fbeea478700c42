//! Detects whether this server is reachable.
//!
//! The browser's online and offline events, a failed request and a silent event stream trigger a
//! probe (`GET {base}/healthz`). While it fails it is repeated; once it succeeds, everything that
//! failed meanwhile is requested again.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::Tab;
use crate::api::error::{ApiError, ErrorKind};
use crate::state::list::ASK_AGAIN_AFTER;
use crate::text::url;
use crate::ui::dynamic::effect;

/// The timeout of a probe, in milliseconds.
const PROBE_WITHIN_MS: u32 = 2_000;
/// The pause between two probes while the server is unreachable.
const PROBE_EVERY: Duration = Duration::from_secs(2);
/// The interval at which the silence of the stream is checked.
const LISTEN_EVERY: Duration = Duration::from_millis(500);
/// The tolerance for a late event, in milliseconds.
const GRACE_MS: f64 = 500.0;
/// The body of the health check's response.
const ALIVE: &str = "ok\n";

/// The time of the last event, and the maximum time until the next one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    at_ms: f64,
    /// `None` before the first heartbeat.
    next_ms: Option<f64>,
}

/// The state of the reachability probe.
#[derive(Debug, Clone, Default)]
pub(super) struct Probe {
    url: String,
    is_running: bool,
}

/// Watches reachability until the tab is closed.
pub fn start(tab: Tab, base: &str) {
    let url = url::health(base);
    tab.probe.update_value(|probe| probe.url = url);
    for event in ["offline", "online"] {
        let doubt = Closure::<dyn FnMut()>::new(move || tab.doubt());
        // The window lives as long as the tab.
        drop(window().add_event_listener_with_callback(event, doubt.as_ref().unchecked_ref()));
        doubt.forget();
    }
    set_interval(
        move || {
            if tab.is_reachable.get_untracked() && tab.is_silent() {
                tab.doubt();
            }
        },
        LISTEN_EVERY,
    );
}

impl Tab {
    /// Records an event, and the maximum time until the next one.
    pub fn hear(self, next_secs: Option<u32>) {
        self.heard.update_value(|heard| {
            heard.at_ms = js_sys::Date::now();
            if let Some(secs) = next_secs {
                heard.next_ms = Some(f64::from(secs) * 1_000.0);
            }
        });
    }

    /// Records that there is no stream.
    pub fn hear_no_more(self) {
        self.heard.set_value(Heard::default());
    }

    /// Whether the next event is overdue.
    fn is_silent(self) -> bool {
        let heard = self.heard.get_value();
        let due_ms = heard
            .next_ms
            .map(|next_ms| heard.at_ms + next_ms + GRACE_MS);
        due_ms.is_some_and(|due_ms| js_sys::Date::now() > due_ms)
    }

    /// Probes whether this server is reachable, unless a probe is running.
    pub fn doubt(self) {
        let started = self.probe.try_update_value(|probe| {
            let is_new = !probe.is_running && !probe.url.is_empty();
            probe.is_running |= is_new;
            is_new.then(|| probe.url.clone())
        });
        if let Some(url) = started.flatten()
            && ask(self, &url).is_none()
        {
            self.found(false);
        }
    }

    /// Increments `again` once a retry may succeed: when the mail server or this server is
    /// reachable again, and after a pause if this server was reachable all the time and an
    /// intermediary sent the response.
    pub fn ask_again(self, again: RwSignal<u32>, error: &ApiError) {
        self.note_error(error);
        let is_transport = error.kind == ErrorKind::Transport;
        let before = StoredValue::new(None);
        effect(move || {
            let now = (self.link_down.with(Option::is_some), self.returns.get());
            match before.get_value() {
                None if is_transport => {
                    let retry = move || {
                        if self.is_reachable.get_untracked() {
                            again.try_update(|n| *n = n.wrapping_add(1));
                        }
                    };
                    set_timeout(retry, ASK_AGAIN_AFTER);
                }
                Some((was_down, returns)) if (was_down && !now.0) || returns != now.1 => {
                    again.update(|n| *n = n.wrapping_add(1));
                }
                _ => {}
            }
            before.set_value(Some(now));
        });
    }

    fn found(self, is_reachable: bool) {
        self.probe.update_value(|probe| probe.is_running = false);
        let was_reachable = self.is_reachable.get_untracked();
        // A stream that is silent although the server responds is dead and is reopened.
        let is_well = was_reachable && !self.is_silent();
        if was_reachable != is_reachable {
            self.is_reachable.set(is_reachable);
        }
        if !is_reachable {
            set_timeout(move || self.doubt(), PROBE_EVERY);
        } else if !is_well {
            self.hear_no_more();
            self.returns.update(|n| *n = n.wrapping_add(1));
            self.tree_changes.update(|n| *n = n.wrapping_add(1));
            self.outbox_changed();
            if let Some(list) = self.list() {
                list.refresh();
            }
        }
    }
}

/// Sends a probe. Uses `XMLHttpRequest` for its timeout.
fn ask(tab: Tab, url: &str) -> Option<()> {
    let request = web_sys::XmlHttpRequest::new().ok()?;
    request.open_with_async("GET", url, true).ok()?;
    request.set_timeout(PROBE_WITHIN_MS);
    let ended = request.clone();
    let on_end = Closure::once_into_js(move || {
        let text = ended.response_text().ok().flatten();
        tab.found(text.as_deref() == Some(ALIVE));
    });
    // `loadend` fires exactly once, in every case.
    request.set_onloadend(Some(on_end.unchecked_ref()));
    request.send().ok()
}
