//! POP3 (RFC 1939, 2449, 2595, 5034) as a client.
//!
//! [`Client`] serves [`Command`]s in order, many at once where the server offers PIPELINING.
//! Messages and listings are streamed. Message numbers hold for one session; what is deleted is
//! deleted only when the server answers `QUIT` ([`Event::Quit`]).

mod body;
mod capability;
mod client;
mod command;
mod error;
mod event;
mod listing;
mod login;
mod response;
#[cfg(test)]
mod tests;

pub use body::BodyDecoder;
pub use capability::{Capabilities, LoginDelay};
pub use client::{Client, Config};
pub use command::{Command, CommandId, MessageNumber};
pub use error::{Error, Incompatibility, Misbehaviour, Stage};
pub use event::Event;
pub use listing::{DropListing, ScanListing, UniqueId, UniqueIdListing};
pub use response::{Response, ResponseCode};

pub use crate::sasl::{Credentials, InvalidCredentials};
pub use crate::tls::Tls;
