//! Reads windows of a local folder, a message, and windows of its parts.

use std::sync::Arc;

use app::api::types::{FolderId, MessageId, PartId, Window};
use bytes::{Bytes, BytesMut};
use mail_mime::address::EmailAddress;
use mail_mime::supplement::Supplements;
use mail_mime::tree::Part;

use super::LocalMailWorker;
use super::layout::{Layout, Scanned};
use crate::account::error::AccountError;
use crate::account::whole::read_headers;
use crate::domain::bounds::{SUBJECT_MAX_BYTES, cut, few};
use crate::domain::{
    Listing, LocalFolder, LocalMessage, LocalSummary, NamedAddress, Opened, Row, Section,
};
use crate::store::spool::SpoolName;

/// Maximum number of bytes of a header that are read for a list row.
const HEADER_MAX_BYTES: usize = 256 << 10;

impl LocalMailWorker {
    /// Returns a window of the list.
    pub(super) async fn list(
        &mut self,
        folder: &FolderId,
        window: Window,
    ) -> Result<Listing, AccountError> {
        let folder = require_local(folder)?;
        let (local, limit) = (
            &self.mail.messages,
            window.limit.clamp(1, Window::MAX_LIMIT),
        );
        let counts = local.counts(&self.account, folder).await;
        let counts = counts.map_err(AccountError::store)?;
        let listed = local
            .list(&self.account, folder, window.offset, limit)
            .await;
        let listed = listed.map_err(AccountError::store)?;
        let rows = (window.offset..).zip(listed);
        Ok(Listing {
            name: folder.name().to_owned(),
            role: Some(folder.role()),
            total: counts.total,
            unread: Some(counts.unread),
            offset: window.offset.min(counts.total),
            rows: rows
                .map(|(position, message)| row(message, position))
                .collect(),
        })
    }

