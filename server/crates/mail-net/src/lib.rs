//! server/crates/mail-net
