//! The sessions that are alive: their accounts' actors, events and waiting uploads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use app::api::live::LiveEvent;
use app::api::types::AccountId;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::events::EventRing;
use super::uploads::Uploads;
use super::{IDLE_MS, RENEW_MS};
use crate::account::AccountHandle;
use crate::store::sessions::RowKey;
use crate::store::spool::Spool;
use crate::store::{Store, now_unix_ms};

/// One session with its signed-in accounts.
#[derive(Debug)]
pub struct LiveSession {
    /// The key of its rows.
    pub key: RowKey,
    /// Its accounts, in the order they were opened. Never empty.
    pub accounts: Vec<AccountHandle>,
    /// Its last events.
    pub events: EventRing,
    /// Its files that wait for their message.
    pub uploads: Arc<Uploads>,
    used_at: AtomicI64,
    renewed_at: AtomicI64,
    over: CancellationToken,
}

impl LiveSession {
    /// The account with this id, if it is one of this session's own.
    pub fn account(&self, id: &AccountId) -> Option<&AccountHandle> {
        self.accounts.iter().find(|account| account.id() == *id)
    }

    /// Ends when the session does.
    pub fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Notes a request; tells whether cookie and row are due to be renewed.
    pub fn touch(&self, now: i64) -> bool {
        self.used_at.store(now, Ordering::Relaxed);
        let renewed_at = self.renewed_at.load(Ordering::Relaxed);
        now.saturating_sub(renewed_at) >= RENEW_MS
            && self
                .renewed_at
                .compare_exchange(renewed_at, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    fn is_idle(&self, now: i64) -> bool {
        now.saturating_sub(self.used_at.load(Ordering::Relaxed)) >= IDLE_MS
    }
}

/// All live sessions of this process.
#[derive(Debug)]
pub struct Registry {
    sessions: RwLock<HashMap<RowKey, Arc<LiveSession>>>,
    store: Store,
    spool: Spool,
    process_start_ms: i64,
}

impl Registry {
    /// An empty registry.
    pub fn new(store: Store, spool: Spool) -> Self {
        Self {
            sessions: RwLock::default(),
            store,
            spool,
            process_start_ms: now_unix_ms(),
        }
    }

    /// The live session with this key.
    pub fn find(&self, key: &RowKey) -> Option<Arc<LiveSession>> {
        self.sessions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    /// How many sessions are alive.
    pub fn len(&self) -> usize {
        self.sessions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether nobody is signed in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in a session that has just signed in; its row is in the store already.
    pub fn admit(&self, key: RowKey, accounts: Vec<AccountHandle>) -> Arc<LiveSession> {
        let now = now_unix_ms();
        let session = Arc::new(LiveSession {
            key: key.clone(),
            accounts,
            events: EventRing::new(self.process_start_ms),
            uploads: Arc::default(),
            used_at: now.into(),
            renewed_at: now.into(),
            over: CancellationToken::new(),
        });
        for account in &session.accounts {
            tokio::spawn(forward_events(account.clone(), Arc::clone(&session)));
        }
        let mut sessions = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        sessions.insert(key, Arc::clone(&session));
        session
    }

    /// Ends a session: its row goes, its streams end, its actors close.
    pub async fn end(&self, key: &RowKey) {
        let session = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        if let Err(error) = self.store.session_delete(key).await {
            tracing::error!(%error, "a session's row could not be deleted");
        }
        if let Some(session) = session {
            self.close(&session).await;
        }
    }

    /// Ends the sessions without a request in the last 12 hours.
    pub async fn end_idle(&self, now: i64) {
        let idle: Vec<RowKey> = {
            let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
            sessions
                .values()
                .filter(|s| s.is_idle(now))
                .map(|s| s.key.clone())
                .collect()
        };
        for key in &idle {
            self.end(key).await;
        }
        if let Err(error) = self.store.session_delete_expired(now).await {
            tracing::error!(%error, "ended sessions could not be deleted");
        }
    }

    /// Closes every actor, when the process stops.
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
        futures_util::future::join_all(session.accounts.iter().map(AccountHandle::close)).await;
        session.uploads.clear(&self.spool).await;
    }
}

/// Carries an account's events into the ring of its session, until that is over.
async fn forward_events(account: AccountHandle, session: Arc<LiveSession>) {
    let mut events = account.subscribe();
    loop {
        let event = tokio::select! {
            () = session.over.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => session.events.push(event),
            Err(RecvError::Lagged(_)) => session.events.push(LiveEvent::Resync),
            Err(RecvError::Closed) => return,
        }
    }
}
