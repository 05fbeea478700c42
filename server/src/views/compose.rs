//! The initial content of compose forms: replies, forwards and corrections of outbox entries.

mod quotation;

use app::api::types::{
    AccountId, ComposeForm, ComposeKind, ComposeSource, Converted, Draft, Identity, IdentityId,
    Limitation, MessageRef, QuotePosition, RecipientState, SendLimitation, UploadId, UploadView,
};
use mail_mime::address::{self, Address, EmailAddress};
use mail_mime::body::Body;
use mail_mime::list_fields::ListFields;
use mail_mime::text::Format;
use mail_mime::{quote, text};

use super::locale::Locale;
use super::map::{self, upload_view};
use crate::account::AccountHandle;
use crate::account::compose::{
    EditableHtml, editable_html, fetch_attachments, fetch_messages, html_without_pictures,
    read_draft, thread_of_answer,
};
use crate::account::error::AccountError;
use crate::account::off_thread::off_thread;
use crate::account::uploads::{Upload, Uploads};
use crate::domain::{
    AttachedFile, ComposingChoices, DraftCopy, INBOX_ID, Opened, OutboxRow, StoredDraft,
};
use quotation::{attribution, forward_head, forwarded, quoted};

/// Maximum length of the quoted text of a message, in bytes.
const QUOTED_MAX_BYTES: usize = 64 << 10;

/// Returns the initial content of a compose form, formatted if its account writes so. The pictures of
/// the quoted message are files of the session then.
pub(super) async fn begin(
    handle: &AccountHandle,
    source: Option<ComposeSource>,
    uploads: &Uploads,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    // A program reads what leaves a list, and nothing is written in what is passed on.
    let is_plain = source.as_ref().is_some_and(|source| {
        matches!(
            source.kind,
            ComposeKind::Unsubscribe | ComposeKind::Redirect
        )
    });
    let choices = handle.composing_choices().await?;
    let mut form = start(handle, source, &choices, locale, upload_max_bytes).await?;
    if is_plain || !choices.is_formatted {
        return Ok(form);
    }
    let converted = to_html(handle, &form.draft, uploads, locale, upload_max_bytes).await?;
    form.draft.html = Some(converted.text);
    let pictures = converted.uploads.iter().map(|picture| picture.id.clone());
    form.draft.uploads.extend(pictures);
    form.uploads.extend(converted.uploads);
    form.draft
        .keep_parts
        .retain(|part| !converted.parts.contains(part));
    Ok(form)
}

