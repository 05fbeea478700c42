//! The protocol clients against servers of other authors: Dovecot, Courier and Postfix of Debian.
//!
//! `cargo xtask test` installs the servers and runs this program separately (`--only servers`); its
//! other parts skip it, by the name of its one module.

mod servers;
