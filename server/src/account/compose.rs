//! Composing: the initial content of a reply, and a draft as a message in the spool.

mod drafts;
mod files;
mod html;
mod redirect;
mod wire;

use std::sync::Arc;

use app::api::types::{
    ComposeKind, ComposeSource, Draft, OutboxId, Priority, RecipientState, UploadId,
};
use mail_mime::address::{Address, EmailAddress};
use mail_mime::compose::{
    self, AttachmentMeta, CalendarPart, ComposeError, Composer, OutgoingMessage,
};
use mail_mime::date::Date;
use mail_mime::header::Headers;

pub(crate) use self::drafts::{fetch_attachments, read_draft, save_draft};
pub(crate) use self::files::{Attached, fetch_messages};
use self::files::{attached_files, copy_source_parts, is_plain_message, too_large, write};
pub(crate) use self::html::{
    EditableHtml, clean_pasted, editable_html, html_without_pictures, text_of,
};
use self::html::{FormattedText, formatted_text};
use super::error::{AccountError, InvalidField, NotReplaced};
use super::handle::AccountHandle;
use super::model::{now_unix_ms, random_id};
use super::typed::{self, RECIPIENTS_MAX};
use crate::account::uploads::Uploads;
use crate::domain::{
    AttachedFile, Opened, OutboxMessage, OutboxRow, RecipientResult, Redirected, RowState,
    SentAnswer, SentCopy, TransportOptions,
};
use crate::store::spool::SpoolFile;

/// Maximum number of files of one message, of either kind.
const FILES_MAX: usize = 100;
/// Maximum size of a message's text, in bytes.
const TEXT_MAX_BYTES: usize = 1 << 20;
/// Maximum size of the subject, in bytes.
const SUBJECT_MAX_BYTES: usize = 4 << 10;
/// Maximum size of one field of recipients, in bytes.
const ADDRESSES_MAX_BYTES: usize = 64 << 10;

/// Checks whether a row may be replaced by a correction to these recipients.
pub(crate) fn may_replace(old: &OutboxRow, new: &OutboxRow) -> Result<(), NotReplaced> {
    let in_state = |state| {
        let mut recipients = old.message.recipients.iter();
        recipients.any(move |r| r.state == state)
    };
    match old.state {
        RowState::Sending | RowState::Committing => return Err(NotReplaced::Sending),
        RowState::Waiting | RowState::Result => {}
    }
    if !old.is_open() || in_state(RecipientState::Unknown) || old.is_damaged() {
        return Err(NotReplaced::Sent);
    }
    let has_received = |address: &str| {
        let mut recipients = old.message.recipients.iter();
        recipients.any(|r| r.state == RecipientState::HandedOver && r.address == address)
    };
    let duplicate = new
        .message
        .recipients
        .iter()
        .find(|r| has_received(&r.address));
    match duplicate {
        Some(recipient) => Err(NotReplaced::Recipient(recipient.address.clone())),
        None => Ok(()),
    }
}

/// When a message leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeavesAt {
    /// After the time in which it can be stopped.
    Held {
        /// The end of that time.
        unix_ms: i64,
    },
    /// At a time that its sender chose.
    Chosen {
        /// That time.
        unix_ms: i64,
    },
}

impl LeavesAt {
    /// How many days ahead a time may be.
    pub(crate) const SCHEDULE_MAX_DAYS: i64 = 366;

    fn unix_ms(self) -> i64 {
        match self {
            Self::Held { unix_ms } | Self::Chosen { unix_ms } => unix_ms,
        }
    }
}

/// A composed message with its row, not yet in the store. Dropping it removes its files.
pub(crate) struct Written {
    pub(crate) row: OutboxRow,
    /// The files that the row takes over: the message, and its attachments.
    pub(crate) files: Vec<Attached>,
}

/// What a message has beside its draft.
pub(crate) struct SpoolOptions<'r> {
    /// The row that it replaces: its files are taken over.
    pub(crate) replaced: Option<&'r OutboxRow>,
    /// The answer to an invitation, in its iCalendar form.
    pub(crate) calendar: Option<CalendarPart>,
    /// Minutes east of UTC of its author's clock.
    pub(crate) offset_minutes: i16,
    /// When it leaves.
    pub(crate) leaves: LeavesAt,
    /// Maximum size of its attachments together, in bytes.
    pub(crate) upload_max_bytes: u64,
}

