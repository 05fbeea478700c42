//! Sequence sets: `2,4:7,9,12:*` (RFC 3501 §9, sequence-set).

use std::fmt;

use crate::store::Uid;

/// The kind of the message numbers in a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    SequenceNumber,
    Uid,
}

/// A set of sequence numbers or UIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SequenceSet(Vec<(Bound, Bound)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Number(u32),
    /// `*`
    Largest,
}

impl SequenceSet {
    const MAX_RANGES: usize = 10_000;

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let ranges = text.split(',').take(Self::MAX_RANGES + 1).map(|range| {
            let (first, last) = range.split_once(':').unwrap_or((range, range));
            Some((Bound::parse(first)?, Bound::parse(last)?))
        });
        let ranges: Vec<_> = ranges.collect::<Option<_>>()?;
        (ranges.len() <= Self::MAX_RANGES).then_some(Self(ranges))
    }

    /// Resolves the set against the largest number in use: sorted, disjoint, inclusive ranges.
    ///
    /// `*` is the largest number even if a range begins above it (RFC 3501 §6.4.8).
    pub(crate) fn ranges(&self, largest: u32) -> Vec<(u32, u32)> {
        let resolved = |bound: Bound| match bound {
            Bound::Number(number) => number,
            Bound::Largest => largest,
        };
        let ordered = self.0.iter().map(|(a, b)| {
            let (a, b) = (resolved(*a), resolved(*b));
            (a.min(b), a.max(b))
        });
        let mut ranges: Vec<_> = ordered.collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        merged
    }

    /// Returns whether every number lies within `1..=largest`. A sequence number without a message
    /// is a client error; only UIDs are ignored (RFC 3501 §6.4.8).
    pub(crate) fn is_within(&self, largest: u32) -> bool {
        largest > 0
            && self
                .ranges(largest)
                .last()
                .is_some_and(|(_, last)| *last <= largest)
    }
}

impl Bound {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Largest);
        }
        let is_number = text.bytes().all(|octet| octet.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|number| is_number && *number > 0)
            .map(Self::Number)
    }
}

/// Formats sorted or unsorted UIDs as a set, with runs as ranges: `3:5,9`.
pub(crate) struct UidSet<'a>(pub(crate) &'a [Uid]);

impl fmt::Display for UidSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.0.chunk_by(|a, b| a.0.checked_add(1) == Some(b.0));
        for (at, run) in runs.enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match run {
                [only] => write!(f, "{comma}{only}")?,
                [first, .., last] => write!(f, "{comma}{first}:{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc3501_9_sequence_set_examples() {
        let set = SequenceSet::parse("2,4:7,9,12:*").unwrap();
        assert_eq!(set.ranges(15), [(2, 2), (4, 7), (9, 9), (12, 15)]);
        assert_eq!(SequenceSet::parse("*:4,5:7").unwrap().ranges(10), [(4, 10)]);
    }

    #[test]
    fn a_range_above_the_largest_still_names_the_largest() {
        assert_eq!(SequenceSet::parse("559:*").unwrap().ranges(7), [(7, 559)]);
        assert!(!SequenceSet::parse("559:*").unwrap().is_within(7));
        assert!(!SequenceSet::parse("*").unwrap().is_within(0));
    }

    #[test]
    fn invalid_sets_are_refused() {
        for text in ["", "0", "1,", "a", "1:", "+1", "4294967296", "1:2:3", "$"] {
            assert_eq!(SequenceSet::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn uids_are_written_as_runs() {
        assert_eq!(
            UidSet(&[Uid(3), Uid(4), Uid(5), Uid(9)]).to_string(),
            "3:5,9"
        );
    }

    proptest! {
        #[test]
        fn ranges_are_sorted_and_disjoint(text in "[0-9:,*]{0,20}", largest in 0..20_u32) {
            if let Some(set) = SequenceSet::parse(&text) {
                for pair in set.ranges(largest).windows(2) {
                    prop_assert!(pair[0].1 < pair[1].0);
                }
            }
        }
    }
}
