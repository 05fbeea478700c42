//! Drafts: what was typed, as a message that every mail program can open and continue.
//!
//! The valid recipients, the subject, the text and the uploaded files are ordinary parts of the
//! message. What has no field of its own (recipients as typed, the message that is answered, the
//! options) is in a field of ours, which other programs ignore or drop.

use std::sync::Arc;

use app::api::types::{
    ComposeKind, ComposeSource, Draft, DraftId, FolderId, IdentityId, MessageId, OutboxId, PartId,
    Priority, SavedDraft, SendOptions,
};
use bytes::Bytes;
use mail_mime::address::{self, EmailAddress};
use mail_mime::compose::{Composer, OutgoingMessage, extra_field};
use mail_mime::date::Date;
use mail_mime::header::Headers;
use serde::{Deserialize, Serialize};

use super::files::{Attached, attached_files, fetch_parts, write};
use super::html::formatted_text;
use super::wire::wire_for_draft;
use super::{attachments, check_lengths, compose_error, domain_of, message_id, with_text};
use crate::account::error::AccountError;
use crate::account::handle::AccountHandle;
use crate::account::mailstore::DraftSave;
use crate::account::model::{now_unix_ms, random_id};
use crate::account::spooled::SpooledMessage;
use crate::account::uploads::{Upload, Uploads};
use crate::account::worker::{RequestKind, RequestTarget};
use crate::domain::{DraftCopy, DraftSaved, Opened};
use crate::store::form_hash;

/// The field of a draft that holds its [`DraftFields`].
pub(super) const FIELD: &str = "X-Restante-Draft";
/// The version in it.
const VERSION: u32 = 1;

/// What a draft holds beside its message: JSON in the field [`FIELD`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DraftFields {
    version: u32,
    to: String,
    cc: String,
    bcc: String,
    kind: Option<String>,
    folder: Option<String>,
    message: Option<String>,
    keep_parts: Vec<String>,
    replaces: Option<String>,
    priority: String,
    wants_receipt: bool,
    wants_notice: bool,
    requires_tls: bool,
    send_at: String,
    #[serde(default)]
    identity: Option<String>,
    /// The hash of the key of the form that saved it; empty if it has none.
    #[serde(default)]
    form: String,
}

impl DraftFields {
    fn of(draft: &Draft) -> Self {
        let source = draft.source.as_ref();
        Self {
            version: VERSION,
            to: draft.to.clone(),
            cc: draft.cc.clone(),
            bcc: draft.bcc.clone(),
            kind: source.map(|source| source.kind.word().to_owned()),
            folder: source.map(|source| source.folder.0.clone()),
            message: source.map(|source| source.message.0.clone()),
            keep_parts: draft.keep_parts.iter().map(|part| part.0.clone()).collect(),
            replaces: draft.replaces.as_ref().map(|entry| entry.0.clone()),
            priority: draft.options.priority.word().to_owned(),
            wants_receipt: draft.options.wants_receipt,
            wants_notice: draft.options.wants_notice,
            requires_tls: draft.options.requires_tls,
            send_at: draft.options.send_at.clone(),
            identity: draft.identity.as_ref().map(|id| id.0.clone()),
            form: draft.form.as_ref().map(form_hash).unwrap_or_default(),
        }
    }

    /// Reads the fields of a draft; `None` if another program wrote it last, or changed its
    /// recipients.
    fn read(headers: &Headers) -> Option<Self> {
        let fields: Self = serde_json::from_str(&extra_field(headers, FIELD)?).ok()?;
        let is_of = |typed: &str, written: Vec<EmailAddress>| {
            let valid = address::entries(typed).filter_map(|entry| entry.mailbox.ok());
            let typed: Vec<String> = valid.map(|mailbox| mailbox.address).collect();
            let written: Vec<String> = written.into_iter().map(|to| to.address).collect();
            typed == written
        };
        let is_unchanged = fields.version == VERSION
            && is_of(&fields.to, headers.to())
            && is_of(&fields.cc, headers.cc())
            && is_of(&fields.bcc, headers.bcc());
        is_unchanged.then_some(fields)
    }

    /// Writes them into a draft.
    fn fill(self, draft: &mut Draft) {
        draft.to = self.to;
        draft.cc = self.cc;
        draft.bcc = self.bcc;
        let kind = self.kind.as_deref().and_then(ComposeKind::from_word);
        let source = kind.zip(self.folder).zip(self.message);
        draft.source = source.map(|((kind, folder), message)| ComposeSource {
            kind,
            folder: FolderId(folder),
            message: MessageId(message),
        });
        draft.keep_parts = self.keep_parts.into_iter().map(PartId).collect();
        draft.replaces = self.replaces.map(OutboxId);
        draft.identity = self.identity.map(IdentityId);
        draft.options = SendOptions {
            send_at: self.send_at,
            priority: Priority::from_word(&self.priority).unwrap_or_default(),
            wants_receipt: self.wants_receipt,
            wants_notice: self.wants_notice,
            requires_tls: self.requires_tls,
        };
    }
}

