//! Words, sizes, addresses: pure text, the same on host and in the browser.

pub mod words;
