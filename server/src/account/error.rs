//! Errors of an account, grouped by the component at fault.

use app::api::types::FolderRole;
use mail_mime::address::InvalidAddress;
use mail_proto::smtp;

use super::InvalidSearch;
use crate::clients::ClientError;
use crate::clients::budget::Overloaded;
use crate::domain::{LocalLimit, ServerReply, Unsupported};

/// Why an account could not complete a request.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// A server, or the connection to it, failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A message was not sent, although no server refused it.
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
    /// The server started to move messages and did not complete the move.
    #[error("moved half-way ({state:?}, {moved} moved): {}", reply.as_ref().map_or("", |r| &r.text))]
    HalfMoved {
        /// How many messages were moved.
        moved: u32,
        /// The state of the others.
        state: HalfMove,
        /// The name of the target folder.
        to: String,
        /// The role of the target folder.
        role: Option<FolderRole>,
        /// The server's reply.
        reply: Option<ServerReply>,
    },
    /// A field of the request is invalid.
    #[error("{field}: {problem:?}")]
    Invalid {
        /// The form field.
        field: &'static str,
        /// The problem.
        problem: InvalidField,
    },
    /// A message is malformed or too large to be shown.
    #[error("the message cannot be shown: {0}")]
    Unreadable(String),
    /// The server completed the FETCH of a message without any readable data. It did not report
    /// that the message is expunged.
    #[error("the server gave nothing of the message that can be read")]
    Withheld,
    /// There is no room for a message: no part of it was stored.
    #[error("no room: {0:?}")]
    NoRoom(NoRoom),
    /// The message that was to be replaced has changed.
    #[error("the message to be replaced changed: {0:?}")]
    NotReplaced(NotReplaced),
    /// The message could not be stopped.
    #[error("not stopped: {0:?}")]
    NotStopped(NotStopped),
    /// A mailing list was not left, or it is not known.
    #[error("{host} did not take the request to leave its list: {why:?}")]
    NotLeft {
        /// The host of the list.
        host: String,
        /// Why.
        why: NotLeft,
    },
    /// The session ended and the account's connections are closed.
    #[error("the session ended")]
    SignedOut,
    /// A message's file in the spool is missing, truncated or damaged.
    #[error("the file of a message is lost: {0}")]
    FileLost(String),
    /// A message of a local folder cannot be opened: its record or its file is missing, damaged, or
    /// sealed with a key that is not available.
    #[error("a message that is stored here cannot be opened: {0}")]
    LocalMessageLost(String),
    /// An internal error.
    #[error("internal: {0}")]
    Internal(String),
}

impl AccountError {
    /// Whether the connection is lost, so that the next request needs a new one.
    pub(crate) fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_connection_lost())
    }

    /// Whether a server's response was larger than the limit.
    pub(crate) fn is_over_limit(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_over_limit())
    }
}

impl From<Overloaded> for AccountError {
    fn from(error: Overloaded) -> Self {
        Self::Client(error.into())
    }
}

/// Why a mailing list was not left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotLeft {
    /// The server of the list answered with this HTTP status.
    Refused {
        /// The status.
        status: u16,
    },
    /// No connection to it: nothing was sent.
    Unreachable,
    /// It may have the request, but did not answer as a web server does.
    Unknown,
}

/// Where messages are after a move that was not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HalfMove {
    /// In the source folder: nothing was done to them.
    Untouched,
    /// In the source folder. The copies that the server had made are deleted again.
    Undone,
    /// In both folders.
    InBoth,
    /// In the source folder. Whether copies exist in the target folder is unknown.
    Unknown,
}

/// Which storage limit is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoRoom {
    /// The account's files and queued messages use all of the account's quota.
    Account {
        /// The limit, in bytes.
        max_bytes: u64,
    },
    /// A limit of the drafts that are stored here is reached.
    Drafts(LocalLimit),
    /// A limit of the sent messages that are stored here is reached.
    Sent,
    /// The disk is full, or nearly full.
    Server,
    /// The maximum number of messages is queued.
    Messages {
        /// The limit.
        max: i64,
    },
}

/// Why a message was not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotStopped {
    /// The message is being sent.
    Sending,
    /// The message was sent, or may have been.
    Sent,
    /// The message is queued or being sent: it must be stopped before it is removed.
    Waits,
}

/// Why a message was not replaced by its correction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReplaced {
    /// The message is being sent, or changed before the correction arrived.
    Sending,
    /// The message was sent, or may have been.
    Sent,
    /// This recipient of the correction already received the message.
    Recipient(String),
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidField {
    /// The message has no recipient.
    NoRecipient,
    /// The typed text is not a recipient.
    Address {
        /// The typed text, as one short line.
        text: String,
        /// The problem.
        why: InvalidAddress,
    },
    /// More recipients than one message may have.
    TooManyRecipients {
        /// The limit.
        max: usize,
    },
    /// More messages than one change may name.
    TooManyMessages {
        /// The limit.
        max: usize,
    },
    /// The maximum number of folders is pinned.
    TooManyPinned {
        /// The limit.
        max: usize,
    },
    /// The account has the maximum number of senders whose images are always shown.
    TooManyImageSenders {
        /// The limit.
        max: usize,
    },
    /// The position is not valid for this list: a cursor of another list, or an offset into a
    /// merged list.
    InvalidPosition,
    /// What was typed cannot be searched.
    Search(InvalidSearch),
    /// The account has the maximum number of identities.
    TooManyIdentities {
        /// The limit.
        max: usize,
    },
    /// The account has the maximum number of templates.
    TooManyTemplates {
        /// The limit.
        max: usize,
    },
    /// The template has no name.
    NoTemplateName,
    /// The identity that the message was to be sent with was deleted.
    IdentityGone,
    /// The message has no invitation that can be answered.
    NoInvitation,
    /// The address book has the maximum number of contacts.
    TooManyContacts {
        /// The limit.
        max: usize,
    },
    /// The address book has the maximum number of groups.
    TooManyGroups {
        /// The limit.
        max: usize,
    },
    /// More addresses than a contact or a group may have.
    TooManyAddresses {
        /// The limit.
        max: usize,
    },
    /// The contact has no address.
    NoContactAddress,
    /// The group has no name.
    NoGroupName,
    /// The file is no address book in a known format.
    NoAddressBook,
    /// More files than one message may have.
    TooManyFiles {
        /// The limit.
        max: usize,
    },
    /// The message cannot be passed on as it is: it has an octet that no server takes.
    NotPassedOn,
    /// An attachment no longer exists.
    AttachmentMissing,
    /// The form lists more files than the request contains.
    FilesMissing,
    /// The form was already sent, and its content has changed since.
    FormSent,
    /// The time at which a message is to be sent is not readable, past, or too far ahead.
    SendTime {
        /// How many days ahead it may be.
        max_days: i64,
    },
    /// A text is longer than the limit.
    TextTooLong {
        /// The limit, in bytes.
        max_bytes: usize,
    },
    /// The message is larger than the server accepts.
    TooLarge {
        /// The limit, in bytes.
        max_bytes: u64,
    },
}
