//! What is known of the mailbox that is selected: as much as somebody needs.

use mail_proto::imap::mailbox::{Change, Selected};
use mail_proto::imap::{Event, Mailbox};

use crate::clients::budget::Share;

/// Follows what a server tells of the mailbox that is selected.
pub(crate) trait MailboxState: Send {
    /// Nothing is known of the mailbox yet. What is kept of it is charged to the share.
    fn new(mailbox: Mailbox, share: Share) -> Self;

    /// Which one it is.
    fn mailbox(&self) -> &Mailbox;

    /// Follows an event of the server. Returns what it changed.
    fn apply(&mut self, event: &Event) -> Option<Change>;

    /// SELECT is over: what it told is how things are, no news.
    fn begin(&mut self) {}
}

/// How many messages a mailbox has, and the generation of their UIDs; no rows are kept.
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
