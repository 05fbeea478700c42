//! The types that store, accounts and views share.
//!
//! They do nothing but hold values: no I/O, no database, no connection, which `cargo xtask
//! check-layers` proves. Of `app` they name ids and enums without words.

mod account;
pub(crate) mod bounds;
mod change;
mod error_cause;
mod folder;
mod marks;
mod message;
mod outbox;

pub use account::AccountKey;
pub(crate) use change::{Changed, Filed, Filing};
pub use error_cause::{
    DialCause, ErrorCause, LinkCause, NotSentCause, Protocol, Server, ServerReply, Tls, Unsupported,
};
pub(crate) use folder::{Folder, FolderList};
pub(crate) use marks::{Marks, SourceMark, opposite};
pub(crate) use message::{Listing, Opened, OpenedBody, Row, Section};
pub(crate) use outbox::{
    AttachedFile, OutboxMessage, OutboxRow, Outcome, PostedForm, RecipientResult, RowState,
    SentCopy, Typed,
};
