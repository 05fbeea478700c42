//! The task of the maildrop: serves requests, and notifies the open tabs of changes.

mod background;
mod change;
mod delete;
mod mailstore;
mod read;
mod session;

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{FolderId, UndoId};
use async_trait::async_trait;
use mail_net::Dialer;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::super::dependencies::Dependencies;
use super::super::error::AccountError;
use super::super::local_mail::LocalMail;
use super::super::open_pages::OpenPages;
use super::super::undo_table::UndoTable;
use super::super::worker::{self, RequestKind, Worker};
use super::lease::Maildrop;
use super::listing::Listing;
use super::local_marks::LocalMarks;
use super::messages::LoadedMessages;
use super::rows::RowCache;
use crate::clients::Access;
use crate::clients::budget::Budget;
use crate::domain::{AccountKey, INBOX_ID};
use change::MarkUndo;
use session::{Session, SignedIn, wait_for_end};

/// Timeouts and intervals. Tests use shorter ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// How long a session stays open after the last request.
    pub(super) linger: Duration,
    /// Polling interval for new mail while a page watches, and lifetime of a listing.
    pub(super) poll_interval: Duration,
    /// Maximum age of the listing for a request of the newest messages.
    pub(super) reload_after: Duration,
    /// How long deletes can be undone.
    pub(super) undo: Duration,
    /// Maximum wait of a request for the maildrop.
    pub(super) lease_wait: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            linger: Duration::from_secs(60),
            poll_interval: Duration::from_secs(60),
            reload_after: Duration::from_secs(10),
            undo: Duration::from_secs(10),
            lease_wait: Duration::from_secs(20),
        }
    }
}

/// Maximum time for the end of a session; messages that are not deleted by then are deleted after
/// the next sign-in.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The worker for the maildrop of one account in one session of the page.
pub(super) struct Pop3Worker {
    access: Access,
    dialer: Arc<Dialer>,
    /// The IP address of the browser whose sign-in form named the server, until it is counted with
    /// the first dial.
    client: Option<IpAddr>,
    pages: OpenPages,
    closing: CancellationToken,
    timing: Timing,
    maildrop: Arc<Maildrop>,
    /// Notifies of writes to the store by any session of the account.
    changes: watch::Receiver<u64>,
    /// The sign-in's session, until the first listing.
    signed_in: Option<SignedIn>,
    session: Option<Session>,
    /// The last listing of the maildrop, by any session.
    listing: Option<Arc<Listing>>,
    local_marks: LocalMarks,
    local_mail: LocalMail,
    account: AccountKey,
    rows: RowCache,
    budget: Budget,
    messages: LoadedMessages,
    undo: UndoTable<MarkUndo>,
    /// Deletes of this session of the page: they run before the session ends.
    own_deletes: Vec<UndoId>,
    /// The pause that the server requires between two sign-ins.
    login_delay: Duration,
    last_request: Instant,
    /// A page was shown an older listing: the next poll is due.
    is_poll_due: bool,
    /// The number of new messages, if there are changes that the open tabs were not notified of.
    pending_arrivals: Option<u32>,
    /// The number of consecutive failures of background work.
    failures: u32,
    retry_at: Option<Instant>,
    /// The password was refused: only a user's request retries it.
    refusal: Option<AccountError>,
}

/// An event that is not a request.
pub(super) enum Event {
    /// The server ended the session, or another session requests the lease.
    SessionEnded,
    /// A session of the account wrote to the store.
    StoreChanged,
    Timer,
}

impl Pop3Worker {
    fn new(
        access: Access,
        dependencies: Dependencies,
        maildrop: Arc<Maildrop>,
        timing: Timing,
    ) -> Self {
        let Dependencies {
            key,
            dialer,
            client,
            pages,
            closing,
            store,
            local_mail,
            budget,
        } = dependencies;
        Self {
            access,
            dialer,
            client,
            pages,
            closing,
            timing,
            local_marks: LocalMarks::new(store, key.clone(), Arc::clone(&maildrop)),
            local_mail,
            account: key,
            changes: maildrop.watch_changes(),
            maildrop,
            signed_in: None,
            session: None,
            listing: None,
            rows: RowCache::new(budget.share()),
            budget,
            messages: LoadedMessages::default(),
            undo: UndoTable::default(),
            own_deletes: Vec::new(),
            login_delay: Duration::ZERO,
            last_request: Instant::now(),
            is_poll_due: false,
            pending_arrivals: None,
            failures: 0,
            retry_at: None,
            refusal: None,
        }
    }

    /// Returns the polling interval for new mail.
    pub(super) fn poll_interval(&self) -> Duration {
        self.timing.poll_interval.max(self.login_delay)
    }

