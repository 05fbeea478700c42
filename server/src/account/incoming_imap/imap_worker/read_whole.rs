//! Reads a message as a whole, and splits it here.

use std::sync::Arc;

use app::api::types::{FolderId, MessageId};
use bytes::BytesMut;
use mail_mime::tree::Part;
use mail_proto::imap::{Section as ImapSection, Uid};

use super::ImapWorker;
use super::fetched::Facts;
use crate::account::error::AccountError;
use crate::account::whole::Split;
use crate::clients::ClientError;
use crate::clients::budget::Share;
use crate::clients::imap::WINDOW_BYTES;

/// A message is fetched whole up to this size, in bytes.
const WHOLE_MAX_BYTES: usize = 8 << 20;
/// Prefix of a part number that was assigned here, not by the server.
pub(super) const OWN_PART: char = 'w';

/// A message that was fetched whole.
pub(super) struct CachedWhole {
    message: MessageId,
    folder: FolderId,
    split: Arc<Split>,
    /// Its share of the process's memory budget.
    _share: Share,
}

/// A message of the selected mailbox.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'t> {
    pub(super) folder: &'t FolderId,
    pub(super) message: &'t MessageId,
    pub(super) uid: Uid,
}

impl ImapWorker {
    /// Fetches a message whole and splits it here, unless it is cached; `None` if it is too large.
    pub(super) async fn read_whole(
        &mut self,
        target: Target<'_>,
    ) -> Result<Option<Arc<Split>>, AccountError> {
        let Target {
            folder,
            message,
            uid,
        } = target;
        if let Some(cached) = &self.whole
            && cached.message == *message
            && cached.folder == *folder
        {
            return Ok(Some(Arc::clone(&cached.split)));
        }
        self.whole = None;
        let mut share = self.shared.budget.share();
        let mut raw = BytesMut::new();
        loop {
            let offset = raw.len() as u64;
            let section = ImapSection::message();
            let window = self.read_window(uid, section, offset, WINDOW_BYTES).await?;
            share.grow_to((raw.len() + window.len()) as u64)?;
            raw.extend_from_slice(&window);
            if window.len() < WINDOW_BYTES as usize {
                break;
            }
            if raw.len() >= WHOLE_MAX_BYTES {
                return Ok(None);
            }
        }
        let split = Arc::new(Split::of(raw.freeze()).await?);
        self.whole = Some(CachedWhole {
            message: message.clone(),
            folder: folder.clone(),
            split: Arc::clone(&split),
            _share: share,
        });
        Ok(Some(split))
    }

    /// Fetches a message whole although the server describes it; `None` if it is too large, or the
    /// server or the memory budget does not allow it: then it is shown as it is described.
    pub(super) async fn read_contradicted(
        &mut self,
        target: Target<'_>,
        facts: &Facts,
    ) -> Result<Option<Arc<Split>>, AccountError> {
        if facts.size_bytes > WHOLE_MAX_BYTES as u64 {
            return Ok(None);
        }
        match self.read_whole(target).await {
            Err(
                AccountError::Client(ClientError::Refused { .. } | ClientError::Overloaded)
                | AccountError::Withheld,
            ) if !self.is_over() => Ok(None),
            result => result,
        }
    }
}

/// Returns the tree of a message that was fetched whole, with part numbers marked as our own.
pub(super) fn own_root(root: &Part) -> Part {
    let mut root = root.clone();
    let mut open = vec![&mut root];
    while let Some(part) = open.pop() {
        part.section.insert(0, OWN_PART);
        open.extend(&mut part.children);
    }
    root
}
