//! Every deadline of every connection, in one table.

use std::time::Duration;

/// Maximum time to resolve a name and open a connection.
pub const CONNECT: Duration = Duration::from_secs(10);
/// Time after which a missing name or a name with a private address is reported. A lookup usually
/// takes far less, so the response time does not reveal which of the two it was.
pub const NAME_REFUSED: Duration = Duration::from_secs(1);
/// Idle time before the operating system sends TCP keep-alive probes.
pub const KEEP_ALIVE: Duration = Duration::from_secs(120);
/// Maximum time of a TLS handshake.
pub const TLS: Duration = Duration::from_secs(10);
/// Time after which a streamed body must transfer at [`BODY_MIN_BYTES_PER_SEC`] or faster.
pub const BODY_GRACE: Duration = Duration::from_secs(10);
/// Minimum average rate of a streamed body.
pub const BODY_MIN_BYTES_PER_SEC: u64 = 1024;

/// What a connection is doing. The phase selects the deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Greeting, capabilities and login, while the user waits at the sign-in form.
    SignIn,
    /// An ordinary IMAP or POP3 command.
    Command,
    /// SEARCH, SORT, THREAD, COPY, MOVE, EXPUNGE, APPEND.
    LongCommand,
    /// A body is streamed.
    Body,
    /// IDLE: the server may send nothing for as long as the owner of the connection waits.
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
    /// QUIT and LOGOUT.
    Farewell,
}

/// Maximum silence and maximum total time of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Time without a single byte in either direction.
    pub silence: Option<Duration>,
    /// Time since the phase began.
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
            // A peer that sends one byte now and then never reaches `silence`, so every phase
            // but IDLE and the streamed body has a `total`.
            Self::Command => secs(60, Some(900)),
            // Limited by [`BODY_MIN_BYTES_PER_SEC`] instead.
            Self::Body => secs(60, None),
            Self::LongCommand => secs(300, Some(900)),
            Self::Idle => Deadlines {
                silence: None,
                total: None,
            },
            Self::SmtpGreeting => secs(300, Some(900)),
            Self::SmtpHello => secs(60, Some(900)),
            // Some servers take seconds for each of 1000 recipients.
            Self::SmtpEnvelope => secs(300, Some(3600)),
            Self::SmtpBlock => secs(180, Some(180)),
            Self::SmtpFinalReply => secs(600, Some(600)),
            Self::Farewell => secs(5, Some(5)),
        }
    }
}
