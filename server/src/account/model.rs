//! The data of a sign-in, for either protocol.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::api::types::IncomingKind;
use mail_net::{Endpoint, Recorder, TlsMode};
use mail_proto::Secret;

use super::error::AccountError;
use crate::clients::Access;
use crate::domain::{StoredServer, StoredSignIn};

/// An incoming server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// IMAP or POP3.
    pub kind: IncomingKind,
    /// Its host name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
}

/// An outgoing server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its host name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
}

/// The data of a sign-in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The e-mail address.
    pub address: String,
    /// The login name, if it is not the address.
    pub user: Option<String>,
    /// The password.
    pub password: Secret,
    /// The incoming server.
    pub incoming: Incoming,
    /// The outgoing server.
    pub outgoing: Outgoing,
    /// The newest transcript lines of the session's connections, for the diagnosis of failures.
    pub transcript: Recorder,
}

impl SignIn {
    /// Maximum size of a session's transcript, in bytes: about 150 lines.
    pub const TRANSCRIPT_MAX_BYTES: usize = 16 << 10;

    /// The incoming server, with the credentials for it.
    pub(crate) fn incoming_access(&self) -> Access {
        let Incoming {
            host, port, tls, ..
        } = &self.incoming;
        self.access(host, *port, *tls)
    }

    /// The outgoing server, with the credentials for it.
    pub(crate) fn outgoing_access(&self) -> Access {
        let Outgoing { host, port, tls } = &self.outgoing;
        self.access(host, *port, *tls)
    }

    fn access(&self, host: &str, port: u16, tls: TlsMode) -> Access {
        Access {
            endpoint: Endpoint {
                host: host.to_owned(),
                port,
                tls,
            },
            user: self.login().to_owned(),
            password: self.password.clone(),
            transcript: self.transcript.clone(),
        }
    }

    /// The login name.
    pub fn login(&self) -> &str {
        self.user.as_deref().unwrap_or(&self.address)
    }

    /// Returns the form in which it is stored for messages that leave without a session.
    pub(crate) fn to_stored(&self) -> StoredSignIn {
        StoredSignIn {
            address: self.address.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            incoming_kind: self.incoming.kind,
            incoming: StoredServer {
                host: self.incoming.host.clone(),
                port: self.incoming.port,
                tls: self.incoming.tls,
            },
            outgoing: StoredServer {
                host: self.outgoing.host.clone(),
                port: self.outgoing.port,
                tls: self.outgoing.tls,
            },
        }
    }

    /// Restores a sign-in. It has no transcript: no session can show it.
    pub(crate) fn of_stored(stored: StoredSignIn) -> Self {
        let StoredSignIn {
            address,
            user,
            password,
            incoming_kind: kind,
            incoming,
            outgoing,
        } = stored;
        Self {
            address,
            user,
            password,
            incoming: Incoming {
                kind,
                host: incoming.host,
                port: incoming.port,
                tls: incoming.tls,
            },
            outgoing: Outgoing {
                host: outgoing.host,
                port: outgoing.port,
                tls: outgoing.tls,
            },
            transcript: Recorder::new(0),
        }
    }
}

/// Returns the current time, in milliseconds since 1970.
pub(crate) fn now_unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_millis()
        .try_into()
        .unwrap_or(i64::MAX)
}

/// Returns a random id of 16 base64url characters.
///
/// # Errors
/// [`AccountError::Internal`] if the system provides no randomness.
pub(crate) fn random_id() -> Result<String, AccountError> {
    use base64::Engine as _;
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|e| AccountError::Internal(e.to_string()))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}
