//! An outgoing server that records flights: commands received together are answered together.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::peer::until;

/// Length of the silence that ends a flight.
const SILENCE: Duration = Duration::from_millis(60);

/// The behaviour of the server.
#[derive(Debug, Clone, Default)]
pub(super) struct Behaviour {
    /// The lines of EHLO's reply after the first.
    pub(super) ehlo_lines: Vec<&'static str>,
    /// The reply to every BDAT.
    pub(super) bdat: Option<&'static str>,
    /// Whether BDAT is unknown: its octets are taken for commands.
    pub(super) takes_octets_for_commands: bool,
    /// Whether pipelined commands are refused as out of order.
    pub(super) cannot_pipeline: bool,
    /// The reply to AUTH.
    pub(super) auth: Option<&'static [u8]>,
    /// The reply to RCPT.
    pub(super) rcpt: Option<&'static [u8]>,
}

impl Behaviour {
    /// Returns the extensions of today's servers.
    pub(super) fn modern() -> Self {
        let ehlo_lines = vec!["PIPELINING", "SIZE 50000000", "CHUNKING", "AUTH PLAIN"];
        Self {
            ehlo_lines,
            ..Self::default()
        }
    }
}

/// What the server received.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// For each connection, the commands of each answered flight.
    pub(super) connections: Vec<Vec<Vec<String>>>,
    /// The number of open connections.
    pub(super) open: usize,
    /// The messages that the server accepted.
    pub(super) accepted: Vec<String>,
}

/// A running server, without TLS.
pub(super) struct Submission {
    pub(super) port: u16,
    pub(super) received: watch::Sender<Received>,
    /// Closes all connections when it is cancelled.
    hang_up: Arc<Mutex<CancellationToken>>,
    _ends: DropGuard,
}

impl Submission {
    pub(super) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = watch::Sender::<Received>::default();
        let hang_up = Arc::new(Mutex::new(CancellationToken::new()));
        let ends = CancellationToken::new();
        let (all, stop, drops) = (received.clone(), ends.clone(), Arc::clone(&hang_up));
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
                let mut nth = 0;
                all.send_modify(|received| {
                    nth = received.connections.len();
                    received.connections.push(Vec::new());
                    received.open += 1;
                });
                let (all, behaviour) = (all.clone(), behaviour.clone());
                let (stop, hangs_up) = (stop.clone(), drops.lock().unwrap().clone());
                tokio::spawn(async move {
                    let mut session = Session {
                        stream,
                        behaviour,
                        received: all.clone(),
                        nth,
                        state: State::Commands,
                        mail: String::new(),
                    };
                    tokio::select! {
                        _ = session.run() => {}
                        () = stop.cancelled() => {}
                        () = hangs_up.cancelled() => {}
                    }
                    all.send_modify(|received| received.open -= 1);
                });
            }
        });
        Self {
            port,
            received,
            hang_up,
            _ends: ends.drop_guard(),
        }
    }

    /// Closes all open connections.
    pub(super) fn hang_up(&self) {
        let mut hang_up = self.hang_up.lock().unwrap();
        hang_up.cancel();
        *hang_up = CancellationToken::new();
    }

    /// Returns the flights of a connection after its sign-in, each as the names of its commands.
    pub(super) fn flights(&self, nth: usize) -> Vec<String> {
        let received = self.received.borrow();
        let flights = received.connections[nth].iter();
        let name = |line: &String| line.split([':', '<']).next().unwrap_or_default().to_owned();
        flights
            .map(|lines| lines.iter().map(name).collect::<Vec<_>>().join(", "))
            .skip_while(|flight| !flight.starts_with("AUTH"))
            .skip(1)
            .collect()
    }

    pub(super) fn connections(&self) -> usize {
        self.received.borrow().connections.len()
    }

    /// Returns how many messages with a subject the server has.
    pub(super) fn arrived(&self, subject: &str) -> usize {
        let received = self.received.borrow();
        let field = format!("Subject: {subject}\r\n");
        received
            .accepted
            .iter()
            .filter(|m| m.contains(&field))
            .count()
    }

    /// Waits until a condition holds.
    pub(super) async fn until(&self, what: &str, is_so: impl FnMut(&Received) -> bool) {
        until(&self.received, what, is_so).await;
    }
}

enum State {
    Commands,
    Data,
    /// The remaining octets of a chunk, whether it is the last, and its reply.
    Chunk(usize, bool, String),
}

struct Session {
    stream: TcpStream,
    behaviour: Behaviour,
    received: watch::Sender<Received>,
    nth: usize,
    state: State,
    mail: String,
}

