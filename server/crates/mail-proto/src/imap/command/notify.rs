//! What NOTIFY asks to be told (RFC 5465).

use alloc::vec::Vec;

use super::FetchItem;
use crate::imap::mailbox::Mailbox;

/// Which changes are told without being asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notify {
    /// `NONE`: nothing, not even changes of the selected mailbox.
    Nothing,
    /// `SET`: these, and no others than these.
    Set {
        /// Tell the present numbers of all mailboxes that are watched, as STATUS responses.
        status: bool,
        /// What is to be told of the mailbox that is selected: what is new and what is gone in any
        /// case, for the state of the mailbox depends on it.
        selected: NotifySelected,
        /// What is to be told of other mailboxes. Where one is in several groups, the first counts.
        groups: Vec<NotifyGroup>,
    },
}

/// What is told of the mailbox that is selected: `SELECTED-DELAYED`.
///
/// `SELECTED`, which tells EXPUNGE between commands, does not exist here: sequence numbers could
/// never be used (RFC 5465 §5.3). During IDLE nothing is delayed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifySelected {
    /// What to tell of messages that are new; nothing but EXISTS if empty.
    pub new_message_items: Vec<FetchItem>,
    /// Tell changed flags.
    pub flag_changes: bool,
}

/// Some mailboxes, and what is told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyGroup {
    /// Which mailboxes.
    pub mailboxes: NotifyMailboxes,
    /// What is told. All of it left out means that nothing is told of them.
    pub events: NotifyEvents,
}

/// A choice of mailboxes (RFC 5465 §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyMailboxes {
    /// `INBOXES`: those into which mail is delivered.
    Inboxes,
    /// `PERSONAL`: all in one's own namespaces.
    Personal,
    /// `SUBSCRIBED`
    Subscribed,
    /// `SUBTREE`: these, and all below them.
    Subtree(Vec<Mailbox>),
    /// `MAILBOXES`: these.
    Mailboxes(Vec<Mailbox>),
}

/// What is told of mailboxes that are not selected (RFC 5465 §5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotifyEvents {
    /// `MessageNew` and `MessageExpunge`, which do not go without each other: STATUS with MESSAGES
    /// and UIDNEXT.
    pub messages: bool,
    /// `FlagChange`, only with `messages`: STATUS with UNSEEN.
    pub flag_changes: bool,
    /// `MailboxName`: a LIST response for what was made, renamed or deleted.
    pub names: bool,
    /// `SubscriptionChange`: a LIST response.
    pub subscriptions: bool,
}
