//! The server of Restante: HTTP sessions, and the connections to their mail accounts.
//!
//! A request passes [`http`] (routes, headers, limits), finds its [`session`], and calls the
//! session's [`account`]s through the page's contract (`app::api::backend`), which [`views`]
//! implements. Data that outlives a process is in the [`store`]; [`meaning`] interprets the replies
//! of mail servers; the shared types are in [`domain`].
//!
//! # Invariants
//! - Mail that a mail server stores is never stored here.
//! - Passwords are held in memory only, in `mail_proto::Secret`.
//! - State changes on POST only, after one check of the request's origin.
//! - Message HTML is served as a separate, sandboxed document, and is never edited after it was
//!   sanitized.

#![warn(missing_docs)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation
)]

pub mod account;
pub mod cli;
pub mod clients;
pub mod config;
pub mod domain;
pub mod http;
pub mod limits;
pub mod meaning;
mod plain;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod upkeep;
pub mod views;
