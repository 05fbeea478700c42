//! A sent answer to an invitation.

use app::api::types::InvitationAnswer;

/// An answer to an invitation, as a message of the outbox has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentAnswer {
    /// The invitation: any text.
    pub(crate) invitation: String,
    pub(crate) answer: InvitationAnswer,
    /// The iCalendar object of the message.
    pub(crate) calendar: String,
}
