//! The crate that connects: egress fence, TLS, deadlines, and the driver of protocol machines.
//!
//! [`Dialer::open`] resolves a name once, tests every address against the fence, connects to the
//! tested address and starts TLS. [`Connection`] then moves bytes between the socket and a
//! protocol machine of `mail-proto` and hands its events out, one at a time.
//!
//! [`https`] posts a form to a web server that a message names.
//!
//! [`resolve`] finds the hosts that accept mail for a domain, for delivery without a submission
//! server.
//!
//! # Invariants
//! - Nothing outside this crate connects a socket.
//! - A socket is connected only to an address that passed the fence.
//! - Implicit TLS and STARTTLS share one configuration and one certificate check. Only delivery
//!   between servers skips that check ([`opportunistic`]), and it never sends a password.
//! - Reads and writes are polled together; a slow reader never blocks a writer, nor the reverse.
//! - After an error, every call on a connection returns that same error.

#![warn(missing_docs)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation
)]

pub mod deadlines;
mod deflate;
pub mod dial;
pub mod drive;
pub mod egress;
mod held;
pub mod https;
pub mod opportunistic;
pub mod rate;
pub mod resolve;
mod texts;
pub mod tls;
pub mod tls_facts;
pub mod transcript;
mod transport;

pub use deadlines::Phase;
pub use dial::{DialError, Dialer, Endpoint, TlsMode};
pub use drive::{Connection, ConnectionEvent, Error};
pub use egress::{Egress, Listed};
pub use texts::ReadText;
pub use tls::{TlsError, Trust};
pub use tls_facts::{CertificateFacts, TlsFacts};
pub use transcript::Recorder;
