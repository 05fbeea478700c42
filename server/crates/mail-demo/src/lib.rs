//! server/crates/mail-demo
