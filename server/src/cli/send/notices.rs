//! `--dsn`: the delivery status notifications to request (RFC 3461).

use mail_proto::smtp::{Envelope, EnvelopeId, Notify, Return};

use crate::cli::error::CliError;

/// The requested notifications. The default leaves the choice to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Notices {
    notify: Option<Notify>,
    returns: Option<Return>,
}

impl Notices {
    /// Parses a list separated by commas.
    pub(super) fn parse(text: &str) -> Result<Self, CliError> {
        let mut notices = Self::default();
        let mut is_never = false;
        for word in text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            let notify = notices.notify.unwrap_or_default();
            match word {
                "success" => {
                    notices.notify = Some(Notify {
                        success: true,
                        ..notify
                    })
                }
                "failure" => {
                    notices.notify = Some(Notify {
                        failure: true,
                        ..notify
                    })
                }
                "delay" => {
                    notices.notify = Some(Notify {
                        delay: true,
                        ..notify
                    })
                }
                "never" => {
                    is_never = true;
                    notices.notify = Some(notify);
                }
                "headers" => notices.returns = Some(Return::Headers),
                "full" => notices.returns = Some(Return::Full),
                other => {
                    return Err(CliError::usage(format!(
                        "--dsn: {other} is none of success, failure, delay, never, headers, full."
                    )));
                }
            }
        }
        if is_never && notices.notify != Some(Notify::NEVER) {
            return Err(CliError::usage(
                "--dsn: never means none at all, and goes with no other notice.",
            ));
        }
        Ok(notices)
    }

    /// Adds the request to an envelope. The message id becomes the envelope id, which a
    /// notification repeats.
    pub(super) fn add_to(self, envelope: &mut Envelope, message_id: &str) {
        if self == Self::default() {
            return;
        }
        for recipient in &mut envelope.recipients {
            recipient.notify = self.notify;
        }
        envelope.returns = self.returns;
        envelope.envelope_id = EnvelopeId::new(message_id).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_parsed_and_never_excludes_the_others() {
        let notices = Notices::parse("success, delay,headers").unwrap();
        let notify = Notify {
            success: true,
            failure: false,
            delay: true,
        };
        assert_eq!(notices.notify, Some(notify));
        assert_eq!(notices.returns, Some(Return::Headers));
        assert_eq!(Notices::parse("").unwrap(), Notices::default());
        assert_eq!(
            Notices::parse("never,full").unwrap().notify,
            Some(Notify::NEVER)
        );
        for text in ["never,failure", "failure,never", "sometimes"] {
            assert!(Notices::parse(text).is_err(), "{text}");
        }
    }
}
