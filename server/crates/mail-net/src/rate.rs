//! Rate limits per client, in tables of bounded size.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

/// A limit: at most `max` events within `within`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Maximum number of events; at least 1.
    pub max: usize,
    /// The time window.
    pub within: Duration,
}

/// Returns the network by which a client is counted: the address for IPv4, the /64 for IPv6, the
/// smallest network that a household or a rented machine gets. IPv4-mapped addresses count as IPv4.
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Hashes names to keys of 128 bits. The hash is keyed with random values, so every key has the
/// same length and a client cannot choose two names that collide.
#[derive(Debug, Default)]
pub struct Keys(RandomState, RandomState);

/// The hash of a name.
pub type Key = u128;

impl Keys {
    /// Returns the key of a name.
    pub fn key(&self, name: impl Hash) -> Key {
        u128::from(self.0.hash_one(&name)) << 64 | u128::from(self.1.hash_one(&name))
    }
}

/// Event times by key, checked against one set of limits.
///
/// A table holds at most `capacity` keys. A full table evicts a key whose last event has expired;
/// if there is none, the oldest key that has reached no limit; if all have reached one, the oldest
/// key. A flood of new keys therefore does not lift a limit that was reached. Every call costs
/// O(log n).
#[derive(Debug)]
pub struct RateTable {
    limits: &'static [Limit],
    capacity: usize,
    events: HashMap<Key, Events>,
    /// The keys that had reached no limit at their last event, oldest first.
    free: BTreeSet<(Instant, Key)>,
    /// The keys that had reached a limit at their last event, oldest first.
    limited: BTreeSet<(Instant, Key)>,
}

#[derive(Debug, Default)]
struct Events {
    times: VecDeque<Instant>,
    /// The time of the last event, under which the key is stored in `free` or `limited`.
    indexed_at: Option<Instant>,
}

impl RateTable {
    /// Creates a table.
    pub fn new(limits: &'static [Limit], capacity: usize) -> Self {
        Self {
            limits,
            capacity: capacity.max(1),
            events: HashMap::new(),
            free: BTreeSet::new(),
            limited: BTreeSet::new(),
        }
    }

    /// Returns the time until every limit allows one more event; `None` if one is allowed now.
    pub fn wait(&self, key: Key, now: Instant) -> Option<Duration> {
        let times = &self.events.get(&key)?.times;
        let remaining = |limit: &Limit| {
            // The event that must expire before one more is allowed.
            let index = times.len().checked_sub(limit.max)?;
            let remaining = limit.within.checked_sub(now - *times.get(index)?)?;
            (!remaining.is_zero()).then_some(remaining)
        };
        self.limits.iter().filter_map(remaining).max()
    }

    /// Returns whether a key has an event that has not expired.
    pub fn contains(&self, key: Key, now: Instant) -> bool {
        let last = self.events.get(&key).and_then(|e| e.times.back());
        last.is_some_and(|last| now - *last < self.longest_window())
    }

    /// Records an event.
    pub fn add(&mut self, key: Key, now: Instant) {
        if !self.events.contains_key(&key) && self.events.len() >= self.capacity {
            self.evict(now);
        }
        let (longest_window, max_events) = (self.longest_window(), self.max_events());
        let events = self.events.entry(key).or_default();
        while let Some(first) = events.times.front()
            && (now - *first >= longest_window || events.times.len() >= max_events)
        {
            events.times.pop_front();
        }
        events.times.push_back(now);
        self.reindex(key);
    }

