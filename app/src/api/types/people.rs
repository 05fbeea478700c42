//! Views of the people an account wrote to.

use serde::{Deserialize, Serialize};

use super::Person;

/// Maximum number of people in one answer to a typed text. An answer with fewer holds all that
/// match.
pub const SUGGESTIONS_MAX: usize = 40;

/// Maximum number of addresses of one comparison.
pub const COMPARED_MAX: usize = 100;

/// A person who is offered for a recipient field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSuggestion {
    /// Name and address.
    pub person: Person,
    /// How many messages were written to this address; 0 for one of the address book.
    pub written_count: u32,
    /// The members of a group, as the text of a recipient field; empty for a person. The person has
    /// the group's name and no address then.
    pub members: String,
}

/// A recipient that may be mistaken for another one. Never a reason to refuse it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressWarning {
    /// The compared address.
    pub address: String,
    /// What is unusual about it, as a sentence.
    pub text: String,
}