/// Returns the initial content of a compose form, as plain text.
async fn start(
    handle: &AccountHandle,
    source: Option<ComposeSource>,
    choices: &ComposingChoices,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    handle.expect_message();
    let form = handle.outbox().ledger.form_key(&handle.id());
    let identities = handle.identities().await?;
    let default = identities.iter().find(|identity| identity.is_default);
    let mut form = ComposeForm {
        draft: Draft {
            form: Some(form.map_err(AccountError::store)?),
            identity: default.map(|identity| identity.id.clone()),
            ..Draft::default()
        },
        server_max_bytes: handle.server_max_bytes(),
        lacking: lacking(handle),
        warns_missing_file: choices.warns_missing_file,
        templates: map::template_names(handle.templates().await?),
        ..ComposeForm::empty(
            handle.id(),
            identities.into_iter().map(map::identity).collect(),
            upload_max_bytes,
        )
    };
    form.draft.options.wants_notice =
        choices.wants_notice && !form.lacking.contains(&SendLimitation::Notices);
    let Some(source) = source else {
        form.draft.body = with_signature(&form, "");
        return Ok(form);
    };
    let opened = handle
        .open(source.folder.clone(), source.message.clone())
        .await?;
    match source.kind {
        ComposeKind::New => {
            form.draft.body = with_signature(&form, "");
            return Ok(form);
        }
        ComposeKind::Unsubscribe => {
            let ways = ListFields::of(&opened.headers).unsubscribe;
            let mail = ways.and_then(|ways| ways.mail);
            let mail = mail.ok_or(AccountError::NotFound)?;
            form.draft.to = mail.to.to_string();
            form.draft.subject = mail.subject;
            form.draft.body = mail.body;
            return Ok(form);
        }
        ComposeKind::Reply | ComposeKind::ReplyAll => {
            let own: Vec<Address> = own_addresses(&form);
            choose_identity(&mut form, &opened);
            let is_to_all = source.kind == ComposeKind::ReplyAll;
            let recipients = quote::reply_recipients(&opened.headers, &own, is_to_all);
            form.draft.to = address::format_typed(&recipients.to);
            form.draft.cc = address::format_typed(&recipients.cc);
            form.draft.subject = quote::reply_subject(&opened.headers.subject());
            form.draft.thread = thread_of_answer(&opened.headers);
            form.archives_source = choices.archives_answered
                && source.folder.as_str() == INBOX_ID
                && !handle.limitations().contains(&Limitation::OneFolder);
            let head = attribution(&opened, locale);
            let quotation = quoted(&head, &plain_text(&opened).await?);
            match choices.quote {
                QuotePosition::Below => form.draft.body = with_signature(&form, &quotation),
                QuotePosition::Above => {
                    let above = format!("{}\n\n", quotation.trim());
                    let signature = with_signature(&form, "");
                    form.cursor = u32::try_from(above.encode_utf16().count()).unwrap_or_default();
                    form.draft.body = above + &signature;
                }
                QuotePosition::Omitted => form.draft.body = with_signature(&form, ""),
            }
        }
        ComposeKind::Redirect => {
            form.draft.subject = opened.headers.subject();
            choose_identity(&mut form, &opened);
        }
        ComposeKind::ForwardAttached => {
            form.draft.subject = quote::forward_subject(&opened.headers.subject());
            choose_identity(&mut form, &opened);
            form.draft.body = with_signature(&form, "");
        }
        ComposeKind::Forward => {
            form.draft.subject = quote::forward_subject(&opened.headers.subject());
            let head = forward_head(&opened, locale);
            choose_identity(&mut form, &opened);
            let original = forwarded(&head, &plain_text(&opened).await?);
            form.draft.body = with_signature(&form, &original);
            let readable = opened.root.readable();
            let parts = readable.attachments.iter().chain(&readable.inline);
            form.forwarded = parts.map(|part| map::attachment_view(part)).collect();
            form.draft.keep_parts = form.forwarded.iter().map(|a| a.part.clone()).collect();
        }
    }
    form.draft.source = Some(source);
    Ok(form)
}

fn own_addresses(form: &ComposeForm) -> Vec<Address> {
    let addresses = form.identities.iter();
    let addresses = addresses.map(|identity| Address::parse_utf8(&identity.address));
    addresses.filter_map(Result::ok).collect()
}

/// Returns the first identity whose address is among these.
fn identity_among(form: &ComposeForm, mailboxes: &[EmailAddress]) -> Option<IdentityId> {
    let addresses = mailboxes.iter();
    let addresses: Vec<Address> = addresses.filter_map(|one| one.envelope().ok()).collect();
    let mut identities = form.identities.iter();
    let found = identities.find(|identity| {
        let address = Address::parse_utf8(&identity.address);
        address.is_ok_and(|address| {
            addresses
                .iter()
                .any(|other| other.is_same_address(&address))
        })
    });
    found.map(|identity| identity.id.clone())
}

/// Chooses the identity whose address a message came to; otherwise the default one stays.
fn choose_identity(form: &mut ComposeForm, opened: &Opened) {
    let headers = &opened.headers;
    let recipients = [headers.to(), headers.cc(), headers.bcc()].concat();
    if let Some(identity) = identity_among(form, &recipients) {
        form.draft.identity = Some(identity);
    }
}

