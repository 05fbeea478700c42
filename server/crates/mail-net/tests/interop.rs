//! The protocol engines against servers that their authors did not write: Dovecot, Courier and
//! Postfix of Debian.
//!
//! `cargo xtask test` installs what they need and runs this program on its own (`--only servers`);
//! the other parts leave it out, by the name of its one module.

mod servers;
