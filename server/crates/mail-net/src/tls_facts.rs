//! TLS parameters of a connection, for diagnostics and channel binding.

use std::net::IpAddr;

use mail_proto::sasl::ChannelBinding;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConnection, ProtocolVersion};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::oid_registry as oid;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The TLS parameters of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// The version, as `1.2` or `1.3`.
    pub version: &'static str,
    /// The IANA name of the cipher suite.
    pub cipher_suite: String,
    /// The server's end-entity certificate, if it can be parsed.
    pub certificate: Option<CertificateFacts>,
}

/// The fields of a certificate that are shown to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The subject alternative names: DNS names and addresses.
    pub names: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// Start of the validity period, in seconds since 1970.
    pub not_before_unix_secs: i64,
    /// End of the validity period, in seconds since 1970.
    pub not_after_unix_secs: i64,
    /// The SHA-256 of the DER encoding, in hex.
    pub sha256: String,
}

impl TlsFacts {
    pub(crate) fn of(connection: &ClientConnection) -> Self {
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "1.3",
            _ => "1.2",
        };
        let suite = connection
            .negotiated_cipher_suite()
            .map(|suite| suite.suite());
        let name = suite.and_then(|suite| suite.as_str().map(str::to_owned));
        Self {
            version,
            cipher_suite: name.unwrap_or_default(),
            certificate: own_certificate(connection).and_then(CertificateFacts::read),
        }
    }
}

impl CertificateFacts {
    /// Parses a certificate. Does not verify it: that is part of the handshake.
    pub fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map_or(&[][..], |names| &names.value.general_names);
        Some(Self {
            names: names.iter().filter_map(name).collect(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_before_unix_secs: validity.not_before.timestamp(),
            not_after_unix_secs: validity.not_after.timestamp(),
            sha256: Sha256::digest(der)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        })
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*octets).map(IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn own_certificate(connection: &ClientConnection) -> Option<&CertificateDer<'static>> {
    connection.peer_certificates()?.first()
}

/// Returns the channel binding of a connection. TLS 1.2 has no exporter that is safe in every case
/// (RFC 9266 §4.2), so `tls-server-end-point` is used there, if the certificate's signature
/// algorithm names a hash.
pub(crate) fn channel_binding(connection: &ClientConnection) -> Option<ChannelBinding> {
    if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
        let label = b"EXPORTER-Channel-Binding";
        let exported = connection.export_keying_material([0; 32], label, Some(b""));
        return exported.ok().map(ChannelBinding::TlsExporter);
    }
    server_end_point(own_certificate(connection)?).map(ChannelBinding::TlsServerEndPoint)
}

/// Returns the hash of a certificate with the hash function of its own signature; SHA-256 replaces
/// MD5 and SHA-1 (RFC 5929 §4.1).
fn server_end_point(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let signature = &certificate.signature_algorithm.algorithm;
    let is = |known: &[oid::Oid<'_>]| known.contains(signature);
    if is(&[
        oid::OID_PKCS1_MD5WITHRSAENC,
        oid::OID_PKCS1_SHA1WITHRSA,
        oid::OID_PKCS1_SHA256WITHRSA,
        oid::OID_SIG_ECDSA_WITH_SHA256,
    ]) {
        Some(Sha256::digest(der).to_vec())
    } else if is(&[oid::OID_PKCS1_SHA384WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA384]) {
        Some(Sha384::digest(der).to_vec())
    } else if is(&[oid::OID_PKCS1_SHA512WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA512]) {
        Some(Sha512::digest(der).to_vec())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // docs/protocols.md, Signing in, TLS and the transcript: TLS
    #[test]
    fn certificate_facts_hold_names_issuer_and_validity() {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = ["imap.example.org".to_owned(), "127.0.0.1".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "imap.example.org");
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        let facts = CertificateFacts::read(certificate.der()).unwrap();
        assert_eq!(facts.names, ["imap.example.org", "127.0.0.1"]);
        assert_eq!(facts.subject, "CN=imap.example.org");
        assert_eq!(facts.issuer, facts.subject);
        assert_eq!(facts.not_before_unix_secs, 1_767_225_600);
        assert_eq!(facts.not_after_unix_secs, 1_798_761_600);
        assert_eq!(facts.sha256.len(), 64);
        // The certificate is signed with ECDSA and SHA-256.
        let end_point = server_end_point(certificate.der()).unwrap();
        assert_eq!(end_point, Sha256::digest(certificate.der()).to_vec());
    }

    #[test]
    fn invalid_der_has_no_facts() {
        let garbage = CertificateDer::from(vec![0x30, 0x82, 0xff, 0xff, 0x00]);
        assert_eq!(CertificateFacts::read(&garbage), None);
        assert_eq!(server_end_point(&garbage), None);
    }
}
