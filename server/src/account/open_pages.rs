//! The open pages of an account: whether there are any, and the events that they receive.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::api::live::LiveEvent;
use app::api::types::AccountId;
use tokio::sync::broadcast;

/// Capacity of the event channel: how many events a slow tab may lag behind.
const EVENTS: usize = 256;

/// The open pages of one account in one session. Copies share their state.
#[derive(Debug, Clone)]
pub(crate) struct OpenPages {
    pub(super) account: AccountId,
    events: broadcast::Sender<LiveEvent>,
    /// Their number.
    watchers: Arc<AtomicUsize>,
}

impl OpenPages {
    pub(super) fn new(account: AccountId) -> Self {
        Self {
            account,
            events: broadcast::channel(EVENTS).0,
            watchers: Arc::default(),
        }
    }

    /// Subscribes to the events from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.events.subscribe()
    }

    /// Registers an open page until the watcher is dropped.
    pub(super) fn watch(&self) -> Watcher {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Watcher(Arc::clone(&self.watchers))
    }

    /// Whether a page is open.
    pub(super) fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Sends an event to the pages. No open page is not an error.
    pub(super) fn publish(&self, event: LiveEvent) {
        let _ = self.events.send(event);
    }

    /// Tells the pages whether the mail server `host` is reachable.
    pub(super) fn publish_connection(&self, host: &str, is_up: bool, retry_in_secs: u32) {
        self.publish(LiveEvent::Connection {
            account: self.account.clone(),
            host: host.to_owned(),
            is_up,
            retry_in_secs,
        });
    }
}

/// The registration of an open page that watches an account; ends when dropped.
#[derive(Debug)]
pub struct Watcher(Arc<AtomicUsize>);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
