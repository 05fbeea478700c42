//! Transfer of the message: by `DATA` with dot-stuffing, or in chunks by `BDAT`.

use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::body::{BodyEncoder, NulInBody};
use super::chunks::{Chunks, TooShort};
use super::config::Config;
use super::envelope::Envelope;
use super::extensions::Extensions;

/// Maximum size of a requested body chunk.
const MAX_CHUNK_BYTES: usize = 64 << 10;
/// Maximum size of a requested body chunk for `BDAT`; smaller, because chunks are buffered too.
const MAX_BDAT_CHUNK_BYTES: usize = 32 << 10;

/// A message transfer in progress.
#[derive(Debug)]
pub(super) enum Transfer {
    Data {
        encoder: BodyEncoder,
        /// Number of octets, including dot-stuffing, that are not in the transcript yet.
        body_bytes: u64,
    },
    Bdat(Chunks),
}

/// The output that makes the server accept the message.
#[derive(Debug)]
pub(super) enum Commit {
    /// The final dot.
    Dot,
    /// The last chunk.
    Last(Bytes),
}

impl Transfer {
    pub(super) fn new(envelope: &Envelope, extensions: &Extensions, config: &Config) -> Self {
        if extensions.chunking && !config.prefers_data && !envelope.is_plain {
            let size_bytes = envelope.size_bytes.filter(|_| envelope.is_size_exact);
            return Self::Bdat(Chunks::new(extensions.pipelining, size_bytes));
        }
        Self::Data {
            encoder: BodyEncoder::default(),
            body_bytes: 0,
        }
    }

    /// Returns the maximum size of the next body chunk; `None` while chunks wait to be sent. With
    /// `is_announced_only`, only announced octets are requested.
    pub(super) fn max_chunk_bytes(&self, is_announced_only: bool) -> Option<usize> {
        match self {
            Self::Bdat(chunks) if is_announced_only => {
                chunks.is_inside().then_some(MAX_BDAT_CHUNK_BYTES)
            }
            Self::Data { .. } => Some(MAX_CHUNK_BYTES),
            Self::Bdat(chunks) => chunks.needs_more().then_some(MAX_BDAT_CHUNK_BYTES),
        }
    }

    /// Adds the next octets, and appends those that are sent immediately to `out`.
    pub(super) fn add_body(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), NulInBody> {
        match self {
            Self::Data {
                encoder,
                body_bytes,
            } => {
                let before = out.len();
                encoder.encode(octets, out)?;
                count(body_bytes, out.len().saturating_sub(before));
                Ok(())
            }
            Self::Bdat(chunks) => chunks.add(octets, out),
        }
    }

    /// Ends the message.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), TooShort> {
        match self {
            Self::Data {
                encoder,
                body_bytes,
            } => {
                let before = out.len();
                encoder.finish(out);
                count(body_bytes, out.len().saturating_sub(before));
                Ok(())
            }
            Self::Bdat(chunks) => chunks.end(out),
        }
    }

    pub(super) fn commit(&mut self) -> Commit {
        match self {
            Self::Data { .. } => Commit::Dot,
            Self::Bdat(chunks) => Commit::Last(chunks.last()),
        }
    }

    pub(super) const fn take_data_bytes(&mut self) -> u64 {
        match self {
            Self::Data { body_bytes, .. } => mem::replace(body_bytes, 0),
            Self::Bdat(_) => 0,
        }
    }
}

fn count(bytes: &mut u64, more: usize) {
    *bytes = bytes.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
}
