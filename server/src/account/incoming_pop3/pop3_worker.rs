//! The maildrop's task: hands out answers, and tells the open tabs what changed.

mod mailstore;

use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{AccountId, FolderId, UndoId};
use async_trait::async_trait;
use mail_net::Dialer;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::super::error::AccountError;
use super::super::incoming::INBOX_ID;
use super::super::incoming::Surroundings;
use super::super::worker::{self, RequestKind, Worker};
use super::change::UndoTable;
use super::lease::Maildrop;
use super::listing::Listing;
use super::local_marks::LocalMarks;
use super::messages::LoadedMessages;
use super::rows::RowCache;
use super::session::{Session, SignedIn, is_over};
use crate::clients::Access;
use crate::clients::budget::Budget;

/// How long things last. Tests have shorter times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// A session stays open for so long after the last request.
    pub(super) linger: Duration,
    /// New mail is looked for this often while somebody watches; a listing is right for so long.
    pub(super) polled_every: Duration,
    /// Whoever asks for the newest messages is not content with an older look than this.
    pub(super) reloaded_after: Duration,
    /// Deletes can be taken back for so long.
    pub(super) undo: Duration,
    /// A request waits for the maildrop for so long.
    pub(super) turn_wait: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            linger: Duration::from_secs(60),
            polled_every: Duration::from_secs(60),
            reloaded_after: Duration::from_secs(10),
            undo: Duration::from_secs(10),
            turn_wait: Duration::from_secs(20),
        }
    }
}

/// The end of a session is waited for at most so long; what is not deleted by then is deleted
/// after the next sign-in.
const CLOSE_MAX: Duration = Duration::from_secs(30);

/// The maildrop of one account in one session of the page.
pub(super) struct Pop3Worker {
    account: AccountId,
    pub(super) access: Access,
    pub(super) dialer: Arc<Dialer>,
    /// The address of the person who named the server, until it is counted with the first dial.
    pub(super) client: Option<IpAddr>,
    events: broadcast::Sender<LiveEvent>,
    /// Open pages.
    watchers: Arc<AtomicUsize>,
    pub(super) closing: CancellationToken,
    pub(super) timing: Timing,
    pub(super) maildrop: Arc<Maildrop>,
    /// What any session of the account writes to the store.
    changes: watch::Receiver<u64>,
    /// The sign-in's session, until the first look.
    pub(super) signed_in: Option<SignedIn>,
    pub(super) session: Option<Session>,
    /// The last look at the maildrop, by whichever session.
    pub(super) listing: Option<Arc<Listing>>,
    pub(super) kept: LocalMarks,
    pub(super) rows: RowCache,
    pub(super) budget: Budget,
    pub(super) messages: LoadedMessages,
    pub(super) undo: UndoTable,
    /// Deletes of this session of the page: they run before it ends.
    pub(super) own_deletes: Vec<UndoId>,
    /// The pause that the server wants between two sign-ins.
    pub(super) login_delay: Duration,
    pub(super) last_asked: Instant,
    /// Somebody saw the newest messages of an older look: the next one is due.
    pub(super) is_look_due: bool,
    /// Something changed that the open tabs do not know; so many messages are new.
    pub(super) news: Option<u32>,
    /// How often in a row something failed that nobody asked for.
    pub(super) failures: u32,
    pub(super) retry_at: Option<Instant>,
    /// The password was refused: only a person's request tries it again.
    pub(super) refusal: Option<AccountError>,
}

/// What happens to a maildrop's link by itself.
pub(super) enum Event {
    /// The server ended the session, or somebody else asks for the maildrop.
    SessionOver,
    /// A session of the account wrote to the store.
    Written,
    Timer,
}

impl Pop3Worker {
    pub(super) fn new(
        access: Access,
        surroundings: Surroundings,
        maildrop: Arc<Maildrop>,
        timing: Timing,
    ) -> Self {
        let Surroundings {
            key,
            dialer,
            client,
            events,
            watchers,
            closing,
            store,
            budget,
        } = surroundings;
        Self {
            account: key.id(),
            access,
            dialer,
            client,
            events,
            watchers,
            closing,
            timing,
            kept: LocalMarks::new(store, key, Arc::clone(&maildrop)),
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
            last_asked: Instant::now(),
            is_look_due: false,
            news: None,
            failures: 0,
            retry_at: None,
            refusal: None,
        }
    }

    /// How often new mail is looked for.
    pub(super) fn polled_every(&self) -> Duration {
        self.timing.polled_every.max(self.login_delay)
    }

