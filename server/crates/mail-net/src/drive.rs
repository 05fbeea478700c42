//! Drives a protocol machine over a socket: feeds it received bytes, sends its output, returns its
//! events.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use mail_proto::sasl::{Credentials, DerivedKey, KeyDerivation, Nonce, SignIn};
use mail_proto::{BodyChunk, KnownSecrets, Machine, Redactor, Step, Transcribed};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use crate::deadlines::{BODY_GRACE, BODY_MIN_BYTES_PER_SEC, Phase};
use crate::deflate::Deflate;
use crate::held::HeldBytes;
use crate::texts::{self, ReadText};
use crate::tls::{self, TlsError};
use crate::tls_facts::TlsFacts;
use crate::transcript::Recorder;
pub use crate::transport::Transport;

/// Above this number of unsent bytes the driver requests no more of a body.
const UNSENT_MAX_BYTES: usize = 256 << 10;
/// Maximum number of bytes per read.
const READ_BYTES: usize = 64 << 10;

/// What [`Connection::next`] returns.
#[derive(Debug)]
pub enum ConnectionEvent<E> {
    /// The machine reports something.
    Event(E),
    /// The machine needs the next chunk of an outgoing body: [`Connection::body`].
    NeedBody {
        /// Maximum length of the chunk in bytes.
        max: usize,
    },
    /// The session has ended.
    Done,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// The machine stopped: the peer violated the protocol or lacks a required capability.
    #[error("{0}")]
    Protocol(E),
    /// TLS failed after STARTTLS or STLS.
    #[error(transparent)]
    Tls(TlsError),
    /// The peer was silent for too long or sent too slowly.
    #[error("nothing came in time ({phase:?})")]
    Deadline {
        /// The phase in which the deadline passed.
        phase: Phase,
    },
    /// The peer closed the connection, or the network failed.
    #[error("the connection is closed")]
    Closed,
    /// The peer sent invalid DEFLATE data.
    #[error("the compressed stream is broken")]
    BrokenCompression,
    /// The incomplete responses of all connections exceed the memory budget.
    #[error("too much waits for its end on all connections together")]
    Overloaded,
}

/// A protocol machine, its socket, and the deadlines of its phases.
#[derive(Debug)]
pub struct Connection<M: Machine, S = TcpStream> {
    machine: M,
    transport: Transport<S>,
    config: Arc<ClientConfig>,
    host: Arc<str>,
    recorder: Option<Recorder>,
    read_text: ReadText,
    redactors: Option<Box<Redactors>>,
    deflate: Option<Box<Deflate>>,
    /// The key derivation that the machine waits for.
    derivation: Option<JoinHandle<DerivedKey>>,
    unsent: VecDeque<Bytes>,
    unsent_bytes: usize,
    can_write: bool,
    can_read: bool,
    phase: Phase,
    phase_since: Instant,
    last_byte_at: Instant,
    phase_bytes: u64,
    /// The part of `phase_bytes` that the peer sent.
    received_bytes: u64,
    held: HeldBytes,
    failed: Option<Error<M::Error>>,
}

/// Masks the account's secrets in the server's replies and in the transcript.
#[derive(Debug)]
struct Redactors {
    replies: Redactor,
    transcript: Redactor,
}

impl<M: Transcribed, S: AsyncRead + AsyncWrite + Unpin> Connection<M, S> {
    /// Creates a connection for a machine. `host` is the name that the certificate must carry.
    pub fn new(
        machine: M,
        transport: Transport<S>,
        config: Arc<ClientConfig>,
        host: impl Into<Arc<str>>,
        phase: Phase,
    ) -> Self {
        let now = Instant::now();
        let mut this = Self {
            machine,
            transport,
            config,
            host: host.into(),
            recorder: None,
            read_text: texts::read_lossily,
            redactors: None,
            deflate: None,
            derivation: None,
            unsent: VecDeque::new(),
            unsent_bytes: 0,
            can_write: true,
            can_read: true,
            phase,
            phase_since: now,
            last_byte_at: now,
            phase_bytes: 0,
            received_bytes: 0,
            held: HeldBytes::default(),
            failed: None,
        };
        this.update_recording();
        this
    }

