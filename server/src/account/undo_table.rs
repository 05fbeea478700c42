//! Undo records of an account that are in memory.

use std::collections::VecDeque;
use std::time::Duration;

use app::api::types::UndoId;
use tokio::time::Instant;

/// Lifetime of an undo record. The page offers Undo for 10 s; a page without scripts, for as long
/// as it stays open.
const UNDO_LIFETIME: Duration = Duration::from_secs(600);
/// Maximum number of undo records.
const UNDO_MAX: usize = 50;

/// The newest undo records of an account.
#[derive(Debug)]
pub(super) struct UndoTable<T> {
    entries: VecDeque<(UndoId, Instant, T)>,
}

impl<T> Default for UndoTable<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
        }
    }
}

impl<T> UndoTable<T> {
    /// Stores an undo record.
    pub(super) fn put(&mut self, id: UndoId, undo: T) {
        if self.entries.len() >= UNDO_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back((id, Instant::now(), undo));
    }

    /// Removes and returns an undo record: no change is undone twice, nor after its lifetime.
    pub(super) fn take(&mut self, id: &UndoId) -> Option<T> {
        let index = self.entries.iter().position(|(known, _, _)| known == id)?;
        let (_, since, undo) = self.entries.remove(index)?;
        (since.elapsed() < UNDO_LIFETIME).then_some(undo)
    }
}