/// Puts the signature of the chosen identity between the text, which is still empty, and what
/// follows it.
fn with_signature(form: &ComposeForm, rest: &str) -> String {
    let is_chosen = |identity: &&Identity| Some(&identity.id) == form.draft.identity.as_ref();
    let chosen = form.identities.iter().find(is_chosen);
    match chosen.map(Identity::signature_block).unwrap_or_default() {
        block if block.is_empty() => rest.to_owned(),
        block => format!("\n\n{block}\n{rest}"),
    }
}

/// Returns the form that forwards whole messages as files: that of `source`, and `more`.
pub(super) async fn forward_attached(
    handle: &AccountHandle,
    source: ComposeSource,
    more: Vec<MessageRef>,
    uploads: &Uploads,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    let mut messages = vec![source.of(&handle.id())];
    messages.extend(more);
    let mut form = begin(handle, Some(source), uploads, locale, upload_max_bytes).await?;
    let files = fetch_messages(handle, &messages, uploads, upload_max_bytes).await?;
    form.uploads.extend(files.iter().map(upload_view));
    form.draft.uploads.extend(files.iter().map(Upload::id));
    Ok(form)
}

/// Returns the options that the outgoing server is known not to support.
fn lacking(handle: &AccountHandle) -> Vec<SendLimitation> {
    let Some(server) = handle.outgoing_server() else {
        return Vec::new();
    };
    let notices = (!server.has_notices).then_some(SendLimitation::Notices);
    let required_tls = (!server.has_required_tls).then_some(SendLimitation::RequiredTls);
    notices.into_iter().chain(required_tls).collect()
}

/// Returns the form of a new message that begins as a copy of another one.
pub(super) async fn copy_form(
    handle: &AccountHandle,
    of: &MessageRef,
    uploads: &Uploads,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    let mut form = draft_form(handle, of, uploads, locale, upload_max_bytes).await?;
    let draft = &mut form.draft;
    // It is a message of its own: it neither replaces nor answers anything.
    (draft.saved, draft.source, draft.replaces) = (None, None, None);
    draft.thread = Vec::new();
    draft.options.send_at = String::new();
    draft.keep_parts = Vec::new();
    form.forwarded = Vec::new();
    Ok(form)
}

/// Returns the form that continues a draft. The copy of one that is too long to be edited whole stays
/// beside the new one.
pub(super) async fn draft_form(
    handle: &AccountHandle,
    of: &MessageRef,
    uploads: &Uploads,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    let copy = DraftCopy {
        folder: of.folder.folder.clone(),
        message: of.message.clone(),
    };
    let opened = handle
        .open(copy.folder.clone(), copy.message.clone())
        .await?;
    let mut draft = read_draft(&opened.headers, copy.clone());
    let choices = handle.composing_choices().await?;
    let started = async |source| start(handle, source, &choices, locale, upload_max_bytes).await;
    let mut form = match draft.source.clone() {
        Some(source) => match started(Some(source)).await {
            Ok(form) => form,
            // What it answers or forwards may be gone: the draft stays.
            Err(_) => started(None).await?,
        },
        None => started(None).await?,
    };
    let place = (&copy.folder, &copy.message);
    let editable = editable_html(handle, place, &opened, uploads, upload_max_bytes).await?;
    let is_cut = editable.as_ref().is_some_and(|editable| editable.is_cut);
    let (html, mut fetched, shown) = match editable {
        Some(editable) => (Some(editable.html), editable.pictures, editable.parts),
        None => (None, Vec::new(), Vec::new()),
    };
    if is_cut || opened.body.is_cut() || opened.body == Body::OverLimits {
        draft.saved = None;
    }
    let files = fetch_attachments(handle, &copy, &opened, &shown, uploads, upload_max_bytes);
    fetched.extend(files.await?);
    draft.html = html;
    if draft.identity.is_none() {
        // Another program wrote it, with one of the account's addresses.
        let author = identity_among(&form, &opened.headers.from());
        draft.identity = author.or(form.draft.identity.clone());
    }
    form.uploads = fetched.iter().map(upload_view).collect();
    draft.uploads = fetched.iter().map(Upload::id).collect();
    draft.body = match &opened.body {
        Body::Text { text, format, .. } => {
            let text = text.replace("\r\n", "\n");
            let text = match format {
                Format::Fixed => text,
                Format::Flowed { .. } => text::unwrapped(&text, *format),
            };
            text.strip_suffix('\n').unwrap_or(&text).to_owned()
        }
        Body::Html { .. } => plain_text(&opened).await?,
        Body::Empty | Body::OverLimits => String::new(),
    };
    form.cursor = 0;
    form.draft = Draft {
        form: form.draft.form,
        ..draft
    };
    Ok(form)
}

