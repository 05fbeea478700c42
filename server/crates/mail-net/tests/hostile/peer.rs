//! The server: runs a scripted session, and is hostile at one place of it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use tokio_rustls::server::TlsStream;

use crate::case::{Do, Hears, Turn};
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
pub(crate) struct Heard {
    /// Plaintext received where TLS was expected.
    pub(crate) in_clear: Vec<u8>,
    /// Other received bytes, without SMTP messages.
    pub(crate) received: Vec<u8>,
    /// The client's SASL responses.
    pub(crate) answers: Vec<String>,
    /// A command that was not expected here.
    pub(crate) surprise: Option<String>,
    /// Whether the hostile script ran.
    pub(crate) was_hostile: bool,
    /// Number of messages that were ended, by a single dot or a last chunk.
    pub(crate) dots: usize,
    /// Number of messages that were committed.
    pub(crate) commits: usize,
}

/// The server's end of the connection.
enum Wire {
    Plain(DuplexStream),
    Tls(Box<TlsStream<DuplexStream>>),
    Gone,
}

/// A server that runs a session.
pub(crate) struct Peer {
    wire: Wire,
    reset: Reset,
    /// Bytes that were read and not yet processed.
    unheard: Vec<u8>,
    tag: String,
    has_tags: bool,
    awaits_tls: bool,
    /// The last line that was received.
    last_line: String,
    scram: Exchange,
    deflate: Option<Deflate>,
    heard: Heard,
    client_left: oneshot::Receiver<()>,
}

/// The connection has ended.
struct Over;

/// Which of the following turns are skipped.
enum LeftOut {
    Nothing,
    OfThisCommand,
    Before(&'static str),
}

impl LeftOut {
    fn holds(&self, hears: Hears) -> bool {
        match (self, hears) {
            (Self::Nothing, _) | (Self::OfThisCommand, Hears::Line(_)) => false,
            (Self::Before(command), Hears::Line(begin)) => !begin.starts_with(command),
            (Self::OfThisCommand | Self::Before(_), _) => true,
        }
    }
}

impl Peer {
    pub(crate) fn new(
        link: (DuplexStream, Reset),
        has_tags: bool,
        awaits_tls: bool,
        client_left: oneshot::Receiver<()>,
    ) -> Self {
        Self {
            wire: Wire::Plain(link.0),
            reset: link.1,
            unheard: Vec::new(),
            tag: String::new(),
            has_tags,
            awaits_tls,
            last_line: String::new(),
            scram: Exchange::default(),
            deflate: None,
            heard: Heard::default(),
            client_left,
        }
    }

    /// Runs the session; at `place` it runs `script` instead. Returns when the client has
    /// disconnected.
    pub(crate) async fn converse<P: Copy + PartialEq>(
        mut self,
        turns: &[Turn<P>],
        place: P,
        script: &[Do],
    ) -> Heard {
        let _ = self.take_turns(turns, place, script).await;
        while self.read().await.is_ok() {}
        self.heard
    }

    async fn take_turns<P: Copy + PartialEq>(
        &mut self,
        turns: &[Turn<P>],
        place: P,
        script: &[Do],
    ) -> Result<(), Over> {
        let mut left_out = LeftOut::Nothing;
        for turn in turns {
            if left_out.holds(turn.hears) {
                continue;
            }
            left_out = LeftOut::Nothing;
            self.hear(turn.hears).await?;
            if turn.place == place && !self.heard.was_hostile {
                self.heard.was_hostile = true;
                // Gives the client time to process the bytes sent before.
                for _ in 0..8 {
                    yield_now().await;
                }
                for act in script {
                    match act {
                        Do::EndCommand => left_out = LeftOut::OfThisCommand,
                        Do::ResumeAt(command) => left_out = LeftOut::Before(command),
                        _ => {}
                    }
                    self.act(act, &turn.says).await?;
                }
            } else {
                for act in &turn.says {
                    self.act(act, &[]).await?;
                }
            }
        }
        Ok(())
    }

