//! A cursor over little-endian numbers and byte ranges of a slice.

use std::ops::Range;

/// Reads a part of a slice. Positions are those of the whole slice, so a range that was read from a
/// part is valid in the whole.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Creates a reader of `range`, or of as much of it as the slice has.
    pub(super) fn new(input: &'a [u8], range: Range<usize>) -> Self {
        let end = range.end.min(input.len());
        Self {
            input,
            at: range.start.min(end),
            end,
        }
    }

    /// The octets that were not read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..self.end).unwrap_or_default()
    }

    /// Reads the next `len` octets; `None`, and no progress, if there are fewer.
    pub(super) fn range(&mut self, len: usize) -> Option<Range<usize>> {
        let after = self
            .at
            .checked_add(len)
            .filter(|after| *after <= self.end)?;
        let range = self.at..after;
        self.at = after;
        Some(range)
    }

    /// Reads the next `len` octets, or all that are left if there are fewer.
    pub(super) fn up_to(&mut self, len: usize) -> Range<usize> {
        let start = self.at;
        self.at = start.saturating_add(len).min(self.end);
        start..self.at
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads a 32-bit number as a length.
    pub(super) fn len(&mut self) -> Option<usize> {
        self.u32().and_then(|len| usize::try_from(len).ok())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let array = *self.rest().first_chunk()?;
        self.at += N;
        Some(array)
    }
}
