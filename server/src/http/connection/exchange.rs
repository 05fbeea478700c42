//! A request and its response: measures how fast the body arrives and the response is read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

use super::activity::Activity;
use super::open_response::OpenResponse;
use crate::limits;

/// Maximum size of one chunk of a response.
const CHUNK_MAX_BYTES: usize = 32 << 10;

/// A request from its head to the last byte of its response; ends when it is dropped.
#[derive(Debug)]
pub(in crate::http) struct Exchange {
    activity: Arc<Activity>,
    response: Arc<OpenResponse>,
    /// Whether the body of the request arrived too slowly.
    is_slow: AtomicBool,
}

impl Exchange {
    /// Starts an exchange once the head of the request is complete.
    pub(super) fn begin(activity: Arc<Activity>) -> Arc<Self> {
        let response = Arc::default();
        activity.request_started(&response);
        Arc::new(Self {
            activity,
            response,
            is_slow: AtomicBool::new(false),
        })
    }

    /// Returns the activity of the request's connection.
    pub(in crate::http) fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Holds a permit until the response is complete.
    pub(in crate::http) fn hold_permit(&self, permit: OwnedSemaphorePermit) {
        self.response.state().permits.push(permit);
    }

    /// Wraps the body of the request with the minimum rate.
    pub(super) fn wrap_body<B>(self: &Arc<Self>, body: B) -> ReceivedBody<B> {
        ReceivedBody {
            exchange: Arc::clone(self),
            body,
            waited: Duration::ZERO,
            received_bytes: 0,
            waiting_since: None,
            timer: None,
        }
    }

    /// Wraps the response; replaces an error status by 408 if the request body arrived too slowly.
    pub(super) fn wrap_response(self: &Arc<Self>, response: Response<Body>) -> Response<SentBody> {
        let (mut head, body) = response.into_parts();
        let is_refused = head.status.is_client_error() || head.status.is_server_error();
        if is_refused && self.is_slow.load(Ordering::Relaxed) {
            head.status = StatusCode::REQUEST_TIMEOUT;
            head.headers
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.response.state().body = Some(body);
        Response::from_parts(head, SentBody(Arc::clone(self)))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.activity.response_ended(&self.response);
    }
}

/// A request body that fails if it arrives too slowly.
pub(super) struct ReceivedBody<B> {
    exchange: Arc<Exchange>,
    body: B,
    /// Time spent waiting for the current [`limits::BODY_PACE_BYTES`].
    waited: Duration,
    received_bytes: u64,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> HttpBody for ReceivedBody<B>
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Unpin,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        // Counts only the time after a pending poll: a busy handler does not count as waiting.
        if let Some(since) = this.waiting_since.take() {
            this.waited = this.waited.saturating_add(since.elapsed());
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame
                && let Some(data) = frame.data_ref()
            {
                let bytes = u64::try_from(data.len()).unwrap_or(u64::MAX);
                this.received_bytes = this.received_bytes.saturating_add(bytes);
                if this.received_bytes >= limits::BODY_PACE_BYTES {
                    (this.received_bytes, this.waited) = (0, Duration::ZERO);
                }
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let remaining = limits::BODY_WITHIN.saturating_sub(this.waited);
        if !remaining.is_zero() {
            let now = Instant::now();
            let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(remaining)));
            timer.as_mut().reset(now + remaining);
            if timer.as_mut().poll(cx).is_pending() {
                this.waiting_since = Some(now);
                return Poll::Pending;
            }
        }
        this.exchange.is_slow.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response body that notes when its peer asks for more. It is sent in chunks of at most 32 KiB,
/// so that even a slow peer asks often enough.
pub(super) struct SentBody(Arc<Exchange>);

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut response = self.0.response.state();
        response.last_chunk_at = None;
        if response.rest.is_empty() {
            let Some(body) = &mut response.body else {
                let error = io::Error::from(io::ErrorKind::TimedOut);
                return Poll::Ready(Some(Err(axum::Error::new(error))));
            };
            let frame = ready!(Pin::new(body).poll_frame(cx));
            let data = match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            response.rest = data;
        }
        let bytes = response.rest.len().min(CHUNK_MAX_BYTES);
        let chunk = response.rest.split_to(bytes);
        response.last_chunk_at = Some(Instant::now());
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        let response = self.0.response.state();
        response.rest.is_empty() && response.body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let response = self.0.response.state();
        let body = response.body.as_ref();
        let mut hint = body.map(HttpBody::size_hint).unwrap_or_default();
        let rest = u64::try_from(response.rest.len()).unwrap_or(u64::MAX);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::admission::Connections;
    use crate::http::client_ip::Connected;
    use http_body_util::{BodyExt as _, StreamBody};

    fn exchange() -> Arc<Exchange> {
        let connections = Connections::new(limits::Room::of(1024));
        let slot = connections.admit(Connected::Unix, &[]).unwrap();
        Exchange::begin(Arc::new(Activity::new(slot)))
    }

    type Chunk = Result<Frame<Bytes>, io::Error>;

    /// Returns a body of `count` chunks, one in each interval.
    fn paced_body(
        count: usize,
        bytes: usize,
        every: Duration,
    ) -> impl HttpBody<Data = Bytes, Error = io::Error> + Unpin {
        let parts = futures_util::stream::unfold(0, move |nth| async move {
            sleep(every).await;
            let part: Chunk = Ok(Frame::data(Bytes::from(vec![b'x'; bytes])));
            (nth < count).then_some((part, nth + 1))
        });
        StreamBody::new(Box::pin(parts))
    }

    #[tokio::test(start_paused = true)]
    async fn body_at_the_minimum_rate_is_read_and_a_slower_one_fails() {
        let at_minimum_rate = paced_body(40, 1024, Duration::from_secs(1));
        let read = exchange()
            .wrap_body(at_minimum_rate)
            .collect()
            .await
            .unwrap();
        assert_eq!(read.to_bytes().len(), 40 * 1024);

        let exchange = exchange();
        let started = Instant::now();
        let slow = paced_body(40, 512, Duration::from_secs(1));
        assert!(exchange.wrap_body(slow).collect().await.is_err());
        assert_eq!(started.elapsed().as_secs(), limits::BODY_WITHIN.as_secs());
        let refused = Response::builder().status(422).body(Body::empty()).unwrap();
        assert_eq!(exchange.wrap_response(refused).status(), 408);
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_the_handler_does_not_count_against_the_peer() {
        let exchange = exchange();
        let mut body = exchange.wrap_body(paced_body(3, 10, Duration::from_secs(1)));
        for _ in 0..3 {
            body.frame().await.unwrap().unwrap();
            sleep(limits::BODY_WITHIN * 2).await;
        }
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn stalled_response_drops_its_body() {
        let exchange = exchange();
        let parts = paced_body(1000, 1024, Duration::ZERO);
        let response = exchange.wrap_response(Response::new(Body::new(parts)));
        let mut body = response.into_body();
        body.frame().await.unwrap().unwrap();
        let sent_at = Instant::now();
        let just_before = sent_at + limits::RESPONSE_WITHIN - Duration::from_millis(1);
        assert!(!exchange.response.is_stalled(just_before));
        assert!(
            exchange
                .response
                .is_stalled(sent_at + limits::RESPONSE_WITHIN)
        );
        assert!(exchange.response.state().body.is_none());
        assert!(body.frame().await.unwrap().is_err(), "never ended cleanly");
    }
}
