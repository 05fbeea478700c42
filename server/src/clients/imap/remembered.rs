//! What servers can do, by what they told an earlier connection: those that tell it only when asked
//! cost no round trip for it at the next sign-in.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use mail_net::Endpoint;
use mail_proto::imap::Capabilities;

/// The most servers that are remembered.
const SERVERS_MAX: usize = 1_000;

type Servers = HashMap<Endpoint, Capabilities>;

fn servers() -> MutexGuard<'static, Servers> {
    static SERVERS: LazyLock<Mutex<Servers>> = LazyLock::new(Mutex::default);
    // Nothing that holds the lock can leave the table half changed.
    SERVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a server told behind its last sign-in.
pub(super) fn capabilities_of(endpoint: &Endpoint) -> Option<Capabilities> {
    servers().get(endpoint).cloned()
}

/// Remembers what a server can do.
pub(super) fn put(endpoint: &Endpoint, capabilities: &Capabilities) {
    // Words of unknown length that nobody here asks about are not kept for other people.
    let capabilities = capabilities.without_others();
    let mut servers = servers();
    if servers.len() >= SERVERS_MAX && !servers.contains_key(endpoint) {
        servers.clear();
    }
    servers.insert(endpoint.clone(), capabilities);
}
