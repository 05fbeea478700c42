//! A line-based connection: bounded reading, buffered writing, the TLS upgrade, the idle timeout.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::TLS_DEADLINE;

/// Buffered output above which it is written even if more input waits.
const MAX_BUFFERED_OUTPUT_BYTES: usize = 64 * 1024;
/// Maximum time in which a client must read our output.
const WRITE_DEADLINE: Duration = Duration::from_secs(300);
/// Maximum time to send the final response at shutdown.
const CLOSE_DEADLINE: Duration = Duration::from_millis(200);
const READ_BYTES: usize = 16 * 1024;

/// The stream under a session: a socket, or TLS over one.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Why reading failed. After any error but `Closed` and `Io` the output side remains usable.
#[derive(Debug)]
pub(crate) enum WireError {
    /// The client closed the connection.
    Closed,
    /// The client was silent for longer than the session allows.
    Idle,
    /// The demo is stopping.
    Shutdown,
    /// A line exceeded the limit, given in octets.
    LineTooLong(usize),
    /// A line ended with a lone LF.
    BareLf,
    /// Plaintext followed STARTTLS; an attacker may have injected it.
    InputBeforeTls,
    Io(io::Error),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("connection closed"),
            Self::Idle => f.write_str("idle for too long"),
            Self::Shutdown => f.write_str("server is stopping"),
            Self::LineTooLong(max) => write!(f, "line over {max} octets"),
            Self::BareLf => f.write_str("line ends with a lone LF"),
            Self::InputBeforeTls => f.write_str("input before the TLS handshake"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Traffic counters of all connections.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// How often a client sent data after a response.
    pub(crate) round_trips: AtomicU64,
    /// Octets in both directions, without TLS overhead.
    pub(crate) bytes: AtomicU64,
}

impl Traffic {
    fn count(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// One client connection.
///
/// Output is buffered until the session waits for input, so that the responses to pipelined
/// commands are sent together.
pub(crate) struct Wire {
    stream: Box<dyn Duplex>,
    input: BytesMut,
    output: BytesMut,
    is_encrypted: bool,
    /// Whether output was added since the client last sent data.
    has_responded: bool,
    traffic: Arc<Traffic>,
    shutdown: CancellationToken,
}

impl Wire {
    pub(crate) fn plain(
        stream: impl Duplex + 'static,
        traffic: Arc<Traffic>,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            stream: Box::new(stream),
            input: BytesMut::new(),
            output: BytesMut::new(),
            is_encrypted: false,
            has_responded: false,
            traffic,
            shutdown,
        }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Returns whether received input is still unread.
    pub(crate) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Writes the buffered output and runs the server side of the TLS handshake.
    ///
    /// # Errors
    /// `InputBeforeTls` if the client sent plaintext after STARTTLS.
    pub(crate) async fn start_tls(&mut self, acceptor: &TlsAcceptor) -> Result<(), WireError> {
        if !self.input.is_empty() {
            return Err(WireError::InputBeforeTls);
        }
        self.flush().await?;
        let (placeholder, _) = tokio::io::duplex(1);
        let plain = std::mem::replace(&mut self.stream, Box::new(placeholder));
        let handshake = timeout(TLS_DEADLINE, acceptor.accept(plain));
        let shutdown = self.shutdown.clone();
        let upgraded = shutdown
            .run_until_cancelled(handshake)
            .await
            .ok_or(WireError::Shutdown)?;
        self.stream = Box::new(upgraded.map_err(|_| WireError::Idle)??);
        self.is_encrypted = true;
        Ok(())
    }

    /// Reads one line and returns it without its CRLF. Cancel-safe.
    pub(crate) async fn line(
        &mut self,
        max_bytes: usize,
        idle: Duration,
    ) -> Result<Bytes, WireError> {
        let mut searched = 0;
        loop {
            let unsearched = self.input.get(searched..).unwrap_or_default();
            let end = memchr::memchr(b'\n', unsearched).map(|at| searched + at);
            // Checked before the line ending, so that the result does not depend on how the octets
            // were split.
            if end.unwrap_or(self.input.len()) > max_bytes + 1 {
                return Err(WireError::LineTooLong(max_bytes));
            }
            if let Some(end) = end {
                let mut line = self.input.split_to(end + 1);
                line.truncate(line.len() - 1);
                if line.last() != Some(&b'\r') {
                    return Err(WireError::BareLf);
                }
                line.truncate(line.len() - 1);
                return Ok(line.freeze());
            }
            searched = self.input.len();
            self.fill(idle).await?;
        }
    }

    /// Reads exactly `len` octets. Memory grows with the octets received, not with the announced
    /// length.
    pub(crate) async fn exactly(&mut self, len: usize, idle: Duration) -> Result<Bytes, WireError> {
        while self.input.len() < len {
            self.fill(idle).await?;
        }
        Ok(self.input.split_to(len).freeze())
    }

    /// Reads and discards `len` octets.
    pub(crate) async fn skip(&mut self, mut len: u64, idle: Duration) -> Result<(), WireError> {
        loop {
            let buffered = self.input.len();
            match usize::try_from(len) {
                Ok(rest) if rest <= buffered => {
                    self.input.advance(rest);
                    return Ok(());
                }
                _ => {
                    self.input.clear();
                    len -= buffered as u64;
                }
            }
            self.fill(idle).await?;
        }
    }

    /// Adds to the output, which is written when the session waits for input.
    pub(crate) fn push(&mut self, output: impl AsRef<[u8]>) {
        self.output.extend_from_slice(output.as_ref());
    }

    /// Writes the output if its buffer is large; called while a long response is built.
    pub(crate) async fn flush_if_large(&mut self) -> Result<(), WireError> {
        if self.output.len() < MAX_BUFFERED_OUTPUT_BYTES {
            Ok(())
        } else {
            self.flush().await
        }
    }

    /// Writes all buffered output. Cancel-safe.
    pub(crate) async fn flush(&mut self) -> Result<(), WireError> {
        if self.output.is_empty() {
            return Ok(());
        }
        self.has_responded = true;
        let stream = &mut self.stream;
        let output = &mut self.output;
        self.traffic.count(output.len());
        let write = async {
            while output.has_remaining() {
                if stream.write_buf(output).await? == 0 {
                    return Err(WireError::Closed);
                }
            }
            stream.flush().await?;
            Ok(())
        };
        let shutdown = self.shutdown.clone();
        let written = shutdown
            .run_until_cancelled(timeout(WRITE_DEADLINE, write))
            .await;
        let written = written.ok_or(WireError::Shutdown)?;
        // Frees the capacity of a burst, such as a large body, so that an idle session does not
        // hold it.
        if output.is_empty() && output.capacity() > MAX_BUFFERED_OUTPUT_BYTES {
            *output = BytesMut::new();
        }
        written.unwrap_or(Err(WireError::Idle))
    }

    /// Sends a final line, if the client accepts it within the deadline, and closes the connection.
    pub(crate) async fn close(mut self, final_line: &str) {
        self.push(final_line);
        let closing = async {
            while self.output.has_remaining() {
                self.stream.write_buf(&mut self.output).await?;
            }
            self.stream.shutdown().await
        };
        if !matches!(timeout(CLOSE_DEADLINE, closing).await, Ok(Ok(()))) {
            tracing::trace!("the client did not wait for the goodbye");
        }
    }

    async fn fill(&mut self, idle: Duration) -> Result<(), WireError> {
        self.flush().await?;
        self.input.reserve(READ_BYTES);
        let read = timeout(idle, self.stream.read_buf(&mut self.input));
        let shutdown = self.shutdown.clone();
        match shutdown.run_until_cancelled(read).await {
            None => Err(WireError::Shutdown),
            Some(Err(_)) => Err(WireError::Idle),
            Some(Ok(Ok(0))) => Err(WireError::Closed),
            Some(Ok(Ok(count))) => {
                self.traffic.count(count);
                let round_trips = u64::from(std::mem::take(&mut self.has_responded));
                self.traffic
                    .round_trips
                    .fetch_add(round_trips, Ordering::Relaxed);
                Ok(())
            }
            Some(Ok(Err(error))) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    /// Sends the pieces one by one and returns the result of reading lines of up to 20 octets.
    fn read_lines(pieces: Vec<Vec<u8>>) -> Vec<Result<Bytes, String>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(16);
            let mut wire = Wire::plain(server, Arc::default(), CancellationToken::new());
            let send = async move {
                for piece in pieces {
                    if client.write_all(&piece).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            };
            let read = async move {
                let mut lines = Vec::new();
                loop {
                    let line = wire
                        .line(20, TIMEOUT)
                        .await
                        .map_err(|error| error.to_string());
                    let ended = line.is_err();
                    lines.push(line);
                    if ended {
                        return lines;
                    }
                }
            };
            tokio::join!(send, read).1
        })
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit() {
        let line =
            |len: usize| read_lines(vec![[&b"x".repeat(len)[..], b"\r\n"].concat()]).remove(0);
        assert_eq!(line(20).unwrap().len(), 20);
        assert_eq!(line(21).unwrap_err(), "line over 20 octets");
        assert_eq!(
            read_lines(vec![b"x".repeat(1_000)]).remove(0).unwrap_err(),
            "line over 20 octets"
        );
    }

    #[test]
    fn a_line_with_two_errors_reports_the_same_error_however_it_is_split() {
        let line = b"aaaaa\raaaaaa\raaaaa\raaaa\n";
        for cut in 0..line.len() {
            let (first, rest) = line.split_at(cut);
            let read = read_lines(vec![first.to_vec(), rest.to_vec()]).remove(0);
            assert_eq!(read.unwrap_err(), "line over 20 octets", "{cut}");
        }
    }

    #[test]
    fn silence_and_shutdown_end_a_read() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (_client, server) = tokio::io::duplex(16);
            let shutdown = CancellationToken::new();
            let mut wire = Wire::plain(server, Arc::default(), shutdown.clone());
            let silent = wire.line(20, Duration::from_millis(10)).await;
            assert!(matches!(silent, Err(WireError::Idle)));
            shutdown.cancel();
            assert!(matches!(
                wire.line(20, TIMEOUT).await,
                Err(WireError::Shutdown)
            ));
        });
    }

    #[test]
    fn skipped_octets_are_not_buffered() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(64);
            let mut wire = Wire::plain(server, Arc::default(), CancellationToken::new());
            let send = async {
                client
                    .write_all(&[&[b'x'; 100_000][..], b"next\r\n"].concat())
                    .await
            };
            let read = async {
                wire.skip(100_000, TIMEOUT).await.unwrap();
                wire.line(20, TIMEOUT).await.unwrap()
            };
            assert_eq!(tokio::join!(send, read).1, "next");
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn lines_are_the_same_however_they_are_cut(
            text in "([a-c]{0,6}(\r\n|\r\n|\r\n|\n|\r)){0,8}",
            cuts in proptest::collection::vec(1..5_usize, 0..40),
        ) {
            let octets = text.into_bytes();
            let whole = read_lines(vec![octets.clone()]);
            let single = read_lines(octets.iter().map(|octet| vec![*octet]).collect());
            let mut rest = octets.as_slice();
            let mut pieces = Vec::new();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece.to_vec());
                rest = after;
            }
            pieces.push(rest.to_vec());
            prop_assert_eq!(&single, &whole);
            prop_assert_eq!(&read_lines(pieces), &whole);
        }
    }
}
