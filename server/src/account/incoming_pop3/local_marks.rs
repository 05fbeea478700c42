//! The stored state of a maildrop: marks, and pending deletes. A write-through copy in memory, read
//! again once another session of the account wrote.

use std::collections::HashMap;
use std::sync::Arc;

use app::api::types::{Mark, MessageId, UndoId};

use super::super::error::AccountError;
use super::super::model::now_unix_ms;
use super::identity::MessageKey;
use super::lease::Maildrop;
use crate::domain::{AccountKey, Marks, SourceMark};
use crate::store::Store;

/// Marks and pending deletes of one account.
pub(super) struct LocalMarks {
    store: Store,
    account: AccountKey,
    maildrop: Arc<Maildrop>,
    /// The count of writes that the copy includes; `None` before it is read.
    read_version: Option<u64>,
    marks: HashMap<MessageKey, Marks>,
    deletes: HashMap<MessageKey, PendingDelete>,
}

#[derive(Debug)]
struct PendingDelete {
    undo: UndoId,
    due_unix_ms: i64,
}

impl LocalMarks {
    pub(super) fn new(store: Store, account: AccountKey, maildrop: Arc<Maildrop>) -> Self {
        Self {
            store,
            account,
            maildrop,
            read_version: None,
            marks: HashMap::new(),
            deletes: HashMap::new(),
        }
    }

    /// Whether no other session wrote since the store was read.
    pub(super) fn is_current(&self) -> bool {
        let changes = self.maildrop.changes();
        self.read_version == Some(changes)
    }

    /// Reads the store again, if another session wrote.
    pub(super) async fn refresh(&mut self) -> Result<(), AccountError> {
        // The count is taken before the read: a write in between causes another read.
        let changes = self.maildrop.changes();
        if self.read_version == Some(changes) {
            return Ok(());
        }
        let marks = self
            .store
            .pop3_marks(&self.account)
            .await
            .map_err(AccountError::store)?;
        let deletes = self
            .store
            .pop3_deletes(&self.account)
            .await
            .map_err(AccountError::store)?;
        let key_of = |id: &MessageId| MessageKey::parse(id);
        self.marks = marks
            .into_iter()
            .filter_map(|(id, marks)| Some((key_of(&id)?, marks)))
            .collect();
        self.deletes = deletes
            .into_iter()
            .filter_map(|delete| {
                let pending = PendingDelete {
                    undo: delete.undo,
                    due_unix_ms: delete.due_unix_ms,
                };
                Some((key_of(&delete.message)?, pending))
            })
            .collect();
        self.read_version = Some(changes);
        Ok(())
    }

    /// Returns the marks of a message.
    pub(super) fn marks(&self, key: MessageKey) -> Marks {
        self.marks.get(&key).copied().unwrap_or_default()
    }

    /// Whether a message is pending deletion, and thus not shown.
    pub(super) fn is_hidden(&self, key: MessageKey) -> bool {
        self.deletes.contains_key(&key)
    }

    /// Sets a mark on messages.
    pub(super) async fn set_mark(
        &mut self,
        keys: &[MessageKey],
        mark: Mark,
    ) -> Result<(), AccountError> {
        let written = self
            .store
            .pop3_set_mark(&self.account, &ids(keys), mark, now_unix_ms())
            .await;
        written.map_err(AccountError::store)?;
        for key in keys {
            self.marks.entry(*key).or_default().set(mark);
        }
        self.record_write();
        Ok(())
    }

    /// Marks a message as answered or forwarded.
    pub(super) async fn set_source_mark(
        &mut self,
        key: MessageKey,
        mark: SourceMark,
    ) -> Result<(), AccountError> {
        let written = self
            .store
            .pop3_set_source_mark(&self.account, &key.id(), mark, now_unix_ms())
            .await;
        written.map_err(AccountError::store)?;
        let marks = self.marks.entry(key).or_default();
        match mark {
            SourceMark::Answered => marks.is_answered = true,
            SourceMark::Forwarded => marks.is_forwarded = true,
        }
        self.record_write();
        Ok(())
    }

    /// Stores pending deletes for messages.
    pub(super) async fn put_delete(
        &mut self,
        keys: &[MessageKey],
        undo: &UndoId,
        due_unix_ms: i64,
    ) -> Result<(), AccountError> {
        let written = self
            .store
            .pop3_put_delete(&self.account, &ids(keys), undo, due_unix_ms)
            .await;
        written.map_err(AccountError::store)?;
        for key in keys {
            self.deletes.insert(
                *key,
                PendingDelete {
                    undo: undo.clone(),
                    due_unix_ms,
                },
            );
        }
        self.record_write();
        Ok(())
    }

    /// Undoes a pending delete. Returns how many messages are shown again, and which of them are
    /// known here.
    pub(super) async fn undo_delete(
        &mut self,
        undo: &UndoId,
    ) -> Result<(u32, Vec<MessageKey>), AccountError> {
        let count = self.store.pop3_undo_delete(&self.account, undo).await;
        let count = count.map_err(AccountError::store)?;
        let waiting = self.deletes.iter();
        let own = waiting.filter(|(_, pending)| pending.undo == *undo);
        let keys: Vec<MessageKey> = own.map(|(key, _)| *key).collect();
        self.deletes.retain(|_, pending| pending.undo != *undo);
        self.record_write();
        Ok((count, keys))
    }

    /// Removes deleted messages, with their marks.
    pub(super) async fn forget(&mut self, keys: &[MessageKey]) -> Result<(), AccountError> {
        let written = self
            .store
            .pop3_delete_records(&self.account, &ids(keys))
            .await;
        written.map_err(AccountError::store)?;
        for key in keys {
            self.deletes.remove(key);
            self.marks.remove(key);
        }
        self.record_write();
        Ok(())
    }

    /// Removes deletes that the server refuses: the messages are shown again.
    pub(super) async fn drop_refused_deletes(
        &mut self,
        keys: &[MessageKey],
    ) -> Result<(), AccountError> {
        let written = self
            .store
            .pop3_drop_deletes(&self.account, &ids(keys))
            .await;
        written.map_err(AccountError::store)?;
        for key in keys {
            self.deletes.remove(key);
        }
        self.record_write();
        Ok(())
    }

    /// Returns when the next delete is due.
    pub(super) fn next_due_unix_ms(&self) -> Option<i64> {
        self.deletes
            .values()
            .map(|pending| pending.due_unix_ms)
            .min()
    }

    /// Returns messages whose undo time is over, and those of `undos` in any case.
    pub(super) fn due(&self, undos: &[UndoId]) -> Vec<MessageKey> {
        let now = now_unix_ms();
        let is_due =
            |pending: &PendingDelete| pending.due_unix_ms <= now || undos.contains(&pending.undo);
        let due = self.deletes.iter().filter(|(_, pending)| is_due(pending));
        due.map(|(key, _)| *key).collect()
    }

    fn record_write(&mut self) {
        // The copy is complete only if no other session wrote meanwhile.
        let before = self.maildrop.count_change();
        self.read_version = (self.read_version == Some(before)).then(|| before.wrapping_add(1));
    }
}

fn ids(keys: &[MessageKey]) -> Vec<MessageId> {
    keys.iter().map(|key| key.id()).collect()
}
