//! Errors of commands for the user: the cause, the fix, the server's reply.

use std::fmt;

use app::api::types::Lang;
use mail_mime::display;
use mail_net::dial::DialError;
use mail_net::tls::TlsError;
use mail_proto::smtp::InvalidAddress;
use serde::Serialize;

use super::exit::Exit;
use crate::account::AccountError;
use crate::clients::{ClientError, LinkError};

/// Why a command did not do everything requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct CliError {
    #[serde(skip)]
    pub(super) exit: Exit,
    /// The cause in complete sentences.
    pub(super) cause: String,
    /// What to do about it; may be empty.
    pub(super) fix: String,
    /// The server's reply.
    pub(super) reply: Option<String>,
}

impl CliError {
    pub(super) fn new(exit: Exit, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            exit,
            cause: cause.into(),
            fix: fix.into(),
            reply: None,
        }
    }

    /// Creates an error for an invalid command line.
    pub(super) fn usage(cause: impl Into<String>) -> Self {
        Self::new(Exit::Usage, cause, "")
    }

    /// Creates an error for a text of which only the beginning is shown.
    pub(super) fn cut() -> Self {
        Self::new(
            Exit::SomeRefused,
            "The text is longer than what is shown, 2 MiB or 60,000 elements: its end is missing.",
            "",
        )
    }

    /// Creates an error for results that cannot be written.
    pub(super) fn output(error: &std::io::Error) -> Self {
        let cause = format!("The results cannot be written: {error}.");
        Self::new(Exit::InputOutput, cause, "")
    }

    /// Creates an error for a command stopped by a signal before anything was decided.
    pub(super) fn interrupted() -> Self {
        Self::new(Exit::Temporary, "Stopped by a signal.", "")
    }

    /// Prints the error on standard error.
    pub(super) fn print(&self) {
        #[expect(
            clippy::print_stderr,
            reason = "the person at the command line reads this"
        )]
        {
            eprintln!("restante: {self}");
        }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let exit = Exit::of(&error);
        let is_untrusted = matches!(
            &error,
            ClientError::Dial {
                error: DialError::Tls(TlsError::Untrusted),
                ..
            } | ClientError::Link {
                error: LinkError::Tls(TlsError::Untrusted),
                ..
            }
        );
        let text = AccountError::from(error).text(Lang::En);
        Self {
            exit,
            cause: text.cause,
            fix: match is_untrusted {
                true => {
                    "If it is your own server, give its authority with --ca-file. The password \
                         was not sent."
                        .to_owned()
                }
                false => text.fix,
            },
            reply: text.reply,
        }
    }
}

/// Addresses are validated earlier, so this is an internal error.
impl From<InvalidAddress> for CliError {
    fn from(error: InvalidAddress) -> Self {
        Self::new(
            Exit::Software,
            format!("A fault of this program: {error}."),
            "",
        )
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The cause and the reply may contain server text with terminal control characters.
        f.write_str(&display::line(&self.cause))?;
        if !self.fix.is_empty() {
            write!(f, " {}", display::line(&self.fix))?;
        }
        if let Some(reply) = &self.reply {
            for line in reply.lines() {
                write!(f, "\n  {}", display::line(line))?;
            }
        }
        Ok(())
    }
}
