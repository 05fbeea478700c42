//! The channel binding of an exchange to one TLS connection (RFC 5056).

use alloc::vec::Vec;
use core::fmt;

/// The channel binding of one TLS connection. It prevents an attacker in the middle from relaying
/// the exchange to another connection.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// `tls-exporter` (RFC 9266), for TLS 1.3: 32 octets known only to the two endpoints.
    TlsExporter([u8; 32]),
    /// `tls-server-end-point` (RFC 5929 §4): the hash of the server's certificate.
    TlsServerEndPoint(Vec<u8>),
}

impl ChannelBinding {
    /// Returns its registered name.
    ///
    /// ```abnf
    /// cb-name = 1*(ALPHA / DIGIT / "." / "-")
    /// ```
    /// RFC 5802 §7.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TlsExporter(_) => "tls-exporter",
            Self::TlsServerEndPoint(_) => "tls-server-end-point",
        }
    }

    /// Returns the octets on which both endpoints have to agree.
    pub(super) fn data(&self) -> &[u8] {
        match self {
            Self::TlsExporter(data) => data,
            Self::TlsServerEndPoint(hash) => hash,
        }
    }
}

impl fmt::Debug for ChannelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
