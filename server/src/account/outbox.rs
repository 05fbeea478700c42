//! The outbox's worker: sends what is due, and writes down what became of it.
//!
//! The rules that keep a message from being sent twice or lost: it is durable before it is said to
//! be sending; `committing` is durable before the final dot; what happens after the dot without an
//! answer is unknown and never repeated by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{ApiErrorText, ComposeKind, Lang, OutboxId, RecipientState};
use mail_net::Dialer;
use mail_proto::smtp::{Address, Cause, Envelope, Outcome, RecipientResult, Reply};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::AccountKey;
use super::error::AccountError;
use super::model::{Request, SignIn, SourceMark, now_unix_ms};
use super::outgoing::{Delivery, SmtpConnection, SpooledMessage, envelope, reply_of};
use crate::store::StoreError;
use crate::store::outbox::{CopyRecord, Ledger, OutboxRow, RecipientRecord, ReplyRecord, RowState};
use crate::store::spool::{Spool, SpoolName};

/// Pauses between tries, in seconds; the last one repeats.
const PAUSES_SECS: [i64; 6] = [60, 300, 900, 3_600, 7_200, 14_400];
/// A message that could not be sent for so long is given up, and its writer is told.
const GIVEN_UP_AFTER_MS: i64 = 2 * 24 * 3_600 * 1_000;
/// What is kept of a server's reply, in bytes.
const REPLY_MAX_BYTES: usize = 1024;
/// The worker looks again after this long, whatever it believes.
const LOOKS_EVERY: Duration = Duration::from_secs(300);

/// Sends the messages of one account.
pub(super) struct Outbox {
    pub(super) key: AccountKey,
    pub(super) ledger: Ledger,
    pub(super) spool: Spool,
    pub(super) dialer: Arc<Dialer>,
    pub(super) sign_in: SignIn,
    pub(super) events: broadcast::Sender<LiveEvent>,
    pub(super) incoming: mpsc::Sender<Request>,
    pub(super) wake: Notify,
    /// The largest message that the server takes, once it said so; 0 before.
    pub(super) size_max_bytes: AtomicU64,
    pub(super) closing: CancellationToken,
}