/// Saves a draft in place of its earlier copy.
///
/// Without `is_forced`, nothing is saved if another tab or another program changed the copy. A copy
/// that the same form saved is replaced, also if the response to that save was lost: the first copy
/// of a form gets its id from the key of the form.
///
/// # Errors
/// [`AccountError::Invalid`] for a text over its limit or a file that is gone; otherwise the error
/// of the request.
pub(crate) async fn save_draft(
    handle: &AccountHandle,
    draft: &Draft,
    uploads: &Uploads,
    offset_minutes: i16,
    is_forced: bool,
    folder_name: String,
    upload_max_bytes: u64,
) -> Result<(DraftId, DraftSaved), AccountError> {
    check_lengths(draft)?;
    let now = now_unix_ms();
    // A draft of an identity that was deleted is saved with the default one.
    let identity = match handle.identity(draft.identity.as_ref()).await {
        Ok(identity) => identity,
        Err(_) => handle.identity(None).await?,
    };
    let from = EmailAddress::new(&identity.name, &identity.address);
    // The id does not change with the sender.
    let own = EmailAddress::new("", handle.address());
    let fields = DraftFields::of(draft);
    let id = match (&draft.saved, &fields.form) {
        (Some(saved), _) => saved.id.clone(),
        (None, form) if form.is_empty() => DraftId(message_id(&own)?),
        (None, form) => DraftId(format!("{form}@{}", domain_of(&own)?)),
    };
    let date = Date {
        unix_ms: now,
        offset_minutes,
    };
    let recipients = |typed: &str| {
        let entries = address::entries(typed);
        entries.filter_map(|entry| entry.mailbox.ok()).collect()
    };
    let formatted = formatted_text(draft).await?;
    let message = OutgoingMessage::new(from, id.0.clone(), date);
    let mut message = with_text(draft, formatted.as_ref(), message);
    message.to = recipients(&draft.to);
    message.cc = recipients(&draft.cc);
    message.bcc = recipients(&draft.bcc);
    message.in_reply_to = draft.thread.last().cloned();
    message.references = draft.thread.clone();
    let files = attached_files(&draft.uploads, uploads, None)?;
    message.attachments = attachments(handle, &files, formatted.as_ref()).await?;
    message.wire = wire_for_draft(&message);
    let json = serde_json::to_string(&fields);
    let json = json.map_err(|error| AccountError::Internal(error.to_string()))?;
    let composer = Composer::draft(&message, &[(FIELD, json)], &random_id()?);
    let composer = composer.map_err(compose_error)?;
    let (_held, files): (Vec<Attached>, Vec<_>) = files.into_iter().unzip();
    let file = Arc::new(
        write(
            handle,
            &composer,
            &files,
            &message.attachments,
            upload_max_bytes,
        )
        .await?,
    );
    let mut save = DraftSave {
        content: SpooledMessage {
            spool: handle.spool().clone(),
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            written_unix_ms: now,
            own_fields: Bytes::new(),
        },
        id: id.clone(),
        is_new: draft.saved.is_none() && fields.form.is_empty(),
        replaces: draft.saved.as_ref().map(|saved| DraftCopy {
            folder: saved.folder.clone(),
            message: saved.message.clone(),
        }),
        is_forced,
        folder_name,
    };
    let request = |save: DraftSave| {
        // The file lives as long as the request, even if the caller is dropped.
        let file = Arc::clone(&file);
        handle.request(RequestTarget::Drafts, RequestKind::Change, move |store| {
            let _ = &file;
            store.save_draft(save.clone())
        })
    };
    let mut saved = request(save.clone()).await?;
    if let DraftSaved::ChangedElsewhere(copy) = &saved
        && is_saved_by(handle, copy, &fields.form).await?
    {
        save.replaces = Some(copy.clone());
        saved = request(save).await?;
    }
    Ok((id, saved))
}

/// Whether a copy was saved by the form with this hash: the response to that save was lost.
async fn is_saved_by(
    handle: &AccountHandle,
    copy: &DraftCopy,
    form: &str,
) -> Result<bool, AccountError> {
    if form.is_empty() {
        return Ok(false);
    }
    let opened = handle.open(copy.folder.clone(), copy.message.clone());
    let fields = match opened.await {
        Ok(opened) => DraftFields::read(&opened.headers),
        Err(AccountError::NotFound) => None,
        Err(error) => return Err(error),
    };
    Ok(fields.is_some_and(|fields| fields.form == form))
}

/// Returns a draft's part of a form: what a copy among the drafts holds, without text and files.
pub(crate) fn read_draft(headers: &Headers, copy: DraftCopy) -> Draft {
    let id = headers.message_id().unwrap_or_default();
    let typed = |list: Vec<EmailAddress>| address::format_typed(&list);
    let mut draft = Draft {
        to: typed(headers.to()),
        cc: typed(headers.cc()),
        bcc: typed(headers.bcc()),
        subject: headers.subject(),
        saved: Some(SavedDraft {
            id: DraftId(id),
            folder: copy.folder,
            message: copy.message,
        }),
        thread: thread_of(headers),
        ..Draft::default()
    };
    if let Some(fields) = DraftFields::read(headers) {
        fields.fill(&mut draft);
    }
    draft
}

/// Copies the attachments of a draft into the spool, as uploads of the session, without those parts
/// that its formatted text shows.
///
/// # Errors
/// [`AccountError::Invalid`] if they are over `max_bytes`; otherwise the error of the request.
pub(crate) async fn fetch_attachments(
    handle: &AccountHandle,
    copy: &DraftCopy,
    opened: &Opened,
    shown: &[PartId],
    uploads: &Uploads,
    max_bytes: u64,
) -> Result<Vec<Upload>, AccountError> {
    let readable = opened.root.readable();
    let parts = readable.attachments.iter().chain(&readable.inline);
    let parts = parts.map(|part| PartId(part.section.clone()));
    let parts: Vec<PartId> = parts.filter(|part| !shown.contains(part)).collect();
    let message = (&copy.folder, &copy.message);
    fetch_parts(handle, message, &parts, opened, uploads, max_bytes).await
}

/// Returns the ids of the conversation that a draft belongs to, its parent last.
fn thread_of(headers: &Headers) -> Vec<String> {
    let mut ids = headers.references();
    let parents = headers.in_reply_to();
    if let [parent] = parents.as_slice() {
        ids.retain(|id| id != parent);
        ids.push(parent.clone());
    }
    ids
}
