//! Interface texts, names, sizes, URLs and escaping: pure functions, identical on the host and in
//! the browser.

pub mod address;
pub mod markup;
pub mod people;
pub mod plain;
pub mod recipients;
pub mod signature;
pub mod size;
pub mod url;
pub mod words;
