//! [`MailBackend`]: the operations of a session, implemented by the server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::use_context;

use super::error::ApiError;
use super::types::{
    AccountId, AccountIdentities, AccountTemplates, AddressWarning, ChangesDone, ComposeForm,
    ComposeSource, ComposingChoices, ComposingSettings, Contact, ContactGroup, ContactId,
    ContactQuery, ContactRows, Conversion, Converted, Destination, Draft, DraftResult, EntryChange,
    FolderRef, FolderRole, FolderView, FoldersView, Identity, IdentityId, ImageSender,
    ImportReport, InvitationAnswer, ListQuery, Mark, MessageRef, MessageRows, MessageView,
    OutboxEntry, OutboxId, OutboxRows, PersonSuggestion, SealingKeys, SessionView, Template,
    TemplateId, UndoRef, ViewId,
};
use crate::page::PageContext;

/// The result of a [`MailBackend`] method, boxed so that the trait is object-safe.
pub type BackendFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

/// The operations of a signed-in session, in the language and time zone of its request.
///
/// Every method may fail with [`ErrorKind::SignedOut`] (the session ended during the call),
/// [`ErrorKind::Unreachable`], [`ErrorKind::Misbehaved`], [`ErrorKind::Busy`] or
/// [`ErrorKind::Refused`]; for an account, folder or message that the session does not have it
/// fails with [`ErrorKind::NotFound`].
pub trait MailBackend: Send + Sync + 'static {
    /// Returns the session's accounts and limits.
    fn session_show(&self) -> BackendFuture<'_, SessionView>;

    /// Returns the folder tree with message counts.
    fn folder_list(&self, account: AccountId) -> BackendFuture<'_, FoldersView>;

    /// Creates the folder for a role, named in the request's language.
    fn folder_create(&self, account: AccountId, role: FolderRole) -> BackendFuture<'_, FolderView>;

    /// Pins a folder to the top of the tree for all sessions of its account, or unpins it.
    fn folder_pin(&self, folder: FolderRef, is_pinned: bool) -> BackendFuture<'_, ()>;

    /// Returns a window of a list, newest first. A list of several accounts waits a short time for
    /// all of them; accounts that take longer are listed in [`MessageRows::pending`].
    fn message_list(&self, query: ListQuery) -> BackendFuture<'_, MessageRows>;

    /// Cancels the pending requests of a list. Succeeds if the view no longer exists.
    fn view_cancel(&self, view: ViewId) -> BackendFuture<'_, ()>;

    /// Fetches a message for reading. Does not mark it read; [`MailBackend::message_mark`] does.
    fn message_open(&self, message: MessageRef) -> BackendFuture<'_, MessageView>;

    /// Returns the senders whose remote images are always shown, of all accounts of the session.
    fn image_senders(&self) -> BackendFuture<'_, Vec<ImageSender>>;

    /// Shows a sender's remote images always, or only on request.
    fn images_show(&self, sender: ImageSender, is_shown: bool) -> BackendFuture<'_, ()>;

    /// Leaves the mailing list of a message by one click. Returns the host that took the request.
    fn list_leave(&self, message: MessageRef) -> BackendFuture<'_, String>;

    /// Answers the invitation in a message: queues a message to its organizer in the outbox, in place
    /// of an earlier answer that has not left. Fails with [`ErrorKind::Invalid`] if there is no
    /// invitation that can be answered.
    fn invitation_answer(
        &self,
        message: MessageRef,
        answer: InvitationAnswer,
    ) -> BackendFuture<'_, OutboxId>;

    /// Sets a mark on messages of any accounts and folders. Messages that have the mark already are
    /// neither counted nor undone.
    fn message_mark(&self, messages: Vec<MessageRef>, mark: Mark)
    -> BackendFuture<'_, ChangesDone>;

    /// Moves messages of any accounts and folders, each within its account. Fails with
    /// [`ErrorKind::MissingFolder`] if no folder has the role.
    ///
    /// POP3 supports [`FolderRole::Trash`] only: the messages are deleted from the server when the
    /// undo period ends.
    fn message_move(
        &self,
        messages: Vec<MessageRef>,
        to: Destination,
    ) -> BackendFuture<'_, ChangesDone>;

    /// Undoes changes.
    fn change_undo(&self, undo: Vec<UndoRef>) -> BackendFuture<'_, ChangesDone>;

    /// Returns the initial content of a compose form: empty, or a reply to or forward of `source`.
    /// Only for [`ComposeKind::ForwardAttached`], `more` are other messages of the account.
    ///
    /// [`ComposeKind::ForwardAttached`]: super::types::ComposeKind::ForwardAttached
    fn compose_start(
        &self,
        account: AccountId,
        source: Option<ComposeSource>,
        more: Vec<MessageRef>,
    ) -> BackendFuture<'_, ComposeForm>;

    /// Returns a compose form that corrects an outbox entry: its text and the recipients that did
    /// not receive it.
    fn compose_again(&self, outbox: OutboxId) -> BackendFuture<'_, ComposeForm>;

    /// Converts between the texts of a compose form: HTML is cleaned, whatever it is.
    fn text_convert(
        &self,
        account: AccountId,
        conversion: Conversion,
    ) -> BackendFuture<'_, Converted>;

    /// Saves a draft among the drafts of its account, in place of its earlier copy
    /// ([`Draft::saved`]). Unless `is_forced`, nothing is saved if another tab or another program
    /// changed, sent or deleted that copy.
    fn draft_save(
        &self,
        account: AccountId,
        draft: Draft,
        is_forced: bool,
    ) -> BackendFuture<'_, DraftResult>;

    /// Returns the form that continues a draft of this or another program. With `is_copy` it is the
    /// form of a new message that begins as a copy of any message.
    fn draft_open(&self, draft: MessageRef, is_copy: bool) -> BackendFuture<'_, ComposeForm>;

    /// Returns the names and addresses that each account of the session sends as.
    fn identity_list(&self) -> BackendFuture<'_, Vec<AccountIdentities>>;

    /// Saves an identity; one without an id is new. An invalid value is [`ErrorKind::Invalid`] with
    /// the field's name.
    fn identity_save(&self, account: AccountId, identity: Identity) -> BackendFuture<'_, ()>;

    /// Deletes an identity. Succeeds if there is none; the account's own stays.
    fn identity_delete(&self, account: AccountId, identity: IdentityId) -> BackendFuture<'_, ()>;

    /// Returns the templates of each account of the session.
    fn template_list(&self) -> BackendFuture<'_, Vec<AccountTemplates>>;

    /// Saves a template; one without an id is new. An invalid value is [`ErrorKind::Invalid`] with
    /// the field's name.
    fn template_save(&self, account: AccountId, template: Template) -> BackendFuture<'_, ()>;

    /// Deletes a template. Succeeds if there is none.
    fn template_delete(&self, account: AccountId, template: TemplateId) -> BackendFuture<'_, ()>;

    /// Returns the contacts that match a query, and the groups of the account.
    fn contact_list(&self, query: ContactQuery) -> BackendFuture<'_, ContactRows>;

    /// Saves a contact; one without an id is new. An invalid value is [`ErrorKind::Invalid`] with the
    /// field's name. Returns the id.
    fn contact_save(&self, account: AccountId, contact: Contact) -> BackendFuture<'_, ContactId>;

    /// Saves a group; one without an id is new. An invalid value is [`ErrorKind::Invalid`] with the
    /// field's name. Returns the id.
    fn contact_group_save(
        &self,
        account: AccountId,
        group: ContactGroup,
    ) -> BackendFuture<'_, ContactId>;

    /// Deletes a contact or a group. Succeeds if there is none.
    fn contact_delete(&self, account: AccountId, contact: ContactId) -> BackendFuture<'_, ()>;

    /// Adds the contacts and groups of a file: vCard, or CSV as Outlook, Google and Thunderbird export
    /// it. A contact with one of the addresses gets what it does not have yet. Another file is
    /// [`ErrorKind::Invalid`].
    fn contacts_import(&self, account: AccountId, file: Vec<u8>)
    -> BackendFuture<'_, ImportReport>;

    /// Returns the keys that encrypt an account's unsent texts in the browser.
    fn unsent_keys(&self, account: AccountId) -> BackendFuture<'_, SealingKeys>;

    /// Returns how the messages of each account of the session are written and sent.
    fn composing_list(&self) -> BackendFuture<'_, Vec<ComposingSettings>>;

    /// Chooses how the messages of an account are written and sent.
    fn composing_save(
        &self,
        account: AccountId,
        choices: ComposingChoices,
    ) -> BackendFuture<'_, ()>;

    /// Queues a message in the outbox for immediate delivery. Returns when the entry is durable,
    /// and after delivery if that takes a short time only. An invalid recipient is
    /// [`ErrorKind::Invalid`] with the field's name.
    fn message_send(&self, account: AccountId, draft: Draft) -> BackendFuture<'_, OutboxId>;

    /// Returns the people whose name or address matches a typed text, at most [`SUGGESTIONS_MAX`]:
    /// those written to most often and most recently first, then those of the address book and its
    /// groups. A blank text matches nobody.
    ///
    /// [`SUGGESTIONS_MAX`]: super::types::SUGGESTIONS_MAX
    fn people_suggest(
        &self,
        account: AccountId,
        typed: String,
    ) -> BackendFuture<'_, Vec<PersonSuggestion>>;

    /// Compares recipients with the people written to before, and returns those that may be
    /// mistaken for others. Only the first [`COMPARED_MAX`] are compared.
    ///
    /// [`COMPARED_MAX`]: super::types::COMPARED_MAX
    fn people_compare(
        &self,
        account: AccountId,
        addresses: Vec<String>,
    ) -> BackendFuture<'_, Vec<AddressWarning>>;

    /// Forgets a person. Succeeds if the address is not known.
    fn person_forget(&self, account: AccountId, address: String) -> BackendFuture<'_, ()>;

    /// Returns a page of the ledger of all accounts of the session, newest first. `before` is
    /// [`OutboxRows::older`] of the preceding page; `None` requests the newest entries.
    fn outbox_list(&self, before: Option<String>) -> BackendFuture<'_, OutboxRows>;

    /// Returns one ledger entry.
    fn outbox_show(&self, outbox: OutboxId) -> BackendFuture<'_, OutboxEntry>;

    /// Changes a ledger entry. Stopping a message that is being or was sent fails; a change that is
    /// already in effect succeeds.
    fn outbox_change(&self, outbox: OutboxId, change: EntryChange) -> BackendFuture<'_, ()>;
}

/// Returns the backend of the request's session.
///
/// # Errors
/// [`ErrorKind::SignedOut`] if the request has no session.
pub fn backend() -> Result<Arc<dyn MailBackend>, ApiError> {
    use_context::<Arc<dyn MailBackend>>()
        .ok_or_else(|| ApiError::signed_out(PageContext::expect().lang))
}
