//! One connection's task: does what is asked, idles in between, tells what changed, reconnects.

mod background;

use std::sync::Arc;
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::Window;
use mail_net::Phase;
use mail_proto::imap::{Command, Mailbox};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info};

use super::super::backoff::backoff;
use super::super::error::AccountError;
use super::super::model::Request;
use super::connection::ImapConnection;
use super::hearing::{FolderChange, LinkId};
use super::list::fetch_rows_before;
use super::message::KeptWhole;
use super::read::{fetch_folders, folders_of, list_commands};
use super::row::Detail;
use super::selected::SelectedMailbox;
use super::shared::Shared;

/// Rows are right without asking for this long after the last answer.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// Changes that come together are told together …
const GATHER: Duration = Duration::from_millis(40);
/// … and not more often than this.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// The first pause before a broken connection is tried again is at most twice as long.
const BACKOFF: Duration = Duration::from_secs(1);

/// Which of the two connections a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkKind {
    /// Stays on INBOX.
    Inbox,
    /// Goes wherever it is needed.
    Other,
}

/// A connection, and what it takes to have one again.
pub(super) struct Link {
    pub(super) shared: Arc<Shared>,
    pub(super) kind: LinkKind,
    pub(super) id: LinkId,
    /// What the account's other links changed.
    heard: broadcast::Receiver<FolderChange>,
    /// Mailboxes that others changed, to be looked at once nobody waits.
    pub(super) to_look: Vec<Mailbox>,
    connection: Option<ImapConnection>,
    last_asked: Instant,
    tell_at: Option<Instant>,
    last_told: Option<Instant>,
    failures: u32,
    reconnect_at: Option<Instant>,
    /// The message that was read whole last.
    pub(super) whole: Option<KeptWhole>,
}

enum Wake {
    Asked(Option<Request>),
    Server(Result<(), AccountError>),
    Heard(Result<FolderChange, RecvError>),
    Timer,
    Close,
}

/// Reads for a caller who may go away meanwhile: then the reading ends, and what the server still
/// says to it is read and dropped, so that the next one finds the connection clean.
macro_rules! read_for {
    ($link:ident, $reply:ident, $operation:expr) => {{
        let mut reply = $reply;
        let result = tokio::select! {
            biased;
            () = reply.closed() => None,
            result = async { on_live_connection!($link, $operation) } => Some(result),
        };
        match result {
            Some(result) => {
                let _ = reply.send(result);
            }
            None => $link.abandon().await,
        }
    }};
}

/// Runs a request again on a fresh connection where an old one turned out to be dead.
macro_rules! on_live_connection {
    ($link:ident, $operation:expr) => {{
        let was_open = $link.connection.is_some();
        let mut result = $operation.await;
        // One that was too large is so again.
        let is_over_limit = result.as_ref().is_err_and(AccountError::is_over_limit);
        if was_open && result.is_err() && !is_over_limit && $link.is_lost_by(&result) {
            $link.drop_connection();
            result = $operation.await;
        }
        $link.settle(result)
    }};
}

impl Link {
    pub(super) fn new(
        shared: Arc<Shared>,
        kind: LinkKind,
        connection: Option<ImapConnection>,
    ) -> Self {
        let now = Instant::now();
        Self {
            heard: shared.changes.subscribe(),
            id: LinkId::new(),
            to_look: Vec::new(),
            shared,
            kind,
            connection,
            last_asked: now,
            tell_at: None,
            last_told: None,
            failures: 0,
            reconnect_at: None,
            whole: None,
        }
    }

