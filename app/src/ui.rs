//! Components that do not depend on mail.

pub mod dialog;
pub mod dynamic;
pub mod error_banner;
pub mod icon;
pub mod navigator;
pub mod question;
pub mod text_area;

pub use icon::{Icon, IconSymbol};
