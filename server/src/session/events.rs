//! The last events of a session, so that a page can catch up after it reconnects.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use app::api::live::LiveEvent;
use tokio::sync::watch;

/// Maximum number of events stored.
pub const RING_EVENTS: usize = 256;

/// Events with their numbers, oldest first. Event ids are `{process start ms}-{seq}`.
#[derive(Debug)]
pub struct EventRing {
    process_start_ms: i64,
    events: Mutex<VecDeque<LiveEvent>>,
    /// The number of the newest event; 0 before the first.
    newest: watch::Sender<u64>,
}

/// The events that a reader has not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// The missed events with their numbers.
    Events(Vec<(u64, LiveEvent)>),
    /// Some events are no longer stored; the reader continues after this number.
    Missed(u64),
}

impl EventRing {
    /// Creates an empty ring for this process.
    pub fn new(process_start_ms: i64) -> Self {
        Self {
            process_start_ms,
            events: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }

    /// Adds an event and wakes the readers.
    pub fn push(&self, event: LiveEvent) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() >= RING_EVENTS {
            events.pop_front();
        }
        events.push_back(event);
        // Inside the lock, so that numbers and positions always agree.
        self.newest.send_modify(|n| *n = n.saturating_add(1));
    }

    /// Returns the id of the event with this number.
    pub fn id(&self, seq: u64) -> String {
        format!("{}-{seq}", self.process_start_ms)
    }

    /// Returns the number of the newest event.
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Returns the number of the event with this id; `None` if the id is from another process
    /// start, or not assigned yet.
    pub fn position_of(&self, id: &str) -> Option<u64> {
        let (start, seq) = id.split_once('-')?;
        let seq = seq.parse().ok().filter(|seq| *seq <= self.newest())?;
        (start.parse() == Ok(self.process_start_ms)).then_some(seq)
    }

    /// Returns the events after a number.
    pub fn since(&self, seen: u64) -> Since {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.newest();
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        let last_evicted = newest.saturating_sub(count);
        if seen < last_evicted {
            return Since::Missed(newest);
        }
        let skip = usize::try_from(seen.saturating_sub(last_evicted)).unwrap_or(usize::MAX);
        let numbers = seen.saturating_add(1)..;
        Since::Events(numbers.zip(events.iter().skip(skip).cloned()).collect())
    }

    /// Returns a receiver that changes with each new event.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: usize) -> LiveEvent {
        LiveEvent::Outbox {
            outbox: n.to_string().as_str().into(),
        }
    }

    #[test]
    fn a_reader_gets_the_events_after_its_last_one() {
        let ring = EventRing::new(99);
        assert_eq!(ring.since(0), Since::Events(vec![]));
        ring.push(event(1));
        ring.push(event(2));
        ring.push(event(3));
        let seen = ring.position_of("99-1").unwrap();
        assert_eq!(
            ring.since(seen),
            Since::Events(vec![(2, event(2)), (3, event(3))])
        );
        assert_eq!(ring.since(3), Since::Events(vec![]));
        assert_eq!(ring.id(ring.newest()), "99-3");
    }

    #[test]
    fn an_id_of_another_process_start_or_of_the_future_is_not_found() {
        let ring = EventRing::new(99);
        ring.push(event(1));
        for id in ["98-1", "99-2", "99", "", "-1", "99-x"] {
            assert_eq!(ring.position_of(id), None, "{id}");
        }
        assert_eq!(ring.position_of("99-0"), Some(0));
    }

    #[test]
    fn events_that_are_no_longer_stored_are_reported_as_missed() {
        let ring = EventRing::new(1);
        for n in 1..=RING_EVENTS + 2 {
            ring.push(event(n));
        }
        let newest = RING_EVENTS as u64 + 2;
        assert_eq!(ring.since(1), Since::Missed(newest));
        let Since::Events(all) = ring.since(2) else {
            panic!("the oldest kept event is there")
        };
        assert_eq!(all.len(), RING_EVENTS);
        assert_eq!(all.first().unwrap(), &(3, event(3)));
        assert_eq!(all.last().unwrap(), &(newest, event(RING_EVENTS + 2)));
    }
}