    async fn hear(&mut self, what: Hears) -> Result<(), Over> {
        match what {
            Hears::Nothing => {}
            Hears::Line(begin) => {
                let line = self.line().await?;
                let mut command = line.as_str();
                if self.has_tags {
                    let (tag, rest) = line.split_once(' ').unwrap_or((&line, ""));
                    tag.clone_into(&mut self.tag);
                    command = rest;
                }
                if !command.starts_with(begin) {
                    return self.surprised(&line);
                }
            }
            Hears::Bare(begin) => {
                let line = self.line().await?;
                if !line.starts_with(begin) {
                    return self.surprised(&line);
                }
                if begin.is_empty() && !line.is_empty() {
                    self.heard.answers.push(line);
                }
            }
            Hears::Bytes(count) => {
                while self.unheard.len() < count {
                    self.read().await?;
                }
                self.unheard.drain(..count);
            }
            Hears::Chunk => {
                let line = self.line().await?;
                let mut words = line.split(' ').skip(1);
                let Some(count) = words.next().and_then(|word| word.parse().ok()) else {
                    return self.surprised(&line);
                };
                Box::pin(self.hear(Hears::Bytes(count))).await?;
                self.heard.dots += usize::from(words.next() == Some("LAST"));
            }
            Hears::Dot => {
                while self.line().await? != "." {}
                self.heard.dots += 1;
            }
        }
        Ok(())
    }

    fn surprised(&mut self, line: &str) -> Result<(), Over> {
        self.heard.surprise = Some(line.to_owned());
        Err(Over)
    }

