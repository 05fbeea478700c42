//! Writing: what an answer begins with, and a typed draft as a message in the spool.

use app::api::types::{
    AccountId, ComposeForm, ComposeKind, ComposeSource, Draft, Lang, OutboxId, Person,
    RecipientState, UploadId,
};
use futures_util::StreamExt as _;
use mail_mime::address::{self, Address, InvalidAddress, Mailbox};
use mail_mime::compose::{AttachmentMeta, ComposeError, Composer, Outgoing};
use mail_mime::date::Date;
use mail_mime::{quote, text, transfer};

use super::error::{AccountError, InvalidField};
use super::handle::AccountHandle;
use super::locale::Locale;
use super::map;
use super::model::{Opened, OpenedBody, Request, now_unix_ms, random_id};
use crate::session::uploads::Uploads;
use crate::store::outbox::{
    AttachmentRecord, CopyRecord, OutboxRow, RecipientRecord, Record, RowState,
};
use crate::store::spool::{SpoolFile, SpoolName, SpoolWriter};

/// The most recipients of one message.
const RECIPIENTS_MAX: usize = 100;
/// What is quoted of a message, in bytes.
const QUOTED_MAX_BYTES: usize = 64 << 10;
/// A message in the spool may be this much larger than what was uploaded: base64 and headers.
const SPOOL_FACTOR: u64 = 2;

