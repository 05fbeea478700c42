//! Sets of UIDs or sequence numbers (RFC 9051 §4.1.1).

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use super::number::{SequenceNumber, Uid};

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// A number.
    Number(NonZeroU32),
    /// `*`: the last message of the mailbox. If its number is smaller than the other end of the
    /// range, the range still contains this message.
    Last,
}

/// A set of numbers, never empty, in its written order; or the saved result, whose numbers only the
/// server knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
// An empty vector denotes the saved result.
pub struct SequenceSet(Vec<(Bound, Bound)>);

impl SequenceSet {
    /// Returns the set of all messages: `1:*`.
    pub fn all() -> Self {
        Self::from_first(NonZeroU32::MIN)
    }

    /// Returns the set of all messages from this number on: `n:*`. Never empty: see
    /// [`Bound::Last`].
    pub fn from_first(first: impl Into<NonZeroU32>) -> Self {
        Self([(Bound::Number(first.into()), Bound::Last)].into())
    }

    /// Returns the saved result of the last SEARCH with `SAVE`: `$` (RFC 5182), only if SEARCHRES
    /// is offered. It denotes messages, not numbers: an EXPUNGE does not change its meaning.
    ///
    /// After a SEARCH with a BAD response, it still holds the result of an earlier SEARCH. Send
    /// commands that change messages only after the response to the SEARCH; commands that only read
    /// need not wait.
    pub const fn saved_result() -> Self {
        Self(Vec::new())
    }

    /// Returns whether this is the saved result.
    pub const fn is_saved_result(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the set of one message.
    pub fn single(number: impl Into<NonZeroU32>) -> Self {
        let bound = Bound::Number(number.into());
        Self([(bound, bound)].into())
    }

    /// Returns the set of all numbers between the two, both inclusive.
    pub fn range(first: impl Into<NonZeroU32>, last: impl Into<NonZeroU32>) -> Self {
        let (first, last) = (first.into(), last.into());
        Self(
            [(
                Bound::Number(first.min(last)),
                Bound::Number(first.max(last)),
            )]
            .into(),
        )
    }

    /// Collects numbers in any order; consecutive numbers become ranges. `None` if there are none.
    pub fn from_numbers<N: Into<NonZeroU32>>(numbers: impl IntoIterator<Item = N>) -> Option<Self> {
        let mut numbers: Vec<NonZeroU32> = numbers.into_iter().map(Into::into).collect();
        numbers.sort_unstable();
        let mut ranges: Vec<(NonZeroU32, NonZeroU32)> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some((_, last)) if number.get() - last.get() <= 1 => *last = number,
                _ => ranges.push((number, number)),
            }
        }
        let bounds = ranges
            .into_iter()
            .map(|(a, b)| (Bound::Number(a), Bound::Number(b)));
        let set: Vec<_> = bounds.collect();
        (!set.is_empty()).then_some(Self(set))
    }

    /// Parses the wire form; `None` for anything else.
    ///
    /// ```abnf
    /// sequence-set = (seq-number / seq-range) ["," sequence-set]
    /// seq-range    = seq-number ":" seq-number
    /// uid-set      = (uniqueid / uid-range) *("," uid-set)
    /// uid-range    = (uniqueid ":" uniqueid)
    /// ```
    /// RFC 9051 §9. `$` is not accepted.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let ranges = text.split(|byte| *byte == b',').map(|range| {
            let mut ends = range.splitn(2, |byte| *byte == b':');
            let first = parse_bound(ends.next()?)?;
            let last = ends.next().map_or(Some(first), parse_bound)?;
            Some((first.min(last), first.max(last)))
        });
        ranges.collect::<Option<_>>().map(Self)
    }

    /// Returns the ranges, the smaller end first; none for the saved result.
    pub fn ranges(&self) -> &[(Bound, Bound)] {
        &self.0
    }

    /// Returns how many numbers the ranges without `*` contain; overlaps count twice.
    pub fn len(&self) -> u64 {
        let lens = self.0.iter().map(|range| match *range {
            (Bound::Number(first), Bound::Number(last)) => {
                u64::from(last.get()) - u64::from(first.get()) + 1
            }
            (_, Bound::Last) | (Bound::Last, _) => 0,
        });
        lens.fold(0, u64::saturating_add)
    }

    /// Returns whether [`len`](Self::len) is 0: the set has only ranges with `*`, or is the saved
    /// result.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether the set contains a number. A range up to `*` contains all numbers from its
    /// start.
    pub fn contains(&self, number: impl Into<NonZeroU32>) -> bool {
        let number = Bound::Number(number.into());
        self.0
            .iter()
            .any(|(first, last)| *first <= number && number <= *last)
    }

    /// Returns how many numbers of the ranges without `*` are smaller than `number`; overlaps count
    /// twice.
    pub(crate) fn count_below(&self, number: u32) -> u64 {
        let below = self.0.iter().map(|range| match *range {
            (Bound::Number(first), Bound::Number(last)) => {
                let end = u64::from(last.get()) + 1;
                end.min(u64::from(number))
                    .saturating_sub(u64::from(first.get()))
            }
            (_, Bound::Last) | (Bound::Last, _) => 0,
        });
        below.fold(0, u64::saturating_add)
    }

    /// Returns the numbers of the ranges without `*`, in the order of the set.
    ///
    /// A range from a server can contain 2^32 - 1 numbers: limit the iteration.
    pub fn numbers(&self) -> impl Iterator<Item = NonZeroU32> + '_ {
        let ranges = self.0.iter().filter_map(|range| match *range {
            (Bound::Number(first), Bound::Number(last)) => Some(first.get()..=last.get()),
            (_, Bound::Last) | (Bound::Last, _) => None,
        });
        ranges.flatten().filter_map(NonZeroU32::new)
    }

    /// Returns [`numbers`](Self::numbers) as UIDs.
    pub fn uids(&self) -> impl Iterator<Item = Uid> + '_ {
        self.numbers().map(Uid::from)
    }

    /// Returns [`numbers`](Self::numbers) as sequence numbers.
    pub fn sequence_numbers(&self) -> impl Iterator<Item = SequenceNumber> + '_ {
        self.numbers().map(SequenceNumber::from)
    }
}

