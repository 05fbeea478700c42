//! Pages of a search result (RFC 9394).

use core::fmt;
use core::num::NonZeroU32;

use crate::imap::number::parse_u64;
use crate::imap::sequence_set::SequenceSet;
use crate::imap::value::Value;

/// A page of a result: a range of positions, counted from 1, from the first or the last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartialRange {
    first: NonZeroU32,
    last: NonZeroU32,
    is_from_end: bool,
}

impl PartialRange {
    /// Creates a page counted from the first message: `1:50`. Both ends are inclusive.
    pub fn from_start(first: NonZeroU32, last: NonZeroU32) -> Self {
        Self {
            first: first.min(last),
            last: first.max(last),
            is_from_end: false,
        }
    }

    /// Creates a page counted from the last message: `-1:-50`. Both ends are inclusive.
    pub fn from_end(first: NonZeroU32, last: NonZeroU32) -> Self {
        Self {
            is_from_end: true,
            ..Self::from_start(first, last)
        }
    }

    /// Returns whether the page is counted from the last message.
    pub const fn is_from_end(self) -> bool {
        self.is_from_end
    }

    /// Parses a page, with its ends in any order.
    ///
    /// ```abnf
    /// partial-range       = partial-range-first / partial-range-last
    /// partial-range-first = nz-number ":" nz-number
    /// partial-range-last  = MINUS nz-number ":" MINUS nz-number
    /// ```
    /// RFC 9394 §4.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut ends = text.splitn(2, |byte| *byte == b':');
        let (first, last) = (ends.next()?, ends.next()?);
        match (first.strip_prefix(b"-"), last.strip_prefix(b"-")) {
            (Some(first), Some(last)) => Some(Self::from_end(position(first)?, position(last)?)),
            (None, None) => Some(Self::from_start(position(first)?, position(last)?)),
            _ => None,
        }
    }
}

/// Parses one end of a page, without its sign.
///
/// ```abnf
/// nz-number = digit-nz *DIGIT ; (0 < n < 4,294,967,296)
/// ```
/// RFC 9051 §9.
fn position(text: &[u8]) -> Option<NonZeroU32> {
    u32::try_from(parse_u64(text)?)
        .ok()
        .and_then(NonZeroU32::new)
}

impl fmt::Display for PartialRange {
    /// Writes the page in its wire form.
    ///
    /// ```abnf
    /// partial-range       = partial-range-first / partial-range-last
    /// partial-range-first = nz-number ":" nz-number
    /// partial-range-last  = MINUS nz-number ":" MINUS nz-number
    /// ```
    /// RFC 9394 §4.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_from_end { "-" } else { "" };
        write!(f, "{sign}{}:{sign}{}", self.first, self.last)
    }
}

/// A page of the matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialResult {
    /// The range of the page.
    pub range: PartialRange,
    /// The matches on the page; `None` if there are none.
    pub found: Option<SequenceSet>,
}

impl PartialResult {
    /// Parses the value of PARTIAL in an ESEARCH response.
    ///
    /// ```abnf
    /// ret-data-partial = "PARTIAL" SP "(" partial-range SP partial-results ")" ; behind PARTIAL
    /// partial-results  = sequence-set / "NIL"
    /// ```
    /// RFC 9394 §4.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        let [range, found] = value.list()? else {
            return None;
        };
        Some(Self {
            range: PartialRange::parse(range.atom()?)?,
            found: match found.nstring() {
                Some(set) => Some(SequenceSet::parse(set)?),
                None => None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_ranges_of_rfc_9394_section_4_are_read_and_written() {
        for text in ["1:500", "-1:-100", "23500:24000", "7:7"] {
            let range = PartialRange::parse(text.as_bytes()).unwrap();
            assert_eq!(range.to_string(), text);
        }
        let turned = PartialRange::parse(b"-100:-1").unwrap();
        assert_eq!(turned.to_string(), "-1:-100");
        for bad in ["", "1", "1:-2", "-1:2", "0:1", "1:*", "--1:-2", "1:2:3"] {
            assert_eq!(PartialRange::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
