//! Certificate errors, each against a real TLS server on loopback.

use std::sync::Arc;

use mail_net::dial::DialError;
use mail_net::drive::Transport;
use mail_net::egress::Refusal;
use mail_net::https::{FormPost, PostError, post_form};
use mail_net::{Connection, Dialer, Egress, Endpoint, Listed, Phase, TlsError, TlsMode, Trust};
use mail_proto::pop3;
use mail_proto::sasl::{ChannelBinding, Credentials};
use mail_proto::{Limits, Secret};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Starts a TLS server with a certificate for these names; returns its port.
    async fn serve(&self, names: &[&str], is_expired: bool) -> u16 {
        let acceptor = self.acceptor(names, is_expired, rustls::DEFAULT_VERSIONS);
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

    fn acceptor(
        &self,
        names: &[&str],
        is_expired: bool,
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsAcceptor {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if is_expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
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

async fn dial_error(dialer: &Dialer, port: u16) -> DialError {
    dialer
        .open(&endpoint(port), None)
        .await
        .expect_err("the dial had to fail")
}

// docs/protocols.md, Signing in, TLS and the transcript: TLS
#[tokio::test]
async fn certificate_of_the_configured_ca_for_the_name_is_trusted() {
    let ca = Ca::new();
    let port = ca.serve(&["localhost"], false).await;
    assert!(ca.dialer(port).open(&endpoint(port), None).await.is_ok());
}

// docs/protocols.md, Signing in, TLS and the transcript: TLS
#[tokio::test]
async fn expired_certificate_is_reported_with_its_date() {
    let ca = Ca::new();
    let port = ca.serve(&["localhost"], true).await;
    let DialError::Tls(TlsError::Expired {
        not_after_unix_secs,
    }) = dial_error(&ca.dialer(port), port).await
    else {
        panic!("not told as expired");
    };
    assert_eq!(not_after_unix_secs, Some(1_609_459_200), "2021-01-01");
}

// docs/protocols.md, Signing in, TLS and the transcript: TLS
#[tokio::test]
async fn wrong_name_error_lists_the_names_of_the_certificate() {
    let ca = Ca::new();
    let port = ca.serve(&["mail.example.org"], false).await;
    let DialError::Tls(TlsError::WrongName { presented }) =
        dial_error(&ca.dialer(port), port).await
    else {
        panic!("not told as a wrong name");
    };
    assert!(
        presented.iter().any(|n| n.contains("mail.example.org")),
        "{presented:?}"
    );
}

#[tokio::test]
async fn certificate_of_an_unknown_issuer_is_not_trusted() {
    let (ca, other) = (Ca::new(), Ca::new());
    let port = ca.serve(&["localhost"], false).await;
    assert_eq!(
        dial_error(&other.dialer(port), port).await,
        DialError::Tls(TlsError::Untrusted)
    );
}

#[tokio::test]
async fn plaintext_port_is_reported_as_not_tls() {
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
        dial_error(&ca.dialer(port), port).await,
        DialError::Tls(TlsError::NotTls)
    );
}

#[tokio::test]
async fn connection_to_a_closed_port_is_refused() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    assert_eq!(
        dial_error(&Ca::new().dialer(port), port).await,
        DialError::Refused
    );
}

#[tokio::test]
async fn name_that_resolves_to_loopback_is_fenced_before_connecting() {
    let ca = Ca::new();
    let port = ca.serve(&["localhost"], false).await;
    let dialer = Dialer::new(
        Egress::public(Vec::new()),
        Trust::default().client_config().unwrap(),
    );
    let refused = |error| matches!(error, DialError::Fenced(Refusal::Port { .. }));
    assert!(refused(dial_error(&dialer, port).await));
    let on_mail_port = dialer.open(&endpoint(993), None).await.err();
    assert!(
        matches!(
            on_mail_port,
            Some(DialError::Fenced(Refusal::Private { .. }))
        ),
        "{on_mail_port:?}"
    );
}

/// Returns both ends of a TLS connection of one version.
async fn tls_pair(
    ca: &Ca,
    version: &'static SupportedProtocolVersion,
) -> (
    Connection<pop3::Client, tokio::io::DuplexStream>,
    TlsStream<tokio::io::DuplexStream>,
) {
    let (ours, theirs) = duplex(1 << 16);
    let acceptor = ca.acceptor(&["localhost"], false, &[version]);
    let trust = Trust {
        is_platform_trusted: false,
        ca_pem: vec![ca.0.pem()],
    };
    let config = trust.client_config().unwrap();
    let (stream, server) = tokio::join!(
        mail_net::tls::start(&config, "localhost", ours),
        acceptor.accept(theirs)
    );
    let machine = pop3::Client::new(pop3::Config {
        tls: TlsMode::Implicit,
        allow_plaintext_login: false,
        limits: Limits::default(),
    });
    let transport = Transport::Tls(Box::new(stream.unwrap()));
    let connection = Connection::new(machine, transport, config, "localhost", Phase::SignIn);
    (connection, server.unwrap())
}

fn ann() -> Credentials {
    Credentials::new("ann", Secret::new("hunter2")).unwrap()
}

// docs/protocols.md, Signing in, TLS and the transcript: channel binding
#[tokio::test]
async fn rfc9266_tls_1_3_binds_a_sign_in_to_exported_key_material() {
    let (mut connection, server) = tls_pair(&Ca::new(), &version::TLS13).await;
    let label = b"EXPORTER-Channel-Binding";
    let server = server.get_ref().1;
    let theirs = server.export_keying_material([0; 32], label, Some(b""));
    let sign_in = connection.sign_in(ann());
    assert_eq!(
        sign_in.channel_binding,
        Some(ChannelBinding::TlsExporter(theirs.unwrap()))
    );
    let again = connection.sign_in(ann());
    assert!(sign_in.nonce.is_some() && sign_in.nonce != again.nonce);
}

// docs/protocols.md, Signing in, TLS and the transcript: channel binding
#[tokio::test]
async fn rfc5929_tls_1_2_binds_a_sign_in_to_the_certificate() {
    let (mut connection, _server) = tls_pair(&Ca::new(), &version::TLS12).await;
    let Some(ChannelBinding::TlsServerEndPoint(hash)) = connection.sign_in(ann()).channel_binding
    else {
        panic!("no binding");
    };
    let facts = connection.tls_facts().unwrap();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(Some(hash), facts.certificate.map(|facts| facts.sha256));
    assert_eq!(facts.version, "1.2");
}

// docs/protocols.md, Signing in, TLS and the transcript: TLS
#[tokio::test]
async fn tls_facts_hold_version_cipher_suite_and_certificate() {
    let ca = Ca::new();
    let (connection, _server) = tls_pair(&ca, &version::TLS13).await;
    let facts = connection.tls_facts().unwrap();
    assert_eq!(facts.version, "1.3");
    assert!(facts.cipher_suite.starts_with("TLS13_AES"), "{facts:?}");
    assert_eq!(facts.certificate.unwrap().names, ["localhost"]);
}

#[tokio::test]
async fn tcp_keepalive_probes_start_after_two_minutes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let endpoint = Endpoint {
        host: "localhost".into(),
        port,
        tls: TlsMode::Plain,
    };
    let transport = dialer(Trust::default(), port).open(&endpoint, None).await;
    let Transport::Plain(stream) = transport.unwrap() else {
        panic!("TLS on a plain connection");
    };
    let socket = socket2::SockRef::from(&stream);
    assert!(socket.keepalive().unwrap());
    let keepalive_time = socket.tcp_keepalive_time().unwrap();
    assert_eq!(keepalive_time, std::time::Duration::from_secs(120));
}

