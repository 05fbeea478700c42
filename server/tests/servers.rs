//! Real servers from Debian, each in its own folder on free ports of this machine, for tests of the
//! product against software of other authors.
//!
//! `cargo xtask test` installs the servers and runs this module separately (`--only servers`); its
//! other parts skip it. A server stops when its value is dropped. All functions block: they wait
//! for processes.

mod behind_nginx;
mod fixtures;
mod left_alone;
mod machine;
mod mail_session;
mod namespaces;
mod nginx;
mod product;
mod program;
mod reading;
mod real_server;
mod searching;
mod sending;
mod stored;

use self::machine::{
    ADDRESS, Authority, Dovecot, Folder, OTHER_ADDRESS, PASSWORD, Postfix, Running, free_port,
    tool, wait_for,
};
use self::nginx::Nginx;
