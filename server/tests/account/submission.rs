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
pub(super) struct Nature {
    /// The lines of EHLO's reply after the first.
    pub(super) offers: Vec<&'static str>,
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

impl Nature {
    /// Returns the extensions of today's servers.
    pub(super) fn modern() -> Self {
        let offers = vec!["PIPELINING", "SIZE 50000000", "CHUNKING", "AUTH PLAIN"];
        Self {
            offers,
            ..Self::default()
        }
    }
}

/// What the server received.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// For each connection, the commands of each answered flight.
    pub(super) connections: Vec<Vec<Vec<String>>>,
    /// The number of open connections.
    pub(super) open: usize,
    /// The messages that the server accepted.
    pub(super) taken: Vec<String>,
}

/// A running server, without TLS.
pub(super) struct Submission {
    pub(super) port: u16,
    pub(super) came: watch::Sender<Came>,
    /// Closes all connections when it is cancelled.
    hang_up: Arc<Mutex<CancellationToken>>,
    _ends: DropGuard,
}

impl Submission {
    pub(super) async fn start(nature: Nature) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let came = watch::Sender::<Came>::default();
        let hang_up = Arc::new(Mutex::new(CancellationToken::new()));
        let ends = CancellationToken::new();
        let (all, stop, drops) = (came.clone(), ends.clone(), Arc::clone(&hang_up));
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
                let mut nth = 0;
                all.send_modify(|came| {
                    nth = came.connections.len();
                    came.connections.push(Vec::new());
                    came.open += 1;
                });
                let (all, nature) = (all.clone(), nature.clone());
                let (stop, hangs_up) = (stop.clone(), drops.lock().unwrap().clone());
                tokio::spawn(async move {
                    let mut served = Served {
                        stream,
                        nature,
                        came: all.clone(),
                        nth,
                        state: State::Commands,
                        mail: String::new(),
                    };
                    tokio::select! {
                        _ = served.run() => {}
                        () = stop.cancelled() => {}
                        () = hangs_up.cancelled() => {}
                    }
                    all.send_modify(|came| came.open -= 1);
                });
            }
        });
        Self {
            port,
            came,
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
        let came = self.came.borrow();
        let flights = came.connections[nth].iter();
        let name = |line: &String| line.split([':', '<']).next().unwrap_or_default().to_owned();
        flights
            .map(|lines| lines.iter().map(name).collect::<Vec<_>>().join(", "))
            .skip_while(|flight| !flight.starts_with("AUTH"))
            .skip(1)
            .collect()
    }

    pub(super) fn connections(&self) -> usize {
        self.came.borrow().connections.len()
    }

    /// Returns how many messages with a subject the server has.
    pub(super) fn arrived(&self, subject: &str) -> usize {
        let came = self.came.borrow();
        let field = format!("Subject: {subject}\r\n");
        came.taken.iter().filter(|m| m.contains(&field)).count()
    }

    /// Waits until a condition holds.
    pub(super) async fn until(&self, what: &str, is_so: impl FnMut(&Came) -> bool) {
        until(&self.came, what, is_so).await;
    }
}

enum State {
    Commands,
    Data,
    /// The remaining octets of a chunk, whether it is the last, and its reply.
    Piece(usize, bool, String),
}

struct Served {
    stream: TcpStream,
    nature: Nature,
    came: watch::Sender<Came>,
    nth: usize,
    state: State,
    mail: String,
}

impl Served {
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
            let replies = self.take(&mut input, &mut commands);
            let is_last = commands.iter().any(|line| line == "QUIT");
            let written = self.stream.write_all(&replies).await;
            if !commands.is_empty() {
                let came = |came: &mut Came| came.connections[self.nth].push(commands);
                self.came.send_modify(came);
            }
            written.ok()?;
            if is_last {
                return None;
            }
        }
    }

    fn take(&mut self, input: &mut Vec<u8>, commands: &mut Vec<String>) -> Vec<u8> {
        let mut replies = Vec::new();
        loop {
            if let State::Piece(left, is_last, reply) = &mut self.state {
                let now = (*left).min(input.len());
                let octets: Vec<u8> = input.drain(..now).collect();
                self.mail.push_str(&String::from_utf8_lossy(&octets));
                *left -= now;
                if *left > 0 {
                    return replies;
                }
                replies.extend_from_slice(reply.as_bytes());
                let (is_taken, is_last) = (reply.starts_with("250"), *is_last);
                self.state = State::Commands;
                if is_last && is_taken {
                    self.end();
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
                self.end();
                replies.extend_from_slice(b"250 2.0.0 queued\r\n");
                continue;
            }
            let is_pipelined = !commands.is_empty();
            commands.push(line.clone());
            if self.nature.cannot_pipeline && is_pipelined {
                replies.extend_from_slice(b"503 5.5.1 out of order\r\n");
                continue;
            }
            replies.extend_from_slice(&self.answer(&line));
        }
    }

    fn end(&mut self) {
        let mail = std::mem::take(&mut self.mail);
        self.came.send_modify(|came| came.taken.push(mail));
    }

    fn answer(&mut self, line: &str) -> Vec<u8> {
        let name = line.split([' ', ':']).next().unwrap_or_default();
        let reply: &[u8] = match name {
            "EHLO" => {
                let mut reply = String::from("250-counts\r\n");
                for offer in &self.nature.offers {
                    reply += &format!("250-{offer}\r\n");
                }
                reply += "250 HELP\r\n";
                return reply.into_bytes();
            }
            "AUTH" => self.nature.auth.unwrap_or(b"235 2.7.0 in\r\n"),
            "RCPT" => self.nature.rcpt.unwrap_or(b"250 2.1.5 good\r\n"),
            "MAIL" | "HELO" | "NOOP" => b"250 2.1.0 good\r\n",
            "RSET" => {
                self.mail.clear();
                b"250 2.0.0 reset\r\n"
            }
            "DATA" => {
                self.state = State::Data;
                b"354 go on\r\n"
            }
            "BDAT" if self.nature.takes_octets_for_commands => {
                b"502 5.5.2 command not recognized\r\n"
            }
            "BDAT" => {
                let mut words = line.split(' ').skip(1);
                let length = words.next().unwrap().parse().unwrap();
                let is_last = words.next().is_some();
                let reply = self.nature.bdat.unwrap_or("250 2.0.0 taken\r\n");
                self.state = State::Piece(length, is_last, reply.to_owned());
                return Vec::new();
            }
            "QUIT" => b"221 2.0.0 bye\r\n",
            _ => b"500 5.5.1 what\r\n",
        };
        reply.to_vec()
    }
}
