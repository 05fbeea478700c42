//! Modification sequences: enabling CONDSTORE and its conditions (RFC 7162).

use super::super::command::Command;
use super::super::fetch::FetchItem;
use super::super::list::StatusItem;
use super::Session;
use crate::store::Uid;

/// Returns whether a command enables CONDSTORE (RFC 7162 §3.1).
pub(super) fn enables_condstore(command: &Command) -> bool {
    match command {
        Command::Select { condstore, .. } => *condstore,
        Command::Status { items, .. } => items.contains(&StatusItem::HighestModSeq),
        Command::List(command) => command.requests_mod_seq(),
        Command::Search { key, .. } => key.requests_mod_seq(),
        Command::Fetch {
            items,
            changed_since,
            ..
        } => changed_since.is_some() || items.contains(&FetchItem::ModSeq),
        Command::Store {
            unchanged_since, ..
        } => unchanged_since.is_some(),
        _ => false,
    }
}

impl Session {
    /// Enables CONDSTORE: from now on, flag changes are reported with their modification sequence.
    pub(super) fn enable_condstore(&mut self) {
        self.is_condstore = true;
        if let Some(selected) = &mut self.selected {
            selected.reports_mod_seq = true;
        }
    }

    /// Retains the messages whose modification sequence satisfies `predicate`.
    pub(super) fn retain_by_mod_seq(
        &self,
        messages: &mut Vec<(u32, Uid)>,
        predicate: impl Fn(u64) -> bool,
    ) {
        let folders = self.service.store.folders();
        let selected = self.selected.as_ref();
        let Some(folder) = selected.and_then(|selected| folders.selected(selected.id)) else {
            return;
        };
        messages.retain(|(_, uid)| {
            folder
                .find(*uid)
                .is_some_and(|message| predicate(message.mod_seq))
        });
    }
}