    /// Refreshes the state from the store and the listing, if another session changed them.
    pub(super) async fn refresh_state(&mut self) -> Result<(), AccountError> {
        self.local_marks.refresh().await?;
        if let Some(listing) = &self.listing {
            let deleted = self.maildrop.deleted_since(listing.fetched_at);
            if deleted.iter().any(|key| listing.entry(*key).is_some()) {
                self.listing = Some(Arc::new(listing.without(&deleted)));
            }
        }
        Ok(())
    }

    /// Notifies the open tabs if another session of the account marked or deleted messages.
    async fn on_store_change(&mut self) {
        if self.local_marks.is_current() {
            return;
        }
        match self.refresh_state().await {
            Ok(()) => self.record_change(0),
            Err(error) => debug!(%error, "what another session changed could not be read"),
        }
    }

    /// Takes over the listing of a session.
    pub(super) fn set_listing(&mut self, listing: Arc<Listing>) {
        self.is_poll_due = false;
        let before = self.listing.replace(Arc::clone(&listing));
        let Some(before) = before.filter(|before| !before.has_same_messages(&listing)) else {
            return;
        };
        let known: HashSet<_> = before.newest_first().map(|entry| entry.key).collect();
        let arrived = listing
            .newest_first()
            .filter(|entry| !known.contains(&entry.key))
            .count();
        self.record_change(u32::try_from(arrived).unwrap_or(u32::MAX));
    }

    /// Records a change that the open tabs must be notified of.
    pub(super) fn record_change(&mut self, arrived: u32) {
        self.pending_arrivals = Some(self.pending_arrivals.unwrap_or(0).saturating_add(arrived));
    }

    /// Runs the deletes of the page's session when it ends, due or not.
    async fn run_own_deletes(mut self) {
        self.end_session().await;
        let own = std::mem::take(&mut self.own_deletes);
        if self.refusal.is_none()
            && let Err(error) = self.run_deletes(self.timing.lease_wait, &own).await
        {
            warn!(%error, "messages could not be deleted; they are after the next sign-in");
        }
    }

    fn publish_changes(&mut self) {
        let Some(arrived) = self.pending_arrivals.take() else {
            return;
        };
        let (total, unread) = self.counts();
        self.pages.publish(LiveEvent::Folder {
            account: self.pages.account.clone(),
            folder: FolderId(INBOX_ID.to_owned()),
            total,
            unread: Some(unread),
            arrived,
        });
    }

    /// Tells the open tabs whether the mail server is reachable.
    fn publish_connection(&self, is_up: bool, retry_in_secs: u32) {
        let host = &self.access.endpoint.host;
        self.pages.publish_connection(host, is_up, retry_in_secs);
    }
}

#[async_trait]
impl worker::ConnectedMailstore for Pop3Worker {
    fn is_open(&self) -> bool {
        self.session.is_some()
    }

    fn is_connection_lost(&self, error: Option<&AccountError>) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.connection.is_in_command())
            || error.is_some_and(AccountError::is_connection_lost)
    }

    fn can_retry(&self, error: &AccountError) -> bool {
        error.is_connection_lost()
    }

    fn drop_connection(&mut self) {
        self.session = None;
    }

    /// Ends a session that is in the middle of a response.
    async fn abandon(&mut self) {
        drop(self.settle(Ok(())));
    }
}

#[async_trait]
impl Worker for Pop3Worker {
    type Event = Event;
    const IS_CANCELLED_ON_CLOSE: bool = true;

    async fn begin(&mut self) {
        self.last_request = Instant::now();
        let Some(signed_in) = self.signed_in.take() else {
            return;
        };
        let warm = self.warm_up(signed_in).await;
        if let Err(error) = self.settle(warm) {
            debug!(%error, "the first look at the maildrop failed");
        }
    }

    async fn next_event(&mut self) -> Event {
        let timer = self.next_timer();
        tokio::select! {
            biased;
            () = wait_for_end(&mut self.session) => Event::SessionEnded,
            // The sender lives as long as the maildrop, which this worker holds.
            _ = self.changes.changed() => Event::StoreChanged,
            () = sleep_until(timer) => Event::Timer,
        }
    }

    async fn on_event(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::SessionEnded => self.end_session().await,
            Event::StoreChanged => self.on_store_change().await,
            Event::Timer => self.on_timer().await,
        }
        ControlFlow::Continue(())
    }

    fn before_request(&mut self, kind: RequestKind) {
        if kind != RequestKind::Poll {
            self.last_request = Instant::now();
        }
    }

    async fn after_iteration(&mut self) {
        let session = self.session.as_ref();
        if session.is_some_and(|session| session.lease.has_waiters()) {
            self.end_session().await;
        }
        self.publish_changes();
    }

    async fn shut_down(self) {
        // Pending deletes of this session run before it ends.
        if timeout(CLOSE_TIMEOUT, self.run_own_deletes())
            .await
            .is_err()
        {
            warn!("the maildrop could not be left in time; what waits is deleted later");
        }
    }
}