    /// Reads what the store and the server have by now, where another session changed it.
    pub(super) async fn refresh_kept(&mut self) -> Result<(), AccountError> {
        self.kept.refresh().await?;
        if let Some(listing) = &self.listing {
            let deleted = self.maildrop.deleted_since(listing.taken_at);
            if deleted.iter().any(|key| listing.entry(*key).is_some()) {
                self.listing = Some(Arc::new(listing.without(&deleted)));
            }
        }
        Ok(())
    }

    /// Another session of the account marked or deleted something: the open tabs hear of it.
    async fn hear(&mut self) {
        if self.kept.is_current() {
            return;
        }
        match self.refresh_kept().await {
            Ok(()) => self.add_news(0),
            Err(error) => debug!(%error, "what another session changed could not be read"),
        }
    }

    /// Takes over what a session saw.
    pub(super) fn take_listing(&mut self, listing: Arc<Listing>) {
        self.is_look_due = false;
        let before = self.listing.replace(Arc::clone(&listing));
        let Some(before) = before.filter(|before| !before.has_same_messages(&listing)) else {
            return;
        };
        let known: HashSet<_> = before.newest_first().map(|entry| entry.key).collect();
        let arrived = listing
            .newest_first()
            .filter(|entry| !known.contains(&entry.key))
            .count();
        self.add_news(u32::try_from(arrived).unwrap_or(u32::MAX));
    }

    /// The open tabs have to be told that something changed.
    pub(super) fn add_news(&mut self, arrived: u32) {
        self.news = Some(self.news.unwrap_or(0).saturating_add(arrived));
    }

    /// The page's session ends: what it deleted is deleted, due or not.
    async fn run_own_deletes(mut self) {
        self.end_session().await;
        let own = std::mem::take(&mut self.own_deletes);
        if self.refusal.is_none()
            && let Err(error) = self.run_deletes(self.timing.turn_wait, &own).await
        {
            warn!(%error, "messages could not be deleted; they are after the next sign-in");
        }
    }

    /// Whether an open page wants to hear of changes.
    pub(super) fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    fn tell_news(&mut self) {
        let Some(arrived) = self.news.take() else {
            return;
        };
        let (total, unread) = self.counts();
        self.tell(LiveEvent::Folder {
            account: self.account.clone(),
            folder: FolderId(INBOX_ID.to_owned()),
            total,
            unread: Some(unread),
            arrived,
        });
    }

    /// Tells the open tabs whether the mail server answers.
    pub(super) fn tell_connection(&self, is_up: bool, retry_in_secs: u32) {
        self.tell(LiveEvent::Connection {
            account: self.account.clone(),
            host: self.access.endpoint.host.clone(),
            is_up,
            retry_in_secs,
        });
    }

    /// Tells the open tabs something. Nobody listening is no fault.
    fn tell(&self, event: LiveEvent) {
        let _ = self.events.send(event);
    }
}

#[async_trait]
impl worker::ConnectedMailstore for Pop3Worker {
    fn is_open(&self) -> bool {
        self.session.is_some()
    }

    fn is_lost_by(&self, error: Option<&AccountError>) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.connection.is_in_command())
            || error.is_some_and(AccountError::is_link_lost)
    }

    fn is_to_be_repeated(&self, error: &AccountError) -> bool {
        error.is_link_lost()
    }

    fn drop_connection(&mut self) {
        self.session = None;
    }

    /// A session in the middle of an answer ends with it.
    async fn abandon(&mut self) {
        drop(self.settle(Ok(())));
    }
}

#[async_trait]
impl Worker for Pop3Worker {
    type Event = Event;
    const IS_CUT_OFF: bool = true;

    async fn begin(&mut self) {
        self.last_asked = Instant::now();
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
            () = is_over(&mut self.session) => Event::SessionOver,
            // The sender lives as long as the maildrop, which this link holds.
            _ = self.changes.changed() => Event::Written,
            () = sleep_until(timer) => Event::Timer,
        }
    }

    async fn on_event(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::SessionOver => self.end_session().await,
            Event::Written => self.hear().await,
            Event::Timer => self.on_timer().await,
        }
        ControlFlow::Continue(())
    }

    fn before_answer(&mut self, kind: RequestKind) {
        if kind != RequestKind::Look {
            self.last_asked = Instant::now();
        }
    }

    async fn after_round(&mut self) {
        let session = self.session.as_ref();
        if session.is_some_and(|session| session.lease.is_asked_for()) {
            self.end_session().await;
        }
        self.tell_news();
    }

    async fn leave(self) {
        // What was deleted is deleted before the session ends.
        if timeout(CLOSE_MAX, self.run_own_deletes()).await.is_err() {
            warn!("the maildrop could not be left in time; what waits is deleted later");
        }
    }
}
