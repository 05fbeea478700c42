//! Drafts: one copy each in the folder for drafts, found again by the Message-ID that they share.
//!
//! A draft is saved by APPEND, then its earlier copy is removed by UID: a failure in between leaves
//! two copies, never none, and the next save removes the older one. A copy that another program or
//! another tab wrote is not removed: the save stops and reports it.

use app::api::types::{DraftId, FolderRole};
use mail_net::Phase;
use mail_proto::imap::{Append, Capability, Code, Flag, Mailbox, SearchKey, Uid};

use super::super::selected::{message_id, uid_of};
use super::ImapWorker;
use super::moving::removal_commands;
use crate::account::error::AccountError;
use crate::account::mailstore::DraftSave;
use crate::domain::{DraftCopy, DraftSaved};

impl ImapWorker {
    /// Saves a draft in place of its earlier copy.
    pub(super) async fn save_draft(
        &mut self,
        save: &DraftSave,
    ) -> Result<DraftSaved, AccountError> {
        let mailbox = self.drafts_mailbox(&save.folder_name).await?;
        self.select(&mailbox).await?;
        let copies = match save.is_new {
            true => Vec::new(),
            false => self.copies_of(&save.id).await?,
        };
        let replaced = self.replaced_uid(save).await?;
        if !save.is_forced {
            // An older copy is left from a save that was cut off.
            let newer = match (&save.replaces, replaced) {
                (None, _) => copies.iter().max(),
                (Some(_), Some(replaced)) => copies.iter().filter(|uid| **uid > replaced).max(),
                (Some(_), None) => None,
            };
            if let Some(newer) = newer {
                return Ok(DraftSaved::ChangedElsewhere(
                    self.copy_of(&mailbox, *newer).await?,
                ));
            }
            if let Some(replaced) = replaced
                && !copies.contains(&replaced)
                && !self.is_present(replaced).await?
            {
                return Ok(DraftSaved::Gone);
            }
        }
        let content = save.content.open().await?;
        let connection = self.connection().await?;
        let done = connection
            .append(
                Append {
                    mailbox: mailbox.clone(),
                    flags: vec![Flag::Draft, Flag::Seen],
                    internal_date: None,
                    size_bytes: save.content.size_bytes,
                },
                content,
            )
            .await?;
        self.shared.invalidate_counts(&mailbox);
        let saved = match done.code {
            Some(Code::AppendUid { uids, .. }) => uids.uids().next(),
            _ => {
                // Without UIDPLUS, the copy is found by its id.
                let now = self.copies_of(&save.id).await?;
                now.into_iter().filter(|uid| !copies.contains(uid)).max()
            }
        };
        let saved = saved.ok_or(AccountError::Withheld)?;
        let mut earlier = copies;
        earlier.extend(replaced);
        earlier.retain(|uid| *uid != saved);
        earlier.sort_unstable();
        earlier.dedup();
        self.remove_copies(&mailbox, &earlier).await?;
        self.notify_changed(&mailbox);
        self.copy_of(&mailbox, saved).await.map(DraftSaved::Saved)
    }

    /// Deletes every copy of a draft.
    pub(super) async fn delete_draft(&mut self, draft: &DraftId) -> Result<(), AccountError> {
        let Some(mailbox) = self.find_drafts_mailbox().await? else {
            return Ok(());
        };
        self.select(&mailbox).await?;
        let copies = self.copies_of(draft).await?;
        self.remove_copies(&mailbox, &copies).await?;
        self.shared.invalidate_counts(&mailbox);
        self.notify_changed(&mailbox);
        Ok(())
    }

    async fn find_drafts_mailbox(&mut self) -> Result<Option<Mailbox>, AccountError> {
        if self.shared.folder_by_role(FolderRole::Drafts).is_none() {
            self.folders().await?;
        }
        let folder = self.shared.folder_by_role(FolderRole::Drafts);
        Ok(folder.map(|(mailbox, _, _)| mailbox))
    }

    /// Returns the folder for drafts. It is created if there is none: nothing typed may be lost.
    async fn drafts_mailbox(&mut self, name: &str) -> Result<Mailbox, AccountError> {
        if let Some(mailbox) = self.find_drafts_mailbox().await? {
            return Ok(mailbox);
        }
        self.create_folder(FolderRole::Drafts, name).await?;
        let mailbox = self.find_drafts_mailbox().await?;
        mailbox.ok_or(AccountError::MissingFolder(FolderRole::Drafts))
    }

    /// Returns the UID of the copy that a save replaces; `None` if it is in another folder, or has
    /// an earlier UIDVALIDITY.
    async fn replaced_uid(&mut self, save: &DraftSave) -> Result<Option<Uid>, AccountError> {
        let Some(replaces) = &save.replaces else {
            return Ok(None);
        };
        let connection = self.connection().await?;
        match uid_of(connection, &replaces.message) {
            Ok(uid) => Ok(Some(uid)),
            Err(AccountError::NotFound | AccountError::Withheld) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn is_present(&mut self, uid: Uid) -> Result<bool, AccountError> {
        let found = self.connection().await?.find_existing(&[uid]).await?;
        Ok(!found.is_empty())
    }

    async fn copy_of(&mut self, mailbox: &Mailbox, uid: Uid) -> Result<DraftCopy, AccountError> {
        let connection = self.connection().await?;
        let selected = connection.selected().ok_or(AccountError::NotFound)?;
        let message = message_id(selected.uid_validity(), uid);
        let folder = self.shared.folder(mailbox).ok_or(AccountError::NotFound)?;
        Ok(DraftCopy {
            folder: folder.id,
            message,
        })
    }

    /// Returns the copies of a draft in the selected mailbox, without deleted ones. A server that
    /// cannot search returns none.
    async fn copies_of(&mut self, draft: &DraftId) -> Result<Vec<Uid>, AccountError> {
        self.find_by_message_id(draft.as_str(), Some(SearchKey::Undeleted))
            .await
    }

    /// Removes copies from the selected mailbox. Without UIDPLUS, they are only marked as deleted
    /// where EXPUNGE would remove other messages.
    async fn remove_copies(&mut self, mailbox: &Mailbox, uids: &[Uid]) -> Result<(), AccountError> {
        if uids.is_empty() {
            return Ok(());
        }
        let connection = self.connection().await?;
        let mut commands = removal_commands(connection, uids)?;
        let has_uid_plus = connection.capabilities().has(Capability::UidPlus);
        if !has_uid_plus && !connection.has_no_other_deleted(uids).await? {
            commands.pop();
        }
        let connection = self.connection().await?;
        connection.run(commands, Phase::LongCommand).await?;
        self.shared.invalidate_counts(mailbox);
        Ok(())
    }
}
