//! The display order of a mailbox: the server's order, except for messages that were moved away and
//! back.
//!
//! A server gives a returned message a new UID and the last sequence number, so that last year's
//! message would be listed above today's. It is shown at its earlier position: as if it still had
//! its earlier UID.
//!
//! A *rank* is a position in the display order, a sequence number one in the server's order; both
//! count from 1, the oldest. Without returned messages they are equal.

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;

use mail_net::Phase;
use mail_proto::imap::mailbox::Change;
use mail_proto::imap::{
    Bound, Capability, Command, Mailbox, SearchKey, SequenceNumber, SequenceSet, Uid, UidValidity,
};

use super::super::error::AccountError;
use super::imap_worker::ImapWorker;
use super::moving::Copies;
use super::selected::SelectedMailbox;
use crate::clients::imap::MailboxState as _;

/// Maximum number of returned messages that are remembered.
const KEPT_MAX: usize = 500;
/// Maximum number of messages that a SEARCH response may list one by one.
const NAMED_MAX: u32 = 20_000;
/// Maximum number of positions further back, which need one SEARCH each.
const FAR_MAX: usize = 10;
/// Maximum number of attempts, because messages arrive or are expunged meanwhile.
const TRIES: usize = 3;

/// A message that was moved away and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Returned {
    /// The UIDVALIDITY of its mailbox.
    pub(super) uid_validity: UidValidity,
    /// Its UID now.
    pub(super) uid: Uid,
    /// The UID that determines its position.
    pub(super) key: Uid,
}

impl Returned {
    /// Returns the messages that were moved back. `before` maps the UID of each in the mailbox
    /// where it was meanwhile to the UID that determines its position.
    pub(super) fn all(copies: &Copies, before: &HashMap<Uid, Uid>) -> Vec<Self> {
        let both = copies.uids.iter().zip(&copies.sources);
        let returned = both.filter_map(|(uid, source)| {
            Some(Self {
                uid_validity: copies.uid_validity,
                uid: *uid,
                key: *before.get(source)?,
            })
        });
        // If the server reuses the same UID, or gives a smaller one, the position is right already.
        returned.filter(|one| one.key < one.uid).collect()
    }
}

/// The returned messages of an account, oldest first.
#[derive(Debug, Default)]
pub(super) struct ReturnedTable(VecDeque<(Mailbox, Returned)>);

impl ReturnedTable {
    /// Records returned messages. A message that returned before keeps its first position.
    pub(super) fn put(&mut self, mailbox: &Mailbox, returned: impl IntoIterator<Item = Returned>) {
        for mut one in returned {
            let is_same = |(other, old): &(Mailbox, Returned)| {
                other == mailbox && old.uid_validity == one.uid_validity && old.uid == one.key
            };
            if let Some(at) = self.0.iter().position(is_same)
                && let Some((_, old)) = self.0.remove(at)
            {
                one.key = old.key;
            }
            if self.0.len() >= KEPT_MAX {
                self.0.pop_front();
            }
            self.0.push_back((mailbox.clone(), one));
        }
    }

    /// Returns those of a mailbox.
    pub(super) fn of(&self, mailbox: &Mailbox, uid_validity: u32) -> Vec<Returned> {
        let own = self
            .0
            .iter()
            .filter(|(other, one)| other == mailbox && one.uid_validity.get() == uid_validity);
        own.map(|(_, one)| *one).collect()
    }
}

/// One message whose rank differs from the server's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ShownPosition {
    /// Its sequence number.
    seq: u32,
    /// How many messages have a UID below `key`.
    below: u32,
    /// The UID that determines its position.
    key: u32,
    /// Its rank.
    rank: u32,
}

/// The display order of the selected mailbox.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Sorted by key, and thus by rank.
    places: Vec<ShownPosition>,
    /// Their sequence numbers, sorted.
    seqs: Vec<u32>,
    /// The returned messages that the order was computed for; `None` if it must be recomputed.
    made_for: Option<Vec<Returned>>,
    /// Whether one of them had not arrived yet.
    is_waiting: bool,
    /// How often the server's order changed.
    changes: u32,
}

impl Order {
    /// Whether the order was computed for these messages.
    fn is_of(&self, returned: &[Returned]) -> bool {
        match &self.made_for {
            Some(made_for) => made_for == returned,
            None => returned.is_empty(),
        }
    }

    /// Applies a change of the server's order.
    pub(super) fn follow(&mut self, change: Option<&Change>) {
        match change {
            Some(Change::Exists { before, now }) if now > before => self.arrived(),
            Some(Change::Expunged { seq, .. }) => self.expunged(seq.get()),
            Some(_) => self.forget(),
            None => {}
        }
    }

    /// Applies new messages at the end of the server's order.
    fn arrived(&mut self) {
        self.changes = self.changes.wrapping_add(1);
        if self.is_waiting {
            self.made_for = None;
        }
    }

