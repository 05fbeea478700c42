//! A trusted CA, and the certificates that servers present.

use std::sync::{Arc, OnceLock};

use mail_net::{TlsError, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// The name that a certificate must have.
pub(crate) const HOST: &str = "localhost";
/// The name in [`Certificate::WrongName`].
const OTHER_HOST: &str = "mail.example.org";
/// 2021-01-01: when [`Certificate::Expired`] ended.
const EXPIRED_AT_UNIX_SECS: u64 = 1_609_459_200;

/// The certificate that a server presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    Good,
    Expired,
    NotYetValid,
    WrongName,
    Untrusted,
}

/// Returns each kind of certificate that must be refused, and its error.
pub(crate) fn bad_certificates() -> [(&'static str, Certificate, TlsError); 4] {
    [
        (
            "expired",
            Certificate::Expired,
            TlsError::Expired {
                not_after_unix_secs: Some(EXPIRED_AT_UNIX_SECS),
            },
        ),
        (
            "not_yet_valid",
            Certificate::NotYetValid,
            TlsError::NotYetValid,
        ),
        (
            "wrong_name",
            Certificate::WrongName,
            TlsError::WrongName {
                presented: vec![format!("DnsName(\"{OTHER_HOST}\")")],
            },
        ),
        ("untrusted", Certificate::Untrusted, TlsError::Untrusted),
    ]
}

struct Pki {
    client: Arc<ClientConfig>,
    good: TlsAcceptor,
    expired: TlsAcceptor,
    not_yet_valid: TlsAcceptor,
    wrong_name: TlsAcceptor,
    untrusted: TlsAcceptor,
}

fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let (ca, other_ca) = (new_ca(), new_ca());
        let trust = Trust {
            is_platform_trusted: false,
            ca_pem: vec![ca.pem()],
        };
        Pki {
            client: trust.client_config().unwrap(),
            good: acceptor(&ca, HOST, (2020, 2040)),
            expired: acceptor(&ca, HOST, (2020, 2021)),
            not_yet_valid: acceptor(&ca, HOST, (2040, 2041)),
            wrong_name: acceptor(&ca, OTHER_HOST, (2020, 2040)),
            untrusted: acceptor(&other_ca, HOST, (2020, 2040)),
        }
    })
}

/// Returns the client's configuration: it trusts only the one CA.
pub(crate) fn client_config() -> Arc<ClientConfig> {
    Arc::clone(&pki().client)
}

impl Certificate {
    pub(crate) fn acceptor(self) -> TlsAcceptor {
        let pki = pki();
        match self {
            Self::Good => &pki.good,
            Self::Expired => &pki.expired,
            Self::NotYetValid => &pki.not_yet_valid,
            Self::WrongName => &pki.wrong_name,
            Self::Untrusted => &pki.untrusted,
        }
        .clone()
    }
}

type Ca = CertifiedIssuer<'static, KeyPair>;

fn new_ca() -> Ca {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn acceptor(ca: &Ca, name: &str, (from, until): (i32, i32)) -> TlsAcceptor {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate: CertificateDer<'static> = params.signed_by(&key, ca).unwrap().der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
