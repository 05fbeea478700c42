//! Leases of a maildrop: POP3 locks it, so the sessions of a process must not overlap.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::identity::MessageKey;
use crate::domain::AccountKey;

/// Maximum number of deleted messages that are remembered for older listings.
const DELETED_MAX: usize = 1_000;

/// The maildrops in use in this process.
#[derive(Debug, Default)]
pub(super) struct Maildrops {
    by_account: Mutex<HashMap<AccountKey, Arc<Maildrop>>>,
}

/// One maildrop: its lease, and when the server permits the next sign-in.
#[derive(Debug)]
pub(super) struct Maildrop {
    session_lock: Arc<tokio::sync::Mutex<()>>,
    /// How many sessions wait for the lease.
    waiters: watch::Sender<u32>,
    next_login_at: Mutex<Option<Instant>>,
    /// Counts writes to the store for this maildrop, so that the account's other sessions notice.
    changes: watch::Sender<u64>,
    /// Messages that were deleted on the server, and when: older listings still have them.
    deleted: Mutex<VecDeque<(Instant, MessageKey)>>,
}

/// The right to have a session. Released by dropping it, after QUIT.
#[derive(Debug)]
pub(super) struct Lease {
    maildrop: Arc<Maildrop>,
    _guard: OwnedMutexGuard<()>,
}

/// Why a session cannot begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    /// Another session of this process has the lease.
    Held,
    /// The server requires a pause between two sign-ins (RFC 2449 §6.5).
    LoginDelay,
}

impl Maildrops {
    /// Returns the maildrops of this process.
    pub(super) fn of_process() -> &'static Self {
        static MAILDROPS: LazyLock<Maildrops> = LazyLock::new(Maildrops::default);
        &MAILDROPS
    }

    /// Returns the maildrop of an account, the same for all its sessions.
    pub(super) fn maildrop(&self, account: &AccountKey) -> Arc<Maildrop> {
        let mut by_account = lock(&self.by_account);
        // A pause that the server requires outlives the session that signed in.
        by_account.retain(|known, maildrop| {
            known == account
                || Arc::strong_count(maildrop) > 1
                || maildrop.next_login_at().is_some()
        });
        Arc::clone(by_account.entry(account.clone()).or_default())
    }
}

impl Default for Maildrop {
    fn default() -> Self {
        Self {
            session_lock: Arc::default(),
            waiters: watch::Sender::new(0),
            next_login_at: Mutex::new(None),
            changes: watch::Sender::new(0),
            deleted: Mutex::default(),
        }
    }
}

impl Maildrop {
    /// Waits for the lease, first come, first served, and then until the server permits the next
    /// sign-in. A session that holds the lease without working is asked to release it.
    pub(super) async fn lease(self: &Arc<Self>, within: Duration) -> Result<Lease, Busy> {
        let until = Instant::now() + within;
        let waiter = Waiter::new(self);
        let guard = timeout_at(until, Arc::clone(&self.session_lock).lock_owned()).await;
        let guard = guard.map_err(|_| Busy::Held)?;
        drop(waiter);
        if let Some(next) = self.next_login_at() {
            if next > until {
                return Err(Busy::LoginDelay);
            }
            sleep_until(next).await;
        }
        Ok(Lease {
            maildrop: Arc::clone(self),
            _guard: guard,
        })
    }

    /// Returns when the server permits the next sign-in, if that is not now.
    pub(super) fn next_login_at(&self) -> Option<Instant> {
        lock(&self.next_login_at).filter(|at| *at > Instant::now())
    }

    /// Returns how often the store was written for this maildrop.
    pub(super) fn changes(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Subscribes to the count of writes.
    pub(super) fn watch_changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Counts a write. To be called once it is durable. Returns the count before it.
    pub(super) fn count_change(&self) -> u64 {
        let mut before = 0;
        self.changes.send_modify(|count| {
            before = *count;
            *count = count.wrapping_add(1);
        });
        before
    }

    /// Records messages that the server deleted.
    pub(super) fn record_deleted(&self, keys: &[MessageKey]) {
        let mut deleted = lock(&self.deleted);
        deleted.extend(keys.iter().map(|key| (Instant::now(), *key)));
        let excess = deleted.len().saturating_sub(DELETED_MAX);
        deleted.drain(..excess);
    }

    /// Returns the messages that the server deleted since a time.
    pub(super) fn deleted_since(&self, since: Instant) -> Vec<MessageKey> {
        let deleted = lock(&self.deleted);
        let later = deleted.iter().filter(|(at, _)| *at >= since);
        later.map(|(_, key)| *key).collect()
    }
}

impl Lease {
    /// Records an accepted sign-in: the pause until the next one starts now.
    pub(super) fn signed_in(&self, login_delay: Duration) {
        let next = (!login_delay.is_zero()).then(|| Instant::now() + login_delay);
        *lock(&self.maildrop.next_login_at) = next;
    }

