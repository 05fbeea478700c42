//! The activity of a connection, and its deadlines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::open_response::OpenResponse;
use crate::http::admission::{ConnectionClass, ConnectionSlot, Signals};
use crate::limits;

/// Interval of checks while a connection has open requests and its socket is not blocked.
const CHECK_INTERVAL: Duration = Duration::from_secs(20);

/// The result of checking a connection's deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The connection continues.
    Continue,
    /// No request arrived for too long.
    Idle,
    /// A request head was not complete in time.
    RequestTimeout,
    /// The peer does not read its responses.
    Stalled,
}

/// The state of a connection, shared by its socket, its requests and the table of connections.
#[derive(Debug)]
pub(in crate::http) struct Activity {
    state: Mutex<State>,
    slot: ConnectionSlot,
}

#[derive(Debug)]
struct State {
    class: ConnectionClass,
    /// When the connection started, or when its last request ended.
    idle_since: Instant,
    /// When the first byte of the current incomplete head arrived.
    head_since: Option<Instant>,
    /// Whether the head was refused; reads then fail.
    is_refused: bool,
    /// Since when the socket accepts less than offered; `written_bytes` counts from then.
    blocked_since: Option<Instant>,
    written_bytes: u64,
    /// The responses that are not complete, one for each open request.
    open: Vec<Arc<OpenResponse>>,
}

impl Activity {
    /// Creates the activity of a new connection.
    pub(in crate::http) fn new(slot: ConnectionSlot) -> Self {
        Self {
            state: Mutex::new(State {
                class: ConnectionClass::Silent,
                idle_since: Instant::now(),
                head_since: None,
                is_refused: false,
                blocked_since: None,
                written_bytes: 0,
                open: Vec::new(),
            }),
            slot,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the signals shared with the connection table.
    pub(super) fn signals(&self) -> &Signals {
        &self.slot.signals
    }

    /// Records that a request of a live session arrived.
    pub(in crate::http) fn signed_in(&self) {
        self.promote(ConnectionClass::SignedIn);
    }

    fn promote(&self, to: ConnectionClass) {
        let is_promoted = {
            let mut state = self.state();
            let is_promoted = state.class < to;
            state.class = state.class.max(to);
            is_promoted
        };
        if is_promoted {
            self.slot.promote(to);
        }
    }

    /// Records that the head of a request is complete.
    pub(super) fn request_started(&self, response: &Arc<OpenResponse>) {
        {
            let mut state = self.state();
            state.head_since = None;
            state.open.push(Arc::clone(response));
            self.signals().set_open_requests(state.open.len());
        }
        self.promote(ConnectionClass::Anonymous);
    }

    /// Records that a response is complete or was dropped.
    pub(super) fn response_ended(&self, response: &Arc<OpenResponse>) {
        {
            let mut state = self.state();
            state.open.retain(|open| !Arc::ptr_eq(open, response));
            self.signals().set_open_requests(state.open.len());
            state.idle_since = Instant::now();
        }
        self.signals().wake();
    }

    /// Records that bytes arrived from the peer.
    pub(super) fn bytes_received(&self) {
        let mut state = self.state();
        if state.open.is_empty() {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    /// Returns whether part of a head arrived and no request is open.
    pub(super) fn has_partial_head(&self) -> bool {
        self.state().head_since.is_some()
    }

    pub(super) fn is_refused(&self) -> bool {
        self.state().is_refused
    }

    pub(super) fn refuse_head(&self) {
        self.state().is_refused = true;
    }

    /// Records that the socket accepted bytes.
    pub(super) fn bytes_written(&self, bytes: usize) {
        let mut state = self.state();
        if state.blocked_since.is_some() {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            state.written_bytes = state.written_bytes.saturating_add(bytes);
            if state.written_bytes >= limits::RESPONSE_PACE_BYTES {
                state.blocked_since = None;
            }
        }
    }

    /// Records that the socket accepts no bytes now.
    pub(super) fn write_blocked(&self) {
        let mut state = self.state();
        if state.blocked_since.is_none() {
            state.blocked_since = Some(Instant::now());
            state.written_bytes = 0;
        }
    }

    /// Records that the socket accepted all data.
    pub(super) fn flushed(&self) {
        self.state().blocked_since = None;
    }

    /// Returns when [`check_deadlines`](Self::check_deadlines) has to be called next.
    pub(super) fn deadline(&self) -> Instant {
        let state = self.state();
        let blocked = state.blocked_since.map(|t| t + limits::RESPONSE_WITHIN);
        let other = if state.open.is_empty() {
            state.head_or_idle().0
        } else {
            Instant::now() + CHECK_INTERVAL
        };
        blocked.map_or(other, |blocked| blocked.min(other))
    }

    /// Checks the deadlines. Drops the bodies of responses that the peer does not read.
    pub(super) fn check_deadlines(&self, now: Instant) -> Verdict {
        let open: Vec<Arc<OpenResponse>> = {
            let state = self.state();
            if state
                .blocked_since
                .is_some_and(|t| t + limits::RESPONSE_WITHIN <= now)
            {
                return Verdict::Stalled;
            }
            if state.open.is_empty() {
                let (deadline, verdict) = state.head_or_idle();
                return if deadline <= now {
                    verdict
                } else {
                    Verdict::Continue
                };
            }
            state.open.clone()
        };
        let stalled = open
            .iter()
            .filter(|response| response.is_stalled(now))
            .count();
        // If only some of the responses stall, they are dropped and the connection continues.
        if stalled > 0 && stalled == open.len() {
            Verdict::Stalled
        } else {
            Verdict::Continue
        }
    }
}

impl State {
    /// Returns the deadline of a connection without requests, and what it means.
    fn head_or_idle(&self) -> (Instant, Verdict) {
        let idle = match self.class {
            ConnectionClass::Silent => (
                self.idle_since + limits::FIRST_REQUEST_WITHIN,
                Verdict::RequestTimeout,
            ),
            _ => (self.idle_since + limits::KEEP_ALIVE, Verdict::Idle),
        };
        let head = self
            .head_since
            .map(|t| (t + limits::HEAD_WITHIN, Verdict::RequestTimeout));
        match head {
            Some(head) if head.0 < idle.0 => head,
            _ => idle,
        }
    }
}
