//! A temporary certificate authority with one certificate for this machine.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::Folder;

/// An authority that only the test trusts.
pub(crate) struct Authority {
    folder: Folder,
    ca_pem: String,
}

impl Authority {
    /// Creates an authority and a certificate for `localhost` and 127.0.0.1.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Restante test authority");
        let ca_key = KeyPair::generate().expect("a key");
        let ca = CertifiedIssuer::self_signed(params, ca_key).expect("an authority");

        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(names)
            .and_then(|params| params.signed_by(&key, &ca))
            .expect("a certificate");

        let folder = Folder::new("authority");
        folder.write("ca.pem", &ca.pem());
        folder.write("cert.pem", &certificate.pem());
        folder.write("key.pem", &key.serialize_pem());
        Self {
            folder,
            ca_pem: ca.pem(),
        }
    }

    /// Returns the CA certificate, which the client under test must trust.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }
}
