//! The outbox of a session: adds messages, lists them, and replaces them with corrections.

use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{
    AccountId, Card, CardKind, ComposeForm, CopyFound, DateText, Draft, OutboxEntry, OutboxId,
    OutboxRows, OutboxState, RecipientView, SentCopy,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::SessionBackend;
pub(crate) use crate::account::compose::{self, Attached, LeavesAt, SpoolOptions, Written};
use crate::account::error::{AccountError, InvalidField, NoRoom, NotReplaced};
use crate::account::handle::AccountHandle;
use crate::account::model::now_unix_ms;
use crate::domain::{
    CopySearch, Opened, OutboxRow, Outcome, RowState, SentAnswer, SentCopy as Copy,
};
use crate::store::outbox::{Inserted, ListCursor, OPEN_MAX, SentForm};
use crate::views::compose::{self as form, find_handle};
use crate::views::wording::error_cause;

/// Maximum number of entries on one page of the outbox.
const PAGE_ROWS: u32 = 25;

impl SessionBackend {
    /// Adds a message to the outbox, once per form: if the form was sent before, returns the
    /// message that it sent.
    pub(super) async fn send(
        &self,
        account: &AccountId,
        draft: Draft,
    ) -> Result<OutboxId, AccountError> {
        let handle = find_handle(&self.handles, account)?;
        if let Some(sent) = form_sent(handle, &draft).await? {
            return self.already_sent(sent, &draft);
        }
        match self.send_new(handle, &draft, None).await {
            Ok(Ok(outbox)) => Ok(outbox),
            Ok(Err(sent)) => self.already_sent(sent, &draft),
            // A concurrent post of the same form may have taken the files.
            Err(error) => match form_sent(handle, &draft).await {
                Ok(Some(sent)) => self.already_sent(sent, &draft),
                _ => Err(error),
            },
        }
    }

    fn already_sent(&self, sent: SentForm, draft: &Draft) -> Result<OutboxId, AccountError> {
        if !sent.is_same {
            return Err(AccountError::Invalid {
                field: "form",
                problem: InvalidField::FormSent,
            });
        }
        self.drop_uploads(draft);
        Ok(sent.outbox)
    }

    fn drop_uploads(&self, draft: &Draft) {
        for id in &draft.uploads {
            let _ = self.uploads.take(id);
        }
    }

    /// Writes a message into the spool and adds it to the outbox. If this fails or is cancelled,
    /// both are unchanged. A correction answers the invitation that the corrected message answers.
    pub(super) async fn send_new(
        &self,
        handle: &AccountHandle,
        draft: &Draft,
        answer: Option<SentAnswer>,
    ) -> Result<Result<OutboxId, SentForm>, AccountError> {
        let replaced = match &draft.replaces {
            Some(id) => Some(self.row(id).await.map_err(|error| match error {
                AccountError::NotFound => AccountError::NotReplaced(NotReplaced::Sent),
                error => error,
            })?),
            None => None,
        };
        let replaced = replaced.as_ref().map(|(_, row)| row);
        let answer = match (answer, replaced) {
            (None, Some(old)) => handle.sent_answer_of(&old.id).await?,
            (answer, _) => answer,
        };
        let options = SpoolOptions {
            replaced,
            calendar: answer.as_ref().map(compose::calendar_part),
            offset_minutes: self.locale.offset_minutes(now_unix_ms()),
            leaves: self.leaves_at(handle, draft).await?,
            upload_max_bytes: self.upload_max_bytes,
        };
        let written = compose::spool(handle, draft, &self.uploads, options);
        let Written { row, files } = written.await?;
        if let Some(old) = replaced {
            compose::may_replace(old, &row).map_err(AccountError::NotReplaced)?;
        }
        let outbox = handle.outbox();
        let names: Vec<_> = files.iter().map(Attached::name).collect();
        let (stored, form) = (form::stored_draft(draft), draft.form.as_ref());
        let sign_in = handle.sign_in().to_stored();
        let inserted = outbox
            .ledger
            .outbox_insert(&row, &stored, &sign_in, form, &names, replaced);
        match inserted.await.map_err(AccountError::store)? {
            Inserted::Done => {}
            Inserted::FormSent(sent) => return Ok(Err(sent)),
            Inserted::TooMany => {
                return Err(AccountError::NoRoom(NoRoom::Messages { max: OPEN_MAX }));
            }
            Inserted::FileMissing => return Err(compose::attachment_missing()),
            Inserted::NotReplaced => {
                return Err(AccountError::NotReplaced(NotReplaced::Sending));
            }
        }
        self.drop_uploads(draft);
        if let Some(answer) = &answer {
            handle.remember_answer(&row.id, answer).await;
        }
        if let Some(draft) = row.message.draft {
            handle.delete_draft_of(row.id.clone(), draft);
        }
        outbox.wake.notify_one();
        if replaced.is_some() {
            outbox.remove_discarded().await;
        }
        // The message does not wait for it.
        let fields = [&draft.to, &draft.cc, &draft.bcc];
        handle.remember_recipients(fields.map(String::as_str)).await;
        Ok(Ok(row.id))
    }

    /// Returns when a message leaves: at the time that its sender chose, else after the time for
    /// undoing.
    async fn leaves_at(
        &self,
        handle: &AccountHandle,
        draft: &Draft,
    ) -> Result<LeavesAt, AccountError> {
        let now = now_unix_ms();
        let typed = draft.options.send_at.trim();
        if !typed.is_empty() {
            let max_days = LeavesAt::SCHEDULE_MAX_DAYS;
            let unix_ms = self.locale.parse_local(typed).filter(|at| {
                let days = at.saturating_sub(now).div_euclid(24 * 3_600 * 1_000);
                *at > now && days < max_days
            });
            let unix_ms = unix_ms.ok_or(AccountError::Invalid {
                field: "send_at",
                problem: InvalidField::SendTime { max_days },
            })?;
            return Ok(LeavesAt::Chosen { unix_ms });
        }
        let hold_ms = i64::from(self.undo_send_secs(handle).await?).saturating_mul(1000);
        Ok(LeavesAt::Held {
            unix_ms: now.saturating_add(hold_ms),
        })
    }

    /// Returns for how many seconds the messages of an account can be stopped.
    pub(super) async fn undo_send_secs(&self, handle: &AccountHandle) -> Result<u32, AccountError> {
        let chosen = handle.composing_choices().await?.undo_send_secs;
        Ok(chosen.unwrap_or(self.undo_send_secs))
    }

    /// Waits until the first attempt of a message ended or the message was stopped, at most for
    /// `wait`.
    pub(crate) async fn wait_for_first_attempt(
        &self,
        account: &AccountId,
        id: &OutboxId,
        wait: Duration,
    ) {
        let attempt = async {
            let mut events = find_handle(&self.handles, account).ok()?.subscribe();
            while self
                .row(id)
                .await
                .ok()?
                .1
                .is_first_attempt_pending(now_unix_ms())
            {
                loop {
                    match events.recv().await {
                        Ok(LiveEvent::Outbox { outbox }) if outbox == *id => break,
                        Ok(_) => {}
                        Err(RecvError::Lagged(_)) => break,
                        Err(RecvError::Closed) => return None,
                    }
                }
            }
            Some(())
        };
        // On a timeout the caller reads the state from the ledger.
        drop(timeout(wait, attempt).await);
    }

    /// Returns the initial content of a form that corrects an entry.
    pub(super) async fn correction_form(&self, id: &OutboxId) -> Result<ComposeForm, AccountError> {
        let (handle, row) = self.row(id).await?;
        let stored = handle.outbox().ledger.outbox_draft(&row).await;
        // A message that is handed over, or damaged, has no draft to correct.
        let stored = stored.map_err(AccountError::store)?;
        let stored = stored.ok_or(AccountError::NotFound)?;
        form::correction_form(handle, row, stored, &self.locale, self.upload_max_bytes).await
    }

    /// Returns a row of any account of the session, with its account.
    pub(super) async fn row(
        &self,
        id: &OutboxId,
    ) -> Result<(&AccountHandle, OutboxRow), AccountError> {
        for handle in &self.handles {
            let row = handle.outbox().ledger.outbox_show(handle.key(), id).await;
            if let Some(row) = row.map_err(AccountError::store)? {
                return Ok((handle, row));
            }
        }
        Err(AccountError::NotFound)
    }

    /// Links the card of a report to the entry of the message that it is about, if that was sent
    /// from here. The message is shown without the link if the ledger cannot be read.
    pub(super) async fn link_report(
        &self,
        handle: &AccountHandle,
        opened: &Opened,
        cards: &mut [Card],
    ) {
        let is_report = |card: &&mut Card| card.kind == CardKind::Report;
        if let Some(message_id) = &opened.supplements.returned_message_id
            && let Some(card) = cards.iter_mut().find(is_report)
        {
            let ledger = &handle.outbox().ledger;
            let found = ledger.outbox_find(handle.key(), message_id).await;
            card.outbox = found.unwrap_or_else(|error| {
                tracing::warn!(%error, "the entry of a report was not looked up");
                None
            });
        }
    }

    /// Returns a page of the outbox, newest first: the entries after a cursor.
    pub(super) async fn rows(&self, before: Option<&str>) -> Result<OutboxRows, AccountError> {
        let before = before.and_then(ListCursor::parse);
        let mut rows = Vec::new();
        for handle in &self.handles {
            let ledger = &handle.outbox().ledger;
            let limit = PAGE_ROWS.saturating_add(1);
            let page = ledger.outbox_list(handle.key(), before.as_ref(), limit);
            let page = page.await.map_err(AccountError::store)?;
            rows.extend(page.into_iter().map(|row| (handle, row)));
        }
        rows.sort_by(|(_, a), (_, b)| ListCursor::of(b).cmp(&ListCursor::of(a)));
        let shown = usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        let has_more = rows.len() > shown;
        rows.truncate(shown);
        let last = rows.last().filter(|_| has_more);
        let removed = match before {
            Some(_) => Vec::new(),
            None => self.removed().await?,
        };
        Ok(OutboxRows {
            removed,
            needs_look: self.needs_look_count().await?,
            keep_days: self.ledger_keep_days,
            older: last.map(|(_, row)| ListCursor::of(row).to_string()),
            entries: rows
                .iter()
                .map(|(handle, row)| self.entry(handle, row))
                .collect(),
        })
    }

    async fn removed(&self) -> Result<Vec<OutboxEntry>, AccountError> {
        let mut removed = Vec::new();
        for handle in &self.handles {
            let rows = handle.outbox().ledger.outbox_removed(handle.key()).await;
            let rows = rows.map_err(AccountError::store)?;
            removed.extend(rows.iter().map(|row| self.entry(handle, row)));
        }
        Ok(removed)
    }

    /// Returns the number of messages that are not handed over to every recipient.
    pub(super) async fn open_count(&self) -> Result<u32, AccountError> {
        let mut open = 0_u32;
        for handle in &self.handles {
            let count = handle.outbox().ledger.outbox_count_open(handle.key()).await;
            open = open.saturating_add(count.map_err(AccountError::store)?);
        }
        Ok(open)
    }

    /// Returns the number of messages that need a decision of their sender.
    async fn needs_look_count(&self) -> Result<u32, AccountError> {
        let mut count = 0_u32;
        for handle in &self.handles {
            let ledger = &handle.outbox().ledger;
            let needing = ledger.outbox_count_needs_look(handle.key()).await;
            count = count.saturating_add(needing.map_err(AccountError::store)?);
        }
        Ok(count)
    }

    pub(super) fn entry(&self, handle: &AccountHandle, row: &OutboxRow) -> OutboxEntry {
        let now = now_unix_ms();
        let lang = self.locale.lang;
        let date = |unix_ms| self.locale.date(unix_ms, now);
        OutboxEntry {
            id: row.id.clone(),
            account: handle.id(),
            subject: row.message.subject.clone(),
            created: date(row.created_unix_ms),
            changed: date(row.changed_unix_ms),
            host: row.message.host.clone(),
            size_bytes: row.size_bytes,
            state: state_of(row, now, date),
            trouble: row
                .message
                .error_cause
                .as_ref()
                .map(|why| error_cause::text(why, lang)),
            recipients: row
                .message
                .recipients
                .iter()
                .map(|recipient| RecipientView {
                    address: recipient.address.clone(),
                    state: recipient.state,
                    meaning: error_cause::of_recipient(recipient, lang),
                    reply: recipient.reply.as_ref().map(|reply| reply.text.clone()),
                })
                .collect(),
            copy: match &row.message.copy {
                Copy::Pending => SentCopy::Pending,
                Copy::Filed(folder) => SentCopy::Filed {
                    folder: folder.clone(),
                },
                Copy::NotKept => SentCopy::NotKept,
                Copy::Failed(why) => SentCopy::Failed {
                    cause: error_cause::text(why, lang).cause,
                },
            },
            found: match &row.message.search {
                Some(CopySearch::InFolder(folder)) => Some(CopyFound::In {
                    folder: folder.clone(),
                }),
                Some(CopySearch::Nowhere) => Some(CopyFound::Nowhere),
                Some(CopySearch::Unsupported) | None => None,
            },
            has_transcript: row.has_transcript,
        }
    }
}

/// Returns the message that a draft's form sent, if it sent one.
async fn form_sent(
    handle: &AccountHandle,
    draft: &Draft,
) -> Result<Option<SentForm>, AccountError> {
    let Some(form) = &draft.form else {
        return Ok(None);
    };
    let ledger = &handle.outbox().ledger;
    let stored = form::stored_draft(draft);
    let sent = ledger.form_sent(handle.key(), form, &stored).await;
    sent.map_err(AccountError::store)
}

pub(super) fn state_of(
    row: &OutboxRow,
    now_unix_ms: i64,
    date: impl Fn(i64) -> DateText,
) -> OutboxState {
    if let Some(why) = row.damage {
        return OutboxState::Damaged { why };
    }
    match row.state {
        RowState::Waiting if row.needs_sign_in => OutboxState::WaitingForSignIn,
        RowState::Waiting if row.tries > 0 => OutboxState::WaitingToRetry {
            at: date(row.due_unix_ms),
            until: date(row.retries_end_unix_ms()),
        },
        RowState::Waiting if row.due_unix_ms > now_unix_ms => {
            if row.message.transport.scheduled_unix_ms.is_some() {
                let at = date(row.due_unix_ms);
                return OutboxState::Scheduled { at };
            }
            let held_ms = row.due_unix_ms.saturating_sub(now_unix_ms);
            let secs = u32::try_from(held_ms.div_euclid(1000).saturating_add(1));
            OutboxState::Held {
                secs: secs.unwrap_or(u32::MAX),
            }
        }
        RowState::Waiting => OutboxState::Waiting,
        RowState::Sending | RowState::Committing => OutboxState::Sending,
        RowState::Result => match row.outcome() {
            Some(Outcome::HandedOver) => OutboxState::HandedOver,
            Some(Outcome::PartlyRefused) => OutboxState::PartlyRefused,
            Some(Outcome::Refused) => OutboxState::Refused,
            Some(Outcome::Stopped) => OutboxState::Stopped,
            Some(Outcome::Unknown) => OutboxState::Unknown,
            Some(Outcome::NotSent) | None => OutboxState::NotSent,
        },
    }
}
