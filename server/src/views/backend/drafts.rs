//! The drafts of a session: saved among the drafts of their account, and continued from there.

use app::api::types::{
    AccountId, ComposeForm, ComposeKind, ComposeSource, Conversion, Converted, Draft, DraftId,
    DraftResult, FolderRole, MessageRef, OutboxId, SavedDraft, UploadId,
};

use super::SessionBackend;
use super::templates::converted;
use crate::account::compose;
use crate::account::error::AccountError;
use crate::account::model::now_unix_ms;
use crate::domain::{DraftCopy, DraftSaved, Viewer};
use crate::store::spool::SpoolName;
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

    /// Converts between the texts of a compose form.
    pub(super) async fn convert_text(
        &self,
        account: &AccountId,
        conversion: Conversion,
    ) -> Result<Converted, AccountError> {
        let handle = find_handle(&self.handles, account)?;
        let text = match conversion {
            Conversion::Pasted(html) => compose::clean_pasted(html).await?,
            Conversion::ToText(html) => compose::text_of(html).await?,
            Conversion::Template(template) => return converted(handle, &template).await,
            Conversion::ToHtml(draft) => {
                let (uploads, max_bytes) = (&self.uploads, self.upload_max_bytes);
                return form::to_html(handle, &draft, uploads, &self.locale, max_bytes).await;
            }
        };
        Ok(Converted {
            text,
            ..Converted::default()
        })
    }

    /// Returns the type and the file of a picture in a text that is being written: a file of the
    /// session, or of the entry that the text corrects. `None` if there is none, or if it is no
    /// image that browsers show.
    pub async fn picture(
        &self,
        file: &UploadId,
        again: Option<&OutboxId>,
    ) -> Option<(&'static str, SpoolName)> {
        let (name, media_type, spool_name) = match (self.uploads.find(file), again) {
            (Some(upload), _) => (upload.name, upload.media_type, upload.file.name.clone()),
            (None, Some(again)) => {
                let (_, row) = self.row(again).await.ok()?;
                let mut files = row.message.attachments.into_iter();
                let record = files.find(|record| record.spool == file.0)?;
                let spool_name = SpoolName::parse(&record.spool)?;
                (record.name, record.media_type, spool_name)
            }
            (None, None) => return None,
        };
        match Viewer::of(&name, &media_type)? {
            Viewer::Picture(media_type) => Some((media_type, spool_name)),
            Viewer::Pdf | Viewer::Text => None,
        }
    }

    /// Returns the form of a new message, a reply or a forward.
    pub(super) async fn new_form(
        &self,
        account: &AccountId,
        source: Option<ComposeSource>,
        more: Vec<MessageRef>,
    ) -> Result<ComposeForm, AccountError> {
        let handle = find_handle(&self.handles, account)?;
        let (locale, max_bytes) = (&self.locale, self.upload_max_bytes);
        match source {
            Some(source) if source.kind == ComposeKind::ForwardAttached => {
                let uploads = &self.uploads;
                form::forward_attached(handle, source, more, uploads, locale, max_bytes).await
            }
            source => form::begin(handle, source, &self.uploads, locale, max_bytes).await,
        }
    }

    /// Returns the form that continues a draft, or of a new message that begins as a copy.
    pub(super) async fn draft_form(
        &self,
        of: &MessageRef,
        is_copy: bool,
    ) -> Result<ComposeForm, AccountError> {
        let handle = find_handle(&self.handles, &of.folder.account)?;
        let (uploads, locale, max_bytes) = (&self.uploads, &self.locale, self.upload_max_bytes);
        match is_copy {
            true => form::copy_form(handle, of, uploads, locale, max_bytes).await,
            false => form::draft_form(handle, of, uploads, locale, max_bytes).await,
        }
    }
}