impl Outbox {
    /// Sends what is due until the session ends.
    pub(super) async fn run(self: Arc<Self>) {
        let mut is_first = true;
        loop {
            if let Err(error) = self.send_due().await {
                warn!(%error, "the outbox could not be worked on");
            }
            if std::mem::take(&mut is_first)
                && let Err(error) = self.file_left_over().await
            {
                warn!(%error, "copies of an earlier session could not be filed");
            }
            let pause = self.pause().await;
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep(pause) => {}
                () = self.closing.cancelled() => return,
            }
        }
    }

    async fn pause(&self) -> Duration {
        let due = self.ledger.outbox_next_due(&self.key).await.ok().flatten();
        due.map_or(LOOKS_EVERY, |due| {
            let ms = due.saturating_sub(now_unix_ms()).max(200);
            Duration::from_millis(u64::try_from(ms).unwrap_or_default()).min(LOOKS_EVERY)
        })
    }

    /// Sends everything that is due, over one connection.
    async fn send_due(&self) -> Result<(), StoreError> {
        let mut connection: Option<SmtpConnection> = None;
        while !self.closing.is_cancelled() {
            let claimed = self.ledger.outbox_claim(&self.key, now_unix_ms()).await?;
            let Some(mut row) = claimed else { break };
            self.tell(&row.id);
            let result = self.send(&mut row, &mut connection).await;
            row.changed_unix_ms = now_unix_ms();
            let is_written = match result {
                Sent::Settled => self.ledger.outbox_settle(&row).await?,
                Sent::TakenOver => false,
            };
            self.tell(&row.id);
            if is_written {
                self.follow_up(&mut row, Copies::None).await?;
            }
        }
        if let Some(connection) = connection {
            connection.quit().await;
        }
        Ok(())
    }

    async fn send(&self, row: &mut OutboxRow, connection: &mut Option<SmtpConnection>) -> Sent {
        row.tries = row.tries.saturating_add(1);
        row.record.trouble.clear();
        let Some(message) = self.message(row) else {
            settle_error(
                row,
                &AccountError::Internal("the spool file is gone".to_owned()),
                false,
            );
            return Sent::Settled;
        };
        loop {
            let is_fresh = connection.is_none();
            let mut open = match connection.take() {
                Some(open) => open,
                None => match SmtpConnection::open(&self.dialer, &self.sign_in).await {
                    Ok(open) => {
                        let max = open.size_max_bytes().unwrap_or_default();
                        self.size_max_bytes.store(max, Ordering::Relaxed);
                        open
                    }
                    Err(error) => {
                        info!(%error, "the outgoing server cannot be used");
                        settle_error(row, &error, true);
                        return Sent::Settled;
                    }
                },
            };
            let prepared = (wanted_of(row, message.size_bytes), message.open().await);
            let (envelope, mut body) = match prepared {
                (Ok(envelope), Ok(body)) => (envelope, body),
                (Err(error), _) | (_, Err(error)) => {
                    settle_error(row, &error, false);
                    return Sent::Settled;
                }
            };
            let id = row.id.clone();
            let commit = || async move {
                let written = self.ledger.outbox_commit(&id, now_unix_ms()).await;
                written.unwrap_or_else(|error| {
                    warn!(%error, "the state before the final dot could not be written");
                    false
                })
            };
            match open.deliver(envelope, &mut body, commit).await {
                // The server had closed a connection that served another message before: that says
                // nothing of this one.
                Delivery::NotSent(_)
                | Delivery::Outcome(Outcome::NotSent {
                    cause: Cause::ConnectionClosed,
                    ..
                }) if !is_fresh => {}
                Delivery::Outcome(outcome) => {
                    settle_outcome(row, outcome);
                    if open.is_used_up() && !open.is_over() {
                        open.quit().await;
                    } else if !open.is_over() {
                        *connection = Some(open);
                    }
                    return Sent::Settled;
                }
                Delivery::NotSent(error) => {
                    info!(%error, "a message was not sent");
                    settle_error(row, &error, true);
                    return Sent::Settled;
                }
                Delivery::TakenOver => return Sent::TakenOver,
            }
        }
    }

    fn message(&self, row: &OutboxRow) -> Option<SpooledMessage> {
        Some(SpooledMessage {
            spool: self.spool.clone(),
            name: SpoolName::parse(row.spool.as_deref()?)?,
            size_bytes: row.size_bytes,
            written_unix_ms: row.created_unix_ms,
        })
    }

    /// Files the copies of messages that were sent by a session which then ended.
    async fn file_left_over(&self) -> Result<(), StoreError> {
        let claimed = self.ledger.outbox_claim_unfiled(&self.key).await?;
        for mut row in claimed {
            self.follow_up(&mut row, Copies::PerhapsOne).await?;
        }
        Ok(())
    }

    /// After somebody got it: the copy in Sent, and the mark on what was answered.
    async fn follow_up(&self, row: &mut OutboxRow, copies: Copies) -> Result<(), StoreError> {
        let is_handed_over = row
            .record
            .recipients
            .iter()
            .any(|r| r.state == RecipientState::HandedOver);
        if row.awaits_its_copy() {
            row.record.copy = self.file_copy(row, copies).await;
        }
        if is_handed_over && let Some(source) = row.record.source.take() {
            let mark = match source.kind {
                ComposeKind::Forward => SourceMark::Forwarded,
                ComposeKind::New | ComposeKind::Reply | ComposeKind::ReplyAll => {
                    SourceMark::Answered
                }
            };
            let (reply, answer) = oneshot::channel();
            let (folder, message) = (source.folder, source.message);
            let request = Request::MarkSource {
                folder,
                message,
                mark,
                reply,
            };
            if self.incoming.send(request).await.is_ok()
                && let Ok(Err(error)) = answer.await
            {
                info!(%error, "the message that was answered could not be marked");
            }
        }
        // The next sign-in files a copy that this session did not live to file.
        if !row.is_open() && !row.awaits_its_copy() {
            // Nothing is left to be sent: the files and what was typed go with this.
            row.spool = None;
            row.record.attachments.clear();
        }
        let is_owned = row.state == RowState::Result;
        self.ledger.outbox_save(row, is_owned).await?;
        if row.spool.is_none() {
            self.remove_discarded().await;
        }
        self.tell(&row.id);
        Ok(())
    }

    /// Removes files that no row needs any more.
    pub(super) async fn remove_discarded(&self) {
        if let Err(error) = self.spool.remove_discarded().await {
            // The next sweep takes them.
            warn!(%error, "files could not be removed from the spool");
        }
    }

    async fn file_copy(&self, row: &OutboxRow, copies: Copies) -> CopyRecord {
        let failed = |error: &AccountError| {
            info!(%error, "the copy in Sent could not be filed");
            let cause = |lang| (lang, error.text(lang).cause);
            CopyRecord::Failed(LANGS.map(cause).to_vec())
        };
        let Some(copy) = self.message(row) else {
            return failed(&AccountError::Internal("the spool file is gone".to_owned()));
        };
        let look_for = match copies {
            Copies::None => None,
            Copies::PerhapsOne => Some(row.record.message_id.clone()),
        };
        let (reply, answer) = oneshot::channel();
        let request = Request::FileSent {
            copy,
            look_for,
            reply,
        };
        if self.incoming.send(request).await.is_err() {
            return CopyRecord::Pending;
        }
        match answer.await {
            Ok(Ok(Some(folder))) => CopyRecord::Filed(folder),
            Ok(Ok(None)) => CopyRecord::NotKept,
            Ok(Err(error)) => failed(&error),
            Err(_) => CopyRecord::Pending,
        }
    }

    pub(super) fn tell(&self, id: &OutboxId) {
        let _ = self.events.send(LiveEvent::Outbox { outbox: id.clone() });
    }
}

