//! Splits received bytes into lines, independent of the chunks in which they arrive.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::OverLimit;

/// A buffer of received bytes that are not parsed yet.
#[derive(Debug)]
pub struct LineBuffer {
    bytes: BytesMut,
    /// Number of bytes at the front that are known to contain no line end.
    searched: usize,
    max_line_bytes: usize,
    what: &'static str,
}

impl LineBuffer {
    /// Creates an empty buffer whose lines are at most `max_line_bytes` long, line end included.
    /// `what` names such a line in [`OverLimit`].
    pub fn new(max_line_bytes: usize, what: &'static str) -> Self {
        Self {
            bytes: BytesMut::new(),
            searched: 0,
            max_line_bytes,
            what,
        }
    }

    /// Adds bytes at the end.
    pub fn feed(&mut self, input: &[u8]) {
        self.bytes.extend_from_slice(input);
    }

    /// Returns the number of unread bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns whether the buffer is empty, without even a part of a line.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Removes and returns the next line, without its CRLF or bare LF.
    ///
    /// Returns `None` while the line is incomplete. A bare LF is accepted as a line end because
    /// some peers send it in replies; it affects only where the text of a reply is split.
    ///
    /// # Errors
    /// [`OverLimit`] if the line, complete or not, is too long.
    pub fn next_line(&mut self) -> Result<Option<Bytes>, OverLimit> {
        let unsearched = self.bytes.get(self.searched..).unwrap_or_default();
        let end = memchr::memchr(b'\n', unsearched).map(|at| at.saturating_add(self.searched));
        let length = end.map_or(self.bytes.len(), |at| at.saturating_add(1));
        if length > self.max_line_bytes {
            return Err(OverLimit {
                what: self.what,
                max: u64::try_from(self.max_line_bytes).unwrap_or(u64::MAX),
            });
        }
        if end.is_none() {
            self.searched = self.bytes.len();
            return Ok(None);
        }
        self.searched = 0;
        let mut line = self.bytes.split_to(length);
        line.truncate(length.saturating_sub(1));
        if line.last() == Some(&b'\r') {
            line.truncate(line.len().saturating_sub(1));
        }
        Ok(Some(line.freeze()))
    }

    /// Returns all unread bytes, including line ends.
    pub fn peek(&self) -> &[u8] {
        &self.bytes
    }

    /// Removes `count` bytes from the front.
    pub fn consume(&mut self, count: usize) {
        self.searched = 0;
        self.bytes.advance(count.min(self.bytes.len()));
    }

    /// Discards all bytes.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.searched = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn lines(buffer: &mut LineBuffer) -> Vec<Bytes> {
        core::iter::from_fn(|| buffer.next_line().unwrap()).collect()
    }

    #[test]
    fn lines_come_out_without_their_ends_and_a_part_waits() {
        let mut buffer = LineBuffer::new(100, "line");
        buffer.feed(b"one\r\ntwo\n\r\nthree\r");
        assert_eq!(lines(&mut buffer), ["one", "two", ""]);
        assert!(!buffer.is_empty());
        buffer.feed(b"\n");
        assert_eq!(lines(&mut buffer), ["three"]);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let mut buffer = LineBuffer::new(5, "line");
        buffer.feed(b"abc\r\n");
        assert_eq!(lines(&mut buffer), ["abc"]);
        buffer.feed(b"abcd\r\n");
        assert_eq!(
            buffer.next_line(),
            Err(OverLimit {
                what: "line",
                max: 5
            })
        );
    }

    #[test]
    fn a_line_without_end_stops_at_the_limit() {
        let mut buffer = LineBuffer::new(5, "line");
        buffer.feed(b"abcde");
        assert_eq!(buffer.next_line(), Ok(None));
        buffer.feed(b"f");
        assert_eq!(
            buffer.next_line(),
            Err(OverLimit {
                what: "line",
                max: 5
            })
        );
    }

    #[test]
    fn bytes_may_be_taken_between_lines() {
        let mut buffer = LineBuffer::new(100, "line");
        buffer.feed(b"line\r\nbody");
        assert_eq!(lines(&mut buffer), ["line"]);
        assert_eq!(buffer.peek(), b"body");
        buffer.consume(3);
        buffer.feed(b"\r\n");
        assert_eq!(lines(&mut buffer), ["y"]);
        buffer.consume(100);
        assert!(buffer.is_empty());
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "[ab\r\n]{0,60}", cuts in proptest::collection::vec(1usize..9, 0..60)) {
            let mut whole = LineBuffer::new(100, "line");
            whole.feed(text.as_bytes());
            let expected = lines(&mut whole);
            let mut cut = LineBuffer::new(100, "line");
            let mut got = Vec::new();
            let mut rest = text.as_bytes();
            let mut cuts = cuts.into_iter();
            while !rest.is_empty() {
                let length = cuts.next().unwrap_or(1).min(rest.len());
                let (piece, after) = rest.split_at(length);
                cut.feed(piece);
                got.extend(lines(&mut cut));
                rest = after;
            }
            prop_assert_eq!(got, expected);
            prop_assert_eq!(cut.peek(), whole.peek());
        }
    }
}
