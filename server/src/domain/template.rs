//! Texts that an account writes again and again.

use app::api::types::TemplateId;

/// A text that is put into a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Template {
    pub(crate) id: TemplateId,
    /// Its name in the form's list.
    pub(crate) name: String,
    /// The subject of a message that has none; may be empty.
    pub(crate) subject: String,
    /// The text, with LF line ends.
    pub(crate) text: String,
}

impl Template {
    /// Maximum number of templates of an account.
    pub(crate) const COUNT_MAX: usize = 50;
    /// Maximum length of a name, in bytes.
    pub(crate) const NAME_MAX_BYTES: usize = 200;
    /// Maximum length of a subject, in bytes.
    pub(crate) const SUBJECT_MAX_BYTES: usize = 1 << 10;
    /// Maximum length of a text, in bytes.
    pub(crate) const TEXT_MAX_BYTES: usize = 16 << 10;
}
