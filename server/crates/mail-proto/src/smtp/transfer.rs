//! How the message goes over: by `DATA` with dots stuffed, or in pieces by `BDAT`.

use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::body::{BodyEncoder, NulInBody};
use super::chunks::{Chunks, TooShort};
use super::client::Config;
use super::envelope::Envelope;
use super::extensions::Extensions;

/// The longest piece of a message that is asked for at once.
const MAX_CHUNK_BYTES: usize = 64 << 10;
/// Less where pieces for `BDAT` are held besides.
const MAX_BDAT_CHUNK_BYTES: usize = 32 << 10;

/// A message that is going over.
#[derive(Debug)]
pub(super) enum Transfer {
    Data {
        encoder: BodyEncoder,
        /// Octets of the message, stuffed dots included, that the transcript does not tell yet.
        body_bytes: u64,
    },
    Bdat(Chunks),
}

/// What makes the server take the message.
#[derive(Debug)]
pub(super) enum Commit {
    /// The final dot.
    Dot,
    /// The last piece.
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

    /// Returns how much may be given now, or nothing while pieces wait to leave. `is_announced_only`:
    /// no more than what was announced.
    pub(super) fn max_chunk_bytes(&self, is_announced_only: bool) -> Option<usize> {
        match self {
            Self::Bdat(chunks) if is_announced_only => {
                chunks.is_inside().then_some(MAX_BDAT_CHUNK_BYTES)
            }
            Self::Data { .. } => Some(MAX_CHUNK_BYTES),
            Self::Bdat(chunks) => chunks.wants_more().then_some(MAX_BDAT_CHUNK_BYTES),
        }
    }

    /// Takes the next octets. What is to be sent of them at once goes onto the end of `out`.
    pub(super) fn give(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), NulInBody> {
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

    /// The message has no more octets.
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
