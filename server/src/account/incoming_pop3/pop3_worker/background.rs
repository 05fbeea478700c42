//! Background work: polling for new mail, deletes that are due, closing.

use std::time::Duration;

use tokio::time::Instant;
use tracing::info;

use super::Pop3Worker;
use super::session::PREFETCH_MAX;
use crate::account::backoff::backoff;
use crate::account::error::AccountError;
use crate::account::model::now_unix_ms;
use crate::clients::ClientError;

/// Maximum wait of background work for the lease, so that it does not delay requests.
const LEASE_WAIT: Duration = Duration::from_secs(2);
/// Base of the retry pause: the first pause is at most twice as long.
const BACKOFF: Duration = Duration::from_secs(2);

/// Whole messages are cached for this long after the last request.
const MESSAGES_CACHE_LIFETIME: Duration = Duration::from_secs(30);

impl Pop3Worker {
    /// Returns when the timer fires next.
    pub(super) fn next_timer(&self) -> Instant {
        // Upper bound: the worker gets no event when a page starts to watch.
        let now = Instant::now();
        let mut next = now + self.timing.poll_interval;
        if self.session.is_some() {
            next = next.min(self.last_request + self.timing.linger);
        }
        if !self.messages.is_empty() {
            next = next.min(self.last_request + self.messages_lifetime());
        }
        let poll = self.pages.is_watched().then(|| self.poll_at(now)).flatten();
        for at in [self.deletes_at(now), poll].into_iter().flatten() {
            next = next.min(at);
        }
        next
    }

    /// Runs the work that is due.
    pub(super) async fn on_timer(&mut self) {
        let now = Instant::now();
        if now >= self.last_request + self.timing.linger {
            self.end_session().await;
        }
        if now >= self.last_request + self.messages_lifetime() {
            self.messages.clear();
        }
        if self.deletes_at(now).is_some_and(|at| at <= now) {
            // Not cancelled when the page's session ends: it would have to be repeated.
            if let Err(error) = self.run_deletes(LEASE_WAIT, &[]).await {
                self.on_failure(&error);
            }
        } else if self.pages.is_watched() && self.poll_at(now).is_some_and(|at| at <= now) {
            let closing = self.closing.clone();
            let polled = tokio::select! {
                biased;
                () = closing.cancelled() => Ok(()),
                polled = self.poll() => polled,
            };
            if let Err(error) = self.settle(polled) {
                self.on_failure(&error);
            }
        }
    }

    /// Returns how long whole messages are cached: at most as long as the session, because they are
    /// its largest data.
    fn messages_lifetime(&self) -> Duration {
        self.timing.linger.min(MESSAGES_CACHE_LIFETIME)
    }

    /// Returns when the next delete may run.
    fn deletes_at(&self, now: Instant) -> Option<Instant> {
        let due_unix_ms = self.local_marks.next_due_unix_ms()?;
        let remaining_ms = u64::try_from(due_unix_ms.saturating_sub(now_unix_ms())).unwrap_or(0);
        self.not_before(now + Duration::from_millis(remaining_ms))
    }

    /// Returns when to poll for new mail next.
    fn poll_at(&self, now: Instant) -> Option<Instant> {
        let polled_at = self.listing.as_ref().map(|listing| listing.fetched_at);
        let polled_at = polled_at.filter(|_| !self.is_poll_due);
        self.not_before(polled_at.map_or(now, |at| at + self.poll_interval()))
    }

    /// Returns the first time from `at` on when background work may run.
    fn not_before(&self, at: Instant) -> Option<Instant> {
        if self.refusal.is_some() {
            return None;
        }
        let at = self.retry_at.map_or(at, |retry_at| at.max(retry_at));
        Some(
            self.maildrop
                .next_login_at()
                .map_or(at, |next_login_at| at.max(next_login_at)),
        )
    }

    /// Polls for new mail in a new session: the maildrop of an open session never changes.
    async fn poll(&mut self) -> Result<(), AccountError> {
        self.end_session().await;
        self.begin_session(LEASE_WAIT).await?;
        self.local_marks.refresh().await?;
        if let Some(arrived) = self.pending_arrivals.filter(|arrived| *arrived > 0) {
            self.fetch_rows(0, arrived.min(PREFETCH_MAX)).await?;
            // The user is likely to open them: the session stays open for that.
            self.last_request = Instant::now();
        }
        Ok(())
    }

    /// Handles a failure of background work and schedules a retry.
    fn on_failure(&mut self, error: &AccountError) {
        self.session = None;
        if self.refusal.is_some() {
            // A refused password is never retried automatically.
            self.publish_connection(false, 0);
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let pause = backoff(BACKOFF, self.failures);
        info!(%error, retry_in_secs = pause.as_secs(), "the maildrop could not be looked at");
        self.retry_at = Some(Instant::now() + pause);
        // If another program has locked the maildrop, the server is reachable.
        let is_reachable = matches!(
            error,
            AccountError::Client(ClientError::LoginRefused { .. })
        );
        if self.failures > 1 && !is_reachable {
            let secs = u32::try_from(pause.as_secs()).unwrap_or(u32::MAX).max(1);
            self.publish_connection(false, secs);
        }
    }
}
