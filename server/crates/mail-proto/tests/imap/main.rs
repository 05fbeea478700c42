//! The IMAP client against scripted servers.
//!
//! Every session runs with the server's bytes whole, byte by byte and at 64 random cuts, and must
//! produce equal events and equal commands each time.

mod broken;
mod commands;
mod compression;
mod extensions;
mod hostile;
mod idle;
mod literals;
mod mailboxes;
mod messages;
mod opening;
mod oracle;
mod property;
mod quota;
mod resync;
mod searching;
mod selected;
mod servers;
mod sign_in;
mod talk;
mod threads;