/// Converts the text of a draft to HTML. If it ends or begins with the unchanged quotation of its
/// source, that becomes the source as it was formatted, with its pictures as files of the form.
pub(super) async fn to_html(
    handle: &AccountHandle,
    draft: &Draft,
    uploads: &Uploads,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<Converted, AccountError> {
    let plain = || Converted {
        text: text::to_html(&draft.body),
        ..Converted::default()
    };
    let Some(source) = &draft.source else {
        return Ok(plain());
    };
    let opened = handle.open(source.folder.clone(), source.message.clone());
    let Ok(opened) = opened.await else {
        // The message is gone, or its server cannot be reached: the text is converted as it is.
        return Ok(plain());
    };
    let head = match source.kind {
        ComposeKind::Reply | ComposeKind::ReplyAll => attribution(&opened, locale),
        ComposeKind::Forward => forward_head(&opened, locale),
        ComposeKind::New
        | ComposeKind::ForwardAttached
        | ComposeKind::Redirect
        | ComposeKind::Unsubscribe => return Ok(plain()),
    };
    let is_forward = source.kind == ComposeKind::Forward;
    let quoted_text = plain_text(&opened).await?;
    let quotation = match is_forward {
        true => forwarded(&head, &quoted_text),
        false => quoted(&head, &quoted_text),
    };
    let own = around(&draft.body, quotation.trim());
    let (Some((before, after)), Body::Html { .. }) = (own, &opened.body) else {
        return Ok(plain());
    };
    let place = (&source.folder, &source.message);
    let editable = editable_html(handle, place, &opened, uploads, upload_max_bytes).await;
    let editable = match editable {
        Ok(editable) => editable.unwrap_or_default(),
        // The pictures are over a limit: their words stay.
        Err(AccountError::Invalid { .. }) => EditableHtml {
            html: html_without_pictures(&opened).await?,
            ..EditableHtml::default()
        },
        Err(error) => return Err(error),
    };
    let mut html = text::to_html(before);
    html.push_str(&text::to_html(head.trim_end()));
    match is_forward {
        true => html.extend(["<div><br></div>", &editable.html]),
        false => html.extend([text::QUOTE_TAG, &editable.html, "</blockquote>"]),
    }
    html.push_str(&text::to_html(after));
    Ok(Converted {
        text: html,
        uploads: editable.pictures.iter().map(upload_view).collect(),
        parts: editable.parts,
        ..Converted::default()
    })
}

/// Returns the text before and after a quotation that a text ends or begins with.
fn around<'t>(body: &'t str, quotation: &str) -> Option<(&'t str, &'t str)> {
    let before = body.trim_end().strip_suffix(quotation);
    let before = before.map(|before| (before, ""));
    before.or_else(|| {
        let after = body.trim_start().strip_prefix(quotation)?;
        Some(("", after.strip_prefix('\n')?))
    })
}

