//! Driving a machine over a socket: bytes in, bytes out, events to the owner.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use mail_proto::{BodyChunk, Machine, Step, Transcribed};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use crate::deadlines::{BODY_GRACE, BODY_MIN_BYTES_PER_SEC, Phase};
use crate::tls::{self, TlsError};

/// Above this many unsent bytes the machine is not asked for more.
const UNSENT_MAX_BYTES: usize = 256 << 10;
/// How much is read at a time.
const READ_BYTES: usize = 16 << 10;

/// A connection, before or after TLS.
#[derive(Debug)]
pub enum Transport<S> {
    /// Bytes as they are.
    Plain(S),
    /// Bytes under TLS.
    Tls(Box<TlsStream<S>>),
    /// Being upgraded, or lost while it was.
    Gone,
}

/// What the owner of a connection gets from it.
#[derive(Debug)]
pub enum Happening<E> {
    /// The machine reports something.
    Event(E),
    /// The machine wants the next piece of an outgoing body: [`Connection::body`].
    NeedBody {
        /// The longest chunk that may be given, in bytes.
        max: usize,
    },
    /// The conversation is over.
    Done,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// The machine stopped: the peer broke the rules, or lacks what is needed.
    #[error("{0}")]
    Protocol(E),
    /// TLS failed after STARTTLS or STLS.
    #[error(transparent)]
    Tls(TlsError),
    /// The peer was silent or slow for too long.
    #[error("nothing came in time ({phase:?})")]
    Deadline {
        /// What was being done.
        phase: Phase,
    },
    /// The peer closed the connection, or the link broke.
    #[error("the connection is closed")]
    Closed,
}

/// A machine, the socket it talks through, and the deadlines of what it does.
#[derive(Debug)]
pub struct Connection<M: Machine, S = TcpStream> {
    machine: M,
    transport: Transport<S>,
    config: Arc<ClientConfig>,
    host: String,
    unsent: VecDeque<Bytes>,
    unsent_bytes: usize,
    can_write: bool,
    can_read: bool,
    phase: Phase,
    phase_since: Instant,
    last_byte_at: Instant,
    phase_bytes: u64,
    failed: Option<Error<M::Error>>,
}

impl<M: Machine + Transcribed, S: AsyncRead + AsyncWrite + Unpin> Connection<M, S> {
    /// Puts a machine on a connection. `host` is the name that a certificate has to carry.
    pub fn new(
        machine: M,
        transport: Transport<S>,
        config: Arc<ClientConfig>,
        host: impl Into<String>,
        phase: Phase,
    ) -> Self {
        let now = Instant::now();
        Self {
            machine,
            transport,
            config,
            host: host.into(),
            unsent: VecDeque::new(),
            unsent_bytes: 0,
            can_write: true,
            can_read: true,
            phase,
            phase_since: now,
            last_byte_at: now,
            phase_bytes: 0,
            failed: None,
        }
    }

    /// The machine, to look at its state.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to queue commands. They leave with the next [`next`](Self::next).
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Begins a phase: its deadlines count from now.
    pub fn begin(&mut self, phase: Phase) {
        let now = Instant::now();
        self.phase = phase;
        self.phase_since = now;
        self.last_byte_at = now;
        self.phase_bytes = 0;
    }

    /// Answers [`Happening::NeedBody`].
    pub fn body(&mut self, chunk: BodyChunk) {
        self.machine.body(chunk);
    }

