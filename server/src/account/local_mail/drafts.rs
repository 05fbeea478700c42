//! Drafts: one copy each, which its next one replaces in one transaction.

use app::api::types::{DraftId, MessageId};

use super::LocalMailWorker;
use crate::account::error::{AccountError, NoRoom};
use crate::account::mailstore::DraftSave;
use crate::account::model::random_id;
use crate::domain::{DraftCopy, DraftSaved, LocalFolder, LocalLimit};
use crate::store::local_mail::{LocalSaved, NewLocalMessage, Replaces};

const DRAFTS: LocalFolder = LocalFolder::Drafts;

impl LocalMailWorker {
    /// Saves a draft in place of its earlier copy.
    pub(super) async fn save_draft(
        &mut self,
        save: &DraftSave,
    ) -> Result<DraftSaved, AccountError> {
        let folder = DRAFTS.id();
        let replaced = save.replaces.as_ref();
        let replaced = replaced.filter(|copy| copy.folder == folder);
        let replaces = match (save.is_forced, replaced) {
            (true, _) => Replaces::Every,
            (false, Some(copy)) => Replaces::Copy(&copy.message),
            // The first copy, or a later one whose page does not know the first.
            (false, None) => Replaces::Nothing,
        };
        let content = &save.content;
        let summary = self.read_summary(&content.name, save.id.as_str()).await?;
        let message = MessageId(random_id()?);
        let new = NewLocalMessage {
            id: &message,
            spool: &content.name,
            size_bytes: content.size_bytes,
            written_unix_ms: content.written_unix_ms,
            summary: &summary,
        };
        let saved = self
            .mail
            .messages
            .save(&self.account, DRAFTS, &new, replaces);
        let copy = |message| DraftCopy { folder, message };
        match saved.await.map_err(AccountError::store)? {
            LocalSaved::Done => {
                self.mail.remove_discarded().await;
                self.record_change();
                Ok(DraftSaved::Saved(copy(message)))
            }
            LocalSaved::Changed(newest) => Ok(DraftSaved::ChangedElsewhere(copy(newest))),
            LocalSaved::Gone => Ok(DraftSaved::Gone),
            LocalSaved::Full(LocalLimit::Server) => Err(AccountError::NoRoom(NoRoom::Server)),
            LocalSaved::Full(limit) => Err(AccountError::NoRoom(NoRoom::Drafts(limit))),
        }
    }

    /// Deletes every copy of a draft.
    pub(super) async fn delete_draft(&mut self, draft: &DraftId) -> Result<(), AccountError> {
        let messages = &self.mail.messages;
        let deleted = messages.delete_copies(&self.account, DRAFTS, draft.as_str());
        if deleted.await.map_err(AccountError::store)? {
            self.mail.remove_discarded().await;
            self.record_change();
        }
        Ok(())
    }
}
