//! Changes that can be taken back, for a while.

use std::collections::VecDeque;
use std::time::Duration;

use app::api::types::{Mark, UndoId};
use mail_proto::imap::{Mailbox, Uid, UidValidity};
use tokio::time::Instant;

use super::super::error::AccountError;
use super::super::model::random_id;

/// The page offers Undo for ten seconds; a page without script, for as long as it stays open.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// How many changes are remembered.
const KEPT_MAX: usize = 50;

/// How to take a change back.
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
        /// Where they lie now.
        from: Mailbox,
        /// The generation of the UIDs there.
        uid_validity: UidValidity,
        uids: Vec<Uid>,
        /// Where they lay.
        to: Mailbox,
        /// The generation of the UIDs there.
        to_validity: u32,
        /// The UIDs that they had there, one for each.
        places: Vec<Uid>,
    },
}

/// The changes of an account that can be taken back.
#[derive(Debug, Default)]
pub(super) struct UndoTable {
    entries: VecDeque<(UndoId, Instant, Undo)>,
}

impl UndoTable {
    /// Remembers a change.
    pub(super) fn put(&mut self, undo: Undo) -> Result<UndoId, AccountError> {
        let id = UndoId(random_id()?);
        if self.entries.len() >= KEPT_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back((id.clone(), Instant::now(), undo));
        Ok(id)
    }

    /// Looks a change up, without forgetting it.
    pub(super) fn show(&self, id: &UndoId) -> Option<Undo> {
        self.entries
            .iter()
            .find(|(known, since, _)| known == id && since.elapsed() < KEPT_FOR)
            .map(|(_, _, undo)| undo.clone())
    }

    /// Takes a change out: nothing is taken back twice.
    pub(super) fn take(&mut self, id: &UndoId) -> Option<Undo> {
        let undo = self.show(id)?;
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
    async fn a_change_is_taken_back_once_and_not_too_late() {
        let mut table = UndoTable::default();
        let (first, second) = (table.put(mark(1)).unwrap(), table.put(mark(2)).unwrap());
        assert_eq!(table.take(&first), Some(mark(1)));
        assert_eq!(table.take(&first), None);
        tokio::time::advance(KEPT_FOR).await;
        assert_eq!(table.take(&second), None);
    }

    #[test]
    fn old_changes_make_room_for_new_ones() {
        let mut table = UndoTable::default();
        let first = table.put(mark(1)).unwrap();
        for n in 0..KEPT_MAX {
            table.put(mark(u32::try_from(n).unwrap() + 2)).unwrap();
        }
        assert_eq!(table.show(&first), None);
    }
}
