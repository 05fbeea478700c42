//! The public API: data types, errors, the backend contract and the server functions.
//!
//! One file per noun. A server function is a thin adapter: it takes the [`MailBackend`] of the
//! request's session from context, calls one method and returns its answer. `server` implements
//! the trait; `app` knows nothing of mail protocols.
//!
//! [`MailBackend`]: backend::MailBackend

#[cfg(feature = "ssr")]
pub mod backend;
pub mod compose;
pub mod error;
pub mod folder;
pub mod json;
pub mod live;
pub mod message;
pub mod outbox;
pub mod session;
pub mod types;
pub mod wire;

pub use error::{ApiError, ErrorKind};