    /// Waits for what happens next.
    ///
    /// Cancel-safe, but for the time of a TLS handshake after STARTTLS: a connection dropped in
    /// the middle of one is closed for good.
    ///
    /// # Errors
    /// [`Error`], final: every later call gives the same.
    pub async fn next(&mut self) -> Result<Happening<M::Event>, Error<M::Error>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.drive().await;
        if let Err(error) = &result {
            self.failed = Some(error.clone());
            self.transport = Transport::Gone;
        }
        result
    }

    async fn drive(&mut self) -> Result<Happening<M::Event>, Error<M::Error>> {
        loop {
            if self.unsent_bytes <= UNSENT_MAX_BYTES {
                let step = self.machine.step();
                self.tell_transcript();
                match step.map_err(Error::Protocol)? {
                    Step::Write(bytes) => {
                        if self.can_write && !bytes.is_empty() {
                            self.unsent_bytes += bytes.len();
                            self.unsent.push_back(bytes);
                        }
                        continue;
                    }
                    Step::Event(event) => return Ok(Happening::Event(event)),
                    Step::NeedBody { max } => return Ok(Happening::NeedBody { max }),
                    Step::StartTls => {
                        self.upgrade().await?;
                        continue;
                    }
                    Step::Done => {
                        while self.unsent_bytes > 0 && self.can_write {
                            self.exchange().await?;
                        }
                        return Ok(Happening::Done);
                    }
                    Step::NeedInput => {
                        if !self.can_read {
                            return Err(Error::Closed);
                        }
                    }
                }
            }
            self.exchange().await?;
        }
    }

    /// Hands the machine's own, masked lines to the log, for whoever switched `wire` on.
    fn tell_transcript(&mut self) {
        for line in self.machine.take_transcript() {
            tracing::trace!(target: "wire", host = %self.host, "{line}");
        }
    }

    async fn upgrade(&mut self) -> Result<(), Error<M::Error>> {
        while self.unsent_bytes > 0 {
            if !self.can_write || !self.can_read {
                return Err(Error::Closed);
            }
            self.exchange_only_write().await?;
        }
        let Transport::Plain(stream) = std::mem::replace(&mut self.transport, Transport::Gone)
        else {
            return Err(Error::Closed);
        };
        let stream = tls::start(&self.config, &self.host, stream)
            .await
            .map_err(Error::Tls)?;
        self.transport = Transport::Tls(Box::new(stream));
        self.last_byte_at = Instant::now();
        self.machine.upgraded();
        Ok(())
    }

    /// Moves bytes in at least one direction, within the phase's deadlines.
    async fn exchange(&mut self) -> Result<(), Error<M::Error>> {
        self.timed(true).await
    }

    /// Sends without reading: what comes before STARTTLS is flushed must not be fed twice.
    async fn exchange_only_write(&mut self) -> Result<(), Error<M::Error>> {
        self.timed(false).await
    }

    async fn timed(&mut self, reads: bool) -> Result<(), Error<M::Error>> {
        let deadlines = self.phase.deadlines();
        let silence = deadlines.silence.map(|d| self.last_byte_at + d);
        let total = deadlines.total.map(|d| self.phase_since + d);
        let until = match (silence, total) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let phase = self.phase;
        let moved = poll_fn(|cx| self.poll_exchange(cx, reads));
        match until {
            Some(until) => timeout_at(until, moved)
                .await
                .map_err(|_| Error::Deadline { phase })?,
            None => moved.await,
        }
        self.check_pace()
    }

    fn check_pace(&self) -> Result<(), Error<M::Error>> {
        if self.phase != Phase::Body {
            return Ok(());
        }
        let took = self.phase_since.elapsed();
        if took > BODY_GRACE && self.phase_bytes < took.as_secs() * BODY_MIN_BYTES_PER_SEC {
            return Err(Error::Deadline { phase: self.phase });
        }
        Ok(())
    }

    /// Polls writing and reading together; ready once either moved bytes or ended.
    fn poll_exchange(&mut self, cx: &mut Context<'_>, reads: bool) -> Poll<()> {
        let wrote = self.poll_write_some(cx);
        let read = reads && self.poll_read_some(cx);
        if wrote || read {
            self.last_byte_at = Instant::now();
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while let Some(first) = self.unsent.front_mut() {
            match poll_write(&mut self.transport, cx, first) {
                Poll::Ready(Ok(n)) if n > 0 => {
                    first.advance(n);
                    self.unsent_bytes = self.unsent_bytes.saturating_sub(n);
                    self.phase_bytes += n as u64;
                    if first.is_empty() {
                        self.unsent.pop_front();
                    }
                    moved = true;
                }
                Poll::Ready(_) => {
                    // The peer may have said why before it closed: reading goes on.
                    self.can_write = false;
                    self.unsent.clear();
                    self.unsent_bytes = 0;
                    return true;
                }
                Poll::Pending => break,
            }
        }
        if self.unsent.is_empty() && self.can_write {
            // TLS keeps records of its own until it is flushed.
            if let Poll::Ready(Err(_)) = poll_flush(&mut self.transport, cx) {
                self.can_write = false;
                return true;
            }
        }
        moved
    }

    fn poll_read_some(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.can_read {
            return !self.can_write;
        }
        // On the stack: thousands of silent connections hold no buffer.
        let mut bytes = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        match poll_read(&mut self.transport, cx, &mut buffer) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                self.phase_bytes += buffer.filled().len() as u64;
                self.machine.feed(buffer.filled());
                true
            }
            Poll::Ready(_) => {
                self.can_read = false;
                self.machine.end_of_input();
                true
            }
        }
    }
}

fn poll_write<S: AsyncRead + AsyncWrite + Unpin>(
    transport: &mut Transport<S>,
    cx: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    match transport {
        Transport::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
        Transport::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        Transport::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
    }
}

fn poll_flush<S: AsyncRead + AsyncWrite + Unpin>(
    transport: &mut Transport<S>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    match transport {
        Transport::Plain(stream) => Pin::new(stream).poll_flush(cx),
        Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        Transport::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
    }
}

fn poll_read<S: AsyncRead + AsyncWrite + Unpin>(
    transport: &mut Transport<S>,
    cx: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    match transport {
        Transport::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
        Transport::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        Transport::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
    }
}
