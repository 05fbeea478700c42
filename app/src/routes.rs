//! Pages, one file per page.
//!
//! Sign-in and notices are plain HTML without the app, rendered by the server only; the other pages
//! are routes of the app.

pub mod compose;
#[cfg(feature = "ssr")]
pub mod composing;
#[cfg(feature = "ssr")]
pub mod contacts;
pub mod dock;
#[cfg(feature = "ssr")]
mod entry_form;
#[cfg(feature = "ssr")]
pub mod identities;
pub mod lazy;
#[cfg(feature = "ssr")]
pub mod login;
pub mod mail;
#[cfg(feature = "ssr")]
pub mod notice;
pub mod outbox;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod plain_page;
#[cfg(feature = "ssr")]
pub mod search_form;
pub mod settings;
#[cfg(feature = "ssr")]
pub mod templates;
#[cfg(feature = "ssr")]
pub mod transcript;

#[cfg(all(test, feature = "ssr"))]
mod tests;
