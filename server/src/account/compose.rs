//! Writing: what an answer begins with, and a typed draft as a message in the spool.

mod files;

use std::sync::Arc;

use app::api::types::{
    AccountId, ComposeForm, ComposeKind, ComposeSource, Draft, Lang, OutboxId, Person,
    RecipientState, UploadId, UploadView,
};
use mail_mime::address::{self, Address, InvalidAddress, Mailbox};
use mail_mime::compose::{AttachmentMeta, ComposeError, Composer, Outgoing};
use mail_mime::date::Date;
use mail_mime::{quote, text};

pub(super) use self::files::Attached;
use self::files::{attached_files, kept_parts, write};
use super::error::{AccountError, InvalidField, NotReplaced};
use super::handle::AccountHandle;
use super::locale::Locale;
use super::map;
use super::model::{now_unix_ms, random_id};
use crate::account::uploads::Uploads;
use crate::domain::{
    AttachedFile, Opened, OpenedBody, OutboxMessage, OutboxRow, RecipientResult, RowState,
    SentCopy, Typed,
};

/// The most recipients of one message.
const RECIPIENTS_MAX: usize = 100;
/// The most files of one message, of either kind.
const FILES_MAX: usize = 100;
/// The longest text of a message, in bytes.
const TEXT_MAX_BYTES: usize = 1 << 20;
/// The longest subject, in bytes.
const SUBJECT_MAX_BYTES: usize = 4 << 10;
/// The longest field of recipients, in bytes.
const ADDRESSES_MAX_BYTES: usize = 64 << 10;
/// What is quoted of a message, in bytes.
const QUOTED_MAX_BYTES: usize = 64 << 10;

/// What a compose form begins with.
pub(super) async fn start(
    handle: &AccountHandle,
    source: Option<ComposeSource>,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    handle.expect_message();
    let form = handle.outbox().ledger.form_key(&handle.id());
    let mut form = ComposeForm {
        draft: Draft {
            form: Some(form.map_err(AccountError::store)?),
            ..Draft::default()
        },
        account: handle.id(),
        from: Person {
            name: String::new(),
            address: handle.address().to_owned(),
        },
        forwarded: Vec::new(),
        uploads: Vec::new(),
        missing: Vec::new(),
        upload_max_bytes,
        server_max_bytes: handle.server_max_bytes(),
    };
    let Some(source) = source else {
        return Ok(form);
    };
    let opened = open(handle, &source).await?;
    match source.kind {
        ComposeKind::New => return Ok(form),
        ComposeKind::Reply | ComposeKind::ReplyAll => {
            let own: Vec<Address> = Address::parse(handle.address()).into_iter().collect();
            let is_to_all = source.kind == ComposeKind::ReplyAll;
            let recipients = quote::reply_recipients(&opened.headers, &own, is_to_all);
            form.draft.to = address::format_typed(&recipients.to);
            form.draft.cc = address::format_typed(&recipients.cc);
            form.draft.subject = quote::reply_subject(&opened.headers.subject());
            form.draft.body = quoted(&opened, &plain_text(&opened).await?, locale);
        }
        ComposeKind::Forward => {
            form.draft.subject = quote::forward_subject(&opened.headers.subject());
            form.draft.body = forwarded(&opened, &plain_text(&opened).await?, locale);
            let readable = opened.root.readable();
            let parts = readable.attachments.iter().chain(&readable.inline);
            form.forwarded = parts.map(|part| map::attachment_view(part)).collect();
            form.draft.keep_parts = form.forwarded.iter().map(|a| a.part.clone()).collect();
        }
    }
    form.draft.source = Some(source);
    Ok(form)
}

