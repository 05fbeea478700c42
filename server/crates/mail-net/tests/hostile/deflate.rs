//! The server's side of COMPRESS (RFC 4978).

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// Both directions.
pub(crate) struct Deflate {
    compress: Compress,
    decompress: Decompress,
}

impl Deflate {
    pub(crate) fn new() -> Self {
        Self {
            compress: Compress::new(Compression::fast(), false),
            decompress: Decompress::new(false),
        }
    }

    pub(crate) fn compress(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 256);
        let flush = FlushCompress::Sync;
        self.compress.compress_vec(bytes, &mut out, flush).unwrap();
        out
    }

    pub(crate) fn end(&mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        let flush = FlushCompress::Finish;
        self.compress.compress_vec(b"", &mut out, flush).unwrap();
        out
    }

    /// Decompresses the client's bytes: commands, which are short.
    pub(crate) fn decompress(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 << 10);
        let flush = FlushDecompress::Sync;
        let _ = self.decompress.decompress_vec(bytes, &mut out, flush);
        out
    }
}
