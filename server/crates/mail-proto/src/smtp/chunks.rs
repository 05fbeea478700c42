//! Splitting of a message into `BDAT` chunks (RFC 3030 §2).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::body::{BodyEncoder, NulInBody};
use super::reply::Reply;

/// Chunk size of a message whose size is unknown.
const PIECE_BYTES: usize = 256 << 10;
/// Maximum chunk size of a message of known size, which is announced and not buffered. Also the
/// maximum that is sent before the replies to the envelope.
const ANNOUNCED_MAX_BYTES: u64 = 2 << 20;
/// Size of the chunk of `BDAT … LAST`: the final CRLF. Some old servers refuse an empty last chunk,
/// and the fewer octets follow the owner's commit, the fewer outcomes are unknown.
const LAST_BYTES: usize = 2;
/// Maximum number of chunks without a reply: a server that refuses the first one reads them all.
const MAX_IN_FLIGHT: usize = 8;

/// The message is shorter than its announced size.
#[derive(Debug)]
pub(super) struct TooShort;

/// A chunk that may be sent.
#[derive(Debug)]
pub(super) enum Piece {
    /// A complete chunk.
    Whole(Bytes),
    /// A chunk announced by its size; its octets are sent as the owner supplies them.
    Announced(u64),
}

/// Splits a message into chunks and counts their replies.
#[derive(Debug)]
pub(super) struct Chunks {
    encoder: BodyEncoder,
    /// Octets of the chunk that is not full yet.
    held: Vec<u8>,
    /// Number of octets of a message of known size that are not announced yet, without the last
    /// chunk.
    unannounced_bytes: u64,
    /// Number of octets that are announced and not supplied yet.
    open_bytes: u64,
    full: VecDeque<Bytes>,
    has_ended: bool,
    in_flight: usize,
    max_in_flight: usize,
    refusal: Option<Reply>,
}

impl Chunks {
    /// Creates the splitter. Without PIPELINING a chunk is sent only after the reply to the last
    /// one.
    pub(super) fn new(is_pipelined: bool, size_bytes: Option<u64>) -> Self {
        const LAST: u64 = LAST_BYTES as u64;
        Self {
            encoder: BodyEncoder::for_bdat(),
            held: Vec::new(),
            unannounced_bytes: size_bytes.unwrap_or_default().saturating_sub(LAST),
            open_bytes: 0,
            full: VecDeque::new(),
            has_ended: false,
            in_flight: 0,
            max_in_flight: if is_pipelined { MAX_IN_FLIGHT } else { 1 },
            refusal: None,
        }
    }

    /// Returns whether the owner may supply more of the message.
    pub(super) fn needs_more(&self) -> bool {
        let is_between = self.unannounced_bytes == 0 && self.full.is_empty();
        !self.has_ended && (self.is_inside() || (self.refusal.is_none() && is_between))
    }

    /// Returns whether announced octets are missing.
    pub(super) const fn is_inside(&self) -> bool {
        self.open_bytes > 0
    }

    /// Returns whether a chunk can be announced before the owner supplies it.
    pub(super) const fn can_announce(&self) -> bool {
        self.unannounced_bytes > 0
    }

    /// Discards the rest of a refused message, except the octets that are already announced.
    pub(super) fn stop(&mut self) {
        self.unannounced_bytes = 0;
        self.full.clear();
        self.held = Vec::new();
    }

    /// Adds the next octets of the message.
    ///
    /// Announced octets are appended to `out`.
    pub(super) fn add(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), NulInBody> {
        let mut lines = Vec::new();
        self.encoder.encode(octets, &mut lines)?;
        self.split(&lines, out);
        Ok(())
    }

