//! The connection table: admits connections, and evicts others when limits are reached.
//!
//! A connection starts as silent. Its first request makes it anonymous; its first request with a
//! live session makes it a signed-in one. A new connection evicts an anonymous one, so a signed-in
//! browser can always connect. A signed-in connection is evicted only while it has no open request.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

use super::client_ip::Connected;
use crate::config::Peer;
use crate::limits::{self, Room};

/// Maximum number of connections that one search for an idle one checks.
const IDLE_SEARCH_MAX: usize = 64;

/// All connections of the process.
#[derive(Debug, Clone)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    room: Room,
    table: Mutex<Table>,
    /// Notified when a connection ends.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// Number of open sockets, including those of evicted connections that are about to close.
    open: usize,
    /// Silent connections by connection number, oldest first.
    silent: BTreeMap<u64, Entry>,
    anonymous: BTreeMap<u64, Entry>,
    signed_in: BTreeMap<u64, Entry>,
    addresses: HashMap<IpAddr, Address>,
}

#[derive(Debug)]
struct Entry {
    signals: Arc<Signals>,
    address: Option<IpAddr>,
}

/// Signals between the table and the task of one connection.
#[derive(Debug, Default)]
pub(super) struct Signals {
    waker: AtomicWaker,
    is_evicted: AtomicBool,
    is_stopping: AtomicBool,
    open_requests: AtomicUsize,
}

impl Signals {
    /// Registers the task to wake when a signal changes.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    /// Returns whether the connection has to end immediately.
    pub(super) fn is_evicted(&self) -> bool {
        self.is_evicted.load(Ordering::Acquire)
    }

    /// Returns whether the connection ends after its open requests.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Sets the number of requests without a complete response.
    pub(super) fn set_open_requests(&self, requests: usize) {
        self.open_requests.store(requests, Ordering::Relaxed);
    }

    fn is_idle(&self) -> bool {
        self.open_requests.load(Ordering::Relaxed) == 0
    }

    fn set(&self, signal: &AtomicBool) {
        signal.store(true, Ordering::Release);
        self.wake();
    }
}

/// What a connection's requests have shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ConnectionClass {
    /// No request arrived yet.
    Silent,
    /// Requests arrived, all without a session.
    Anonymous,
    /// A request of a live session arrived.
    SignedIn,
}

/// The connections of one address.
#[derive(Debug, Default)]
struct Address {
    anonymous: BTreeSet<u64>,
    signed_in: usize,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The address has reached its limit, and none of its connections is idle.
    Address,
    /// Every connection is signed in; no idle one was found.
    Full,
}

/// A connection's entry in the table; dropping it removes the entry.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    shared: Arc<Shared>,
    id: u64,
    pub(super) signals: Arc<Signals>,
}

impl Connections {
    pub(super) fn new(room: Room) -> Self {
        Self(Arc::new(Shared {
            room,
            table: Mutex::default(),
            ended: Notify::new(),
        }))
    }

    /// Admits a connection; may evict another one.
    pub(super) fn admit(
        &self,
        peer: Connected,
        trusted: &[Peer],
    ) -> Result<ConnectionSlot, Refused> {
        let address = address_of(peer, trusted);
        let mut table = self.0.table();
        if let Some(address) = address {
            let anonymous = table.addresses.get(&address).map(|a| &a.anonymous);
            if let Some(anonymous) =
                anonymous.filter(|s| s.len() >= self.0.room.anonymous_per_address)
            {
                let oldest = table.idle_anonymous(anonymous).ok_or(Refused::Address)?;
                table.evict(oldest);
            }
        }
        if table.count() >= self.0.room.connections {
            let oldest = table.eviction_candidate().ok_or(Refused::Full)?;
            table.evict(oldest);
        }
        table.next = table.next.saturating_add(1);
        table.open = table.open.saturating_add(1);
        let id = table.next;
        let signals = Arc::<Signals>::default();
        let entry = Entry {
            signals: Arc::clone(&signals),
            address,
        };
        if let Some(address) = address {
            let of_address = table.addresses.entry(address).or_default();
            of_address.anonymous.insert(id);
        }
        table.silent.insert(id, entry);
        Ok(ConnectionSlot {
            shared: Arc::clone(&self.0),
            id,
            signals,
        })
    }