/// Parses one end of a range.
///
/// ```abnf
/// seq-number = nz-number / "*"
/// ```
/// RFC 9051 §9.
fn parse_bound(text: &[u8]) -> Option<Bound> {
    if text == b"*" {
        return Some(Bound::Last);
    }
    let number = u32::try_from(super::number::parse_u64(text)?).ok()?;
    NonZeroU32::new(number).map(Bound::Number)
}

impl fmt::Display for Bound {
    /// Writes one end of a range.
    ///
    /// ```abnf
    /// seq-number = nz-number / "*"
    /// ```
    /// RFC 9051 §9.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Last => f.write_str("*"),
        }
    }
}

impl fmt::Display for SequenceSet {
    /// Writes the set in its wire form.
    ///
    /// ```abnf
    /// sequence-set      = (seq-number / seq-range) ["," sequence-set]
    /// seq-range         = seq-number ":" seq-number
    /// sequence-set     =/ seq-last-command
    /// seq-last-command  = "$"
    /// ```
    /// RFC 9051 §9.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_saved_result() {
            return f.write_str("$");
        }
        for (index, (first, last)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{first}")?;
            if first != last {
                write!(f, ":{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn of(text: &str) -> SequenceSet {
        SequenceSet::parse(text.as_bytes()).unwrap()
    }

    fn numbers(set: &SequenceSet) -> Vec<u32> {
        set.numbers().map(NonZeroU32::get).collect()
    }

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_9051_section_9_are_read() {
        let set = of("2,4:7,9,12:*");
        assert_eq!(set.to_string(), "2,4:7,9,12:*");
        assert_eq!(numbers(&set), [2, 4, 5, 6, 7, 9]);
        assert!(set.contains(uid(6)) && set.contains(uid(4000)) && !set.contains(uid(8)));
        // `2:4` and `4:2` are equivalent.
        assert_eq!(of("4:2"), of("2:4"));
        assert_eq!(of("*:4"), of("4:*"));
    }

    #[test]
    fn the_saved_result_is_written_and_never_read() {
        let saved = SequenceSet::saved_result();
        assert_eq!(saved.to_string(), "$");
        assert!(saved.is_saved_result() && saved.is_empty() && !saved.contains(uid(1)));
        assert!(!SequenceSet::all().is_saved_result());
        assert_eq!(SequenceSet::parse(b"$"), None);
    }

    #[test]
    fn malformed_sets_are_not_parsed() {
        for bad in [
            "",
            ",",
            "1,",
            "0",
            "1:0",
            "a",
            "1:2:3",
            "4294967296",
            " 1",
            "1;2",
            "**",
        ] {
            assert_eq!(SequenceSet::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn numbers_in_any_order_become_ranges() {
        let set = SequenceSet::from_numbers([7, 5, 3, 4, 5, 9].map(uid)).unwrap();
        assert_eq!(set.to_string(), "3:5,7,9");
        assert_eq!(SequenceSet::from_numbers(Vec::<Uid>::new()), None);
    }

    #[test]
    fn a_huge_range_costs_nothing_until_it_is_walked() {
        let set = of("1:4294967295,1:4294967295");
        assert_eq!(set.len(), 2 * u64::from(u32::MAX));
        assert_eq!(set.uids().nth(2), Uid::new(3));
        assert_eq!(of("4294967294:4294967295").numbers().count(), 2);
    }

    proptest! {
        #[test]
        fn any_set_of_numbers_survives_the_wire(picked in proptest::collection::btree_set(1_u32.., 1..40)) {
            let set = SequenceSet::from_numbers(picked.iter().copied().map(uid)).unwrap();
            let read = SequenceSet::parse(set.to_string().as_bytes());
            prop_assert_eq!(read.as_ref(), Some(&set));
            prop_assert_eq!(numbers(&set), picked.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_read_without_panic(text in "[0-9:,*]{0,30}") {
            if let Some(set) = SequenceSet::parse(text.as_bytes()) {
                prop_assert_eq!(SequenceSet::parse(set.to_string().as_bytes()), Some(set.clone()));
                let _ = (set.len(), set.numbers().take(100).collect::<Vec<_>>());
            }
        }
    }
}
