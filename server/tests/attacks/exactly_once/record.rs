//! What the scripted server received and answered: the truth that the ledger is compared with.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Action, Step};

/// One message that the server received with its end, in an orderly transaction.
#[derive(Debug, Clone)]
pub(super) struct Received {
    /// The recipients that the server had accepted.
    pub(super) recipients: Vec<usize>,
    /// The server accepts the message, even if its reply does not reach the client.
    pub(super) is_accepted: bool,
    /// The reply, once it was written as a whole: whether it is 2yz.
    pub(super) written: Option<bool>,
}

/// What the server knows about one message.
#[derive(Debug, Clone, Default)]
pub(super) struct MessageRecord {
    pub(super) received: Vec<Received>,
    pub(super) message_ids: BTreeSet<String>,
    /// A copy did not have its last line.
    pub(super) is_truncated: bool,
}

impl MessageRecord {
    /// Returns the number of copies that the server accepted for a recipient.
    pub(super) fn copies(&self, recipient: usize) -> usize {
        let copies = self.received.iter().filter(|one| one.is_accepted);
        copies
            .filter(|one| one.recipients.contains(&recipient))
            .count()
    }

    /// Returns whether the server wrote a 2yz reply to a copy for a recipient.
    pub(super) fn is_confirmed(&self, recipient: usize) -> bool {
        let mut copies = self.received.iter();
        copies.any(|one| one.written == Some(true) && one.recipients.contains(&recipient))
    }

    /// Returns whether the client cannot know that a recipient does not have the message: the end
    /// was received, and no refusal was written.
    pub(super) fn may_have(&self, recipient: usize) -> bool {
        let mut copies = self.received.iter();
        copies.any(|one| one.written != Some(false) && one.recipients.contains(&recipient))
    }
}

/// The record of all messages.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) messages: BTreeMap<usize, MessageRecord>,
    /// Faults that met a connection or a message.
    pub(super) fired: BTreeMap<(Step, Action), u32>,
    /// Complete messages, by mode of transfer.
    pub(super) modes: BTreeMap<&'static str, u32>,
    /// Messages during whose sending the process was killed.
    pub(super) killed: BTreeSet<usize>,
    /// Transactions that ended before their message was complete.
    pub(super) aborted: u32,
}

impl Record {
    pub(super) fn message(&mut self, nth: usize) -> &mut MessageRecord {
        self.messages.entry(nth).or_default()
    }
}
