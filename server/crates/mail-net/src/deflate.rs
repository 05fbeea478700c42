//! Compression of a connection by raw DEFLATE (RFC 4978), below the machine and above TLS.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Maximum output per call: a few compressed bytes may expand to megabytes.
const PIECE_BYTES: usize = 16 << 10;

/// Both directions of a compressed connection. Uses about 350 KiB, most of it for the compressor.
pub(crate) struct Deflate {
    compress: Compress,
    decompress: Decompress,
    /// Received bytes that are not decompressed yet.
    compressed: BytesMut,
    /// The decompressor may have more output without further input.
    is_full: bool,
    /// The peer has ended its stream.
    is_over: bool,
    is_broken: bool,
}

impl Deflate {
    /// Creates the state; `compressed` holds bytes that have already arrived.
    pub(crate) fn new(compressed: Bytes) -> Self {
        Self {
            compress: Compress::new(Compression::default(), false),
            decompress: Decompress::new(false),
            compressed: compressed.into(),
            is_full: false,
            is_over: false,
            is_broken: false,
        }
    }

    /// Compresses bytes and flushes, so that the peer can decode all of them at once.
    pub(crate) fn compress(&mut self, bytes: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
        let begin = self.compress.total_in();
        loop {
            let done = self.compress.total_in() - begin;
            let remaining = bytes.get(usize::try_from(done).unwrap_or(usize::MAX)..);
            let flush = FlushCompress::Sync;
            let result = self
                .compress
                .compress_vec(remaining.unwrap_or_default(), &mut out, flush);
            // The output ends with the sync marker only if it did not fill the buffer.
            if !matches!(result, Ok(Status::Ok)) || out.len() < out.capacity() {
                return out.into();
            }
            out.reserve(out.len().max(64));
        }
    }

    /// Appends received bytes.
    pub(crate) fn push_compressed(&mut self, bytes: &[u8]) {
        self.compressed.extend_from_slice(bytes);
    }

    /// Returns whether there is output without reading more from the peer.
    pub(crate) fn has_compressed(&self) -> bool {
        !self.is_broken && !self.is_over && (self.is_full || !self.compressed.is_empty())
    }

    /// Decompresses one piece and passes it to `sink`.
    pub(crate) fn decompress(&mut self, sink: impl FnOnce(&[u8])) {
        let mut piece = [0; PIECE_BYTES];
        let (read, written) = (self.decompress.total_in(), self.decompress.total_out());
        let flush = FlushDecompress::Sync;
        let result = self
            .decompress
            .decompress(&self.compressed, &mut piece, flush);
        let count = |now: u64, before| usize::try_from(now - before).unwrap_or(usize::MAX);
        let read = count(self.decompress.total_in(), read);
        let written = count(self.decompress.total_out(), written);
        self.compressed.advance(read.min(self.compressed.len()));
        self.is_full = written == PIECE_BYTES;
        match result {
            // Dovecot ends its stream after the response to LOGOUT.
            Ok(Status::StreamEnd) => self.is_over = true,
            Err(_) => self.is_broken = true,
            Ok(_) if read == 0 && written == 0 && !self.compressed.is_empty() => {
                self.is_broken = true;
            }
            Ok(_) => {}
        }
        if self.compressed.is_empty() {
            // An idle connection holds no buffer.
            self.compressed = BytesMut::new();
        }
        if let Some(bytes) = piece.get(..written).filter(|bytes| !bytes.is_empty()) {
            sink(bytes);
        }
    }

    /// Returns whether the peer has ended its stream: no more data follows.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns whether the peer sent invalid data.
    pub(crate) const fn is_broken(&self) -> bool {
        self.is_broken
    }
}

impl fmt::Debug for Deflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflate")
            .field("is_broken", &self.is_broken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decompress_all(deflate: &mut Deflate) -> Vec<u8> {
        let mut all = Vec::new();
        while deflate.has_compressed() {
            deflate.decompress(|bytes| {
                assert!(bytes.len() <= PIECE_BYTES);
                all.extend_from_slice(bytes);
            });
        }
        all
    }

    #[test]
    fn flushed_output_is_decompressed_at_once() {
        let mut sender = Deflate::new(Bytes::new());
        let mut receiver = Deflate::new(Bytes::new());
        let long = b"* 1 FETCH (FLAGS (\\Seen))\r\n".repeat(10_000);
        for message in [&b"r1 NOOP\r\n"[..], b"r2 FETCH 1 FLAGS\r\n", &long, b"x"] {
            receiver.push_compressed(&sender.compress(message));
            assert_eq!(decompress_all(&mut receiver), message);
        }
    }

    #[test]
    fn incompressible_input_larger_than_the_buffer_is_restored() {
        let mut sender = Deflate::new(Bytes::new());
        let mut seed = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            u8::try_from(seed >> 56).unwrap()
        })
        .take(300_000)
        .collect();
        let compressed = sender.compress(&noise);
        let mut receiver = Deflate::new(compressed);
        assert_eq!(decompress_all(&mut receiver), noise);
    }

    // docs/protocols.md, IMAP: COMPRESS
    #[test]
    fn deflate_bomb_is_decompressed_in_pieces() {
        let mut sender = Deflate::new(Bytes::new());
        let bomb = sender.compress(&vec![b'a'; 50 << 20]);
        assert!(bomb.len() < 1 << 20);
        let mut receiver = Deflate::new(bomb);
        let mut size_bytes = 0;
        while receiver.has_compressed() {
            receiver.decompress(|bytes| size_bytes += bytes.len());
        }
        assert_eq!(size_bytes, 50 << 20);
    }

    #[test]
    fn ended_stream_is_read_up_to_its_end() {
        let mut ended = Vec::with_capacity(64);
        let mut sender = Compress::new(Compression::default(), false);
        sender
            .compress_vec(b"* BYE\r\n", &mut ended, FlushCompress::Finish)
            .unwrap();
        ended.extend_from_slice(b"more");
        let mut receiver = Deflate::new(ended.into());
        assert!(!receiver.is_over());
        assert_eq!(decompress_all(&mut receiver), b"* BYE\r\n");
        assert!(receiver.is_over() && !receiver.is_broken());
    }

    #[test]
    fn invalid_deflate_data_breaks_the_stream() {
        let mut receiver = Deflate::new(Bytes::from_static(b"\xff\xff* OK plain\r\n"));
        assert_eq!(decompress_all(&mut receiver), b"");
        assert!(receiver.is_broken());
    }
}