    /// Applies an EXPUNGE.
    fn expunged(&mut self, seq: u32) {
        self.changes = self.changes.wrapping_add(1);
        if self.places.is_empty() {
            return;
        }
        self.places.retain(|place| place.seq != seq);
        for place in &mut self.places {
            place.seq -= u32::from(place.seq > seq);
            place.below -= u32::from(place.below >= seq);
        }
        self.count();
    }

    /// Resets the order after a change that cannot be applied.
    fn forget(&mut self) {
        *self = Self {
            changes: self.changes.wrapping_add(1),
            ..Self::default()
        };
    }

    fn make(&mut self, mut places: Vec<ShownPosition>) {
        places.sort_unstable_by_key(|place| place.key);
        self.places = places;
        self.count();
    }

    /// Computes the ranks.
    fn count(&mut self) {
        self.seqs = self.places.iter().map(|place| place.seq).collect();
        self.seqs.sort_unstable();
        for (nth, place) in (1..).zip(&mut self.places) {
            // Below it are the messages that keep the server's order, and returned ones with
            // smaller keys.
            let others = place.below - below(&self.seqs, place.below.saturating_add(1));
            place.rank = others + nth;
        }
    }

    /// Returns the rank of a sequence number.
    pub(super) fn rank_of(&self, seq: u32) -> u32 {
        if let Some(place) = self.places.iter().find(|place| place.seq == seq) {
            return place.rank;
        }
        let nth_other = seq - below(&self.seqs, seq);
        let ranks = (1..).zip(&self.places);
        let shown_below = ranks.take_while(|(nth, place)| place.rank - nth < nth_other);
        nth_other + u32::try_from(shown_below.count()).unwrap_or(0)
    }

    /// Returns the sequence number of a rank.
    pub(super) fn seq_at(&self, rank: u32) -> u32 {
        let above = self.places.partition_point(|place| place.rank < rank);
        if let Some(place) = self.places.get(above).filter(|place| place.rank == rank) {
            return place.seq;
        }
        let mut seq = rank - u32::try_from(above).unwrap_or(0);
        for returned in &self.seqs {
            seq += u32::from(*returned <= seq);
        }
        seq
    }

    /// Returns the sequence numbers of these ranks.
    pub(super) fn seqs_at(&self, ranks: RangeInclusive<u32>) -> impl Iterator<Item = u32> {
        ranks.map(|rank| self.seq_at(rank))
    }

    /// Returns the returned messages from a sequence number on.
    pub(super) fn returned_from(&self, seq: u32) -> Vec<u32> {
        let returned = self.seqs.iter().copied();
        returned.filter(|returned| *returned >= seq).collect()
    }
}

