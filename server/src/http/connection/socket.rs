//! The socket of a connection: records received and written bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;

/// The response to a peer whose head is not complete in time (RFC 9110 §15.5.9).
const REQUEST_TIMEOUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream that reports to its connection's [`Activity`].
pub(super) struct Socket<S> {
    stream: S,
    activity: Arc<Activity>,
    /// Number of received bytes that match the HTTP/2 preface.
    preface: usize,
    is_http1: bool,
}

impl<S> Socket<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            preface: 0,
            is_http1: false,
        }
    }

    /// Compares the first bytes of the connection with the HTTP/2 preface to detect the protocol.
    fn detect_protocol(&mut self, received: &[u8]) {
        for byte in received {
            if self.is_http1 || self.preface == HTTP2_PREFACE.len() {
                return;
            }
            if HTTP2_PREFACE.get(self.preface) == Some(byte) {
                self.preface = self.preface.saturating_add(1);
            } else {
                self.is_http1 = true;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.activity.is_refused() {
            if this.preface < HTTP2_PREFACE.len() && this.activity.has_partial_head() {
                // Nothing else was written since the last response was complete. A peer with a
                // closed TCP window gets no response.
                let _ = Pin::new(&mut this.stream).poll_write(cx, REQUEST_TIMEOUT);
            }
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = read
            && let Some(received) = buffer.filled().get(before..)
            && !received.is_empty()
        {
            this.activity.bytes_received();
            // `received` borrows the caller's buffer, not this socket.
            this.detect_protocol(received);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> Socket<S> {
    fn record_write(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(bytes)) => self.activity.bytes_written(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.write_blocked(),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.record_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.record_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper and h2 flush only after the stream accepted all of their data.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.activity.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
