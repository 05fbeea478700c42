//! What happens on a connection, and when it has to end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::exchange::Exchange;
use crate::http::admission::{ConnectionSlot, Signals, Standing};
use crate::limits;

/// How often a connection with requests is looked at that do not wait for the peer.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// What a deadline means for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays.
    Goes,
    /// There was no request for too long.
    Idle,
    /// A head did not end in time.
    Unanswered,
    /// The peer takes no response.
    Stalled,
}

/// The state of a connection, shared by its socket, its requests and the table of connections.
#[derive(Debug)]
pub(in crate::http) struct Activity {
    state: Mutex<State>,
    place: ConnectionSlot,
}

#[derive(Debug)]
struct State {
    standing: Standing,
    /// The beginning of the connection, or the end of the last request.
    idle_since: Instant,
    /// The first byte of a head that is not complete.
    head_since: Option<Instant>,
    /// The head was refused: reading fails.
    is_refused: bool,
    /// Since when the socket takes less than offered, and what it took since.
    blocked_since: Option<Instant>,
    taken_bytes: u64,
    /// Requests whose response is not complete.
    exchanges: Vec<Weak<Exchange>>,
}

impl Activity {
    /// A connection that begins.
    pub(in crate::http) fn new(place: ConnectionSlot) -> Self {
        Self {
            state: Mutex::new(State {
                standing: Standing::Silent,
                idle_since: Instant::now(),
                head_since: None,
                is_refused: false,
                blocked_since: None,
                taken_bytes: 0,
                exchanges: Vec::new(),
            }),
            place,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the table of connections tells.
    pub(super) fn signals(&self) -> &Signals {
        &self.place.signals
    }

    /// Notes that a request of a live session came.
    pub(in crate::http) fn signed_in(&self) {
        self.rise(Standing::SignedIn);
    }

    fn rise(&self, to: Standing) {
        let is_risen = {
            let mut state = self.state();
            let is_risen = state.standing < to;
            state.standing = state.standing.max(to);
            is_risen
        };
        if is_risen {
            self.place.rise(to);
        }
    }

    /// A request's head is complete.
    pub(super) fn began(&self, exchange: &Arc<Exchange>) {
        {
            let mut state = self.state();
            state.head_since = None;
            state.exchanges.push(Arc::downgrade(exchange));
            self.signals().has_open(state.exchanges.len());
        }
        self.rise(Standing::Stranger);
    }

    /// A response is complete, or nobody waits for it any more.
    pub(super) fn ended(&self) {
        {
            let mut state = self.state();
            state.exchanges.retain(|open| open.strong_count() > 0);
            self.signals().has_open(state.exchanges.len());
            state.idle_since = Instant::now();
        }
        self.signals().wake();
    }

    /// Bytes came from the peer.
    pub(super) fn came(&self) {
        let mut state = self.state();
        if state.exchanges.is_empty() {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    /// Whether a part of a head came and no request is open.
    pub(super) fn is_head_begun(&self) -> bool {
        self.state().head_since.is_some()
    }

    pub(super) fn is_refused(&self) -> bool {
        self.state().is_refused
    }

    pub(super) fn refuse_head(&self) {
        self.state().is_refused = true;
    }

    /// The socket took bytes.
    pub(super) fn took(&self, bytes: usize) {
        let mut state = self.state();
        if state.blocked_since.is_some() {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            state.taken_bytes = state.taken_bytes.saturating_add(bytes);
            if state.taken_bytes >= limits::RESPONSE_PACE_BYTES {
                state.blocked_since = None;
            }
        }
    }

    /// The socket takes nothing now.
    pub(super) fn blocked(&self) {
        let mut state = self.state();
        if state.blocked_since.is_none() {
            state.blocked_since = Some(Instant::now());
            state.taken_bytes = 0;
        }
    }

    /// The socket took everything that there was.
    pub(super) fn flushed(&self) {
        self.state().blocked_since = None;
    }

    /// When [`judge`](Self::judge) has to be asked.
    pub(super) fn deadline(&self) -> Instant {
        let state = self.state();
        let blocked = state.blocked_since.map(|t| t + limits::RESPONSE_WITHIN);
        let other = if state.exchanges.is_empty() {
            state.head_or_idle().0
        } else {
            Instant::now() + LOOK_EVERY
        };
        blocked.map_or(other, |blocked| blocked.min(other))
    }

    /// Whether the connection may go on. Responses that their peer does not take lose their bodies.
    pub(super) fn judge(&self, now: Instant) -> Verdict {
        let open: Vec<Arc<Exchange>> = {
            let state = self.state();
            if state
                .blocked_since
                .is_some_and(|t| t + limits::RESPONSE_WITHIN <= now)
            {
                return Verdict::Stalled;
            }
            if state.exchanges.is_empty() {
                let (deadline, verdict) = state.head_or_idle();
                return if deadline <= now {
                    verdict
                } else {
                    Verdict::Goes
                };
            }
            state.exchanges.iter().filter_map(Weak::upgrade).collect()
        };
        let stalled = open
            .iter()
            .filter(|exchange| exchange.is_stalled(now))
            .count();
        // One that stalls among others costs its own response; the rest goes on.
        if stalled > 0 && stalled == open.len() {
            Verdict::Stalled
        } else {
            Verdict::Goes
        }
    }
}

impl State {
    /// The deadline of a connection without requests.
    fn head_or_idle(&self) -> (Instant, Verdict) {
        let idle = match self.standing {
            Standing::Silent => (
                self.idle_since + limits::FIRST_REQUEST_WITHIN,
                Verdict::Unanswered,
            ),
            _ => (self.idle_since + limits::KEEP_ALIVE, Verdict::Idle),
        };
        let head = self
            .head_since
            .map(|t| (t + limits::HEAD_WITHIN, Verdict::Unanswered));
        match head {
            Some(head) if head.0 < idle.0 => head,
            _ => idle,
        }
    }
}