/// A message in the spool, with its envelope.
struct Composed {
    sender: Address,
    recipients: Vec<Address>,
    subject: String,
    /// Header fields that only the copy in Sent has.
    own_fields: String,
    file: Arc<SpoolFile>,
    /// Its attachments, which the row takes over.
    owned: Vec<Attached>,
    attachments: Vec<AttachedFile>,
    redirected: Option<Redirected>,
}

/// Writes a draft as a message into the spool and returns its row, not yet in the store.
pub(crate) async fn spool(
    handle: &AccountHandle,
    draft: &Draft,
    uploads: &Uploads,
    options: SpoolOptions<'_>,
) -> Result<Written, AccountError> {
    check_lengths(draft)?;
    let now = now_unix_ms();
    let leaves = options.leaves;
    let identity = handle.identity(draft.identity.as_ref()).await?;
    let from = EmailAddress::new(&identity.name, &identity.address);
    let message_id = message_id(&from)?;
    let date = Date {
        // A scheduled message is dated when it leaves.
        unix_ms: match leaves {
            LeavesAt::Chosen { unix_ms } => unix_ms,
            LeavesAt::Held { .. } => now,
        },
        offset_minutes: options.offset_minutes,
    };
    let mut outgoing = OutgoingMessage {
        to: typed::mailboxes("to", &draft.to)?,
        cc: typed::mailboxes("cc", &draft.cc)?,
        bcc: typed::mailboxes("bcc", &draft.bcc)?,
        ..OutgoingMessage::new(from, message_id.clone(), date)
    };
    if identity.is_copied {
        outgoing.bcc.push(EmailAddress::new("", &identity.address));
    }
    let composed = match &draft.source {
        Some(source) if source.kind == ComposeKind::Redirect => {
            redirect::compose(handle, source, &outgoing, options.upload_max_bytes).await?
        }
        _ => {
            outgoing.reply_to = typed::mailboxes("reply_to", &identity.reply_to)?;
            compose_draft(handle, draft, outgoing, uploads, options).await?
        }
    };
    let Composed {
        sender,
        recipients,
        subject,
        own_fields,
        file,
        owned,
        attachments,
        redirected,
    } = composed;
    let mut files = owned;
    files.push(Attached::Held(Arc::clone(&file)));
    let row = OutboxRow {
        id: OutboxId(random_id()?),
        account_key: handle.key().clone(),
        state: RowState::Waiting,
        needs_sign_in: false,
        tries: 0,
        due_unix_ms: leaves.unix_ms(),
        created_unix_ms: now,
        changed_unix_ms: now,
        spool: Some(file.name.as_str().to_owned()),
        size_bytes: file.size_bytes,
        damage: None,
        has_transcript: false,
        message: OutboxMessage {
            from: sender.as_str().to_owned(),
            subject,
            host: handle.outgoing_host().to_owned(),
            message_id,
            recipients: recipients
                .iter()
                .map(|address| RecipientResult {
                    address: address.as_str().to_owned(),
                    state: RecipientState::Waiting,
                    reply: None,
                })
                .collect(),
            error_cause: None,
            copy: SentCopy::Pending,
            attachments,
            // A message that is passed on is neither answered nor forwarded.
            source: draft.source.clone().filter(|_| redirected.is_none()),
            own_fields,
            transport: TransportOptions {
                wants_notice: draft.options.wants_notice,
                requires_tls: draft.options.requires_tls,
                scheduled_unix_ms: match leaves {
                    LeavesAt::Chosen { unix_ms } => Some(unix_ms),
                    LeavesAt::Held { .. } => None,
                },
            },
            search: None,
            draft: draft.saved.as_ref().map(|saved| saved.id.clone()),
            redirected,
        },
    };
    Ok(Written { row, files })
}

