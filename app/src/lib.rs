//! The page and its contract with the server.
//!
//! Compiles twice: for the host (`ssr`), where it renders pages, and for WebAssembly (`hydrate`),
//! where it takes them over. `server` provides [`api::backend::MailBackend`] and
//! [`page::PageContext`] by context.
//!
//! # Invariants
//! - No mail crate is a dependency, under any feature.
//! - Message HTML never enters this document; it lives in a sandboxed frame.
//! - Nothing here reads a clock, the locale or the zone while rendering.

pub mod api;
pub mod page;
pub mod text;
