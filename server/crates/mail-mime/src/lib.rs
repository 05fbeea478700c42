//! Mail messages as they are read, shown and written: MIME, charsets, cleaned HTML, composing.
//!
//! Untrusted bytes enter here and leave as content that a page can show: [`parse`] splits a whole
//! message, [`structure`] checks what an IMAP server describes of one, [`tree`] selects the texts and
//! [`body`] joins them, [`header`] decodes fields, [`transfer`] and [`charset`] decode part bytes to
//! text, [`text`] and [`clean`] make that text safe to show, [`document`] wraps sanitized HTML for
//! its frame, [`packed`] opens parts that hold a body and files ([`tnef`], [`smime`]), [`uuencode`]
//! takes files out of texts, [`calendar`] reads invitations, [`contacts`] address books, and
//! [`compose`], [`address`] and [`quote`] go the other way.
//! What the reader is told about a message comes from [`spoofing`], [`auth_results`],
//! [`list_fields`], [`openpgp`] and [`report`].
//!
//! # Invariants
//! - Pure: no I/O, no clock, no randomness, no workspace crate.
//! - Input is untrusted and may be anything. Own code does not panic on it; the libraries below
//!   `clean`, `text`, `calendar`, `contacts` and `smime` are trusted less, so callers run those five, and
//!   `supplement` and `packed` above them, under `catch_unwind`, off the async threads.
//! - Time and memory are linear in the input, below the caps of [`limits`].
//! - Nothing edits HTML after [`clean::clean`]; [`document`] only writes around it.
//! - Encoded words are decoded in display names and texts, never in addresses.
//! - An [`address::Address`] cannot hold CR, LF, space or angle brackets.
//!
//! The splitter is our own, because a message is never decoded as a whole here: raw ranges are
//! stored, and one part at a time goes through a streaming decoder. The crate mail-parser reads
//! structured fields, behind `rfc5322`; mail-builder writes messages, behind [`compose`].

#![warn(missing_docs)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation
)]

pub mod address;
pub mod auth_results;
pub mod body;
pub mod calendar;
pub mod charset;
pub mod clean;
pub mod compose;
pub mod contacts;
pub mod date;
pub mod display;
pub mod document;
mod encoded_word;
pub mod header;
pub mod limits;
pub mod list_fields;
pub mod openpgp;
pub mod packed;
pub mod params;
pub mod parse;
mod part_header;
pub mod quote;
pub mod report;
mod rfc5322;
pub mod smime;
pub mod spoofing;
pub mod structure;
mod structured;
pub mod supplement;
pub mod text;
pub mod tnef;
pub mod transfer;
pub mod tree;
pub mod unstructured;
pub mod uuencode;

pub use address::{Address, EmailAddress};
pub use date::Date;
pub use header::Headers;
pub use limits::{Limits, OverLimit};
pub use parse::Message;
pub use tree::Part;
