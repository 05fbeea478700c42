//! Page types made from domain types, with dates in the reader's time zone and finished sentences.
//!
//! Only this layer constructs the page's types (checked by `cargo xtask check-layers`).
//! [`SessionBackend`] implements the page's contract: it calls the session's accounts and converts
//! their results to page types and texts.

mod backend;
mod cards;
mod compose;
mod locale;
mod map;
mod people;
mod wording;

pub use backend::{SessionBackend, SiteSettings};
pub(crate) use cards::cards;
pub(crate) use compose::{draft, stored_draft};
pub use locale::Locale;
pub(crate) use map::{account_view, upload_view};