/// What may lie in Sent already.
#[derive(Clone, Copy)]
enum Copies {
    None,
    /// An earlier session may have ended between filing the copy and writing that down.
    PerhapsOne,
}

enum Sent {
    Settled,
    /// Another process has the row: nothing of it may be written here.
    TakenOver,
}

/// The languages of the product: what waits in the ledger is worded in all of them.
const LANGS: [Lang; 2] = [Lang::En, Lang::ZhCn];

/// The envelope for those who still have to get the message: where a server takes only so many at a
/// time, nobody waits behind a mailbox that is full.
fn wanted_of(row: &OutboxRow, size_bytes: u64) -> Result<Envelope, AccountError> {
    let recipients = &row.record.recipients;
    let in_state = |state| recipients.iter().filter(move |to| to.state == state);
    let wanted = in_state(RecipientState::Waiting).chain(in_state(RecipientState::Delayed));
    let addresses = wanted.map(|recipient| recipient.address.as_str());
    envelope(&row.record.from, addresses, size_bytes)
}

/// Whether a recipient still has to get the message.
fn is_wanted(state: RecipientState) -> bool {
    matches!(state, RecipientState::Waiting | RecipientState::Delayed)
}

/// What went wrong, in every language.
fn trouble_of(error: &AccountError) -> Vec<(Lang, ApiErrorText)> {
    let text = |lang| {
        let mut text = error.text(lang);
        let reply = text.reply.as_deref();
        text.reply =
            reply.map(|reply| mail_mime::display::prefix(reply, REPLY_MAX_BYTES).to_owned());
        (lang, text)
    };
    LANGS.map(text).to_vec()
}

/// The message was not sent, for a reason that is about the link or the server.
fn settle_error(row: &mut OutboxRow, error: &AccountError, may_retry: bool) {
    row.record.trouble = trouble_of(error);
    if error.is_password_refused() {
        // A refused password is never tried again by itself.
        row.state = RowState::Waiting;
        row.needs_sign_in = true;
        return;
    }
    if may_retry && !error.is_permanent() {
        wait_for_retry(row);
    } else {
        give_up(row, RecipientState::NotSent);
    }
}

