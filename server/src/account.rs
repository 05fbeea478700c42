//! Accounts: for each (session, account) pair its connections, outbox and undo table.
//!
//! [`Accounts`] signs in and makes [`AccountHandle`]s. A handle sends each request to the
//! [`incoming`] side: the task of the IMAP ([`incoming_imap`]) or POP3 ([`incoming_pop3`])
//! connection that serves it, so that one request does not wait for another connection's, or of the
//! folders that are in the store ([`local_mail`]). The [`outbox`] sends messages. The protocol clients are in [`clients`](crate::clients);
//! [`views`](crate::views) formats errors for the page.

mod backoff;
pub(crate) mod body;
mod causes;
pub(crate) mod compose;
mod dependencies;
pub mod error;
pub(crate) mod handle;
pub(crate) mod incoming;
pub(crate) mod incoming_imap;
pub(crate) mod incoming_pop3;
pub(crate) mod judged;
pub mod lists;
mod local_mail;
pub(crate) mod mailstore;
pub mod model;
pub(crate) mod off_thread;
mod open_pages;
mod outbox;
pub(crate) mod search;
pub(crate) mod spooled;
mod typed;
mod undo_table;
pub mod uploads;
pub(crate) mod whole;
pub(crate) mod worker;

pub use error::AccountError;
pub use handle::{AccountHandle, Accounts, PartDownload};
pub use model::{Incoming, Outgoing, SignIn};
pub use open_pages::Watcher;
pub use search::InvalidSearch;
