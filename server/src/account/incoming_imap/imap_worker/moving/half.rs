//! Finishes or undoes moves that failed half-way, and reports their true state.

use app::api::live::LiveEvent;
use mail_net::Phase;
use mail_proto::imap::{Capability, Command, Mailbox, Status, StatusData, StoreMode, Uid};

use super::super::super::copies::{Copied, Move};
use super::super::super::selected::ImapConnection;
use super::super::ImapWorker;
use super::{Moved, count_of, removal_commands, reply_of, status_uid_next, store_deleted};
use crate::account::error::{AccountError, HalfMove};
use crate::clients::imap::{Responses, uid_set};
use crate::domain::ServerReply;

impl ImapWorker {
    /// Handles a connection that closed during MOVE.
    pub(super) async fn on_move_disconnected(
        &mut self,
        request: &Move,
        copied: Copied,
        error: AccountError,
    ) -> Result<Moved, AccountError> {
        if !self.reselect_source(request).await {
            return Err(error);
        }
        let remaining = self.remaining(request).await?;
        if remaining.len() == request.uids.len() && copied.is_none() {
            // MOVE moves a message or leaves it unchanged (RFC 6851 §3.3): it can be repeated.
            return Err(error);
        }
        self.settle_partial_move(request, &remaining, copied, reply_of(&error))
            .await
    }

    /// Handles a refusal by the server after MOVE had begun.
    pub(super) async fn on_move_refused(
        &mut self,
        request: &Move,
        copied: Copied,
        refusal: AccountError,
    ) -> Result<Moved, AccountError> {
        let remaining = self.remaining(request).await?;
        self.settle_partial_move(request, &remaining, copied, reply_of(&refusal))
            .await
    }

    /// Settles a partial move: messages that are still `remaining` were not moved, and their copies
    /// are deleted.
    async fn settle_partial_move(
        &mut self,
        request: &Move,
        remaining: &[Uid],
        copied: Copied,
        reply: Option<ServerReply>,
    ) -> Result<Moved, AccountError> {
        let moved: Vec<Uid> = request
            .uids
            .iter()
            .copied()
            .filter(|uid| !remaining.contains(uid))
            .collect();
        if remaining.is_empty() {
            return Ok(Moved {
                count: count_of(moved.len()),
                missing: 0,
                copies: copied.into_copies(),
            });
        }
        let duplicates = copied.only(remaining);
        let state = if duplicates.is_none() {
            HalfMove::Untouched
        } else if self.undo_copies(request, &duplicates).await {
            HalfMove::Undone
        } else {
            self.shared
                .half_moves(|moves| moves.put(request, &duplicates));
            HalfMove::InBoth
        };
        Err(self.half_moved_error(request, count_of(moved.len()), state, reply))
    }

    /// Handles a connection that closed during COPY. UIDNEXT of the target shows whether the copies
    /// were made.
    pub(super) async fn on_copy_disconnected(
        &mut self,
        request: &Move,
        responses: &Responses,
        error: AccountError,
    ) -> AccountError {
        let before = responses.statuses.first().map(uid_state);
        let after = match self.reselect_source(request).await {
            true => self.fetch_uid_state(&request.to).await,
            false => None,
        };
        match (before, after) {
            (Some(before), Some(after)) if before == after => error,
            _ => self.half_moved_error(request, 0, HalfMove::Unknown, reply_of(&error)),
        }
    }

    /// Returns how many messages arrived in the target since a move began, if the server reports
    /// it.
    pub(super) async fn count_arrived_since(
        &mut self,
        request: &Move,
        responses: &Responses,
    ) -> Option<u32> {
        let (validity, before) = responses.statuses.first().map(uid_state)?;
        let (now, after) = self.fetch_uid_state(&request.to).await?;
        let is_same = validity.is_some() && validity == now;
        is_same.then_some(after?.get().checked_sub(before?.get())?)
    }

    async fn fetch_uid_state(&mut self, mailbox: &Mailbox) -> Option<(Option<u32>, Option<Uid>)> {
        let connection = self.connection().await.ok()?;
        let responses = connection
            .run(vec![status_uid_next(mailbox)], Phase::Command)
            .await;
        responses.ok()?.statuses.first().map(uid_state)
    }

