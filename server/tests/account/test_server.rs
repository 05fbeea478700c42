//! A mail server, a store in its own folder, and a signed-in account.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use crate::wait::until_some;
use app::api::backend::MailBackend;
use app::api::error::ApiError;
use app::api::types::{
    AccountId, ChangeDone, ChangesDone, Destination, Draft, FolderId, FolderRef, FolderRole,
    IncomingKind, Lang, ListQuery, ListSource, Mark, MessageRef, MessageRow, MessageRows,
    MessageView, OutboxEntry, OutboxId, OutboxState, SentCopy, Theme, UndoRef, UploadId, Window,
};
use futures_util::TryStreamExt as _;
use mail_demo::{ADDRESS, Demo, Options, PASSWORD};
use mail_net::{Dialer, Egress, Listed, Recorder, TlsMode, Trust};
use mail_proto::Secret;
use server::account::lists::Lists;
use server::account::uploads::{Upload, Uploads};
use server::account::{AccountError, AccountHandle, Accounts, Incoming, Outgoing, SignIn};
use server::store::process::LEASE_MS;
use server::store::seal::Sealer;
use server::store::spool::{Spool, SpoolLimits};
use server::store::{SCHEMA, Store};
use server::views::{Locale, SessionBackend, SiteSettings};

/// The id of INBOX.
pub(super) const INBOX: &str = "SU5CT1g";

/// A demo mail server, and accounts that may reach it.
pub(super) struct TestServer {
    pub(super) demo: Demo,
    pub(super) test_accounts: TestAccounts,
}

impl std::ops::Deref for TestServer {
    type Target = TestAccounts;

    fn deref(&self) -> &TestAccounts {
        &self.test_accounts
    }
}

/// The parts of an account test other than the mail server.
pub(crate) struct TestAccounts {
    pub(crate) accounts: Accounts,
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) spool: Spool,
    folder: Arc<StateDir>,
}

/// A state folder that is removed with the last [`TestAccounts`] over it.
pub(crate) struct StateDir(PathBuf, AtomicI64);

impl Drop for StateDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl TestServer {
    /// Starts a demo server with this many messages in its inbox, or with its sample mailbox.
    pub(super) async fn new(messages: Option<u32>) -> Self {
        Self::over(Options {
            messages,
            ..Options::default()
        })
        .await
    }

