//! The files of a new message: uploads, parts of a forwarded message, and the message itself.

use std::collections::HashSet;
use std::sync::Arc;

use app::api::types::{ComposeSource, Draft, FolderId, MessageId, MessageRef, PartId, UploadId};
use futures_util::StreamExt as _;
use mail_mime::compose::{AttachmentMeta, Composer};
use mail_mime::display;
use mail_mime::transfer::{self, SevenBitScan, TransferEncoding};
use mail_mime::tree::Part;

use super::{FILES_MAX, attachment_missing, check_size};
use crate::account::error::{AccountError, InvalidField};
use crate::account::handle::AccountHandle;
use crate::account::uploads::{Upload, Uploads, clean_file_name};
use crate::domain::{AttachedFile, Opened, OutboxRow};
use crate::store::spool::{SpoolError, SpoolFile, SpoolName, SpoolReader, SpoolWriter};

/// Maximum ratio of a spooled message's size to that of its uploads: base64 and headers add to it.
const SPOOL_FACTOR: u64 = 2;
/// The media type of a message that is attached.
const MESSAGE: &str = "message/rfc822";

/// A file of a new message.
#[derive(Debug, Clone)]
pub(crate) enum Attached {
    /// Owned by this process; removed when the last reference is dropped.
    Held(Arc<SpoolFile>),
    /// A file of the row that is replaced.
    Replaced(SpoolName),
}

impl Attached {
    pub(crate) fn name(&self) -> &SpoolName {
        match self {
            Self::Held(file) => &file.name,
            Self::Replaced(name) => name,
        }
    }
}

/// Returns the files that were uploaded for a message, or are attached to the one that it replaces.
pub(super) fn attached_files(
    ids: &[UploadId],
    uploads: &Uploads,
    replaced: Option<&OutboxRow>,
) -> Result<Vec<(Attached, AttachedFile)>, AccountError> {
    let find_replaced = |id: &UploadId| {
        let mut files = replaced?.message.attachments.iter();
        let record = files.find(|file| file.spool == id.0)?.clone();
        let name = SpoolName::parse(&record.spool)?;
        Some((Attached::Replaced(name), record))
    };
    let mut seen = HashSet::new();
    ids.iter()
        .filter(|id| seen.insert(*id))
        .map(|id| match uploads.find(id) {
            Some(upload) => {
                let record = AttachedFile {
                    spool: upload.file.name.as_str().to_owned(),
                    name: upload.name,
                    media_type: upload.media_type,
                    size_bytes: upload.file.size_bytes,
                };
                Ok((Attached::Held(upload.file), record))
            }
            None => find_replaced(id).ok_or(AccountError::Invalid {
                field: "attachment",
                problem: InvalidField::AttachmentMissing,
            }),
        })
        .collect()
}

/// Copies the parts of a forwarded message that are attached again into the spool. Their size comes
/// from the message's structure, and is checked against the limit before any byte is fetched.
pub(super) async fn copy_source_parts(
    handle: &AccountHandle,
    source: &ComposeSource,
    draft: &Draft,
    opened: &Opened,
    max_bytes: u64,
) -> Result<Vec<(Attached, AttachedFile)>, AccountError> {
    let message = (&source.folder, &source.message);
    copy_parts(handle, message, &draft.keep_parts, opened, max_bytes).await
}

