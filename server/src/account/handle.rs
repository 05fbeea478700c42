//! Sign-in, and the handle through which a session uses its account.

mod account_lists;
pub(crate) mod contacts;
mod couriers;
mod identities;
mod images;
mod invitations;
mod leave;
mod nested;
mod people;
pub(crate) mod supplements;
mod templates;
mod upkeep;

use std::net::IpAddr;
use std::sync::Arc;

use app::api::live::LiveEvent;
use app::api::types::{AccountId, DraftId, FolderId, Limitation, MessageId, OutboxId, PartId};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use mail_mime::transfer::Decoder;
use mail_mime::tree::Part;
use mail_net::Dialer;
use mail_net::transcript::Entry;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::body::{Bodies, BodyBudget};
use super::dependencies::Dependencies;
use super::error::AccountError;
use super::incoming::Incoming;
use super::local_mail::LocalMail;
use super::mailstore::Mailstore;
use super::model::{SignIn, now_unix_ms};
use super::open_pages::{OpenPages, Watcher};
use super::outbox::{Couriers, Outbox, OutboxMailbox};
use super::worker::{Request, RequestKind, RequestTarget};
use crate::clients::ClientError;
use crate::clients::budget::Budget;
use crate::clients::smtp::SubmissionServer;
use crate::domain::{AccountKey, ComposingChoices, Opened, Protocol, Section};
use crate::limits::PREPARED_CONNECTIONS;
use crate::store::Store;
use crate::store::outbox::Ledger;
use crate::store::seal::{BrowserKeys, Sealer};
use crate::store::spool::Spool;

/// Window size of a download, in bytes.
const WINDOW_BYTES: u32 = 1 << 20;

/// The state that all accounts of the process share.
#[derive(Debug, Clone)]
pub struct Accounts {
    dialer: Arc<Dialer>,
    store: Store,
    sealer: Arc<Sealer>,
    spool: Spool,
    ledger: Ledger,
    local_mail: LocalMail,
    bodies: BodyBudget,
    /// The memory budget for the mail of all accounts.
    memory: Budget,
    prepared: Arc<Semaphore>,
    couriers: Arc<Couriers>,
}

impl Accounts {
    /// Creates the one `Accounts` of a process.
    pub fn new(dialer: Arc<Dialer>, store: Store, sealer: Arc<Sealer>, spool: Spool) -> Self {
        let ledger = Ledger::new(store.clone(), Arc::clone(&sealer));
        let local_mail = LocalMail::new(store.clone(), Arc::clone(&sealer), spool.clone());
        Self {
            dialer,
            store,
            sealer,
            spool,
            ledger,
            local_mail,
            bodies: BodyBudget::default(),
            memory: Budget::of_process(),
            prepared: Arc::new(Semaphore::new(PREPARED_CONNECTIONS)),
            couriers: Arc::default(),
        }
    }

    /// Signs in to the incoming server, with a single attempt.
    ///
    /// `client` is the IP address of the browser that sent the form: the limit on named servers,
    /// the outgoing one included, is counted for it. Messages that waited for this account's
    /// sign-in are sent from now on.
    ///
    /// # Errors
    /// [`AccountError`]: the step that failed, and the cause.
    pub async fn open(
        &self,
        sign_in: SignIn,
        client: Option<IpAddr>,
    ) -> Result<AccountHandle, AccountError> {
        // The outgoing server is named now and dialled later: it is counted now. Later dials of
        // either server are not counted: another client at this address could use up the limit, and
        // no mail would be sent.
        let outgoing = sign_in.outgoing_access().endpoint;
        self.dialer
            .admit(&outgoing, client)
            .map_err(|error| ClientError::Dial {
                protocol: Protocol::Smtp,
                endpoint: outgoing,
                error,
            })?;
        let server = &sign_in.incoming;
        let keys =
            self.sealer
                .account_keys(server.kind, &server.host, server.port, sign_in.login());
        let browser_keys = self
            .sealer
            .browser_keys(&keys)
            .map_err(|e| AccountError::store(e.into()))?;
        let key = keys.current;
        let pages = OpenPages::new(key.id());
        let closing = CancellationToken::new();
        let dependencies = Dependencies {
            key: key.clone(),
            dialer: Arc::clone(&self.dialer),
            client,
            pages: pages.clone(),
            closing: closing.clone(),
            store: self.store.clone(),
            local_mail: self.local_mail.clone(),
            budget: self.memory.clone(),
        };
        let incoming = Incoming::open(sign_in.clone(), dependencies).await?;
        let adopt = async {
            if let Some(previous) = &keys.previous {
                self.ledger.outbox_change_account(previous, &key).await?;
            }
            self.ledger.outbox_release(&key).await?;
            // Messages that waited for this sign-in leave even if the session ends before they do.
            let stored = sign_in.to_stored();
            self.ledger
                .delegate_if_needed(&key, &stored, now_unix_ms())
                .await
        };
        adopt.await.map_err(AccountError::store)?;
        if let Some(previous) = &keys.previous {
            self.local_mail.change_account(previous, &key).await?;
            let (local_mail, key) = (self.local_mail.clone(), key.clone());
            tokio::spawn(async move { local_mail.seal_again(&key).await });
        }
        let mailbox = OutboxMailbox::Session(incoming.clone());
        let outbox = self.outbox(
            key.clone(),
            sign_in.clone(),
            pages.clone(),
            mailbox,
            closing.clone(),
        );
        tokio::spawn(Arc::clone(&outbox).run(self.couriers.enter(&key, &outbox.wake)));
        Ok(AccountHandle {
            inner: Arc::new(Inner {
                key,
                dialer: Arc::clone(&self.dialer),
                browser_keys,
                sign_in,
                incoming,
                outbox,
                pages,
                bodies: self.bodies.share(),
                budget: self.memory.clone(),
                store: self.store.clone(),
                sealer: Arc::clone(&self.sealer),
                closing,
            }),
            caller: None,
        })
    }
}

