//! The commands of a POP3 session (RFC 1939 §5–7).

use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt;
use core::num::NonZeroU32;

use super::session::State;
use crate::sasl::SignIn;

/// A command. Each is completed by an [`Event`](super::Event) with its [`CommandId`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// Signs in by the best usable method that the server offers: a SASL mechanism
    /// ([`Mechanism::ranked`](crate::sasl::Mechanism::ranked)), else `USER` and `PASS`; without TLS
    /// `APOP` precedes methods that send the password. Later commands wait for its completion.
    Login(SignIn),
    /// Requests the capabilities again: they may differ after sign-in (RFC 2449 §5).
    Capa,
    /// Allows UTF-8 in messages and names. Valid only before sign-in (RFC 6856 §2).
    Utf8,
    /// Selects the language of the server's response texts, or lists the available ones.
    Lang(Option<LanguageTag>),
    /// Returns the number of messages and their total size in octets.
    Stat,
    /// Lists the sizes of all messages.
    List,
    /// Lists the size of one message.
    ListOne {
        /// The message number.
        number: MessageNumber,
    },
    /// Lists the unique ids of all messages. Optional for servers.
    Uidl,
    /// Lists the unique id of one message. Optional for servers.
    UidlOne {
        /// The message number.
        number: MessageNumber,
    },
    /// Fetches the header and the first lines of the body. Optional for servers.
    Top {
        /// The message number.
        number: MessageNumber,
        /// The number of lines of the body.
        lines: u32,
    },
    /// Fetches a message.
    Retr {
        /// The message number.
        number: MessageNumber,
    },
    /// Marks a message as deleted. The server deletes it at `QUIT`.
    Dele {
        /// The message number.
        number: MessageNumber,
    },
    /// Removes all deletion marks.
    Rset,
    /// Keeps the session open.
    Noop,
    /// Deletes the marked messages and ends the session. Sent only when all earlier commands are
    /// complete.
    Quit,
}

impl Command {
    /// Returns the command line; `None` for `Login`, which consists of several lines.
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
    /// Returns whether the command is valid in a state (RFC 1939 §4 to §6).
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

/// A language tag (RFC 5646), or `*` for the server's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Parses a tag: 1 to 35 letters, digits and `-`, or `*`. Returns `None` for other texts.
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

/// The id of a command in its events. Unique within one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub(super) u64);

/// The number of a message, from 1. It is valid only within one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageNumber(NonZeroU32);

impl MessageNumber {
    /// Creates a message number; `None` for 0.
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
