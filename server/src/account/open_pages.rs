//! The open pages of an account: whether there are any, and the events that they receive.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::api::live::LiveEvent;
use app::api::types::AccountId;
use tokio::sync::broadcast;

/// The open pages of one account in one session.
pub(super) struct OpenPages {
    pub(super) account: AccountId,
    pub(super) events: broadcast::Sender<LiveEvent>,
    /// Their number.
    pub(super) watchers: Arc<AtomicUsize>,
}

impl OpenPages {
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
