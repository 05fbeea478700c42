//! `GET {base}/events`: the events of the session as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::api::live::LiveEvent;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::Stream;
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::body::{self, field, parse_form};
use super::visitor::Visitor;
use super::{Web, headers};
use crate::account::{AccountHandle, Watcher};
use crate::limits;
use crate::session::LiveSession;
use crate::session::events::Since;
use crate::session::turns::OpenStream;
use crate::store::now_unix_ms;

/// Interval of beats while the session is in use: the page reports a lost connection within 3 s.
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// Interval of beats while the session is not in use. Below the common proxy timeout of 60 s.
const IDLE_BEAT_EVERY: Duration = Duration::from_secs(15);
/// How long after its last request a session counts as in use.
const IN_USE_MS: i64 = 60_000;

/// Streams `hello` first, then the events after `?after=` or `Last-Event-ID`, then new events.
pub(super) async fn events(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
    version: Version,
    request: HeaderMap,
) -> Response {
    let query = parse_form(query.unwrap_or_default().as_bytes());
    // The header is newer: on reconnect the browser adds it to the same address.
    let last = request.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = last
        .or_else(|| field(&query, "after"))
        .filter(|id| !id.is_empty());
    let reader = match visitor.session {
        Some(session) => match Arc::clone(&web.streams).try_acquire_owned() {
            Ok(permit) => EventReader::new(&web, session, after, permit),
            Err(_) => return too_many_streams(),
        },
        None => EventReader::ended(web.shutdown.clone()),
    };
    let mut response = Sse::new(reader.into_stream()).into_response();
    let headers = response.headers_mut();
    headers::private(headers);
    headers::set(headers, CACHE_CONTROL, "no-store, no-transform");
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    if version <= Version::HTTP_11 {
        // HTTP/1 connections are not reused after an event stream; the next request opens a new
        // one.
        body::close(headers);
    }
    response
}

/// The response when the process has its maximum of streams; the page retries later.
fn too_many_streams() -> Response {
    let secs = HeaderValue::from(limits::TURN_WITHIN.as_secs());
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    headers::private(response.headers_mut());
    response.headers_mut().insert(RETRY_AFTER, secs);
    response
}

/// One open stream.
struct EventReader {
    session: Option<Arc<LiveSession>>,
    /// Events to send before the ring is read.
    ready: VecDeque<(Option<u64>, LiveEvent)>,
    /// The number of the last event that was read.
    seen: u64,
    newest: Option<watch::Receiver<u64>>,
    /// Keeps the accounts' connections open while the stream is open.
    watchers: Watched,
    /// The slot of this stream in its session, and its permit of the process.
    slot: Option<(OpenStream, OwnedSemaphorePermit)>,
    shutdown: CancellationToken,
    /// When the next beat is due.
    beat_at: Instant,
    /// When to check whether the session is in use again, which makes the beat due earlier.
    next_check: Instant,
    is_over: bool,
}

/// The accounts that a stream watches, which keeps their connections open.
struct Watched {
    accounts: Arc<[AccountHandle]>,
    _watchers: Vec<Watcher>,
}

impl Watched {
    fn of(accounts: Arc<[AccountHandle]>) -> Self {
        Self {
            _watchers: accounts.iter().map(AccountHandle::watch).collect(),
            accounts,
        }
    }

    /// Updates the watched accounts from the session. Each change of the accounts is also an event.
    fn update(&mut self, session: &LiveSession) {
        let accounts = session.accounts();
        if !Arc::ptr_eq(&accounts, &self.accounts) {
            *self = Self::of(accounts);
        }
    }
}

impl EventReader {
    fn new(
        web: &Web,
        session: Arc<LiveSession>,
        after: Option<&str>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let newest = session.events.watch();
        let now = session.events.newest();
        let hello = LiveEvent::Hello {
            build: web.site.build().to_owned(),
            seq: session.events.id(now),
        };
        let mut ready = VecDeque::from([(None, hello)]);
        let seen = match after.map(|id| session.events.position_of(id)) {
            None => now,
            Some(Some(seen)) => seen,
            Some(None) => {
                ready.push_back((Some(now), LiveEvent::Resync));
                now
            }
        };
        Self {
            watchers: Watched::of(session.accounts()),
            slot: Some((session.streams.open(), permit)),
            session: Some(session),
            ready,
            seen,
            newest: Some(newest),
            shutdown: web.shutdown.clone(),
            // The first beat is due immediately: it tells the page the interval.
            beat_at: Instant::now(),
            next_check: Instant::now(),
            is_over: false,
        }
    }

