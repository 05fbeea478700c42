//! Changes: marks, pending deletes, and their undo.

use std::collections::HashSet;

use app::api::types::{Change, Destination, FolderId, FolderRole, Mark, MessageId, UndoId};

use super::super::identity::MessageKey;
use super::Pop3Worker;
use super::read::require_inbox;
use crate::account::error::AccountError;
use crate::account::model::{now_unix_ms, random_id};
use crate::domain::INBOX_ID;
use crate::domain::Unsupported;
use crate::domain::{Changed, SourceMark, opposite};

impl Pop3Worker {
    /// Sets a mark on messages; messages that already have it are not counted.
    pub(super) async fn mark(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
        mark: Mark,
    ) -> Result<Changed, AccountError> {
        let (mut keys, missing) = self.find_all(folder, messages).await?;
        keys.retain(|key| !self.local_marks.marks(*key).has(mark));
        let count = count_of(&keys);
        let mut undo = None;
        if !keys.is_empty() {
            self.local_marks.set_mark(&keys, mark).await?;
            self.record_change(0);
            let id = UndoId(random_id()?);
            let mark = opposite(mark);
            self.undo.put(id.clone(), MarkUndo { keys, mark });
            undo = Some(id);
        }
        Ok(Changed {
            what: Change::Marked(mark),
            count,
            gone: missing,
            back: None,
            undo,
        })
    }

    /// Marks a message as answered or forwarded.
    pub(super) async fn mark_source(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        mark: SourceMark,
    ) -> Result<(), AccountError> {
        let key = self.find(folder, message).await?;
        self.local_marks.set_source_mark(key, mark).await?;
        self.record_change(0);
        Ok(())
    }

    /// Schedules messages for deletion. POP3 has no other folder to move them to.
    pub(super) async fn move_messages(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
        to: &Destination,
    ) -> Result<Changed, AccountError> {
        if *to != Destination::Role(FolderRole::Trash) {
            return Err(AccountError::Unsupported(Unsupported::Folders));
        }
        let wait = self.timing.undo;
        let in_secs = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        // Messages deleted in another tab a moment ago count as missing: the undo of that tab stays
        // valid.
        let (keys, missing) = self.find_all(folder, messages).await?;
        if keys.is_empty() {
            return Ok(Changed {
                what: Change::DeletePending { in_secs },
                count: 0,
                gone: missing,
                back: None,
                undo: None,
            });
        }
        let undo = UndoId(random_id()?);
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let due_unix_ms = now_unix_ms().saturating_add(wait_ms);
        self.own_deletes.push(undo.clone());
        self.local_marks
            .put_delete(&keys, &undo, due_unix_ms)
            .await?;
        self.record_change(0);
        Ok(Changed {
            what: Change::DeletePending { in_secs },
            count: count_of(&keys),
            gone: missing,
            back: None,
            undo: Some(undo),
        })
    }

    /// Undoes a change: a mark, or a pending delete.
    pub(super) async fn undo(&mut self, id: &UndoId) -> Result<Changed, AccountError> {
        let (count, keys) = if let Some(MarkUndo { keys, mark }) = self.undo.take(id) {
            self.local_marks.set_mark(&keys, mark).await?;
            (count_of(&keys), keys)
        } else {
            self.own_deletes.retain(|own| own != id);
            self.local_marks.undo_delete(id).await?
        };
        if count == 0 {
            return Err(AccountError::Unsupported(Unsupported::UndoIsOver));
        }
        self.record_change(0);
        Ok(Changed {
            what: Change::Undone,
            count,
            gone: 0,
            back: Some((
                FolderId::from(INBOX_ID),
                keys.into_iter().map(MessageKey::id).collect(),
            )),
            undo: None,
        })
    }

    /// Returns the shown messages of the page's ids, and how many no longer exist. One invalid id
    /// fails the whole request.
    async fn find_all(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
    ) -> Result<(Vec<MessageKey>, u32), AccountError> {
        if messages.is_empty() {
            return Err(AccountError::NotFound);
        }
        require_inbox(folder)?;
        let mut keys = Vec::with_capacity(messages.len());
        let mut seen = HashSet::with_capacity(messages.len());
        let mut missing = 0;
        for message in messages {
            let key = MessageKey::parse(message).ok_or(AccountError::NotFound)?;
            if !seen.insert(key) {
                continue;
            }
            match self.find(folder, message).await {
                Ok(key) if !self.local_marks.is_hidden(key) => keys.push(key),
                Ok(_) | Err(AccountError::NotFound) => missing += 1,
                Err(error) => return Err(error),
            }
        }
        Ok((keys, missing))
    }
}

fn count_of(keys: &[MessageKey]) -> u32 {
    u32::try_from(keys.len()).unwrap_or(u32::MAX)
}

/// How to undo a mark. Deletes are in the store, with their undo ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarkUndo {
    keys: Vec<MessageKey>,
    mark: Mark,
}
