//! The page's contract for the accounts of a session: calls the mailstore and converts the results
//! to page types.
//!
//! Long because it implements one trait.

mod composing;
mod contacts;
mod drafts;
mod entries;
mod identities;
mod invitations;
mod ledger;
mod templates;
mod transcript;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use app::api::ApiError;
use app::api::backend::{BackendFuture, MailBackend};
use app::api::types::{
    AccountId, AccountIdentities, AccountTemplates, AddressWarning, BodyView, Card, CardKind,
    ChangesDone, ComposeForm, ComposeSource, ComposingChoices, ComposingSettings, Contact,
    ContactGroup, ContactId, ContactQuery, ContactRows, Conversion, Converted, Destination, Draft,
    DraftResult, EntryChange, Failed, FolderId, FolderRef, FolderRole, FolderView, FoldersView,
    Identity, IdentityId, ImageSender, ImportReport, InvitationAnswer, ListQuery, Mark, MessageId,
    MessageRef, MessageRows, MessageView, OutboxEntry, OutboxId, OutboxRows, PersonSuggestion,
    SealingKeys, SessionView, Template, TemplateId, Theme, UndoRef, ViewId,
};
use app::text::url::{self, Shown};
use futures_util::future::join_all;
use mail_mime::body::Body;
use mail_mime::clean::{Images, Scheme};

use super::cards::cards;
use super::compose::find_handle;
use super::locale::Locale;
use super::map;
use super::people;
use super::wording;
use super::wording::role_name;
use crate::account::body::{BodyKey, CleanedBody, clean_html};
use crate::account::error::{AccountError, InvalidField};
use crate::account::handle::AccountHandle;
use crate::account::lists::Lists;
use crate::account::model::now_unix_ms;
use crate::account::off_thread::off_thread;
use crate::account::uploads::Uploads;
use crate::account::worker::{RequestKind, RequestTarget};
use crate::domain::{Changed, Opened};

/// Time that a send request waits for the first attempt. A nearby server accepts a message within
/// it, so that the page shows the result at once, not first that the message is being sent.
const FIRST_ATTEMPT_WAIT: Duration = Duration::from_millis(150);

/// The same for a plain form, whose next page does not update itself.
const PLAIN_FORM_WAIT: Duration = Duration::from_secs(2);

/// What the configuration says about all requests.
#[derive(Debug, Clone)]
pub struct SiteSettings {
    /// Maximum size of one message's attachments together, in bytes.
    pub upload_max_bytes: u64,
    /// For how many seconds a message can be stopped, unless its user chose another time.
    pub undo_send_secs: u32,
    /// The number of days after its last change until an outbox entry is deleted.
    pub ledger_keep_days: u32,
    /// The URL path prefix of the product.
    pub base: String,
}

/// The backend of one request: the session's accounts, in the request's language and time zone.
pub struct SessionBackend {
    pub(super) handles: Vec<AccountHandle>,
    pub(super) locale: Locale,
    /// The colour scheme of the page, which message frames take.
    scheme: Scheme,
    pub(super) uploads: Arc<Uploads>,
    lists: Lists,
    pub(super) upload_max_bytes: u64,
    /// For how many seconds a message can be stopped, unless its user chose another time.
    undo_send_secs: u32,
    ledger_keep_days: u32,
    base: String,
}

impl SessionBackend {
    /// Creates the backend of a request.
    pub fn new(
        handles: Vec<AccountHandle>,
        locale: Locale,
        theme: Theme,
        uploads: Arc<Uploads>,
        lists: Lists,
        settings: SiteSettings,
    ) -> Self {
        Self {
            handles,
            locale,
            scheme: match theme {
                Theme::Light => Scheme::Light,
                Theme::Dark => Scheme::Dark,
                Theme::System => Scheme::System,
            },
            uploads,
            lists,
            upload_max_bytes: settings.upload_max_bytes,
            undo_send_secs: settings.undo_send_secs,
            ledger_keep_days: settings.ledger_keep_days,
            base: settings.base,
        }
    }

    fn handle(&self, account: &AccountId) -> Result<&AccountHandle, AccountError> {
        find_handle(&self.handles, account)
    }

    /// Returns the complete HTML document of a message's frame.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if the message has no HTML.
    pub async fn body_document(
        &self,
        message: &MessageRef,
        shown: Shown,
    ) -> Result<String, AccountError> {
        let handle = self.handle(&message.folder.account)?;
        let key = self.body_key(message, shown);
        if let Some(body) = handle.bodies().find(&key) {
            return Ok(body.document.clone());
        }
        let opened = self.open(handle, &key).await?;
        let body = self
            .clean(handle, key, &opened)
            .await?
            .ok_or(AccountError::NotFound)?;
        Ok(body.document.clone())
    }

