//! The marks of a message: read, starred, answered, forwarded.

use app::api::types::Mark;

/// Marks of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(crate) is_seen: bool,
    pub(crate) is_starred: bool,
    pub(crate) is_answered: bool,
    pub(crate) is_forwarded: bool,
}

impl Marks {
    /// Returns whether the message is in the state that [`Mark`] sets.
    pub(crate) fn has(self, mark: Mark) -> bool {
        match mark {
            Mark::Seen => self.is_seen,
            Mark::Unseen => !self.is_seen,
            Mark::Starred => self.is_starred,
            Mark::Unstarred => !self.is_starred,
        }
    }

    /// Sets a mark.
    pub(crate) fn set(&mut self, mark: Mark) {
        match mark {
            Mark::Seen => self.is_seen = true,
            Mark::Unseen => self.is_seen = false,
            Mark::Starred => self.is_starred = true,
            Mark::Unstarred => self.is_starred = false,
        }
    }
}

/// Returns the mark that undoes `mark`.
pub(crate) fn opposite(mark: Mark) -> Mark {
    match mark {
        Mark::Seen => Mark::Unseen,
        Mark::Unseen => Mark::Seen,
        Mark::Starred => Mark::Unstarred,
        Mark::Unstarred => Mark::Starred,
    }
}

/// The flag that sending a reply or a forward sets on its source message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceMark {
    /// `\Answered`.
    Answered,
    /// `$Forwarded`.
    Forwarded,
}
