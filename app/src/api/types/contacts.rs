//! Views of an account's address book.

use serde::{Deserialize, Serialize};

use super::{AccountId, ContactId};

/// A person in an address book.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contact {
    /// Its id. Empty: a new one, to be saved.
    pub id: ContactId,
    /// The name; may be empty.
    pub name: String,
    /// The addresses, at most 10, the preferred one first.
    pub addresses: Vec<String>,
    /// A note, with LF line ends; may be empty.
    pub note: String,
}

impl Contact {
    /// Returns the name, or the first address of a contact without one.
    pub fn label(&self) -> &str {
        match self.name.as_str() {
            "" => self.addresses.first().map_or("", String::as_str),
            name => name,
        }
    }
}

/// A named list of addresses: a message to the group goes to each of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContactGroup {
    /// Its id. Empty: a new one, to be saved.
    pub id: ContactId,
    /// The name.
    pub name: String,
    /// The addresses of its members, at most 500.
    pub members: Vec<String>,
}

/// Which contacts of an account are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContactQuery {
    /// The account.
    pub account: AccountId,
    /// The searched text, as it is typed; blank: all contacts.
    pub text: String,
    /// The number of contacts before the first one of the page.
    pub offset: u32,
    /// Maximum number of contacts; at most [`Self::LIMIT_MAX`].
    pub limit: u32,
}

impl ContactQuery {
    /// Maximum number of contacts in one answer.
    pub const LIMIT_MAX: u32 = 200;
}

/// A page of an address book.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContactRows {
    /// The contacts that match, by name.
    pub contacts: Vec<Contact>,
    /// The number of contacts that match.
    pub total: u32,
    /// All groups of the account, by name.
    pub groups: Vec<ContactGroup>,
    /// The number of entries that cannot be opened: the server's key was lost, or they are damaged.
    pub unreadable: u32,
}

/// What the import of a file did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportReport {
    /// The number of contacts and groups that were added.
    pub added: u32,
    /// The number of contacts and groups that got something new.
    pub changed: u32,
    /// The number of contacts and groups that had all of it already.
    pub unchanged: u32,
    /// The number of entries of the file that were left out, wholly or in part.
    pub left_out: u32,
    /// The first of them.
    pub examples: Vec<LeftOut>,
}

impl ImportReport {
    /// Maximum number of [`Self::examples`].
    pub const EXAMPLES_MAX: usize = 50;
}

/// An entry of a file that was left out, wholly or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name, or what the file has as its address.
    pub name: String,
    /// Why.
    pub why: LeftOutCause,
}

/// Why an entry of a file was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutCause {
    /// It has no address.
    NoAddress,
    /// An address is none.
    InvalidAddress,
    /// It has more addresses than a contact may have; those over the limit were left out.
    TooManyAddresses,
    /// It has more members than a group may have; those over the limit were left out.
    TooManyMembers,
    /// The address book has no room for it.
    BookFull,
    /// The file has more than is read.
    FileTooLong,
}
