//! The display order of a mailbox: the server's order, except for messages that were moved away and
//! back.
//!
//! A server gives a returned message a new UID and the last sequence number, so that last year's
//! message would be listed above today's. It is shown at its earlier position: as if it still had
//! its earlier UID.
//!
//! A *rank* is a position in the display order, a sequence number one in the server's order; both
//! count from 1, the oldest. Without returned messages they are equal.

use std::ops::RangeInclusive;

use mail_proto::imap::selected::Change;

use super::returned::Returned;

/// One message whose rank differs from the server's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShownPosition {
    /// Its sequence number.
    pub(super) seq: u32,
    /// How many messages have a UID below `key`.
    pub(super) below: u32,
    /// The UID that determines its position.
    pub(super) key: u32,
    /// Its rank.
    pub(super) rank: u32,
}

/// The display order of the selected mailbox.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Sorted by key, and thus by rank.
    positions: Vec<ShownPosition>,
    /// Their sequence numbers, sorted.
    seqs: Vec<u32>,
    /// The returned messages that the order was computed for; `None` if it must be recomputed.
    computed_for: Option<Vec<Returned>>,
    /// Whether one of them had not arrived yet.
    is_waiting: bool,
    /// How often the server's order changed.
    changes: u32,
}

impl Order {
    /// Whether the order was computed for these messages.
    pub(super) fn is_computed_for(&self, returned: &[Returned]) -> bool {
        match &self.computed_for {
            Some(computed_for) => computed_for == returned,
            None => returned.is_empty(),
        }
    }

    /// Applies a change of the server's order.
    pub(super) fn apply_change(&mut self, change: Option<&Change>) {
        match change {
            Some(Change::Exists { before, now }) if now > before => self.arrived(),
            Some(Change::Expunged { seq, .. }) => self.expunged(seq.get()),
            Some(_) => self.reset(),
            None => {}
        }
    }

    /// Applies new messages at the end of the server's order.
    fn arrived(&mut self) {
        self.changes = self.changes.wrapping_add(1);
        if self.is_waiting {
            self.computed_for = None;
        }
    }

    /// Applies an EXPUNGE.
    fn expunged(&mut self, seq: u32) {
        self.changes = self.changes.wrapping_add(1);
        if self.positions.is_empty() {
            return;
        }
        self.positions.retain(|position| position.seq != seq);
        for position in &mut self.positions {
            position.seq -= u32::from(position.seq > seq);
            position.below -= u32::from(position.below >= seq);
        }
        self.compute_ranks();
    }

    /// Resets the order after a change that cannot be applied.
    fn reset(&mut self) {
        *self = Self {
            changes: self.changes.wrapping_add(1),
            ..Self::default()
        };
    }

    /// Returns how often the server's order changed.
    pub(super) fn changes(&self) -> u32 {
        self.changes
    }

    /// Stores the positions of the returned messages; `is_waiting` if one of them has not arrived
    /// yet.
    pub(super) fn arrange(
        &mut self,
        returned: Vec<Returned>,
        positions: Vec<ShownPosition>,
        is_waiting: bool,
    ) {
        self.set_positions(positions);
        self.computed_for = Some(returned);
        self.is_waiting = is_waiting;
    }

    fn set_positions(&mut self, mut positions: Vec<ShownPosition>) {
        positions.sort_unstable_by_key(|position| position.key);
        self.positions = positions;
        self.compute_ranks();
    }

    /// Computes the ranks.
    fn compute_ranks(&mut self) {
        self.seqs = self.positions.iter().map(|position| position.seq).collect();
        self.seqs.sort_unstable();
        for (nth, position) in (1..).zip(&mut self.positions) {
            // Below it are the messages that keep the server's order, and returned ones with
            // smaller keys.
            let others = position.below - below(&self.seqs, position.below.saturating_add(1));
            position.rank = others + nth;
        }
    }

    /// Returns the rank of a sequence number.
    pub(super) fn rank_of(&self, seq: u32) -> u32 {
        if let Some(position) = self.positions.iter().find(|position| position.seq == seq) {
            return position.rank;
        }
        let nth_other = seq - below(&self.seqs, seq);
        let ranks = (1..).zip(&self.positions);
        let shown_below = ranks.take_while(|(nth, position)| position.rank - nth < nth_other);
        nth_other + u32::try_from(shown_below.count()).unwrap_or(0)
    }

    /// Returns the sequence number of a rank.
    pub(super) fn seq_at(&self, rank: u32) -> u32 {
        let above = self
            .positions
            .partition_point(|position| position.rank < rank);
        if let Some(position) = self
            .positions
            .get(above)
            .filter(|position| position.rank == rank)
        {
            return position.seq;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the order of a mailbox with these UIDs, of which some returned.
    fn order(uids: &[u32], returned: &[(u32, u32)]) -> Order {
        let positions = returned.iter().map(|(now, key)| ShownPosition {
            seq: below(uids, now + 1),
            below: below(uids, *key),
            key: *key,
            rank: 0,
        });
        let mut order = Order::default();
        order.set_positions(positions.collect());
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
    fn without_returned_messages_the_order_is_the_servers() {
        assert_eq!(shown(&[1, 5, 9], &order(&[1, 5, 9], &[])), [1, 5, 9]);
    }

    #[test]
    fn returned_message_is_shown_at_its_earlier_position() {
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
    fn returned_messages_are_ordered_by_key() {
        // 12 returned as 15 after it had arrived above the first returned message (3 as 10).
        let uids = [1, 2, 5, 9, 10, 11, 13, 15, 16, 17];
        let returned = [(10, 3), (15, 12), (16, 8), (17, 4)];
        let expected = [1, 2, 10, 17, 5, 16, 9, 11, 15, 13];
        assert_eq!(shown(&uids, &order(&uids, &returned)), expected);
    }

    #[test]
    fn order_follows_expunged_messages() {
        let uids = [1, 2, 5, 9, 12, 13, 14];
        let returned = [(12, 3), (14, 10)];
        for expunged_uid in uids {
            let mut order = order(&uids, &returned);
            let seq = below(&uids, expunged_uid + 1);
            order.expunged(seq);
            let remaining: Vec<u32> = uids
                .into_iter()
                .filter(|other| *other != expunged_uid)
                .collect();
            let expected = [1, 2, 12, 5, 9, 14, 13];
            let expected: Vec<u32> = expected
                .into_iter()
                .filter(|o| *o != expunged_uid)
                .collect();
            assert_eq!(shown(&remaining, &order), expected, "{expunged_uid} left");
        }
    }
}
