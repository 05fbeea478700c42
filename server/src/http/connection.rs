//! One connection of a browser or proxy: serves its requests, and ends it when the peer sends or
//! reads nothing for too long.
//!
//! The timeouts are in [`crate::limits`]. hyper has a deadline only for the head of an HTTP/1
//! request; this module bounds protocol detection, idle HTTP/2 connections, bodies and responses.

mod activity;
mod exchange;
mod open_response;
mod socket;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tower::ServiceExt as _;

use super::admission::ConnectionSlot;
use super::client_ip::Connected;
use crate::limits;

pub(super) use activity::Activity;
use activity::Verdict;
pub(super) use exchange::Exchange;
use socket::Socket;

/// Returns hyper's connection builder with the limits set.
pub(super) fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Also runs while the connection is idle; [`Activity`] has a shorter deadline for heads.
        .header_read_timeout(limits::KEEP_ALIVE)
        .max_buf_size(limits::HEAD_MAX_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .max_header_list_size(limits::HEADER_LIST_MAX_BYTES)
        .max_send_buf_size(limits::SEND_BUFFER_BYTES)
        .keep_alive_interval(limits::PING_EVERY)
        .keep_alive_timeout(limits::PING_WITHIN);
    builder
}

/// Serves a connection until the peer closes it, a deadline expires or it is evicted from the
/// table.
pub(super) async fn serve<S>(
    builder: &auto::Builder<TokioExecutor>,
    router: Router,
    stream: S,
    peer: Connected,
    slot: ConnectionSlot,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::new(slot));
    let service = {
        let activity = Arc::clone(&activity);
        service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let exchange = Exchange::begin(Arc::clone(&activity));
            let mut request = request.map(|body| Body::new(exchange.wrap_body(body)));
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(Arc::clone(&exchange));
            let response = router.clone().oneshot(request);
            async move {
                response
                    .await
                    .map(|response| exchange.wrap_response(response))
            }
        })
    };
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&activity)));
    let mut connection = pin!(builder.serve_connection(socket, service));
    let mut check = pin!(sleep_until(activity.deadline()));
    let mut is_ending = false;
    let outcome = poll_fn(|cx| {
        activity.signals().register(cx.waker());
        loop {
            if activity.signals().is_evicted() {
                return Poll::Ready(Err("gave way to another connection".into()));
            }
            if activity.signals().is_stopping() && !is_ending {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(outcome) = connection.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            let deadline = activity.deadline();
            if deadline < check.deadline() {
                check.as_mut().reset(deadline);
            }
            if check.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            match activity.check_deadlines(Instant::now()) {
                Verdict::Continue => check.as_mut().reset(activity.deadline()),
                Verdict::Idle if !is_ending => {
                    // With HTTP/2, GOAWAY tells the peer which requests were served.
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                    check.as_mut().reset(Instant::now() + limits::STOP_WITHIN);
                }
                Verdict::RequestTimeout => {
                    // From now on reads fail, after a 408 if one can be sent.
                    activity.refuse_head();
                    if let Poll::Ready(outcome) = connection.as_mut().poll(cx) {
                        return Poll::Ready(outcome);
                    }
                    return Poll::Ready(Err("no request came".into()));
                }
                Verdict::Idle | Verdict::Stalled => {
                    return Poll::Ready(Err("the peer took too long".into()));
                }
            }
        }
    });
    let outcome: Result<(), Box<dyn std::error::Error + Send + Sync>> = outcome.await;
    if let Err(error) = outcome {
        tracing::debug!(error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
