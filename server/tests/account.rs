//! Tests of the account actor against the embedded mail server, through the interface of a page.

mod changes;
mod contradicted;
mod copies;
mod crowded;
mod descriptions;
mod entries;
mod fallback;
mod half_moves;
mod held_up;
mod hostile;
mod imap;
mod leaving;
mod lists;
mod outbox;
pub(crate) mod parts;
pub(crate) mod peer;
mod pop3;
mod reading;
mod recipients;
mod scripted_imap;
mod sending;
mod shown_texts;
mod submission;
pub(crate) mod test_server;
mod texts;
mod trips;
mod words;
