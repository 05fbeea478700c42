//! The byte stream of a connection, before and after TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use mail_proto::sasl::ChannelBinding;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use crate::tls_facts::{self, TlsFacts};

/// A connection, before or after TLS.
#[derive(Debug)]
pub enum Transport<S> {
    /// Without TLS.
    Plain(S),
    /// With TLS.
    Tls(Box<TlsStream<S>>),
    /// During the upgrade to TLS, and after an error.
    Closed,
}

impl<S> Transport<S> {
    /// Returns the TLS parameters of this connection; `None` without TLS.
    pub fn tls_facts(&self) -> Option<TlsFacts> {
        match self {
            Self::Tls(stream) => Some(TlsFacts::of(stream.get_ref().1)),
            Self::Plain(_) | Self::Closed => None,
        }
    }

    /// Returns the channel binding of this TLS connection, if its version and certificate allow
    /// one.
    pub(crate) fn channel_binding(&self) -> Option<ChannelBinding> {
        match self {
            Self::Tls(stream) => tls_facts::channel_binding(stream.get_ref().1),
            Self::Plain(_) | Self::Closed => None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport<S> {
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}
