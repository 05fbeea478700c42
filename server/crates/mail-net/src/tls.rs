//! TLS for implicit TLS and STARTTLS: trusted roots, and the classification of handshake errors.

use std::io;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::deadlines;

/// Which certificates are trusted.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Whether the platform's own roots are trusted.
    pub is_platform_trusted: bool,
    /// Additional roots, as PEM.
    pub ca_pem: Vec<String>,
}

/// Why TLS could not be established. The certificate is checked before a password is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate has expired.
    #[error("the certificate expired")]
    Expired {
        /// End of its validity, in seconds since 1970, if known.
        not_after_unix_secs: Option<u64>,
    },
    /// The certificate is not valid yet, or a clock is wrong.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// The certificate is for other names.
    #[error("the certificate is not for this name")]
    WrongName {
        /// The names it is for.
        presented: Vec<String>,
    },
    /// The certificate's issuer is not trusted.
    #[error("the certificate's issuer is not trusted")]
    Untrusted,
    /// The certificate is not acceptable for another reason.
    #[error("the certificate is not acceptable: {0}")]
    Certificate(String),
    /// The peer does not speak TLS on this port: most likely a port for STARTTLS.
    #[error("the peer does not speak TLS on this port")]
    NotTls,
    /// The peer speaks no version or cipher of TLS 1.2 or later.
    #[error("the peer speaks only old versions of TLS")]
    TooOld,
    /// The handshake exceeded its deadline.
    #[error("the TLS handshake took too long")]
    TimedOut,
    /// The connection ended during the handshake.
    #[error("the connection ended during the TLS handshake")]
    Closed,
    /// The host name is not valid in a certificate.
    #[error("not a host name")]
    BadName,
    /// The configuration holds no usable root or an invalid PEM.
    #[error("no usable trust roots: {0}")]
    NoRoots(String),
    /// The handshake failed for another reason.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
}

impl Trust {
    /// Trusts the platform's own roots.
    pub fn platform() -> Self {
        Self {
            is_platform_trusted: true,
            ca_pem: Vec::new(),
        }
    }

    /// Builds the TLS configuration for this trust. It loads the roots, so call it once.
    ///
    /// # Errors
    /// [`TlsError::NoRoots`].
    pub fn client_config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let extra = self.extra_roots()?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsError::NoRoots(e.to_string()))?;
        if self.is_platform_trusted {
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)
                    .map_err(|e| TlsError::NoRoots(e.to_string()))?;
            let verifier: Arc<dyn ServerCertVerifier> = Arc::new(verifier);
            return Ok(Arc::new(
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(verifier)
                    .with_no_client_auth(),
            ));
        }
        let mut roots = RootCertStore::empty();
        for root in extra {
            roots
                .add(root)
                .map_err(|e| TlsError::NoRoots(e.to_string()))?;
        }
        Ok(Arc::new(
            builder.with_root_certificates(roots).with_no_client_auth(),
        ))
    }

    fn extra_roots(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let mut roots = Vec::new();
        for pem in &self.ca_pem {
            for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.push(root.map_err(|e| TlsError::NoRoots(e.to_string()))?);
            }
        }
        Ok(roots)
    }
}

/// Starts TLS on a connection, for implicit TLS and after STARTTLS.
///
/// # Errors
/// [`TlsError`]; the stream is closed then.
pub async fn start<S>(
    config: &Arc<ClientConfig>,
    host: &str,
    stream: S,
) -> Result<TlsStream<S>, TlsError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::BadName)?;
    let connector = TlsConnector::from(Arc::clone(config));
    match tokio::time::timeout(deadlines::TLS, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(classify(&error)),
        Err(_) => Err(TlsError::TimedOut),
    }
}

fn classify(error: &io::Error) -> TlsError {
    let Some(tls) = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<rustls::Error>())
    else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted => TlsError::Closed,
            _ => TlsError::Handshake(error.to_string()),
        };
    };
    match tls {
        rustls::Error::InvalidCertificate(certificate) => classify_certificate(certificate),
        rustls::Error::InvalidMessage(_) => TlsError::NotTls,
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(
            rustls::AlertDescription::ProtocolVersion | rustls::AlertDescription::HandshakeFailure,
        ) => TlsError::TooOld,
        other => TlsError::Handshake(other.to_string()),
    }
}

fn classify_certificate(error: &CertificateError) -> TlsError {
    match error {
        CertificateError::Expired => TlsError::Expired {
            not_after_unix_secs: None,
        },
        CertificateError::ExpiredContext { not_after, .. } => TlsError::Expired {
            not_after_unix_secs: Some(not_after.as_secs()),
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsError::NotYetValid
        }
        CertificateError::NotValidForName => TlsError::WrongName {
            presented: Vec::new(),
        },
        CertificateError::NotValidForNameContext { presented, .. } => TlsError::WrongName {
            presented: presented.clone(),
        },
        // A root with the same name but another key appears as a bad signature.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsError::Untrusted,
        other => TlsError::Certificate(other.to_string()),
    }
}
