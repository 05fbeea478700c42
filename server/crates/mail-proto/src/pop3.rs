//! POP3 (RFC 1939, 2449, 2595, 5034, 6856) as a client.
//!
//! [`Client`] serves [`Command`]s in order, many at once where the server offers PIPELINING.
//! Messages and listings are streamed. Message numbers hold for one session. [`State`] says where a
//! session is, which commands it knows there, and what becomes of [`Deletions`] when the connection
//! drops: what is marked is deleted only when the server answers `QUIT` ([`Event::Quit`]).

mod answers;
mod body;
mod capability;
mod client;
mod command;
mod error;
mod event;
mod listing;
mod login;
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
