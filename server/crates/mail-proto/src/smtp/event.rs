//! What the SMTP client reports.

use super::command::Command;
use super::extensions::Extensions;
use super::outcome::Outcome;
use super::reply::Reply;

/// What the machine reports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Greeting, TLS and `EHLO` are done: requests are served from now on.
    Ready {
        /// What the server can do; what it said before TLS is forgotten.
        extensions: Extensions,
    },
    /// The server accepted the credentials.
    Authenticated,
    /// The server refused the credentials. The connection lives on.
    AuthenticationRefused {
        /// The server's own words.
        reply: Reply,
    },
    /// What the server said to a [`Client::command`](super::Client::command). A refusal is an
    /// answer too.
    Answered {
        /// The command.
        command: Command,
        /// The answer.
        reply: Reply,
    },
    /// The whole message was given to the server, but for its final dot or last piece. The owner now
    /// makes durable that it may have gone out, then calls [`Client::commit`](super::Client::commit), or
    /// [`Client::abort`](super::Client::abort).
    ReadyToCommit,
    /// What became of a message. Each [`Client::send`](super::Client::send) gets exactly one, also when the
    /// conversation fails.
    Outcome(Outcome),
}
