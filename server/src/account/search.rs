//! Searches: what a user typed, and the comparison of a list row with it.

mod matching;
mod typed;

pub(super) use matching::{contains_ignoring_case, row_matches};
pub use typed::InvalidSearch;
pub(super) use typed::TypedSearch;
