//! Turns at a maildrop: POP3 locks it, so the sessions of a process must not meet there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::identity::MessageKey;
use crate::domain::AccountKey;

/// Deleted messages that are remembered for listings that were taken before.
const DELETED_MAX: usize = 1_000;

/// The maildrops that somebody in this process uses.
#[derive(Debug, Default)]
pub(super) struct Maildrops {
    by_account: Mutex<HashMap<AccountKey, Arc<Maildrop>>>,
}

/// One maildrop: whose turn it is, and when the server lets anybody sign in again.
#[derive(Debug)]
pub(super) struct Maildrop {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// How many wait for their turn.
    asking: watch::Sender<u32>,
    next_login_at: Mutex<Option<Instant>>,
    /// Counts what was written to the store about this maildrop, so that the account's other
    /// sessions notice.
    changes: watch::Sender<u64>,
    /// Messages that were deleted on the server, and when: older listings have them still.
    deleted: Mutex<VecDeque<(Instant, MessageKey)>>,
}

/// The right to have a session. Given up by dropping it, after QUIT.
#[derive(Debug)]
pub(super) struct Lease {
    maildrop: Arc<Maildrop>,
    _turn: OwnedMutexGuard<()>,
}

/// Why there is no session now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    /// Another session of this process is busy there.
    Held,
    /// The server wants a pause between two sign-ins (RFC 2449 §6.5).
    LoginDelay,
}

impl Maildrops {
    /// The ones of this process.
    pub(super) fn of_process() -> &'static Self {
        static MAILDROPS: LazyLock<Maildrops> = LazyLock::new(Maildrops::default);
        &MAILDROPS
    }

    /// The maildrop of an account, the same for all its sessions.
    pub(super) fn maildrop(&self, account: &AccountKey) -> Arc<Maildrop> {
        let mut by_account = lock(&self.by_account);
        // A pause that the server wants outlives the session that signed in.
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
            turn: Arc::default(),
            asking: watch::Sender::new(0),
            next_login_at: Mutex::new(None),
            changes: watch::Sender::new(0),
            deleted: Mutex::default(),
        }
    }
}

impl Maildrop {
    /// Waits for the turn, first come, first served, and then for the time that the server wants
    /// between two sign-ins. Whoever has the turn and does nothing is told to give it up.
    pub(super) async fn lease(self: &Arc<Self>, within: Duration) -> Result<Lease, Busy> {
        let until = Instant::now() + within;
        let asking = Asking::new(self);
        let turn = timeout_at(until, Arc::clone(&self.turn).lock_owned()).await;
        let turn = turn.map_err(|_| Busy::Held)?;
        drop(asking);
        if let Some(next) = self.next_login_at() {
            if next > until {
                return Err(Busy::LoginDelay);
            }
            sleep_until(next).await;
        }
        Ok(Lease {
            maildrop: Arc::clone(self),
            _turn: turn,
        })
    }

    /// When the server lets anybody sign in again, if that is not now.
    pub(super) fn next_login_at(&self) -> Option<Instant> {
        lock(&self.next_login_at).filter(|at| *at > Instant::now())
    }

    /// How often the store was written for this maildrop.
    pub(super) fn changes(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Tells of every write from now on.
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

    /// Notes messages that the server deleted.
    pub(super) fn note_deleted(&self, keys: &[MessageKey]) {
        let mut deleted = lock(&self.deleted);
        deleted.extend(keys.iter().map(|key| (Instant::now(), *key)));
        let over = deleted.len().saturating_sub(DELETED_MAX);
        deleted.drain(..over);
    }

    /// Messages that the server deleted since.
    pub(super) fn deleted_since(&self, since: Instant) -> Vec<MessageKey> {
        let deleted = lock(&self.deleted);
        let later = deleted.iter().filter(|(at, _)| *at >= since);
        later.map(|(_, key)| *key).collect()
    }
}

impl Lease {
    /// The server accepted a sign-in: the pause until the next counts from now.
    pub(super) fn signed_in(&self, login_delay: Duration) {
        let next = (!login_delay.is_zero()).then(|| Instant::now() + login_delay);
        *lock(&self.maildrop.next_login_at) = next;
    }

    /// Whether somebody waits for the turn.
    pub(super) fn is_asked_for(&self) -> bool {
        *self.maildrop.asking.borrow() > 0
    }

    /// Waits until somebody asks for the turn. Cancel-safe.
    pub(super) async fn asked_for(&self) {
        let mut asking = self.maildrop.asking.subscribe();
        // The sender lives in the maildrop, which this lease holds: waiting cannot fail.
        let _ = asking.wait_for(|count| *count > 0).await;
    }
}

/// Somebody who waits; counted until the turn comes or the wait is given up.
struct Asking<'a>(&'a Maildrop);

impl<'a> Asking<'a> {
    fn new(maildrop: &'a Maildrop) -> Self {
        maildrop
            .asking
            .send_modify(|count| *count = count.saturating_add(1));
        Self(maildrop)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0
            .asking
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds these locks can leave them half changed.
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
    async fn who_lingers_is_told_that_somebody_waits() {
        let maildrop = Arc::new(Maildrop::default());
        let held = maildrop.lease(SHORT).await.unwrap();
        assert!(!held.is_asked_for());
        let waiting = tokio::spawn({
            let maildrop = Arc::clone(&maildrop);
            async move { maildrop.lease(SHORT).await }
        });
        held.asked_for().await;
        assert!(held.is_asked_for());
        drop(held);
        let next = waiting.await.unwrap().unwrap();
        assert!(
            !next.is_asked_for(),
            "whoever has the turn no longer asks for it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_no_longer_asks() {
        let maildrop = Arc::new(Maildrop::default());
        let held = maildrop.lease(SHORT).await.unwrap();
        maildrop.lease(SHORT).await.unwrap_err();
        assert!(!held.is_asked_for());
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
