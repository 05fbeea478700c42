//! The message in pieces, as `BDAT` takes them (RFC 3030 §2).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::body::{BodyEncoder, NulInBody};
use super::reply::Reply;

/// The size of a piece.
const PIECE_BYTES: usize = 256 << 10;
/// What is kept back for `BDAT … LAST`: the final CRLF. Some old servers do not take a last piece
/// that is empty, and the less leaves after the owner's commit, the less is ever unknown.
const LAST_BYTES: usize = 2;
/// How many pieces may be without an answer: what a server that refuses the first has to read.
const MAX_UNANSWERED: usize = 8;

/// Cuts a message into pieces and counts their answers.
#[derive(Debug)]
pub(super) struct Chunks {
    encoder: BodyEncoder,
    /// Octets of the piece that is not full yet.
    held: Vec<u8>,
    full: VecDeque<Bytes>,
    has_ended: bool,
    unanswered: usize,
    max_unanswered: usize,
    refusal: Option<Reply>,
}

impl Chunks {
    /// Without PIPELINING each piece is answered before the next one leaves.
    pub(super) fn new(is_pipelined: bool) -> Self {
        Self {
            encoder: BodyEncoder::for_bdat(),
            held: Vec::new(),
            full: VecDeque::new(),
            has_ended: false,
            unanswered: 0,
            max_unanswered: if is_pipelined { MAX_UNANSWERED } else { 1 },
            refusal: None,
        }
    }

    /// Tells whether more of the message may be given.
    pub(super) fn wants_more(&self) -> bool {
        !self.has_ended && self.refusal.is_none() && self.full.is_empty()
    }

    /// Takes the next octets of the message.
    pub(super) fn add(&mut self, octets: &[u8]) -> Result<(), NulInBody> {
        let mut lines = Vec::new();
        self.encoder.encode(octets, &mut lines)?;
        self.hold(&lines);
        Ok(())
    }

    /// The message has no more octets.
    pub(super) fn end(&mut self) {
        let mut lines = Vec::new();
        self.encoder.finish(&mut lines);
        self.hold(&lines);
        self.has_ended = true;
        let length = self.held.len().saturating_sub(LAST_BYTES);
        if length > 0 {
            self.cut(length);
        }
    }

    /// Returns the next piece that may leave now.
    pub(super) fn next_piece(&mut self) -> Option<Bytes> {
        if self.unanswered >= self.max_unanswered {
            return None;
        }
        let piece = self.full.pop_front()?;
        self.unanswered = self.unanswered.saturating_add(1);
        Some(piece)
    }

    /// Returns what is left for the last piece.
    pub(super) fn last(&mut self) -> Bytes {
        Bytes::from(mem::take(&mut self.held))
    }

    /// Tells whether an answer to a piece is awaited.
    pub(super) const fn awaits_answer(&self) -> bool {
        self.unanswered > 0
    }

    /// Tells whether all but the last piece has left and was taken.
    pub(super) fn is_taken(&self) -> bool {
        self.has_ended && self.full.is_empty() && self.unanswered == 0 && self.refusal.is_none()
    }

    /// Takes the answer to the oldest piece: a 2yz, 4yz or 5yz.
    pub(super) fn on_answer(&mut self, reply: Reply) {
        self.unanswered = self.unanswered.saturating_sub(1);
        if !reply.is_positive() && self.refusal.is_none() {
            // Nothing more is sent of it (RFC 3030 §2).
            self.refusal = Some(reply);
            self.full.clear();
            self.held = Vec::new();
        }
    }

    /// Returns the first refusal of a piece.
    pub(super) const fn refusal(&self) -> Option<&Reply> {
        self.refusal.as_ref()
    }

    fn hold(&mut self, mut octets: &[u8]) {
        const FULL: usize = PIECE_BYTES + LAST_BYTES;
        while !octets.is_empty() {
            if self.held.capacity() < FULL {
                // At once: to grow by and by costs four fifths of the pace.
                self.held
                    .reserve_exact(FULL.saturating_sub(self.held.len()));
            }
            let room = FULL.saturating_sub(self.held.len());
            let (now, rest) = octets.split_at_checked(room).unwrap_or((octets, &[]));
            self.held.extend_from_slice(now);
            octets = rest;
            if self.held.len() >= FULL {
                self.cut(PIECE_BYTES);
            }
        }
    }

    /// Makes a piece of the first octets that are held.
    fn cut(&mut self, length: usize) {
        let rest = self.held.get(length..).unwrap_or_default().to_vec();
        let mut piece = mem::replace(&mut self.held, rest);
        piece.truncate(length);
        self.full.push_back(Bytes::from(piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn drained(chunks: &mut Chunks) -> Vec<usize> {
        core::iter::from_fn(|| chunks.next_piece())
            .map(|piece| piece.len())
            .collect()
    }

    fn taken() -> Reply {
        Reply {
            code: 250,
            enhanced: None,
            lines: vec!["ok".into()],
        }
    }

    #[test]
    fn a_long_message_leaves_in_pieces_of_256_kib_and_a_final_line_end() {
        let mut chunks = Chunks::new(true);
        for _ in 0..10 {
            chunks.add(&vec![b'x'; 64 << 10]).unwrap();
        }
        chunks.end();
        assert_eq!(drained(&mut chunks), [256 << 10, 256 << 10, 128 << 10]);
        for _ in 0..3 {
            assert!(!chunks.is_taken());
            chunks.on_answer(taken());
        }
        assert!(chunks.is_taken());
        assert_eq!(chunks.last(), "\r\n");
    }

    #[test]
    fn only_so_many_pieces_are_without_an_answer() {
        for (is_pipelined, max) in [(true, MAX_UNANSWERED), (false, 1)] {
            let mut chunks = Chunks::new(is_pipelined);
            let mut sent = 0;
            while chunks.wants_more() {
                chunks.add(&vec![b'x'; 64 << 10]).unwrap();
                sent += drained(&mut chunks).len();
            }
            assert_eq!(sent, max);
            chunks.on_answer(taken());
            assert_eq!(drained(&mut chunks), [256 << 10]);
            assert!(chunks.wants_more());
        }
    }

    #[test]
    fn no_memory_is_held_beyond_two_pieces() {
        let mut chunks = Chunks::new(false);
        while chunks.wants_more() {
            chunks.add(&vec![b'\n'; 64 << 10]).unwrap();
            drop(chunks.next_piece());
        }
        let full: usize = chunks.full.iter().map(Bytes::len).sum();
        assert!(full + chunks.held.capacity() <= 2 * PIECE_BYTES + LAST_BYTES);
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_message_however_it_is_given(
            text in "[a.\\r\\n]{0,80}",
            cuts in proptest::collection::vec(1usize..20, 0..20),
        ) {
            let mut expected = Vec::new();
            let mut encoder = BodyEncoder::for_bdat();
            encoder.encode(text.as_bytes(), &mut expected).unwrap();
            encoder.finish(&mut expected);
            let mut chunks = Chunks::new(true);
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (now, after) = rest.split_at(cut.min(rest.len()));
                chunks.add(now).unwrap();
                rest = after;
            }
            chunks.add(rest).unwrap();
            chunks.end();
            let mut sent = Vec::new();
            while let Some(piece) = chunks.next_piece() {
                sent.extend_from_slice(&piece);
            }
            let last = chunks.last();
            prop_assert!(last.len() <= LAST_BYTES);
            sent.extend_from_slice(&last);
            prop_assert_eq!(sent, expected);
        }
    }
}