/// Streams octets that were read as a whole.
fn whole(octets: Bytes) -> BoxStream<'static, Result<Bytes, AccountError>> {
    stream::once(async { Ok(octets) }).boxed()
}

/// A session's handle to one of its accounts. Cheap to clone.
#[derive(Clone)]
pub struct AccountHandle {
    inner: Arc<Inner>,
    /// Cancelled once the caller no longer waits for this handle's requests.
    caller: Option<CancellationToken>,
}

struct Inner {
    key: AccountKey,
    dialer: Arc<Dialer>,
    browser_keys: BrowserKeys,
    sign_in: SignIn,
    incoming: Incoming,
    outbox: Arc<Outbox>,
    pages: OpenPages,
    bodies: Bodies,
    budget: Budget,
    store: Store,
    sealer: Arc<Sealer>,
    closing: CancellationToken,
}

impl Drop for Inner {
    /// Closes the account even if the task that opened it ended before it could.
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

impl std::fmt::Debug for AccountHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountHandle")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// A message part that is being downloaded to the browser.
pub struct PartDownload {
    /// Its file name, cleaned; may be empty.
    pub name: String,
    /// Its media type as the sender wrote it: untrusted.
    pub media_type: String,
    /// The charset of a text, if the sender declared one.
    pub charset: Option<String>,
    /// Its bytes, transfer-decoded. After an error the HTTP response must be aborted, never ended
    /// cleanly.
    pub stream: BoxStream<'static, Result<Bytes, AccountError>>,
}

impl AccountHandle {
    /// Returns a handle whose requests are cancelled once `caller` is. Only for reads: a change
    /// must not be left half done.
    pub(crate) fn read_by(&self, caller: CancellationToken) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            caller: Some(caller),
        }
    }

    /// Returns the token that cancels the reads of this handle's caller.
    pub(super) fn caller(&self) -> Option<&CancellationToken> {
        self.caller.as_ref()
    }

    /// The key of the account's rows in the store, which outlive the session.
    pub fn key(&self) -> &AccountKey {
        &self.inner.key
    }

    /// The keys that encrypt the data stored in its browsers.
    pub(crate) fn browser_keys(&self) -> &BrowserKeys {
        &self.inner.browser_keys
    }

    /// The account's id in URLs.
    pub fn id(&self) -> AccountId {
        self.inner.key.id()
    }

    /// The e-mail address with which the account was opened.
    pub fn address(&self) -> &str {
        &self.inner.sign_in.address
    }

    /// The data of the sign-in.
    pub(crate) fn sign_in(&self) -> &SignIn {
        &self.inner.sign_in
    }

    /// The host name of the outgoing server.
    pub(crate) fn outgoing_host(&self) -> &str {
        &self.inner.sign_in.outgoing.host
    }

    /// What the incoming server does not support.
    pub(crate) fn limitations(&self) -> &[Limitation] {
        self.inner.incoming.limitations()
    }

    /// The newest transcript lines of the session's connections, without secrets.
    pub fn transcript(&self) -> Vec<Entry> {
        self.inner.sign_in.transcript.entries()
    }

    /// Subscribes to the account's events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.inner.pages.subscribe()
    }

    /// Sends an event to the open pages. No subscriber is not an error.
    pub(super) fn publish(&self, event: LiveEvent) {
        self.inner.pages.publish(event);
    }

    /// The memory budget for its cached mail.
    pub(super) fn budget(&self) -> &Budget {
        &self.inner.budget
    }

    /// Registers an open page: until the watcher is dropped, connections stay open, are renewed and
    /// reopened.
    pub fn watch(&self) -> Watcher {
        self.inner.pages.watch()
    }

    /// Waits until the account is closed.
    pub(crate) async fn closed(&self) {
        self.inner.closing.cancelled().await;
    }

    /// Closes the connections and ends the outbox's worker. Queued messages stay in the store.
    pub async fn close(&self) {
        self.inner.closing.cancel();
    }

    /// Streams one part, decoded, in windows; the next window is requested while one is being sent.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if the message has no such part; otherwise the error of the
    /// request.
    pub async fn part(
        &self,
        folder: FolderId,
        message: MessageId,
        part: PartId,
    ) -> Result<PartDownload, AccountError> {
        let (part, packed) = match part.in_part() {
            Some((container, number)) => (container, Some(number)),
            None => (part, None),
        };
        if message.is_nested() {
            return self.nested_download(&folder, &message, &part, packed).await;
        }
        let found = self.structure(&folder, &message, &part).await?;
        if found.is_multipart() {
            return Err(AccountError::NotFound);
        }
        if let Some(number) = packed {
            return self.packed_file(&folder, &message, found, number).await;
        }
        let windows = self.windows(folder, message, Section::Part(part));
        let decoder = Some(Decoder::new(found.encoding));
        let decoded = stream::unfold((windows, decoder), |(mut windows, decoder)| async move {
            let mut decoder = decoder?;
            let mut out = Vec::new();
            match windows.next().await {
                Some(Ok(window)) => {
                    decoder.push(&window, &mut out);
                    Some((Ok(Bytes::from(out)), (windows, Some(decoder))))
                }
                Some(Err(error)) => Some((Err(error), (windows, None))),
                None => {
                    decoder.finish(&mut out);
                    Some((Ok(Bytes::from(out)), (windows, None)))
                }
            }
        });
        Ok(PartDownload {
            charset: found.charset().map(str::to_owned),
            name: found.name.unwrap_or_default(),
            media_type: found.media_type,
            stream: decoded.fuse().boxed(),
        })
    }

    /// Returns the type, the encoding and the name of a part of a message that no other holds.
    async fn structure(
        &self,
        folder: &FolderId,
        message: &MessageId,
        part: &PartId,
    ) -> Result<Part, AccountError> {
        let target = RequestTarget::Folder(folder.clone());
        let (folder, message, part) = (folder.clone(), message.clone(), part.clone());
        self.request(target, RequestKind::Read, move |store| {
            store.structure(folder.clone(), message.clone(), part.clone())
        })
        .await
    }

    /// Streams the whole message as stored on the server.
    ///
    /// # Errors
    /// As [`part`](Self::part).
    pub async fn source(
        &self,
        folder: FolderId,
        message: MessageId,
    ) -> Result<BoxStream<'static, Result<Bytes, AccountError>>, AccountError> {
        if message.is_nested() {
            return Ok(whole(self.nested(&folder, &message).await?.0));
        }
        // The first window is fetched here, so that an error is returned before the response
        // begins.
        let mut windows = self.windows(folder, message, Section::Whole);
        match windows.next().await {
            Some(Ok(first)) => Ok(stream::once(async { Ok(first) }).chain(windows).boxed()),
            Some(Err(error)) => Err(error),
            None => Ok(stream::empty().boxed()),
        }
    }

    fn windows(
        &self,
        folder: FolderId,
        message: MessageId,
        section: Section,
    ) -> BoxStream<'static, Result<Bytes, AccountError>> {
        let handle = self.clone();
        let fetch = move |offset: u64| {
            let (handle, folder) = (handle.clone(), folder.clone());
            let (message, section) = (message.clone(), section.clone());
            // A separate task, so that the next window is fetched while this one is being sent. It
            // is aborted with the download.
            AbortOnDropHandle::new(tokio::spawn(async move {
                handle
                    .request(
                        RequestTarget::Folder(folder.clone()),
                        RequestKind::Read,
                        move |store| {
                            let (folder, message) = (folder.clone(), message.clone());
                            store.read(folder, message, section.clone(), offset, WINDOW_BYTES)
                        },
                    )
                    .await
            }))
        };
        let first = fetch(0);
        stream::unfold(
            (Some(first), 0_u64, fetch),
            |(pending, offset, fetch)| async move {
                let window = match pending?.await {
                    Ok(Ok(window)) => window,
                    Ok(Err(error)) => return Some((Err(error), (None, offset, fetch))),
                    Err(error) => {
                        let error = AccountError::Internal(error.to_string());
                        return Some((Err(error), (None, offset, fetch)));
                    }
                };
                if window.is_empty() {
                    return None;
                }
                let offset = offset.saturating_add(window.len() as u64);
                // A window shorter than requested is the last one.
                let is_last = window.len() < WINDOW_BYTES as usize;
                let next = (!is_last).then(|| fetch(offset));
                Some((Ok(window), (next, offset, fetch)))
            },
        )
        // A response body polls the stream once more after its end.
        .fuse()
        .boxed()
    }

    /// Opens a message, with its text.
    pub(crate) async fn open(
        &self,
        folder: FolderId,
        message: MessageId,
    ) -> Result<Box<Opened>, AccountError> {
        let mut opened = if message.is_nested() {
            self.open_nested(&folder, message).await?
        } else {
            let target = RequestTarget::Folder(folder.clone());
            let folder = folder.clone();
            self.request(target, RequestKind::Read, move |store| {
                store.open(folder.clone(), message.clone())
            })
            .await?
        };
        self.read_supplements(&folder, &mut opened).await;
        Ok(opened)
    }

    /// Sends an operation to the incoming side and waits for its reply. The operation may be called
    /// twice.
    pub(crate) async fn request<T, F>(
        &self,
        target: RequestTarget,
        kind: RequestKind,
        operation: F,
    ) -> Result<T, AccountError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut dyn Mailstore) -> BoxFuture<'a, Result<T, AccountError>>,
        F: Send + Sync + 'static,
    {
        let (request, reply) = Request::new(target, kind, operation);
        let response = async {
            let sent = self.inner.incoming.send(request).await;
            sent.map_err(|_| AccountError::SignedOut)?;
            reply.await.map_err(|_| AccountError::SignedOut)?
        };
        match &self.caller {
            // The caller no longer receives this error.
            Some(caller) => caller
                .run_until_cancelled(response)
                .await
                .unwrap_or(Err(AccountError::SignedOut)),
            None => response.await,
        }
    }

    /// Returns how its messages are written and sent.
    pub(crate) async fn composing_choices(&self) -> Result<ComposingChoices, AccountError> {
        let choices = self.inner.store.composing_choices(self.key()).await;
        choices.map_err(AccountError::store)
    }

    /// Sets how its messages are written and sent.
    pub(crate) async fn set_composing_choices(
        &self,
        choices: &ComposingChoices,
    ) -> Result<(), AccountError> {
        let set = self.inner.store.set_composing_choices(self.key(), choices);
        set.await.map_err(AccountError::store)
    }

    /// Wakes the outbox to send messages that are due.
    pub(crate) fn wake_outbox(&self) {
        self.inner.outbox.wake.notify_one();
    }

    /// Makes the outbox open its connection ahead: a message is being written.
    pub(crate) fn expect_message(&self) {
        self.inner.outbox.writing.notify_one();
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.inner.outbox
    }

    /// Deletes the copies of the draft that a queued message was written as, in the background. If
    /// this fails, it is repeated once the message is sent.
    pub(crate) fn delete_draft_of(&self, outbox: OutboxId, draft: DraftId) {
        let sender = Arc::clone(&self.inner.outbox);
        tokio::spawn(async move { sender.delete_draft(draft, &outbox).await });
    }

    /// What the outgoing server can do, once it is known.
    pub(crate) fn outgoing_server(&self) -> Option<SubmissionServer> {
        self.inner.outbox.server()
    }

    /// The maximum message size of the outgoing server, once it is known.
    pub(crate) fn server_max_bytes(&self) -> Option<u64> {
        self.outgoing_server()?.size_max_bytes
    }

    pub(super) fn spool(&self) -> &Spool {
        &self.inner.outbox.spool
    }

    pub(crate) fn bodies(&self) -> &Bodies {
        &self.inner.bodies
    }
}