    async fn line(&mut self) -> Result<String, Over> {
        loop {
            if let Some(end) = self.unheard.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.unheard.drain(..end + 2).collect();
                let line = String::from_utf8_lossy(&line[..end]).into_owned();
                self.last_line.clone_from(&line);
                return Ok(line);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), Over> {
        self.read_at_most(16 << 10).await
    }

    async fn read_at_most(&mut self, count: usize) -> Result<(), Over> {
        let mut bytes = vec![0; count];
        let count = match &mut self.wire {
            Wire::Plain(stream) => stream.read(&mut bytes).await,
            Wire::Tls(stream) => stream.read(&mut bytes).await,
            Wire::Gone => return Err(Over),
        };
        let bytes = match count {
            Ok(count) if count > 0 => &bytes[..count],
            _ => return Err(Over),
        };
        match &mut self.deflate {
            Some(deflate) => self.unheard.extend(deflate.unfold(bytes)),
            None => self.unheard.extend_from_slice(bytes),
        }
        let record = if self.awaits_tls {
            &mut self.heard.in_clear
        } else {
            &mut self.heard.received
        };
        // Enough for every command; messages are not recorded.
        let room = (16_usize << 10).saturating_sub(record.len());
        record.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(())
    }

    async fn act(&mut self, act: &Do, honest: &[Do]) -> Result<(), Over> {
        match act {
            Do::Say(text) => {
                let text = self.with_tag(text);
                self.write(text.as_bytes()).await
            }
            Do::Scram(mark, kind) => {
                let line = std::mem::take(&mut self.last_line);
                let message = self.scram.message(*kind, &line);
                self.write(format!("{mark}{message}\r\n").as_bytes()).await
            }
            Do::Repeat(line, times) => {
                for n in 0..*times {
                    let line = line.replace('#', &n.to_string());
                    self.write(line.as_bytes()).await?;
                }
                Ok(())
            }
            Do::Endless(text) => {
                let text = text.repeat((8 << 10) / text.len());
                for _ in 0..ENDLESS_BYTES / text.len() {
                    self.write(text.as_bytes()).await?;
                }
                self.stall().await
            }
            Do::Trickle(text) => {
                let until = Instant::now() + TRICKLE;
                while Instant::now() < until {
                    self.say_slowly(text).await?;
                }
                self.stall().await
            }
            Do::Honest => {
                for act in honest {
                    Box::pin(self.act(act, &[])).await?;
                }
                Ok(())
            }
            Do::HonestSlowly => {
                for act in honest {
                    match act {
                        Do::Say(text) => {
                            let text = self.with_tag(text);
                            self.say_slowly(&text).await?;
                        }
                        Do::Scram(mark, kind) => {
                            let line = self.last_line.clone();
                            let text = self.scram.message(*kind, &line);
                            self.say_slowly(&format!("{mark}{text}\r\n")).await?;
                        }
                        act => Box::pin(self.act(act, &[])).await?,
                    }
                }
                Ok(())
            }
            Do::HalfOfHonest => {
                let whole: String = honest
                    .iter()
                    .map(|act| match act {
                        Do::Say(text) => self.with_tag(text),
                        Do::Scram(mark, kind) => {
                            let line = self.last_line.clone();
                            format!("{mark}{}\r\n", self.scram.message(*kind, &line))
                        }
                        _ => String::new(),
                    })
                    .collect();
                let (half, _) = whole.split_at(whole.len() / 2);
                self.write(half.as_bytes()).await
            }
            Do::Hear(what) => self.hear(*what).await,
            Do::EndCommand | Do::ResumeAt(_) => Ok(()),
            Do::HearSlowly => loop {
                sleep(BYTE_EVERY).await;
                self.read_at_most(1).await?;
            },
            Do::Commit => {
                self.heard.commits += 1;
                Ok(())
            }
            Do::Handshake(certificate) => self.shake_hands(certificate.acceptor()).await,
            Do::StartDeflate => {
                // The client sends nothing until it has this response, and everything after it
                // compressed.
                self.deflate = Some(Deflate::new());
                Ok(())
            }
            Do::BelowDeflate(bytes) => self.write_as_it_is(bytes).await,
            Do::EndDeflate => {
                let end = self.deflate.as_mut().map(Deflate::end).unwrap_or_default();
                self.write_as_it_is(&end).await
            }
            Do::BelowTls(bytes) => self.write_below_tls(bytes).await,
            Do::Fin => {
                self.wire = Wire::Gone;
                Err(Over)
            }
            Do::Rst => {
                self.reset.arm();
                self.wire = Wire::Gone;
                Err(Over)
            }
            Do::HalfClose => {
                // Below TLS, as a cut connection does it: without a close_notify.
                let _ = match &mut self.wire {
                    Wire::Plain(stream) => stream.shutdown().await,
                    Wire::Tls(stream) => stream.get_mut().0.shutdown().await,
                    Wire::Gone => Ok(()),
                };
                self.stall().await
            }
            Do::Stall => self.stall().await,
            Do::Hang => {
                let _ = (&mut self.client_left).await;
                Err(Over)
            }
        }
    }

    fn with_tag(&self, text: &str) -> String {
        text.replace('%', &self.tag)
    }

    async fn say_slowly(&mut self, text: &str) -> Result<(), Over> {
        for byte in text.bytes() {
            sleep(BYTE_EVERY).await;
            self.write(&[byte]).await?;
        }
        Ok(())
    }

    async fn stall(&mut self) -> Result<(), Over> {
        while self.read().await.is_ok() {}
        Err(Over)
    }

    async fn shake_hands(&mut self, acceptor: tokio_rustls::TlsAcceptor) -> Result<(), Over> {
        let Wire::Plain(stream) = std::mem::replace(&mut self.wire, Wire::Gone) else {
            return Err(Over);
        };
        let stream = acceptor.accept(stream).await.map_err(|_| Over)?;
        self.wire = Wire::Tls(Box::new(stream));
        self.awaits_tls = false;
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Over> {
        match &mut self.deflate {
            Some(deflate) => {
                let folded = deflate.fold(bytes);
                self.write_as_it_is(&folded).await
            }
            None => self.write_as_it_is(bytes).await,
        }
    }

    async fn write_as_it_is(&mut self, bytes: &[u8]) -> Result<(), Over> {
        match &mut self.wire {
            Wire::Plain(stream) => write(stream, bytes).await,
            Wire::Tls(stream) => write(stream.as_mut(), bytes).await,
            Wire::Gone => Err(Over),
        }
    }

    async fn write_below_tls(&mut self, bytes: &[u8]) -> Result<(), Over> {
        match &mut self.wire {
            Wire::Plain(stream) => write(stream, bytes).await,
            Wire::Tls(stream) => write(stream.get_mut().0, bytes).await,
            Wire::Gone => Err(Over),
        }
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Over> {
    stream.write_all(bytes).await.map_err(|_| Over)?;
    stream.flush().await.map_err(|_| Over)
}