    /// The same with a server that does not announce these IMAP capabilities.
    pub(super) async fn lacking(disabled_imap_capabilities: &'static [&'static str]) -> Self {
        Self::over(Options {
            disabled_imap_capabilities,
            ..Options::default()
        })
        .await
    }

    /// The same with a server started with these options.
    pub(super) async fn over(options: Options) -> Self {
        let now_unix_ms = server::store::now_unix_ms();
        let demo = Demo::start(Options {
            now_unix_ms,
            ..options
        })
        .await
        .unwrap();
        let ports = demo.ports();
        let all = vec![
            ports.imaps,
            ports.imap,
            ports.pop3s,
            ports.pop3,
            ports.smtps,
            ports.submission,
        ];
        let test_accounts = TestAccounts::new(demo.ca_pem(), all).await;
        Self {
            demo,
            test_accounts,
        }
    }

    /// Starts the accounts again, over their state.
    pub(super) async fn restarted(&self) -> TestAccounts {
        self.restarted_within(SpoolLimits::NONE).await
    }

    /// The same with these quotas.
    pub(super) async fn restarted_within(&self, limits: SpoolLimits) -> TestAccounts {
        let ports = self.demo.ports();
        let all = vec![
            ports.imaps,
            ports.imap,
            ports.pop3s,
            ports.pop3,
            ports.smtps,
        ];
        let (folder, ca_pem) = (self.state_dir(), self.demo.ca_pem());
        TestAccounts::within(folder, ca_pem, all, limits).await
    }

    /// Waits until the demo's inbox holds this many messages.
    pub(super) async fn until_inbox_len(&self, messages: usize) {
        let mut changes = self.demo.inbox_changes();
        let waiting = async {
            while self.demo.inbox_len() != messages {
                changes.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        assert!(waited.is_ok(), "{} messages", self.demo.inbox_len());
    }

    /// Returns the sign-in by IMAP over implicit TLS.
    pub(super) fn imap(&self) -> SignIn {
        let ports = self.demo.ports();
        sign_in(
            ADDRESS,
            PASSWORD,
            (IncomingKind::Imap, ports.imaps),
            ports.smtps,
            TlsMode::Implicit,
        )
    }

    /// The same over STARTTLS.
    pub(super) fn imap_starttls(&self) -> SignIn {
        let ports = self.demo.ports();
        sign_in(
            ADDRESS,
            PASSWORD,
            (IncomingKind::Imap, ports.imap),
            ports.submission,
            TlsMode::StartTls,
        )
    }

    /// Returns the sign-in by POP3 over implicit TLS.
    pub(super) fn pop3(&self) -> SignIn {
        let ports = self.demo.ports();
        sign_in(
            ADDRESS,
            PASSWORD,
            (IncomingKind::Pop3, ports.pop3s),
            ports.smtps,
            TlsMode::Implicit,
        )
    }

    /// The same over STLS.
    pub(super) fn pop3_starttls(&self) -> SignIn {
        let ports = self.demo.ports();
        sign_in(
            ADDRESS,
            PASSWORD,
            (IncomingKind::Pop3, ports.pop3),
            ports.submission,
            TlsMode::StartTls,
        )
    }
}

/// Returns a sign-in with incoming and outgoing server on localhost.
pub(crate) fn sign_in(
    address: &str,
    password: &str,
    (kind, incoming_port): (IncomingKind, u16),
    outgoing_port: u16,
    tls: TlsMode,
) -> SignIn {
    let host = || "localhost".to_owned();
    SignIn {
        address: address.to_owned(),
        user: None,
        password: Secret::new(password),
        incoming: Incoming {
            kind,
            host: host(),
            port: incoming_port,
            tls,
        },
        outgoing: Outgoing {
            host: host(),
            port: outgoing_port,
            tls,
        },
        transcript: Recorder::new(SignIn::TRANSCRIPT_MAX_BYTES),
    }
}

impl TestAccounts {
    /// Creates accounts that may reach these ports of localhost, and trust this CA.
    pub(crate) async fn new(ca_pem: &str, ports: Vec<u16>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let nth = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("restante-test-{}-{nth}", std::process::id()));
        Self::over(Arc::new(StateDir(folder, AtomicI64::new(0))), ca_pem, ports).await
    }

    /// Starts again, over the state of an earlier start.
    pub(crate) async fn over(folder: Arc<StateDir>, ca_pem: &str, ports: Vec<u16>) -> Self {
        Self::within(folder, ca_pem, ports, SpoolLimits::NONE).await
    }

    /// The same with these quotas.
    async fn within(
        folder: Arc<StateDir>,
        ca_pem: &str,
        ports: Vec<u16>,
        limits: SpoolLimits,
    ) -> Self {
        let listed = Listed {
            host: "localhost".into(),
            ports,
            tls: None,
        };
        let trust = Trust {
            is_platform_trusted: false,
            ca_pem: vec![ca_pem.to_owned()],
        };
        let dialer = Dialer::new(
            Egress::listed_only(vec![listed]),
            trust.client_config().unwrap(),
        );
        let store = Store::open(&folder.0, SCHEMA).await.unwrap();
        let sealer = Arc::new(Sealer::open(&folder.0).unwrap());
        let spool = Spool::open(&folder.0, store.clone(), Arc::clone(&sealer), limits).unwrap();
        let accounts = Accounts::new(Arc::new(dialer), store, sealer, spool.clone());
        accounts.convert().await.unwrap();
        // The leases of earlier starts have expired by then.
        let starts = folder.1.fetch_add(1, Ordering::Relaxed);
        let now = server::store::now_unix_ms() + starts * (LEASE_MS + 1);
        accounts.recover(now).await.unwrap();
        Self {
            accounts,
            uploads: Arc::default(),
            spool,
            folder,
        }
    }

    /// Returns the state folder.
    pub(crate) fn state_dir(&self) -> Arc<StateDir> {
        Arc::clone(&self.folder)
    }

    /// Returns the path of the state folder.
    pub(crate) fn state_path(&self) -> &Path {
        &self.folder.0
    }

    /// Signs in.
    pub(crate) async fn open(&self, sign_in: SignIn) -> Result<Page, AccountError> {
        let handle = self.accounts.open(sign_in, None).await?;
        Ok(self.page(handle, Lang::En))
    }

    /// Wraps an account for requests of a page.
    pub(crate) fn page(&self, handle: AccountHandle, lang: Lang) -> Page {
        self.page_with(handle, lang, settings())
    }

    /// The same with these settings.
    pub(crate) fn page_with(
        &self,
        handle: AccountHandle,
        lang: Lang,
        settings: SiteSettings,
    ) -> Page {
        let locale = Locale {
            lang,
            ..Locale::default()
        };
        let backend = SessionBackend::new(
            vec![handle.clone()],
            locale,
            Theme::Light,
            Arc::clone(&self.uploads),
            Lists::default(),
            settings,
        );
        Page {
            account: handle.id(),
            handle,
            backend,
        }
    }
}

