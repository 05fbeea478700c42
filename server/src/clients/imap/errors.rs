//! Errors that end a connection, and the replies of refused commands.

use mail_net::Error;
use mail_proto::imap::{self, Client, Code, Status};
use mail_proto::{Machine, OverLimit};

use super::{Completion, ImapConnection, MailboxState};
use crate::clients::{ClientError, LinkError};
use crate::domain::{Protocol, ServerReply};

impl<M: MailboxState> ImapConnection<M> {
    pub(super) fn check_received(&self, max: u64) -> Result<(), ClientError> {
        match self.connection.received_bytes() > max {
            true => Err(self.over_limit(OverLimit {
                what: "answer",
                max,
            })),
            false => Ok(()),
        }
    }

    pub(super) fn over_limit(&self, limit: OverLimit) -> ClientError {
        self.link(LinkError::Imap(imap::Error::Limit(limit)))
    }

    pub(super) fn link_error(&self, error: Error<<Client as Machine>::Error>) -> ClientError {
        self.link(match error {
            Error::Protocol(imap::Error::Rejected { reply, .. }) => {
                return self.refused(reply.code.as_ref(), &reply.text);
            }
            Error::Protocol(imap::Error::Closed) | Error::Closed => LinkError::Closed,
            Error::Protocol(error) => LinkError::Imap(error),
            Error::Tls(error) => LinkError::Tls(error),
            Error::Deadline { phase } => LinkError::Deadline(phase),
            Error::Overloaded => LinkError::Overloaded,
            _ => LinkError::Closed,
        })
    }

    pub(super) fn link(&self, error: LinkError) -> ClientError {
        ClientError::Link {
            protocol: Protocol::Imap,
            endpoint: self.endpoint.clone(),
            error,
        }
    }

    pub(crate) fn closed(&self) -> ClientError {
        self.link(LinkError::Closed)
    }

    pub(super) fn refused(&self, code: Option<&Code>, text: &str) -> ClientError {
        ClientError::Refused {
            protocol: Protocol::Imap,
            endpoint: self.endpoint.clone(),
            reply: reply_of(code, None, text),
        }
    }

    /// Returns the error of a refused command.
    pub(crate) fn refusal(&self, completion: &Completion) -> ClientError {
        ClientError::Refused {
            protocol: Protocol::Imap,
            endpoint: self.endpoint.clone(),
            reply: completion.reply(),
        }
    }
}

impl Completion {
    /// Returns the tagged response as a reply, its code in the text.
    pub(crate) fn reply(&self) -> ServerReply {
        reply_of(self.code.as_ref(), self.status, &self.text)
    }
}

fn reply_of(code: Option<&Code>, status: Option<Status>, text: &str) -> ServerReply {
    let status_prefix = match status {
        Some(Status::Ok) => "OK ",
        Some(Status::No) => "NO ",
        Some(Status::Bad) => "BAD ",
        None => "BYE ",
    };
    let response_code = code.map(|code| code.name().to_owned());
    let code_prefix = response_code
        .as_ref()
        .map_or_else(String::new, |name| format!("[{name}] "));
    ServerReply {
        code: None,
        enhanced: None,
        text: format!("{status_prefix}{code_prefix}{text}"),
        response_code,
    }
}