/// Copies parts of a message into the spool. Their size comes from the message's structure, and is
/// checked against the limits before any byte is fetched.
async fn copy_parts(
    handle: &AccountHandle,
    (folder, message): (&FolderId, &MessageId),
    parts: &[PartId],
    opened: &Opened,
    max_bytes: u64,
) -> Result<Vec<(Attached, AttachedFile)>, AccountError> {
    let mut seen = HashSet::new();
    let mut found_parts = Vec::new();
    let (mut announced, mut encoded) = (0_u64, 0_u64);
    for part in parts.iter().filter(|part| seen.insert(*part)) {
        let found = opened.root.find(part.as_str());
        let found = found.ok_or(AccountError::NotFound)?;
        let size_bytes = decoded_size(found);
        announced = announced.saturating_add(size_bytes);
        encoded = encoded.saturating_add(transfer::encoded_size_bytes(size_bytes));
        found_parts.push((part, found, size_bytes));
    }
    if announced > max_bytes {
        return Err(too_large(max_bytes));
    }
    check_size(handle, encoded)?;
    let mut copied = Vec::new();
    let mut remaining_bytes = max_bytes;
    for (part, found, size_bytes) in found_parts {
        let mut writer = create(handle, size_bytes.min(remaining_bytes), remaining_bytes).await?;
        let download = handle
            .part(folder.clone(), message.clone(), part.clone())
            .await?;
        let mut stream = download.stream;
        while let Some(bytes) = stream.next().await {
            writer.write(&bytes?).await.map_err(AccountError::spool)?;
        }
        let file = writer.finish().await.map_err(AccountError::spool)?;
        remaining_bytes = remaining_bytes.saturating_sub(file.size_bytes);
        let record = AttachedFile {
            spool: file.name.as_str().to_owned(),
            name: found.name.clone().unwrap_or_default(),
            media_type: found.media_type.clone(),
            size_bytes: file.size_bytes,
        };
        copied.push((Attached::Held(Arc::new(file)), record));
    }
    Ok(copied)
}

/// Copies parts of a message into the spool, as uploads of the session, in the order of `parts`.
///
/// # Errors
/// As for [`copy_parts`].
pub(super) async fn fetch_parts(
    handle: &AccountHandle,
    message: (&FolderId, &MessageId),
    parts: &[PartId],
    opened: &Opened,
    uploads: &Uploads,
    max_bytes: u64,
) -> Result<Vec<Upload>, AccountError> {
    let mut fetched = Vec::new();
    for (attached, record) in copy_parts(handle, message, parts, opened, max_bytes).await? {
        let Attached::Held(file) = attached else {
            continue;
        };
        let upload = Upload {
            file,
            name: clean_file_name(&record.name),
            media_type: record.media_type,
        };
        uploads.add(upload.clone());
        fetched.push(upload);
    }
    Ok(fetched)
}

/// Returns the maximum decoded size of a part, computed from the size that the server reports.
fn decoded_size(part: &Part) -> u64 {
    match part.encoding {
        // 4 octets encode 3 bytes (RFC 2045 §6.8).
        TransferEncoding::Base64 => part.size_bytes.div_ceil(4).saturating_mul(3),
        _ => part.size_bytes,
    }
}

/// Streams the whole message into one file of the spool. The file is durable when this returns.
pub(super) async fn write(
    handle: &AccountHandle,
    composer: &Composer,
    files: &[AttachedFile],
    attachments: &[AttachmentMeta],
    upload_max_bytes: u64,
) -> Result<SpoolFile, AccountError> {
    let max_bytes = upload_max_bytes
        .saturating_mul(SPOOL_FACTOR)
        .saturating_add(4 << 20);
    let mut writer = create(handle, composer.size_bytes().min(max_bytes), max_bytes).await?;
    writer
        .write(composer.head())
        .await
        .map_err(AccountError::spool)?;
    for (index, head) in composer.parts() {
        let file = files.get(index).ok_or_else(attachment_missing)?;
        writer.write(head).await.map_err(AccountError::spool)?;
        let is_literal = attachments.get(index).is_some_and(|one| one.is_literal);
        copy_file(handle, file, is_literal, &mut writer).await?;
    }
    writer
        .write(composer.tail())
        .await
        .map_err(AccountError::spool)?;
    writer.finish().await.map_err(AccountError::spool)
}