/// Posts a form to a web server that sends this response; returns the result and the request.
async fn posted(response: &'static str, names: &[&str]) -> (Result<u16, PostError>, String) {
    let ca = Ca::new();
    let acceptor = ca.acceptor(names, false, rustls::DEFAULT_VERSIONS);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let mut buffer = [0; 4096];
            while !request.ends_with("One-Click") {
                match stream.read(&mut buffer).await {
                    Ok(count) if count > 0 => {
                        request += str::from_utf8(&buffer[..count]).unwrap();
                    }
                    _ => break,
                }
            }
            let _ = stream.write_all(response.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        request
    });
    let post = FormPost {
        host: "localhost".to_owned(),
        port,
        target: "/leave?u=1".to_owned(),
        form: "List-Unsubscribe=One-Click",
    };
    let status = post_form(&ca.dialer(port), &post).await;
    (status, server.await.unwrap())
}

#[tokio::test]
async fn a_form_is_posted_once_without_cookies_and_its_status_is_returned() {
    let ok = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok";
    let (status, request) = posted(ok, &["localhost"]).await;
    assert_eq!(status, Ok(200));
    let (head, form) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(form, "List-Unsubscribe=One-Click");
    let mut lines: Vec<_> = head.lines().map(str::to_lowercase).collect();
    assert_eq!(lines.remove(0), "post /leave?u=1 http/1.1");
    let names: Vec<_> = lines
        .iter()
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(
        names,
        ["host", "content-type", "connection", "content-length"]
    );
}

#[tokio::test]
async fn a_redirect_is_a_status_and_is_not_followed() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(posted(moved, &["localhost"]).await.0, Ok(302));
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    for response in ["* OK ready\r\n", "", "HTTP/1.1 "] {
        let (status, _) = posted(response, &["localhost"]).await;
        assert!(
            matches!(status, Err(PostError::Http(_))),
            "{response}: {status:?}"
        );
    }
}

#[tokio::test]
async fn a_form_is_not_sent_to_a_server_of_another_name() {
    let (status, request) = posted("HTTP/1.1 200 OK\r\n\r\n", &["other.example"]).await;
    let error = TlsError::WrongName {
        presented: vec!["DnsName(\"other.example\")".to_owned()],
    };
    assert_eq!(status, Err(PostError::Dial(DialError::Tls(error))));
    assert_eq!(request, "");
}

#[tokio::test(start_paused = true)]
async fn a_message_cannot_name_a_web_server_that_is_not_public() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own_port = listener.local_addr().unwrap().port();
    let config = Trust::default().client_config().unwrap();
    for (egress, host, port) in [
        (Egress::public(Vec::new()), "127.0.0.1", 443),
        (Egress::public(Vec::new()), "localhost", 443),
        (Egress::public(Vec::new()), "[::1]", 443),
        (Egress::public(Vec::new()), "127.0.0.1", own_port),
        (Egress::listed_only(Vec::new()), "lists.example", 443),
    ] {
        let post = FormPost {
            host: host.to_owned(),
            port,
            target: "/".to_owned(),
            form: "",
        };
        let status = post_form(&Dialer::new(egress, Arc::clone(&config)), &post).await;
        let is_refused = matches!(
            status,
            Err(PostError::Dial(
                DialError::Fenced(_) | DialError::NameNotFound
            ))
        );
        assert!(is_refused, "{host}: {status:?}");
    }
}