/// Writes the message of a draft into the spool. `outgoing` has its sender and recipients.
async fn compose_draft(
    handle: &AccountHandle,
    draft: &Draft,
    outgoing: OutgoingMessage,
    uploads: &Uploads,
    options: SpoolOptions<'_>,
) -> Result<Composed, AccountError> {
    let SpoolOptions {
        replaced,
        calendar,
        upload_max_bytes,
        ..
    } = options;
    let formatted = formatted_text(draft).await?;
    let mut outgoing = OutgoingMessage {
        is_flowed: true,
        calendar,
        ..with_text(draft, formatted.as_ref(), outgoing)
    };
    let mut files = attached_files(&draft.uploads, uploads, replaced)?;
    outgoing.attachments = attachments(handle, &files, formatted.as_ref()).await?;
    outgoing.references = draft.thread.clone();
    let source_parts = match &draft.source {
        Some(source) if needs_source(source, draft) => {
            let opened = open(handle, source).await?;
            if !source.kind.is_forward() {
                outgoing.references = thread_of_answer(&opened.headers);
            }
            let mut remaining_bytes = upload_max_bytes;
            for (_, file) in &files {
                remaining_bytes = remaining_bytes.saturating_sub(file.size_bytes);
            }
            copy_source_parts(handle, source, draft, &opened, remaining_bytes).await?
        }
        _ => Vec::new(),
    };
    outgoing.in_reply_to = outgoing.references.last().cloned();
    let parts = attachments(handle, &source_parts, None).await?;
    outgoing.attachments.extend(parts);
    outgoing.wire = wire::wire_for(&outgoing, handle.outgoing_server())?;
    let composer = Composer::new(&outgoing, &random_id()?).map_err(compose_error)?;
    check_count(composer.recipients())?;
    check_size(handle, composer.size_bytes())?;
    files.extend(source_parts);
    let (owned, all): (Vec<Attached>, Vec<AttachedFile>) = files.into_iter().unzip();
    let attachments = &outgoing.attachments;
    let file = write(handle, &composer, &all, attachments, upload_max_bytes).await?;
    Ok(Composed {
        sender: composer.sender().clone(),
        recipients: composer.recipients().to_vec(),
        subject: draft.subject.clone(),
        own_fields: composer.own_fields().to_owned(),
        file: Arc::new(file),
        owned,
        attachments: all,
        redirected: None,
    })
}

fn check_count(recipients: &[Address]) -> Result<(), AccountError> {
    if recipients.len() > RECIPIENTS_MAX {
        return Err(AccountError::Invalid {
            field: "to",
            problem: InvalidField::TooManyRecipients {
                max: RECIPIENTS_MAX,
            },
        });
    }
    Ok(())
}

/// Checks the size of a message against the limit of its outgoing server.
fn check_size(handle: &AccountHandle, size_bytes: u64) -> Result<(), AccountError> {
    match handle.server_max_bytes() {
        Some(max_bytes) if size_bytes > max_bytes => Err(too_large(max_bytes)),
        _ => Ok(()),
    }
}

/// Returns the part of a message that answers an invitation.
pub(crate) fn calendar_part(answer: &SentAnswer) -> CalendarPart {
    CalendarPart {
        method: "REPLY".to_owned(),
        text: answer.calendar.clone(),
    }
}

/// Gives a message the text and the options of its draft.
fn with_text(
    draft: &Draft,
    formatted: Option<&FormattedText>,
    outgoing: OutgoingMessage,
) -> OutgoingMessage {
    OutgoingMessage {
        subject: draft.subject.clone(),
        body: formatted.map_or_else(|| draft.body.clone(), |formatted| formatted.text.clone()),
        html: formatted.map(|formatted| formatted.html.clone()),
        priority: match draft.options.priority {
            Priority::Normal => compose::Priority::Normal,
            Priority::High => compose::Priority::High,
            Priority::Low => compose::Priority::Low,
        },
        wants_receipt: draft.options.wants_receipt,
        ..outgoing
    }
}

