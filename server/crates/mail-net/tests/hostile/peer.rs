//! The server: runs a scripted session, and is hostile at one place of it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use tokio_rustls::server::TlsStream;

use crate::case::{Action, Input, Turn};
use crate::deflate::Deflate;
use crate::link::Reset;
use crate::scram::Exchange;

/// Maximum number of bytes sent of endless data: the client must have stopped reading before.
const ENDLESS_BYTES: usize = 48 << 20;
/// Maximum duration of a slow server.
const TRICKLE: Duration = Duration::from_secs(6 * 3600);
/// Interval between the bytes of a slow server.
pub(crate) const BYTE_EVERY: Duration = Duration::from_millis(200);

/// What a server received and did.
#[derive(Debug, Default)]
pub(crate) struct ServerLog {
    /// Plaintext received where TLS was expected.
    pub(crate) in_clear: Vec<u8>,
    /// Other received bytes, without SMTP messages.
    pub(crate) received: Vec<u8>,
    /// The client's SASL responses.
    pub(crate) sasl_responses: Vec<String>,
    /// A command that was not expected here.
    pub(crate) unexpected_command: Option<String>,
    /// Whether the hostile script ran.
    pub(crate) was_hostile: bool,
    /// Number of messages that were ended, by a single dot or a last chunk.
    pub(crate) ended_messages: usize,
    /// Number of messages that were committed.
    pub(crate) commits: usize,
}

/// The server's end of the connection.
enum Wire {
    Plain(DuplexStream),
    Tls(Box<TlsStream<DuplexStream>>),
    Closed,
}

/// A server that runs a session.
pub(crate) struct Peer {
    wire: Wire,
    reset: Reset,
    /// Bytes that were read and not yet processed.
    unprocessed: Vec<u8>,
    tag: String,
    has_tags: bool,
    awaits_tls: bool,
    /// The last line that was received.
    last_line: String,
    scram: Exchange,
    deflate: Option<Deflate>,
    server_log: ServerLog,
    client_closed: oneshot::Receiver<()>,
}

/// The connection has ended.
struct Disconnected;

/// Which of the following turns are skipped.
enum Skip {
    Nothing,
    RestOfCommand,
    UntilCommand(&'static str),
}

impl Skip {
    fn applies_to(&self, input: Input) -> bool {
        match (self, input) {
            (Self::Nothing, _) | (Self::RestOfCommand, Input::Line(_)) => false,
            (Self::UntilCommand(command), Input::Line(begin)) => !begin.starts_with(command),
            (Self::RestOfCommand | Self::UntilCommand(_), _) => true,
        }
    }
}

impl Peer {
    pub(crate) fn new(
        socket: (DuplexStream, Reset),
        has_tags: bool,
        awaits_tls: bool,
        client_closed: oneshot::Receiver<()>,
    ) -> Self {
        Self {
            wire: Wire::Plain(socket.0),
            reset: socket.1,
            unprocessed: Vec::new(),
            tag: String::new(),
            has_tags,
            awaits_tls,
            last_line: String::new(),
            scram: Exchange::default(),
            deflate: None,
            server_log: ServerLog::default(),
            client_closed,
        }
    }

    /// Runs the session; at `position` it runs `script` instead. Returns when the client has
    /// disconnected.
    pub(crate) async fn serve<P: Copy + PartialEq>(
        mut self,
        turns: &[Turn<P>],
        position: P,
        script: &[Action],
    ) -> ServerLog {
        let _ = self.run_turns(turns, position, script).await;
        while self.read().await.is_ok() {}
        self.server_log
    }

    async fn run_turns<P: Copy + PartialEq>(
        &mut self,
        turns: &[Turn<P>],
        position: P,
        script: &[Action],
    ) -> Result<(), Disconnected> {
        let mut skip = Skip::Nothing;
        for turn in turns {
            if skip.applies_to(turn.input) {
                continue;
            }
            skip = Skip::Nothing;
            self.receive(turn.input).await?;
            if turn.position == position && !self.server_log.was_hostile {
                self.server_log.was_hostile = true;
                // Gives the client time to process the bytes sent before.
                for _ in 0..8 {
                    yield_now().await;
                }
                for action in script {
                    match action {
                        Action::EndCommand => skip = Skip::RestOfCommand,
                        Action::ResumeAt(command) => skip = Skip::UntilCommand(command),
                        _ => {}
                    }
                    self.perform(action, &turn.actions).await?;
                }
            } else {
                for action in &turn.actions {
                    self.perform(action, &[]).await?;
                }
            }
        }
        Ok(())
    }