    /// Removes one event.
    pub fn remove(&mut self, key: Key, at: Instant) {
        if let Some(events) = self.events.get_mut(&key)
            && let Some(index) = events.times.iter().position(|time| *time == at)
        {
            events.times.remove(index);
            self.reindex(key);
        }
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Returns whether the table has no keys.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Moves a key to `free` or `limited` by its last event, and removes a key without events.
    fn reindex(&mut self, key: Key) {
        let Slot::Occupied(mut slot) = self.events.entry(key) else {
            return;
        };
        let events = slot.get_mut();
        if let Some(indexed_at) = events.indexed_at.take() {
            self.free.remove(&(indexed_at, key));
            self.limited.remove(&(indexed_at, key));
        }
        let Some(last) = events.times.back().copied() else {
            slot.remove();
            return;
        };
        let reaches = |limit: &Limit| {
            let index = events.times.len().checked_sub(limit.max);
            let first = index.and_then(|index| events.times.get(index));
            first.is_some_and(|first| last - *first < limit.within)
        };
        events.indexed_at = Some(last);
        let index_set = match self.limits.iter().any(reaches) {
            true => &mut self.limited,
            false => &mut self.free,
        };
        index_set.insert((last, key));
    }

    fn evict(&mut self, now: Instant) {
        let longest_window = self.longest_window();
        let has_expired = |(last, _): &&(Instant, Key)| now - *last >= longest_window;
        let (free, limited) = (self.free.first(), self.limited.first());
        let expired = free.filter(has_expired).or(limited.filter(has_expired));
        if let Some((last, key)) = expired.or(free).or(limited).copied() {
            self.free.remove(&(last, key));
            self.limited.remove(&(last, key));
            self.events.remove(&key);
        }
    }

    fn longest_window(&self) -> Duration {
        let longest_window = self.limits.iter().map(|limit| limit.within).max();
        longest_window.unwrap_or_default()
    }

    fn max_events(&self) -> usize {
        self.limits
            .iter()
            .map(|limit| limit.max)
            .max()
            .unwrap_or(1)
            .max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const LIMITS: &[Limit] = &[
        Limit {
            max: 3,
            within: MINUTE,
        },
        Limit {
            max: 5,
            within: Duration::from_secs(3600),
        },
    ];

    #[test]
    fn keys_of_two_processes_differ() {
        let (a, b) = (Keys::default(), Keys::default());
        assert_eq!(a.key(("ann", 1)), a.key(("ann", 1)));
        assert_ne!(a.key(("ann", 1)), a.key(("ann", 2)));
        assert_ne!(a.key("ann"), b.key("ann"));
    }

    #[test]
    fn ipv6_is_counted_by_64_bits_and_mapped_addresses_as_ipv4() {
        let network = |text: &str| client_network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:0:7:1:2:3:4"), "2001:db8:0:7::");
        assert_eq!(network("203.0.113.9"), "203.0.113.9");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.9");
    }

    #[tokio::test(start_paused = true)]
    async fn every_limit_holds_by_itself() {
        let mut table = RateTable::new(LIMITS, 10);
        for _ in 0..3 {
            assert_eq!(table.wait(1, Instant::now()), None);
            table.add(1, Instant::now());
        }
        assert_eq!(table.wait(1, Instant::now()), Some(MINUTE));
        tokio::time::advance(MINUTE).await;
        assert_eq!(table.wait(1, Instant::now()), None);
        table.add(1, Instant::now());
        table.add(1, Instant::now());
        assert_eq!(table.wait(1, Instant::now()), Some(MINUTE * 59));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_new_keys_does_not_lift_a_limit_that_was_reached() {
        let mut table = RateTable::new(LIMITS, 1000);
        for _ in 0..3 {
            table.add(7, Instant::now());
        }
        for key in 1000..101_000 {
            tokio::time::advance(Duration::from_micros(100)).await;
            table.add(key, Instant::now());
        }
        assert_eq!(table.len(), 1000);
        assert!(table.wait(7, Instant::now()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn full_table_evicts_expired_keys_first() {
        let mut table = RateTable::new(LIMITS, 3);
        for _ in 0..3 {
            table.add(1, Instant::now());
        }
        tokio::time::advance(MINUTE * 61).await;
        table.add(2, Instant::now());
        table.add(3, Instant::now());
        table.add(4, Instant::now());
        let now = Instant::now();
        assert!(!table.contains(1, now), "over");
        assert!([2, 3, 4].iter().all(|key| table.contains(*key, now)));
        table.add(5, now);
        assert!(!table.contains(2, now), "the oldest of those that are not");
    }

    #[test]
    fn each_key_is_indexed_once_after_random_operations() {
        let keys = Keys::default();
        let mut table = RateTable::new(LIMITS, 8);
        let mut now = Instant::now();
        for step in 0..20_000_u32 {
            let random = keys.key(step);
            let key = random % 20;
            table.add(key, now);
            if random % 3 == 0 {
                table.remove(key, now);
            }
            assert!(table.len() <= 8);
            assert_eq!(table.len(), table.free.len() + table.limited.len());
            let mut counts = table.events.values().map(|events| events.times.len());
            assert!(counts.all(|count| (1..=5).contains(&count)));
            now += Duration::from_secs(u64::try_from((random >> 64) % 500).unwrap());
        }
    }
}