/// Returns the attachments of a message.
async fn attachments(
    handle: &AccountHandle,
    files: &[(Attached, AttachedFile)],
    formatted: Option<&FormattedText>,
) -> Result<Vec<AttachmentMeta>, AccountError> {
    let mut attachments = Vec::new();
    for (_, file) in files {
        let id = UploadId(file.spool.clone());
        attachments.push(AttachmentMeta {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size_bytes: file.size_bytes,
            content_id: formatted.and_then(|formatted| formatted.content_id(&id)),
            is_literal: is_plain_message(handle, file).await?,
        });
    }
    Ok(attachments)
}

/// Whether the message that is answered or forwarded has to be opened: for its parts, or for its
/// conversation, which forms of earlier versions do not have.
fn needs_source(source: &ComposeSource, draft: &Draft) -> bool {
    !draft.keep_parts.is_empty() || source.kind.is_reply() && draft.thread.is_empty()
}

/// Returns References of an answer to a message; its last id is In-Reply-To.
pub(crate) fn thread_of_answer(headers: &Headers) -> Vec<String> {
    let mut references = headers.references();
    if references.is_empty() {
        // RFC 5322 §3.6.4: a single id in In-Reply-To is that of the parent's parent.
        let ids = headers.in_reply_to();
        references = if ids.len() == 1 { ids } else { Vec::new() };
    }
    references.extend(headers.message_id());
    references
}

/// Checks the length of the typed texts: they are stored, sealed, until the message is sent.
fn check_lengths(draft: &Draft) -> Result<(), AccountError> {
    for (field, text, max_bytes) in [
        ("to", &draft.to, ADDRESSES_MAX_BYTES),
        ("cc", &draft.cc, ADDRESSES_MAX_BYTES),
        ("bcc", &draft.bcc, ADDRESSES_MAX_BYTES),
        ("subject", &draft.subject, SUBJECT_MAX_BYTES),
        ("body", &draft.body, TEXT_MAX_BYTES),
    ] {
        typed::length(field, text, max_bytes)?;
    }
    let is_incomplete = |files| u32::try_from(draft.uploads.len()) != Ok(files);
    if draft.files.is_some_and(is_incomplete) {
        return Err(AccountError::Invalid {
            field: "attachment",
            problem: InvalidField::FilesMissing,
        });
    }
    if draft.uploads.len().max(draft.keep_parts.len()) > FILES_MAX {
        return Err(AccountError::Invalid {
            field: "attachment",
            problem: InvalidField::TooManyFiles { max: FILES_MAX },
        });
    }
    Ok(())
}

async fn open(handle: &AccountHandle, source: &ComposeSource) -> Result<Opened, AccountError> {
    let opened = handle.open(source.folder.clone(), source.message.clone());
    Ok(*opened.await?)
}

/// The error if a file of a message no longer exists.
pub(crate) fn attachment_missing() -> AccountError {
    AccountError::Invalid {
        field: "attachment",
        problem: InvalidField::AttachmentMissing,
    }
}

fn compose_error(error: ComposeError) -> AccountError {
    match error {
        ComposeError::NoRecipient => AccountError::Invalid {
            field: "to",
            problem: InvalidField::NoRecipient,
        },
        ComposeError::Address { field, text, why } => AccountError::Invalid {
            field: field_of(field),
            problem: InvalidField::Address { text, why },
        },
        other => AccountError::Internal(other.to_string()),
    }
}

/// Returns the name of the form's field that a header field is typed in.
fn field_of(header_field: &str) -> &'static str {
    match header_field {
        // The sender's identity holds both.
        "From" | "Reply-To" => "from",
        "Cc" => "cc",
        "Bcc" => "bcc",
        _ => "to",
    }
}

/// Returns a Message-ID at the sender's domain, which does not reveal this server.
fn message_id(from: &EmailAddress) -> Result<String, AccountError> {
    let domain = domain_of(from)?;
    let id = random_id()?.replace(['-', '_'], "x");
    Ok(format!("{}.{id}@{domain}", now_unix_ms()))
}

/// Returns the domain of the sender.
fn domain_of(from: &EmailAddress) -> Result<String, AccountError> {
    let address = from.envelope().map_err(|why| AccountError::Invalid {
        field: "from",
        problem: InvalidField::Address {
            text: from.address.clone(),
            why,
        },
    })?;
    Ok(address.domain().to_owned())
}