impl TestAccounts {
    /// Adds a file to those that wait for their message, as an upload does.
    pub(crate) async fn upload(
        &self,
        page: &Page,
        (name, media_type): (&str, &str),
        content: &[u8],
    ) -> UploadId {
        let size_bytes = content.len() as u64;
        let writer = self.spool.create(page.handle.key(), size_bytes, size_bytes);
        let mut writer = writer.await.unwrap();
        writer.write(content).await.unwrap();
        self.uploads.add(Upload {
            file: writer.finish().await.unwrap().into(),
            name: name.to_owned(),
            media_type: media_type.to_owned(),
        })
    }
}

/// The settings of the requests: messages leave at once.
pub(crate) fn settings() -> SiteSettings {
    SiteSettings {
        upload_max_bytes: 25 << 20,
        undo_send_secs: 0,
        ledger_keep_days: 90,
        base: String::new(),
    }
}

/// A signed-in account with the requests of a page.
pub(crate) struct Page {
    pub(crate) account: AccountId,
    pub(crate) handle: AccountHandle,
    pub(crate) backend: SessionBackend,
}

impl Page {
    /// Returns a message as its server has it.
    pub(crate) async fn source(&self, message: &MessageRef) -> String {
        let folder = message.folder.folder.clone();
        let stream = self.handle.source(folder, message.message.clone()).await;
        let octets: Vec<_> = stream.unwrap().try_collect().await.unwrap();
        String::from_utf8(octets.concat()).unwrap()
    }

    /// Sends a draft to the account itself and returns the message that arrived.
    pub(crate) async fn delivered(&self, draft: Draft) -> MessageRef {
        let subject = draft.subject.clone();
        let sent = self.backend.message_send(self.account.clone(), draft).await;
        self.handed_over(&sent.unwrap()).await;
        self.arrived(&subject).await.id
    }

    /// Returns the newest rows of a folder.
    pub(crate) async fn rows(&self, folder: &FolderId) -> Vec<MessageRow> {
        let window = Window {
            offset: 0,
            limit: 50,
        };
        self.list(folder.clone(), window).await.unwrap().rows
    }

    /// Waits until the inbox has a message with a subject.
    pub(crate) async fn arrived(&self, subject: &str) -> MessageRow {
        self.row(&self.inbox(), |row| row.subject == subject).await
    }

