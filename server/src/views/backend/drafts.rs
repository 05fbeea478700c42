//! The drafts of a session: saved among the drafts of their account, and continued from there.

use app::api::types::{
    AccountId, ComposeForm, Draft, DraftId, DraftResult, FolderRole, MessageRef, SavedDraft,
};

use super::SessionBackend;
use crate::account::compose;
use crate::account::error::AccountError;
use crate::account::model::now_unix_ms;
use crate::domain::{DraftCopy, DraftSaved};
use crate::views::compose::{self as form, find_handle};
use crate::views::wording::role_name;

impl SessionBackend {
    /// Saves a draft in place of its earlier copy.
    pub(super) async fn save_draft(
        &self,
        account: &AccountId,
        draft: &Draft,
        is_forced: bool,
    ) -> Result<DraftResult, AccountError> {
        let handle = find_handle(&self.handles, account)?;
        let (id, saved) = compose::save_draft(
            handle,
            draft,
            &self.uploads,
            self.locale.offset_minutes(now_unix_ms()),
            is_forced,
            role_name(FolderRole::Drafts, self.locale.lang).into_owned(),
            self.upload_max_bytes,
        )
        .await?;
        let view = |id: DraftId, copy: DraftCopy| SavedDraft {
            id,
            folder: copy.folder,
            message: copy.message,
        };
        Ok(match saved {
            DraftSaved::Saved(copy) => DraftResult::Saved(view(id, copy)),
            DraftSaved::ChangedElsewhere(copy) => DraftResult::ChangedElsewhere(view(id, copy)),
            DraftSaved::Gone => DraftResult::Gone,
        })
    }

    /// Returns the form that continues a draft.
    pub(super) async fn draft_form(&self, of: &MessageRef) -> Result<ComposeForm, AccountError> {
        let handle = find_handle(&self.handles, &of.folder.account)?;
        let max_bytes = self.upload_max_bytes;
        form::draft_form(handle, of, &self.uploads, &self.locale, max_bytes).await
    }
}
