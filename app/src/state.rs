//! Client-side state of the open page: the list, the selection, live events.
//!
//! The server creates this state too, with its initial values: effects, timers and streams run in
//! the browser only.

pub mod act;
pub mod api_resource;
pub mod compose_links;
pub mod drafts;
pub mod editor;
pub mod keys;
pub mod list;
pub mod live;
pub mod prefetch;
pub mod prefs;
pub mod rows;
pub mod session;
pub mod snack;
pub mod tab;
pub mod title;
pub mod unsent;
pub mod upload;
pub mod viewport;
