//! Changes to outbox entries by their user.

use app::api::types::{EntryChange, OutboxId, RecipientState};

use super::SessionBackend;
use crate::account::error::{AccountError, NotStopped};
use crate::account::handle::AccountHandle;
use crate::account::model::now_unix_ms;
use crate::domain::{OutboxRow, RowState};

/// Maximum number of attempts to stop a row: its worker may claim and release it at any time.
const STOP_ATTEMPTS: u32 = 3;

impl SessionBackend {
    /// Changes an entry, and notifies every tab of the session.
    pub(super) async fn change(
        &self,
        id: &OutboxId,
        change: EntryChange,
    ) -> Result<(), AccountError> {
        let (handle, row) = self.row(id).await?;
        let outbox = handle.outbox();
        let (ledger, key) = (&outbox.ledger, handle.key());
        match change {
            EntryChange::Retry => {
                let mut retried = row.clone();
                // A row that changed meanwhile is being sent, which is what the user requested.
                if retried.retry() {
                    let written = ledger.outbox_change(&retried, &row).await;
                    written.map_err(AccountError::store)?;
                    let sign_in = handle.sign_in().to_stored();
                    let stored = ledger.delegate_if_needed(key, &sign_in, now_unix_ms());
                    stored.await.map_err(AccountError::store)?;
                    outbox.wake.notify_one();
                }
            }
            EntryChange::Stop => stop(handle, row).await?,
            EntryChange::Remove => {
                if row.is_damaged() {
                    // The state of a damaged row may be waiting, although it is not sent.
                    let marked = ledger.outbox_mark_damaged(&row).await;
                    marked.map_err(AccountError::store)?;
                }
                let removed = ledger.outbox_remove(key, id, now_unix_ms()).await;
                if !removed.map_err(AccountError::store)? {
                    return Err(AccountError::NotStopped(NotStopped::Waits));
                }
            }
            EntryChange::PutBack => {
                let restored = ledger.outbox_put_back(&row).await;
                restored.map_err(AccountError::store)?;
            }
            EntryChange::Delete => {
                let deleted = ledger.outbox_delete(key, id).await;
                if !deleted.map_err(AccountError::store)? {
                    return Err(AccountError::NotFound);
                }
                outbox.remove_discarded().await;
            }
        }
        outbox.tell(id);
        Ok(())
    }
}

/// Stops a waiting message. Returns an error if the message may have been sent.
async fn stop(handle: &AccountHandle, mut row: OutboxRow) -> Result<(), AccountError> {
    let ledger = &handle.outbox().ledger;
    for _ in 0..STOP_ATTEMPTS {
        match row.state {
            RowState::Waiting => {}
            RowState::Sending | RowState::Committing => {
                return Err(AccountError::NotStopped(NotStopped::Sending));
            }
            RowState::Result => return check_not_sent(&row),
        }
        let mut stopped = row.clone();
        stopped.stop();
        let written = ledger.outbox_change(&stopped, &row).await;
        if written.map_err(AccountError::store)? {
            return Ok(());
        }
        let current = ledger.outbox_show(handle.key(), &row.id).await;
        row = current
            .map_err(AccountError::store)?
            .ok_or(AccountError::NotFound)?;
    }
    Err(AccountError::NotStopped(NotStopped::Sending))
}

/// Returns an error if a settled message was or may have been sent.
fn check_not_sent(row: &OutboxRow) -> Result<(), AccountError> {
    let mut recipients = row.message.recipients.iter();
    let may_be_sent = recipients.any(|recipient| {
        matches!(
            recipient.state,
            RecipientState::HandedOver | RecipientState::Unknown
        )
    });
    match may_be_sent {
        true => Err(AccountError::NotStopped(NotStopped::Sent)),
        false => Ok(()),
    }
}

impl OutboxRow {
    /// Ends the automatic attempts. Recipients that have the message keep their state.
    fn stop(&mut self) {
        self.end(RecipientState::Stopped);
        self.needs_sign_in = false;
        self.changed_unix_ms = now_unix_ms();
    }
}
