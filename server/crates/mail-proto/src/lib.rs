//! The protocol machines of Restante: IMAP, POP3 and SMTP clients without I/O.
//!
//! Each machine implements [`Machine`]: bytes in, [`Step`]s out. Commands are queued, replies come
//! back as events. `mail-net` drives a machine over a socket; tests feed it transcripts.
//!
//! # Invariants
//! - No I/O, no clock, no randomness, no `std`: the output of a machine depends on its input alone.
//! - A body is never held whole in memory: it is sent and received in chunks.
//! - No buffer is allocated by a size that the peer announces.
//! - After an error a machine is poisoned and its connection has to be dropped.
//! - Secrets are stored in [`Secret`] and masked where a line that holds one is produced.
//! - No workspace crate is a dependency.

#![no_std]
#![warn(missing_docs)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod imap;
pub mod limits;
pub mod line;
pub mod machine;
pub mod pop3;
pub mod raw_text;
pub mod redact;
pub mod sasl;
pub mod secret;
mod send_buffer;
pub mod smtp;
pub mod tls;
pub mod transcript;

pub use limits::{Limits, OverLimit};
pub use machine::{BodyChunk, Machine, Step};
pub use redact::{KnownSecrets, Redactor};
pub use secret::Secret;
pub use tls::Tls;
pub use transcript::Transcribed;
