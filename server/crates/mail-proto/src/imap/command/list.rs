//! The arguments of LIST (RFC 9051 §6.3.9).

use alloc::vec::Vec;

use crate::imap::mailbox::Mailbox;
use crate::imap::status::StatusItem;
use crate::imap::text::Text;

/// The arguments of LIST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The reference name that the pattern is relative to; usually empty.
    pub reference: Mailbox,
    /// The pattern in wire form: `*` matches anything, `%` anything except the delimiter.
    pub pattern: Text,
    /// Selection among the matching mailboxes; all by default.
    pub selection: ListSelection,
    /// Whether to request SPECIAL-USE attributes, if LIST-EXTENDED and SPECIAL-USE are offered.
    pub return_special_use: bool,
    /// Whether to request subscriptions, if LIST-EXTENDED is offered.
    pub return_subscribed: bool,
    /// The STATUS items to request for each mailbox, if LIST-STATUS is offered.
    pub return_status: Vec<StatusItem>,
}

impl List {
    /// Returns the arguments that list all mailboxes, with the attributes that a folder tree shows.
    pub fn everything() -> Self {
        Self {
            reference: Mailbox::from_wire(Vec::new()),
            pattern: Text::fixed("*"),
            selection: ListSelection::default(),
            return_special_use: true,
            return_subscribed: true,
            return_status: Vec::new(),
        }
    }
}

/// The selection options of LIST (RFC 5258 §3.1, RFC 6154 §5.2). They are sent even if the server
/// does not offer them, because without them the response lists other mailboxes; on such a server
/// LSUB lists the subscribed mailboxes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListSelection {
    /// Only subscribed mailboxes, including those that no longer exist.
    pub subscribed: bool,
    /// Only mailboxes with a special use.
    pub special_use: bool,
    /// Also mailboxes of other servers.
    pub remote: bool,
    /// Also mailboxes that only contain a selected one; no effect on its own.
    pub recursive_match: bool,
}
