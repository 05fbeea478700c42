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

use super::parts::{Part, Protocol, ReadAnswer};

/// How long the tests wait for an expected event.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server's action in place of the valid response. In its text `{tag}` is the command's tag.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends this and continues normally.
    Say(&'static str),
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
    left: BTreeSet<usize>,
    /// Every command, without its tag.
    heard: Vec<String>,
    /// How often the fault occurred.
    played: u32,
    /// Messages received by APPEND, whether or not it was answered.
    pub(crate) filed: Vec<String>,
    /// Messages received by SMTP that were acknowledged or left without a reply.
    pub(crate) taken: Vec<String>,
}

impl Seen {
    /// Returns how many commands began with `command`.
    pub(crate) fn count(&self, command: &str) -> usize {
        let heard = self.heard.iter();
        heard.filter(|line| line.starts_with(command)).count()
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
                        seen.left.insert(nth);
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

    /// Sets the server's fault, and resets the count of faults.
    pub(crate) fn fail(&self, fault: Fault) {
        *self.shared.faults.lock().unwrap() = vec![fault];
        self.shared.seen.send_modify(|seen| seen.played = 0);
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
    pub(crate) fn can(&self, capabilities: &'static str) {
        *self.shared.capabilities.lock().unwrap() = Some(capabilities);
    }

    /// Waits until a condition holds.
    pub(crate) async fn until(&self, what: &str, is_so: impl FnMut(&Seen) -> bool) {
        until(&self.shared.seen, what, is_so).await;
    }

    /// Waits until the fault has occurred this many times.
    pub(crate) async fn played(&self, times: u32) {
        self.until("the fault", |seen| seen.played >= times).await;
    }

    /// Waits until the client has closed a connection.
    pub(crate) async fn left(&self, nth: usize) {
        self.until("the client leaves", |seen| seen.left.contains(&nth))
            .await;
    }

    /// Returns how many commands began with `command`.
    pub(crate) fn count(&self, command: &str) -> usize {
        self.shared.seen.borrow().count(command)
    }

    /// Returns the commands that began with `command`, in order.
    pub(crate) fn heard(&self, command: &str) -> Vec<String> {
        let seen = self.shared.seen.borrow();
        let heard = seen.heard.iter().filter(|line| line.starts_with(command));
        heard.cloned().collect()
    }

    /// Returns how often a password was received.
    pub(crate) fn passwords(&self) -> usize {
        ["AUTH", "LOGIN", "PASS"]
            .map(|c| self.count(c))
            .iter()
            .sum()
    }

    /// Waits until the client has closed all but this many connections.
    pub(crate) async fn left_but(&self, open: usize) {
        self.until("the client leaves", |seen| {
            seen.connections - seen.left.len() == open
        })
        .await;
    }

    /// Files a copy, as some servers do themselves.
    pub(crate) fn files(&self, copy: String) {
        self.shared.seen.send_modify(|seen| seen.filed.push(copy));
    }

    /// Returns the copies in Sent that were filed and not expunged.
    pub(crate) fn copies(&self) -> Vec<String> {
        let seen = self.shared.seen.borrow();
        let left = seen.filed.iter().filter(|copy| !copy.is_empty());
        left.cloned().collect()
    }

    /// Returns the messages that the server accepted.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.shared.seen.borrow().taken.clone()
    }

    /// Returns the number of connections.
    pub(crate) fn connections(&self) -> usize {
        self.shared.seen.borrow().connections
    }
}

/// Advances the clock past all deadlines shorter than `time`, without waiting in real time.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Waits until a condition on a server's observations holds.
pub(super) async fn until<T: Debug>(
    told: &watch::Sender<T>,
    what: &str,
    is_so: impl FnMut(&T) -> bool,
) {
    let mut changes = told.subscribe();
    tokio::select! {
        held = changes.wait_for(is_so) => drop(held.unwrap()),
        // Real time: some tests pause tokio's clock.
        () = real_time(PATIENCE) => panic!("{what}: {:?}", told.borrow()),
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

struct Line {
    stream: Box<dyn Duplex>,
    input: Vec<u8>,
}

impl Line {
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
    async fn say(&mut self, words: &str) -> bool {
        let written = self.stream.write_all(words.as_bytes()).await;
        written.is_ok() && self.stream.flush().await.is_ok()
    }

    async fn until_left(&mut self) {
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
    let mut line = Line {
        stream,
        input: Vec::new(),
    };
    if shared.is_implicit {
        line = line.tls().await?;
    }
    let capabilities = *shared.capabilities.lock().unwrap();
    let mut part = Part::new(shared.protocol, shared.is_implicit, capabilities);
    let mut command = String::new();
    let mut tag = String::new();
    loop {
        let fault = shared.fault_at(&command);
        let is_refused = matches!(
            fault,
            Some(Fault {
                act: Act::Say(_),
                ..
            })
        );
        let right = match is_refused && part.refuses(&command) {
            true => ReadAnswer::default(),
            false => part.answer(&tag, &command, &shared.seen),
        };
        let act = match &fault {
            None => Act::Say(""),
            Some(fault) => fault.act.clone(),
        };
        let is_played = fault.is_some();
        let said = |words: &str| words.replace("{tag}", &tag);
        let goes_on = match act {
            Act::Say(_) if !is_played => line.say(&right.words).await,
            Act::Say(words) => line.say(&said(words)).await,
            Act::Close(words) => {
                line.say(&said(words)).await;
                drop(line.stream.shutdown().await);
                shared.played();
                line.until_left().await;
                return None;
            }
            Act::Stall(words) => {
                line.say(&said(words)).await;
                shared.played();
                line.until_left().await;
                return None;
            }
            Act::Flood(head, words) => {
                line.say(&said(head)).await;
                shared.played();
                while line.say(words).await {}
                return None;
            }
        };
        if is_played {
            shared.played();
        }
        if !goes_on {
            return None;
        }
        if right.starts_tls {
            line = line.tls().await?;
            part.has_tls();
        }
        if right.is_last {
            drop(line.stream.shutdown().await);
            line.until_left().await;
            return None;
        }
        let heard = line.next().await?;
        (tag, command) = part.split(&heard);
        let mut filed = None;
        if let Some(length) = part.literal(&command) {
            line.say("+ go on\r\n").await.then_some(())?;
            let mut body = Vec::new();
            while body.len() < length {
                body.extend_from_slice(line.next().await?.as_bytes());
                body.extend_from_slice(b"\r\n");
            }
            // The end of the command, if the literal did not contain it.
            if body.len() == length {
                line.next().await?;
            }
            filed = Some(String::from_utf8_lossy(&body).into_owned());
        }
        shared.seen.send_modify(|seen| {
            seen.heard.push(command.clone());
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

    fn played(&self) {
        self.seen.send_modify(|seen| seen.played += 1);
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
