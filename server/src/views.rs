//! What the page is given: domain types as page types, dates in the reader's zone, and sentences.
//!
//! This room makes the page's types, and no other (`cargo xtask check-layers`). [`SessionBackend`]
//! answers the page's contract: it asks the session's accounts and words what they say.

mod backend;
mod compose;
mod entries;
mod ledger;
mod locale;
mod map;
mod wording;

pub use backend::SessionBackend;
pub(crate) use compose::{draft, typed};
pub use locale::Locale;
pub(crate) use map::{account_view, upload_view};