    /// Waits until a folder has a row like this among its newest.
    pub(crate) async fn row(
        &self,
        folder: &FolderId,
        is_wanted: impl Fn(&MessageRow) -> bool,
    ) -> MessageRow {
        let what = format!("a row of {folder}");
        until_some(&what, async || {
            let mut rows = self.rows(folder).await.into_iter();
            rows.find(&is_wanted)
        })
        .await
    }

    /// Returns a window of a folder.
    pub(crate) async fn list(
        &self,
        folder: FolderId,
        window: Window,
    ) -> Result<MessageRows, ApiError> {
        let source = ListSource::Folder(self.folder_ref(folder));
        let query = ListQuery::window(source, window);
        self.backend.message_list(query).await
    }

    /// Returns the reference of a folder of this account.
    pub(crate) fn folder_ref(&self, folder: FolderId) -> FolderRef {
        FolderRef {
            account: self.account.clone(),
            folder,
        }
    }

    /// Returns the reference of a message in the inbox.
    pub(crate) fn in_inbox(&self, id: &str) -> MessageRef {
        self.folder_ref(self.inbox()).message(id.into())
    }

    /// Opens a message.
    pub(crate) async fn open(&self, message: MessageRef) -> Result<MessageView, ApiError> {
        self.backend.message_open(message).await
    }

    /// Sets a mark on messages of one folder.
    pub(crate) async fn mark(
        &self,
        messages: Vec<MessageRef>,
        mark: Mark,
    ) -> Result<ChangeDone, ApiError> {
        self.backend.message_mark(messages, mark).await.map(only)
    }

    /// Moves messages of one folder.
    pub(crate) async fn move_to(
        &self,
        messages: Vec<MessageRef>,
        to: Destination,
    ) -> Result<ChangeDone, ApiError> {
        self.backend.message_move(messages, to).await.map(only)
    }

    /// Undoes a change.
    pub(crate) async fn undo(&self, undo: Vec<UndoRef>) -> Result<ChangeDone, ApiError> {
        self.backend.change_undo(undo).await.map(only)
    }

    /// Returns the folder with a role.
    pub(crate) async fn folder(&self, role: FolderRole) -> FolderId {
        let folders = self
            .backend
            .folder_list(self.account.clone())
            .await
            .unwrap()
            .folders;
        folders
            .into_iter()
            .find(|f| f.role == Some(role))
            .unwrap()
            .id
    }

    /// Returns the inbox.
    pub(crate) fn inbox(&self) -> FolderId {
        FolderId::from(INBOX)
    }

    /// Waits until a message was handed over and its copy is filed, through all earlier states.
    pub(crate) async fn handed_over(&self, id: &OutboxId) -> OutboxEntry {
        let is_moving = |entry: &OutboxEntry| {
            entry.state != OutboxState::HandedOver || entry.copy == SentCopy::Pending
        };
        self.until_not(id, is_moving).await
    }

    /// Waits until a message changes no further without a user action.
    pub(crate) async fn settled(&self, id: &OutboxId) -> OutboxEntry {
        let is_moving = |entry: &OutboxEntry| {
            matches!(entry.state, OutboxState::Waiting | OutboxState::Sending)
                || entry.copy == SentCopy::Pending && entry.state == OutboxState::HandedOver
        };
        self.until_not(id, is_moving).await
    }

    /// Waits until a condition on a message no longer holds.
    pub(crate) async fn until_not(
        &self,
        id: &OutboxId,
        is_so: impl Fn(&OutboxEntry) -> bool,
    ) -> OutboxEntry {
        until_some("the message settles", async || {
            let entry = self.backend.outbox_show(id.clone()).await.unwrap();
            (!is_so(&entry)).then_some(entry)
        })
        .await
    }
}

/// Returns the single change of a response.
fn only(mut changes: ChangesDone) -> ChangeDone {
    assert_eq!(changes.failed, []);
    assert_eq!(changes.done.len(), 1);
    changes.done.remove(0)
}
