//! Violations of a mechanism.

use alloc::string::String;

/// A violation of the mechanism by the server. The connection is dropped: the peer is not the
/// intended server, or is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SaslError {
    /// A message that the mechanism does not have, or that is not base64.
    #[error("a challenge that the mechanism does not have")]
    MalformedChallenge,
    /// A message after the last one of the exchange.
    #[error("a challenge where none is expected")]
    UnexpectedChallenge,
    /// The server's nonce does not begin with the client's: an old exchange is replayed.
    #[error("a nonce that does not go on from ours")]
    WrongNonce,
    /// The server asks for so few rounds that the password is easy to guess from the client's
    /// proof, or for so many that they only consume CPU time.
    #[error("{asked} rounds of the key derivation, which is outside of 4096 to 600000")]
    Iterations {
        /// The requested number, in the server's digits.
        asked: String,
    },
    /// The server requires an extension of SCRAM.
    #[error("an extension of SCRAM that is not known")]
    UnknownExtension,
    /// The server accepted the client without a proof, or with a wrong proof, that it knows the
    /// password.
    #[error("no proof that the server knows the password")]
    ServerUnproven,
}
