//! When TLS begins on a connection.

/// When TLS begins on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tls {
    /// Before the first byte (ports 465, 993, 995): the driver has it up already.
    Implicit,
    /// By `STARTTLS` or `STLS` (ports 587, 143, 110). Nothing else is said before, and a peer
    /// that does not offer it is an error, never a reason to go on without.
    StartTls,
    /// Never. For peers that the operator allows to be spoken to in plaintext.
    Plain,
}