    /// Waits until fewer than [`limits::CLOSING_CONNECTIONS`] evicted connections are still
    /// closing.
    pub(super) async fn wait_for_evicted(&self) {
        let max_open = self
            .0
            .room
            .connections
            .saturating_add(limits::CLOSING_CONNECTIONS);
        self.wait_until(|open| open < max_open).await;
    }

    /// Evicts up to [`limits::CLOSING_CONNECTIONS`] connections when the process is out of
    /// descriptors.
    pub(super) fn make_room(&self) {
        let mut table = self.0.table();
        for _ in 0..limits::CLOSING_CONNECTIONS {
            let Some(oldest) = table.eviction_candidate() else {
                return;
            };
            table.evict(oldest);
        }
    }

    /// Tells every connection to end after its open requests, and waits until all have ended.
    pub(super) async fn stop(&self) {
        {
            let table = self.0.table();
            for entries in [&table.silent, &table.anonymous, &table.signed_in] {
                for entry in entries.values() {
                    entry.signals.set(&entry.signals.is_stopping);
                }
            }
        }
        self.wait_until(|open| open == 0).await;
    }

    /// Waits until no connection is open.
    #[cfg(test)]
    pub(super) async fn all_ended(&self) {
        self.wait_until(|open| open == 0).await;
    }