    /// Whether another session waits for the lease.
    pub(super) fn has_waiters(&self) -> bool {
        *self.maildrop.waiters.borrow() > 0
    }

    /// Waits until another session requests the lease. Cancel-safe.
    pub(super) async fn wait_until_requested(&self) {
        let mut waiters = self.maildrop.waiters.subscribe();
        // The sender is in the maildrop, which this lease holds: waiting cannot fail.
        let _ = waiters.wait_for(|count| *count > 0).await;
    }
}

/// A waiting session; counted until it gets the lease or stops waiting.
struct Waiter<'a>(&'a Maildrop);

impl<'a> Waiter<'a> {
    fn new(maildrop: &'a Maildrop) -> Self {
        maildrop
            .waiters
            .send_modify(|count| *count = count.saturating_add(1));
        Self(maildrop)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0
            .waiters
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that holds these locks can panic with the data half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(1);

    fn key(text: &str) -> AccountKey {
        AccountKey(text.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn two_sessions_of_an_account_take_turns_and_other_accounts_do_not_wait() {
        let maildrops = Maildrops::default();
        let (first, same) = (maildrops.maildrop(&key("a")), maildrops.maildrop(&key("a")));
        let other = maildrops.maildrop(&key("b"));
        let held = first.lease(SHORT).await.unwrap();
        assert_eq!(same.lease(SHORT).await.unwrap_err(), Busy::Held);
        other.lease(SHORT).await.unwrap();
        drop(held);
        same.lease(SHORT).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn lease_holder_is_notified_of_a_waiting_session() {
        let maildrop = Arc::new(Maildrop::default());
        let held = maildrop.lease(SHORT).await.unwrap();
        assert!(!held.has_waiters());
        let waiting = tokio::spawn({
            let maildrop = Arc::clone(&maildrop);
            async move { maildrop.lease(SHORT).await }
        });
        held.wait_until_requested().await;
        assert!(held.has_waiters());
        drop(held);
        let next = waiting.await.unwrap().unwrap();
        assert!(
            !next.has_waiters(),
            "whoever has the turn no longer asks for it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn session_that_stops_waiting_is_no_longer_counted() {
        let maildrop = Arc::new(Maildrop::default());
        let held = maildrop.lease(SHORT).await.unwrap();
        maildrop.lease(SHORT).await.unwrap_err();
        assert!(!held.has_waiters());
    }

    // docs/protocols.md, POP3: EXPIRE, LOGIN-DELAY, IMPLEMENTATION
    #[tokio::test(start_paused = true)]
    async fn a_new_session_waits_for_login_delay_counted_from_the_sign_in() {
        let maildrop = Arc::new(Maildrop::default());
        let start = Instant::now();
        let lease = maildrop.lease(SHORT).await.unwrap();
        lease.signed_in(Duration::from_secs(30));
        tokio::time::advance(Duration::from_secs(10)).await;
        drop(lease);
        assert_eq!(maildrop.lease(SHORT).await.unwrap_err(), Busy::LoginDelay);
        maildrop.lease(Duration::from_secs(60)).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(30));
        assert!(start.elapsed() < Duration::from_secs(31));
        assert_eq!(maildrop.next_login_at(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn login_delay_outlives_the_session_that_signed_in() {
        let maildrops = Maildrops::default();
        let lease = maildrops.maildrop(&key("a")).lease(SHORT).await.unwrap();
        lease.signed_in(Duration::from_secs(30));
        drop(lease);
        maildrops.maildrop(&key("b"));
        let again = maildrops.maildrop(&key("a"));
        assert!(again.lease(SHORT).await.is_err());
        tokio::time::advance(Duration::from_secs(31)).await;
        drop(again);
        maildrops.maildrop(&key("b"));
        assert_eq!(
            lock(&maildrops.by_account).len(),
            1,
            "what nobody uses is forgotten"
        );
    }
}
