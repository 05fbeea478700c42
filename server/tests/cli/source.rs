//! The content of a maildrop, read by a client that shares no code with the product.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use mail_demo::{ADDRESS, Demo, PASSWORD};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Returns every message of the demo's maildrop, by its unique id.
pub(super) async fn messages(demo: &Demo) -> HashMap<String, Vec<u8>> {
    let mut maildrop = Maildrop::open(demo).await;
    maildrop.send("UIDL").await;
    let ids: Vec<String> = maildrop
        .lines()
        .await
        .iter()
        .map(|line| {
            let line = String::from_utf8_lossy(line);
            line.trim_end().split_once(' ').unwrap().1.to_owned()
        })
        .collect();
    let mut messages = HashMap::new();
    let numbered: Vec<(u32, String)> = (1..).zip(ids).collect();
    for ahead in numbered.chunks(100) {
        let commands = ahead.iter().map(|(number, _)| format!("RETR {number}\r\n"));
        maildrop.write(&commands.collect::<String>()).await;
        for (_, id) in ahead {
            maildrop.ok("RETR").await;
            messages.insert(id.clone(), maildrop.lines().await.concat());
        }
    }
    maildrop.send("QUIT").await;
    messages
}

struct Maildrop(BufReader<TlsStream<TcpStream>>);

impl Maildrop {
    async fn open(demo: &Demo) -> Self {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(demo.ca_pem().as_bytes()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let address = (Ipv4Addr::LOCALHOST, demo.ports().pop3s);
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let mut this = Self(BufReader::new(
            connector.connect(name, stream).await.unwrap(),
        ));
        this.line().await;
        this.send(&format!("USER {ADDRESS}")).await;
        this.send(&format!("PASS {PASSWORD}")).await;
        this
    }

    async fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).await.unwrap();
        line
    }

    async fn send(&mut self, command: &str) {
        self.write(&format!("{command}\r\n")).await;
        self.ok(command).await;
    }

    async fn write(&mut self, commands: &str) {
        let stream = self.0.get_mut();
        stream.write_all(commands.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }

    async fn ok(&mut self, command: &str) {
        let reply = self.line().await;
        assert!(reply.starts_with(b"+OK"), "{command}: {reply:?}");
    }

    /// Reads the lines up to the single dot, without stuffed dots.
    async fn lines(&mut self) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        loop {
            let mut line = self.line().await;
            if line == b".\r\n" {
                return lines;
            }
            if line.starts_with(b".") {
                line.remove(0);
            }
            lines.push(line);
        }
    }
}