impl Session {
    async fn run(&mut self) -> Option<()> {
        self.stream.write_all(b"220 counts ESMTP\r\n").await.ok()?;
        let mut input = Vec::new();
        loop {
            let mut bytes = vec![0; 64 << 10];
            let read = self.stream.read(&mut bytes).await.ok().filter(|n| *n > 0)?;
            input.extend_from_slice(&bytes[..read]);
            while let Ok(read) = tokio::time::timeout(SILENCE, self.stream.read(&mut bytes)).await {
                let read = read.ok().filter(|n| *n > 0)?;
                input.extend_from_slice(&bytes[..read]);
            }
            let mut commands = Vec::new();
            let replies = self.receive(&mut input, &mut commands);
            let is_last = commands.iter().any(|line| line == "QUIT");
            let written = self.stream.write_all(&replies).await;
            if !commands.is_empty() {
                let received =
                    |received: &mut Received| received.connections[self.nth].push(commands);
                self.received.send_modify(received);
            }
            written.ok()?;
            if is_last {
                return None;
            }
        }
    }

    fn receive(&mut self, input: &mut Vec<u8>, commands: &mut Vec<String>) -> Vec<u8> {
        let mut replies = Vec::new();
        loop {
            if let State::Chunk(remaining, is_last, reply) = &mut self.state {
                let now = (*remaining).min(input.len());
                let octets: Vec<u8> = input.drain(..now).collect();
                self.mail.push_str(&String::from_utf8_lossy(&octets));
                *remaining -= now;
                if *remaining > 0 {
                    return replies;
                }
                replies.extend_from_slice(reply.as_bytes());
                let (is_taken, is_last) = (reply.starts_with("250"), *is_last);
                self.state = State::Commands;
                if is_last && is_taken {
                    self.accept_message();
                }
                continue;
            }
            let Some(end) = input.windows(2).position(|two| two == b"\r\n") else {
                return replies;
            };
            let line: Vec<u8> = input.drain(..end + 2).collect();
            let line = String::from_utf8_lossy(&line[..end]).into_owned();
            if matches!(self.state, State::Data) {
                if line != "." {
                    self.mail.push_str(&line);
                    self.mail.push_str("\r\n");
                    continue;
                }
                commands.push(line);
                self.state = State::Commands;
                self.accept_message();
                replies.extend_from_slice(b"250 2.0.0 queued\r\n");
                continue;
            }
            let is_pipelined = !commands.is_empty();
            commands.push(line.clone());
            if self.behaviour.cannot_pipeline && is_pipelined {
                replies.extend_from_slice(b"503 5.5.1 out of order\r\n");
                continue;
            }
            replies.extend_from_slice(&self.reply_to(&line));
        }
    }

    fn accept_message(&mut self) {
        let mail = std::mem::take(&mut self.mail);
        self.received
            .send_modify(|received| received.accepted.push(mail));
    }

    fn reply_to(&mut self, line: &str) -> Vec<u8> {
        let name = line.split([' ', ':']).next().unwrap_or_default();
        let reply: &[u8] = match name {
            "EHLO" => {
                let mut reply = String::from("250-counts\r\n");
                for ehlo_line in &self.behaviour.ehlo_lines {
                    reply += &format!("250-{ehlo_line}\r\n");
                }
                reply += "250 HELP\r\n";
                return reply.into_bytes();
            }
            "AUTH" => self.behaviour.auth.unwrap_or(b"235 2.7.0 in\r\n"),
            "RCPT" => self.behaviour.rcpt.unwrap_or(b"250 2.1.5 good\r\n"),
            "MAIL" | "HELO" | "NOOP" => b"250 2.1.0 good\r\n",
            "RSET" => {
                self.mail.clear();
                b"250 2.0.0 reset\r\n"
            }
            "DATA" => {
                self.state = State::Data;
                b"354 go on\r\n"
            }
            "BDAT" if self.behaviour.takes_octets_for_commands => {
                b"502 5.5.2 command not recognized\r\n"
            }
            "BDAT" => {
                let mut arguments = line.split(' ').skip(1);
                let length = arguments.next().unwrap().parse().unwrap();
                let is_last = arguments.next().is_some();
                let reply = self.behaviour.bdat.unwrap_or("250 2.0.0 taken\r\n");
                self.state = State::Chunk(length, is_last, reply.to_owned());
                return Vec::new();
            }
            "QUIT" => b"221 2.0.0 bye\r\n",
            _ => b"500 5.5.1 what\r\n",
        };
        reply.to_vec()
    }
}
