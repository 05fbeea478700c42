//! Sessions: taking the lease, signing in, listing the maildrop, and ending.

use std::sync::Arc;
use std::time::Duration;

use mail_net::Phase;
use tracing::debug;

use super::super::lease::{Busy, Lease, Maildrop};
use super::super::listing::Listing;
use super::{Pop3Worker, Timing};
use crate::account::dependencies::Dependencies;
use crate::account::error::AccountError;
use crate::clients::pop3::Pop3Connection;
use crate::clients::{Access, ClientError};
use crate::domain::{Protocol, ServerReply};

/// Maximum number of new rows that are prefetched for the page.
pub(super) const PREFETCH_MAX: u32 = 50;

/// A session that is signed in and has not listed the maildrop.
pub(super) struct SignedIn {
    pub(super) connection: Pop3Connection,
    pub(super) lease: Lease,
}

/// A session, and its listing. The connection ends before the lease is released.
pub(super) struct Session {
    pub(super) connection: Pop3Connection,
    pub(super) lease: Lease,
    /// Its message numbers are valid in this session.
    pub(super) listing: Arc<Listing>,
}

impl Pop3Worker {
    /// Signs in, with a single attempt.
    pub(in crate::account::incoming_pop3) async fn sign_in(
        access: Access,
        dependencies: Dependencies,
        maildrop: Arc<Maildrop>,
        timing: Timing,
    ) -> Result<Self, AccountError> {
        let mut worker = Self::new(access, dependencies, maildrop, timing);
        worker.signed_in = Some(worker.log_in(Phase::SignIn, timing.lease_wait).await?);
        Ok(worker)
    }

    /// Takes the lease of the maildrop and signs in, with a single attempt.
    pub(super) async fn log_in(
        &mut self,
        phase: Phase,
        lease_wait: Duration,
    ) -> Result<SignedIn, AccountError> {
        let lease = self
            .maildrop
            .lease(lease_wait)
            .await
            .map_err(|busy| self.busy_error(busy))?;
        let client = self.client.take();
        let opened = Pop3Connection::open(&self.dialer, &self.access, client, phase).await;
        let connection = opened.map_err(AccountError::from).inspect_err(|error| {
            if error.is_password_refused() {
                self.refusal = Some(error.clone());
            }
        })?;
        self.login_delay = connection.login_delay();
        lease.signed_in(self.login_delay);
        self.refusal = None;
        self.retry_at = None;
        if std::mem::take(&mut self.failures) > 1 {
            self.publish_connection(true, 0);
        }
        Ok(SignedIn { connection, lease })
    }

    /// Returns the session; begins one if there is none. A new one lists the maildrop first.
    pub(super) async fn session(&mut self) -> Result<&mut Session, AccountError> {
        if self.session.is_none() {
            self.begin_session(self.timing.lease_wait).await?;
        }
        self.session.as_mut().ok_or(AccountError::SignedOut)
    }

    /// Refreshes the listing for a request of the newest messages. A watched account returns the
    /// known messages and publishes new ones shortly after; an unwatched one waits for a recent
    /// listing.
    pub(super) async fn refresh_newest(&mut self) -> Result<(), AccountError> {
        let max_age = self.timing.reload_after.min(self.poll_interval());
        if !self.pages.is_watched() {
            return self.refresh_if_older(max_age).await;
        }
        self.refresh_if_stale().await?;
        let listing = self.listing.as_ref();
        self.is_poll_due = listing.is_some_and(|listing| listing.fetched_at.elapsed() >= max_age);
        Ok(())
    }

    /// Begins a new session if the listing is too old. New messages are visible to new sessions
    /// only.
    pub(super) async fn refresh_if_stale(&mut self) -> Result<(), AccountError> {
        self.refresh_if_older(self.poll_interval()).await
    }

    async fn refresh_if_older(&mut self, max_age: Duration) -> Result<(), AccountError> {
        if let Some(listing) = &self.listing {
            let is_fresh = listing.fetched_at.elapsed() < max_age;
            // Until the server permits the next sign-in, the known listing is shown.
            if is_fresh || self.maildrop.next_login_at().is_some() {
                return Ok(());
            }
        }
        self.end_session().await;
        self.begin_session(self.timing.lease_wait).await
    }

    /// Sends QUIT, so that the maildrop is unlocked, and releases the lease.
    pub(super) async fn end_session(&mut self) {
        if let Some(Session {
            connection, lease, ..
        }) = self.session.take()
        {
            connection.quit().await;
            drop(lease);
        }
    }

    pub(super) async fn begin_session(&mut self, lease_wait: Duration) -> Result<(), AccountError> {
        let signed_in = self.log_in(Phase::Command, lease_wait).await?;
        self.list_maildrop(signed_in).await
    }

    async fn list_maildrop(&mut self, signed_in: SignedIn) -> Result<(), AccountError> {
        let SignedIn {
            mut connection,
            lease,
        } = signed_in;
        let listing =
            Listing::fetch(&mut connection, self.listing.as_deref(), &mut self.rows).await?;
        let listing = Arc::new(listing);
        self.session = Some(Session {
            connection,
            lease,
            listing: Arc::clone(&listing),
        });
        self.set_listing(listing);
        Ok(())
    }

    /// Fetches the first window at sign-in, before the browser requests it.
    pub(super) async fn warm_up(&mut self, signed_in: SignedIn) -> Result<(), AccountError> {
        self.list_maildrop(signed_in).await?;
        self.local_marks.refresh().await?;
        self.fetch_rows(0, PREFETCH_MAX).await.map(drop)
    }

    /// Drops a session after a protocol error, or in the middle of a response; it is never reused.
    pub(super) fn settle<T>(&mut self, result: Result<T, AccountError>) -> Result<T, AccountError> {
        let is_mid_command = self
            .session
            .as_ref()
            .is_some_and(|s| s.connection.is_in_command());
        if is_mid_command || result.as_ref().is_err_and(AccountError::is_connection_lost) {
            self.session = None;
        }
        result
    }

    /// Returns the error for a session that cannot begin now, with the response code that a server
    /// would use.
    fn busy_error(&self, busy: Busy) -> AccountError {
        let code = match busy {
            Busy::Held => "IN-USE",
            Busy::LoginDelay => "LOGIN-DELAY",
        };
        AccountError::Client(ClientError::LoginRefused {
            protocol: Protocol::Pop3,
            endpoint: self.access.endpoint.clone(),
            reply: ServerReply {
                response_code: Some(code.to_owned()),
                ..ServerReply::default()
            },
        })
    }
}

/// Waits until a session is over; forever if there is none.
pub(super) async fn wait_for_end(session: &mut Option<Session>) {
    match session {
        Some(Session {
            connection, lease, ..
        }) => {
            tokio::select! {
                error = connection.closed() => debug!(%error, "the server ended the session"),
                () = lease.wait_until_requested() => {}
            }
        }
        None => std::future::pending().await,
    }
}
