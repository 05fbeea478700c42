//! The state of a row after a delivery attempt.

use std::collections::HashSet;

use app::api::types::RecipientState;
use mail_proto::smtp::{self, Address, Cause, Outcome, Reply};

use crate::account::error::AccountError;
use crate::account::model::now_unix_ms;
use crate::clients::smtp::reply_of;
use crate::domain::{OutboxRow, RecipientResult, RowState, ServerReply};

/// Pauses between attempts, in seconds; the last one repeats.
const RETRY_PAUSES_SECS: [i64; 6] = [60, 300, 900, 3_600, 7_200, 14_400];
/// A message that could not be sent for this long, in milliseconds, is not retried, and the user is
/// notified.
const RETRY_MAX_MS: i64 = 2 * 24 * 3_600 * 1_000;
/// Settles a message that was not sent because of the connection or the server.
pub(super) fn settle_error(row: &mut OutboxRow, error: &AccountError, may_retry: bool) {
    row.message.error_cause = Some(error.error_cause());
    if error.is_password_refused() {
        // A refused password is never retried automatically.
        row.state = RowState::Waiting;
        row.needs_sign_in = true;
        return;
    }
    if may_retry && !error.is_permanent() {
        wait_for_retry(row);
    } else {
        row.end(RecipientState::NotSent);
    }
}

pub(super) fn settle_outcome(row: &mut OutboxRow, outcome: Outcome) {
    match outcome {
        Outcome::Accepted {
            reply, recipients, ..
        } => {
            let accepted = reply_record(&reply);
            let mut is_any_deferred = false;
            for (address, result) in recipients {
                let Some(record) = record_of(row, &address) else {
                    continue;
                };
                match result {
                    smtp::RecipientResult::Accepted(_) | smtp::RecipientResult::Unanswered => {
                        record.state = RecipientState::HandedOver;
                        record.reply = Some(accepted.clone());
                    }
                    smtp::RecipientResult::Refused(reply) => refuse(record, &reply),
                    smtp::RecipientResult::Deferred(_) => is_any_deferred = true,
                }
            }
            finish(row);
            if is_any_deferred {
                // The transaction had no room for them: they get the next one, which does not count
                // as a retry.
                row.due_unix_ms = now_unix_ms();
                row.tries = row.tries.saturating_sub(1);
            }
        }
        Outcome::Rejected {
            reply, recipients, ..
        } => {
            for (address, result) in recipients {
                let Some(record) = record_of(row, &address) else {
                    continue;
                };
                match result {
                    smtp::RecipientResult::Refused(own) => refuse(record, &own),
                    smtp::RecipientResult::Accepted(_) | smtp::RecipientResult::Unanswered => {
                        refuse(record, &reply);
                    }
                    // Unchanged: the server did not reply for this recipient.
                    smtp::RecipientResult::Deferred(_) => {}
                }
            }
            finish(row);
        }
        Outcome::NotSent {
            cause, recipients, ..
        } => {
            for (address, result) in recipients {
                if let (Some(record), smtp::RecipientResult::Refused(reply)) =
                    (record_of(row, &address), result)
                {
                    refuse(record, &reply);
                }
            }
            let error = AccountError::NotSent {
                cause: cause.clone(),
            };
            row.message.error_cause = Some(error.error_cause());
            match cause {
                Cause::TooLarge { .. }
                | Cause::Smtputf8NotOffered
                | Cause::EightBitMimeNotOffered
                | Cause::NulInBody
                | Cause::NoRecipients
                | Cause::PeerIncompatible(_) => row.end(RecipientState::NotSent),
                _ => wait_for_retry(row),
            }
        }
        Outcome::Unknown { recipients, .. } => {
            // A recipient that was refused before the message does not have it.
            let mut unlisted: HashSet<String> = pending_addresses(row);
            for (address, result) in recipients {
                unlisted.remove(address.as_str());
                let Some(record) = record_of(row, &address) else {
                    continue;
                };
                match result {
                    smtp::RecipientResult::Refused(reply) => refuse(record, &reply),
                    smtp::RecipientResult::Accepted(_) | smtp::RecipientResult::Unanswered => {
                        record.state = RecipientState::Unknown;
                    }
                    // The transaction had no room for it.
                    smtp::RecipientResult::Deferred(_) => {}
                }
            }
            for record in &mut row.message.recipients {
                if unlisted.contains(&record.address) {
                    record.state = RecipientState::Unknown;
                }
            }
            finish(row);
        }
    }
}

/// Returns the addresses of the recipients that the message still has to be sent to.
fn pending_addresses(row: &OutboxRow) -> HashSet<String> {
    let recipients = row.message.recipients.iter();
    let pending = recipients.filter(|recipient| recipient.is_wanted());
    pending.map(|recipient| recipient.address.clone()).collect()
}

fn record_of<'a>(row: &'a mut OutboxRow, address: &Address) -> Option<&'a mut RecipientResult> {
    row.message
        .recipients
        .iter_mut()
        .find(|record| record.address == address.as_str() && record.is_wanted())
}

fn refuse(record: &mut RecipientResult, reply: &Reply) {
    record.state = if reply.is_transient() {
        RecipientState::Delayed
    } else {
        RecipientState::Refused
    };
    record.reply = Some(reply_record(reply));
}

fn reply_record(reply: &Reply) -> ServerReply {
    reply_of(reply).kept()
}

/// Settles a message once every recipient has a reply; delayed recipients are retried.
fn finish(row: &mut OutboxRow) {
    if row.message.recipients.iter().any(|r| r.is_wanted()) {
        wait_for_retry(row);
    } else {
        row.state = RowState::Result;
    }
}

fn wait_for_retry(row: &mut OutboxRow) {
    let now = now_unix_ms();
    if now > row.retries_end_unix_ms() {
        row.end(RecipientState::NotSent);
        return;
    }
    let nth = usize::try_from(row.tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = RETRY_PAUSES_SECS
        .get(nth)
        .or(RETRY_PAUSES_SECS.last())
        .copied()
        .unwrap_or(60);
    row.state = RowState::Waiting;
    row.due_unix_ms = now.saturating_add(pause.saturating_mul(1000));
}

impl OutboxRow {
    /// Returns when the automatic attempts end.
    pub(crate) fn retries_end_unix_ms(&self) -> i64 {
        let scheduled = self.message.transport.scheduled_unix_ms;
        let start = scheduled.unwrap_or(self.created_unix_ms);
        start.saturating_add(RETRY_MAX_MS)
    }

    /// Schedules the message again for the recipients that were not accepted. Returns `false` if
    /// there are none, or if the message itself is no longer stored.
    pub(crate) fn retry(&mut self) -> bool {
        if self.is_damaged()
            || self.spool.is_none()
            || matches!(self.state, RowState::Sending | RowState::Committing)
        {
            return false;
        }
        let mut is_rescheduled = false;
        // While other recipients are tried again, one that may have the message is left out: only
        // once nothing else is tried, the user decides on it.
        let is_waiting = self.state == RowState::Waiting;
        for record in &mut self.message.recipients {
            let may_have_it = record.state == RecipientState::Unknown && is_waiting;
            if record.state != RecipientState::HandedOver && !may_have_it {
                record.state = RecipientState::Waiting;
                is_rescheduled = true;
            }
        }
        if is_rescheduled {
            let now = now_unix_ms();
            self.state = RowState::Waiting;
            self.needs_sign_in = false;
            self.tries = 0;
            self.due_unix_ms = now;
            self.changed_unix_ms = now;
            self.message.error_cause = None;
            self.message.search = None;
        }
        is_rescheduled
    }
}
