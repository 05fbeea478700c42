//! The maildrop's task: takes requests, hands out answers, and tells the open tabs what changed.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{AccountId, FolderId, UndoId};
use mail_net::Dialer;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::super::error::AccountError;
use super::super::model::{Request, SignIn};
use super::change::UndoTable;
use super::kept::Kept;
use super::lease::Maildrop;
use super::listing::Listing;
use super::messages::LoadedMessages;
use super::rows::RowCache;
use super::session::{Session, SignedIn, is_over};
use super::{INBOX_ID, Pop3Surroundings};
use crate::domain::Filed;
use crate::domain::Unsupported;

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
pub(super) struct Link {
    account: AccountId,
    pub(super) sign_in: SignIn,
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
    pub(super) session: Option<Session>,
    /// The last look at the maildrop, by whichever session.
    pub(super) listing: Option<Arc<Listing>>,
    pub(super) kept: Kept,
    pub(super) rows: RowCache,
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

enum Wake {
    Asked(Option<Request>),
    /// The server ended the session, or somebody else asks for the maildrop.
    SessionOver,
    /// A session of the account wrote to the store.
    Written,
    Timer,
    Close,
}

/// Runs a request again in a fresh session where an old one turned out to be dead.
macro_rules! on_live_session {
    ($link:ident, $operation:expr) => {{
        let was_open = $link.session.is_some();
        let mut result = $operation.await;
        if was_open && result.as_ref().is_err_and(AccountError::is_link_lost) {
            $link.session = None;
            result = $operation.await;
        }
        $link.settle(result)
    }};
}

/// Reads for a caller who may go away meanwhile: then the reading ends, and with it a session that
/// is in the middle of an answer.
macro_rules! read_for {
    ($link:ident, $reply:ident, $operation:expr) => {{
        let mut reply = $reply;
        let result = tokio::select! {
            biased;
            () = reply.closed() => None,
            result = async { on_live_session!($link, $operation) } => Some(result),
        };
        match result {
            Some(result) => drop(reply.send(result)),
            None => drop($link.settle(Ok(()))),
        }
    }};
}

impl Link {
    pub(super) fn new(
        sign_in: SignIn,
        surroundings: Pop3Surroundings,
        maildrop: Arc<Maildrop>,
        timing: Timing,
    ) -> Self {
        let Pop3Surroundings {
            key,
            dialer,
            client,
            events,
            watchers,
            closing,
            store,
        } = surroundings;
        Self {
            account: key.id(),
            sign_in,
            dialer,
            client,
            events,
            watchers,
            closing,
            timing,
            kept: Kept::new(store, key, Arc::clone(&maildrop)),
            changes: maildrop.watch_changes(),
            maildrop,
            session: None,
            listing: None,
            rows: RowCache::default(),
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

    /// Serves requests until nobody can ask any more, then deletes what waits and says QUIT.
    pub(super) async fn run(mut self, signed_in: SignedIn, mut requests: mpsc::Receiver<Request>) {
        let closing = self.closing.clone();
        self.last_asked = Instant::now();
        let warm = tokio::select! {
            biased;
            () = closing.cancelled() => Ok(()),
            warm = self.warm_up(signed_in) => warm,
        };
        if let Err(error) = self.settle(warm) {
            debug!(%error, "the first look at the maildrop failed");
        }
        loop {
            let timer = self.next_timer();
            let wake = tokio::select! {
                biased;
                () = closing.cancelled() => Wake::Close,
                request = requests.recv() => Wake::Asked(request),
                () = is_over(&mut self.session) => Wake::SessionOver,
                // The sender lives as long as the maildrop, which this link holds.
                _ = self.changes.changed() => Wake::Written,
                () = sleep_until(timer) => Wake::Timer,
            };
            match wake {
                Wake::Asked(Some(request)) => {
                    // The page asks for counts by itself; that is no use of the session.
                    if !matches!(request, Request::Folders { .. }) {
                        self.last_asked = Instant::now();
                    }
                    tokio::select! {
                        biased;
                        () = closing.cancelled() => {}
                        () = self.answer(request) => {}
                    }
                }
                Wake::SessionOver => self.end_session().await,
                Wake::Written => self.hear().await,
                Wake::Timer => self.on_timer().await,
                Wake::Asked(None) | Wake::Close => break,
            }
            let session = self.session.as_ref();
            if session.is_some_and(|session| session.lease.is_asked_for()) {
                self.end_session().await;
            }
            self.tell_news();
        }
        drop(requests);
        // What was deleted is deleted before the session ends.
        if timeout(CLOSE_MAX, self.leave()).await.is_err() {
            warn!("the maildrop could not be left in time; what waits is deleted later");
        }
    }

    async fn answer(&mut self, request: Request) {
        // A caller that is gone needs no answer: `send` may fail.
        match request {
            Request::Folders { reply } => {
                let result = self.folders().await;
                let _ = reply.send(self.settle(result));
            }
            Request::List {
                folder,
                window,
                reply,
            } => read_for!(self, reply, self.list(&folder, window)),
            Request::Open {
                folder,
                message,
                reply,
            } => {
                let boxed =
                    async |link: &mut Self| link.open(&folder, &message).await.map(Box::new);
                read_for!(self, reply, boxed(self));
            }
            Request::Structure {
                folder,
                message,
                part,
                reply,
            } => read_for!(self, reply, self.structure(&folder, &message, &part)),
            Request::Read {
                folder,
                message,
                section,
                offset,
                max_bytes,
                reply,
            } => read_for!(
                self,
                reply,
                self.read(&folder, &message, &section, offset, max_bytes)
            ),
            Request::Mark {
                folder,
                messages,
                mark,
                reply,
            } => {
                let result = self.mark(&folder, &messages, mark).await;
                let _ = reply.send(self.settle(result));
            }
            Request::Move {
                folder,
                messages,
                to,
                reply,
            } => {
                let result = self.move_messages(&folder, &messages, &to).await;
                let _ = reply.send(self.settle(result));
            }
            Request::Undo { undo, reply } => {
                let _ = reply.send(self.undo(&undo).await);
            }
            Request::MarkSource {
                folder,
                message,
                mark,
                reply,
            } => {
                let result = self.mark_source(&folder, &message, mark).await;
                let _ = reply.send(self.settle(result));
            }
            Request::CreateFolder { reply, .. } => {
                let _ = reply.send(Err(AccountError::Unsupported(Unsupported::Folders)));
            }
            // Nowhere to file it: the ledger is the record.
            Request::FileSent { reply, .. } => {
                let _ = reply.send(Ok(Filed::NotKept));
            }
            Request::KeepOneCopy { .. } => {}
        }
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
    async fn leave(mut self) {
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
            host: self.sign_in.incoming.host.clone(),
            is_up,
            retry_in_secs,
        });
    }

    /// Tells the open tabs something. Nobody listening is no fault.
    fn tell(&self, event: LiveEvent) {
        let _ = self.events.send(event);
    }
}
