//! A test client for line-based protocols and TLS, without protocol logic.

use std::sync::Arc;
use std::time::Duration;

use mail_demo::{Demo, Options};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// 21 November 2026, 17:00 in the owner's zone.
pub(crate) const NOW_UNIX_MS: i64 = 1_795_251_600_000;

/// Maximum time to wait for a response, far above what a response takes.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Starts a demo with an INBOX of `messages`; `None` for the sample.
pub(crate) async fn demo(messages: Option<u32>) -> Demo {
    Demo::start(Options {
        messages,
        mail_every: None,
        now_unix_ms: NOW_UNIX_MS,
        ..Options::default()
    })
    .await
    .unwrap()
}

/// The `PLAIN` message with the correct password, in base64.
pub(crate) const PLAIN: &str = "AGRlbW8AZGVtbw==";

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) struct Client {
    stream: BufReader<Box<dyn Stream>>,
    connector: TlsConnector,
}

impl Client {
    /// Connects in plaintext and trusts the demo's CA only.
    pub(crate) async fn plain(demo: &Demo, port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(demo.ca_pem().as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            stream: BufReader::new(Box::new(stream)),
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    /// Connects over TLS and checks the certificate for `localhost`.
    pub(crate) async fn tls(demo: &Demo, port: u16) -> Self {
        Self::plain(demo, port).await.upgraded("localhost").await
    }

    pub(crate) async fn upgraded(self, name: &'static str) -> Self {
        assert!(
            self.stream.buffer().is_empty(),
            "the server spoke before TLS"
        );
        let name = ServerName::try_from(name).unwrap();
        let stream = self
            .connector
            .connect(name, self.stream.into_inner())
            .await
            .unwrap();
        Self {
            stream: BufReader::new(Box::new(stream)),
            connector: self.connector,
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_octets(text.as_bytes()).await;
    }

    pub(crate) async fn send_octets(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Reads one line without its CRLF; an empty string at the end of the stream.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.stream.read_until(b'\n', &mut line);
        timeout(TIMEOUT, read).await.expect("no line came").unwrap();
        if line.is_empty() {
            return String::new();
        }
        let line = String::from_utf8_lossy(&line);
        line.strip_suffix("\r\n")
            .expect("a line without CRLF")
            .to_owned()
    }

    /// Reads lines up to and including the first for which `is_last` is true.
    pub(crate) async fn lines_until(&mut self, is_last: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            assert!(
                !line.is_empty() || !lines.last().is_some_and(String::is_empty),
                "the end came after {lines:?}"
            );
            let ended = is_last(&line);
            lines.push(line);
            if ended {
                return lines;
            }
        }
    }

    /// Sends an IMAP command and returns all lines up to its tagged response.
    pub(crate) async fn imap(&mut self, command: &str) -> Vec<String> {
        self.send(&format!("t {command}\r\n")).await;
        self.lines_until(|line| line.starts_with("t ")).await
    }

    /// Sends a line and returns the first line of the response.
    pub(crate) async fn exchange(&mut self, line: &str) -> String {
        self.send(&format!("{line}\r\n")).await;
        self.line().await
    }

    /// Sends an SMTP command and returns all lines of its reply.
    pub(crate) async fn smtp(&mut self, line: &str) -> Vec<String> {
        self.send(&format!("{line}\r\n")).await;
        self.smtp_reply().await
    }

    pub(crate) async fn smtp_reply(&mut self) -> Vec<String> {
        self.lines_until(|line| line.as_bytes().get(3) != Some(&b'-'))
            .await
    }

    /// Sends a POP3 command and returns the lines of its multi-line response without the final dot.
    pub(crate) async fn pop3_list(&mut self, line: &str) -> Vec<String> {
        self.send(&format!("{line}\r\n")).await;
        let mut lines = self
            .lines_until(|line| line == "." || line.starts_with("-ERR"))
            .await;
        lines.pop();
        lines
    }

    /// Returns whether the server closes the connection without further output.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        let read = timeout(TIMEOUT, self.stream.read_to_end(&mut rest))
            .await
            .expect("still open");
        // A missing TLS close_notify and a reset both count as the end.
        read.is_err() || rest.is_empty()
    }

    /// Returns whether nothing arrives for 200 ms.
    pub(crate) async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(200), self.stream.fill_buf())
            .await
            .is_err()
    }
}

/// Signs in by IMAP over TLS and selects INBOX.
pub(crate) async fn imap_in_inbox(demo: &Demo) -> Client {
    let mut client = imap_signed_in(demo).await;
    assert!(
        client
            .imap("SELECT INBOX")
            .await
            .last()
            .unwrap()
            .starts_with("t OK [READ-WRITE]")
    );
    client
}

pub(crate) async fn imap_signed_in(demo: &Demo) -> Client {
    let mut client = Client::tls(demo, demo.ports().imaps).await;
    assert!(
        client
            .line()
            .await
            .starts_with("* OK [CAPABILITY IMAP4rev1 ")
    );
    assert!(client.imap("LOGIN demo@restante.test demo").await[0].starts_with("t OK [CAPABILITY "));
    client
}

/// Signs in by POP3 over TLS.
pub(crate) async fn pop3_signed_in(demo: &Demo) -> Client {
    let mut client = Client::tls(demo, demo.ports().pop3s).await;
    assert!(client.line().await.starts_with("+OK"));
    assert!(client.exchange("USER demo").await.starts_with("+OK"));
    assert!(client.exchange("PASS demo").await.starts_with("+OK"));
    client
}

/// Signs in by SMTP over TLS.
pub(crate) async fn smtp_signed_in(demo: &Demo) -> Client {
    let mut client = Client::tls(demo, demo.ports().smtps).await;
    assert!(client.line().await.starts_with("220 "));
    client.smtp("EHLO client.example").await;
    assert_eq!(
        client.exchange(&format!("AUTH PLAIN {PLAIN}")).await,
        "235 2.7.0 signed in"
    );
    client
}
