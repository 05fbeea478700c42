//! The TLS mode of a connection.

/// When TLS begins on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tls {
    /// Before the first byte (ports 465, 993, 995): the driver has established TLS already.
    Implicit,
    /// By `STARTTLS` or `STLS` (ports 587, 143, 110), before sign-in. A peer that does not offer it
    /// is an error; the client never continues without TLS.
    StartTls,
    /// Never. For peers to which the operator allows plaintext connections.
    Plain,
}
