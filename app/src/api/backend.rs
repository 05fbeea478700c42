//! What a session can do: the one contract between page and server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::use_context;

use super::error::{ApiError, ErrorKind};
use super::types::{
    AccountId, ChangesDone, ComposeForm, ComposeSource, Destination, Draft, EntryChange, FolderRef,
    FolderRole, FolderView, FoldersView, ListQuery, Mark, MessageRef, MessageRows, MessageView,
    OutboxEntry, OutboxId, OutboxRows, SealingKeys, SessionView, UndoRef, ViewId,
};

/// The answer of a [`MailBackend`] method, boxed so that the trait can be an object.
pub type BackendFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

/// Everything that a signed-in session can ask for, in its request's language and time zone.
///
/// Every method may fail with [`ErrorKind::SignedOut`] (the session ended meanwhile),
/// [`ErrorKind::Unreachable`], [`ErrorKind::Misbehaved`], [`ErrorKind::Busy`] or
/// [`ErrorKind::Refused`]; an account, folder or message that this session does not have is
/// [`ErrorKind::NotFound`].
pub trait MailBackend: Send + Sync + 'static {
    /// The session's accounts and limits.
    fn session_show(&self) -> BackendFuture<'_, SessionView>;

    /// The folder tree with counts.
    fn folder_list(&self, account: AccountId) -> BackendFuture<'_, FoldersView>;

    /// Makes the folder for a role, named in the request's language.
    fn folder_create(&self, account: AccountId, role: FolderRole) -> BackendFuture<'_, FolderView>;

    /// Pins a folder to the top of the tree, for every session of its account, or lets it go.
    fn folder_pin(&self, folder: FolderRef, is_pinned: bool) -> BackendFuture<'_, ()>;

    /// A window of a list, newest first. A list of several accounts waits a moment for them; those
    /// that take longer are told as pending.
    fn message_list(&self, query: ListQuery) -> BackendFuture<'_, MessageRows>;

    /// Gives up what is under way for a list. One that is not there any more is given up already.
    fn view_cancel(&self, view: ViewId) -> BackendFuture<'_, ()>;

    /// Opens a message. Does not mark it read; [`MailBackend::message_mark`] does.
    fn message_open(&self, message: MessageRef) -> BackendFuture<'_, MessageView>;

    /// Sets a mark on messages of any accounts and folders. Those that have it already are not
    /// counted and not undone.
    fn message_mark(&self, messages: Vec<MessageRef>, mark: Mark)
    -> BackendFuture<'_, ChangesDone>;

    /// Moves messages of any accounts and folders, each within its account. A role without a
    /// folder: [`ErrorKind::MissingFolder`].
    ///
    /// POP3 knows [`FolderRole::Trash`] only: the messages are deleted from the server once the
    /// time for undoing is over.
    fn message_move(
        &self,
        messages: Vec<MessageRef>,
        to: Destination,
    ) -> BackendFuture<'_, ChangesDone>;

    /// Takes changes back.
    fn change_undo(&self, undo: Vec<UndoRef>) -> BackendFuture<'_, ChangesDone>;

    /// What a compose form begins with: empty, or an answer to `source`.
    fn compose_start(
        &self,
        account: AccountId,
        source: Option<ComposeSource>,
    ) -> BackendFuture<'_, ComposeForm>;

    /// What a compose form begins with that corrects an entry of the outbox: its text, and the
    /// recipients that did not get it.
    fn compose_again(&self, outbox: OutboxId) -> BackendFuture<'_, ComposeForm>;

    /// The keys for texts of an account that the browser keeps until they are sent.
    fn unsent_keys(&self, account: AccountId) -> BackendFuture<'_, SealingKeys>;

    /// Puts a message into the outbox, from where it leaves at once. Returns when it is durable, and
    /// has left where that takes a moment only. A bad recipient is [`ErrorKind::Invalid`] with the
    /// field's name.
    fn message_send(&self, account: AccountId, draft: Draft) -> BackendFuture<'_, OutboxId>;

    /// A page of the ledger of all accounts of the session, newest first. `before` is
    /// [`OutboxRows::older`] of the page before it; without it the newest entries come.
    fn outbox_list(&self, before: Option<String>) -> BackendFuture<'_, OutboxRows>;

    /// One entry of the ledger.
    fn outbox_show(&self, outbox: OutboxId) -> BackendFuture<'_, OutboxEntry>;

    /// Changes an entry of the ledger. Stopping one that is being sent, or was, fails; what a person
    /// asks for that is so already is done.
    fn outbox_change(&self, outbox: OutboxId, change: EntryChange) -> BackendFuture<'_, ()>;
}

/// The backend of the request's session.
///
/// # Errors
/// [`ErrorKind::SignedOut`] where the request has none.
pub fn backend() -> Result<Arc<dyn MailBackend>, ApiError> {
    use_context::<Arc<dyn MailBackend>>().ok_or_else(|| {
        let lang = crate::page::PageContext::expect().lang;
        ApiError {
            kind: ErrorKind::SignedOut,
            cause: lang.error_signed_out().into_owned(),
            fix: lang.error_signed_out_fix().into_owned(),
            retry_after_secs: None,
            reply: None,
            field: None,
            ref_id: String::new(),
        }
    })
}
