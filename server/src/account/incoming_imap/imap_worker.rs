//! The task of one connection: executes requests, idles in between, publishes changes, reconnects.

mod arrange;
mod background;
mod change;
mod changed_elsewhere;
mod compared;
mod drafts;
mod fetch_message;
mod fetched;
mod file_sent;
mod list;
mod list_folders;
mod mailstore;
mod message;
mod moving;
mod read_whole;
mod search;
mod shown_texts;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::Window;
use async_trait::async_trait;
use mail_net::Phase;
use mail_proto::imap::{Command, Mailbox};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info};

use super::super::backoff::backoff;
use super::super::error::AccountError;
use super::super::worker::{self, ConnectedMailstore as _, RequestKind, Worker};
use super::folder_changes::{FolderChange, WorkerId};
use super::row::Detail;
use super::selected::ImapConnection;
use super::selected::SelectedMailbox;
use super::shared::Shared;
use crate::clients::imap::MailboxState as _;
use list::fetch_rows_before;
use list_folders::{fetch_folders, folders_of, list_commands};
use read_whole::CachedWhole;

/// Rows are used without a round trip for this long after the last response.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// Changes are collected for this long before they are published …
const PUBLISH_DELAY: Duration = Duration::from_millis(40);
/// … and published at most this often.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);
/// Base of the reconnect pause: the first pause is at most twice as long.
const BACKOFF: Duration = Duration::from_secs(1);

/// Which of the two connections a worker has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImapWorkerKind {
    /// Stays on INBOX.
    Inbox,
    /// Selects any other mailbox.
    Other,
}

/// A connection, and the state needed to reopen it.
pub(super) struct ImapWorker {
    shared: Arc<Shared>,
    kind: ImapWorkerKind,
    id: WorkerId,
    /// Changes by the account's other workers.
    folder_changes: broadcast::Receiver<FolderChange>,
    /// Mailboxes that other workers changed, to be checked once no request waits.
    pending_checks: Vec<Mailbox>,
    connection: Option<ImapConnection>,
    last_request: Instant,
    publish_at: Option<Instant>,
    last_published: Option<Instant>,
    failures: u32,
    reconnect_at: Option<Instant>,
    /// The last message that was fetched whole.
    whole: Option<CachedWhole>,
    /// Whether the server refuses `BODY[1.MIME]`.
    refuses_part_headers: bool,
}

/// An event that is not a request.
pub(super) enum Event {
    Server(Result<(), AccountError>),
    FolderChanged(Result<FolderChange, RecvError>),
    Timer,
}

impl ImapWorker {
    pub(super) fn new(
        shared: Arc<Shared>,
        kind: ImapWorkerKind,
        connection: Option<ImapConnection>,
    ) -> Self {
        let now = Instant::now();
        Self {
            folder_changes: shared.changes.subscribe(),
            id: WorkerId::new(),
            pending_checks: Vec::new(),
            shared,
            kind,
            connection,
            last_request: now,
            publish_at: None,
            last_published: None,
            failures: 0,
            reconnect_at: None,
            whole: None,
            refuses_part_headers: false,
        }
    }

    /// Returns the connection; opens it if there is none.
    pub(super) async fn connection(&mut self) -> Result<&mut ImapConnection, AccountError> {
        if self.connection.is_none() {
            self.reconnect().await?;
        }
        self.connection.as_mut().ok_or(AccountError::SignedOut)
    }

    /// Selects a mailbox; pending changes of the old one are published first.
    pub(super) async fn select(&mut self, mailbox: &Mailbox) -> Result<(), AccountError> {
        let is_selected = |c: &ImapConnection| c.selected().is_some_and(|s| s.mailbox() == mailbox);
        if self.connection.as_ref().is_some_and(is_selected) {
            return Ok(());
        }
        self.publish_changes();
        let connection = self.connection().await?;
        Ok(connection.select(mailbox).await?)
    }

    /// Sends NOOP if the connection does not idle and the last response is too old.
    pub(super) async fn refresh_if_stale(&mut self) -> Result<(), AccountError> {
        let connection = self.connection().await?;
        if !connection.is_idling() && connection.talked_at().elapsed() > FRESH_FOR {
            connection.run(vec![Command::Noop], Phase::Command).await?;
        }
        Ok(())
    }

    /// Fetches the first window and the folders at sign-in, before the browser requests them.
    ///
    /// SELECT is sent first: a server that counts the messages of a selected mailbox answers LIST
    /// with counts sooner. FETCH, NAMESPACE and LIST are pipelined after it.
    async fn warm_up(&mut self) -> Result<(), AccountError> {
        let connection = self.connection().await?;
        // If SELECT is refused, there is no list to show: the page's own request selects.
        connection.select(&Mailbox::inbox()).await?;
        let commands = list_commands(connection);
        let fetched =
            fetch_rows_before(connection, 0, Window::PAGE, Detail::Full, commands).await?;
        let table = match fetched {
            (_, Some(responses)) => folders_of(connection, responses).await?,
            // The mailbox is empty, so that no FETCH was sent.
            (_, None) => fetch_folders(connection).await?,
        };
        self.shared.set_folders(table);
        self.after_command();
        Ok(())
    }