    /// Returns the rows of messages, in the order of `messages`. Messages that no longer exist have
    /// none.
    pub(super) async fn rows(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
    ) -> Result<Vec<Row>, AccountError> {
        let folder = require_local(folder)?;
        let mut rows = Vec::new();
        for id in messages {
            match self.find(folder, id).await {
                Ok(message) => rows.push(row(message, 0)),
                Err(AccountError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(rows)
    }

    /// Opens a message. What is encoded as base64 beyond the shown text is not read into memory.
    pub(super) async fn open(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
    ) -> Result<Opened, AccountError> {
        let folder = require_local(folder)?;
        let found = self.find(folder, message).await?;
        let scanned = self.scan(&found).await?;
        let body = scanned.split.body().await?;
        let position = self.mail.messages.position(&self.account, folder, message);
        let position = position.await.map_err(AccountError::store)?;
        let position = position.ok_or(AccountError::NotFound)?;
        let counts = self.mail.messages.counts(&self.account, folder).await;
        Ok(Opened {
            id: message.clone(),
            headers: scanned.split.headers.clone(),
            root: scanned.layout.root().clone(),
            body,
            parts: Vec::new(),
            supplements: Supplements::default(),
            marks: found.marks,
            size_bytes: found.size_bytes,
            arrived_unix_ms: None,
            position: position.position,
            total: counts.map_err(AccountError::store)?.total,
            newer: position.newer,
            older: position.older,
        })
    }

    /// Returns the type, the encoding and the name of a part.
    pub(super) async fn structure(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        part: &PartId,
    ) -> Result<Part, AccountError> {
        let found = self.find(require_local(folder)?, message).await?;
        let layout = self.layout(&found).await?;
        let part = layout.root().find(part.as_str()).cloned();
        part.ok_or(AccountError::NotFound)
    }

    /// Returns a window of a message or of one of its parts.
    pub(super) async fn read(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        section: &Section,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Bytes, AccountError> {
        let found = self.find(require_local(folder)?, message).await?;
        let range = match section {
            Section::Whole => 0..found.size_bytes,
            Section::Part(part) => {
                let layout = self.layout(&found).await?;
                layout.range(part.as_str()).ok_or(AccountError::NotFound)?
            }
        };
        let start = range.start.saturating_add(offset).min(range.end);
        let wanted = range.end.saturating_sub(start).min(u64::from(max_bytes));
        let wanted = usize::try_from(wanted).unwrap_or_default();
        let mut window = BytesMut::new();
        if wanted == 0 {
            return Ok(window.freeze());
        }
        let name = file_of(&found)?;
        let mut share = self.budget.share();
        share.grow_to(wanted as u64)?;
        let reader = self.mail.spool.read_from(&name, start).await;
        let mut reader = reader.map_err(AccountError::local_file)?;
        while window.len() < wanted {
            let next = reader.next().await.map_err(AccountError::local_file)?;
            let Some(bytes) = next else {
                return Err(AccountError::LocalMessageLost("it is too short".to_owned()));
            };
            window.extend_from_slice(&bytes);
        }
        window.truncate(wanted);
        Ok(window.freeze())
    }

    async fn find(
        &mut self,
        folder: LocalFolder,
        message: &MessageId,
    ) -> Result<LocalMessage, AccountError> {
        let found = self
            .mail
            .messages
            .find(&self.account, folder, message)
            .await;
        found
            .map_err(AccountError::store)?
            .ok_or(AccountError::NotFound)
    }

    /// Reads a message from its beginning to its end.
    async fn scan(&mut self, message: &LocalMessage) -> Result<Scanned, AccountError> {
        let name = file_of(message)?;
        let reader = self.mail.spool.read(&name).await;
        let reader = reader.map_err(AccountError::local_file)?;
        let scanned = Scanned::read(reader, &self.budget).await?;
        self.layouts.put(message.id.clone(), &scanned.layout);
        Ok(scanned)
    }

    async fn layout(&mut self, message: &LocalMessage) -> Result<Arc<Layout>, AccountError> {
        match self.layouts.find(&message.id) {
            Some(layout) => Ok(layout),
            None => Ok(self.scan(message).await?.layout),
        }
    }

    /// Reads what a list shows of a message from its header.
    pub(super) async fn read_summary(
        &self,
        name: &SpoolName,
        message_id: &str,
    ) -> Result<LocalSummary, AccountError> {
        let reader = self.mail.spool.read(name).await;
        let mut reader = reader.map_err(AccountError::local_file)?;
        let mut header = Vec::new();
        while header.len() < HEADER_MAX_BYTES
            && !has_end(&header)
            && let Some(bytes) = reader.next().await.map_err(AccountError::local_file)?
        {
            header.extend_from_slice(&bytes);
        }
        let headers = read_headers(&header);
        let content_type = headers.first("Content-Type");
        let content_type = content_type.map(|field| field.raw().to_ascii_lowercase());
        Ok(LocalSummary {
            message_id: message_id.to_owned(),
            from: named(headers.from()),
            to: named(headers.to()),
            subject: cut(headers.subject(), SUBJECT_MAX_BYTES),
            date_unix_ms: headers.date_or_received().map(|date| date.unix_ms),
            // A message with a text and attachments has this type.
            has_attachment: content_type
                .is_some_and(|kind| kind.trim_ascii().starts_with(b"multipart/mixed")),
        })
    }
}

/// Fails for any folder that is not local.
pub(super) fn require_local(folder: &FolderId) -> Result<LocalFolder, AccountError> {
    LocalFolder::of(folder).ok_or(AccountError::NotFound)
}

fn has_end(header: &[u8]) -> bool {
    header.windows(4).any(|bytes| bytes == b"\r\n\r\n")
}

fn named(addresses: Vec<EmailAddress>) -> Vec<NamedAddress> {
    let addresses = few(addresses).into_iter().map(|entry| NamedAddress {
        name: entry.name,
        address: entry.address,
    });
    addresses.collect()
}

fn file_of(message: &LocalMessage) -> Result<SpoolName, AccountError> {
    let content = message.content.as_ref();
    let name = content.and_then(|(spool, _)| SpoolName::parse(spool));
    name.ok_or_else(|| AccountError::LocalMessageLost("its record cannot be opened".to_owned()))
}

fn row(message: LocalMessage, position: u32) -> Row {
    let addresses = |list: Vec<NamedAddress>| {
        let addresses = list.into_iter();
        addresses
            .map(|entry| EmailAddress::new(&entry.name, &entry.address))
            .collect()
    };
    let is_unreadable = message.content.is_none();
    let summary = message.content.map(|(_, summary)| summary);
    let (from, to, subject, date_unix_ms, has_attachment) = match summary {
        Some(summary) => (
            addresses(summary.from),
            addresses(summary.to),
            summary.subject,
            summary.date_unix_ms,
            summary.has_attachment,
        ),
        None => (Vec::new(), Vec::new(), String::new(), None, false),
    };
    Row {
        id: message.id,
        position,
        from,
        to,
        subject,
        date_unix_ms: date_unix_ms.or(Some(message.written_unix_ms)),
        size_bytes: message.size_bytes,
        marks: message.marks,
        has_attachment,
        is_unreadable,
        refusal: String::new(),
    }
}
