//! Texts that an account writes again and again.

use serde::{Deserialize, Serialize};

use super::{AccountId, TemplateId};

/// A text that is put into a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Template {
    /// Its id. Empty: a new one, to be saved.
    pub id: TemplateId,
    /// Its name in the form's list.
    pub name: String,
    /// The subject of a message that has none; may be empty.
    pub subject: String,
    /// The text, with LF line ends.
    pub text: String,
}

/// The templates of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTemplates {
    /// The account.
    pub account: AccountId,
    /// Its address.
    pub address: String,
    /// Its templates, by name.
    pub templates: Vec<Template>,
}
