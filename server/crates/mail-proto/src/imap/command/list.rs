//! What LIST asks for (RFC 9051 §6.3.9).

use alloc::vec::Vec;

use crate::imap::mailbox::Mailbox;
use crate::imap::status::StatusItem;
use crate::imap::text::Text;

/// What LIST asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Where the pattern begins; mostly empty.
    pub reference: Mailbox,
    /// The pattern in wire form: `*` for anything, `%` for anything but the delimiter.
    pub pattern: Text,
    /// Which of the mailboxes that match; all of them by default.
    pub selection: ListSelection,
    /// Ask for SPECIAL-USE attributes, where LIST-EXTENDED and SPECIAL-USE are offered.
    pub return_special_use: bool,
    /// Ask for subscriptions, where LIST-EXTENDED is offered.
    pub return_subscribed: bool,
    /// Ask for these numbers of each mailbox, where LIST-STATUS is offered.
    pub return_status: Vec<StatusItem>,
}

impl List {
    /// All mailboxes, with the attributes a folder tree shows.
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

/// Which mailboxes LIST names (RFC 5258 §3.1, RFC 6154 §5.2). Sent even to a server that does not
/// offer them, for without them the answer is about other mailboxes: there LSUB names those that are
/// subscribed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListSelection {
    /// Those that are subscribed, also where there is no such mailbox any more.
    pub subscribed: bool,
    /// Those with a special use.
    pub special_use: bool,
    /// Mailboxes of other servers as well.
    pub remote: bool,
    /// Also those that only hold one that is selected; nothing by itself.
    pub recursive_match: bool,
}
