//! The states of a session (RFC 1939 §3) and the fate of deletions in each.

/// The state of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The user is not signed in.
    Authorization,
    /// The maildrop is open and locked for this session.
    Transaction {
        /// The number of messages marked as deleted. The server still has all of them.
        marked: u32,
    },
    /// `QUIT` was sent in the transaction state: the server deletes the marked messages.
    Update {
        /// The number of messages that were marked.
        marked: u32,
        /// The server confirmed that it deleted all of them.
        is_confirmed: bool,
    },
}

/// The fate of the messages marked as deleted if the connection is closed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletions {
    /// No message was marked.
    None,
    /// `QUIT` was not sent: the server deletes no message (RFC 1939 §6).
    Lost {
        /// The number of messages.
        count: u32,
    },
    /// `QUIT` was sent and not answered, or refused: each message may be deleted or not.
    Unknown {
        /// The number of messages.
        count: u32,
    },
    /// `QUIT` succeeded: all of them are deleted.
    Done {
        /// The number of messages.
        count: u32,
    },
}

impl State {
    /// Returns the fate of the marked messages if the connection is closed now.
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

    /// Changes the state after a successful sign-in.
    pub(super) const fn signed_in(&mut self) {
        *self = Self::Transaction { marked: 0 };
    }

    /// Changes the state after a successful `DELE`.
    pub(super) const fn marked_one(&mut self) {
        if let Self::Transaction { marked } = self {
            *marked = marked.saturating_add(1);
        }
    }

    /// Changes the state after a successful `RSET`.
    pub(super) const fn unmarked_all(&mut self) {
        if let Self::Transaction { marked } = self {
            *marked = 0;
        }
    }

    /// Changes the state after `QUIT` was sent; it changes nothing before sign-in.
    pub(super) const fn quit_sent(&mut self) {
        if let Self::Transaction { marked } = *self {
            *self = Self::Update {
                marked,
                is_confirmed: false,
            };
        }
    }

    /// Changes the state after a successful `QUIT`.
    pub(super) const fn quit_confirmed(&mut self) {
        if let Self::Update { is_confirmed, .. } = self {
            *is_confirmed = true;
        }
    }
}
