//! The live sessions: their accounts, events and waiting uploads.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use app::api::live::LiveEvent;
use app::api::types::AccountId;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::events::EventRing;
use super::turns::{Streams, Turns};
use super::{IDLE_MS, RENEW_MS};
use crate::account::AccountHandle;
use crate::account::lists::Lists;
use crate::account::uploads::Uploads;
use crate::limits;
use crate::store::sessions::RowKey;
use crate::store::{Store, now_unix_ms};

/// One session with its signed-in accounts.
#[derive(Debug)]
pub struct LiveSession {
    /// The key of its rows, which changes at each sign-in.
    key: RwLock<RowKey>,
    /// The name that its tabs share; it never changes.
    live_name: String,
    /// Its accounts, in the order they were opened. Never empty.
    accounts: RwLock<Arc<[AccountHandle]>>,
    /// Its last events.
    pub events: EventRing,
    /// Uploaded files that wait for their message.
    pub uploads: Arc<Uploads>,
    /// Message lists that are being assembled.
    pub lists: Lists,
    /// Permits for its requests.
    pub turns: Turns,
    /// Its open event streams.
    pub streams: Arc<Streams>,
    /// Held while a sign-in stores the session's accounts: the next one has to see them.
    sign_in: tokio::sync::Mutex<()>,
    used_at: AtomicI64,
    renewed_at: AtomicI64,
    over: CancellationToken,
}

impl LiveSession {
    /// Returns the key of its rows.
    pub fn key(&self) -> RowKey {
        let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
        key.clone()
    }

    /// Returns the name that its tabs share. It grants no access.
    pub fn live_name(&self) -> &str {
        &self.live_name
    }

    /// Waits until no other sign-in changes the session's accounts.
    pub async fn lock_sign_in(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.sign_in.lock().await
    }

    /// Returns its current accounts, in the order they were opened. Never empty.
    pub fn accounts(&self) -> Arc<[AccountHandle]> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&accounts)
    }

    /// Returns the account with this id if it belongs to this session.
    pub fn account(&self, id: &AccountId) -> Option<AccountHandle> {
        let accounts = self.accounts();
        accounts.iter().find(|account| account.id() == *id).cloned()
    }

    fn set_accounts(&self, accounts: Vec<AccountHandle>) {
        let mut own = self
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *own = accounts.into();
    }

    /// Returns a token that is cancelled when the session ends.
    pub fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Records a request; returns whether cookie and row are due for renewal.
    pub fn touch(&self, now: i64) -> bool {
        self.used_at.store(now, Ordering::Relaxed);
        let renewed_at = self.renewed_at.load(Ordering::Relaxed);
        now.saturating_sub(renewed_at) >= RENEW_MS
            && self
                .renewed_at
                .compare_exchange(renewed_at, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Returns the time since the last request.
    pub fn unused_ms(&self, now: i64) -> i64 {
        now.saturating_sub(self.used_at.load(Ordering::Relaxed))
    }

    fn is_idle(&self, now: i64) -> bool {
        self.unused_ms(now) >= IDLE_MS
    }

    /// Sort key for eviction: sessions without an open page first, the longest unused first.
    fn eviction_order(&self) -> (bool, i64) {
        (
            self.streams.is_any_open(),
            self.used_at.load(Ordering::Relaxed),
        )
    }

    fn shares_account_with(&self, accounts: &[AccountHandle]) -> bool {
        let own = self.accounts();
        let mut own = own.iter();
        own.any(|own| accounts.iter().any(|other| own.key() == other.key()))
    }
}

/// All live sessions of this process.
#[derive(Debug)]
pub struct Registry {
    sessions: RwLock<HashMap<RowKey, Arc<LiveSession>>>,
    store: Store,
    process_start_ms: i64,
    bounds: Bounds,
    /// The sessions evicted by a newer one of their account, oldest first.
    replaced: Mutex<VecDeque<RowKey>>,
}

/// Maximum numbers of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// For one account.
    pub per_account: usize,
    /// For all accounts.
    pub total: usize,
}

/// The error when no session can be evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no more sessions fit into this process")]
pub struct Full;

impl Registry {
    /// Creates an empty registry.
    pub fn new(store: Store, bounds: Bounds) -> Self {
        Self {
            bounds,
            replaced: Mutex::default(),
            sessions: RwLock::default(),
            store,
            process_start_ms: now_unix_ms(),
        }
    }

