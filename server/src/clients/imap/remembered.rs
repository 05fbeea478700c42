//! Cache of capabilities by server: a server that reports them only on request costs no extra round
//! trip at the next sign-in.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use mail_net::Endpoint;
use mail_proto::imap::Capabilities;

/// Maximum number of servers in the cache.
const SERVERS_MAX: usize = 1_000;

type Servers = HashMap<Endpoint, Capabilities>;

fn servers() -> MutexGuard<'static, Servers> {
    static SERVERS: LazyLock<Mutex<Servers>> = LazyLock::new(Mutex::default);
    // No holder of the lock can leave the table in an inconsistent state.
    SERVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the capabilities that the server reported after an earlier sign-in.
pub(super) fn capabilities_of(endpoint: &Endpoint) -> Option<Capabilities> {
    servers().get(endpoint).cloned()
}

/// Stores the capabilities of a server.
pub(super) fn put(endpoint: &Endpoint, capabilities: &Capabilities) {
    // Unknown capabilities are dropped: they have any length, and the cache serves all users.
    let capabilities = capabilities.without_others();
    let mut servers = servers();
    if servers.len() >= SERVERS_MAX && !servers.contains_key(endpoint) {
        servers.clear();
    }
    servers.insert(endpoint.clone(), capabilities);
}
