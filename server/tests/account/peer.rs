//! A scripted mail server that is valid except for one fault at one command.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, crypto};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::parts::{Protocol, Response, ServerSession};

/// How long the tests wait for an expected event.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The server's action in place of the valid response. In its text `{tag}` is the command's tag.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends this and continues normally.
    Reply(&'static str),
    /// Sends this and closes its side (FIN).
    Close(&'static str),
    /// Sends this and then nothing more.
    Stall(&'static str),
    /// Sends the first text, and then the second one as long as the client reads.
    Flood(&'static str, &'static str),
}

/// A fault: the action in place of the response to a command.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The beginning of the command, without its tag; "" is the greeting.
    pub(crate) at: &'static str,
    pub(crate) act: Act,
    /// The number of times; afterwards the server is valid.
    pub(crate) times: u32,
}

/// A running server.
pub(crate) struct Peer {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    _ends: DropGuard,
}

/// What the server has observed.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The number of connections.
    pub(crate) connections: usize,
    /// The connections that the client has closed.
    closed: BTreeSet<usize>,
    /// Every command, without its tag.
    commands: Vec<String>,
    /// How often the fault occurred.
    failures: u32,
    /// Messages received by APPEND, whether or not it was answered.
    pub(crate) filed: Vec<String>,
    /// Messages received by SMTP that were acknowledged or left without a reply.
    pub(crate) accepted: Vec<String>,
}

impl Seen {
    /// Returns how many commands began with `command`.
    pub(crate) fn count(&self, command: &str) -> usize {
        let commands = self.commands.iter();
        commands.filter(|line| line.starts_with(command)).count()
    }
}

pub(crate) struct Shared {
    protocol: Protocol,
    is_implicit: bool,
    faults: Mutex<Vec<Fault>>,
    /// The capabilities of an IMAP server, in place of the usual ones.
    capabilities: Mutex<Option<&'static str>>,
    pub(crate) seen: watch::Sender<Seen>,
    ends: CancellationToken,
}

impl Peer {
    /// Starts a server on loopback, with implicit TLS or STARTTLS.
    pub(crate) async fn start(protocol: Protocol, is_implicit: bool, fault: Option<Fault>) -> Self {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::start_at(anywhere, protocol, is_implicit, fault).await
    }

