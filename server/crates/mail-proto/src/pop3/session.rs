//! The states of a session (RFC 1939 §3) and what becomes of deletions in each.

/// Where a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody is signed in.
    Authorization,
    /// The maildrop is open and locked for us.
    Transaction {
        /// How many messages are marked as deleted. The server still has all of them.
        marked: u32,
    },
    /// `QUIT` was sent from the transaction: the server deletes what is marked.
    Update {
        /// How many messages were marked.
        marked: u32,
        /// The server said that it has deleted all of them.
        is_confirmed: bool,
    },
}

/// What became of the messages that were marked as deleted, if the connection is gone now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletions {
    /// None was marked.
    None,
    /// `QUIT` was not sent: the server keeps them all (RFC 1939 §6).
    Lost {
        /// How many.
        count: u32,
    },
    /// `QUIT` was sent and not answered, or refused: any of them may be gone or not.
    Unknown {
        /// How many.
        count: u32,
    },
    /// `QUIT` was answered: all of them are gone.
    Done {
        /// How many.
        count: u32,
    },
}

impl State {
    /// Tells what became of the marked messages, if the connection is gone now.
    pub const fn deletions(self) -> Deletions {
        match self {
            Self::Authorization
            | Self::Transaction { marked: 0 }
            | Self::Update { marked: 0, .. } => Deletions::None,
            Self::Transaction { marked: count } => Deletions::Lost { count },
            Self::Update {
                marked: count,
                is_confirmed: false,
            } => Deletions::Unknown { count },
            Self::Update {
                marked: count,
                is_confirmed: true,
            } => Deletions::Done { count },
        }
    }

    /// Goes on behind a positive answer to a sign-in.
    pub(super) const fn signed_in(&mut self) {
        *self = Self::Transaction { marked: 0 };
    }

    /// Goes on behind a positive answer to `DELE`.
    pub(super) const fn marked_one(&mut self) {
        if let Self::Transaction { marked } = self {
            *marked = marked.saturating_add(1);
        }
    }

    /// Goes on behind a positive answer to `RSET`.
    pub(super) const fn unmarked_all(&mut self) {
        if let Self::Transaction { marked } = self {
            *marked = 0;
        }
    }

    /// Goes on behind `QUIT`, which changes nothing where nobody is signed in.
    pub(super) const fn quit_sent(&mut self) {
        if let Self::Transaction { marked } = *self {
            *self = Self::Update {
                marked,
                is_confirmed: false,
            };
        }
    }

    /// Goes on behind a positive answer to `QUIT`.
    pub(super) const fn quit_confirmed(&mut self) {
        if let Self::Update { is_confirmed, .. } = self {
            *is_confirmed = true;
        }
    }
}
