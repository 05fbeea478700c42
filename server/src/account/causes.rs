//! Account errors as the codes that the ledger stores and the views format.

use mail_proto::smtp;

use super::error::{AccountError, NoRoom};
use crate::domain::bounds::cut;
use crate::domain::{ErrorCause, FullSpace, NotSentCause, ServerReply};

impl AccountError {
    /// Returns the cause of the error as codes.
    pub(crate) fn error_cause(&self) -> ErrorCause {
        match self {
            Self::Client(error) => error.error_cause(),
            Self::NotSent { cause } => ErrorCause::NotSent {
                cause: not_sent_cause(cause),
                words: match cause {
                    smtp::Cause::Rejected { reply, .. } | smtp::Cause::NotInOneGo { reply } => {
                        Some(cut(reply.to_string(), ServerReply::KEPT_MAX_BYTES))
                    }
                    _ => None,
                },
            },
            Self::NotFound => ErrorCause::NotFound,
            Self::MissingFolder(role) => ErrorCause::MissingFolder(*role),
            Self::Unsupported(what) => ErrorCause::Unsupported(*what),
            Self::Withheld => ErrorCause::Withheld,
            Self::SignedOut => ErrorCause::SignedOut,
            Self::NoRoom(NoRoom::Sent) => ErrorCause::NoRoom(FullSpace::Sent),
            Self::NoRoom(NoRoom::Server) => ErrorCause::NoRoom(FullSpace::Server),
            Self::FileLost(_) | Self::LocalMessageLost(_) => ErrorCause::FileLost,
            // None of these errors concerns sending or filing a message.
            Self::HalfMoved { .. }
            | Self::Invalid { .. }
            | Self::Unreadable(_)
            | Self::NoRoom(_)
            | Self::NotReplaced(_)
            | Self::NotStopped(_)
            | Self::NotLeft { .. }
            | Self::Internal(_) => ErrorCause::Internal,
        }
    }
}

fn not_sent_cause(cause: &smtp::Cause) -> NotSentCause {
    match cause {
        smtp::Cause::TooLarge { max_bytes, .. } => NotSentCause::TooLarge {
            max_bytes: *max_bytes,
        },
        smtp::Cause::Smtputf8NotOffered => NotSentCause::Smtputf8Missing,
        smtp::Cause::EightBitMimeNotOffered => NotSentCause::EightBitMimeMissing,
        smtp::Cause::NoRecipients => NotSentCause::NoRecipients,
        smtp::Cause::NulInBody | smtp::Cause::Aborted => NotSentCause::Unreadable,
        _ => NotSentCause::ConnectionLost,
    }
}
