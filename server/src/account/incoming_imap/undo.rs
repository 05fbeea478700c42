//! Changes that can be undone, for a limited time.

use std::collections::VecDeque;
use std::time::Duration;

use app::api::types::{Mark, UndoId};
use mail_proto::imap::{Mailbox, Uid, UidValidity};
use tokio::time::Instant;

use super::super::error::AccountError;
use super::super::model::random_id;

/// Lifetime of an undo record. The page offers Undo for 10 s; a page without scripts, for as long
/// as it stays open.
const UNDO_LIFETIME: Duration = Duration::from_secs(600);
/// Maximum number of undo records.
const UNDO_MAX: usize = 50;

/// How to undo a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undo {
    /// Set this mark on these messages.
    Mark {
        mailbox: Mailbox,
        uid_validity: u32,
        uids: Vec<Uid>,
        mark: Mark,
    },
    /// Move these messages back.
    Move {
        /// The mailbox where they are now.
        from: Mailbox,
        /// Its UIDVALIDITY.
        uid_validity: UidValidity,
        uids: Vec<Uid>,
        /// The mailbox where they were before.
        to: Mailbox,
        /// Its UIDVALIDITY.
        to_validity: u32,
        /// The UIDs that they had there, one for each.
        original_uids: Vec<Uid>,
    },
}

/// The undo records of an account.
#[derive(Debug, Default)]
pub(super) struct UndoTable {
    entries: VecDeque<(UndoId, Instant, Undo)>,
}

impl UndoTable {
    /// Stores an undo record.
    pub(super) fn put(&mut self, undo: Undo) -> Result<UndoId, AccountError> {
        let id = UndoId(random_id()?);
        if self.entries.len() >= UNDO_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back((id.clone(), Instant::now(), undo));
        Ok(id)
    }

    /// Returns an undo record without removing it.
    pub(super) fn peek(&self, id: &UndoId) -> Option<Undo> {
        self.entries
            .iter()
            .find(|(known, since, _)| known == id && since.elapsed() < UNDO_LIFETIME)
            .map(|(_, _, undo)| undo.clone())
    }

    /// Removes and returns an undo record: no change is undone twice.
    pub(super) fn take(&mut self, id: &UndoId) -> Option<Undo> {
        let undo = self.peek(id)?;
        self.entries.retain(|(known, _, _)| known != id);
        Some(undo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(n: u32) -> Undo {
        Undo::Mark {
            mailbox: Mailbox::inbox(),
            uid_validity: 1,
            uids: Uid::new(n).into_iter().collect(),
            mark: Mark::Seen,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn undo_record_is_valid_once_and_until_it_expires() {
        let mut table = UndoTable::default();
        let (first, second) = (table.put(mark(1)).unwrap(), table.put(mark(2)).unwrap());
        assert_eq!(table.take(&first), Some(mark(1)));
        assert_eq!(table.take(&first), None);
        tokio::time::advance(UNDO_LIFETIME).await;
        assert_eq!(table.take(&second), None);
    }

    #[test]
    fn oldest_undo_record_is_dropped_at_the_limit() {
        let mut table = UndoTable::default();
        let first = table.put(mark(1)).unwrap();
        for n in 0..UNDO_MAX {
            table.put(mark(u32::try_from(n).unwrap() + 2)).unwrap();
        }
        assert_eq!(table.peek(&first), None);
    }
}