fn settle_outcome(row: &mut OutboxRow, outcome: Outcome) {
    match outcome {
        Outcome::Accepted {
            reply, recipients, ..
        } => {
            let taken = reply_record(&reply);
            let mut is_any_deferred = false;
            for (address, result) in recipients {
                let Some(record) = record_of(row, &address) else {
                    continue;
                };
                match result {
                    RecipientResult::Accepted(_) | RecipientResult::Unanswered => {
                        record.state = RecipientState::HandedOver;
                        record.reply = Some(taken.clone());
                    }
                    RecipientResult::Refused(reply) => refuse(record, &reply),
                    RecipientResult::Deferred(_) => is_any_deferred = true,
                }
            }
            finish(row);
            if is_any_deferred {
                // There was no room for them: the next transaction is theirs, and no further try.
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
                    RecipientResult::Refused(own) => refuse(record, &own),
                    RecipientResult::Accepted(_) | RecipientResult::Unanswered => {
                        refuse(record, &reply);
                    }
                    // Stays as it is: nothing was said about it.
                    RecipientResult::Deferred(_) => {}
                }
            }
            finish(row);
        }
        Outcome::NotSent {
            cause, recipients, ..
        } => {
            for (address, result) in recipients {
                if let (Some(record), RecipientResult::Refused(reply)) =
                    (record_of(row, &address), result)
                {
                    refuse(record, &reply);
                }
            }
            let error = AccountError::NotSent {
                cause: cause.clone(),
            };
            row.record.trouble = trouble_of(&error);
            match cause {
                Cause::TooLarge { .. }
                | Cause::Smtputf8NotOffered
                | Cause::EightBitMimeNotOffered
                | Cause::NulInBody
                | Cause::NoRecipients
                | Cause::PeerIncompatible(_) => give_up(row, RecipientState::NotSent),
                _ => wait_for_retry(row),
            }
        }
        Outcome::Unknown { .. } => row.become_unknown(now_unix_ms()),
    }
}

fn record_of<'a>(row: &'a mut OutboxRow, address: &Address) -> Option<&'a mut RecipientRecord> {
    row.record
        .recipients
        .iter_mut()
        .find(|record| record.address == address.as_str() && is_wanted(record.state))
}

fn refuse(record: &mut RecipientRecord, reply: &Reply) {
    record.state = if reply.is_transient() {
        RecipientState::Delayed
    } else {
        RecipientState::Refused
    };
    record.reply = Some(reply_record(reply));
}

fn reply_record(reply: &Reply) -> ReplyRecord {
    let words = reply_of(reply);
    ReplyRecord {
        code: reply.code,
        enhanced: words.enhanced,
        text: mail_mime::display::prefix(&words.text, REPLY_MAX_BYTES).to_owned(),
    }
}

/// Every recipient has an answer; those who are delayed are tried again.
fn finish(row: &mut OutboxRow) {
    if row.record.recipients.iter().any(|r| is_wanted(r.state)) {
        wait_for_retry(row);
    } else {
        row.state = RowState::Result;
    }
}

fn wait_for_retry(row: &mut OutboxRow) {
    let now = now_unix_ms();
    if now.saturating_sub(row.created_unix_ms) > GIVEN_UP_AFTER_MS {
        give_up(row, RecipientState::NotSent);
        return;
    }
    let nth = usize::try_from(row.tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = PAUSES_SECS
        .get(nth)
        .or(PAUSES_SECS.last())
        .copied()
        .unwrap_or(60);
    row.state = RowState::Waiting;
    row.due_unix_ms = now.saturating_add(pause.saturating_mul(1000));
}

fn give_up(row: &mut OutboxRow, state: RecipientState) {
    row.state = RowState::Result;
    for record in &mut row.record.recipients {
        if is_wanted(record.state) {
            record.state = state;
        }
    }
}

impl OutboxRow {
    /// Sends the message once more to those who did not get it. `false`: nobody is left, or the
    /// message itself is not kept any more.
    pub(super) fn retry(&mut self) -> bool {
        if self.is_damaged
            || self.spool.is_none()
            || matches!(self.state, RowState::Sending | RowState::Committing)
        {
            return false;
        }
        let mut is_any = false;
        for record in &mut self.record.recipients {
            if record.state != RecipientState::HandedOver {
                record.state = RecipientState::Waiting;
                is_any = true;
            }
        }
        if is_any {
            let now = now_unix_ms();
            self.state = RowState::Waiting;
            self.needs_sign_in = false;
            self.tries = 0;
            self.due_unix_ms = now;
            self.changed_unix_ms = now;
            self.record.trouble.clear();
        }
        is_any
    }

    /// What went wrong for the whole message, in a language.
    pub(super) fn trouble(&self, lang: Lang) -> Option<ApiErrorText> {
        let mut texts = self.record.trouble.iter();
        texts
            .find(|(of, _)| *of == lang)
            .map(|(_, text)| text.clone())
    }
}
