//! The log: to standard error, as text on a terminal and as JSON lines elsewhere.
//!
//! Passwords, session ids, mail addresses and message text are never logged: the types that hold
//! them print stars, and a request is logged by the pattern of its route only.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::plain::Plain;

/// The filter without `RUST_LOG`: info of this program, and warnings of the libraries.
const DEFAULT_FILTER: &str = "warn,server=info,mail_net=info";

/// Starts the log. A second call changes nothing.
pub fn start() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Plain(io::stderr()));
    // A second start fails, for example in tests that run several servers.
    let _ = if io::stderr().is_terminal() {
        log.with_target(false).try_init()
    } else {
        log.json().flatten_event(true).try_init()
    };
}
