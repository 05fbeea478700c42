//! Errors as the page gets them: cause and fix in the reader's language.

use std::borrow::Cow;
use std::fmt;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use super::types::{FolderRole, Lang};
use crate::page;

/// What sort of trouble it is: enough for the page to choose what to offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The session is over.
    SignedOut,
    /// No such folder, message, part or entry.
    NotFound,
    /// The request itself does not fit, in the named field if there is one.
    Invalid,
    /// Too large to be taken.
    TooLarge,
    /// There is no room for it: in the account's quota, or on this server.
    NoRoom,
    /// The mail server refused the request.
    Refused,
    /// The mail server refused the password.
    Password,
    /// The mail server cannot be reached, or the link broke.
    Unreachable,
    /// The mail server broke the rules of the protocol.
    Misbehaved,
    /// The maildrop is locked, or there are too many connections or requests: later.
    Busy,
    /// There is no folder with this role; it can be made.
    MissingFolder(FolderRole),
    /// What was asked for cannot be done with this mail server.
    Unsupported,
    /// The browser could not reach this server, or its answer made no sense.
    Transport,
    /// A fault of ours.
    Internal,
}

/// An error ready to be shown: finished sentences in the request's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// What sort of trouble.
    pub kind: ErrorKind,
    /// What happened, and whose fault it was.
    pub cause: String,
    /// What to do about it; may be empty.
    pub fix: String,
    /// When a new try makes sense, in seconds.
    pub retry_after_secs: Option<u32>,
    /// The mail server's own words. Data, never markup.
    pub reply: Option<String>,
    /// The form field at fault.
    pub field: Option<String>,
    /// The line in the log that holds the whole story.
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
    /// The browser got no answer from this server: there is no network, or the server is down.
    pub fn unreachable(lang: Lang) -> Self {
        Self::transport(lang.error_unreachable(), lang.error_unreachable_fix())
    }

    /// Something answered, and it is not what this server says.
    pub fn unreadable(lang: Lang) -> Self {
        Self::transport(lang.error_unreadable(), lang.error_unreadable_fix())
    }

    fn transport(cause: Cow<'static, str>, fix: Cow<'static, str>) -> Self {
        Self {
            kind: ErrorKind::Transport,
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

    /// The framework's own words are for its users, who are programmers: people get ours.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let lang = page::lang_here();
        match error {
            ServerFnErrorErr::Request(_) => Self::unreachable(lang),
            _ => Self::unreadable(lang),
        }
    }
}
