//! Classification of errors: whether to retry, when, and by which side.

use mail_net::dial::DialError;
use mail_net::egress::Refusal;

use super::error::{AccountError, InvalidField, NoRoom};
use crate::clients::ClientError;
use crate::domain::{ErrorCause, Protocol, Server, ServerReply};
use crate::meaning::imap::ImapCause;
use crate::meaning::pop3::Pop3Cause;
use crate::meaning::sign_in::SignInCause;
use crate::meaning::smtp::RefusalCause;
use crate::meaning::{Endpoint, ReplyFields};
use crate::store::spool::SpoolError;

impl AccountError {
    /// Whether a retry of the same request later is pointless.
    pub(crate) fn is_permanent(&self) -> bool {
        match self {
            Self::Client(ClientError::Refused { reply, .. }) => {
                reply.code.is_some_and(|code| code >= 500)
            }
            Self::Invalid { .. }
            | Self::Unsupported(_)
            | Self::FileLost(_)
            | Self::LocalMessageLost(_) => true,
            _ => false,
        }
    }

    /// Converts an error of the store.
    pub(crate) fn store(error: crate::store::StoreError) -> Self {
        Self::Internal(format!("store: {error}"))
    }

    /// Converts an error of the spool: a file that is too large, or has no room, is for the user to
    /// correct.
    pub(crate) fn spool(error: SpoolError) -> Self {
        match error {
            SpoolError::TooLarge { max_bytes } => Self::Invalid {
                field: "attachment",
                problem: InvalidField::TooLarge { max_bytes },
            },
            SpoolError::AccountFull { max_bytes } => Self::NoRoom(NoRoom::Account { max_bytes }),
            SpoolError::ServerFull(cause) => {
                tracing::error!(cause, "a message was refused: there is no room");
                Self::NoRoom(NoRoom::Server)
            }
            other => Self::Internal(other.to_string()),
        }
    }

    /// Converts an error of reading a file of the spool: a missing or damaged file is permanently
    /// lost.
    pub(crate) fn spool_file(error: SpoolError) -> Self {
        match error {
            SpoolError::Io(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Self::Internal(format!("spool: {cause}"))
            }
            SpoolError::Io(_) | SpoolError::Seal(_) => Self::FileLost(error.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }

    /// The same for the file of a message of a local folder.
    pub(crate) fn local_file(error: SpoolError) -> Self {
        match Self::spool_file(error) {
            Self::FileLost(why) => Self::LocalMessageLost(why),
            other => other,
        }
    }

    /// Returns after how many seconds a retry may succeed.
    pub(crate) fn retry_after_secs(&self) -> Option<u32> {
        match self {
            Self::Client(error) => error.retry_after_secs(),
            _ => None,
        }
    }

    /// Whether the password was refused: such a sign-in is not retried automatically, and counts
    /// for the limit on password guessing.
    pub fn is_password_refused(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_password_refused())
    }
}

impl ClientError {
    /// Returns after how many seconds a retry may succeed.
    pub(crate) fn retry_after_secs(&self) -> Option<u32> {
        match self {
            Self::Dial {
                error: DialError::Fenced(Refusal::TooManyHosts { retry_after_secs }),
                ..
            } => u32::try_from(*retry_after_secs).ok(),
            Self::LoginRefused { .. } | Self::Refused { .. } => {
                retry_after_secs(&self.error_cause())
            }
            _ => None,
        }
    }

    /// Whether the password was refused.
    pub(crate) fn is_password_refused(&self) -> bool {
        match self.error_cause() {
            ErrorCause::LoginRefused(server, reply) => sign_in(&server, &reply).is_about_password(),
            _ => false,
        }
    }
}

pub(crate) fn endpoint(server: &Server) -> Endpoint<'_> {
    Endpoint {
        protocol: server.protocol,
        host: &server.host,
        port: server.port,
        tls: server.tls,
    }
}

pub(crate) fn reply_fields(reply: &ServerReply) -> ReplyFields<'_> {
    ReplyFields {
        code: reply.code,
        enhanced: reply.enhanced.as_deref(),
        response_code: reply.response_code.as_deref(),
        text: &reply.text,
    }
}

/// Returns the cause of a refused sign-in.
pub(crate) fn sign_in(server: &Server, reply: &ServerReply) -> SignInCause {
    SignInCause::read(endpoint(server), reply_fields(reply))
}

/// Returns after how many seconds a retry may succeed.
fn retry_after_secs(cause: &ErrorCause) -> Option<u32> {
    match cause {
        ErrorCause::LoginRefused(server, reply) => sign_in(server, reply).retry_after_secs(),
        ErrorCause::Refused(Protocol::Imap, reply) => {
            ImapCause::read(reply_fields(reply)).retry_after_secs()
        }
        ErrorCause::Refused(Protocol::Pop3, reply) => {
            Pop3Cause::read(reply_fields(reply)).retry_after_secs()
        }
        ErrorCause::Refused(Protocol::Smtp, reply) => {
            RefusalCause::is_transient(&reply_fields(reply)).then_some(60)
        }
        _ => None,
    }
}
