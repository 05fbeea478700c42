//! The state of the selected mailbox, in the detail that the caller needs.

use mail_proto::imap::selected::{Change, Selected};
use mail_proto::imap::{Event, Mailbox};

use crate::clients::budget::Share;

/// Tracks what the server reports about the selected mailbox.
pub(crate) trait MailboxState: Send {
    /// Creates an empty state. The memory of later data is charged to `share`.
    fn new(mailbox: Mailbox, share: Share) -> Self;

    /// Returns the name of the mailbox.
    fn mailbox(&self) -> &Mailbox;

    /// Applies an event of the server. Returns the change, if there is one.
    fn apply(&mut self, event: &Event) -> Option<Change>;

    /// Called when SELECT is complete: the data that it reported is the initial state, not a
    /// change.
    fn begin(&mut self) {}
}

/// The message count and UIDVALIDITY of a mailbox, without rows.
#[derive(Debug)]
pub(crate) struct Examined {
    mailbox: Mailbox,
    state: Selected,
}

impl Examined {
    pub(crate) fn exists(&self) -> u32 {
        self.state.exists()
    }

    pub(crate) fn uid_validity(&self) -> u32 {
        self.state.uid_validity().map_or(0, |v| v.get())
    }
}

impl MailboxState for Examined {
    fn new(mailbox: Mailbox, _share: Share) -> Self {
        Self {
            mailbox,
            state: Selected::new(None),
        }
    }

    fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    fn apply(&mut self, event: &Event) -> Option<Change> {
        self.state.apply(event)
    }
}
