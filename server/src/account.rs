//! Accounts: for each (session, account) its connections, its outbox, its undo.
//!
//! [`Accounts`] signs in and makes [`AccountHandle`]s. A handle asks the [`incoming`] side: the
//! task of the IMAP ([`incoming_imap`]) or POP3 ([`incoming_pop3`]) connection that has the answer,
//! so that nobody waits for another one. Messages leave
//! through [`outbox`] and [`outgoing`]. [`backend`] puts it all behind the page's contract, and
//! [`map`] is the only file that sees both domain types and page types.

pub mod backend;
mod backoff;
mod body;
mod bounds;
mod causes;
mod compose;
mod entries;
pub mod error;
mod handle;
mod incoming;
pub(crate) mod incoming_imap;
pub(crate) mod incoming_pop3;
mod ledger;
pub mod locale;
mod mailstore;
mod map;
mod memory;
pub mod model;
mod off_thread;
mod outbox;
pub(crate) mod outgoing;
mod texts;
pub mod uploads;
mod whole;
mod wording;
mod worker;

pub use backend::SessionBackend;
pub use error::AccountError;
pub use handle::{AccountHandle, Accounts, PartDownload, Watcher};
pub use locale::Locale;
pub use model::{Incoming, Outgoing, SignIn};
