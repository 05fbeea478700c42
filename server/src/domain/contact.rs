//! The address book of an account.

use app::api::types::ContactId;

/// A person in an address book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Contact {
    pub(crate) id: ContactId,
    /// The name on one line; may be empty.
    pub(crate) name: String,
    /// The addresses, ASCII: their domains in A-label form. The first one is the preferred one.
    pub(crate) addresses: Vec<String>,
    /// A note, with LF line ends; may be empty.
    pub(crate) note: String,
}

impl Contact {
    /// Maximum number of contacts of an account.
    pub(crate) const COUNT_MAX: usize = 5_000;
    /// Maximum number of addresses of a contact.
    pub(crate) const ADDRESSES_MAX: usize = 10;
    /// Maximum length of the name of a contact or a group, in bytes.
    pub(crate) const NAME_MAX_BYTES: usize = 400;
    /// Maximum length of a note, in bytes.
    pub(crate) const NOTE_MAX_BYTES: usize = 2 << 10;
}

/// A named list of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ContactGroup {
    pub(crate) id: ContactId,
    /// The name on one line, not empty.
    pub(crate) name: String,
    /// The addresses of the members, ASCII.
    pub(crate) members: Vec<String>,
}

impl ContactGroup {
    /// Maximum number of groups of an account.
    pub(crate) const COUNT_MAX: usize = 200;
    /// Maximum number of members of a group.
    pub(crate) const MEMBERS_MAX: usize = 500;
}

/// The address book of an account, in no order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ContactBook {
    pub(crate) contacts: Vec<Contact>,
    pub(crate) groups: Vec<ContactGroup>,
    /// The number of entries that cannot be opened. They stay in the store.
    pub(crate) unreadable: usize,
}