    /// Records every line from now on.
    #[must_use]
    pub fn recorded_by(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self.update_recording();
        self
    }

    /// Masks these secrets from now on wherever the server repeats them: in events, in errors and
    /// in the transcript. Call it before the greeting: a server that received the secrets on
    /// another connection may repeat them on this one.
    #[must_use]
    pub fn redacting(mut self, secrets: &Arc<KnownSecrets>) -> Self {
        self.redact_from_now_on(secrets);
        self
    }

    /// Sets the decoder for replies that are not UTF-8, in events and in errors.
    #[must_use]
    pub fn reading_text_by(mut self, read_text: ReadText) -> Self {
        self.read_text = read_text;
        self
    }

    fn redact_from_now_on(&mut self, secrets: &Arc<KnownSecrets>) {
        self.redactors = Some(Box::new(Redactors {
            replies: Redactor::new(Arc::clone(secrets)),
            transcript: Redactor::new(Arc::clone(secrets)),
        }));
    }

    /// The secrets that are masked, for displayed names that are not replies.
    pub fn known_secrets(&self) -> Option<&KnownSecrets> {
        let redactors = self.redactors.as_ref()?;
        Some(redactors.replies.secrets())
    }

    fn update_recording(&mut self) {
        // A transcript without a reader would cost more than parsing the lines.
        let is_logged = tracing::enabled!(target: "wire", tracing::Level::TRACE);
        self.machine
            .keep_transcript(is_logged || self.recorder.as_ref().is_some_and(Recorder::is_on));
    }

    /// Returns the inputs of one sign-in on this connection: a fresh nonce and the TLS channel
    /// binding. Call it once the machine is ready, which is after STARTTLS. From now on the
    /// password is masked as by [`redacting`](Self::redacting).
    pub fn sign_in(&mut self, credentials: Credentials) -> SignIn {
        if self.redactors.is_none()
            && let Some(secret) = credentials.password().or(credentials.token())
        {
            let secrets = KnownSecrets::new(credentials.user(), secret);
            self.redact_from_now_on(&Arc::new(secrets));
        }
        let mut entropy = [0; 18];
        // Without entropy there is no nonce, and so no SCRAM; other mechanisms work.
        let has_entropy = getrandom::fill(&mut entropy).is_ok();
        SignIn {
            credentials,
            nonce: has_entropy.then(|| Nonce::from_entropy(entropy)),
            channel_binding: self.transport.channel_binding(),
        }
    }

    /// Returns the TLS parameters of this connection; `None` without TLS.
    pub fn tls_facts(&self) -> Option<TlsFacts> {
        self.transport.tls_facts()
    }

    /// The machine, to read its state.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to queue commands. The next call of [`next`](Self::next) sends them.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Begins a phase; its deadlines count from now.
    pub fn begin(&mut self, phase: Phase) {
        let now = Instant::now();
        self.phase = phase;
        self.phase_since = now;
        self.last_byte_at = now;
        self.phase_bytes = 0;
        self.received_bytes = 0;
    }

    /// The number of bytes that the peer has sent since the phase began.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Answers [`ConnectionEvent::NeedBody`].
    pub fn body(&mut self, chunk: BodyChunk) {
        self.machine.body(chunk);
    }