    /// Returns the live session with this key.
    pub fn find(&self, key: &RowKey) -> Option<Arc<LiveSession>> {
        self.sessions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    /// Returns the number of live sessions.
    pub fn len(&self) -> usize {
        self.sessions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Returns whether there are no live sessions.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a session that has just signed in; its row is already stored.
    ///
    /// If its account has too many sessions, the one that is unused for the longest time ends; if
    /// there are too many in all, one that is unused for [`limits::SESSION_UNUSED_MS`].
    ///
    /// # Errors
    /// [`Full`] if every session is in use.
    pub async fn admit(
        &self,
        key: RowKey,
        accounts: Vec<AccountHandle>,
    ) -> Result<Arc<LiveSession>, Full> {
        let now = now_unix_ms();
        let session = Arc::new(LiveSession {
            live_name: key.live_name().to_owned(),
            key: RwLock::new(key.clone()),
            accounts: RwLock::new(accounts.into()),
            events: EventRing::new(self.process_start_ms),
            uploads: Arc::default(),
            lists: Lists::default(),
            turns: Turns::default(),
            streams: Arc::default(),
            sign_in: tokio::sync::Mutex::default(),
            used_at: now.into(),
            renewed_at: now.into(),
            over: CancellationToken::new(),
        });
        // Checks and inserts under one lock, so that concurrent sign-ins count each other.
        let evicted = {
            let mut sessions = self
                .sessions
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let evicted = self.sessions_to_evict(&sessions, &session.accounts(), now)?;
            for old in &evicted {
                sessions.remove(&old.key());
            }
            sessions.insert(key, Arc::clone(&session));
            evicted
        };
        for account in session.accounts().iter() {
            forward_events(account.clone(), &session);
        }
        self.evict(evicted, &session).await;
        Ok(session)
    }

    /// Adds an account to a running session, or replaces the same account in it. The session's rows
    /// get a new key: the browser's earlier id becomes invalid. Other work continues; pending
    /// requests to the replaced account end.
    ///
    /// # Errors
    /// [`Full`] if the session has [`limits::SESSION_ACCOUNTS`], or has ended.
    pub async fn join(
        &self,
        session: &Arc<LiveSession>,
        key: RowKey,
        account: AccountHandle,
    ) -> Result<(), Full> {
        let now = now_unix_ms();
        let (former, replaced, evicted) = {
            let mut sessions = self
                .sessions
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let former = session.key();
            let own = sessions.remove(&former).ok_or(Full)?;
            let mut accounts = session.accounts().to_vec();
            let same = accounts
                .iter_mut()
                .find(|own| own.key() == account.key())
                .map(|same| std::mem::replace(same, account.clone()));
            // The session is not in the map now, so it does not count as one more.
            let joined = match same {
                Some(replaced) => Ok((Some(replaced), Vec::new())),
                None if accounts.len() >= limits::SESSION_ACCOUNTS => Err(Full),
                None => {
                    accounts.push(account.clone());
                    let evicted =
                        self.sessions_to_evict(&sessions, std::slice::from_ref(&account), now);
                    evicted.map(|evicted| (None, evicted))
                }
            };
            if let Ok((_, evicted)) = &joined {
                for old in evicted {
                    sessions.remove(&old.key());
                }
                session.set_accounts(accounts);
            }
            // The row already has its new key, whether or not the account was added.
            *session.key.write().unwrap_or_else(PoisonError::into_inner) = key.clone();
            sessions.insert(key, own);
            let (replaced, evicted) = joined?;
            (former, replaced, evicted)
        };
        // A concurrent sign-in may have changed the key since this request arrived.
        self.delete_row(&former).await;
        forward_events(account, session);
        session.events.push(LiveEvent::Resync);
        self.evict(evicted, session).await;
        if let Some(replaced) = replaced {
            replaced.close().await;
        }
        Ok(())
    }

    /// Removes an account from a running session, and closes it. Returns `false` if the account is
    /// unknown or the only one.
    pub async fn leave(&self, session: &LiveSession, account: &AccountId) -> bool {
        let removed = {
            // The lock serializes joining and leaving.
            let _sessions = self
                .sessions
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let mut accounts = session.accounts().to_vec();
            let index = accounts.iter().position(|own| own.id() == *account);
            let Some(index) = index.filter(|_| accounts.len() > 1) else {
                return false;
            };
            let removed = accounts.remove(index);
            session.set_accounts(accounts);
            removed
        };
        removed.close().await;
        session.events.push(LiveEvent::Resync);
        true
    }

    async fn evict(&self, evicted: Vec<Arc<LiveSession>>, newer: &LiveSession) {
        for session in evicted {
            tracing::info!("a session gave way to a newer one");
            let key = session.key();
            if session.shares_account_with(&newer.accounts()) {
                self.record_replaced(&key);
            }
            self.delete_row(&key).await;
            self.close(&session).await;
        }
    }

    /// Returns the sessions that have to end so that one more with these accounts can start.
    fn sessions_to_evict(
        &self,
        sessions: &HashMap<RowKey, Arc<LiveSession>>,
        accounts: &[AccountHandle],
        now: i64,
    ) -> Result<Vec<Arc<LiveSession>>, Full> {
        let mut same: Vec<&Arc<LiveSession>> = sessions
            .values()
            .filter(|session| session.shares_account_with(accounts))
            .collect();
        same.sort_by_key(|session| session.eviction_order());
        let excess = (same.len().saturating_add(1)).saturating_sub(self.bounds.per_account);
        let evicted: Vec<_> = same.into_iter().take(excess).cloned().collect();
        if !evicted.is_empty() || sessions.len() < self.bounds.total {
            return Ok(evicted);
        }
        let unused = sessions.values().filter(|session| {
            session.unused_ms(now) >= limits::SESSION_UNUSED_MS && !session.streams.is_any_open()
        });
        let least_recent = unused.min_by_key(|session| session.eviction_order());
        least_recent
            .map(|session| vec![Arc::clone(session)])
            .ok_or(Full)
    }

    fn record_replaced(&self, key: &RowKey) {
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        if replaced.len() >= limits::REPLACED_SESSIONS_MAX {
            replaced.pop_front();
        }
        replaced.push_back(key.clone());
    }

    /// Returns whether a newer session of its account evicted this session.
    pub fn was_replaced(&self, key: &RowKey) -> bool {
        let replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.contains(key)
    }

    /// Ends a session: deletes its row, ends its streams, closes its accounts.
    pub async fn end(&self, key: &RowKey) {
        let session = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        self.delete_row(key).await;
        if let Some(session) = session {
            self.close(&session).await;
        }
    }

    /// Ends a session, even if its key has changed since it was found.
    pub async fn end_found(&self, session: &LiveSession) {
        let key = {
            let mut sessions = self
                .sessions
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let key = session.key();
            sessions.remove(&key);
            key
        };
        self.delete_row(&key).await;
        self.close(session).await;
    }

    async fn delete_row(&self, key: &RowKey) {
        if let Err(error) = self.store.session_delete(key).await {
            tracing::error!(%error, "a session's row could not be deleted");
        }
    }

    /// Ends the sessions without a request in the last 12 hours.
    pub async fn end_idle(&self, now: i64) {
        let idle: Vec<RowKey> = {
            let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
            sessions
                .values()
                .filter(|s| s.is_idle(now))
                .map(|s| s.key())
                .collect()
        };
        for key in &idle {
            self.end(key).await;
        }
        if let Err(error) = self.store.session_delete_expired(now).await {
            tracing::error!(%error, "ended sessions could not be deleted");
        }
    }

    /// Wakes every outbox, so that it checks for messages that are due.
    pub fn wake_outboxes(&self) {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        for session in sessions.values() {
            session
                .accounts()
                .iter()
                .for_each(AccountHandle::wake_outbox);
        }
    }

    /// Closes every account on shutdown.
    pub async fn close_all(&self) {
        let all = std::mem::take(
            &mut *self
                .sessions
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
        futures_util::future::join_all(all.values().map(|session| self.close(session))).await;
    }

    async fn close(&self, session: &LiveSession) {
        session.over.cancel();
        let accounts = session.accounts();
        futures_util::future::join_all(accounts.iter().map(AccountHandle::close)).await;
        session.uploads.clear();
    }
}

/// Forwards an account's events to the ring of its session, until either ends.
fn forward_events(account: AccountHandle, session: &Arc<LiveSession>) {
    let events = account.subscribe();
    tokio::spawn(forward(account, events, Arc::clone(session)));
}

async fn forward(
    account: AccountHandle,
    mut events: broadcast::Receiver<LiveEvent>,
    session: Arc<LiveSession>,
) {
    loop {
        let event = tokio::select! {
            () = session.over.cancelled() => return,
            () = account.closed() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => session.events.push(event),
            Err(RecvError::Lagged(_)) => session.events.push(LiveEvent::Resync),
            Err(RecvError::Closed) => return,
        }
    }
}
