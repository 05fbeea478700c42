//! The arguments of NOTIFY (RFC 5465).

use alloc::vec::Vec;

use super::FetchItem;
use crate::imap::mailbox::Mailbox;

/// The changes that the server reports unsolicited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notify {
    /// `NONE`: no changes, not even those of the selected mailbox.
    Nothing,
    /// `SET`: exactly these changes.
    Set {
        /// Whether the server first sends a STATUS response for each watched mailbox.
        status: bool,
        /// The events of the selected mailbox. New and expunged messages are always requested,
        /// because the state of the mailbox depends on them.
        selected: NotifySelected,
        /// The events of other mailboxes. If a mailbox is in several groups, the first group
        /// applies.
        groups: Vec<NotifyGroup>,
    },
}

/// The events of the selected mailbox: `SELECTED-DELAYED`.
///
/// `SELECTED`, with which the server sends EXPUNGE at any time, is not supported: sequence numbers
/// could never be used (RFC 5465 §5.3). During IDLE nothing is delayed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifySelected {
    /// The FETCH items to send for new messages; only EXISTS is sent if empty.
    pub new_message_items: Vec<FetchItem>,
    /// Whether to report changed flags.
    pub flag_changes: bool,
}

/// A group of mailboxes and the events to report for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyGroup {
    /// The mailboxes.
    pub mailboxes: NotifyMailboxes,
    /// The events. If all are `false`, no changes of these mailboxes are reported.
    pub events: NotifyEvents,
}

/// A choice of mailboxes (RFC 5465 §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyMailboxes {
    /// `INBOXES`: the mailboxes that mail is delivered to.
    Inboxes,
    /// `PERSONAL`: all mailboxes in the user's personal namespaces.
    Personal,
    /// `SUBSCRIBED`
    Subscribed,
    /// `SUBTREE`: these mailboxes and all below them.
    Subtree(Vec<Mailbox>),
    /// `MAILBOXES`: these mailboxes.
    Mailboxes(Vec<Mailbox>),
}

/// The events of mailboxes that are not selected (RFC 5465 §5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotifyEvents {
    /// `MessageNew` and `MessageExpunge`, which RFC 5465 allows only together: STATUS with MESSAGES
    /// and UIDNEXT.
    pub messages: bool,
    /// `FlagChange`, only with `messages`: STATUS with UNSEEN.
    pub flag_changes: bool,
    /// `MailboxName`: a LIST response for a mailbox that was created, renamed or deleted.
    pub names: bool,
    /// `SubscriptionChange`: a LIST response.
    pub subscriptions: bool,
}
