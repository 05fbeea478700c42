//! How the messages of an account are written and sent.

use app::api::types::QuotePosition;

/// What a user chose for the messages of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ComposingChoices {
    /// For how many seconds a message is held before it is sent; `None`: the operator's choice.
    pub(crate) undo_send_secs: Option<u32>,
    /// Whether a message in the inbox is archived once its answer is handed over.
    pub(crate) archives_answered: bool,
    /// Whether the page asks before it sends a text that speaks of a file and has none.
    pub(crate) warns_missing_file: bool,
    /// Whether new texts are formatted.
    pub(crate) is_formatted: bool,
    /// Where a reply has the message that it answers.
    pub(crate) quote: QuotePosition,
    /// Whether the servers are asked to report the delivery.
    pub(crate) wants_notice: bool,
}

impl Default for ComposingChoices {
    fn default() -> Self {
        Self {
            undo_send_secs: None,
            archives_answered: false,
            warns_missing_file: true,
            is_formatted: false,
            quote: QuotePosition::Below,
            wants_notice: false,
        }
    }
}
