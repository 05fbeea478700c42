//! The exit codes of commands.

use std::process::ExitCode;

use mail_net::dial::DialError;
use mail_net::tls::TlsError;
use mail_proto::{imap, pop3, smtp};

use crate::clients::{ClientError, LinkError};

/// The exit codes of commands. From 64 on they are those of `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Some recipients or messages were done; others were refused.
    SomeRefused = 1,
    /// Everything was refused permanently.
    Refused = 2,
    /// Nothing was refused permanently: the same command may succeed later.
    Temporary = 3,
    /// Whether it was done is not known. The program does not retry.
    Unknown = 4,
    /// The command line is invalid.
    Usage = 64,
    /// An input file or the named part does not exist, or the file is too large.
    NoInput = 66,
    /// The host name does not exist.
    NoHost = 68,
    /// The server lacks a required capability.
    Unavailable = 69,
    /// An internal error.
    Software = 70,
    /// A file or folder cannot be created.
    CannotCreate = 73,
    /// Reading or writing a file failed.
    InputOutput = 74,
    /// The server violated its protocol, or its certificate is not accepted.
    Protocol = 76,
    /// The server refused the sign-in.
    SignInRefused = 77,
}

/// The text of `--help` about exit codes.
pub(super) const HELP: &str = "\
Exit codes:
   0  all done
   1  a part was done, some recipients or messages were refused
   2  everything was refused
   3  not now: the same may work later
   4  unknown: the message may have gone out, or messages may have been deleted
  64  the command line cannot be understood
  66  a file to be read is not there
  68  there is no host of this name
  69  the server lacks what is needed
  70  a fault of this program
  73  a file or folder cannot be made
  74  reading or writing a file failed
  76  the server broke its protocol, or its certificate is not acceptable
  77  the server refused the sign-in";

/// The same for commands that read a file and use no server.
pub(super) const FILES_HELP: &str = "\
Exit codes:
   0  done
   1  the end is missing, because only the beginning of a long text is read
   2  view: the message is over the limits of what is read; only --json tells of it
  64  the command line cannot be understood
  66  the file or the part is not there, or the file is larger than 64 MiB
  70  a fault of this program
  74  reading or writing a file failed";

impl Exit {
    /// All exit codes.
    pub const ALL: [Self; 14] = [
        Self::Done,
        Self::SomeRefused,
        Self::Refused,
        Self::Temporary,
        Self::Unknown,
        Self::Usage,
        Self::NoInput,
        Self::NoHost,
        Self::Unavailable,
        Self::Software,
        Self::CannotCreate,
        Self::InputOutput,
        Self::Protocol,
        Self::SignInRefused,
    ];

    /// Returns the numeric code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the exit code for an error that occurred before anything was done.
    pub(super) fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Dial { error, .. } => match error {
                DialError::NameNotFound => Self::NoHost,
                DialError::Tls(error) => of_tls(error),
                _ => Self::Temporary,
            },
            ClientError::Link { error, .. } => match error {
                LinkError::Tls(error) => of_tls(error),
                LinkError::Closed
                | LinkError::ClosedEarly
                | LinkError::Deadline(_)
                | LinkError::Overloaded => Self::Temporary,
                LinkError::Imap(imap::Error::PeerIncompatible(_))
                | LinkError::Pop3(pop3::Error::PeerIncompatible(_))
                | LinkError::Smtp(smtp::Error::PeerIncompatible(_)) => Self::Unavailable,
                LinkError::Imap(_) | LinkError::Pop3(_) | LinkError::Smtp(_) => Self::Protocol,
            },
            ClientError::LoginRefused { .. } if error.is_password_refused() => Self::SignInRefused,
            ClientError::LoginRefused { .. } | ClientError::Refused { .. }
                if error.retry_after_secs().is_some() =>
            {
                Self::Temporary
            }
            ClientError::LoginRefused { .. } => Self::SignInRefused,
            ClientError::Refused { .. } => Self::Refused,
            ClientError::Overloaded => Self::Temporary,
        }
    }

    /// Returns the exit code for a message that was not sent.
    pub(super) const fn of_unsent(cause: &smtp::Cause) -> Self {
        match cause {
            smtp::Cause::Rejected { reply, .. } if reply.is_transient() => Self::Temporary,
            smtp::Cause::Rejected { .. } | smtp::Cause::TooLarge { .. } => Self::Refused,
            smtp::Cause::PeerMisbehaved(_) | smtp::Cause::Limit(_) => Self::Protocol,
            smtp::Cause::ConnectionClosed | smtp::Cause::Aborted => Self::Temporary,
            smtp::Cause::NoRecipients => Self::Usage,
            _ => Self::Unavailable,
        }
    }
}

fn of_tls(error: &TlsError) -> Exit {
    match error {
        TlsError::TimedOut | TlsError::Closed => Exit::Temporary,
        _ => Exit::Protocol,
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_is_in_the_help_and_in_the_manual() {
        let manual = include_str!("../../../docs/command-line.md");
        for exit in Exit::ALL {
            let code = exit.code();
            assert!(HELP.contains(&format!("\n{code:>4}  ")), "{exit:?}");
            assert!(manual.contains(&format!("\n| {code} | ")), "{exit:?}");
        }
    }
}
