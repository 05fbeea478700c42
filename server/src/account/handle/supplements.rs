//! Reads the parts of a message that say something beside its text, and takes files out of parts
//! that pack several.

use std::borrow::Cow;

use app::api::types::{FolderId, MessageId, PartId};
use bytes::Bytes;
use futures_util::StreamExt as _;
use mail_mime::supplement::{self, Purpose, Supplements};
use mail_mime::transfer::Decoder;
use mail_mime::tree::Part;
use mail_mime::{charset, packed, transfer, uuencode};

use super::{AccountHandle, PartDownload, whole};
use crate::account::error::AccountError;
use crate::account::off_thread::off_thread;
use crate::clients::budget::Share;
use crate::domain::{Opened, Section};

/// Maximum decoded size of a part that files are taken out of, in bytes.
const CONTAINER_BYTES: usize = 12 << 20;

/// The decoded octets of a part, with their share of the process's memory budget.
pub(super) struct PartOctets {
    pub(super) octets: Vec<u8>,
    _share: Share,
}

impl AccountHandle {
    /// Reads what the other parts of a message say. A part that cannot be read or is not readable
    /// adds nothing: the message is shown without it.
    pub(super) async fn read_supplements(&self, folder: &FolderId, opened: &mut Opened) {
        let fetched = std::mem::take(&mut opened.parts);
        for (purpose, part) in supplement::wanted(&opened.root) {
            let known = opened.supplements.clone();
            let read = match fetched.iter().find(|(section, _)| *section == part.section) {
                Some((_, encoded)) => Ok(PartOctets {
                    octets: transfer::decode(encoded, part.encoding),
                    _share: self.budget().share(),
                }),
                None => {
                    let max_bytes = purpose.max_bytes();
                    self.read_part(folder, &opened.id, part, max_bytes).await
                }
            };
            let supplements = async { supplement(known, purpose, part, read?).await };
            match supplements.await {
                Ok(supplements) => opened.supplements = supplements,
                Err(error) => tracing::info!(%error, ?purpose, "a part was not read"),
            }
        }
        let texts = std::mem::take(&mut opened.body);
        opened.body = opened.supplements.complete(&opened.headers, texts);
    }

    /// Returns the first `max_bytes` of a part, decoded.
    pub(super) async fn read_part(
        &self,
        folder: &FolderId,
        message: &MessageId,
        part: &Part,
        max_bytes: usize,
    ) -> Result<PartOctets, AccountError> {
        if !message.is_nested() {
            return self.read_outer_part(folder, message, part, max_bytes).await;
        }
        let (_, encoded) = self.nested_part(folder, message, &part.section).await?;
        let mut share = self.budget().share();
        share.grow_to(encoded.len() as u64)?;
        let mut octets = transfer::decode(&encoded, part.encoding);
        octets.truncate(max_bytes);
        Ok(PartOctets {
            octets,
            _share: share,
        })
    }

    /// The same for a message that no other holds.
    pub(super) async fn read_outer_part(
        &self,
        folder: &FolderId,
        message: &MessageId,
        part: &Part,
        max_bytes: usize,
    ) -> Result<PartOctets, AccountError> {
        let section = Section::Part(PartId(part.section.clone()));
        let mut windows = self.windows(folder.clone(), message.clone(), section);
        let mut share = self.budget().share();
        let mut decoder = Decoder::new(part.encoding);
        let mut octets = Vec::new();
        while octets.len() < max_bytes
            && let Some(window) = windows.next().await
        {
            let window = window?;
            share.grow_to((octets.len() + window.len()) as u64)?;
            decoder.push(&window, &mut octets);
        }
        decoder.finish(&mut octets);
        octets.truncate(max_bytes);
        Ok(PartOctets {
            octets,
            _share: share,
        })
    }

    /// Takes a file out of the part that packs it.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if there is no such file.
    pub(super) async fn packed_file(
        &self,
        folder: &FolderId,
        message: &MessageId,
        container: Part,
        number: usize,
    ) -> Result<PartDownload, AccountError> {
        let read = self
            .read_part(folder, message, &container, CONTAINER_BYTES)
            .await?;
        unpack(container, read.octets, number).await
    }
}

/// Adds what a part says.
async fn supplement(
    mut supplements: Supplements,
    purpose: Purpose,
    part: &Part,
    read: PartOctets,
) -> Result<Supplements, AccountError> {
    let part = part.clone();
    off_thread(move || {
        supplements.add(purpose, &part, &read.octets);
        supplements
    })
    .await
}

/// Takes a file out of winmail.dat or S/MIME, or out of a text that has uuencoded files. `number`
/// counts from 1.
///
/// # Errors
/// [`AccountError::NotFound`] if there is no such file.
pub(crate) async fn unpack(
    container: Part,
    octets: Vec<u8>,
    number: usize,
) -> Result<PartDownload, AccountError> {
    let index = number.checked_sub(1).ok_or(AccountError::NotFound)?;
    let file = off_thread(move || file_in(&container, octets.into(), index)).await?;
    file.ok_or(AccountError::NotFound)
}

fn file_in(container: &Part, octets: Bytes, index: usize) -> Option<PartDownload> {
    if let Some(taken) = packed::take_file(container, &octets, index) {
        return Some(PartDownload {
            name: taken.file.name.unwrap_or_default(),
            media_type: taken.file.media_type.unwrap_or_default(),
            charset: None,
            stream: whole(match taken.octets {
                Cow::Borrowed(file) => octets.slice_ref(file),
                Cow::Owned(file) => file.into(),
            }),
        });
    }
    if !container.media_type.starts_with("text/") {
        return None;
    }
    let text = charset::decode(&octets, container.charset());
    let extracted = uuencode::extract(&text);
    let file = extracted.files.get(index)?;
    Some(PartDownload {
        name: file.name.clone().unwrap_or_default(),
        media_type: String::new(),
        charset: None,
        stream: whole(file.decode(&text)?.into()),
    })
}
