//! The demo server against scripted clients: raw lines over real TLS sockets, no client library.

mod client;
mod imap;
mod imap_extensions;
mod lifecycle;
mod pop3;
mod sample;
mod smtp;
mod smtp_extensions;
