//! The mailstore operations of an IMAP worker.

use app::api::types::{
    Destination, DraftId, FolderId, FolderRole, Mark, MessageId, PartId, UndoId, Window,
};
use bytes::Bytes;
use mail_mime::tree::Part;

use super::ImapWorker;
use crate::account::error::AccountError;
use crate::account::mailstore::{DraftSave, mailstore};
use crate::account::spooled::SpooledMessage;
use crate::domain::{
    Changed, CopyId, DraftSaved, Filed, Filing, Folder, FolderList, FolderSearch, Found, Listing,
    Opened, Row, Section, SourceMark,
};

mailstore!(ImapWorker {
    async fn folders(&mut self) -> Result<FolderList, AccountError> {
        let folders = match self.shared.fresh_folders() {
            Some(folders) => folders,
            None => Self::folders(self).await?,
        };
        self.shared.with_pins(folders).await
    }

    async fn search(
        &mut self,
        folder: FolderId,
        search: FolderSearch,
    ) -> Result<Found, AccountError> {
        Self::search(self, &folder, &search).await
    }

    async fn create_folder(
        &mut self,
        role: FolderRole,
        name: String,
    ) -> Result<Folder, AccountError> {
        Self::create_folder(self, role, &name).await
    }

    async fn pin_folder(&mut self, folder: FolderId, is_pinned: bool) -> Result<(), AccountError> {
        self.shared.pin_folder(&folder, is_pinned).await
    }

    async fn file_sent(
        &mut self,
        copy: SpooledMessage,
        id: CopyId,
        filing: Filing,
    ) -> Result<Filed, AccountError> {
        Self::file_sent(self, &copy, &id, filing).await
    }

    async fn find_copy(
        &mut self,
        id: CopyId,
        written_unix_ms: i64,
    ) -> Result<Option<FolderId>, AccountError> {
        Self::find_copy(self, &id, written_unix_ms).await
    }

    async fn save_draft(&mut self, save: DraftSave) -> Result<DraftSaved, AccountError> {
        Self::save_draft(self, &save).await
    }

    async fn delete_draft(&mut self, draft: DraftId) -> Result<(), AccountError> {
        Self::delete_draft(self, &draft).await
    }

    async fn remove_duplicate_copy(&mut self, id: CopyId) -> Result<(), AccountError> {
        Self::remove_duplicate_copy(self, &id).await
    }
});