    async fn receive(&mut self, input: Input) -> Result<(), Disconnected> {
        match input {
            Input::Nothing => {}
            Input::Line(begin) => {
                let line = self.line().await?;
                let mut command = line.as_str();
                if self.has_tags {
                    let (tag, rest) = line.split_once(' ').unwrap_or((&line, ""));
                    tag.clone_into(&mut self.tag);
                    command = rest;
                }
                if !command.starts_with(begin) {
                    return self.unexpected(&line);
                }
            }
            Input::Bare(begin) => {
                let line = self.line().await?;
                if !line.starts_with(begin) {
                    return self.unexpected(&line);
                }
                if begin.is_empty() && !line.is_empty() {
                    self.server_log.sasl_responses.push(line);
                }
            }
            Input::Bytes(count) => {
                while self.unprocessed.len() < count {
                    self.read().await?;
                }
                self.unprocessed.drain(..count);
            }
            Input::Chunk => {
                let line = self.line().await?;
                let mut arguments = line.split(' ').skip(1);
                let Some(count) = arguments.next().and_then(|argument| argument.parse().ok())
                else {
                    return self.unexpected(&line);
                };
                Box::pin(self.receive(Input::Bytes(count))).await?;
                self.server_log.ended_messages += usize::from(arguments.next() == Some("LAST"));
            }
            Input::Dot => {
                while self.line().await? != "." {}
                self.server_log.ended_messages += 1;
            }
        }
        Ok(())
    }

    fn unexpected(&mut self, line: &str) -> Result<(), Disconnected> {
        self.server_log.unexpected_command = Some(line.to_owned());
        Err(Disconnected)
    }

