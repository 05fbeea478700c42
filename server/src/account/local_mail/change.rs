//! Changes to local messages: marks, removal, and their undo.

use std::collections::HashSet;

use app::api::types::{Change, Destination, FolderId, FolderRole, Mark, MessageId, UndoId};

use super::LocalMailWorker;
use super::read::require_local;
use crate::account::error::AccountError;
use crate::account::model::now_unix_ms;
use crate::domain::{Changed, LocalFolder, SourceMark, Unsupported, opposite};

/// For how long the page offers to undo a removal, in seconds.
const UNDO_SECS: u32 = 10;

/// How to undo a mark.
#[derive(Debug)]
pub(super) struct MarkUndo {
    folder: LocalFolder,
    messages: Vec<MessageId>,
    mark: Mark,
}

impl LocalMailWorker {
    /// Sets a mark on messages; messages that already have it are not counted.
    pub(super) async fn mark(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
        mark: Mark,
    ) -> Result<Changed, AccountError> {
        let folder = require_local(folder)?;
        let (present, gone) = self.find_all(folder, messages).await?;
        let changed = self.set_mark(folder, &present, mark).await?;
        let count = count_of(&changed);
        let undo = match changed.is_empty() {
            true => None,
            false => {
                let id = Self::new_undo_id()?;
                let undo = MarkUndo {
                    folder,
                    messages: changed,
                    mark: opposite(mark),
                };
                self.undo.put(id.clone(), undo);
                Some(id)
            }
        };
        Ok(Changed {
            what: Change::Marked(mark),
            count,
            gone,
            back: None,
            undo,
        })
    }

    async fn set_mark(
        &mut self,
        folder: LocalFolder,
        messages: &[MessageId],
        mark: Mark,
    ) -> Result<Vec<MessageId>, AccountError> {
        let local = &self.mail.messages;
        let changed = local.mark(&self.account, folder, messages, mark).await;
        let changed = changed.map_err(AccountError::store)?;
        if !changed.is_empty() {
            self.record_change();
        }
        Ok(changed)
    }

    /// Marks a message as answered or forwarded.
    pub(super) async fn mark_source(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        mark: SourceMark,
    ) -> Result<(), AccountError> {
        let folder = require_local(folder)?;
        let local = &self.mail.messages;
        let marked = local.mark_source(&self.account, folder, message, mark);
        marked.await.map_err(AccountError::store)?;
        self.record_change();
        Ok(())
    }

    /// Removes messages. There is no other local folder to move them to.
    pub(super) async fn move_messages(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
        to: &Destination,
    ) -> Result<Changed, AccountError> {
        let folder = require_local(folder)?;
        if *to != Destination::Role(FolderRole::Trash) {
            return Err(AccountError::Unsupported(Unsupported::Folders));
        }
        let (present, gone) = self.find_all(folder, messages).await?;
        let undo = Self::new_undo_id()?;
        let local = &self.mail.messages;
        let removed = local.remove(&self.account, folder, &present, &undo, now_unix_ms());
        let count = removed.await.map_err(AccountError::store)?;
        if count > 0 {
            self.record_change();
        }
        Ok(Changed {
            what: Change::DeletePending { in_secs: UNDO_SECS },
            count,
            gone,
            back: None,
            undo: (count > 0).then_some(undo),
        })
    }

    /// Undoes a change: a mark, or a removal.
    pub(super) async fn undo(&mut self, id: &UndoId) -> Result<Changed, AccountError> {
        let back = match self.undo.take(id) {
            Some(MarkUndo {
                folder,
                messages,
                mark,
            }) => {
                self.set_mark(folder, &messages, mark).await?;
                Some((folder, messages))
            }
            None => {
                let put_back = self.mail.messages.put_back(&self.account, id).await;
                let put_back = put_back.map_err(AccountError::store)?;
                if put_back.is_some() {
                    self.record_change();
                }
                put_back
            }
        };
        let Some((folder, messages)) = back else {
            return Err(AccountError::Unsupported(Unsupported::UndoIsOver));
        };
        Ok(Changed {
            what: Change::Undone,
            count: count_of(&messages),
            gone: 0,
            back: Some((folder.id(), messages)),
            undo: None,
        })
    }

    /// Returns which of the page's messages exist, each once, and how many do not.
    async fn find_all(
        &mut self,
        folder: LocalFolder,
        messages: &[MessageId],
    ) -> Result<(Vec<MessageId>, u32), AccountError> {
        if messages.is_empty() {
            return Err(AccountError::NotFound);
        }
        let (mut present, mut gone) = (Vec::new(), 0);
        let mut seen = HashSet::new();
        for message in messages.iter().filter(|message| seen.insert(*message)) {
            let found = self
                .mail
                .messages
                .find(&self.account, folder, message)
                .await;
            match found.map_err(AccountError::store)? {
                Some(_) => present.push(message.clone()),
                None => gone += 1,
            }
        }
        Ok((present, gone))
    }
}

fn count_of(messages: &[MessageId]) -> u32 {
    u32::try_from(messages.len()).unwrap_or(u32::MAX)
}
