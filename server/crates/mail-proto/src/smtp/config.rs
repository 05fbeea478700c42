//! The configuration of a connection.

use super::address::EhloName;
use crate::Limits;
use crate::tls::Tls;

/// The configuration of a connection to one server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// When TLS begins.
    pub tls: Tls,
    /// The name of the client in `EHLO`.
    pub ehlo_name: EhloName,
    /// Whether sign-in over [`Tls::Plain`] is allowed; the operator decides this.
    pub allow_plaintext_login: bool,
    /// Send by `DATA` although `BDAT` is offered, for a server that mishandles it.
    pub prefers_data: bool,
    /// Limits on the server's replies.
    pub limits: Limits,
}

impl Config {
    /// Creates a configuration without plaintext sign-in, with `BDAT` if it is offered, and with
    /// the default limits.
    pub fn new(tls: Tls, ehlo_name: EhloName) -> Self {
        Self {
            tls,
            ehlo_name,
            allow_plaintext_login: false,
            prefers_data: false,
            limits: Limits::default(),
        }
    }
}
