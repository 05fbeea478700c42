//! The sign-in of an account whose messages leave after its session ended.

use app::api::types::IncomingKind;
pub(crate) use mail_proto::Secret;

use super::Tls;

/// What is needed to sign in to an account's servers without its user.
#[derive(Debug, Clone)]
pub(crate) struct StoredSignIn {
    /// The e-mail address.
    pub(crate) address: String,
    /// The login name, if it is not the address.
    pub(crate) user: Option<String>,
    pub(crate) password: Secret,
    pub(crate) incoming_kind: IncomingKind,
    pub(crate) incoming: StoredServer,
    pub(crate) outgoing: StoredServer,
}

/// A server of a stored sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredServer {
    /// Its host name or IP address.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
}