    async fn wait_until(&self, is_reached: impl Fn(usize) -> bool) {
        loop {
            let ended = self.0.ended.notified();
            if is_reached(self.0.table().open) {
                return;
            }
            ended.await;
        }
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionSlot {
    /// Promotes the connection to a higher class.
    pub(super) fn promote(&self, to: ConnectionClass) {
        let mut table = self.shared.table();
        let id = self.id;
        match to {
            ConnectionClass::Silent => {}
            ConnectionClass::Anonymous => {
                if let Some(entry) = table.silent.remove(&id) {
                    table.anonymous.insert(id, entry);
                }
            }
            ConnectionClass::SignedIn => {
                let table = &mut *table;
                let from = if table.silent.contains_key(&id) {
                    &mut table.silent
                } else {
                    &mut table.anonymous
                };
                let Some(entry) = from.remove(&id) else {
                    return;
                };
                if let Some(address) = entry.address {
                    let of_address = table.addresses.entry(address).or_default();
                    // The address has its maximum of signed-in connections: this one stays
                    // anonymous.
                    if of_address.signed_in >= self.shared.room.signed_in_per_address {
                        table.anonymous.insert(id, entry);
                        return;
                    }
                    of_address.anonymous.remove(&id);
                    of_address.signed_in = of_address.signed_in.saturating_add(1);
                }
                table.signed_in.insert(id, entry);
            }
        }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        {
            let mut table = self.shared.table();
            table.remove(self.id);
            table.open = table.open.saturating_sub(1);
        }
        self.shared.ended.notify_waiters();
    }
}

impl Table {
    fn count(&self) -> usize {
        let signed_in = self.signed_in.len();
        signed_in
            .saturating_add(self.silent.len())
            .saturating_add(self.anonymous.len())
    }

    /// Removes a connection from the table. Its socket may still be open.
    fn remove(&mut self, id: u64) -> Option<Arc<Signals>> {
        let is_signed_in = self.signed_in.contains_key(&id);
        let entry = self
            .silent
            .remove(&id)
            .or_else(|| self.anonymous.remove(&id))
            .or_else(|| self.signed_in.remove(&id))?;
        if let Some(address) = entry.address
            && let Some(of_address) = self.addresses.get_mut(&address)
        {
            of_address.anonymous.remove(&id);
            if is_signed_in {
                of_address.signed_in = of_address.signed_in.saturating_sub(1);
            }
            if of_address.anonymous.is_empty() && of_address.signed_in == 0 {
                self.addresses.remove(&address);
            }
        }
        Some(entry.signals)
    }

    fn evict(&mut self, id: u64) {
        if let Some(signals) = self.remove(id) {
            signals.set(&signals.is_evicted);
        }
    }

    /// Returns the anonymous connection of an address to evict: the oldest silent one, else the
    /// oldest one without an open request.
    fn idle_anonymous(&self, of_address: &BTreeSet<u64>) -> Option<u64> {
        let silent = of_address.iter().find(|id| self.silent.contains_key(id));
        let idle = || of_address.iter().find(|id| is_idle(&self.anonymous, id));
        silent.or_else(idle).copied()
    }

    /// Returns the connection to evict when the table is full.
    fn eviction_candidate(&self) -> Option<u64> {
        let first = |entries: &BTreeMap<u64, Entry>| entries.keys().next().copied();
        let idle = |entries: &BTreeMap<u64, Entry>| {
            let mut checked = entries.keys().take(IDLE_SEARCH_MAX);
            checked.find(|id| is_idle(entries, id)).copied()
        };
        first(&self.silent)
            .or_else(|| idle(&self.anonymous))
            .or_else(|| first(&self.anonymous))
            .or_else(|| idle(&self.signed_in))
    }
}

fn is_idle(entries: &BTreeMap<u64, Entry>, id: &u64) -> bool {
    entries.get(id).is_some_and(|entry| entry.signals.is_idle())
}

/// Returns the address that a connection counts for; `None` for the Unix socket and trusted
/// proxies.
fn address_of(peer: Connected, trusted: &[Peer]) -> Option<IpAddr> {
    match peer {
        Connected::Unix => None,
        Connected::Ip(ip) if trusted.iter().any(|peer| peer.contains(ip)) => None,
        Connected::Ip(ip) => Some(match ip.to_canonical() {
            // One subscriber often has a whole /64.
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
            ip @ IpAddr::V4(_) => ip,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANONYMOUS_MAX: usize = 64;

    fn connections(max: usize) -> Connections {
        Connections::new(Room {
            connections: max,
            anonymous_per_address: ANONYMOUS_MAX,
            signed_in_per_address: max / 2,
            sessions: 1,
            streams: 1,
        })
    }

    fn from(address: &str) -> Connected {
        Connected::Ip(address.parse().unwrap())
    }

    fn anonymous(slot: ConnectionSlot) -> ConnectionSlot {
        slot.promote(ConnectionClass::Anonymous);
        slot
    }

    fn signed_in(slot: ConnectionSlot) -> ConnectionSlot {
        slot.promote(ConnectionClass::Anonymous);
        slot.promote(ConnectionClass::SignedIn);
        slot
    }

    fn evicted(slots: &[ConnectionSlot]) -> Vec<usize> {
        let of = |(nth, slot): (usize, &ConnectionSlot)| slot.signals.is_evicted().then_some(nth);
        slots.iter().enumerate().filter_map(of).collect()
    }

    #[test]
    fn new_connection_evicts_the_oldest_silent_one_of_its_address() {
        let connections = connections(1000);
        let admit = |address: &str| connections.admit(from(address), &[]).unwrap();
        let mut slots = vec![anonymous(admit("192.0.2.1"))];
        slots.extend((1..ANONYMOUS_MAX).map(|_| admit("192.0.2.1")));
        let other = admit("192.0.2.2");
        assert!(evicted(&slots).is_empty());
        slots.push(admit("192.0.2.1"));
        assert_eq!(evicted(&slots), [1], "the oldest that never asked");
        assert!(!other.signals.is_evicted());
    }

    #[test]
    fn connection_with_an_open_request_is_not_evicted_for_its_address() {
        let connections = connections(1000);
        let busy: Vec<ConnectionSlot> = (0..ANONYMOUS_MAX)
            .map(|_| {
                let slot = anonymous(connections.admit(from("192.0.2.1"), &[]).unwrap());
                slot.signals.set_open_requests(1);
                slot
            })
            .collect();
        let refused = connections.admit(from("192.0.2.1"), &[]);
        assert_eq!(refused.err(), Some(Refused::Address));
        busy[7].signals.set_open_requests(0);
        assert!(connections.admit(from("192.0.2.1"), &[]).is_ok());
        assert_eq!(evicted(&busy), [7]);
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_a_trusted_proxy_is_none() {
        let connections = connections(1000);
        let max = ANONYMOUS_MAX;
        let network: Vec<ConnectionSlot> = (0..=max)
            .map(|n| {
                connections
                    .admit(from(&format!("2001:db8::{n:x}")), &[])
                    .unwrap()
            })
            .collect();
        assert_eq!(evicted(&network), [0]);
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for peer in [from("10.1.2.3"), from("::ffff:10.1.2.3"), Connected::Unix] {
            let many: Vec<ConnectionSlot> = (0..=max)
                .map(|_| connections.admit(peer, &trusted).unwrap())
                .collect();
            assert!(evicted(&many).is_empty(), "{peer:?}");
        }
    }

    #[test]
    fn anonymous_connections_are_evicted_first_and_open_signed_in_ones_never() {
        let connections = connections(4);
        let admit = || connections.admit(Connected::Unix, &[]).unwrap();
        let slots = [
            signed_in(admit()),
            signed_in(admit()),
            anonymous(admit()),
            admit(),
        ];
        slots[0].signals.set_open_requests(1);
        slots[2].signals.set_open_requests(1);
        let expected: [&[usize]; 3] = [&[3], &[2, 3], &[1, 2, 3]];
        let mut new = Vec::new();
        for expected in expected {
            new.push(signed_in(admit()));
            new.last().unwrap().signals.set_open_requests(1);
            assert_eq!(evicted(&slots), expected);
        }
        let refused = connections.admit(Connected::Unix, &[]);
        assert_eq!(refused.err(), Some(Refused::Full));
        drop(new);
        assert!(connections.admit(Connected::Unix, &[]).is_ok());
    }

    #[test]
    fn one_address_cannot_take_every_signed_in_slot() {
        let connections = connections(8);
        let admit = |address: &str| connections.admit(from(address), &[]).unwrap();
        let one: Vec<ConnectionSlot> = (0..8).map(|_| signed_in(admit("192.0.2.1"))).collect();
        for slot in &one {
            slot.signals.set_open_requests(1);
        }
        let others: Vec<ConnectionSlot> = (0..4).map(|_| signed_in(admit("192.0.2.2"))).collect();
        assert_eq!(evicted(&one), [4, 5, 6, 7]);
        assert!(evicted(&others).is_empty());
    }

    #[test]
    fn closed_connection_leaves_no_entry_in_the_table() {
        let connections = connections(8);
        for address in ["192.0.2.1", "2001:db8::1"] {
            let slot = connections.admit(from(address), &[]).unwrap();
            let slot = signed_in(slot);
            drop(slot);
        }
        drop(connections.admit(from("192.0.2.3"), &[]).unwrap());
        let table = connections.0.table();
        assert!(table.addresses.is_empty() && table.count() == 0 && table.open == 0);
    }

    #[tokio::test]
    async fn stop_signals_every_connection_and_waits_for_the_last() {
        let connections = connections(8);
        let slot = connections.admit(Connected::Unix, &[]).unwrap();
        let waiting = connections.clone();
        let stopped = tokio::spawn(async move { waiting.stop().await });
        while !slot.signals.is_stopping() {
            tokio::task::yield_now().await;
        }
        assert!(!stopped.is_finished());
        drop(slot);
        stopped.await.unwrap();
    }
}
