//! How the messages of an account are written and sent, as its user chose.

use serde::{Deserialize, Serialize};

use super::AccountId;

/// Where a reply has the message that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotePosition {
    /// Below the writer's text.
    #[default]
    Below,
    /// Above the writer's text.
    Above,
    /// Nowhere.
    Omitted,
}

impl QuotePosition {
    /// All positions, in the order of the choice.
    pub const ALL: [Self; 3] = [Self::Below, Self::Above, Self::Omitted];

    /// The word for it in forms and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::Above => "above",
            Self::Omitted => "omitted",
        }
    }

    /// Returns the position of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quote| quote.word() == word)
    }
}

/// What a user chose for the messages of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposingChoices {
    /// For how many seconds a message can be stopped after "Send", 0 to
    /// [`UNDO_SEND_MAX_SECS`](Self::UNDO_SEND_MAX_SECS).
    pub undo_send_secs: u32,
    /// Whether a message in the inbox is archived once its answer is handed over.
    pub archives_answered: bool,
    /// Whether the page asks before it sends a text that speaks of a file and has none.
    pub warns_missing_file: bool,
    /// Whether new texts are formatted.
    pub is_formatted: bool,
    /// Where a reply has the message that it answers.
    pub quote: QuotePosition,
    /// Whether the servers are asked to report the delivery (RFC 3461), where they offer it.
    pub wants_notice: bool,
}

impl ComposingChoices {
    /// Maximum of `undo_send_secs`.
    pub const UNDO_SEND_MAX_SECS: u32 = 30;
}

/// The choices of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposingSettings {
    /// The account.
    pub account: AccountId,
    /// Its address.
    pub address: String,
    /// Whether its messages can be archived: not by POP3.
    pub can_archive: bool,
    /// The choices.
    pub choices: ComposingChoices,
}
