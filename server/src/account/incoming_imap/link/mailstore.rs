//! What IMAP answers.

use app::api::types::{Destination, FolderId, FolderRole, Mark, MessageId, PartId, UndoId, Window};
use async_trait::async_trait;
use bytes::Bytes;
use mail_mime::tree::Part;

use super::Link;
use crate::account::error::AccountError;
use crate::account::mailstore::Mailstore;
use crate::account::outgoing::SpooledMessage;
use crate::domain::{
    Changed, Filed, Filing, Folder, FolderList, Listing, Opened, Section, SourceMark,
};

#[async_trait]
impl Mailstore for Link {
    async fn folders(&mut self) -> Result<FolderList, AccountError> {
        if let Some(folders) = self.shared.fresh_folders() {
            return Ok(folders);
        }
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

    async fn create_folder(
        &mut self,
        role: FolderRole,
        name: String,
    ) -> Result<Folder, AccountError> {
        Self::create_folder(self, role, &name).await
    }

    async fn file_sent(
        &mut self,
        copy: SpooledMessage,
        message_id: String,
        filing: Filing,
    ) -> Result<Filed, AccountError> {
        Self::file_sent(self, &copy, &message_id, filing).await
    }

    async fn keep_one_copy(&mut self, message_id: String) -> Result<(), AccountError> {
        Self::keep_one_copy(self, &message_id).await
    }
}
