//! What goes wrong with certificates, each against a real TLS server on loopback.

use std::sync::Arc;

use mail_net::dial::DialError;
use mail_net::egress::Refusal;
use mail_net::{Dialer, Egress, Endpoint, Listed, TlsError, TlsMode, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Starts a TLS server with a certificate of these names; returns its port.
    async fn serve(&self, names: &[&str], expired: bool) -> u16 {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let _ = stream.write_all(b"* OK ready\r\n").await;
                    }
                });
            }
        });
        port
    }

    fn dialer(&self, port: u16) -> Dialer {
        let trust = Trust {
            is_platform_trusted: false,
            ca_pem: vec![self.0.pem()],
        };
        dialer(trust, port)
    }
}

fn dialer(trust: Trust, port: u16) -> Dialer {
    let listed = Listed {
        host: "localhost".into(),
        ports: vec![port],
        tls: None,
    };
    Dialer::new(
        Egress::listed_only(vec![listed]),
        trust.client_config().unwrap(),
    )
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint {
        host: "localhost".into(),
        port,
        tls: TlsMode::Implicit,
    }
}

async fn failure(dialer: &Dialer, port: u16) -> DialError {
    dialer
        .open(&endpoint(port), None)
        .await
        .expect_err("the dial had to fail")
}

#[tokio::test]
async fn a_certificate_of_the_given_ca_for_the_name_is_trusted() {
    let ca = Ca::new();
    let port = ca.serve(&["localhost"], false).await;
    assert!(ca.dialer(port).open(&endpoint(port), None).await.is_ok());
}

#[tokio::test]
async fn an_expired_certificate_is_named_as_such_with_its_date() {
    let ca = Ca::new();
    let port = ca.serve(&["localhost"], true).await;
    let DialError::Tls(TlsError::Expired {
        not_after_unix_secs,
    }) = failure(&ca.dialer(port), port).await
    else {
        panic!("not told as expired");
    };
    assert_eq!(not_after_unix_secs, Some(1_609_459_200), "2021-01-01");
}

#[tokio::test]
async fn a_certificate_for_another_name_tells_which_names_it_is_for() {
    let ca = Ca::new();
    let port = ca.serve(&["mail.example.org"], false).await;
    let DialError::Tls(TlsError::WrongName { presented }) = failure(&ca.dialer(port), port).await
    else {
        panic!("not told as a wrong name");
    };
    assert!(
        presented.iter().any(|n| n.contains("mail.example.org")),
        "{presented:?}"
    );
}

#[tokio::test]
async fn an_issuer_that_nobody_named_is_not_trusted() {
    let (ca, other) = (Ca::new(), Ca::new());
    let port = ca.serve(&["localhost"], false).await;
    assert_eq!(
        failure(&other.dialer(port), port).await,
        DialError::Tls(TlsError::Untrusted)
    );
}

#[tokio::test]
async fn a_plaintext_port_is_told_from_a_broken_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example.org ESMTP\r\n").await;
            std::mem::forget(stream);
        }
    });
    let ca = Ca::new();
    assert_eq!(
        failure(&ca.dialer(port), port).await,
        DialError::Tls(TlsError::NotTls)
    );
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_refused() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    assert_eq!(
        failure(&Ca::new().dialer(port), port).await,
        DialError::Refused
    );
}

#[tokio::test]
async fn a_name_that_leads_to_loopback_is_fenced_before_anything_is_sent() {
    let ca = Ca::new();
    let port = ca.serve(&["localhost"], false).await;
    let dialer = Dialer::new(
        Egress::public(Vec::new()),
        Trust::default().client_config().unwrap(),
    );
    let refused = |error| matches!(error, DialError::Fenced(Refusal::Port { .. }));
    assert!(refused(failure(&dialer, port).await));
    let on_mail_port = dialer.open(&endpoint(993), None).await.err();
    assert!(
        matches!(
            on_mail_port,
            Some(DialError::Fenced(Refusal::Private { .. }))
        ),
        "{on_mail_port:?}"
    );
}
