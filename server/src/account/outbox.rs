//! The outbox's worker: sends messages that are due, and records the results.
//!
//! The rules that prevent sending a message twice or losing it: it is durable before its state is
//! reported as sending; `committing` is durable before the final dot; if no reply follows the final
//! dot, the result is unknown and the message is never resent automatically.

mod couriers;
mod follow_up;
mod link;
mod mailbox;
mod recording;
mod settle;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{OutboxId, RecipientState};
use bytes::Bytes;
use mail_net::Dialer;
use mail_proto::smtp::{Cause, Envelope, EnvelopeId, Notify, Outcome, Return, Stage};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub(super) use self::couriers::{Couriers, Presence};
use self::follow_up::{Copies, Settled};
use self::link::{ConnectionSlot, OpenConnection, Refusal};
pub(super) use self::mailbox::{OnDemand, OutboxMailbox};
use self::recording::Recording;
use self::settle::{settle_error, settle_outcome};
use super::error::AccountError;
use super::model::{SignIn, now_unix_ms};
use super::open_pages::OpenPages;
use super::spooled::SpooledMessage;
use crate::clients::smtp::{Delivery, SmtpConnection, SubmissionServer, envelope};
use crate::domain::{AccountKey, AttemptTranscript, OutboxRow, RowState};
use crate::store::StoreError;
use crate::store::outbox::Ledger;
use crate::store::spool::{Spool, SpoolName};

/// The notices of a message whose delivery is to be reported.
const NOTIFY: Notify = Notify {
    success: true,
    failure: true,
    delay: true,
};
/// The pauses between attempts to write a result.
const SAVE_PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
];
/// The worker checks for due messages at least this often.
const POLL_INTERVAL: Duration = Duration::from_secs(300);

/// Sends the messages of one account.
pub(crate) struct Outbox {
    pub(crate) key: AccountKey,
    pub(crate) ledger: Ledger,
    pub(crate) spool: Spool,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) sign_in: SignIn,
    pub(super) pages: OpenPages,
    pub(super) mailbox: OutboxMailbox,
    /// A message is due.
    pub(crate) wake: Arc<tokio::sync::Notify>,
    /// A message is being written.
    pub(crate) writing: tokio::sync::Notify,
    /// Bounds the connections that all outboxes open ahead.
    pub(crate) prepared: Arc<Semaphore>,
    /// What the server can do, once it is known.
    pub(super) server: Mutex<Option<SubmissionServer>>,
    pub(crate) closing: CancellationToken,
    /// Messages whose drafts are deleted, which the rows may not record yet.
    pub(super) deleted_drafts: Mutex<HashSet<OutboxId>>,
}

impl Outbox {
    /// Sends messages that are due until the session ends.
    pub(super) async fn run(self: Arc<Self>, presence: Presence) {
        let (settled, follow_ups) = mpsc::unbounded_channel();
        let follower = Arc::clone(&self);
        tokio::spawn(async move {
            follower.follow_up_all(follow_ups).await;
            drop(presence);
        });
        let mut slot = ConnectionSlot::new();
        let mut is_first = true;
        loop {
            if let Err(error) = self.send_due(&mut slot, &settled).await {
                warn!(%error, "the outbox could not be worked on");
            }
            if std::mem::take(&mut is_first)
                && let Err(error) = self.file_unfiled_copies(&settled).await
            {
                warn!(%error, "copies of an earlier session could not be filed");
            }
            let pause = self.pause().await;
            tokio::select! {
                () = self.wake.notified() => {}
                () = self.writing.notified() => slot.prepare(&self).await,
                () = slot.end() => {}
                () = sleep(pause) => {}
                () = self.closing.cancelled() => {
                    slot.quit();
                    return;
                }
            }
        }
    }

    /// Sends the messages that are due and follows them up, then ends.
    pub(super) async fn run_once(self: &Arc<Self>) {
        let (settled, follow_ups) = mpsc::unbounded_channel();
        let follower = Arc::clone(self);
        let follower = tokio::spawn(async move { follower.follow_up_all(follow_ups).await });
        let mut slot = ConnectionSlot::new();
        if let Err(error) = self.send_due(&mut slot, &settled).await {
            warn!(%error, "the outbox of an ended session could not be worked on");
        }
        slot.quit();
        if let Err(error) = self.file_unfiled_copies(&settled).await {
            warn!(%error, "copies of an ended session could not be filed");
        }
        drop(settled);
        if let Err(error) = follower.await {
            warn!(%error, "the follow-up of an ended session failed");
        }
    }

    /// Lets every waiting message wait for the next sign-in: a server refused the password.
    pub(super) async fn await_sign_in(&self) {
        if let Err(error) = self.ledger.outbox_await_sign_in(&self.key).await {
            warn!(%error, "messages with a refused password could not be set aside");
        }
    }