    pub(super) fn after_command(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.begin_idle_phase();
        }
        self.schedule_publish();
    }

    fn schedule_publish(&mut self) {
        let has_pending_changes = self
            .connection
            .as_ref()
            .and_then(ImapConnection::selected)
            .is_some_and(|s| s.has_pending_changes());
        if has_pending_changes && self.publish_at.is_none() {
            let soon = Instant::now() + PUBLISH_DELAY;
            let earliest = self
                .last_published
                .map_or(soon, |last| last + PUBLISH_INTERVAL);
            self.publish_at = Some(soon.max(earliest));
        }
    }

    fn is_watched(&self) -> bool {
        self.shared.pages.is_watched()
    }

    /// Publishes the changes of the selected mailbox to the open pages.
    fn publish_changes(&mut self) {
        self.publish_at = None;
        let Some(selected) = self
            .connection
            .as_mut()
            .and_then(ImapConnection::selected_mut)
        else {
            return;
        };
        let changes = selected.take_pending_changes();
        if !changes.is_any() {
            return;
        }
        self.last_published = Some(Instant::now());
        let mailbox = selected.mailbox().clone();
        let total = selected.exists();
        self.shared.publish_folder(&mailbox, total, changes);
    }

    async fn reconnect(&mut self) -> Result<(), AccountError> {
        let mut connection = self.shared.open_connection().await?;
        let is_resync_needed = self.kind == ImapWorkerKind::Inbox && self.is_watched();
        if is_resync_needed {
            connection.select(&Mailbox::inbox()).await?;
        }
        connection.begin_idle_phase();
        self.connection = Some(connection);
        if self.failures > 0 {
            self.failures = 0;
            self.shared.publish_connection(true, 0);
        }
        if is_resync_needed {
            // Changes during the outage are unknown: the page reloads everything.
            self.shared.pages.publish(LiveEvent::Resync);
        }
        Ok(())
    }

    /// Drops a lost connection, and schedules a reconnect if a page watches.
    fn on_connection_lost(&mut self, error: &AccountError) {
        self.forget_connection();
        if !self.is_watched() || self.kind == ImapWorkerKind::Other {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if error.is_password_refused() {
            // A refused password is never retried automatically.
            self.shared.publish_connection(false, 0);
            return;
        }
        let pause = backoff(BACKOFF, self.failures);
        info!(%error, retry_in_secs = pause.as_secs(), "the link to the mail server was lost");
        self.reconnect_at = Some(Instant::now() + pause);
        let secs = u32::try_from(pause.as_secs()).unwrap_or(u32::MAX).max(1);
        if self.failures > 1 {
            self.shared.publish_connection(false, secs);
        }
    }

    /// Returns the connection, if it is open.
    pub(super) fn open_connection(&self) -> Option<&ImapConnection> {
        self.connection.as_ref()
    }

    /// Drops a connection that is over.
    pub(super) fn drop_if_over(&mut self) {
        if self
            .connection
            .as_ref()
            .is_some_and(ImapConnection::is_over)
        {
            self.drop_connection();
        }
    }

    pub(super) fn forget_connection(&mut self) {
        self.connection = None;
        self.publish_at = None;
    }

    /// Drops the connection after a protocol error or a BYE; it is never reused.
    fn settle<T>(&mut self, result: Result<T, AccountError>) -> Result<T, AccountError> {
        if worker::ConnectedMailstore::is_connection_lost(self, result.as_ref().err()) {
            self.forget_connection();
        }
        result
    }
}

#[async_trait]
impl worker::ConnectedMailstore for ImapWorker {
    fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    fn is_connection_lost(&self, error: Option<&AccountError>) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(ImapConnection::is_over)
            || error.is_some_and(AccountError::is_connection_lost)
    }

    fn can_retry(&self, error: &AccountError) -> bool {
        // A response that was over the limit would be over it again.
        !error.is_over_limit() && self.is_connection_lost(Some(error))
    }

    fn drop_connection(&mut self) {
        self.forget_connection();
    }

    /// The rest of the response is read and dropped.
    async fn abandon(&mut self) {
        if let Some(connection) = &mut self.connection
            && !connection.drain().await
        {
            self.forget_connection();
        }
    }
}

#[async_trait]
impl Worker for ImapWorker {
    type Event = Event;
    const IS_CANCELLED_ON_CLOSE: bool = false;

    async fn begin(&mut self) {
        if self.kind == ImapWorkerKind::Inbox && self.connection.is_some() {
            let warm = self.warm_up().await;
            if let Err(error) = self.settle(warm) {
                debug!(%error, "the first look at the mailbox failed");
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        let timer = self.next_timer();
        tokio::select! {
            received = wait(&mut self.connection) => Event::Server(received),
            change = self.folder_changes.recv() => Event::FolderChanged(change),
            () = sleep_until(timer) => Event::Timer,
        }
    }

    async fn on_event(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Server(Ok(())) => self.schedule_publish(),
            Event::Server(Err(error)) => self.on_connection_lost(&error),
            Event::FolderChanged(change) => self.on_folder_change(change),
            Event::Timer => return self.on_timer().await,
        }
        ControlFlow::Continue(())
    }

    fn before_request(&mut self, _kind: RequestKind) {
        self.last_request = Instant::now();
    }

    fn after_request(&mut self) {
        self.after_command();
    }

    async fn after_iteration(&mut self) {
        if self.kind == ImapWorkerKind::Other {
            let selected = self.connection.as_ref().and_then(ImapConnection::selected);
            let selected = selected.map(SelectedMailbox::mailbox);
            self.shared.set_selected_by_other(selected);
        }
    }

    async fn shut_down(mut self) {
        if self.kind == ImapWorkerKind::Other {
            self.shared.set_selected_by_other(None);
        }
        if let Some(connection) = self.connection.take() {
            connection.log_out().await;
        }
    }
}

/// Waits for data from the server; forever if there is no connection.
async fn wait(connection: &mut Option<ImapConnection>) -> Result<(), AccountError> {
    match connection {
        Some(connection) => Ok(connection.wait().await?),
        None => std::future::pending().await,
    }
}