    /// Starts a server on an address of this machine.
    pub(crate) async fn start_at(
        address: SocketAddr,
        protocol: Protocol,
        is_implicit: bool,
        fault: Option<Fault>,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends = CancellationToken::new();
        let shared = Arc::new(Shared {
            protocol,
            is_implicit,
            faults: Mutex::new(fault.into_iter().collect()),
            capabilities: Mutex::default(),
            seen: watch::Sender::default(),
            ends: ends.clone(),
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) =
                accepting.ends.run_until_cancelled(listener.accept()).await
            {
                let shared = Arc::clone(&accepting);
                let mut nth = 0;
                shared.seen.send_modify(|seen| {
                    nth = seen.connections;
                    seen.connections += 1;
                });
                tokio::spawn(async move {
                    let served = serve(Arc::clone(&shared), Box::new(stream));
                    shared.ends.run_until_cancelled(served).await;
                    shared.seen.send_modify(|seen| {
                        seen.closed.insert(nth);
                    });
                });
            }
        });
        Self {
            port,
            shared,
            _ends: ends.drop_guard(),
        }
    }

    /// Returns the CA certificate that a client has to trust.
    pub(crate) fn ca_pem() -> &'static str {
        &AUTHORITY.ca_pem
    }

    /// Returns what accepts TLS for a server of `localhost` with a certificate of that CA.
    pub(crate) fn acceptor() -> TlsAcceptor {
        AUTHORITY.acceptor.clone()
    }

    /// Sets the server's fault, and resets the count of faults.
    pub(crate) fn fail(&self, fault: Fault) {
        *self.shared.faults.lock().unwrap() = vec![fault];
        self.shared.seen.send_modify(|seen| seen.failures = 0);
    }

    /// Makes the server fail at this command as well, every time.
    pub(crate) fn fail_always(&self, at: &'static str, act: Act) {
        let times = u32::MAX;
        let fault = Fault { at, act, times };
        self.shared.faults.lock().unwrap().push(fault);
    }

    /// The same, once.
    pub(crate) fn fail_once(&self, at: &'static str, act: Act) {
        let fault = Fault { at, act, times: 1 };
        self.shared.faults.lock().unwrap().push(fault);
    }

    /// Sets the capabilities that an IMAP server announces after the sign-in.
    pub(crate) fn set_capabilities(&self, capabilities: &'static str) {
        *self.shared.capabilities.lock().unwrap() = Some(capabilities);
    }

    /// Waits until a condition holds.
    pub(crate) async fn until(&self, what: &str, is_so: impl FnMut(&Seen) -> bool) {
        until(&self.shared.seen, what, is_so).await;
    }

    /// Waits until the fault has occurred this many times.
    pub(crate) async fn until_failed(&self, times: u32) {
        self.until("the fault", |seen| seen.failures >= times).await;
    }

    /// Waits until the client has closed a connection.
    pub(crate) async fn until_closed(&self, nth: usize) {
        self.until("the client leaves", |seen| seen.closed.contains(&nth))
            .await;
    }

    /// Returns how many commands began with `command`.
    pub(crate) fn count(&self, command: &str) -> usize {
        self.shared.seen.borrow().count(command)
    }

    /// Returns the commands that began with `command`, in order.
    pub(crate) fn commands(&self, command: &str) -> Vec<String> {
        let seen = self.shared.seen.borrow();
        let commands = seen
            .commands
            .iter()
            .filter(|line| line.starts_with(command));
        commands.cloned().collect()
    }

    /// Returns how often a password was received.
    pub(crate) fn passwords(&self) -> usize {
        ["AUTH", "LOGIN", "PASS"]
            .map(|c| self.count(c))
            .iter()
            .sum()
    }

    /// Waits until the client has closed all but this many connections.
    pub(crate) async fn until_open(&self, open: usize) {
        self.until("the client leaves", |seen| {
            seen.connections - seen.closed.len() == open
        })
        .await;
    }

    /// Files a copy, as some servers do themselves.
    pub(crate) fn file_copy(&self, copy: String) {
        self.shared.seen.send_modify(|seen| seen.filed.push(copy));
    }

    /// Returns the copies in Sent that were filed and not expunged.
    pub(crate) fn copies(&self) -> Vec<String> {
        let seen = self.shared.seen.borrow();
        let remaining = seen.filed.iter().filter(|copy| !copy.is_empty());
        remaining.cloned().collect()
    }

    /// Returns the messages that the server accepted.
    pub(crate) fn accepted(&self) -> Vec<String> {
        self.shared.seen.borrow().accepted.clone()
    }

    /// Returns the number of connections.
    pub(crate) fn connections(&self) -> usize {
        self.shared.seen.borrow().connections
    }
}

/// Advances the clock past all deadlines shorter than `time`, without waiting in real time.
pub(crate) async fn advance_clock(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Waits until a condition on a server's observations holds.
pub(super) async fn until<T: Debug>(
    observed: &watch::Sender<T>,
    what: &str,
    is_so: impl FnMut(&T) -> bool,
) {
    let mut changes = observed.subscribe();
    tokio::select! {
        held = changes.wait_for(is_so) => drop(held.unwrap()),
        // Real time: some tests pause tokio's clock.
        () = real_time(TIMEOUT) => panic!("{what}: {:?}", observed.borrow()),
    }
}

async fn real_time(time: Duration) {
    let end = std::time::Instant::now() + time;
    while std::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

struct LineStream {
    stream: Box<dyn Duplex>,
    input: Vec<u8>,
}

impl LineStream {
    /// Returns the next line without its end; `None` once the client has closed the connection.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.input.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.input.drain(..end + 2).collect();
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes).await.ok().filter(|n| *n > 0)?;
            self.input.extend_from_slice(&bytes[..count]);
        }
    }

    /// Sends text; returns `false` once the client has closed the connection.
    async fn send(&mut self, text: &str) -> bool {
        let written = self.stream.write_all(text.as_bytes()).await;
        written.is_ok() && self.stream.flush().await.is_ok()
    }

    async fn until_closed(&mut self) {
        while self.next().await.is_some() {}
    }

    async fn tls(self) -> Option<Self> {
        let stream = AUTHORITY.acceptor.accept(self.stream).await.ok()?;
        Some(Self {
            stream: Box::new(stream),
            input: Vec::new(),
        })
    }
}

