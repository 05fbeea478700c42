//! The order in which a mailbox is shown: that of the server, but for messages that were moved away
//! and back.
//!
//! A server gives a message that comes back a new UID and the last place, so that one of last year
//! would stand above today's. It is shown where it stood: as if it had the UID that it had before.
//!
//! A *rank* is a place in the shown order, a sequence number one in the server's; both count from 1,
//! the oldest. Without such messages they are equal.

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

/// How many messages that came back are remembered.
const KEPT_MAX: usize = 500;
/// SEARCH may name so many messages one by one.
const NAMED_MAX: u32 = 20_000;
/// Places that lie further back are asked for one by one: those of so many messages.
const FAR_MAX: usize = 10;
/// So often it is asked again because messages came or left meanwhile.
const TRIES: usize = 3;

/// A message that was moved away and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Returned {
    /// The generation of its UIDs.
    pub(super) uid_validity: UidValidity,
    /// Its UID now.
    pub(super) uid: Uid,
    /// The UID by which it has its place.
    pub(super) key: Uid,
}

impl Returned {
    /// Messages that were moved back. `before` tells by what UID each of them had its place, by the
    /// UID that it had where it was meanwhile.
    pub(super) fn all(copies: &Copies, before: &HashMap<Uid, Uid>) -> Vec<Self> {
        let both = copies.uids.iter().zip(&copies.sources);
        let returned = both.filter_map(|(uid, source)| {
            Some(Self {
                uid_validity: copies.uid_validity,
                uid: *uid,
                key: *before.get(source)?,
            })
        });
        // A server that gives the same UID again, or a smaller one, has it in its place.
        returned.filter(|one| one.key < one.uid).collect()
    }
}

/// The messages of an account that were moved away and back, oldest first.
#[derive(Debug, Default)]
pub(super) struct ReturnedTable(VecDeque<(Mailbox, Returned)>);

impl ReturnedTable {
    /// Remembers messages. One that came back before keeps the place that it had at first.
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

    /// Those of a mailbox.
    pub(super) fn of(&self, mailbox: &Mailbox, uid_validity: u32) -> Vec<Returned> {
        let own = self
            .0
            .iter()
            .filter(|(other, one)| other == mailbox && one.uid_validity.get() == uid_validity);
        own.map(|(_, one)| *one).collect()
    }
}

/// One message that is shown elsewhere than the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ShownPosition {
    /// Where the server has it.
    seq: u32,
    /// How many messages of the server's order have a UID below the one by which it is shown.
    below: u32,
    /// That UID.
    key: u32,
    /// Where it is shown.
    rank: u32,
}

/// The shown order of the selected mailbox.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// By key, and so by rank.
    places: Vec<ShownPosition>,
    /// Where the server has them, sorted.
    seqs: Vec<u32>,
    /// The messages for which it was made; `None` where it has to be made anew.
    made_for: Option<Vec<Returned>>,
    /// One of them was not there yet.
    is_waiting: bool,
    /// How often the server's order changed.
    changes: u32,
}

impl Order {
    /// Whether it is that of these messages.
    fn is_of(&self, returned: &[Returned]) -> bool {
        match &self.made_for {
            Some(made_for) => made_for == returned,
            None => returned.is_empty(),
        }
    }

    /// Follows what changed in the server's order.
    pub(super) fn follow(&mut self, change: Option<&Change>) {
        match change {
            Some(Change::Exists { before, now }) if now > before => self.arrived(),
            Some(Change::Expunged { seq, .. }) => self.expunged(seq.get()),
            Some(_) => self.forget(),
            None => {}
        }
    }

    /// Messages came, at the end of the server's order.
    fn arrived(&mut self) {
        self.changes = self.changes.wrapping_add(1);
        if self.is_waiting {
            self.made_for = None;
        }
    }

    /// A message left the server's order.
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

    /// The server's order changed in a way that cannot be followed.
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

    /// Counts the ranks.
    fn count(&mut self) {
        self.seqs = self.places.iter().map(|place| place.seq).collect();
        self.seqs.sort_unstable();
        for (nth, place) in (1..).zip(&mut self.places) {
            // Those that are where the server has them are shown below it, and those that came back
            // to places further down.
            let others = place.below - below(&self.seqs, place.below.saturating_add(1));
            place.rank = others + nth;
        }
    }

    /// The rank of the message that the server has at a place.
    pub(super) fn rank_of(&self, seq: u32) -> u32 {
        if let Some(place) = self.places.iter().find(|place| place.seq == seq) {
            return place.rank;
        }
        let nth_other = seq - below(&self.seqs, seq);
        let ranks = (1..).zip(&self.places);
        let shown_below = ranks.take_while(|(nth, place)| place.rank - nth < nth_other);
        nth_other + u32::try_from(shown_below.count()).unwrap_or(0)
    }

    /// Where the server has the message of a rank.
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

    /// Where the server has the messages of these ranks.
    pub(super) fn seqs_at(&self, ranks: RangeInclusive<u32>) -> impl Iterator<Item = u32> {
        ranks.map(|rank| self.seq_at(rank))
    }

    /// Those from a place of the server's order on that are shown elsewhere.
    pub(super) fn returned_from(&self, seq: u32) -> Vec<u32> {
        let returned = self.seqs.iter().copied();
        returned.filter(|returned| *returned >= seq).collect()
    }
}

/// How many of these are below a number.
fn below(sorted: &[u32], number: u32) -> u32 {
    u32::try_from(sorted.partition_point(|one| *one < number)).unwrap_or(0)
}

/// How many of the UIDs found are this one or larger ones.
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
    /// Finds out where the messages of the selected mailbox that came back are shown. Costs nothing
    /// where there are none, or none that it has not been found out for.
    ///
    /// # Errors
    /// What the link says. Where the server does not tell, they are shown where it has them.
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

    /// What came back to its place is no new mail: it is taken out of the news, but for its count
    /// among the unread.
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

    /// The places of messages that came back, and whether one of them is still to come.
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
        // The last ones first: of those that lie far back, not all are asked for.
        for one in returned.iter().rev() {
            if !is_near(one.uid) || !found.is_some_and(|found| found.contains(one.uid)) {
                // It is gone again where a later one is there.
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

    /// The order of a mailbox with these UIDs, of which some came back.
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
        // 3 went away and came back as 12; then 13 arrived.
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
        // 12 came back as 15 after it had arrived above the first that came back (3 as 10).
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
