//! What a person signs in with, whatever protocol the account speaks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::api::types::IncomingKind;
use mail_net::{Endpoint, Recorder, TlsMode};
use mail_proto::Secret;

use super::error::AccountError;
use crate::clients::Access;

/// A server that mail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// IMAP or POP3.
    pub kind: IncomingKind,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
}

/// A server that mail leaves by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
}

/// What a person signs in with.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The e-mail address.
    pub address: String,
    /// The login name, where it is not the address.
    pub user: Option<String>,
    /// The password.
    pub password: Secret,
    /// Where mail comes from.
    pub incoming: Incoming,
    /// Where mail leaves.
    pub outgoing: Outgoing,
    /// The newest lines of the session's connections, for whoever asks why something failed.
    pub transcript: Recorder,
}

impl SignIn {
    /// How much of a session's transcript is kept: about 150 lines.
    pub const TRANSCRIPT_MAX_BYTES: usize = 16 << 10;

    /// The incoming server, and who signs in there.
    pub(crate) fn incoming_access(&self) -> Access {
        let Incoming {
            host, port, tls, ..
        } = &self.incoming;
        self.access(host, *port, *tls)
    }

    /// The outgoing server, and who signs in there.
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
}

/// The time now, in milliseconds since 1970.
pub(crate) fn now_unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_millis()
        .try_into()
        .unwrap_or(i64::MAX)
}

/// A random id of 16 base64url characters.
///
/// # Errors
/// [`AccountError::Internal`] where the machine gives no randomness.
pub(crate) fn random_id() -> Result<String, AccountError> {
    use base64::Engine as _;
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|e| AccountError::Internal(e.to_string()))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}