/// Copies a file into a message: as it is, or in base64.
async fn copy_file(
    handle: &AccountHandle,
    file: &AttachedFile,
    is_literal: bool,
    writer: &mut SpoolWriter,
) -> Result<(), AccountError> {
    let mut reader = read(handle, file).await?;
    let mut encoder = transfer::Encoder::new();
    let mut encoded = Vec::new();
    while let Some(bytes) = reader.next().await.map_err(attached_file_error)? {
        let octets = match is_literal {
            true => &bytes,
            false => {
                encoded.clear();
                encoder.push(&bytes, &mut encoded);
                encoded.as_slice()
            }
        };
        writer.write(octets).await.map_err(AccountError::spool)?;
    }
    encoded.clear();
    encoder.finish(&mut encoded);
    writer.write(&encoded).await.map_err(AccountError::spool)
}

/// Whether a file is a message that can be attached as it is. Other messages are attached as plain
/// files, in base64.
pub(super) async fn is_plain_message(
    handle: &AccountHandle,
    file: &AttachedFile,
) -> Result<bool, AccountError> {
    if !file.media_type.eq_ignore_ascii_case(MESSAGE) {
        return Ok(false);
    }
    let mut reader = read(handle, file).await?;
    let mut scan = SevenBitScan::default();
    while let Some(bytes) = reader.next().await.map_err(attached_file_error)? {
        scan.push(&bytes);
    }
    Ok(scan.finish())
}

async fn read(handle: &AccountHandle, file: &AttachedFile) -> Result<SpoolReader, AccountError> {
    let name = SpoolName::parse(&file.spool).ok_or_else(attachment_missing)?;
    let reader = handle.spool().read(&name).await;
    reader.map_err(attached_file_error)
}

/// The file of a replaced row may be lost, just as that of an upload.
fn attached_file_error(error: SpoolError) -> AccountError {
    match AccountError::spool_file(error) {
        AccountError::FileLost(_) => attachment_missing(),
        other => other,
    }
}

/// Copies whole messages of a folder into the spool, as uploads of the session.
///
/// # Errors
/// [`AccountError::Invalid`] if they are over `max_bytes`; otherwise the error of the request.
pub(crate) async fn fetch_messages(
    handle: &AccountHandle,
    messages: &[MessageRef],
    uploads: &Uploads,
    max_bytes: u64,
) -> Result<Vec<Upload>, AccountError> {
    if messages.iter().any(|one| one.folder.account != handle.id()) {
        return Err(AccountError::NotFound);
    }
    if messages.len() > FILES_MAX {
        return Err(AccountError::Invalid {
            field: "attachment",
            problem: InvalidField::TooManyFiles { max: FILES_MAX },
        });
    }
    let mut fetched = Vec::new();
    let mut remaining_bytes = max_bytes;
    for MessageRef { folder, message } in messages {
        let folder = &folder.folder;
        let opened = handle.open(folder.clone(), message.clone()).await?;
        if opened.size_bytes > remaining_bytes {
            return Err(too_large(max_bytes));
        }
        let mut writer = create(handle, opened.size_bytes, remaining_bytes).await?;
        let mut stream = handle.source(folder.clone(), message.clone()).await?;
        while let Some(bytes) = stream.next().await {
            writer.write(&bytes?).await.map_err(AccountError::spool)?;
        }
        let file = writer.finish().await.map_err(AccountError::spool)?;
        remaining_bytes = remaining_bytes.saturating_sub(file.size_bytes);
        let subject = display::file_name(&opened.headers.subject());
        let upload = Upload {
            file: Arc::new(file),
            name: format!("{}.eml", subject.as_deref().unwrap_or("message")),
            media_type: MESSAGE.to_owned(),
        };
        uploads.add(upload.clone());
        fetched.push(upload);
    }
    Ok(fetched)
}

pub(super) fn too_large(max_bytes: u64) -> AccountError {
    AccountError::Invalid {
        field: "attachment",
        problem: InvalidField::TooLarge { max_bytes },
    }
}

pub(super) async fn create(
    handle: &AccountHandle,
    expected_bytes: u64,
    max_bytes: u64,
) -> Result<SpoolWriter, AccountError> {
    let (spool, account) = (handle.spool(), handle.key());
    let writer = spool.create(account, expected_bytes, max_bytes).await;
    writer.map_err(AccountError::spool)
}