    fn body_key(&self, message: &MessageRef, shown: Shown) -> BodyKey {
        let part_prefix = format!("{}/part/", url::message(&self.base, message));
        BodyKey {
            folder: message.folder.folder.clone(),
            message: message.message.clone(),
            images: match shown.images {
                true => Images::Allowed,
                false => Images::Blocked,
            },
            scheme: match shown.light {
                true => Scheme::Light,
                false => self.scheme,
            },
            quote_label: self.locale.lang.quoted_text(),
            part_prefix,
        }
    }

    async fn open(
        &self,
        handle: &AccountHandle,
        key: &BodyKey,
    ) -> Result<Box<Opened>, AccountError> {
        handle.open(key.folder.clone(), key.message.clone()).await
    }

    async fn clean(
        &self,
        handle: &AccountHandle,
        key: BodyKey,
        opened: &Opened,
    ) -> Result<Option<Arc<CleanedBody>>, AccountError> {
        let Body::Html { documents, .. } = &opened.body else {
            return Ok(None);
        };
        let (root, supplements) = (opened.root.clone(), opened.supplements.clone());
        let cleaned = clean_html(documents.clone(), root, supplements, &key).await?;
        let cleaned = Arc::new(cleaned);
        handle.bodies().keep(key, Arc::clone(&cleaned));
        Ok(Some(cleaned))
    }

    async fn show(&self, message: MessageRef) -> Result<MessageView, AccountError> {
        let handle = self.handle(&message.folder.account)?;
        let mut key = self.body_key(&message, Shown::default());
        let opened = self.open(handle, &key).await?;
        let host = &handle.sign_in().incoming.host;
        let mut cards = cards(&opened, handle.address(), host, &self.locale);
        self.link_report(handle, &opened, &mut cards).await;
        self.offer_answer(handle, &opened, &mut cards).await?;
        let shows_images = shows_images(handle, &opened, &cards).await;
        if shows_images {
            key.images = Images::Allowed;
        }
        let cleaned = self.clean(handle, key, &opened).await?;
        let readable = opened.root.readable();
        let mut attachments = Vec::new();
        let (body, parts) = match (&opened.body, &cleaned) {
            (Body::Html { is_cut, .. }, Some(cleaned)) => {
                let body = BodyView::Html {
                    blocked_images: cleaned.blocked_images,
                    shows_images,
                    tracking_pixels: cleaned.tracking_pixels,
                    is_cut: *is_cut || cleaned.is_cut,
                };
                (body, readable.attachments_except(&cleaned.content_ids))
            }
            (Body::Text { is_cut, .. }, _) => {
                let (mut body, root) = (opened.body.clone(), opened.root.clone());
                let is_own_text = opened.supplements.packed.is_none();
                let read = off_thread(move || {
                    let files = match is_own_text {
                        true => map::take_files(&mut body, &root),
                        false => Vec::new(),
                    };
                    (map::text_blocks(&body), files)
                });
                let (blocks, files) = read.await?;
                attachments = files;
                (
                    BodyView::Text {
                        blocks,
                        is_cut: *is_cut,
                    },
                    readable.attachments,
                )
            }
            // The only part is the whole message, which can be saved as source.
            (Body::OverLimits, _) => {
                let why = wording::message::over_limits(self.locale.lang).to_owned();
                (BodyView::Empty { why }, Vec::new())
            }
            _ => {
                let sealed = opened.supplements.sealed(&opened.root);
                let why = wording::message::no_text(sealed, self.locale.lang).to_owned();
                (BodyView::Empty { why }, readable.attachments)
            }
        };
        let none_used = BTreeSet::new();
        let used = cleaned.as_ref().map(|cleaned| &cleaned.content_ids);
        let used = used.unwrap_or(&none_used);
        attachments.extend(map::attachment_views(&opened, parts, used));
        Ok(map::message_view(
            &message.folder,
            &opened,
            body,
            attachments,
            cards,
            map::unsubscribe(handle, &opened),
            &self.locale,
        ))
    }