/// What a compose form begins with that corrects a row of the outbox. Its files stay the row's until
/// the correction is sent.
pub(super) async fn again(
    handle: &AccountHandle,
    row: OutboxRow,
    typed_before: Typed,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    let mut form = start(handle, None, locale, upload_max_bytes).await?;
    let got: Vec<Address> = row
        .message
        .recipients
        .iter()
        .filter(|recipient| recipient.state == RecipientState::HandedOver)
        .filter_map(|recipient| Address::parse(&recipient.address).ok())
        .collect();
    let is_got = |mailbox: &Mailbox| {
        let address = mailbox.envelope();
        address.is_ok_and(|address| got.iter().any(|other| other.is_same_address(&address)))
    };
    // What was typed comes back as it was typed, but for those who have the message.
    let left = |field: &str| {
        let entries = address::entries(field);
        let left = entries.filter(|entry| !entry.mailbox.as_ref().is_ok_and(is_got));
        left.map(|entry| entry.text).collect::<Vec<_>>().join(", ")
    };
    let files = row.message.attachments.iter().map(file_view);
    form.uploads = files.collect();
    form.draft = Draft {
        to: left(&typed_before.to),
        cc: left(&typed_before.cc),
        bcc: left(&typed_before.bcc),
        subject: typed_before.subject,
        body: typed_before.body,
        source: typed_before.source,
        replaces: Some(row.id),
        uploads: form.uploads.iter().map(|file| file.id.clone()).collect(),
        keep_parts: Vec::new(),
        form: form.draft.form,
        files: None,
    };
    Ok(form)
}

/// A file of a row as the page shows it.
fn file_view(file: &AttachedFile) -> UploadView {
    UploadView {
        id: UploadId(file.spool.clone()),
        name: file.name.clone(),
        size_bytes: file.size_bytes,
    }
}

/// A draft as it is kept.
pub(super) fn typed_of(draft: &Draft) -> Typed {
    Typed {
        to: draft.to.clone(),
        cc: draft.cc.clone(),
        bcc: draft.bcc.clone(),
        subject: draft.subject.clone(),
        body: draft.body.clone(),
        source: draft.source.clone(),
        replaces: draft.replaces.clone(),
        uploads: draft.uploads.clone(),
        keep_parts: draft.keep_parts.clone(),
    }
}

/// Whether a row may be replaced by a correction to these recipients.
pub(super) fn may_replace(old: &OutboxRow, new: &OutboxRow) -> Result<(), NotReplaced> {
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
    let has_got = |address: &str| {
        let mut recipients = old.message.recipients.iter();
        recipients.any(|r| r.state == RecipientState::HandedOver && r.address == address)
    };
    let twice = new.message.recipients.iter().find(|r| has_got(&r.address));
    match twice {
        Some(recipient) => Err(NotReplaced::Recipient(recipient.address.clone())),
        None => Ok(()),
    }
}

/// A message that is written, with its row: not yet in the store. Dropped, it leaves nothing.
pub(super) struct Written {
    pub(super) row: OutboxRow,
    /// The files that become the row's: the message, and what is attached to it.
    pub(super) files: Vec<Attached>,
}

