//! The server of Restante: sessions in front, the connections of their mail accounts behind.
//!
//! A request passes [`http`] (routes, headers, limits), finds its [`session`], and asks the
//! session's [`account`]s through the page's contract (`app::api::backend`), which [`views`]
//! answers. What outlives a process is in the [`store`]; what a mail server's words mean is in
//! [`meaning`]; the types that they all share are in [`domain`].
//!
//! # Invariants
//! - Mail that a server keeps is never kept here.
//! - Passwords are in memory only, in `mail_proto::Secret`.
//! - State changes on POST only, past one check of where the request comes from.
//! - Message HTML leaves as a document of its own, in a sandbox, and is never edited once cleaned.

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
