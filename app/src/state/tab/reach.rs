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
use crate::state::list::RETRY_DELAY;
use crate::text::url;
use crate::ui::dynamic::effect;

/// The timeout of a probe, in milliseconds.
const PROBE_TIMEOUT_MS: u32 = 2_000;
/// The pause between two probes while the server is unreachable.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);
/// The interval at which the silence of the stream is checked.
const SILENCE_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// The tolerance for a late event, in milliseconds.
const GRACE_MS: f64 = 500.0;
/// The body of the health check's response.
const HEALTHY_BODY: &str = "ok\n";

/// The time of the last event, and the maximum time until the next one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LastEvent {
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
        let listener = Closure::<dyn FnMut()>::new(move || tab.probe_server());
        // The window lives as long as the tab.
        drop(window().add_event_listener_with_callback(event, listener.as_ref().unchecked_ref()));
        listener.forget();
    }
    set_interval(
        move || {
            if tab.is_reachable.get_untracked() && tab.is_silent() {
                tab.probe_server();
            }
        },
        SILENCE_CHECK_INTERVAL,
    );
}

impl Tab {
    /// Records an event, and the maximum time until the next one.
    pub fn record_event(self, next_secs: Option<u32>) {
        self.last_event.update_value(|last_event| {
            last_event.at_ms = js_sys::Date::now();
            if let Some(secs) = next_secs {
                last_event.next_ms = Some(f64::from(secs) * 1_000.0);
            }
        });
    }

    /// Records that there is no stream.
    pub fn clear_last_event(self) {
        self.last_event.set_value(LastEvent::default());
    }

    /// Whether the next event is overdue.
    fn is_silent(self) -> bool {
        let last_event = self.last_event.get_value();
        let due_ms = last_event
            .next_ms
            .map(|next_ms| last_event.at_ms + next_ms + GRACE_MS);
        due_ms.is_some_and(|due_ms| js_sys::Date::now() > due_ms)
    }

    /// Probes whether this server is reachable, unless a probe is running.
    pub fn probe_server(self) {
        let started = self.probe.try_update_value(|probe| {
            let is_new = !probe.is_running && !probe.url.is_empty();
            probe.is_running |= is_new;
            is_new.then(|| probe.url.clone())
        });
        if let Some(url) = started.flatten()
            && send_probe(self, &url).is_none()
        {
            self.probe_finished(false);
        }
    }

    /// Increments `retries` once a retry may succeed: when the mail server or this server is
    /// reachable again, and after a pause if this server was reachable all the time and an
    /// intermediary sent the response.
    pub fn retry_when_reachable(self, retries: RwSignal<u32>, error: &ApiError) {
        self.note_error(error);
        let is_transport = error.kind == ErrorKind::Transport;
        let before = StoredValue::new(None);
        effect(move || {
            let now = (
                self.lost_connection.with(Option::is_some),
                self.reconnects.get(),
            );
            match before.get_value() {
                None if is_transport => {
                    let retry = move || {
                        if self.is_reachable.get_untracked() {
                            retries.try_update(|n| *n = n.wrapping_add(1));
                        }
                    };
                    set_timeout(retry, RETRY_DELAY);
                }
                Some((was_down, reconnects)) if (was_down && !now.0) || reconnects != now.1 => {
                    retries.update(|n| *n = n.wrapping_add(1));
                }
                _ => {}
            }
            before.set_value(Some(now));
        });
    }

    fn probe_finished(self, is_reachable: bool) {
        self.probe.update_value(|probe| probe.is_running = false);
        let was_reachable = self.is_reachable.get_untracked();
        // A stream that is silent although the server responds is dead and is reopened.
        let is_healthy = was_reachable && !self.is_silent();
        if was_reachable != is_reachable {
            self.is_reachable.set(is_reachable);
        }
        if !is_reachable {
            set_timeout(move || self.probe_server(), PROBE_INTERVAL);
        } else if !is_healthy {
            self.clear_last_event();
            self.reconnects.update(|n| *n = n.wrapping_add(1));
            self.tree_changes.update(|n| *n = n.wrapping_add(1));
            self.outbox_changed();
            if let Some(list) = self.list() {
                list.refresh();
            }
        }
    }
}

/// Sends a probe. Uses `XMLHttpRequest` for its timeout.
fn send_probe(tab: Tab, url: &str) -> Option<()> {
    let request = web_sys::XmlHttpRequest::new().ok()?;
    request.open_with_async("GET", url, true).ok()?;
    request.set_timeout(PROBE_TIMEOUT_MS);
    let finished = request.clone();
    let on_end = Closure::once_into_js(move || {
        let text = finished.response_text().ok().flatten();
        tab.probe_finished(text.as_deref() == Some(HEALTHY_BODY));
    });
    // `loadend` fires exactly once, in every case.
    request.set_onloadend(Some(on_end.unchecked_ref()));
    request.send().ok()
}