    /// Serves requests until nobody can ask any more or the link is no longer needed.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        if self.kind == LinkKind::Inbox && self.connection.is_some() {
            let warm = self.warm_up().await;
            if let Err(error) = self.settle(warm) {
                debug!(%error, "the first look at the mailbox failed");
            }
        }
        let closing = self.shared.closing.clone();
        loop {
            let timer = self.next_timer();
            let wake = tokio::select! {
                request = requests.recv() => Wake::Asked(request),
                said = wait(&mut self.connection) => Wake::Server(said),
                change = self.heard.recv() => Wake::Heard(change),
                () = sleep_until(timer) => Wake::Timer,
                () = closing.cancelled() => Wake::Close,
            };
            match wake {
                Wake::Asked(Some(request)) => {
                    self.last_asked = Instant::now();
                    self.answer(request).await;
                    self.after_talk();
                }
                Wake::Server(Ok(())) => self.after_news(),
                Wake::Heard(change) => self.hear(change),
                Wake::Server(Err(error)) => self.lost(&error),
                Wake::Timer => {
                    if self.on_timer().await.is_break() {
                        break;
                    }
                }
                Wake::Asked(None) | Wake::Close => break,
            }
            if self.kind == LinkKind::Other {
                let selected = self.connection.as_ref().and_then(ImapConnection::selected);
                let selected = selected.map(SelectedMailbox::mailbox);
                self.shared.set_selected_by_other(selected);
            }
        }
        if self.kind == LinkKind::Other {
            self.shared.set_selected_by_other(None);
        }
        // What came in while the decision was made is still answered.
        requests.close();
        while let Ok(request) = requests.try_recv() {
            self.answer(request).await;
        }
        if let Some(connection) = self.connection.take() {
            connection.log_out().await;
        }
    }

    /// The live connection, opened if there is none.
    pub(super) async fn connection(&mut self) -> Result<&mut ImapConnection, AccountError> {
        if self.connection.is_none() {
            self.reconnect().await?;
        }
        self.connection.as_mut().ok_or(AccountError::SignedOut)
    }

    /// Selects a mailbox; what was not told of the old one is told before.
    pub(super) async fn select(&mut self, mailbox: &Mailbox) -> Result<(), AccountError> {
        let is_selected = |c: &ImapConnection| c.selected().is_some_and(|s| s.mailbox() == mailbox);
        if self.connection.as_ref().is_some_and(is_selected) {
            return Ok(());
        }
        self.tell_news();
        let connection = self.connection().await?;
        connection.select(mailbox).await
    }

    /// Lets the server report changes where nothing else makes it.
    pub(super) async fn refresh_if_stale(&mut self) -> Result<(), AccountError> {
        let connection = self.connection().await?;
        if !connection.is_idling() && connection.talked_at().elapsed() > FRESH_FOR {
            connection.run(vec![Command::Noop], Phase::Command).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, request: Request) {
        // A caller that is gone needs no answer: `send` may fail.
        match request {
            Request::Folders { reply } => {
                if let Some(folders) = self.shared.fresh_folders() {
                    let _ = reply.send(Ok(folders));
                    return;
                }
                read_for!(self, reply, self.folders());
            }
            Request::CreateFolder { role, name, reply } => {
                let result = self.create_folder(role, &name).await;
                let _ = reply.send(self.settle(result));
            }
            Request::List {
                folder,
                window,
                reply,
            } => {
                read_for!(self, reply, self.list(&folder, window));
            }
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
            } => {
                read_for!(self, reply, self.structure(&folder, &message, &part));
            }
            Request::Read {
                folder,
                message,
                section,
                offset,
                max_bytes,
                reply,
            } => {
                read_for!(
                    self,
                    reply,
                    self.read(&folder, &message, &section, offset, max_bytes)
                );
            }
            Request::Mark {
                folder,
                messages,
                mark,
                reply,
            } => {
                let _ = reply.send(on_live_connection!(
                    self,
                    self.mark(&folder, &messages, mark)
                ));
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
                let result = self.undo(&undo).await;
                let _ = reply.send(self.settle(result));
            }
            Request::MarkSource {
                folder,
                message,
                mark,
                reply,
            } => {
                let _ = reply.send(on_live_connection!(
                    self,
                    self.mark_source(&folder, &message, mark)
                ));
            }
            Request::FileSent {
                copy,
                message_id,
                filing,
                reply,
            } => {
                let result = self.file_sent(&copy, &message_id, filing).await;
                let _ = reply.send(self.settle(result));
            }
            Request::KeepOneCopy { message_id } => {
                let result = self.keep_one_copy(&message_id).await;
                if let Err(error) = self.settle(result) {
                    debug!(%error, "Sent could not be looked at again");
                }
            }
        }
    }

    /// The first window and the folders, before anybody asks: the browser is on its way to them.
    ///
    /// SELECT comes first: a server that counts the messages of a mailbox that it has open answers
    /// LIST with counts sooner. FETCH, NAMESPACE and LIST leave in one flight behind it.
    async fn warm_up(&mut self) -> Result<(), AccountError> {
        let connection = self.connection().await?;
        // Where SELECT is refused, no list may be shown: the page's own request selects.
        connection.select(&Mailbox::inbox()).await?;
        let commands = list_commands(connection);
        let fetched =
            fetch_rows_before(connection, 0, Window::PAGE, Detail::Full, commands).await?;
        let table = match fetched {
            (_, Some(answer)) => folders_of(connection, answer).await?,
            // An empty mailbox.
            (_, None) => fetch_folders(connection).await?,
        };
        self.shared.set_folders(table);
        self.after_talk();
        Ok(())
    }

    pub(super) fn after_talk(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.rest();
        }
        self.after_news();
    }

    fn after_news(&mut self) {
        let has_news = self
            .connection
            .as_ref()
            .and_then(ImapConnection::selected)
            .is_some_and(|s| s.has_news());
        if has_news && self.tell_at.is_none() {
            let soon = Instant::now() + GATHER;
            let earliest = self.last_told.map_or(soon, |told| told + TELL_EVERY);
            self.tell_at = Some(soon.max(earliest));
        }
    }

    fn is_watched(&self) -> bool {
        self.shared.is_watched()
    }

    /// Tells everybody who watches what changed in the selected mailbox.
    fn tell_news(&mut self) {
        self.tell_at = None;
        let Some(selected) = self
            .connection
            .as_mut()
            .and_then(ImapConnection::selected_mut)
        else {
            return;
        };
        let news = selected.take_news();
        if !news.is_any() {
            return;
        }
        self.last_told = Some(Instant::now());
        let mailbox = selected.mailbox().clone();
        let total = selected.exists();
        self.shared.tell_folder(&mailbox, total, news);
    }

    async fn reconnect(&mut self) -> Result<(), AccountError> {
        let mut connection = self.shared.open_connection().await?;
        let is_back = self.kind == LinkKind::Inbox && self.is_watched();
        if is_back {
            connection.select(&Mailbox::inbox()).await?;
        }
        connection.rest();
        self.connection = Some(connection);
        if self.failures > 0 {
            self.failures = 0;
            self.shared.tell_connection(true, 0);
        }
        if is_back {
            // What was missed meanwhile is not known: the page asks for everything again.
            self.shared.tell(LiveEvent::Resync);
        }
        Ok(())
    }

    /// The link is gone: forget it, and try again later if somebody watches.
    fn lost(&mut self, error: &AccountError) {
        self.drop_connection();
        if !self.is_watched() || self.kind == LinkKind::Other {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if error.is_password_refused() {
            // A refused password is never tried again by itself.
            self.shared.tell_connection(false, 0);
            return;
        }
        let pause = backoff(BACKOFF, self.failures);
        info!(%error, retry_in_secs = pause.as_secs(), "the link to the mail server was lost");
        self.reconnect_at = Some(Instant::now() + pause);
        let secs = u32::try_from(pause.as_secs()).unwrap_or(u32::MAX).max(1);
        if self.failures > 1 {
            self.shared.tell_connection(false, secs);
        }
    }

    /// The connection, where there is one.
    pub(super) fn open_connection(&self) -> Option<&ImapConnection> {
        self.connection.as_ref()
    }

    /// Lets go of a connection that cannot be used any more.
    pub(super) fn drop_if_over(&mut self) {
        if self
            .connection
            .as_ref()
            .is_some_and(ImapConnection::is_over)
        {
            self.drop_connection();
        }
    }

    pub(super) fn drop_connection(&mut self) {
        self.connection = None;
        self.tell_at = None;
    }

    /// The caller of a request that was being answered is gone.
    async fn abandon(&mut self) {
        if let Some(connection) = &mut self.connection
            && !connection.drain().await
        {
            self.drop_connection();
        }
    }

    /// After a broken protocol or a BYE a connection is never used again.
    fn settle<T>(&mut self, result: Result<T, AccountError>) -> Result<T, AccountError> {
        if self.is_lost_by(&result) {
            self.drop_connection();
        }
        result
    }

    fn is_lost_by<T>(&self, result: &Result<T, AccountError>) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(ImapConnection::is_over)
            || result.as_ref().is_err_and(AccountError::is_link_lost)
    }
}

/// Waits for the server's words; for ever where there is no connection.
async fn wait(connection: &mut Option<ImapConnection>) -> Result<(), AccountError> {
    match connection {
        Some(connection) => connection.wait().await,
        None => std::future::pending().await,
    }
}
