//! Words, sizes, addresses: pure text, the same on host and in the browser.

pub mod address;
pub mod markup;
pub mod size;
pub mod url;
pub mod words;