/// Writes a draft as a message into the spool and makes its row, not yet in the store.
pub(super) async fn spool(
    handle: &AccountHandle,
    draft: &Draft,
    uploads: &Uploads,
    replaced: Option<&OutboxRow>,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<Written, AccountError> {
    check_lengths(draft)?;
    let now = now_unix_ms();
    let from = Mailbox::new("", handle.address());
    let message_id = message_id(&from)?;
    let mut outgoing = Outgoing {
        from,
        to: parse_field("to", &draft.to)?,
        cc: parse_field("cc", &draft.cc)?,
        bcc: parse_field("bcc", &draft.bcc)?,
        subject: draft.subject.clone(),
        body: draft.body.clone(),
        html: None,
        in_reply_to: None,
        references: Vec::new(),
        message_id,
        date: Date {
            unix_ms: now,
            offset_minutes: i16::try_from(locale.offset_minutes(now)).unwrap_or_default(),
        },
        attachments: Vec::new(),
    };
    let mut files = attached_files(&draft.uploads, uploads, replaced)?;
    for (_, file) in &files {
        outgoing.attachments.push(AttachmentMeta {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size_bytes: file.size_bytes,
        });
    }
    let kept = match &draft.source {
        Some(source) => {
            let opened = open(handle, source).await?;
            if source.kind != ComposeKind::Forward {
                outgoing.in_reply_to = opened.headers.message_id();
                outgoing.references = opened.headers.references();
                if outgoing.references.is_empty() {
                    // RFC 5322 §3.6.4: a single id there is that of the parent's parent.
                    let ids = opened.headers.in_reply_to();
                    outgoing.references = if ids.len() == 1 { ids } else { Vec::new() };
                }
                outgoing.references.extend(opened.headers.message_id());
            }
            let mut room = upload_max_bytes;
            for (_, file) in &files {
                room = room.saturating_sub(file.size_bytes);
            }
            kept_parts(handle, source, draft, &opened, room).await?
        }
        None => Vec::new(),
    };
    for (_, file) in &kept {
        outgoing.attachments.push(AttachmentMeta {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size_bytes: file.size_bytes,
        });
    }
    let composer = Composer::new(&outgoing, &random_id()?).map_err(compose_error)?;
    if composer.recipients().len() > RECIPIENTS_MAX {
        return Err(AccountError::Invalid {
            field: "to",
            problem: InvalidField::TooManyRecipients {
                max: RECIPIENTS_MAX,
            },
        });
    }
    if let Some(max_bytes) = handle.server_max_bytes()
        && composer.size_bytes() > max_bytes
    {
        return Err(AccountError::Invalid {
            field: "attachment",
            problem: InvalidField::TooLarge { max_bytes },
        });
    }
    files.extend(kept);
    let (mut owned, all): (Vec<Attached>, Vec<AttachedFile>) = files.into_iter().unzip();
    let file = Arc::new(write(handle, &composer, &all, upload_max_bytes).await?);
    owned.push(Attached::Held(Arc::clone(&file)));
    let row = OutboxRow {
        id: OutboxId(random_id()?),
        account_key: handle.key().clone(),
        state: RowState::Waiting,
        needs_sign_in: false,
        tries: 0,
        due_unix_ms: now,
        created_unix_ms: now,
        changed_unix_ms: now,
        spool: Some(file.name.as_str().to_owned()),
        size_bytes: file.size_bytes,
        damage: None,
        message: OutboxMessage {
            from: composer.sender().as_str().to_owned(),
            subject: draft.subject.clone(),
            host: handle.view().outgoing_host,
            message_id: outgoing.message_id,
            recipients: composer
                .recipients()
                .iter()
                .map(|address| RecipientResult {
                    address: address.as_str().to_owned(),
                    state: RecipientState::Waiting,
                    reply: None,
                })
                .collect(),
            trouble: None,
            copy: SentCopy::Pending,
            attachments: all,
            source: draft.source.clone(),
            own_fields: composer.own_fields().to_owned(),
        },
    };
    Ok(Written { row, files: owned })
}

/// Texts as they are typed have a limit: they are kept, sealed, as long as the message waits.
fn check_lengths(draft: &Draft) -> Result<(), AccountError> {
    for (field, text, max_bytes) in [
        ("to", &draft.to, ADDRESSES_MAX_BYTES),
        ("cc", &draft.cc, ADDRESSES_MAX_BYTES),
        ("bcc", &draft.bcc, ADDRESSES_MAX_BYTES),
        ("subject", &draft.subject, SUBJECT_MAX_BYTES),
        ("body", &draft.body, TEXT_MAX_BYTES),
    ] {
        if text.len() > max_bytes {
            return Err(AccountError::Invalid {
                field,
                problem: InvalidField::TextTooLong { max_bytes },
            });
        }
    }
    let is_short = |files| u32::try_from(draft.uploads.len()) != Ok(files);
    if draft.files.is_some_and(is_short) {
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

fn parse_field(field: &'static str, typed: &str) -> Result<Vec<Mailbox>, AccountError> {
    address::parse_typed(typed).map_err(|error| AccountError::Invalid {
        field,
        problem: match error.why {
            InvalidAddress::TooMany => InvalidField::TooManyRecipients {
                max: RECIPIENTS_MAX,
            },
            why => InvalidField::Address {
                text: error.text,
                why,
            },
        },
    })
}

/// The answer where a file of a message is not there any more.
pub(super) fn upload_gone() -> AccountError {
    AccountError::Invalid {
        field: "attachment",
        problem: InvalidField::UploadGone,
    }
}

fn compose_error(error: ComposeError) -> AccountError {
    match error {
        ComposeError::NoRecipient => AccountError::Invalid {
            field: "to",
            problem: InvalidField::NoRecipient,
        },
        ComposeError::Address { field, text, why } => AccountError::Invalid {
            field: match field {
                "From" => "from",
                "Cc" => "cc",
                "Bcc" => "bcc",
                _ => "to",
            },
            problem: InvalidField::Address { text, why },
        },
        other => AccountError::Internal(other.to_string()),
    }
}

/// At the sender's domain: says nothing about this server.
fn message_id(from: &Mailbox) -> Result<String, AccountError> {
    let domain = from.envelope().map_err(|why| AccountError::Invalid {
        field: "from",
        problem: InvalidField::Address {
            text: from.address.clone(),
            why,
        },
    })?;
    let id = random_id()?.replace(['-', '_'], "x");
    Ok(format!("{}.{id}@{}", now_unix_ms(), domain.domain()))
}

/// Mailboxes for people, in a text; what came is shown, valid or not.
fn people(mailboxes: &[Mailbox]) -> String {
    let shown: Vec<String> = mailboxes.iter().map(Mailbox::to_string).collect();
    shown.join(", ")
}

async fn plain_text(opened: &Opened) -> Result<String, AccountError> {
    let text = match &opened.body {
        OpenedBody::Text { text, format, .. } => text::unwrapped(text, *format),
        OpenedBody::Html { documents, .. } => {
            let documents = documents.clone();
            let texts = move || {
                let texts = documents.iter().map(|html| text::from_html(html));
                texts.collect::<Vec<_>>().join("\n\n")
            };
            super::off_thread::off_thread(texts)
                .await
                .map_err(|_| AccountError::Unreadable("HTML".to_owned()))?
        }
        OpenedBody::Empty | OpenedBody::OverLimits => String::new(),
    };
    let shown = mail_mime::display::prefix(&text, QUOTED_MAX_BYTES);
    Ok(shown.trim_end().to_owned())
}

fn writer_of(opened: &Opened) -> String {
    let from = opened.headers.from();
    from.first()
        .map_or_else(String::new, |mailbox| match mailbox.name.as_str() {
            "" => mailbox.address.clone(),
            name => name.to_owned(),
        })
}

fn written_at(opened: &Opened, locale: &Locale) -> Option<String> {
    let date = opened
        .headers
        .date_or_received()
        .map(|date| date.unix_ms)
        .or(opened.arrived_unix_ms);
    date.map(|date| locale.attribution(date))
}

/// Room for the answer, then who wrote what when, then the text one level deeper. What is not
/// known of a message is left out.
fn quoted(opened: &Opened, text: &str, locale: &Locale) -> String {
    let (writer, date) = (writer_of(opened), written_at(opened, locale));
    let attribution = match (locale.lang, date.as_deref(), writer.as_str()) {
        (_, None, "") => String::new(),
        (Lang::En, None, writer) => format!("{writer} wrote:\n"),
        (Lang::En, Some(date), "") => format!("On {date}:\n"),
        (Lang::En, Some(date), writer) => format!("On {date}, {writer} wrote:\n"),
        (Lang::ZhCn, None, writer) => format!("{writer} 写道：\n"),
        (Lang::ZhCn, Some(date), "") => format!("{date}：\n"),
        (Lang::ZhCn, Some(date), writer) => format!("{date}，{writer} 写道：\n"),
    };
    format!("\n\n{attribution}{}", quote::quote(text))
}

/// Room for a word of one's own, then the message with its main fields.
fn forwarded(opened: &Opened, text: &str, locale: &Locale) -> String {
    let headers = &opened.headers;
    let date = written_at(opened, locale).unwrap_or_default();
    let (from, to) = (people(&headers.from()), people(&headers.to()));
    let (title, names) = match locale.lang {
        Lang::En => (
            "---------- Forwarded message ----------",
            ["From: ", "Date: ", "Subject: ", "To: "],
        ),
        Lang::ZhCn => (
            "---------- 转发的邮件 ----------",
            ["发件人：", "日期：", "主题：", "收件人："],
        ),
    };
    let mut head = title.to_owned();
    for (name, value) in names.into_iter().zip([from, date, headers.subject(), to]) {
        if !value.is_empty() {
            head.push('\n');
            head.push_str(name);
            head.push_str(&value);
        }
    }
    format!("\n\n{head}\n\n{text}")
}

/// An account that is the session's own, for a request that names it.
pub(super) fn own<'a>(
    handles: &'a [AccountHandle],
    account: &AccountId,
) -> Result<&'a AccountHandle, AccountError> {
    handles
        .iter()
        .find(|handle| handle.id() == *account)
        .ok_or(AccountError::NotFound)
}