/// What a compose form begins with.
pub(super) async fn start(
    handle: &AccountHandle,
    source: Option<ComposeSource>,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    let mut form = ComposeForm {
        account: handle.id(),
        from: Person {
            name: String::new(),
            address: handle.address().to_owned(),
        },
        draft: Draft::default(),
        forwarded: Vec::new(),
        uploads: Vec::new(),
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

/// What a compose form begins with that corrects a row of the outbox. Its files are the session's
/// again.
pub(super) async fn again(
    handle: &AccountHandle,
    row: OutboxRow,
    uploads: &Uploads,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<ComposeForm, AccountError> {
    let mut form = start(handle, None, locale, upload_max_bytes).await?;
    let got: Vec<Address> = row
        .record
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
    form.draft = Draft {
        to: left(&row.record.draft.to),
        cc: left(&row.record.draft.cc),
        bcc: left(&row.record.draft.bcc),
        uploads: Vec::new(),
        keep_parts: Vec::new(),
        replaces: Some(row.id),
        ..row.record.draft
    };
    for file in row.record.attachments {
        let Some(name) = SpoolName::parse(&file.spool) else {
            continue;
        };
        let view = uploads.add(crate::session::uploads::Upload {
            file: SpoolFile {
                name,
                size_bytes: file.size_bytes,
            },
            name: file.name,
            media_type: file.media_type,
        });
        form.draft.uploads.push(view.id.clone());
        form.uploads.push(view);
    }
    Ok(form)
}

/// Writes a draft as a message into the spool and makes its row, not yet in the store.
pub(super) async fn spool(
    handle: &AccountHandle,
    draft: Draft,
    uploads: &Uploads,
    locale: &Locale,
    upload_max_bytes: u64,
) -> Result<OutboxRow, AccountError> {
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
    let files = attached_files(&draft.uploads, uploads)?;
    for file in &files {
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
                outgoing.references.extend(opened.headers.message_id());
            }
            kept_parts(handle, source, &draft, &opened, upload_max_bytes).await?
        }
        None => Vec::new(),
    };
    for file in &kept {
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
    let all: Vec<AttachmentRecord> = files.into_iter().chain(kept).collect();
    let file = write(handle, &composer, &all, upload_max_bytes).await?;
    Ok(OutboxRow {
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
        record: Record {
            from: composer.sender().as_str().to_owned(),
            subject: draft.subject.clone(),
            host: handle.view().outgoing_host,
            message_id: outgoing.message_id,
            recipients: composer
                .recipients()
                .iter()
                .map(|address| RecipientRecord {
                    address: address.as_str().to_owned(),
                    state: RecipientState::Waiting,
                    reply: None,
                })
                .collect(),
            trouble: Vec::new(),
            copy: CopyRecord::Pending,
            attachments: all,
            source: draft.source.clone(),
            draft,
        },
    })
}

async fn open(handle: &AccountHandle, source: &ComposeSource) -> Result<Opened, AccountError> {
    let opened = handle
        .ask(|reply| Request::Open {
            folder: source.folder.clone(),
            message: source.message.clone(),
            reply,
        })
        .await?;
    Ok(*opened)
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

fn attached_files(
    ids: &[UploadId],
    uploads: &Uploads,
) -> Result<Vec<AttachmentRecord>, AccountError> {
    ids.iter()
        .map(|id| {
            let upload = uploads.find(id).ok_or(AccountError::Invalid {
                field: "attachment",
                problem: InvalidField::UploadGone,
            })?;
            Ok(AttachmentRecord {
                spool: upload.file.name.as_str().to_owned(),
                name: upload.name,
                media_type: upload.media_type,
                size_bytes: upload.file.size_bytes,
            })
        })
        .collect()
}

/// Copies the parts of a forwarded message that go along into the spool.
async fn kept_parts(
    handle: &AccountHandle,
    source: &ComposeSource,
    draft: &Draft,
    opened: &Opened,
    upload_max_bytes: u64,
) -> Result<Vec<AttachmentRecord>, AccountError> {
    let mut kept = Vec::new();
    for part in &draft.keep_parts {
        let found = opened
            .root
            .find(part.as_str())
            .ok_or(AccountError::NotFound)?;
        let download = handle
            .part(source.folder.clone(), source.message.clone(), part.clone())
            .await?;
        let mut stream = download.stream;
        let mut writer = create(handle, upload_max_bytes).await?;
        while let Some(bytes) = stream.next().await {
            writer.write(&bytes?).await.map_err(AccountError::spool)?;
        }
        let file = writer.finish().await.map_err(AccountError::spool)?;
        kept.push(AttachmentRecord {
            spool: file.name.as_str().to_owned(),
            name: found.name.clone().unwrap_or_default(),
            media_type: found.media_type.clone(),
            size_bytes: file.size_bytes,
        });
    }
    Ok(kept)
}

/// Streams the whole message into one file of the spool. Durable when this returns.
async fn write(
    handle: &AccountHandle,
    composer: &Composer,
    files: &[AttachmentRecord],
    upload_max_bytes: u64,
) -> Result<SpoolFile, AccountError> {
    let room = upload_max_bytes
        .saturating_mul(SPOOL_FACTOR)
        .saturating_add(4 << 20);
    let mut writer = create(handle, room).await?;
    writer
        .write(composer.head())
        .await
        .map_err(AccountError::spool)?;
    for (index, file) in files.iter().enumerate() {
        let head = composer.attachment_head(index).unwrap_or_default();
        writer.write(head).await.map_err(AccountError::spool)?;
        encode(handle, file, &mut writer).await?;
    }
    writer
        .write(composer.tail())
        .await
        .map_err(AccountError::spool)?;
    writer.finish().await.map_err(AccountError::spool)
}

async fn encode(
    handle: &AccountHandle,
    file: &AttachmentRecord,
    writer: &mut SpoolWriter,
) -> Result<(), AccountError> {
    let gone = AccountError::Invalid {
        field: "attachment",
        problem: InvalidField::UploadGone,
    };
    let name = SpoolName::parse(&file.spool).ok_or(gone)?;
    let mut reader = handle
        .spool()
        .read(&name)
        .await
        .map_err(AccountError::spool)?;
    let mut encoder = transfer::Encoder::new();
    let mut encoded = Vec::new();
    while let Some(bytes) = reader.next().await.map_err(AccountError::spool)? {
        encoded.clear();
        encoder.push(&bytes, &mut encoded);
        writer.write(&encoded).await.map_err(AccountError::spool)?;
    }
    encoded.clear();
    encoder.finish(&mut encoded);
    writer.write(&encoded).await.map_err(AccountError::spool)
}

async fn create(handle: &AccountHandle, max_bytes: u64) -> Result<SpoolWriter, AccountError> {
    handle
        .spool()
        .create(max_bytes)
        .await
        .map_err(AccountError::spool)
}

/// Mailboxes for people, in a text; what came is shown, valid or not.
fn people(mailboxes: &[Mailbox]) -> String {
    let shown: Vec<String> = mailboxes.iter().map(Mailbox::to_string).collect();
    shown.join(", ")
}

async fn plain_text(opened: &Opened) -> Result<String, AccountError> {
    let text = match &opened.body {
        OpenedBody::Text { text, .. } => mail_mime::display::lines(text),
        OpenedBody::Html { html, .. } => {
            let html = html.clone();
            super::off_thread::off_thread(move || text::from_html(&html))
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

fn written_at(opened: &Opened, locale: &Locale) -> String {
    let date = opened
        .headers
        .date()
        .map(|date| date.unix_ms)
        .or(opened.arrived_unix_ms);
    date.map(|date| locale.attribution(date))
        .unwrap_or_default()
}

/// Room for the answer, then who wrote what when, then the text one level deeper.
fn quoted(opened: &Opened, text: &str, locale: &Locale) -> String {
    let (writer, date) = (writer_of(opened), written_at(opened, locale));
    let attribution = match locale.lang {
        Lang::En => format!("On {date}, {writer} wrote:"),
        Lang::ZhCn => format!("{date}，{writer} 写道："),
    };
    format!("\n\n{attribution}\n{}", quote::quote(text))
}

/// Room for a word of one's own, then the message with its main fields.
fn forwarded(opened: &Opened, text: &str, locale: &Locale) -> String {
    let headers = &opened.headers;
    let (date, subject) = (written_at(opened, locale), headers.subject());
    let (from, to) = (people(&headers.from()), people(&headers.to()));
    let head = match locale.lang {
        Lang::En => format!(
            "---------- Forwarded message ----------\nFrom: {from}\nDate: {date}\nSubject: {subject}\nTo: {to}"
        ),
        Lang::ZhCn => format!(
            "---------- 转发的邮件 ----------\n发件人：{from}\n日期：{date}\n主题：{subject}\n收件人：{to}"
        ),
    };
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