    /// Handles a refusal of STORE or EXPUNGE after the copies were made.
    pub(super) async fn on_removal_refused(
        &mut self,
        request: &Move,
        copied: Copied,
        responses: &Responses,
    ) -> Result<Moved, AccountError> {
        let reply = reply_of(&self.refusal_in(responses));
        let is_store_done = responses
            .completions
            .first()
            .is_some_and(|done| done.status == Some(Status::Ok));
        if is_store_done {
            if self.expunge_without_uids(&request.uids).await {
                let moved = copied.source.clone();
                let moved = match copied.is_none() {
                    true => super::reported_deleted(responses, &request.uids),
                    false => moved,
                };
                return self.completed_move(request, &moved, copied).await;
            }
            // Removes `\Deleted` again: other programs would hide these messages, or expunge them
            // later.
            if let (Ok(unmark_command), Ok(connection)) = (
                store_deleted(&request.uids, StoreMode::Remove),
                self.connection().await,
            ) {
                let _ = connection.run(vec![unmark_command], Phase::Command).await;
            }
        }
        if !copied.is_none() && self.undo_copies(request, &copied).await {
            return Err(self.half_moved_error(request, 0, HalfMove::Undone, reply));
        }
        Err(self.record_duplicates(request, copied, reply))
    }

    /// Sends EXPUNGE without UIDs if exactly these messages are marked as deleted.
    async fn expunge_without_uids(&mut self, uids: &[Uid]) -> bool {
        let Ok(connection) = self.connection().await else {
            return false;
        };
        if !matches!(connection.has_no_other_deleted(uids).await, Ok(true)) {
            return false;
        }
        let expunge = vec![Command::Expunge];
        connection.run(expunge, Phase::LongCommand).await.is_ok()
    }

    /// Deletes the copies. Returns `false` if they still exist, or may.
    async fn undo_copies(&mut self, request: &Move, copied: &Copied) -> bool {
        let is_undone = self.try_undo_copies(request, copied).await.unwrap_or(false);
        // Selects the source mailbox again. Changes there meanwhile are unknown.
        self.reselect_source(request).await;
        self.shared.pages.publish(LiveEvent::Resync);
        is_undone
    }

    async fn try_undo_copies(
        &mut self,
        request: &Move,
        copied: &Copied,
    ) -> Result<bool, AccountError> {
        self.select(&request.to).await?;
        let connection = self.connection().await?;
        let uid_validity = connection.selected().map(|s| s.uid_validity());
        if uid_validity != copied.uid_validity.map(|validity| validity.get())
            || !connection.capabilities().has(Capability::UidPlus)
            || uid_set(&copied.copies).is_none()
        {
            return Ok(false);
        }
        let commands = removal_commands(connection, &copied.copies)?;
        let responses = connection.run_raw(commands, Phase::LongCommand).await?;
        if responses.is_all_ok() || self.expunge_without_uids(&copied.copies).await {
            return Ok(true);
        }
        let unmark_command = vec![store_deleted(&copied.copies, StoreMode::Remove)?];
        self.connection()
            .await?
            .run(unmark_command, Phase::Command)
            .await?;
        Ok(false)
    }

    /// Records that the messages are in both folders. A retry makes no further copies.
    pub(super) fn record_duplicates(
        &self,
        request: &Move,
        copied: Copied,
        reply: Option<ServerReply>,
    ) -> AccountError {
        let copied = match copied.is_none() {
            // The UIDs of the copies are unknown, only that they exist.
            true => Copied {
                source: request.uids.clone(),
                ..Copied::default()
            },
            false => copied,
        };
        self.shared.half_moves(|moves| moves.put(request, &copied));
        self.half_moved_error(request, 0, HalfMove::InBoth, reply)
    }

    /// Selects the source mailbox of a move again, over a new connection if the old one is lost.
    /// Returns `false` if that failed, or if its UIDVALIDITY changed.
    pub(super) async fn reselect_source(&mut self, request: &Move) -> bool {
        self.drop_if_over();
        let result = self.select(&request.from).await;
        let uid_validity = self
            .open_connection()
            .and_then(ImapConnection::selected)
            .map(|selected| selected.uid_validity());
        result.is_ok() && uid_validity == Some(request.uid_validity)
    }

    fn half_moved_error(
        &self,
        request: &Move,
        moved: u32,
        state: HalfMove,
        reply: Option<ServerReply>,
    ) -> AccountError {
        let (to, role, _) = self.shared.folder_of(&request.to);
        self.shared.invalidate_counts(&request.to);
        AccountError::HalfMoved {
            moved,
            state,
            to,
            role,
            reply,
        }
    }
}

/// Returns the values that show whether messages arrived in a mailbox.
fn uid_state(status: &StatusData) -> (Option<u32>, Option<Uid>) {
    (status.uid_validity.map(|v| v.get()), status.uid_next)
}
