//! Computes the display order of the selected mailbox: asks the server for the positions of
//! messages that were moved away and back.

use mail_net::Phase;
use mail_proto::imap::{Bound, Capability, Command, SearchKey, SequenceNumber, SequenceSet, Uid};

use super::super::order::ShownPosition;
use super::super::returned::Returned;
use super::super::selected::SelectedMailbox;
use super::ImapWorker;
use crate::account::error::AccountError;
use crate::clients::imap::MailboxState as _;

/// Maximum number of messages that a SEARCH response may list one by one.
const LISTED_MAX: u32 = 20_000;
/// Maximum number of positions further back, which need one SEARCH each.
const FAR_MAX: usize = 10;
/// Maximum number of attempts, because messages arrive or are expunged meanwhile.
const ATTEMPTS_MAX: usize = 3;

/// Returns how many of the found UIDs are equal to or larger than this one.
fn found_from(found: Option<&SequenceSet>, uid: Uid) -> u64 {
    let ranges = found.map(SequenceSet::ranges).unwrap_or_default();
    let counts = ranges.iter().map(|range| match *range {
        (Bound::Number(first), Bound::Number(last)) => {
            let first = u64::from(first.get().max(uid.get()));
            (u64::from(last.get()) + 1).saturating_sub(first)
        }
        _ => 0,
    });
    counts.fold(0, u64::saturating_add)
}

fn search(uid: bool, set: SequenceSet) -> Vec<Command> {
    vec![Command::Search {
        uid,
        criteria: vec![SearchKey::Uid(set)],
    }]
}

impl ImapWorker {
    /// Computes the ranks of the returned messages of the selected mailbox. Needs no round trip if
    /// there are none, or if they are already known.
    ///
    /// # Errors
    /// Errors of the connection. If the server does not report the positions, the messages are
    /// shown in the server's order.
    pub(super) async fn arrange(&mut self) -> Result<(), AccountError> {
        for _ in 0..ATTEMPTS_MAX {
            let shared = std::sync::Arc::clone(&self.shared);
            let connection = self.connection().await?;
            let Some(selected) = connection.selected_mut() else {
                return Ok(());
            };
            let returned = shared.returned(selected.mailbox(), selected.uid_validity());
            if selected.shown.is_computed_for(&returned) {
                return Ok(());
            }
            let changes = selected.shown.changes();
            let positions = self.positions_of(&returned).await?;
            let connection = self.connection().await?;
            let Some(selected) = connection.selected_mut() else {
                return Ok(());
            };
            if selected.shown.changes() == changes {
                let (positions, is_waiting) = positions;
                selected.shown.arrange(returned, positions, is_waiting);
            }
        }
        Ok(())
    }

    /// Excludes returned messages from the count of new mail, but not from the count of unread
    /// messages.
    pub(super) async fn count_returned(&mut self) -> Result<(), AccountError> {
        self.arrange().await?;
        let connection = self.connection().await?;
        let returned = connection
            .selected_mut()
            .map(SelectedMailbox::take_returned);
        let seqs = returned.unwrap_or_default().into_iter();
        let Some(set) = SequenceSet::from_numbers(seqs.filter_map(SequenceNumber::new)) else {
            return Ok(());
        };
        let unread = vec![Command::Search {
            uid: false,
            criteria: vec![SearchKey::Sequence(set), SearchKey::Unseen],
        }];
        let responses = connection.run_raw(unread, Phase::LongCommand).await?;
        let unread = responses.found.map_or(0, |found| found.len());
        if let Some(selected) = connection.selected_mut() {
            selected.add_unread(i64::try_from(unread).unwrap_or_default());
        }
        Ok(())
    }

    /// Returns the positions of the returned messages, and whether one of them has not arrived yet.
    async fn positions_of(
        &mut self,
        returned: &[Returned],
    ) -> Result<(Vec<ShownPosition>, bool), AccountError> {
        let empty = (Vec::new(), false);
        let connection = self.connection().await?;
        let has_ranges = connection.capabilities().has(Capability::ESearch);
        let exists = connection.selected().map_or(0, |s| s.exists());
        let Some(high) = returned.iter().map(|one| one.uid.get()).max() else {
            return Ok(empty);
        };
        let is_near =
            |uid: Uid| exists <= LISTED_MAX || high.saturating_sub(uid.get()) <= LISTED_MAX;
        let uids = returned.iter().flat_map(|one| [one.uid, one.key]);
        let Some(low) = uids.filter(|uid| is_near(*uid)).min() else {
            return Ok(empty);
        };
        let commands = search(true, SequenceSet::from_first(low));
        let responses = connection.run_raw(commands, Phase::LongCommand).await?;
        let found = responses.found.as_ref();
        let exists = connection.selected().map_or(0, |s| s.exists());
        let position_from = |uid: Uid| {
            let above = u32::try_from(found_from(found, uid)).unwrap_or(u32::MAX);
            exists.saturating_sub(above)
        };
        let mut positions = Vec::new();
        let mut is_waiting = false;
        let mut far_remaining = FAR_MAX;
        // Newest first: only `FAR_MAX` of those far back are searched for.
        for one in returned.iter().rev() {
            if !is_near(one.uid) || !found.is_some_and(|found| found.contains(one.uid)) {
                // If a later UID exists, the message was removed again.
                is_waiting |= found_from(found, one.uid) == 0;
                continue;
            }
            let seq = position_from(one.uid).saturating_add(1);
            let below = if is_near(one.key) {
                position_from(one.key)
            } else if has_ranges && far_remaining > 0 {
                far_remaining -= 1;
                let first = Uid::new(1).unwrap_or(one.key);
                let last = Uid::new(one.key.get() - 1).unwrap_or(first);
                let commands = search(false, SequenceSet::range(first, last));
                let responses = connection.run_raw(commands, Phase::LongCommand).await?;
                let below = responses
                    .found
                    .map_or(u64::from(exists), |found| found.len());
                u32::try_from(below).unwrap_or(u32::MAX)
            } else {
                continue;
            };
            if seq <= exists
                && positions
                    .iter()
                    .all(|position: &ShownPosition| position.seq != seq)
            {
                positions.push(ShownPosition {
                    seq,
                    below: below.min(exists),
                    key: one.key.get(),
                    rank: 0,
                });
            }
        }
        Ok((positions, is_waiting))
    }
}
