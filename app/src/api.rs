//! The contract between page and server: data types, errors, the backend trait and the server
//! functions.
//!
//! A server function is a thin adapter: it takes the [`MailBackend`] of the request's session from
//! context, calls one method and returns its result. The `server` crate implements the trait; `app`
//! has no mail protocol code.
//!
//! [`MailBackend`]: backend::MailBackend

#[cfg(feature = "ssr")]
pub mod backend;
pub mod compose;
pub mod composing;
pub mod contacts;
pub mod error;
pub mod folder;
pub mod folder_role;
pub mod identity;
pub mod json;
pub mod live;
pub mod message;
pub mod outbox;
pub mod people;
pub mod session;
pub mod template;
pub mod types;
pub mod wire;

pub use error::{ApiError, ErrorKind};