    /// Changes messages of any accounts and folders, with one concurrent change per folder.
    async fn changes<'a, F>(
        &'a self,
        messages: Vec<MessageRef>,
        change: impl Fn(&'a AccountHandle, FolderId, Vec<MessageId>) -> F,
    ) -> Result<ChangesDone, ApiError>
    where
        F: Future<Output = Result<Changed, AccountError>>,
    {
        self.localize(check_count(messages.len()))?;
        let change = &change;
        let changed = group_by_folder(messages)
            .into_iter()
            .map(|(folder, ids)| async move {
                let done = async {
                    let handle = self.handle(&folder.account)?;
                    change(handle, folder.folder.clone(), ids.clone()).await
                };
                let done = done.await;
                let messages = ids.into_iter().map(|id| folder.message(id)).collect();
                (folder.account.clone(), messages, done)
            });
        self.collect_changes(join_all(changed).await)
    }

    /// Converts the results of changes; returns an error if every change failed.
    fn collect_changes(
        &self,
        changes: Vec<(AccountId, Vec<MessageRef>, Result<Changed, AccountError>)>,
    ) -> Result<ChangesDone, ApiError> {
        let mut collected = ChangesDone::default();
        for (account, messages, changed) in changes {
            match self.localize(changed) {
                Ok(changed) => {
                    map::add_done(&mut collected.done, map::change_done(&account, changed));
                }
                Err(error) => collected.failed.push(Failed {
                    account,
                    messages,
                    error,
                }),
            }
        }
        // Several accounts that failed may have failed for different reasons.
        match collected.failed.len() == 1 && collected.done.is_empty() {
            true => Err(collected.failed.swap_remove(0).error),
            false => Ok(collected),
        }
    }

    /// Converts the error of a result to a text in the request's language, and logs its details.
    fn localize<T>(&self, result: Result<T, AccountError>) -> Result<T, ApiError> {
        result.map_err(|error| error.to_api(self.locale.lang))
    }
}

/// Maximum number of messages of one change; a page of a list has 50, a window at most 200.
const CHANGED_MAX: usize = 1_000;

fn check_count(messages: usize) -> Result<(), AccountError> {
    if messages <= CHANGED_MAX {
        return Ok(());
    }
    Err(AccountError::Invalid {
        field: "message",
        problem: InvalidField::TooManyMessages { max: CHANGED_MAX },
    })
}

/// Groups messages by folder, in request order.
fn group_by_folder(messages: Vec<MessageRef>) -> Vec<(FolderRef, Vec<MessageId>)> {
    let mut folders: Vec<(FolderRef, Vec<MessageId>)> = Vec::new();
    for MessageRef { folder, message } in messages {
        match folders.iter_mut().find(|(known, _)| *known == folder) {
            Some((_, messages)) => messages.push(message),
            None => folders.push((folder, vec![message])),
        }
    }
    folders
}

