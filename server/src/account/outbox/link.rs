//! The connection to the outgoing server: opened ahead of a message, and closed soon after.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use super::Outbox;
use super::recording::Recording;
use crate::account::error::AccountError;
use crate::clients::smtp::SmtpConnection;

/// How long a connection stays open for a message that is being written. Many servers close one
/// that is silent for longer.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Timeout for opening a connection ahead: a message that becomes due meanwhile waits for it.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(15);

/// A connection after its sign-in, and the recording of its lines.
pub(super) struct OpenConnection {
    pub(super) smtp: SmtpConnection,
    pub(super) recording: Recording,
}

/// A connection that could not be opened, or whose sign-in was refused.
pub(super) struct Refusal {
    pub(super) error: AccountError,
    pub(super) recording: Recording,
}

/// The one connection of an outbox.
pub(super) struct ConnectionSlot {
    connection: Option<OpenConnection>,
    closes_at: Instant,
    /// The permit for a connection that is opened ahead.
    permit: Option<OwnedSemaphorePermit>,
    /// The refusal of the password when the connection was opened ahead: the next message gets this
    /// error, and the server is not asked again.
    refused: Option<(Refusal, Instant)>,
}

impl ConnectionSlot {
    pub(super) fn new() -> Self {
        Self {
            connection: None,
            closes_at: Instant::now(),
            permit: None,
            refused: None,
        }
    }

    /// Opens the connection and signs in, for a message that is being written. Errors are reported
    /// only once a message is sent.
    pub(super) async fn prepare(&mut self, outbox: &Outbox) {
        let closes_at = Instant::now() + IDLE_TIMEOUT;
        if self.connection.is_some() {
            self.closes_at = closes_at;
            return;
        }
        if self.is_refused() {
            return;
        }
        let Ok(permit) = Arc::clone(&outbox.prepared).try_acquire_owned() else {
            return;
        };
        let opening = timeout(PREPARE_TIMEOUT, outbox.open());
        match outbox.closing.run_until_cancelled(opening).await {
            Some(Ok(Ok(connection))) => {
                self.connection = Some(connection);
                self.closes_at = closes_at;
                self.permit = Some(permit);
            }
            Some(Ok(Err(refusal))) => {
                let error = &refusal.error;
                debug!(%error, "the outgoing server could not be reached ahead");
                if error.is_password_refused() {
                    self.refused = Some((refusal, closes_at));
                }
            }
            Some(Err(_)) | None => {}
        }
    }

    fn is_refused(&self) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|(_, expires_at)| *expires_at > Instant::now())
    }

    /// Takes the refusal of the password that no message has been given yet.
    pub(super) fn take_refusal(&mut self) -> Option<Refusal> {
        let (refusal, expires_at) = self.refused.take()?;
        (expires_at > Instant::now()).then_some(refusal)
    }

    /// Takes the connection for a message.
    pub(super) fn take(&mut self) -> Option<OpenConnection> {
        self.permit = None;
        self.connection.take()
    }

    /// Returns the connection after a message.
    pub(super) fn put(&mut self, connection: OpenConnection) {
        self.connection = Some(connection);
    }

    /// Sends QUIT after the last message, unless the connection waits for one that is being
    /// written.
    pub(super) fn rest(&mut self) {
        if self.permit.is_none() {
            self.quit();
        }
    }

    /// Waits until the server closes the connection, or until it expires.
    pub(super) async fn end(&mut self) {
        match &mut self.connection {
            Some(connection) => tokio::select! {
                () = connection.smtp.ended() => {
                    self.connection = None;
                    self.permit = None;
                }
                () = sleep_until(self.closes_at) => self.quit(),
            },
            None => std::future::pending().await,
        }
    }

    /// Sends QUIT without waiting for the reply.
    pub(super) fn quit(&mut self) {
        if let Some(connection) = self.take() {
            tokio::spawn(connection.smtp.quit());
        }
    }
}
