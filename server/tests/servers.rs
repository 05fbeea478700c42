//! Real servers from Debian, each in a folder of its own on free ports of this machine, for the
//! cases that prove the product against software its authors did not write.
//!
//! `cargo xtask test` installs what they need and runs this module on its own
//! (`--only servers`); the other parts leave it out. A server ends with the value that stands for
//! it. All functions block: they wait for processes.

mod behind_nginx;
mod fixtures;
mod machine;
mod mail_session;
mod namespaces;
mod nginx;
mod product;

use self::machine::{
    ADDRESS, Authority, Dovecot, Folder, OTHER_ADDRESS, PASSWORD, Postfix, Running, free_port,
    tool, wait_for,
};
use self::nginx::Nginx;
