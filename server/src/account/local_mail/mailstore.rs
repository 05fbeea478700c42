//! The mailstore operations of the local folders.

use app::api::types::{Destination, DraftId, FolderId, Mark, MessageId, PartId, UndoId, Window};
use bytes::Bytes;
use mail_mime::tree::Part;

use super::LocalMailWorker;
use crate::account::error::AccountError;
use crate::account::mailstore::{DraftSave, mailstore};
use crate::account::spooled::SpooledMessage;
use crate::domain::{
    Changed, CopyId, DraftSaved, Filed, Filing, FolderList, Listing, Opened, Row, Section,
    SourceMark,
};

mailstore!(LocalMailWorker {
    async fn folders(&mut self) -> Result<FolderList, AccountError> {
        let folders = self.mail.folders(&self.account).await?;
        Ok(FolderList { folders, left_out: 0 })
    }

    async fn save_draft(&mut self, save: DraftSave) -> Result<DraftSaved, AccountError> {
        Self::save_draft(self, &save).await
    }

    async fn delete_draft(&mut self, draft: DraftId) -> Result<(), AccountError> {
        Self::delete_draft(self, &draft).await
    }

    async fn file_sent(
        &mut self,
        copy: SpooledMessage,
        id: CopyId,
        _filing: Filing,
    ) -> Result<Filed, AccountError> {
        Self::file_sent(self, &copy, &id.id).await
    }
});