    async fn line(&mut self) -> Result<String, Disconnected> {
        loop {
            if let Some(end) = self.unprocessed.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.unprocessed.drain(..end + 2).collect();
                let line = String::from_utf8_lossy(&line[..end]).into_owned();
                self.last_line.clone_from(&line);
                return Ok(line);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), Disconnected> {
        self.read_at_most(16 << 10).await
    }

    async fn read_at_most(&mut self, count: usize) -> Result<(), Disconnected> {
        let mut bytes = vec![0; count];
        let count = match &mut self.wire {
            Wire::Plain(stream) => stream.read(&mut bytes).await,
            Wire::Tls(stream) => stream.read(&mut bytes).await,
            Wire::Closed => return Err(Disconnected),
        };
        let bytes = match count {
            Ok(count) if count > 0 => &bytes[..count],
            _ => return Err(Disconnected),
        };
        match &mut self.deflate {
            Some(deflate) => self.unprocessed.extend(deflate.decompress(bytes)),
            None => self.unprocessed.extend_from_slice(bytes),
        }
        let record = if self.awaits_tls {
            &mut self.server_log.in_clear
        } else {
            &mut self.server_log.received
        };
        // Enough for every command; messages are not recorded.
        let room = (16_usize << 10).saturating_sub(record.len());
        record.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(())
    }

    async fn perform(&mut self, action: &Action, valid: &[Action]) -> Result<(), Disconnected> {
        match action {
            Action::Send(text) => {
                let text = self.with_tag(text);
                self.write(text.as_bytes()).await
            }
            Action::Scram(mark, kind) => {
                let line = std::mem::take(&mut self.last_line);
                let message = self.scram.message(*kind, &line);
                self.write(format!("{mark}{message}\r\n").as_bytes()).await
            }
            Action::Repeat(line, times) => {
                for n in 0..*times {
                    let line = line.replace('#', &n.to_string());
                    self.write(line.as_bytes()).await?;
                }
                Ok(())
            }
            Action::Endless(text) => {
                let text = text.repeat((8 << 10) / text.len());
                for _ in 0..ENDLESS_BYTES / text.len() {
                    self.write(text.as_bytes()).await?;
                }
                self.stall().await
            }
            Action::Trickle(text) => {
                let until = Instant::now() + TRICKLE;
                while Instant::now() < until {
                    self.send_slowly(text).await?;
                }
                self.stall().await
            }
            Action::Valid => {
                for action in valid {
                    Box::pin(self.perform(action, &[])).await?;
                }
                Ok(())
            }
            Action::ValidSlowly => {
                for action in valid {
                    match action {
                        Action::Send(text) => {
                            let text = self.with_tag(text);
                            self.send_slowly(&text).await?;
                        }
                        Action::Scram(mark, kind) => {
                            let line = self.last_line.clone();
                            let text = self.scram.message(*kind, &line);
                            self.send_slowly(&format!("{mark}{text}\r\n")).await?;
                        }
                        action => Box::pin(self.perform(action, &[])).await?,
                    }
                }
                Ok(())
            }
            Action::HalfOfValid => {
                let whole: String = valid
                    .iter()
                    .map(|action| match action {
                        Action::Send(text) => self.with_tag(text),
                        Action::Scram(mark, kind) => {
                            let line = self.last_line.clone();
                            format!("{mark}{}\r\n", self.scram.message(*kind, &line))
                        }
                        _ => String::new(),
                    })
                    .collect();
                let (half, _) = whole.split_at(whole.len() / 2);
                self.write(half.as_bytes()).await
            }
            Action::Await(input) => self.receive(*input).await,
            Action::EndCommand | Action::ResumeAt(_) => Ok(()),
            Action::ReadSlowly => loop {
                sleep(BYTE_EVERY).await;
                self.read_at_most(1).await?;
            },
            Action::Commit => {
                self.server_log.commits += 1;
                Ok(())
            }
            Action::Handshake(certificate) => self.accept_tls(certificate.acceptor()).await,
            Action::StartDeflate => {
                // The client sends nothing until it has this response, and everything after it
                // compressed.
                self.deflate = Some(Deflate::new());
                Ok(())
            }
            Action::BelowDeflate(bytes) => self.write_raw(bytes).await,
            Action::EndDeflate => {
                let end = self.deflate.as_mut().map(Deflate::end).unwrap_or_default();
                self.write_raw(&end).await
            }
            Action::BelowTls(bytes) => self.write_below_tls(bytes).await,
            Action::Fin => {
                self.wire = Wire::Closed;
                Err(Disconnected)
            }
            Action::Rst => {
                self.reset.arm();
                self.wire = Wire::Closed;
                Err(Disconnected)
            }
            Action::HalfClose => {
                // Below TLS, as a cut connection does it: without a close_notify.
                let _ = match &mut self.wire {
                    Wire::Plain(stream) => stream.shutdown().await,
                    Wire::Tls(stream) => stream.get_mut().0.shutdown().await,
                    Wire::Closed => Ok(()),
                };
                self.stall().await
            }
            Action::Stall => self.stall().await,
            Action::Hang => {
                let _ = (&mut self.client_closed).await;
                Err(Disconnected)
            }
        }
    }

    fn with_tag(&self, text: &str) -> String {
        text.replace('%', &self.tag)
    }

    async fn send_slowly(&mut self, text: &str) -> Result<(), Disconnected> {
        for byte in text.bytes() {
            sleep(BYTE_EVERY).await;
            self.write(&[byte]).await?;
        }
        Ok(())
    }

    async fn stall(&mut self) -> Result<(), Disconnected> {
        while self.read().await.is_ok() {}
        Err(Disconnected)
    }

    async fn accept_tls(
        &mut self,
        acceptor: tokio_rustls::TlsAcceptor,
    ) -> Result<(), Disconnected> {
        let Wire::Plain(stream) = std::mem::replace(&mut self.wire, Wire::Closed) else {
            return Err(Disconnected);
        };
        let stream = acceptor.accept(stream).await.map_err(|_| Disconnected)?;
        self.wire = Wire::Tls(Box::new(stream));
        self.awaits_tls = false;
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Disconnected> {
        match &mut self.deflate {
            Some(deflate) => {
                let compressed = deflate.compress(bytes);
                self.write_raw(&compressed).await
            }
            None => self.write_raw(bytes).await,
        }
    }

    async fn write_raw(&mut self, bytes: &[u8]) -> Result<(), Disconnected> {
        match &mut self.wire {
            Wire::Plain(stream) => write(stream, bytes).await,
            Wire::Tls(stream) => write(stream.as_mut(), bytes).await,
            Wire::Closed => Err(Disconnected),
        }
    }

    async fn write_below_tls(&mut self, bytes: &[u8]) -> Result<(), Disconnected> {
        match &mut self.wire {
            Wire::Plain(stream) => write(stream, bytes).await,
            Wire::Tls(stream) => write(stream.get_mut().0, bytes).await,
            Wire::Closed => Err(Disconnected),
        }
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Disconnected> {
    stream.write_all(bytes).await.map_err(|_| Disconnected)?;
    stream.flush().await.map_err(|_| Disconnected)
}
