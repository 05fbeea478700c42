//! What POP3 answers: there is one folder, and nowhere to file a copy.

use app::api::types::{Destination, FolderId, Mark, MessageId, PartId, UndoId, Window};
use async_trait::async_trait;
use bytes::Bytes;
use mail_mime::tree::Part;

use super::Link;
use crate::account::error::AccountError;
use crate::account::mailstore::Mailstore;
use crate::domain::{Changed, FolderList, Listing, Opened, Section, SourceMark};

#[async_trait]
impl Mailstore for Link {
    async fn folders(&mut self) -> Result<FolderList, AccountError> {
        Self::folders(self).await
    }

    async fn list(&mut self, folder: FolderId, window: Window) -> Result<Listing, AccountError> {
        Self::list(self, &folder, window).await
    }

    async fn open(
        &mut self,
        folder: FolderId,
        message: MessageId,
    ) -> Result<Box<Opened>, AccountError> {
        Self::open(self, &folder, &message).await.map(Box::new)
    }

    async fn read(
        &mut self,
        folder: FolderId,
        message: MessageId,
        section: Section,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Bytes, AccountError> {
        Self::read(self, &folder, &message, &section, offset, max_bytes).await
    }

    async fn structure(
        &mut self,
        folder: FolderId,
        message: MessageId,
        part: PartId,
    ) -> Result<Part, AccountError> {
        Self::structure(self, &folder, &message, &part).await
    }

    async fn mark(
        &mut self,
        folder: FolderId,
        messages: Vec<MessageId>,
        mark: Mark,
    ) -> Result<Changed, AccountError> {
        Self::mark(self, &folder, &messages, mark).await
    }

    async fn move_messages(
        &mut self,
        folder: FolderId,
        messages: Vec<MessageId>,
        to: Destination,
    ) -> Result<Changed, AccountError> {
        Self::move_messages(self, &folder, &messages, &to).await
    }

    async fn undo(&mut self, undo: UndoId) -> Result<Changed, AccountError> {
        Self::undo(self, &undo).await
    }

    async fn mark_source(
        &mut self,
        folder: FolderId,
        message: MessageId,
        mark: SourceMark,
    ) -> Result<(), AccountError> {
        Self::mark_source(self, &folder, &message, mark).await
    }
}
