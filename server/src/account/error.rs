//! Everything that can go wrong with an account, by whose fault it was.

use app::api::types::FolderRole;
use mail_mime::address::InvalidAddress;
use mail_proto::smtp;

use crate::clients::ClientError;
use crate::clients::budget::Overloaded;
use crate::domain::{ServerReply, Unsupported};

/// Why an account could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// A server did not do what was asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A message was not sent, and nobody refused it.
    #[error("not sent: {cause}")]
    NotSent {
        /// Why.
        cause: smtp::Cause,
    },
    /// No such folder, message or part.
    #[error("not found")]
    NotFound,
    /// No folder has this role.
    #[error("no folder for {0:?}")]
    MissingFolder(FolderRole),
    /// The mail server cannot do this.
    #[error("not possible with this server: {0:?}")]
    Unsupported(Unsupported),
    /// The server began to move messages and did not end it.
    #[error("moved half-way ({state:?}, {moved} moved): {}", reply.as_ref().map_or("", |r| &r.text))]
    HalfMoved {
        /// How many were moved all the same.
        moved: u32,
        /// Where the others are.
        state: HalfMove,
        /// The name of the folder where they were to go.
        to: String,
        /// Its role.
        role: Option<FolderRole>,
        /// The server's words.
        reply: Option<ServerReply>,
    },
    /// A field of the request does not fit.
    #[error("{field}: {problem:?}")]
    Invalid {
        /// The form field.
        field: &'static str,
        /// What is wrong with it.
        problem: InvalidField,
    },
    /// A message is broken or too large to be shown.
    #[error("the message cannot be shown: {0}")]
    Unreadable(String),
    /// The server answers as if it gave a message, without anything of it that can be read. It did
    /// not say that the message is gone.
    #[error("the server gave nothing of the message that can be read")]
    Withheld,
    /// There is no room for a message: nothing of it was kept.
    #[error("no room: {0:?}")]
    NoRoom(NoRoom),
    /// The message that was to be replaced is not as it was any more.
    #[error("the message to be replaced changed: {0:?}")]
    NotReplaced(NotReplaced),
    /// The message could not be stopped.
    #[error("not stopped: {0:?}")]
    NotStopped(NotStopped),
    /// The account's connections are gone: the session ended.
    #[error("the session ended")]
    SignedOut,
    /// A message's file in the spool is not there, was cut, or is damaged.
    #[error("the file of a message is lost: {0}")]
    FileLost(String),
    /// A fault of ours.
    #[error("internal: {0}")]
    Internal(String),
}

impl AccountError {
    /// Whether a connection is gone, so that the next request needs a new one.
    pub(crate) fn is_link_lost(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_link_lost())
    }

    /// Whether a server's answer was larger than what is taken.
    pub(crate) fn is_over_limit(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_over_limit())
    }
}

impl From<Overloaded> for AccountError {
    fn from(error: Overloaded) -> Self {
        Self::Client(error.into())
    }
}

/// Where messages are whose move ended half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HalfMove {
    /// Where they were: nothing was done to them.
    Untouched,
    /// Where they were. Copies that the server had made are deleted again.
    Undone,
    /// In both folders.
    InBoth,
    /// Where they were. Nothing tells whether copies lie in the other folder.
    Unknown,
}

/// Which room is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoRoom {
    /// The account's files and waiting messages take all that they may.
    Account {
        /// The most, in bytes.
        max_bytes: u64,
    },
    /// The disk is full, or as good as.
    Server,
    /// As many messages wait as may.
    Messages {
        /// The most.
        max: i64,
    },
}

/// Why a message was not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotStopped {
    /// It is being sent at this moment.
    Sending,
    /// It was sent, or may have been.
    Sent,
    /// It waits to be sent, or is being sent: it is not removed before it is stopped.
    Waits,
}

/// Why a message was not replaced by its correction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReplaced {
    /// It is being sent at this moment, or changed while the correction came.
    Sending,
    /// It was sent, or may have been.
    Sent,
    /// This recipient of the correction has it.
    Recipient(String),
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidField {
    /// Nobody to send to.
    NoRecipient,
    /// Not a recipient as it was typed.
    Address {
        /// What was typed, on one short line.
        text: String,
        /// What is wrong with it.
        why: InvalidAddress,
    },
    /// More recipients than one message may have.
    TooManyRecipients {
        /// The most.
        max: usize,
    },
    /// More messages than one change may name.
    TooManyMessages {
        /// The most.
        max: usize,
    },
    /// As many folders are pinned as may be.
    TooManyPinned {
        /// The most.
        max: usize,
    },
    /// No place of this list: a cursor of another one, or an offset where rows are merged.
    NoSuchPlace,
    /// More files than one message may have.
    TooManyFiles {
        /// The most.
        max: usize,
    },
    /// An attachment is not there any more.
    UploadGone,
    /// The form shows more files than came with it.
    FilesMissing,
    /// A message left by this form, and what is in it now is another one.
    FormSent,
    /// A text is longer than what is taken.
    TextTooLong {
        /// The most, in bytes.
        max_bytes: usize,
    },
    /// The message is larger than what the server takes.
    TooLarge {
        /// The most, in bytes.
        max_bytes: u64,
    },
}