impl MailBackend for SessionBackend {
    fn session_show(&self) -> BackendFuture<'_, SessionView> {
        Box::pin(async move {
            let outbox_open = self.localize(self.open_count().await)?;
            Ok(SessionView {
                accounts: self.handles.iter().map(map::account_view).collect(),
                upload_max_bytes: self.upload_max_bytes,
                outbox_open,
            })
        })
    }

    fn folder_list(&self, account: AccountId) -> BackendFuture<'_, FoldersView> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&account))?;
            let folders = handle
                .request(RequestTarget::Account, RequestKind::Poll, |store| {
                    store.folders()
                })
                .await;
            self.localize(folders).map(map::folder_list)
        })
    }

    fn folder_create(&self, account: AccountId, role: FolderRole) -> BackendFuture<'_, FolderView> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&account))?;
            let name = role_name(role, self.locale.lang).into_owned();
            let created = handle
                .request(RequestTarget::Account, RequestKind::Change, move |store| {
                    store.create_folder(role, name.clone())
                })
                .await;
            self.localize(created).map(map::folder_view)
        })
    }

    fn folder_pin(&self, folder: FolderRef, is_pinned: bool) -> BackendFuture<'_, ()> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&folder.account))?;
            let pinned = handle
                .request(RequestTarget::Account, RequestKind::Set, move |store| {
                    store.pin_folder(folder.folder.clone(), is_pinned)
                })
                .await;
            self.localize(pinned)
        })
    }

    fn message_list(&self, query: ListQuery) -> BackendFuture<'_, MessageRows> {
        Box::pin(async move {
            let today = self.locale.today(now_unix_ms());
            let list = self.lists.list(&self.handles, query, today).await;
            Ok(map::message_rows(
                self.localize(list)?,
                &self.handles,
                &self.locale,
            ))
        })
    }

    fn view_cancel(&self, view: ViewId) -> BackendFuture<'_, ()> {
        Box::pin(async move {
            self.lists.cancel(&view);
            Ok(())
        })
    }

    fn message_open(&self, message: MessageRef) -> BackendFuture<'_, MessageView> {
        Box::pin(async move { self.localize(self.show(message).await) })
    }

    fn image_senders(&self) -> BackendFuture<'_, Vec<ImageSender>> {
        Box::pin(async move {
            let mut senders = Vec::new();
            for handle in &self.handles {
                let addresses = self.localize(handle.image_senders().await)?;
                senders.extend(addresses.into_iter().map(|address| ImageSender {
                    account: handle.id(),
                    address,
                }));
            }
            Ok(senders)
        })
    }

    fn images_show(&self, sender: ImageSender, is_shown: bool) -> BackendFuture<'_, ()> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&sender.account))?;
            let shown = handle.show_images_of(&sender.address, is_shown).await;
            self.localize(shown)
        })
    }

    fn list_leave(&self, message: MessageRef) -> BackendFuture<'_, String> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&message.folder.account))?;
            let left = handle.leave_list(message.folder.folder, message.message);
            self.localize(left.await)
        })
    }

    fn invitation_answer(
        &self,
        message: MessageRef,
        answer: InvitationAnswer,
    ) -> BackendFuture<'_, OutboxId> {
        Box::pin(async move {
            let account = message.folder.account.clone();
            let outbox = self.localize(self.answer_invitation(message, answer).await)?;
            self.wait_for_first_attempt(&account, &outbox, PLAIN_FORM_WAIT)
                .await;
            Ok(outbox)
        })
    }

    fn message_mark(
        &self,
        messages: Vec<MessageRef>,
        mark: Mark,
    ) -> BackendFuture<'_, ChangesDone> {
        Box::pin(self.changes(messages, move |handle, folder, messages| {
            handle.request(
                RequestTarget::Folder(folder.clone()),
                RequestKind::Set,
                move |store| store.mark(folder.clone(), messages.clone(), mark),
            )
        }))
    }

    fn message_move(
        &self,
        messages: Vec<MessageRef>,
        to: Destination,
    ) -> BackendFuture<'_, ChangesDone> {
        Box::pin(self.changes(messages, move |handle, folder, messages| {
            let to = to.clone();
            handle.request(
                RequestTarget::Folder(folder.clone()),
                RequestKind::Change,
                move |store| store.move_messages(folder.clone(), messages.clone(), to.clone()),
            )
        }))
    }

    fn change_undo(&self, undo: Vec<UndoRef>) -> BackendFuture<'_, ChangesDone> {
        Box::pin(async move {
            self.localize(check_count(undo.len()))?;
            let undone = undo
                .into_iter()
                .map(|UndoRef { account, undo }| async move {
                    let done = async {
                        let handle = self.handle(&account)?;
                        handle
                            .request(
                                RequestTarget::Undo(undo.clone()),
                                RequestKind::Change,
                                move |store| store.undo(undo.clone()),
                            )
                            .await
                    };
                    let done = done.await;
                    (account, Vec::new(), done)
                });
            self.collect_changes(join_all(undone).await)
        })
    }

    fn compose_start(
        &self,
        account: AccountId,
        source: Option<ComposeSource>,
        more: Vec<MessageRef>,
    ) -> BackendFuture<'_, ComposeForm> {
        Box::pin(async move { self.localize(self.new_form(&account, source, more).await) })
    }

    fn compose_again(&self, outbox: OutboxId) -> BackendFuture<'_, ComposeForm> {
        Box::pin(async move { self.localize(self.correction_form(&outbox).await) })
    }

    fn text_convert(
        &self,
        account: AccountId,
        conversion: Conversion,
    ) -> BackendFuture<'_, Converted> {
        Box::pin(async move { self.localize(self.convert_text(&account, conversion).await) })
    }

    fn draft_save(
        &self,
        account: AccountId,
        draft: Draft,
        is_forced: bool,
    ) -> BackendFuture<'_, DraftResult> {
        Box::pin(async move { self.localize(self.save_draft(&account, &draft, is_forced).await) })
    }

    fn draft_open(&self, draft: MessageRef, is_copy: bool) -> BackendFuture<'_, ComposeForm> {
        Box::pin(async move { self.localize(self.draft_form(&draft, is_copy).await) })
    }

    fn composing_list(&self) -> BackendFuture<'_, Vec<ComposingSettings>> {
        Box::pin(async move { self.localize(self.composing().await) })
    }

    fn composing_save(
        &self,
        account: AccountId,
        choices: ComposingChoices,
    ) -> BackendFuture<'_, ()> {
        Box::pin(async move { self.localize(self.save_composing(&account, choices).await) })
    }

    fn identity_list(&self) -> BackendFuture<'_, Vec<AccountIdentities>> {
        Box::pin(async move { self.localize(self.identities().await) })
    }

    fn identity_save(&self, account: AccountId, identity: Identity) -> BackendFuture<'_, ()> {
        Box::pin(async move { self.localize(self.save_identity(&account, identity).await) })
    }

    fn identity_delete(&self, account: AccountId, identity: IdentityId) -> BackendFuture<'_, ()> {
        Box::pin(async move { self.localize(self.delete_identity(&account, &identity).await) })
    }

    fn template_list(&self) -> BackendFuture<'_, Vec<AccountTemplates>> {
        Box::pin(async move { self.localize(self.templates().await) })
    }

    fn template_save(&self, account: AccountId, template: Template) -> BackendFuture<'_, ()> {
        Box::pin(async move { self.localize(self.save_template(&account, template).await) })
    }

    fn template_delete(&self, account: AccountId, template: TemplateId) -> BackendFuture<'_, ()> {
        Box::pin(async move { self.localize(self.delete_template(&account, &template).await) })
    }

    fn contact_list(&self, query: ContactQuery) -> BackendFuture<'_, ContactRows> {
        Box::pin(async move { self.localize(self.contacts(&query).await) })
    }

    fn contact_save(&self, account: AccountId, contact: Contact) -> BackendFuture<'_, ContactId> {
        Box::pin(async move { self.localize(self.save_contact(&account, contact).await) })
    }

    fn contact_group_save(
        &self,
        account: AccountId,
        group: ContactGroup,
    ) -> BackendFuture<'_, ContactId> {
        Box::pin(async move { self.localize(self.save_contact_group(&account, group).await) })
    }

    fn contact_delete(&self, account: AccountId, contact: ContactId) -> BackendFuture<'_, ()> {
        Box::pin(async move { self.localize(self.delete_contact(&account, &contact).await) })
    }

    fn contacts_import(
        &self,
        account: AccountId,
        file: Vec<u8>,
    ) -> BackendFuture<'_, ImportReport> {
        Box::pin(async move { self.localize(self.import_contacts(&account, file).await) })
    }

    fn unsent_keys(&self, account: AccountId) -> BackendFuture<'_, SealingKeys> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&account))?;
            Ok(map::unsent_keys(handle.browser_keys()))
        })
    }

    fn message_send(&self, account: AccountId, draft: Draft) -> BackendFuture<'_, OutboxId> {
        Box::pin(async move {
            let outbox = self.localize(self.send(&account, draft).await)?;
            self.wait_for_first_attempt(&account, &outbox, FIRST_ATTEMPT_WAIT)
                .await;
            Ok(outbox)
        })
    }

    fn people_suggest(
        &self,
        account: AccountId,
        typed: String,
    ) -> BackendFuture<'_, Vec<PersonSuggestion>> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&account))?;
            let known = self.localize(handle.people().await)?;
            let book = self.localize(handle.contacts().await)?;
            Ok(people::suggest(known, book, &typed, now_unix_ms()))
        })
    }

    fn people_compare(
        &self,
        account: AccountId,
        addresses: Vec<String>,
    ) -> BackendFuture<'_, Vec<AddressWarning>> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&account))?;
            let known = self.localize(handle.people().await)?;
            Ok(people::compare(&known, &addresses, self.locale.lang))
        })
    }

    fn person_forget(&self, account: AccountId, address: String) -> BackendFuture<'_, ()> {
        Box::pin(async move {
            let handle = self.localize(self.handle(&account))?;
            self.localize(handle.person_forget(&address).await)
        })
    }

    fn outbox_list(&self, before: Option<String>) -> BackendFuture<'_, OutboxRows> {
        Box::pin(async move { self.localize(self.rows(before.as_deref()).await) })
    }

    fn outbox_show(&self, outbox: OutboxId) -> BackendFuture<'_, OutboxEntry> {
        Box::pin(async move {
            let (handle, row) = self.localize(self.row(&outbox).await)?;
            Ok(self.entry(handle, &row))
        })
    }

    fn outbox_change(&self, outbox: OutboxId, change: EntryChange) -> BackendFuture<'_, ()> {
        Box::pin(async move { self.localize(self.change(&outbox, change).await) })
    }
}

/// Returns whether the remote images of a message are shown without asking: its one author is a
/// sender that the user chose, and the receiving server did not find the author forged.
async fn shows_images(handle: &AccountHandle, opened: &Opened, cards: &[Card]) -> bool {
    let is_forged = cards.iter().any(|card| card.kind == CardKind::Forged);
    match opened.headers.from().as_slice() {
        [author] if !is_forged => handle.shows_images_of(author).await,
        _ => false,
    }
}