/// Returns how many of these are below a number.
fn below(sorted: &[u32], number: u32) -> u32 {
    u32::try_from(sorted.partition_point(|one| *one < number)).unwrap_or(0)
}

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
        for _ in 0..TRIES {
            let shared = std::sync::Arc::clone(&self.shared);
            let connection = self.connection().await?;
            let Some(selected) = connection.selected_mut() else {
                return Ok(());
            };
            let returned = shared.returned(selected.mailbox(), selected.uid_validity());
            if selected.shown.is_of(&returned) {
                return Ok(());
            }
            let changes = selected.shown.changes;
            let places = self.places_of(&returned).await?;
            let connection = self.connection().await?;
            let Some(selected) = connection.selected_mut() else {
                return Ok(());
            };
            if selected.shown.changes == changes {
                let (places, is_waiting) = places;
                selected.shown.make(places);
                selected.shown.made_for = Some(returned);
                selected.shown.is_waiting = is_waiting;
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
        let answer = connection.run_raw(unread, Phase::LongCommand).await?;
        let unread = answer.found.map_or(0, |found| found.len());
        if let Some(selected) = connection.selected_mut() {
            selected.add_unread(i64::try_from(unread).unwrap_or_default());
        }
        Ok(())
    }

    /// Returns the positions of the returned messages, and whether one of them has not arrived yet.
    async fn places_of(
        &mut self,
        returned: &[Returned],
    ) -> Result<(Vec<ShownPosition>, bool), AccountError> {
        let nothing = (Vec::new(), false);
        let connection = self.connection().await?;
        let has_ranges = connection.capabilities().has(Capability::ESearch);
        let exists = connection.selected().map_or(0, |s| s.exists());
        let Some(high) = returned.iter().map(|one| one.uid.get()).max() else {
            return Ok(nothing);
        };
        let is_near = |uid: Uid| exists <= NAMED_MAX || high.saturating_sub(uid.get()) <= NAMED_MAX;
        let named = returned.iter().flat_map(|one| [one.uid, one.key]);
        let Some(low) = named.filter(|uid| is_near(*uid)).min() else {
            return Ok(nothing);
        };
        let commands = search(true, SequenceSet::from_first(low));
        let answer = connection.run_raw(commands, Phase::LongCommand).await?;
        let found = answer.found.as_ref();
        let exists = connection.selected().map_or(0, |s| s.exists());
        let place_from = |uid: Uid| {
            let above = u32::try_from(found_from(found, uid)).unwrap_or(u32::MAX);
            exists.saturating_sub(above)
        };
        let mut places = Vec::new();
        let mut is_waiting = false;
        let mut far_left = FAR_MAX;
        // Newest first: only `FAR_MAX` of those far back are searched for.
        for one in returned.iter().rev() {
            if !is_near(one.uid) || !found.is_some_and(|found| found.contains(one.uid)) {
                // If a later UID exists, the message was removed again.
                is_waiting |= found_from(found, one.uid) == 0;
                continue;
            }
            let seq = place_from(one.uid).saturating_add(1);
            let below = if is_near(one.key) {
                place_from(one.key)
            } else if has_ranges && far_left > 0 {
                far_left -= 1;
                let first = Uid::new(1).unwrap_or(one.key);
                let last = Uid::new(one.key.get() - 1).unwrap_or(first);
                let commands = search(false, SequenceSet::range(first, last));
                let answer = connection.run_raw(commands, Phase::LongCommand).await?;
                let below = answer.found.map_or(u64::from(exists), |found| found.len());
                u32::try_from(below).unwrap_or(u32::MAX)
            } else {
                continue;
            };
            if seq <= exists && places.iter().all(|place: &ShownPosition| place.seq != seq) {
                places.push(ShownPosition {
                    seq,
                    below: below.min(exists),
                    key: one.key.get(),
                    rank: 0,
                });
            }
        }
        Ok((places, is_waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(n: u32) -> Uid {
        Uid::new(n).expect("not 0")
    }

    fn returned(now: u32, key: u32) -> Returned {
        Returned {
            uid_validity: UidValidity::new(7).expect("not 0"),
            uid: uid(now),
            key: uid(key),
        }
    }

    /// Returns the order of a mailbox with these UIDs, of which some returned.
    fn order(uids: &[u32], back: &[(u32, u32)]) -> Order {
        let places = back.iter().map(|(now, key)| ShownPosition {
            seq: below(uids, now + 1),
            below: below(uids, *key),
            key: *key,
            rank: 0,
        });
        let mut order = Order::default();
        order.make(places.collect());
        order
    }

    fn shown(uids: &[u32], order: &Order) -> Vec<u32> {
        let ranks = 1..=u32::try_from(uids.len()).unwrap_or_default();
        ranks
            .map(|rank| {
                let seq = order.seq_at(rank);
                assert_eq!(order.rank_of(seq), rank, "{uids:?} {order:?}");
                uids[seq as usize - 1]
            })
            .collect()
    }

    #[test]
    fn without_messages_that_came_back_the_order_is_the_servers() {
        assert_eq!(shown(&[1, 5, 9], &order(&[1, 5, 9], &[])), [1, 5, 9]);
    }

    #[test]
    fn a_message_that_came_back_is_shown_where_it_stood() {
        // UID 3 was moved away and returned as 12; then 13 arrived.
        let uids = [1, 2, 5, 9, 12, 13];
        assert_eq!(
            shown(&uids, &order(&uids, &[(12, 3)])),
            [1, 2, 12, 5, 9, 13]
        );
        // The oldest and the newest.
        let uids = [5, 9, 12, 13];
        let both = order(&uids, &[(12, 1), (13, 11)]);
        assert_eq!(shown(&uids, &both), [12, 5, 9, 13]);
    }

    #[test]
    fn every_order_of_returns_is_shown_by_their_keys() {
        // 12 returned as 15 after it had arrived above the first returned message (3 as 10).
        let uids = [1, 2, 5, 9, 10, 11, 13, 15, 16, 17];
        let back = [(10, 3), (15, 12), (16, 8), (17, 4)];
        let expected = [1, 2, 10, 17, 5, 16, 9, 11, 15, 13];
        assert_eq!(shown(&uids, &order(&uids, &back)), expected);
    }

    #[test]
    fn the_order_follows_what_leaves() {
        let uids = [1, 2, 5, 9, 12, 13, 14];
        let back = [(12, 3), (14, 10)];
        for gone in uids {
            let mut order = order(&uids, &back);
            let seq = below(&uids, gone + 1);
            order.expunged(seq);
            let left: Vec<u32> = uids.into_iter().filter(|other| *other != gone).collect();
            let expected = [1, 2, 12, 5, 9, 14, 13];
            let expected: Vec<u32> = expected.into_iter().filter(|o| *o != gone).collect();
            assert_eq!(shown(&left, &order), expected, "{gone} left");
        }
    }

    #[test]
    fn a_message_that_comes_back_twice_has_its_first_place() {
        let mut table = ReturnedTable::default();
        let inbox = Mailbox::inbox();
        table.put(&inbox, [returned(12, 3)]);
        table.put(&inbox, [returned(14, 12), returned(15, 2)]);
        assert_eq!(table.of(&inbox, 7), [returned(14, 3), returned(15, 2)]);
        assert_eq!(table.of(&inbox, 8), []);
        table.put(&inbox, (1000..1900).map(|n| returned(n, n - 900)));
        assert_eq!(table.of(&inbox, 7).len(), KEPT_MAX);
    }
}
