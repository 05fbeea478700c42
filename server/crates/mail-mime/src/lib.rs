//! server/crates/mail-mime
