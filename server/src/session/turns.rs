//! Limits on the concurrent requests and event streams of one session.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::limits;

/// The class of a request, which selects its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestClass {
    /// A page, a form, a server function.
    Request,
    /// A part or the source of a message: may take long, and holds up to 2 MiB in memory.
    Download,
}

/// The permits for one session's requests.
#[derive(Debug)]
pub struct Turns {
    requests: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            requests: Arc::new(Semaphore::new(limits::SESSION_REQUESTS)),
            downloads: Arc::new(Semaphore::new(limits::SESSION_DOWNLOADS)),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl Turns {
    /// Waits for a permit, which lasts until it is dropped. Returns `None` if too many requests are
    /// waiting already, or if none ended within [`limits::TURN_WITHIN`].
    pub async fn take(&self, class: RequestClass) -> Option<OwnedSemaphorePermit> {
        let permits = match class {
            RequestClass::Request => &self.requests,
            RequestClass::Download => &self.downloads,
        };
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Some(permit);
        }
        let _waiting = Waiting::begin(&self.waiting)?;
        let permit = timeout(limits::TURN_WITHIN, Arc::clone(permits).acquire_owned()).await;
        permit.ok()?.ok()
    }
}

/// One waiting request, counted until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        let before = count.fetch_add(1, Ordering::Relaxed);
        (before < limits::SESSION_WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The open event streams of one session, oldest first.
#[derive(Debug, Default)]
pub struct Streams {
    open: Mutex<VecDeque<CancellationToken>>,
}

/// An open event stream, until it is dropped.
#[derive(Debug)]
pub struct OpenStream {
    streams: Arc<Streams>,
    /// Cancelled when a newer stream replaces this one.
    pub replaced: CancellationToken,
}

impl Streams {
    /// Opens a stream; with more than [`limits::SESSION_STREAMS`] the oldest is replaced.
    pub fn open(self: &Arc<Self>) -> OpenStream {
        let replaced = CancellationToken::new();
        let oldest = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.push_back(replaced.clone());
            let is_over_limit = open.len() > limits::SESSION_STREAMS;
            if is_over_limit {
                open.pop_front()
            } else {
                None
            }
        };
        if let Some(oldest) = oldest {
            oldest.cancel();
        }
        OpenStream {
            streams: Arc::clone(self),
            replaced,
        }
    }

    /// Returns whether a stream is open.
    pub fn is_any_open(&self) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        !open.is_empty()
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        // Cancelling also marks this token for the comparison below: tokens have no identity.
        self.replaced.cancel();
        let mut open = self
            .streams
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.retain(|stream| !stream.is_cancelled());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_over_the_limit_wait_until_the_timeout() {
        let turns = Turns::default();
        let mut held = Vec::new();
        for _ in 0..limits::SESSION_REQUESTS {
            held.push(turns.take(RequestClass::Request).await.unwrap());
        }
        let began = tokio::time::Instant::now();
        assert!(turns.take(RequestClass::Request).await.is_none());
        assert_eq!(began.elapsed(), limits::TURN_WITHIN);
        assert!(
            turns.take(RequestClass::Download).await.is_some(),
            "turns of their own"
        );
        let (waiting, ()) = tokio::join!(turns.take(RequestClass::Request), async {
            held.pop();
        });
        assert!(waiting.is_some());
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_over_the_waiting_limit_are_refused_at_once() {
        let turns = Arc::new(Turns::default());
        let mut held = Vec::new();
        for _ in 0..limits::SESSION_DOWNLOADS {
            held.push(turns.take(RequestClass::Download).await.unwrap());
        }
        let waiting: Vec<_> = (0..limits::SESSION_WAITING)
            .map(|_| {
                let turns = Arc::clone(&turns);
                tokio::spawn(async move { turns.take(RequestClass::Download).await })
            })
            .collect();
        while turns.waiting.load(Ordering::Relaxed) < limits::SESSION_WAITING {
            tokio::task::yield_now().await;
        }
        let began = tokio::time::Instant::now();
        assert!(turns.take(RequestClass::Download).await.is_none());
        assert!(began.elapsed().is_zero(), "refused at once");
        for waiting in waiting {
            assert!(waiting.await.unwrap().is_none());
        }
    }

    #[test]
    fn the_oldest_stream_is_replaced() {
        let streams = Arc::<Streams>::default();
        let mut open: Vec<OpenStream> = (0..limits::SESSION_STREAMS)
            .map(|_| streams.open())
            .collect();
        assert!(open.iter().all(|stream| !stream.replaced.is_cancelled()));
        drop(open.remove(3));
        open.push(streams.open());
        assert!(open.iter().all(|stream| !stream.replaced.is_cancelled()));
        open.push(streams.open());
        let replaced = |stream: &OpenStream| stream.replaced.is_cancelled();
        assert!(replaced(&open[0]) && !open[1..].iter().any(replaced));
        drop(open);
        assert!(!streams.is_any_open());
    }
}
