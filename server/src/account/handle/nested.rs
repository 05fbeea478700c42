//! Messages inside a message: they are read through the message that holds them.

use std::sync::Arc;

use app::api::types::{FolderId, MessageId, PartId};
use bytes::Bytes;
use mail_mime::supplement::Supplements;
use mail_mime::transfer;
use mail_mime::tree::Part;

use super::{AccountHandle, PartDownload, supplements, whole};
use crate::account::error::AccountError;
use crate::account::whole::Split;
use crate::domain::{Marks, Opened};

/// Maximum decoded size of an inner message that is opened, in bytes. A larger one can be saved.
const NESTED_BYTES: usize = 12 << 20;
/// Maximum number of messages one inside the other.
const NESTED_MAX: usize = 5;

impl AccountHandle {
    /// Opens a message inside another one. It has no marks of its own and no neighbours.
    pub(super) async fn open_nested(
        &self,
        folder: &FolderId,
        id: MessageId,
    ) -> Result<Box<Opened>, AccountError> {
        let (octets, split) = self.nested(folder, &id).await?;
        let body = split.body().await?;
        Ok(Box::new(Opened {
            id,
            headers: split.headers.clone(),
            root: split.root.clone(),
            body,
            parts: Vec::new(),
            supplements: Supplements::default(),
            marks: Marks {
                is_seen: true,
                ..Marks::default()
            },
            size_bytes: octets.len() as u64,
            arrived_unix_ms: None,
            position: 0,
            total: 0,
            newer: None,
            older: None,
        }))
    }

    /// Reads a part of an inner message, or a file that is packed into the part.
    pub(super) async fn nested_download(
        &self,
        folder: &FolderId,
        id: &MessageId,
        part: &PartId,
        packed: Option<usize>,
    ) -> Result<PartDownload, AccountError> {
        let (part, encoded) = self.nested_part(folder, id, part.as_str()).await?;
        if part.is_multipart() {
            return Err(AccountError::NotFound);
        }
        let octets = transfer::decode(&encoded, part.encoding);
        match packed {
            Some(number) => supplements::unpack(part, octets, number).await,
            None => Ok(PartDownload {
                charset: part.charset().map(str::to_owned),
                name: part.name.unwrap_or_default(),
                media_type: part.media_type,
                stream: whole(octets.into()),
            }),
        }
    }

    /// Returns one part of an inner message, and its octets as encoded.
    pub(super) async fn nested_part(
        &self,
        folder: &FolderId,
        id: &MessageId,
        section: &str,
    ) -> Result<(Part, Bytes), AccountError> {
        let (_, split) = self.nested(folder, id).await?;
        let part = split.root.find(section).cloned();
        part.zip(split.part(section).cloned())
            .ok_or(AccountError::NotFound)
    }

    /// Returns the octets of an inner message, and its parts.
    pub(super) async fn nested(
        &self,
        folder: &FolderId,
        id: &MessageId,
    ) -> Result<(Bytes, Arc<Split>), AccountError> {
        let (outer, sections) = id.path();
        let mut sections = sections.into_iter();
        let first = sections.next().filter(|_| sections.len() < NESTED_MAX);
        let first = PartId(first.ok_or(AccountError::NotFound)?.to_owned());
        let part = self.structure(folder, &outer, &first).await?;
        require_message(&part)?;
        let read = self
            .read_outer_part(folder, &outer, &part, NESTED_BYTES)
            .await?;
        let mut octets = Bytes::from(read.octets);
        let mut split = Split::of(octets.clone()).await?;
        for section in sections {
            let part = split.root.find(section).ok_or(AccountError::NotFound)?;
            require_message(part)?;
            let encoded = split.part(section).ok_or(AccountError::NotFound)?;
            octets = transfer::decode(encoded, part.encoding).into();
            split = Split::of(octets.clone()).await?;
        }
        Ok((octets, Arc::new(split)))
    }
}

fn require_message(part: &Part) -> Result<(), AccountError> {
    match part.media_type.as_str() {
        "message/rfc822" | "message/global" => Ok(()),
        _ => Err(AccountError::NotFound),
    }
}
