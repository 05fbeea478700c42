//! The events of the SMTP client.

use super::command::Command;
use super::extensions::Extensions;
use super::outcome::Outcome;
use super::reply::Reply;

/// An event of the SMTP client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Greeting, TLS and `EHLO` are complete; the client now runs requests.
    Ready {
        /// The server's extensions; those announced before TLS are discarded.
        extensions: Extensions,
    },
    /// The server accepted the credentials.
    Authenticated,
    /// The server refused the credentials. The connection stays open.
    AuthenticationRefused {
        /// The server's reply.
        reply: Reply,
    },
    /// The server's reply to a [`Client::command`](super::Client::command), which may be a refusal.
    Answered {
        /// The command.
        command: Command,
        /// The reply.
        reply: Reply,
    },
    /// The whole message was sent, except its final dot or last chunk. The owner now records
    /// durably that the message may have been sent, then calls
    /// [`Client::commit`](super::Client::commit) or [`Client::abort`](super::Client::abort).
    ReadyToCommit,
    /// The outcome of a message. Each [`Client::send`](super::Client::send) gets exactly one, also
    /// if the session fails.
    Outcome(Outcome),
}