async fn serve(shared: Arc<Shared>, stream: Box<dyn Duplex>) -> Option<()> {
    let mut client = LineStream {
        stream,
        input: Vec::new(),
    };
    if shared.is_implicit {
        client = client.tls().await?;
    }
    let capabilities = *shared.capabilities.lock().unwrap();
    let mut session = ServerSession::new(shared.protocol, shared.is_implicit, capabilities);
    let mut command = String::new();
    let mut tag = String::new();
    loop {
        let fault = shared.fault_at(&command);
        let is_refused = matches!(
            fault,
            Some(Fault {
                act: Act::Reply(_),
                ..
            })
        );
        let valid = match is_refused && session.refuse(&command) {
            true => Response::default(),
            false => session.respond(&tag, &command, &shared.seen),
        };
        let act = match &fault {
            None => Act::Reply(""),
            Some(fault) => fault.act.clone(),
        };
        let is_fault = fault.is_some();
        let with_tag = |text: &str| text.replace("{tag}", &tag);
        let is_open = match act {
            Act::Reply(_) if !is_fault => client.send(&valid.text).await,
            Act::Reply(text) => client.send(&with_tag(text)).await,
            Act::Close(text) => {
                client.send(&with_tag(text)).await;
                drop(client.stream.shutdown().await);
                shared.count_failure();
                client.until_closed().await;
                return None;
            }
            Act::Stall(text) => {
                client.send(&with_tag(text)).await;
                shared.count_failure();
                client.until_closed().await;
                return None;
            }
            Act::Flood(head, text) => {
                client.send(&with_tag(head)).await;
                shared.count_failure();
                while client.send(text).await {}
                return None;
            }
        };
        if is_fault {
            shared.count_failure();
        }
        if !is_open {
            return None;
        }
        if valid.starts_tls {
            client = client.tls().await?;
            session.set_encrypted();
        }
        if valid.is_last {
            drop(client.stream.shutdown().await);
            client.until_closed().await;
            return None;
        }
        let received = client.next().await?;
        (tag, command) = session.split(&received);
        let mut filed = None;
        if let Some(length) = session.literal(&command) {
            client.send("+ go on\r\n").await.then_some(())?;
            let mut body = Vec::new();
            while body.len() < length {
                body.extend_from_slice(client.next().await?.as_bytes());
                body.extend_from_slice(b"\r\n");
            }
            // The end of the command, if the literal did not contain it.
            if body.len() == length {
                client.next().await?;
            }
            filed = Some(String::from_utf8_lossy(&body).into_owned());
        }
        shared.seen.send_modify(|seen| {
            seen.commands.push(command.clone());
            seen.filed.extend(filed);
            let expunged = command.strip_prefix("UID EXPUNGE ");
            let nth = expunged.and_then(|uid| uid.parse::<usize>().ok()?.checked_sub(4));
            if let Some(copy) = nth.and_then(|nth| seen.filed.get_mut(nth)) {
                copy.clear();
            }
        });
    }
}

impl Shared {
    /// Returns the fault that applies to this command.
    fn fault_at(&self, command: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let due = faults.iter_mut().find(|fault| {
            fault.times > 0
                && (fault.at.is_empty() == command.is_empty())
                && command.starts_with(fault.at)
        })?;
        due.times -= 1;
        Some(due.clone())
    }

    fn count_failure(&self) {
        self.seen.send_modify(|seen| seen.failures += 1);
    }
}

struct Authority {
    ca_pem: String,
    acceptor: TlsAcceptor,
}

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|params| params.signed_by(&key, &ca))
        .unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    Authority {
        ca_pem: ca.pem(),
        acceptor: TlsAcceptor::from(Arc::new(config)),
    }
});