    /// Ends the message.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), TooShort> {
        let mut lines = Vec::new();
        self.encoder.finish(&mut lines);
        self.split(&lines, out);
        self.has_ended = true;
        if self.open_bytes > 0 || self.unannounced_bytes > 0 {
            return Err(TooShort);
        }
        let length = self.held.len().saturating_sub(LAST_BYTES);
        if length > 0 {
            self.cut(length);
        }
        Ok(())
    }

    /// Appends the buffered octets that are announced by now to `out`.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) {
        let held = mem::take(&mut self.held);
        self.split(&held, out);
    }

    fn split(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let open = usize::try_from(self.open_bytes).unwrap_or(usize::MAX);
        let (announced, rest) = octets.split_at_checked(open).unwrap_or((octets, &[]));
        out.extend_from_slice(announced);
        let length = u64::try_from(announced.len()).unwrap_or(u64::MAX);
        self.open_bytes = self.open_bytes.saturating_sub(length);
        self.hold(rest);
    }

    /// Returns the next chunk that may be sent now.
    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        if self.in_flight >= self.max_in_flight || self.is_inside() {
            return None;
        }
        let piece = if self.unannounced_bytes > 0 {
            self.open_bytes = self.unannounced_bytes.min(ANNOUNCED_MAX_BYTES);
            self.unannounced_bytes = self.unannounced_bytes.saturating_sub(self.open_bytes);
            Piece::Announced(self.open_bytes)
        } else {
            Piece::Whole(self.full.pop_front()?)
        };
        self.in_flight = self.in_flight.saturating_add(1);
        Some(piece)
    }

    /// Returns the last chunk.
    pub(super) fn last(&mut self) -> Bytes {
        Bytes::from(mem::take(&mut self.held))
    }

    /// Returns whether the reply to a chunk is pending.
    pub(super) const fn awaits_reply(&self) -> bool {
        self.in_flight > 0
    }

    /// Returns whether the reply to a completely supplied chunk is pending.
    pub(super) fn awaits_reply_to_whole_piece(&self) -> bool {
        self.in_flight > usize::from(self.is_inside())
    }

    /// Returns whether all chunks but the last were sent and accepted.
    pub(super) fn is_accepted(&self) -> bool {
        self.has_ended && self.full.is_empty() && self.in_flight == 0 && self.refusal.is_none()
    }

    /// Handles the reply to the oldest chunk: a 2yz, 4yz or 5yz.
    pub(super) fn on_reply(&mut self, reply: Reply) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if !reply.is_positive() && self.refusal.is_none() {
            // The client sends no further chunk (RFC 3030 §2).
            self.refusal = Some(reply);
            self.stop();
        }
    }

    /// Returns the first refusal of a chunk.
    pub(super) const fn refusal(&self) -> Option<&Reply> {
        self.refusal.as_ref()
    }

    fn hold(&mut self, mut octets: &[u8]) {
        const FULL: usize = PIECE_BYTES + LAST_BYTES;
        if self.refusal.is_some() {
            return;
        }
        if self.unannounced_bytes > 0 {
            // Octets of the next announced chunk: at most one `BodyChunk` of the owner.
            self.held.extend_from_slice(octets);
            return;
        }
        while !octets.is_empty() {
            if self.held.capacity() < FULL {
                // Reserve all at once: repeated growth costs four fifths of the throughput.
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

    /// Turns the first `length` buffered octets into a chunk.
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
        let pieces = core::iter::from_fn(|| chunks.next_piece());
        pieces.map(|piece| whole(piece).len()).collect()
    }

    fn whole(piece: Piece) -> Bytes {
        match piece {
            Piece::Whole(octets) => octets,
            Piece::Announced(_) => panic!("the size is not known"),
        }
    }

    fn add(chunks: &mut Chunks, octets: &[u8]) {
        let mut out = Vec::new();
        chunks.add(octets, &mut out).unwrap();
        assert!(out.is_empty(), "nothing was announced");
    }

    fn accepted() -> Reply {
        Reply {
            code: 250,
            enhanced: None,
            lines: vec!["ok".into()],
        }
    }

    #[test]
    fn a_long_message_leaves_in_pieces_of_256_kib_and_a_final_line_end() {
        let mut chunks = Chunks::new(true, None);
        for _ in 0..10 {
            add(&mut chunks, &vec![b'x'; 64 << 10]);
        }
        chunks.end(&mut Vec::new()).unwrap();
        assert_eq!(drained(&mut chunks), [256 << 10, 256 << 10, 128 << 10]);
        for _ in 0..3 {
            assert!(!chunks.is_accepted());
            chunks.on_reply(accepted());
        }
        assert!(chunks.is_accepted());
        assert_eq!(chunks.last(), "\r\n");
    }

    #[test]
    fn chunks_without_a_reply_are_limited() {
        for (is_pipelined, max) in [(true, MAX_IN_FLIGHT), (false, 1)] {
            let mut chunks = Chunks::new(is_pipelined, None);
            let mut sent = 0;
            while chunks.needs_more() {
                add(&mut chunks, &vec![b'x'; 64 << 10]);
                sent += drained(&mut chunks).len();
            }
            assert_eq!(sent, max);
            chunks.on_reply(accepted());
            assert_eq!(drained(&mut chunks), [256 << 10]);
            assert!(chunks.needs_more());
        }
    }

    #[test]
    fn no_memory_is_held_beyond_two_pieces() {
        let mut chunks = Chunks::new(false, None);
        while chunks.needs_more() {
            add(&mut chunks, &vec![b'\n'; 64 << 10]);
            drop(chunks.next_piece());
        }
        let full: usize = chunks.full.iter().map(Bytes::len).sum();
        assert!(full + chunks.held.capacity() <= 2 * PIECE_BYTES + LAST_BYTES);
    }

    proptest! {
        #[test]
        fn the_chunks_are_the_message_at_every_split_of_the_input(
            text in "[a.\\r\\n]{0,80}",
            cuts in proptest::collection::vec(1usize..20, 0..20),
        ) {
            let mut expected = Vec::new();
            let mut encoder = BodyEncoder::for_bdat();
            encoder.encode(text.as_bytes(), &mut expected).unwrap();
            encoder.finish(&mut expected);
            let mut chunks = Chunks::new(true, None);
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (now, after) = rest.split_at(cut.min(rest.len()));
                add(&mut chunks, now);
                rest = after;
            }
            add(&mut chunks, rest);
            chunks.end(&mut Vec::new()).unwrap();
            let mut sent = Vec::new();
            while let Some(piece) = chunks.next_piece() {
                sent.extend_from_slice(&whole(piece));
            }
            let last = chunks.last();
            prop_assert!(last.len() <= LAST_BYTES);
            sent.extend_from_slice(&last);
            prop_assert_eq!(sent, expected);
        }
    }
}
