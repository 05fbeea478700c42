//! A POP3 client (RFC 1939, 2449, 2595, 5034, 6856).
//!
//! [`Client`] runs [`Command`]s in order, and pipelines them if the server offers PIPELINING.
//! Messages and listings are streamed. Message numbers are valid for one session. [`State`] is the
//! state of a session, which determines the valid commands and the [`Deletions`] if the connection
//! drops: marked messages are deleted only when the server confirms `QUIT` ([`Event::Quit`]).

mod body;
mod capability;
mod client;
mod command;
mod error;
mod event;
mod listing;
mod response;
mod session;
#[cfg(test)]
mod tests;
mod texts;

pub use body::BodyDecoder;
pub use capability::{Capabilities, Expire, LoginDelay};
pub use client::{Client, Config};
pub use command::{Command, CommandId, LanguageTag, MessageNumber};
pub use error::{Error, Incompatibility, Misbehaviour, Stage};
pub use event::Event;
pub use listing::{DropListing, LanguageListing, ScanListing, UniqueId, UniqueIdListing};
pub use response::{Response, ResponseCode};
pub use session::{Deletions, State};

pub use crate::sasl::{Credentials, InvalidCredentials};
pub use crate::tls::Tls;
