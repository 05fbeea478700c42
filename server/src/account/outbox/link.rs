//! The connection to the outgoing server: ready before a message is, and closed soon after.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use super::Outbox;
use crate::account::error::AccountError;
use crate::clients::smtp::SmtpConnection;

/// A connection is kept for a message that is being written for this long. Many servers close one
/// that is silent for longer.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How long opening one ahead may take: a message that is due meanwhile waits for it.
const PREPARED_WITHIN: Duration = Duration::from_secs(15);

/// The one connection of an outbox.
pub(super) struct SendingLink {
    connection: Option<SmtpConnection>,
    closes_at: Instant,
    /// The place among the connections that are open ahead.
    place: Option<OwnedSemaphorePermit>,
    /// The password was refused when the connection was opened ahead: the message is told so, and
    /// the server is not asked twice.
    refused: Option<(AccountError, Instant)>,
}

impl SendingLink {
    pub(super) fn new() -> Self {
        Self {
            connection: None,
            closes_at: Instant::now(),
            place: None,
            refused: None,
        }
    }

    /// Opens the connection, signed in, for a message that is being written. Quietly: what goes
    /// wrong is told when a message is there.
    pub(super) async fn prepare(&mut self, outbox: &Outbox) {
        let closes_at = Instant::now() + KEPT_FOR;
        if self.connection.is_some() {
            self.closes_at = closes_at;
            return;
        }
        if self.refusal().is_some() {
            return;
        }
        let Ok(place) = Arc::clone(&outbox.prepared).try_acquire_owned() else {
            return;
        };
        let opening = timeout(PREPARED_WITHIN, outbox.open());
        match outbox.closing.run_until_cancelled(opening).await {
            Some(Ok(Ok(connection))) => {
                self.connection = Some(connection);
                self.closes_at = closes_at;
                self.place = Some(place);
            }
            Some(Ok(Err(error))) => {
                debug!(%error, "the outgoing server could not be reached ahead");
                if error.is_password_refused() {
                    self.refused = Some((error, closes_at));
                }
            }
            Some(Err(_)) | None => {}
        }
    }

    fn refusal(&self) -> Option<&AccountError> {
        let (error, until) = self.refused.as_ref()?;
        (*until > Instant::now()).then_some(error)
    }

    /// Takes the refusal of the password that a message has not been told yet.
    pub(super) fn take_refusal(&mut self) -> Option<AccountError> {
        let (error, until) = self.refused.take()?;
        (until > Instant::now()).then_some(error)
    }

    /// Takes the connection for a message.
    pub(super) fn take(&mut self) -> Option<SmtpConnection> {
        self.place = None;
        self.connection.take()
    }

    /// Gives it back after a message.
    pub(super) fn put(&mut self, connection: SmtpConnection) {
        self.connection = Some(connection);
    }

    /// Says QUIT after the last message, unless the connection waits for one that is being written.
    pub(super) fn rest(&mut self) {
        if self.place.is_none() {
            self.quit();
        }
    }

    /// Waits until the server has closed the connection, or until it was kept long enough.
    pub(super) async fn end(&mut self) {
        match &mut self.connection {
            Some(connection) => tokio::select! {
                () = connection.ended() => {
                    self.connection = None;
                    self.place = None;
                }
                () = sleep_until(self.closes_at) => self.quit(),
            },
            None => std::future::pending().await,
        }
    }

    /// Says QUIT; nobody waits for the answer.
    pub(super) fn quit(&mut self) {
        if let Some(connection) = self.take() {
            tokio::spawn(connection.quit());
        }
    }
}
