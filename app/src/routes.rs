//! Pages: one file per page.
//!
//! Sign-in and notices are plain HTML without any script and exist on the server only; the others
//! are routes of the app.

pub mod compose;
#[cfg(feature = "ssr")]
pub mod login;
pub mod mail;
#[cfg(feature = "ssr")]
pub mod notice;
pub mod outbox;
pub mod pages;
pub mod settings;

#[cfg(all(test, feature = "ssr"))]
mod tests;
