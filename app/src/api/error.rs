//! Errors as the page receives them: cause and fix in the language of the request.

use std::borrow::Cow;
use std::fmt;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use super::folder_role::FolderRole;
use crate::lang::Lang;
use crate::page;

/// The category of an error, from which the page chooses the actions to offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The session ended.
    SignedOut,
    /// The folder, message, part or entry does not exist.
    NotFound,
    /// The request is invalid; [`ApiError::field`] names the field at fault if there is one.
    Invalid,
    /// The request, file or message exceeds a size limit.
    TooLarge,
    /// No storage space is left: in the account's quota, or on this server.
    NoRoom,
    /// The mail server refused the request.
    Refused,
    /// The mail server refused the password.
    Password,
    /// The mail server cannot be reached, or the connection was lost.
    Unreachable,
    /// The mail server violated the protocol.
    Misbehaved,
    /// The maildrop is locked, or there are too many connections or requests; a later retry may
    /// succeed.
    Busy,
    /// No folder has this role; it can be created.
    MissingFolder(FolderRole),
    /// The mail server does not support the operation.
    Unsupported,
    /// The browser could not reach this server, or could not parse its response.
    Transport,
    /// An internal error of this server.
    Internal,
}

/// An error for display: complete sentences in the request's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// The category.
    pub kind: ErrorKind,
    /// What happened, and which side caused it.
    pub cause: String,
    /// What the reader can do; may be empty.
    pub fix: String,
    /// The delay before a retry makes sense, in seconds.
    pub retry_after_secs: Option<u32>,
    /// The mail server's reply, verbatim. Untrusted text, never markup.
    pub reply: Option<String>,
    /// The name of the form field at fault.
    pub field: Option<String>,
    /// The id of the log line with the details.
    pub ref_id: String,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)?;
        if !self.fix.is_empty() {
            write!(f, " {}", self.fix)?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

impl ApiError {
    /// The error for a request without a response: there is no network, or the server is down.
    pub fn unreachable(lang: Lang) -> Self {
        Self::transport(lang.error_unreachable(), lang.error_unreachable_fix())
    }

    /// The error for a response that this server does not produce.
    pub fn unreadable(lang: Lang) -> Self {
        Self::transport(lang.error_unreadable(), lang.error_unreadable_fix())
    }

    /// The error for a request without a session.
    pub fn signed_out(lang: Lang) -> Self {
        let (cause, fix) = (lang.error_signed_out(), lang.error_signed_out_fix());
        Self::of(ErrorKind::SignedOut, cause, fix)
    }

    fn transport(cause: Cow<'static, str>, fix: Cow<'static, str>) -> Self {
        Self::of(ErrorKind::Transport, cause, fix)
    }

    /// An error that no mail server, form field or log line belongs to.
    fn of(kind: ErrorKind, cause: Cow<'static, str>, fix: Cow<'static, str>) -> Self {
        Self {
            kind,
            cause: cause.into_owned(),
            fix: fix.into_owned(),
            retry_after_secs: None,
            reply: None,
            field: None,
            ref_id: String::new(),
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    /// Replaces the framework's message, which addresses programmers, by one for readers.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let lang = page::current_lang();
        match error {
            ServerFnErrorErr::Request(_) => Self::unreachable(lang),
            _ => Self::unreadable(lang),
        }
    }
}
