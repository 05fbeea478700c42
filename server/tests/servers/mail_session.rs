//! A line-by-line client without a protocol: it proves that the fixtures respond, without any code
//! of the product.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::Authority;

pub(super) trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

pub(super) struct Session {
    wire: BufReader<Box<dyn Wire>>,
}

impl Session {
    /// Connects with implicit TLS.
    pub(super) fn implicit(authority: &Authority, port: u16) -> Self {
        Self::over(secured(authority, connect(port)))
    }

    /// Connects in plaintext.
    pub(super) fn plain(port: u16) -> Self {
        Self::over(Box::new(connect(port)))
    }

    /// Connects in plaintext, reads the greeting, sends `command`, reads its response and starts
    /// TLS.
    pub(super) fn upgraded(authority: &Authority, port: u16, command: &str) -> Self {
        let mut tcp = connect(port);
        line_in_the_clear(&mut tcp);
        tcp.write_all(command.as_bytes())
            .expect("the command is sent");
        // A busy Dovecot sends `* OK Waiting for authentication process` in between.
        while line_in_the_clear(&mut tcp).starts_with('*') {}
        Self::over(secured(authority, tcp))
    }

    fn over(wire: Box<dyn Wire>) -> Self {
        Self {
            wire: BufReader::new(wire),
        }
    }

    /// Returns the next line, without its end.
    pub(super) fn line(&mut self) -> String {
        let mut line = String::new();
        self.wire.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// Sends bytes unchanged.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let wire = self.wire.get_mut();
        wire.write_all(bytes).expect("the bytes are sent");
        wire.flush().expect("the bytes are sent");
    }

    /// Sends a line and reads up to the line that begins with `end`; returns all of it.
    pub(super) fn request(&mut self, line: &str, end: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        let mut all = String::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty() || !all.is_empty(), "closed after {all}");
            all.push_str(&line);
            all.push('\n');
            if line.starts_with(end) {
                return all;
            }
        }
    }
}

fn connect(port: u16) -> TcpStream {
    let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    tcp.set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a timeout");
    tcp
}

/// Reads byte by byte: the bytes after the line belong to TLS.
fn line_in_the_clear(tcp: &mut TcpStream) -> String {
    let mut line = String::new();
    let mut byte = [0];
    while !line.ends_with('\n') {
        tcp.read_exact(&mut byte).expect("a line in the clear");
        line.push(char::from(byte[0]));
    }
    line
}

fn secured(authority: &Authority, tcp: TcpStream) -> Box<dyn Wire> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(authority.ca_pem().as_bytes()).expect("a certificate");
    roots.add(ca).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let tls = ClientConnection::new(Arc::new(config), name).expect("a TLS client");
    Box::new(StreamOwned::new(tls, tcp))
}
