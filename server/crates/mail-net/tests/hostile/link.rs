//! A connection in memory, so that the clock can be paused. It can also be reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

/// Capacity of the connection in each direction, in bytes.
const BUFFER_BYTES: usize = 16 << 10;

/// The client's end.
#[derive(Debug)]
pub(crate) struct Socket {
    io: DuplexStream,
    is_reset: Arc<AtomicBool>,
}

/// Resets the connection; the server drops its own end right after.
#[derive(Debug, Clone)]
pub(crate) struct Reset(Arc<AtomicBool>);

impl Reset {
    pub(crate) fn arm(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Creates both ends.
pub(crate) fn socket_pair() -> (Socket, DuplexStream, Reset) {
    let (ours, theirs) = duplex(BUFFER_BYTES);
    let is_reset = Arc::new(AtomicBool::new(false));
    let reset = Reset(Arc::clone(&is_reset));
    let socket = Socket { io: ours, is_reset };
    (socket, theirs, reset)
}

impl Socket {
    fn check(&self) -> io::Result<()> {
        if self.is_reset.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
