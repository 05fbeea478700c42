//! The account actor against the embedded mail server: what a page would see of it.

mod imap;
mod outbox;
mod pop3;
pub(crate) mod stage;