    async fn pause(&self) -> Duration {
        let due = self.ledger.outbox_next_due(&self.key).await.ok().flatten();
        due.map_or(POLL_INTERVAL, |due| {
            let ms = due.saturating_sub(now_unix_ms()).max(200);
            Duration::from_millis(u64::try_from(ms).unwrap_or_default()).min(POLL_INTERVAL)
        })
    }

    /// Sends all messages that are due, over one connection.
    async fn send_due(
        &self,
        slot: &mut ConnectionSlot,
        settled: &mpsc::UnboundedSender<Settled>,
    ) -> Result<(), StoreError> {
        while !self.closing.is_cancelled() {
            let claimed = self.ledger.outbox_claim(&self.key, now_unix_ms()).await?;
            let Some(mut row) = claimed else { break };
            self.tell(&row.id);
            row.tries = row.tries.saturating_add(1);
            let mut transcript = AttemptTranscript::new(row.tries);
            let result = self.send(&mut row, slot, &mut transcript).await;
            row.changed_unix_ms = now_unix_ms();
            let is_written = match result {
                Sent::Settled => self.save_result(&row, &transcript).await?,
                Sent::TakenOver => false,
            };
            self.tell(&row.id);
            if row.needs_sign_in {
                // No other message of the account tries the same password.
                self.await_sign_in().await;
            }
            match row.state {
                _ if !is_written || !row.needs_follow_up() => {}
                RowState::Result => drop(settled.send((row, Copies::None))),
                // No process owns the row until it is due again, which may be at once.
                _ => self.follow_up(&mut row, Copies::None).await?,
            }
        }
        slot.rest();
        Ok(())
    }

