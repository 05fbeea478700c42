//! An SMTP submission client (RFC 5321, 6409, 8314).
//!
//! [`Client`] signs in and sends messages; [`Envelope`] names the recipients; [`Outcome`] is the
//! result of a message, for each recipient. The owner confirms before the final dot or the last
//! chunk is sent ([`Event::ReadyToCommit`]), because a sent message cannot be recalled.
//!
//! # Map
//! - `client`: the session and its requests
//! - `transaction`: one message from `MAIL` to its outcome
//! - `envelope`, `parameters`, `optional_params`: the requested parameters, and those that are sent
//! - `transfer`, `body`, `chunks`: the message by `DATA` or `BDAT`

mod address;
mod body;
mod chunks;
mod client;
mod command;
mod config;
mod envelope;
mod error;
mod event;
mod extensions;
mod optional_params;
mod outcome;
mod parameters;
mod reply;
mod reply_reader;
#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod tests;
mod texts;
mod transaction;
mod transfer;

pub use address::{Address, EhloName, InvalidAddress, InvalidEhloName, ReversePath};
pub use body::{BodyEncoder, NulInBody};
pub use client::Client;
pub use command::{Argument, Command, InvalidArgument};
pub use config::Config;
pub use envelope::{Envelope, Recipient};
pub use error::{Error, Incompatibility, Misbehaviour, Stage};
pub use event::Event;
pub use extensions::{DeliverByOffer, Extensions, FutureRelease, MtPriorityOffer, SessionLimits};
pub use outcome::{Cause, Outcome, RecipientResult};
pub use parameters::{
    DeliverBy, EnvelopeId, Hold, InvalidParameter, Notify, Parameter, Priority, Return, UtcTime,
};
pub use reply::{EnhancedCode, Reply};

pub use crate::sasl::{Credentials, InvalidCredentials};
pub use crate::tls::Tls;
