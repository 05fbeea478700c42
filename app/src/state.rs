//! What the page knows while it is open: the list, the selection, what is told live.
//!
//! Everything here is created on the server too, and stays at its first value there: effects,
//! timers and streams run in the browser only.

pub mod act;
pub mod ahead;
pub mod answer;
pub mod keys;
pub mod list;
pub mod live;
pub mod prefs;
pub mod reach;
pub mod rows;
pub mod select;
pub mod session;
pub mod snack;
pub mod title;
pub mod unsent;
pub mod upload;
pub mod viewport;
