//! What IMAP answers.

use app::api::types::{Destination, FolderId, FolderRole, Mark, MessageId, PartId, UndoId, Window};
use bytes::Bytes;
use mail_mime::tree::Part;

use super::Link;
use crate::account::error::AccountError;
use crate::account::mailstore::mailstore;
use crate::account::spooled::SpooledMessage;
use crate::domain::{
    Changed, Filed, Filing, Folder, FolderList, Listing, Opened, Section, SourceMark,
};

mailstore!(Link {
    async fn folders(&mut self) -> Result<FolderList, AccountError> {
        if let Some(folders) = self.shared.fresh_folders() {
            return Ok(folders);
        }
        Self::folders(self).await
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
});