    /// Records a result. A database that is busy or a disk that is full is tried again: until then
    /// the row would be shown as being sent.
    async fn save_result(
        &self,
        row: &OutboxRow,
        transcript: &AttemptTranscript,
    ) -> Result<bool, StoreError> {
        let mut pauses = SAVE_PAUSES.into_iter();
        loop {
            let error = match self.ledger.outbox_save_result(row, transcript).await {
                Ok(is_written) => return Ok(is_written),
                Err(error) => error,
            };
            warn!(%error, "the result of a message could not be written");
            match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    /// Connects to the outgoing server and signs in, with a single attempt.
    async fn open(&self) -> Result<OpenConnection, Refusal> {
        let access = self.sign_in.outgoing_access();
        let recording = Recording::new(&access.endpoint, access.transcript.clone());
        match SmtpConnection::open(&self.dialer, &access, recording.recorder()).await {
            Ok(smtp) => {
                let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
                *server = Some(smtp.server());
                Ok(OpenConnection { smtp, recording })
            }
            Err(error) => Err(Refusal {
                error: error.into(),
                recording,
            }),
        }
    }

    async fn send(
        &self,
        row: &mut OutboxRow,
        slot: &mut ConnectionSlot,
        transcript: &mut AttemptTranscript,
    ) -> Sent {
        row.message.error_cause = None;
        let Some(message) = self.message(row) else {
            settle_error(
                row,
                &AccountError::FileLost("it has no name".to_owned()),
                false,
            );
            return Sent::Settled;
        };
        // A server that advertises an extension without supporting it may have made the first
        // attempt fail.
        let mut is_plain = row.tries > 1;
        let mut is_plain_retry = false;
        loop {
            let reused = slot.take();
            let is_fresh = reused.is_none();
            let opened = match (reused, slot.take_refusal()) {
                (Some(open), _) => Ok(open),
                (None, Some(refused)) => Err(refused),
                (None, None) => self.open().await,
            };
            let mut open = match opened {
                Ok(open) => open,
                Err(mut refusal) => {
                    refusal.recording.move_to(transcript);
                    info!(error = %refusal.error, "the outgoing server cannot be used");
                    settle_error(row, &refusal.error, true);
                    return Sent::Settled;
                }
            };
            let prepared = (
                pending_envelope(row, message.size_bytes),
                message.open().await,
            );
            let (mut envelope, mut body) = match prepared {
                (Ok(envelope), Ok(body)) => (envelope, body),
                (Err(error), _) | (_, Err(error)) => {
                    settle_error(row, &error, false);
                    return Sent::Settled;
                }
            };
            envelope.is_plain = is_plain;
            let id = row.id.clone();
            let commit_error = Mutex::new(None);
            let commit = || async {
                let written = self.ledger.outbox_commit(&id, now_unix_ms()).await;
                written.unwrap_or_else(|error| {
                    let mut slot = commit_error.lock().unwrap_or_else(PoisonError::into_inner);
                    *slot = Some(error);
                    false
                })
            };
            let delivery = open.smtp.deliver(envelope, &mut body, commit).await;
            open.recording.move_to(transcript);
            match delivery {
                Delivery::Outcome(Outcome::NotSent {
                    cause: Cause::NotInOneGo { reply },
                    ..
                }) if !is_plain => {
                    info!(%reply, "the message is sent again, one command at a time");
                    is_plain = true;
                    // If the server parsed the message as commands, the connection cannot be
                    // reused.
                    if !open.smtp.is_over() {
                        is_plain_retry = true;
                        slot.put(open);
                    }
                }
                delivery if !is_fresh && is_connection_failure(&delivery, is_plain_retry) => {}
                Delivery::Outcome(outcome) => {
                    settle_outcome(row, outcome);
                    if open.smtp.is_limit_reached() && !open.smtp.is_over() {
                        tokio::spawn(open.smtp.quit());
                    } else if !open.smtp.is_over() {
                        slot.put(open);
                    }
                    return Sent::Settled;
                }
                Delivery::NotSent(error) => {
                    info!(%error, "a message was not sent");
                    settle_error(row, &error, true);
                    return Sent::Settled;
                }
                Delivery::TakenOver => {
                    let error = commit_error
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take();
                    let Some(error) = error else {
                        return Sent::TakenOver;
                    };
                    // The dot was not sent, because its state could not be written.
                    settle_error(row, &AccountError::store(error), true);
                    return Sent::Settled;
                }
            }
        }
    }

    /// Returns what the server can do, once it is known.
    pub(super) fn server(&self) -> Option<SubmissionServer> {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn message(&self, row: &OutboxRow) -> Option<SpooledMessage> {
        Some(SpooledMessage {
            spool: self.spool.clone(),
            name: SpoolName::parse(row.spool.as_deref()?)?,
            size_bytes: row.size_bytes,
            written_unix_ms: row.created_unix_ms,
            own_fields: Bytes::new(),
        })
    }

    /// Removes files that no row references any more.
    pub(crate) async fn remove_discarded(&self) {
        if let Err(error) = self.spool.remove_discarded().await {
            // The next sweep removes them.
            warn!(%error, "files could not be removed from the spool");
        }
    }

    pub(crate) fn tell(&self, id: &OutboxId) {
        self.pages.publish(LiveEvent::Outbox { outbox: id.clone() });
    }
}

/// Whether a failure concerns a reused connection and not the message: the server had closed it, or
/// (`is_out_of_step`) its replies may be to octets that it parsed as commands.
fn is_connection_failure<E>(delivery: &Delivery<E>, is_out_of_step: bool) -> bool {
    match delivery {
        Delivery::NotSent(_)
        | Delivery::Outcome(Outcome::NotSent {
            cause: Cause::ConnectionClosed,
            ..
        }) => true,
        Delivery::Outcome(Outcome::Rejected { stage, reply, .. }) => {
            let is_early = matches!(stage, Stage::Mail | Stage::Rcpt | Stage::Data);
            is_early && (reply.code == 421 || is_out_of_step && matches!(reply.code, 500..=503))
        }
        Delivery::Outcome(Outcome::NotSent { .. }) => is_out_of_step,
        Delivery::Outcome(_) | Delivery::TakenOver => false,
    }
}

enum Sent {
    Settled,
    /// Another process owns the row: this one must not write it.
    TakenOver,
}

/// Returns the envelope for the pending recipients, those without an attempt first: if a server
/// accepts only a few at a time, no recipient waits behind a full mailbox.
///
/// The id of a notice is the Message-ID: the notice leads to the ledger (RFC 3461 §4.4).
fn pending_envelope(row: &OutboxRow, size_bytes: u64) -> Result<Envelope, AccountError> {
    let recipients = &row.message.recipients;
    let in_state = |state| recipients.iter().filter(move |to| to.state == state);
    let pending = in_state(RecipientState::Waiting).chain(in_state(RecipientState::Delayed));
    let addresses = pending.map(|recipient| recipient.address.as_str());
    let is_utf8 = row.message.is_utf8();
    let mut envelope = envelope(&row.message.from, addresses, size_bytes, is_utf8)
        .map_err(|error| AccountError::Internal(error.to_string()))?;
    let transport = row.message.transport;
    envelope.requires_tls = transport.requires_tls;
    envelope.body_8bit |= row.message.redirected.is_some_and(|of| of.has_8bit);
    if transport.wants_notice {
        for recipient in &mut envelope.recipients {
            recipient.notify = Some(NOTIFY);
        }
        envelope.returns = Some(Return::Headers);
        envelope.envelope_id = EnvelopeId::new(&row.message.message_id).ok();
    }
    Ok(envelope)
}
