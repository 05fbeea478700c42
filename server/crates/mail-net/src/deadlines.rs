//! Every deadline of every connection, in one table.

use std::time::Duration;

/// How long a name may take to resolve and a connection to open.
pub const CONNECT: Duration = Duration::from_secs(10);
/// When it is told that a name is missing or leads to a private address. A lookup usually takes far
/// less, so that the time does not tell which of them it was.
pub const NAME_REFUSED: Duration = Duration::from_secs(1);
/// After so much silence the machine asks whether the other end is still there.
pub const KEEP_ALIVE: Duration = Duration::from_secs(120);
/// How long a TLS handshake may take.
pub const TLS: Duration = Duration::from_secs(10);
/// After this time a streamed body has to come at [`BODY_MIN_BYTES_PER_SEC`] or faster.
pub const BODY_GRACE: Duration = Duration::from_secs(10);
/// The slowest pace of a streamed body.
pub const BODY_MIN_BYTES_PER_SEC: u64 = 1024;

/// What a connection is doing, which decides how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// A person waits at the sign-in form: greeting, capabilities, login.
    SignIn,
    /// An ordinary IMAP or POP3 command.
    Command,
    /// SEARCH, SORT, THREAD, COPY, MOVE, EXPUNGE, APPEND.
    LongCommand,
    /// A body is streamed.
    Body,
    /// IDLE: the server may be silent for as long as the owner likes.
    Idle,
    /// SMTP greeting (RFC 5321 §4.5.3.2.1).
    SmtpGreeting,
    /// EHLO, STARTTLS and AUTH.
    SmtpHello,
    /// MAIL and RCPT (RFC 5321 §4.5.3.2.2, §4.5.3.2.3), DATA among them when pipelined.
    SmtpEnvelope,
    /// A block of the message (RFC 5321 §4.5.3.2.5).
    SmtpBlock,
    /// The reply to the final dot (RFC 5321 §4.5.3.2.6).
    SmtpFinalReply,
    /// QUIT and LOGOUT: nobody waits for long.
    Farewell,
}

/// How long a phase may be silent, and how long it may take in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Time without a single byte in either direction.
    pub silence: Option<Duration>,
    /// Time from the beginning of the phase.
    pub total: Option<Duration>,
}

impl Phase {
    /// The deadlines of this phase.
    pub fn deadlines(self) -> Deadlines {
        let secs = |silence: u64, total: Option<u64>| Deadlines {
            silence: Some(Duration::from_secs(silence)),
            total: total.map(Duration::from_secs),
        };
        match self {
            Self::SignIn => secs(30, Some(30)),
            // A peer that says a byte now and then is never silent: everything but IDLE has an
            // end of its own.
            Self::Command => secs(60, Some(900)),
            // Ended by its pace.
            Self::Body => secs(60, None),
            Self::LongCommand => secs(300, Some(900)),
            Self::Idle => Deadlines {
                silence: None,
                total: None,
            },
            Self::SmtpGreeting => secs(300, Some(900)),
            Self::SmtpHello => secs(60, Some(900)),
            // Of a thousand recipients, some servers think about each for seconds.
            Self::SmtpEnvelope => secs(300, Some(3600)),
            Self::SmtpBlock => secs(180, Some(180)),
            Self::SmtpFinalReply => secs(600, Some(600)),
            Self::Farewell => secs(5, Some(5)),
        }
    }
}
