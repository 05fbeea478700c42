//! What can be asked of a maildrop (RFC 1939 §5–7).

use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt;
use core::num::NonZeroU32;

use super::session::State;
use crate::sasl::SignIn;

/// A command. Each is answered by an [`Event`](super::Event) with its [`CommandId`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// Signs in by the best way that is offered and can be used: a SASL mechanism
    /// ([`Mechanism::ranked`](crate::sasl::Mechanism::ranked)), else `USER` and `PASS`; without TLS
    /// `APOP` before whatever shows the password. Commands behind it wait for its answer.
    Login(SignIn),
    /// Asks once more what the server can do: signed in it may be something else (RFC 2449 §5).
    Capa,
    /// Lets messages and names be UTF-8. Before signing in only (RFC 6856 §2).
    Utf8,
    /// Chooses the language of the server's words, or lists those that there are.
    Lang(Option<LanguageTag>),
    /// Counts messages and octets.
    Stat,
    /// Lists the sizes of all messages.
    List,
    /// Lists the size of one message.
    ListOne {
        /// Which message.
        number: MessageNumber,
    },
    /// Lists the unique ids of all messages. Optional for servers.
    Uidl,
    /// Lists the unique id of one message. Optional for servers.
    UidlOne {
        /// Which message.
        number: MessageNumber,
    },
    /// Reads the header and the first lines of the body. Optional for servers.
    Top {
        /// Which message.
        number: MessageNumber,
        /// How many lines of the body.
        lines: u32,
    },
    /// Reads a message.
    Retr {
        /// Which message.
        number: MessageNumber,
    },
    /// Marks a message as deleted. It is deleted when `QUIT` is answered.
    Dele {
        /// Which message.
        number: MessageNumber,
    },
    /// Takes all marks back.
    Rset,
    /// Does nothing, and keeps the session open.
    Noop,
    /// Deletes what is marked and ends the session. Sent only when everything before is answered.
    Quit,
}

impl Command {
    /// Returns the line to be sent. `Login` has none of its own: it takes more than one.
    ///
    /// ```abnf
    /// command = keyword *(SP param) CRLF ;255 octets maximum
    /// keyword = 3*4VCHAR
    /// param   = 1*VCHAR
    /// ```
    /// RFC 2449 §3.
    pub(super) fn line(&self) -> Option<String> {
        Some(match self {
            Self::Login(_) => return None,
            Self::Capa => "CAPA".to_string(),
            Self::Utf8 => "UTF8".to_string(),
            Self::Lang(None) => "LANG".to_string(),
            Self::Lang(Some(LanguageTag(tag))) => format!("LANG {tag}"),
            Self::Stat => "STAT".to_string(),
            Self::List => "LIST".to_string(),
            Self::ListOne { number } => format!("LIST {number}"),
            Self::Uidl => "UIDL".to_string(),
            Self::UidlOne { number } => format!("UIDL {number}"),
            Self::Top { number, lines } => format!("TOP {number} {lines}"),
            Self::Retr { number } => format!("RETR {number}"),
            Self::Dele { number } => format!("DELE {number}"),
            Self::Rset => "RSET".to_string(),
            Self::Noop => "NOOP".to_string(),
            Self::Quit => "QUIT".to_string(),
        })
    }
}

impl Command {
    /// Tells whether the state of a session knows this command (RFC 1939 §4 to §6).
    pub(super) const fn belongs_to(&self, state: State) -> bool {
        match (self, state) {
            (_, State::Update { .. }) => false,
            (Self::Capa | Self::Lang(_) | Self::Quit, _)
            | (Self::Login(_) | Self::Utf8, State::Authorization) => true,
            (Self::Login(_) | Self::Utf8, State::Transaction { .. })
            | (_, State::Authorization) => false,
            (_, State::Transaction { .. }) => true,
        }
    }
}

/// A language tag (RFC 5646), or `*` for the server's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Takes a tag: up to 35 letters, digits and `-`, or `*`. Nothing when it is none.
    ///
    /// ```abnf
    /// Language-Tag = langtag / privateuse / grandfathered
    /// ```
    /// RFC 5646 §2.1. Only the characters and the length are checked.
    pub fn new(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_tag = (1..=35).contains(&text.len()) && text.bytes().all(fits);
        (is_tag || text == "*").then(|| Self(text.to_string()))
    }
}

/// Tells the answers to different commands apart. Holds for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub(super) u64);

/// The number of a message in one session, from 1. It never outlives the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageNumber(NonZeroU32);

impl MessageNumber {
    /// Takes a number; zero is none.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Returns the number.
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for MessageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