/// Returns the initial content of a form that corrects an outbox row. The row keeps its files until
/// the correction is sent.
pub(super) async fn correction_form(
    handle: &AccountHandle,
    row: OutboxRow,
    stored: StoredDraft,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    let choices = handle.composing_choices().await?;
    let mut form = start(handle, None, &choices, locale, upload_max_bytes).await?;
    let delivered: Vec<Address> = row
        .message
        .recipients
        .iter()
        .filter(|recipient| recipient.state == RecipientState::HandedOver)
        .filter_map(|recipient| Address::parse_utf8(&recipient.address).ok())
        .collect();
    let is_delivered = |mailbox: &EmailAddress| {
        let address = mailbox.envelope();
        address.is_ok_and(|address| {
            delivered
                .iter()
                .any(|other| other.is_same_address(&address))
        })
    };
    // The fields are restored as typed, without the recipients that have the message.
    let remaining = |field: &str| {
        let entries = address::entries(field);
        let remaining = entries.filter(|entry| !entry.mailbox.as_ref().is_ok_and(is_delivered));
        remaining
            .map(|entry| entry.text)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let files = row.message.attachments.iter().map(file_view);
    form.uploads = files.collect();
    form.draft = Draft {
        to: remaining(&stored.to),
        cc: remaining(&stored.cc),
        bcc: remaining(&stored.bcc),
        replaces: Some(row.id),
        uploads: form.uploads.iter().map(|file| file.id.clone()).collect(),
        keep_parts: Vec::new(),
        form: form.draft.form,
        // It was deleted when the message was sent.
        saved: None,
        ..draft(stored)
    };
    Ok(form)
}

/// Converts a draft to its stored form.
pub(crate) fn stored_draft(draft: &Draft) -> StoredDraft {
    StoredDraft {
        to: draft.to.clone(),
        cc: draft.cc.clone(),
        bcc: draft.bcc.clone(),
        subject: draft.subject.clone(),
        body: draft.body.clone(),
        html: draft.html.clone(),
        source: draft.source.clone(),
        replaces: draft.replaces.clone(),
        uploads: draft.uploads.clone(),
        keep_parts: draft.keep_parts.clone(),
        options: draft.options.clone(),
        identity: draft.identity.clone(),
        saved: draft.saved.clone(),
        thread: draft.thread.clone(),
    }
}

/// Converts a stored draft to a form's draft.
pub(crate) fn draft(stored: StoredDraft) -> Draft {
    Draft {
        to: stored.to,
        cc: stored.cc,
        bcc: stored.bcc,
        subject: stored.subject,
        body: stored.body,
        html: stored.html,
        source: stored.source,
        replaces: stored.replaces,
        uploads: stored.uploads,
        keep_parts: stored.keep_parts,
        options: stored.options,
        identity: stored.identity,
        saved: stored.saved,
        thread: stored.thread,
        form: None,
        files: None,
    }
}

/// Converts a file of a row to its page type.
fn file_view(file: &AttachedFile) -> UploadView {
    UploadView {
        id: UploadId(file.spool.clone()),
        name: file.name.clone(),
        size_bytes: file.size_bytes,
    }
}

async fn plain_text(opened: &Opened) -> Result<String, AccountError> {
    let text = match &opened.body {
        Body::Text { text, format, .. } => text::unwrapped(text, *format),
        Body::Html { documents, .. } => {
            let documents = documents.clone();
            let texts = move || {
                let texts = documents.iter().map(|html| text::from_html(html));
                texts.collect::<Vec<_>>().join("\n\n")
            };
            off_thread(texts)
                .await
                .map_err(|_| AccountError::Unreadable("HTML".to_owned()))?
        }
        Body::Empty | Body::OverLimits => String::new(),
    };
    let shown = mail_mime::display::prefix(&text, QUOTED_MAX_BYTES);
    Ok(shown.trim_end().to_owned())
}

/// Returns the session's account with this id.
pub(super) fn find_handle<'a>(
    handles: &'a [AccountHandle],
    account: &AccountId,
) -> Result<&'a AccountHandle, AccountError> {
    handles
        .iter()
        .find(|handle| handle.id() == *account)
        .ok_or(AccountError::NotFound)
}
