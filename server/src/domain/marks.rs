//! Read, starred, answered, forwarded: the marks of a message.

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
    /// Tells whether a mark is as [`Mark`] would make it.
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

/// The mark that takes a mark back.
pub(crate) fn opposite(mark: Mark) -> Mark {
    match mark {
        Mark::Seen => Mark::Unseen,
        Mark::Unseen => Mark::Seen,
        Mark::Starred => Mark::Unstarred,
        Mark::Unstarred => Mark::Starred,
    }
}

/// A flag that sending sets on the message that was answered or forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceMark {
    /// `\Answered`.
    Answered,
    /// `$Forwarded`.
    Forwarded,
}