    /// Waits for the next event.
    ///
    /// Cancel-safe except during a TLS handshake after STARTTLS: cancelling there closes the
    /// connection.
    ///
    /// # Errors
    /// [`Error`], final: every later call returns the same error.
    pub async fn next(&mut self) -> Result<ConnectionEvent<M::Event>, Error<M::Error>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.drive().await;
        self.store_error(result)
    }

    /// Waits until all output is sent or cannot be sent, then reads what the peer has sent so far.
    /// Call it before sending a command that cannot be undone: the machine then knows of a
    /// connection that is already closed and of a reply that has already arrived.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn flushed(&mut self) -> Result<(), Error<M::Error>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.flush_and_read().await;
        self.store_error(result)
    }

    fn store_error<T>(&mut self, result: Result<T, Error<M::Error>>) -> Result<T, Error<M::Error>> {
        if let Err(error) = &result {
            self.failed = Some(error.clone());
            self.transport = Transport::Closed;
        }
        result
    }

    async fn flush_and_read(&mut self) -> Result<(), Error<M::Error>> {
        while self.unsent_bytes > 0 && self.can_write {
            self.exchange_only_write().await?;
        }
        poll_fn(|cx| {
            // Ready in both cases: the peer need not have sent anything.
            self.poll_read_some(cx);
            Poll::Ready(())
        })
        .await;
        if !self.can_write && self.can_read {
            // The peer no longer receives, so its further output is not read.
            self.can_read = false;
            self.machine.end_of_input();
        }
        Ok(())
    }

    async fn drive(&mut self) -> Result<ConnectionEvent<M::Event>, Error<M::Error>> {
        loop {
            self.finish_derivation().await?;
            let mut step = self.machine.step();
            self.publish_transcript();
            texts::read::<M>(&mut step, self.read_text, &self.host);
            self.redact(&mut step);
            match step.map_err(Error::Protocol)? {
                Step::Write(bytes) => {
                    self.send(bytes);
                    continue;
                }
                Step::Event(event) => return Ok(ConnectionEvent::Event(event)),
                // A connection that cannot write takes no body, and a slow one takes no more for
                // now. Replies are read meanwhile; otherwise they would fill the buffers.
                Step::NeedBody { max } if self.can_write => {
                    self.send_at_once().await;
                    if self.unsent_bytes <= UNSENT_MAX_BYTES && self.can_write {
                        return Ok(ConnectionEvent::NeedBody { max });
                    }
                }
                Step::StartTls => {
                    self.upgrade().await?;
                    continue;
                }
                Step::StartDeflate { fed } => {
                    self.flush().await?;
                    self.deflate = Some(Box::new(Deflate::new(fed)));
                    self.machine.upgraded();
                    continue;
                }
                Step::DeriveKey(work) => {
                    self.derive_key(work);
                    continue;
                }
                Step::Done => {
                    while self.unsent_bytes > 0 && self.can_write {
                        self.exchange().await?;
                    }
                    return Ok(ConnectionEvent::Done);
                }
                Step::NeedBody { .. } | Step::NeedInput => {
                    if !self.can_read {
                        return Err(Error::Closed);
                    }
                    if !self.held.set(self.machine.held_bytes()) {
                        return Err(Error::Overloaded);
                    }
                }
            }
            self.exchange().await?;
        }
    }

    fn send(&mut self, bytes: Bytes) {
        if !self.can_write || bytes.is_empty() {
            return;
        }
        let bytes = match &mut self.deflate {
            Some(deflate) => deflate.compress(&bytes),
            None => bytes,
        };
        self.unsent_bytes += bytes.len();
        self.unsent.push_back(bytes);
    }

    /// Sends what the socket accepts without waiting. On a fast connection only one chunk of a body
    /// is then buffered at a time, not up to [`UNSENT_MAX_BYTES`].
    async fn send_at_once(&mut self) {
        let sent = poll_fn(|cx| Poll::Ready(self.poll_write_some(cx))).await;
        if sent {
            self.last_byte_at = Instant::now();
        }
    }

    /// Passes the machine's masked lines to the recorder and to the log target `wire`.
    fn publish_transcript(&mut self) {
        for mut line in self.machine.take_transcript() {
            if let Some(redactors) = &mut self.redactors {
                redactors.transcript.redact(&mut line.text);
            }
            tracing::trace!(target: "wire", host = %self.host, "{line}");
            if let Some(recorder) = &self.recorder {
                recorder.record(&self.host, line);
            }
        }
    }

    /// Masks the secrets that the server repeats in a step.
    fn redact(&mut self, step: &mut Result<Step<M::Event>, M::Error>) {
        let Some(redactors) = &mut self.redactors else {
            return;
        };
        texts::for_each::<M>(step, &mut |text| redactors.replies.redact(text));
    }

    fn derive_key(&mut self, work: KeyDerivation) {
        self.derivation = Some(spawn_blocking(move || work.run()));
    }

    /// Waits for the pending key derivation, if any.
    async fn finish_derivation(&mut self) -> Result<(), Error<M::Error>> {
        let (until, phase) = (self.deadline(), self.phase);
        let Some(derivation) = &mut self.derivation else {
            return Ok(());
        };
        let result = match until {
            Some(until) => timeout_at(until, derivation)
                .await
                .map_err(|_| Error::Deadline { phase })?,
            None => derivation.await,
        };
        self.derivation = None;
        // The thread pool rejects work only while the process shuts down.
        self.machine.key_derived(result.map_err(|_| Error::Closed)?);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error<M::Error>> {
        while self.unsent_bytes > 0 {
            if !self.can_write || !self.can_read {
                return Err(Error::Closed);
            }
            self.exchange_only_write().await?;
        }
        Ok(())
    }

    async fn upgrade(&mut self) -> Result<(), Error<M::Error>> {
        self.flush().await?;
        let Transport::Plain(stream) = std::mem::replace(&mut self.transport, Transport::Closed)
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

    /// Sends without reading: bytes that arrive before the upgrade must not be read as plaintext.
    async fn exchange_only_write(&mut self) -> Result<(), Error<M::Error>> {
        self.timed(false).await
    }

    /// The time at which the phase's deadline passes.
    fn deadline(&self) -> Option<Instant> {
        let deadlines = self.phase.deadlines();
        let silence = deadlines.silence.map(|d| self.last_byte_at + d);
        let total = deadlines.total.map(|d| self.phase_since + d);
        match (silence, total) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    async fn timed(&mut self, reads: bool) -> Result<(), Error<M::Error>> {
        let (until, phase) = (self.deadline(), self.phase);
        let moved = poll_fn(|cx| self.poll_exchange(cx, reads));
        match until {
            Some(until) => timeout_at(until, moved)
                .await
                .map_err(|_| Error::Deadline { phase })?,
            None => moved.await,
        }
        if self
            .deflate
            .as_ref()
            .is_some_and(|deflate| deflate.is_broken())
        {
            return Err(Error::BrokenCompression);
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
            match self.transport.poll_write(cx, first) {
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
                    // Continue reading: the peer may have sent a reason before it closed.
                    self.can_write = false;
                    self.unsent.clear();
                    self.unsent_bytes = 0;
                    return true;
                }
                Poll::Pending => break,
            }
        }
        if self.unsent.is_empty() && self.can_write {
            // TLS buffers records until it is flushed.
            if let Poll::Ready(Err(_)) = self.transport.poll_flush(cx) {
                self.can_write = false;
                return true;
            }
        }
        moved
    }

    fn poll_read_some(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(deflate) = &mut self.deflate
            && deflate.has_compressed()
        {
            // One piece at a time: the machine parses it before the next is decompressed.
            deflate.decompress(|bytes| self.machine.feed(bytes));
            if deflate.is_over() {
                self.can_read = false;
                self.machine.end_of_input();
            }
            return true;
        }
        if !self.can_read {
            return !self.can_write;
        }
        // On the stack, so that thousands of idle connections hold no buffer.
        let mut bytes = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        match self.transport.poll_read(cx, &mut buffer) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                self.phase_bytes += buffer.filled().len() as u64;
                self.received_bytes += buffer.filled().len() as u64;
                match &mut self.deflate {
                    Some(deflate) => deflate.push_compressed(buffer.filled()),
                    None => self.machine.feed(buffer.filled()),
                }
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
