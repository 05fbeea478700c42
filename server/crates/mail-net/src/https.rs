//! Posts a form to a web server that a message names, to leave a mailing list (RFC 8058).
//!
//! One request, over TLS with a checked certificate, through the egress fence. No cookie, no
//! redirect, and nothing of the response but its status (RFC 8058 §3.2).

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::dial::{DialError, Dialer};
use crate::egress::WEB_PORT;
use crate::transport::Transport;

/// Maximum time from the first packet to the status.
pub const DEADLINE: Duration = Duration::from_secs(20);
/// Maximum size of the header of the response, in bytes.
const HEAD_MAX_BYTES: usize = 64 << 10;

/// A form and where it is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormPost {
    /// The host of the URL.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The path and the query of the URL, from its first slash on.
    pub target: String,
    /// The form, URL-encoded.
    pub form: &'static str,
}

/// Why a form was not posted, or no status came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The connection could not be opened: nothing was sent.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// No status within [`DEADLINE`].
    #[error("no answer within the deadline")]
    TimedOut,
    /// The URL is not valid, or what came back is not HTTP.
    #[error("http: {0}")]
    Http(String),
}

impl From<hyper::Error> for PostError {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error.to_string())
    }
}

/// Posts a form once and returns the status of the response, a redirect as well.
///
/// # Errors
/// [`PostError`]. After [`PostError::TimedOut`] and [`PostError::Http`] the server may have the
/// form.
pub async fn post_form(dialer: &Dialer, post: &FormPost) -> Result<u16, PostError> {
    let exchange = timeout(DEADLINE, exchange(dialer, post)).await;
    exchange.unwrap_or(Err(PostError::TimedOut))
}

async fn exchange(dialer: &Dialer, post: &FormPost) -> Result<u16, PostError> {
    let host = match post.port {
        WEB_PORT => post.host.clone(),
        port => format!("{}:{port}", post.host),
    };
    let request = Request::post(&post.target)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from_static(post.form.as_bytes())))
        .map_err(|error| PostError::Http(error.to_string()))?;
    let Transport::Tls(stream) = dialer.open_web(&post.host, post.port).await? else {
        return Err(PostError::Http("no TLS".to_owned()));
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_MAX_BYTES)
        .handshake(TokioIo::new(*stream))
        .await?;
    let response = sender.send_request(request);
    tokio::pin!(connection, response);
    tokio::select! {
        biased;
        response = &mut response => Ok(response?.status().as_u16()),
        ended = &mut connection => {
            ended?;
            Ok(response.await?.status().as_u16())
        }
    }
}
