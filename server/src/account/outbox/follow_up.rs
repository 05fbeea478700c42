//! Follow-up of a sent message: the copy in Sent, and the mark on its source.

use std::collections::HashSet;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::types::{Destination, DraftId, FolderId, FolderRole, MessageId, OutboxId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::{Outbox, OutboxMailbox};
use crate::account::error::AccountError;
use crate::account::spooled::SpooledMessage;
use crate::account::worker::{Request, RequestKind, RequestTarget};
use crate::domain::{
    CopyId, CopySearch, Filed, Filing, INBOX_ID, OutboxRow, RowState, SentCopy, SourceMark,
};
use crate::store::StoreError;

/// The pauses between searches for a copy that the server is expected to file.
const COPY_SEARCH_PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// Pause before the search that decides whether a server files copies itself.
const RECHECK_AFTER: Duration = Duration::from_secs(15);

/// Whether Sent may already have a copy.
#[derive(Debug, Clone, Copy)]
pub(super) enum Copies {
    None,
    /// An earlier session may have ended between filing the copy and recording it.
    PerhapsOne,
}

/// A settled row whose copy is to be filed. This process owns it until then.
pub(super) type Settled = (OutboxRow, Copies);

impl Outbox {
    /// Follows up settled rows, one after the other, in parallel with sending: no message waits for
    /// the copy of another. The search for one that may have been sent takes longer, and delays
    /// none of them.
    pub(super) async fn follow_up_all(
        self: Arc<Self>,
        mut settled: mpsc::UnboundedReceiver<Settled>,
    ) {
        let mut searches = JoinSet::new();
        while let Some((mut row, copies)) = settled.recv().await {
            while searches.try_join_next().is_some() {}
            if row.is_search_due() {
                let this = Arc::clone(&self);
                searches.spawn(async move { this.try_follow_up(&mut row, copies).await });
            } else {
                self.try_follow_up(&mut row, copies).await;
            }
        }
        searches.join_all().await;
    }

    async fn try_follow_up(&self, row: &mut OutboxRow, copies: Copies) {
        if let Err(error) = self.follow_up(row, copies).await {
            warn!(%error, "a message that was handed over could not be followed up");
        }
    }

    /// Hands over the rows of messages that were sent by a session which then ended.
    pub(super) async fn file_unfiled_copies(
        &self,
        settled: &mpsc::UnboundedSender<Settled>,
    ) -> Result<(), StoreError> {
        for row in self.ledger.outbox_claim_unfiled(&self.key).await? {
            let _ = settled.send((row, Copies::PerhapsOne));
        }
        Ok(())
    }

    /// Files the copy in Sent, and marks the source message, once a recipient was accepted.
    pub(super) async fn follow_up(
        &self,
        row: &mut OutboxRow,
        copies: Copies,
    ) -> Result<(), StoreError> {
        if row.is_copy_due() {
            row.message.copy = self.file_copy(row, copies).await;
        }
        if row.is_search_due() {
            row.message.search = self.search_copy(row).await;
        }
        if row.has_accepted_recipient()
            && let Some(draft) = row.message.draft.take()
            && !self.deleted_drafts().remove(&row.id)
        {
            self.delete_draft(draft, &row.id).await;
            self.deleted_drafts().remove(&row.id);
        }
        if row.has_accepted_recipient()
            && let Some(source) = row.message.source.take()
        {
            let mark = match source.kind.is_forward() {
                true => SourceMark::Forwarded,
                false => SourceMark::Answered,
            };
            let is_reply = source.kind.is_reply();
            let (folder, message) = (source.folder, source.message);
            let answered = is_reply.then(|| (folder.clone(), message.clone()));
            let target = RequestTarget::Folder(folder.clone());
            let (request, reply) = Request::new(target, RequestKind::Set, move |store| {
                store.mark_source(folder.clone(), message.clone(), mark)
            });
            if self.mailbox.send(request).await.is_ok()
                && let Ok(Err(error)) = reply.await
            {
                info!(%error, "the message that was answered could not be marked");
            }
            if let Some((folder, message)) = answered {
                self.archive_answered(folder, message).await;
            }
        }
        if row.state != RowState::Result {
            // This process no longer owns the row: only the copy is recorded, and a stopped message
            // stays stopped.
            self.ledger.outbox_record_copy(row).await?;
            self.tell(&row.id);
            return Ok(());
        }
        // A copy that this session could not file is filed after the next sign-in.
        if !row.is_open() && !row.is_copy_due() {
            // Nothing is left to be sent: the files and the typed text are removed with this.
            row.spool = None;
            row.message.attachments.clear();
        }
        self.ledger.outbox_save(row, true).await?;
        if row.spool.is_none() {
            self.remove_discarded().await;
        }
        self.tell(&row.id);
        Ok(())
    }

    /// Archives a message in the inbox that was answered, if its user chose so. Without a folder for
    /// it, or by POP3, it stays.
    async fn archive_answered(&self, folder: FolderId, message: MessageId) {
        let choices = self.ledger.composing_choices(&self.key).await;
        let is_chosen = choices.is_ok_and(|choices| choices.archives_answered);
        if !is_chosen || folder.as_str() != INBOX_ID || message.is_nested() {
            return;
        }
        let target = RequestTarget::Folder(folder.clone());
        let (request, reply) = Request::new(target, RequestKind::Change, move |store| {
            let to = Destination::Role(FolderRole::Archive);
            store.move_messages(folder.clone(), vec![message.clone()], to)
        });
        if self.mailbox.send(request).await.is_ok()
            && let Ok(Err(error)) = reply.await
        {
            info!(%error, "the message that was answered could not be archived");
        }
    }

    /// Searches for the copy of a message that may have been sent: a server that files copies itself
    /// has it then. `None` if the search failed; it is repeated after the next sign-in.
    async fn search_copy(&self, row: &OutboxRow) -> Option<CopySearch> {
        if !self.mailbox.has_server_copies() {
            return Some(CopySearch::Unsupported);
        }
        let mut pauses = COPY_SEARCH_PAUSES.into_iter();
        loop {
            let (id, written) = (row.message.copy_id(), row.created_unix_ms);
            let (request, reply) =
                Request::new(RequestTarget::Sent, RequestKind::Read, move |store| {
                    store.find_copy(id.clone(), written)
                });
            self.mailbox.send(request).await.ok()?;
            match reply.await {
                Ok(Ok(Some(folder))) => return Some(CopySearch::InFolder(folder)),
                Ok(Ok(None)) => match pauses.next() {
                    Some(pause) => sleep(pause).await,
                    None => return Some(CopySearch::Nowhere),
                },
                Ok(Err(AccountError::MissingFolder(_))) => return Some(CopySearch::Unsupported),
                Ok(Err(error)) => {
                    info!(%error, "a message that may be sent could not be searched");
                    return None;
                }
                Err(_) => return None,
            }
        }
    }

    /// Deletes the copies of the draft that a message was written as: it is in the outbox now.
    pub(crate) async fn delete_draft(&self, draft: DraftId, outbox: &OutboxId) {
        let (request, reply) =
            Request::new(RequestTarget::Drafts, RequestKind::Set, move |store| {
                store.delete_draft(draft.clone())
            });
        if self.mailbox.send(request).await.is_err() {
            return;
        }
        match reply.await {
            Ok(Ok(())) => drop(self.deleted_drafts().insert(outbox.clone())),
            Ok(Err(error)) => info!(%error, "the draft of a message could not be deleted"),
            Err(_) => {}
        }
    }

    /// The messages whose drafts this outbox has deleted.
    fn deleted_drafts(&self) -> MutexGuard<'_, HashSet<OutboxId>> {
        self.deleted_drafts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn file_copy(&self, row: &OutboxRow, copies: Copies) -> SentCopy {
        let failed = |error: &AccountError| {
            info!(%error, "the copy in Sent could not be filed");
            SentCopy::Failed(error.error_cause())
        };
        let Some(message) = self.message(row) else {
            return failed(&AccountError::FileLost("it has no name".to_owned()));
        };
        // The Bcc recipients are only in the sender's copy.
        let copy = SpooledMessage {
            own_fields: row.message.own_fields.clone().into(),
            ..message
        };
        let id = row.message.copy_id();
        let mut filing = match copies {
            Copies::None => Filing::AtOnce,
            Copies::PerhapsOne => Filing::LeftOver,
        };
        let mut pauses = COPY_SEARCH_PAUSES.into_iter();
        loop {
            let target = RequestTarget::Copy {
                size_bytes: copy.size_bytes,
                filing,
            };
            let (request, reply) = Request::new(target, RequestKind::Change, {
                let (copy, id) = (copy.clone(), id.clone());
                move |store| store.file_sent(copy.clone(), id.clone(), filing)
            });
            if self.mailbox.send(request).await.is_err() {
                return SentCopy::Pending;
            }
            match reply.await {
                Ok(Ok(Filed::In {
                    folder,
                    is_unproven,
                })) => {
                    if is_unproven {
                        self.schedule_recheck(id);
                    }
                    return folder.map_or(SentCopy::NotKept, SentCopy::Filed);
                }
                Ok(Ok(Filed::NotKept)) => return SentCopy::NotKept,
                Ok(Ok(Filed::Awaited)) => match pauses.next() {
                    Some(pause) => sleep(pause).await,
                    None => filing = Filing::AfterWaiting,
                },
                Ok(Err(error)) => return failed(&error),
                Err(_) => return SentCopy::Pending,
            }
        }
    }

    /// Schedules another search in Sent, after the time in which a server files its own copy.
    fn schedule_recheck(&self, id: CopyId) {
        let OutboxMailbox::Session(incoming) = &self.mailbox else {
            // Without a session the server's behaviour is not learnt.
            return;
        };
        let (incoming, closing) = (incoming.clone(), self.closing.clone());
        tokio::spawn(async move {
            if closing
                .run_until_cancelled(sleep(RECHECK_AFTER))
                .await
                .is_some()
            {
                let (request, reply) =
                    Request::new(RequestTarget::Sent, RequestKind::Change, move |store| {
                        store.remove_duplicate_copy(id.clone())
                    });
                if incoming.send(request).await.is_ok()
                    && let Ok(Err(error)) = reply.await
                {
                    debug!(%error, "Sent could not be looked at again");
                }
            }
        });
    }
}