    /// Creates the stream of a session that has ended.
    fn ended(shutdown: CancellationToken) -> Self {
        let ready = VecDeque::from([(None, LiveEvent::End)]);
        Self {
            session: None,
            ready,
            seen: 0,
            newest: None,
            watchers: Watched::of(Arc::default()),
            slot: None,
            shutdown,
            beat_at: Instant::now(),
            next_check: Instant::now(),
            is_over: true,
        }
    }

    /// Returns the next event with its number, if it has one; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(Option<u64>, LiveEvent)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            let (session, newest) = (self.session.as_ref()?, self.newest.as_mut()?);
            let (open, _) = self.slot.as_ref()?;
            newest.mark_unchanged();
            self.watchers.update(session);
            match session.events.since(self.seen) {
                Since::Events(events) => {
                    self.ready
                        .extend(events.into_iter().map(|(seq, event)| (Some(seq), event)));
                }
                Since::Missed(newest) => self.ready.push_back((Some(newest), LiveEvent::Resync)),
            }
            if let Some((Some(seq), _)) = self.ready.back() {
                self.seen = *seq;
                continue;
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return None,
                () = session.over().cancelled() => {
                    self.ready.push_back((None, LiveEvent::End));
                    self.is_over = true;
                }
                () = open.replaced.cancelled() => {
                    self.ready.push_back((None, LiveEvent::Replaced));
                    self.is_over = true;
                }
                changed = newest.changed() => changed.ok()?,
                () = tokio::time::sleep_until(self.next_check) => {
                    let now = Instant::now();
                    self.next_check = now + BEAT_EVERY;
                    let is_in_use = session.unused_ms(now_unix_ms()) < IN_USE_MS;
                    if is_in_use || now >= self.beat_at {
                        let pause = if is_in_use { BEAT_EVERY } else { IDLE_BEAT_EVERY };
                        self.beat_at = now + pause;
                        let next_secs = u32::try_from(pause.as_secs()).unwrap_or(u32::MAX);
                        return Some((None, LiveEvent::Beat { next_secs }));
                    }
                }
            }
        }
    }

    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures_util::stream::unfold(self, async |mut reader: Self| {
            let (seq, event) = reader.next().await?;
            let mut sent = Event::default().event(name(&event));
            if let (Some(seq), Some(session)) = (seq, &reader.session) {
                sent = sent.id(session.events.id(seq));
            }
            // `LiveEvent` is plain data: serializing it to JSON does not fail.
            let sent = sent.json_data(&event).unwrap_or_else(|_| Event::default());
            Some((Ok(sent), reader))
        })
    }
}

fn name(event: &LiveEvent) -> &'static str {
    match event {
        LiveEvent::Hello { .. } => "hello",
        LiveEvent::Beat { .. } => "beat",
        LiveEvent::Folder { .. } => "folder",
        LiveEvent::Outbox { .. } => "outbox",
        LiveEvent::Connection { .. } => "connection",
        LiveEvent::View { .. } => "view",
        LiveEvent::Resync => "resync",
        LiveEvent::Replaced => "replaced",
        LiveEvent::End => "end",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_name_is_the_type_in_its_data() {
        let account = || "a".into();
        for event in [
            LiveEvent::Hello {
                build: String::new(),
                seq: String::new(),
            },
            LiveEvent::Beat { next_secs: 2 },
            LiveEvent::Folder {
                account: account(),
                folder: "f".into(),
                total: 1,
                unread: None,
                arrived: 0,
            },
            LiveEvent::Outbox { outbox: "o".into() },
            LiveEvent::Connection {
                account: account(),
                host: String::new(),
                is_up: true,
                retry_in_secs: 0,
            },
            LiveEvent::View {
                view: "v".into(),
                pending: 1,
            },
            LiveEvent::Resync,
            LiveEvent::Replaced,
            LiveEvent::End,
        ] {
            assert_eq!(serde_json::to_value(&event).unwrap()["type"], name(&event));
        }
    }
}
