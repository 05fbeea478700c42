//! Finishes or undoes moves that failed half-way, and reports their true state.

use app::api::live::LiveEvent;
use mail_net::Phase;
use mail_proto::imap::{Capability, Command, Mailbox, Status, StatusData, StoreMode, Uid};

use super::super::super::copies::{Copied, Move};
use super::super::super::selected::ImapConnection;
use super::super::ImapWorker;
use super::{Moved, count_of, mark_deleted, next_uid, removal, reply_in};
use crate::account::error::{AccountError, HalfMove};
use crate::clients::imap::{Responses, uid_set};
use crate::domain::ServerReply;

impl ImapWorker {
    /// Handles a connection that closed during MOVE.
    pub(super) async fn lost_move(
        &mut self,
        order: &Move,
        copied: Copied,
        error: AccountError,
    ) -> Result<Moved, AccountError> {
        if !self.select_again(order).await {
            return Err(error);
        }
        let there = self.connection().await?.still_there(&order.uids).await?;
        if there.len() == order.uids.len() && copied.is_none() {
            // MOVE moves a message or leaves it unchanged (RFC 6851 §3.3): it can be repeated.
            return Err(error);
        }
        self.settled(order, &there, copied, reply_in(&error)).await
    }

    /// Handles a refusal by the server after MOVE had begun.
    pub(super) async fn stopped_move(
        &mut self,
        order: &Move,
        copied: Copied,
        refusal: AccountError,
    ) -> Result<Moved, AccountError> {
        let there = self.connection().await?.still_there(&order.uids).await?;
        self.settled(order, &there, copied, reply_in(&refusal))
            .await
    }

    /// Settles a partial move: messages that are still `there` were not moved, and their copies are
    /// deleted.
    async fn settled(
        &mut self,
        order: &Move,
        there: &[Uid],
        copied: Copied,
        reply: Option<ServerReply>,
    ) -> Result<Moved, AccountError> {
        let moved: Vec<Uid> = order
            .uids
            .iter()
            .copied()
            .filter(|uid| !there.contains(uid))
            .collect();
        if there.is_empty() {
            return Ok(Moved {
                count: count_of(moved.len()),
                gone: 0,
                copies: copied.places(),
            });
        }
        let twice = copied.only(there);
        let state = if twice.is_none() {
            HalfMove::Untouched
        } else if self.undo_copies(order, &twice).await {
            HalfMove::Undone
        } else {
            self.shared.half_moves(|moves| moves.put(order, &twice));
            HalfMove::InBoth
        };
        Err(self.half(order, count_of(moved.len()), state, reply))
    }

    /// Handles a connection that closed during COPY. UIDNEXT of the target shows whether the copies
    /// were made.
    pub(super) async fn lost_copy(
        &mut self,
        order: &Move,
        answer: &Responses,
        error: AccountError,
    ) -> AccountError {
        let before = answer.statuses.first().map(place_of);
        let after = match self.select_again(order).await {
            true => self.next_uid_in(&order.to).await,
            false => None,
        };
        match (before, after) {
            (Some(before), Some(after)) if before == after => error,
            _ => self.half(order, 0, HalfMove::Unknown, reply_in(&error)),
        }
    }

    /// Returns how many messages arrived in the target since a move began, if the server reports
    /// it.
    pub(super) async fn came_since(&mut self, order: &Move, answer: &Responses) -> Option<u32> {
        let (generation, before) = answer.statuses.first().map(place_of)?;
        let (now, after) = self.next_uid_in(&order.to).await?;
        let is_same = generation.is_some() && generation == now;
        is_same.then_some(after?.get().checked_sub(before?.get())?)
    }

    async fn next_uid_in(&mut self, mailbox: &Mailbox) -> Option<(Option<u32>, Option<Uid>)> {
        let connection = self.connection().await.ok()?;
        let answer = connection
            .run(vec![next_uid(mailbox)], Phase::Command)
            .await;
        answer.ok()?.statuses.first().map(place_of)
    }

    /// Handles a refusal of STORE or EXPUNGE after the copies were made.
    pub(super) async fn stopped_removal(
        &mut self,
        order: &Move,
        copied: Copied,
        answer: &Responses,
    ) -> Result<Moved, AccountError> {
        let reply = reply_in(&self.refusal_of(answer));
        let is_marked = answer
            .completions
            .first()
            .is_some_and(|done| done.status == Some(Status::Ok));
        if is_marked {
            if self.expunge_plainly(&order.uids).await {
                let moved = copied.source.clone();
                let moved = match copied.is_none() {
                    true => super::marked_deleted(answer, &order.uids),
                    false => moved,
                };
                return self.counted(order, &moved, copied).await;
            }
            // Removes `\Deleted` again: other programs would hide these messages, or expunge them
            // later.
            if let (Ok(unmark), Ok(connection)) = (
                mark_deleted(&order.uids, StoreMode::Remove),
                self.connection().await,
            ) {
                let _ = connection.run(vec![unmark], Phase::Command).await;
            }
        }
        if !copied.is_none() && self.undo_copies(order, &copied).await {
            return Err(self.half(order, 0, HalfMove::Undone, reply));
        }
        Err(self.lies_in_both(order, copied, reply))
    }

    /// Sends EXPUNGE without UIDs if exactly these messages are marked as deleted.
    async fn expunge_plainly(&mut self, uids: &[Uid]) -> bool {
        let Ok(connection) = self.connection().await else {
            return false;
        };
        if !matches!(connection.only_deleted(uids).await, Ok(true)) {
            return false;
        }
        let expunge = vec![Command::Expunge];
        connection.run(expunge, Phase::LongCommand).await.is_ok()
    }

    /// Deletes the copies. Returns `false` if they still exist, or may.
    async fn undo_copies(&mut self, order: &Move, copied: &Copied) -> bool {
        let is_undone = self.try_undo_copies(order, copied).await.unwrap_or(false);
        // Selects the source mailbox again. Changes there meanwhile are unknown.
        self.select_again(order).await;
        self.shared.pages.tell(LiveEvent::Resync);
        is_undone
    }

    async fn try_undo_copies(
        &mut self,
        order: &Move,
        copied: &Copied,
    ) -> Result<bool, AccountError> {
        self.select(&order.to).await?;
        let connection = self.connection().await?;
        let uid_validity = connection.selected().map(|s| s.uid_validity());
        if uid_validity != copied.uid_validity.map(|validity| validity.get())
            || !connection.capabilities().has(Capability::UidPlus)
            || uid_set(&copied.copies).is_none()
        {
            return Ok(false);
        }
        let commands = removal(connection, &copied.copies)?;
        let answer = connection.run_raw(commands, Phase::LongCommand).await?;
        if answer.is_all_ok() || self.expunge_plainly(&copied.copies).await {
            return Ok(true);
        }
        let unmark = vec![mark_deleted(&copied.copies, StoreMode::Remove)?];
        self.connection().await?.run(unmark, Phase::Command).await?;
        Ok(false)
    }

    /// Records that the messages are in both folders. A retry makes no further copies.
    pub(super) fn lies_in_both(
        &self,
        order: &Move,
        copied: Copied,
        reply: Option<ServerReply>,
    ) -> AccountError {
        let copied = match copied.is_none() {
            // The UIDs of the copies are unknown, only that they exist.
            true => Copied {
                source: order.uids.clone(),
                ..Copied::default()
            },
            false => copied,
        };
        self.shared.half_moves(|moves| moves.put(order, &copied));
        self.half(order, 0, HalfMove::InBoth, reply)
    }

    /// Selects the source mailbox of a move again, over a new connection if the old one is lost.
    /// Returns `false` if that failed, or if its UIDVALIDITY changed.
    pub(super) async fn select_again(&mut self, order: &Move) -> bool {
        self.drop_if_over();
        let result = self.select(&order.from).await;
        let uid_validity = self
            .open_connection()
            .and_then(ImapConnection::selected)
            .map(|selected| selected.uid_validity());
        result.is_ok() && uid_validity == Some(order.uid_validity)
    }

    fn half(
        &self,
        order: &Move,
        moved: u32,
        state: HalfMove,
        reply: Option<ServerReply>,
    ) -> AccountError {
        let (to, role, _) = self.shared.folder_of(&order.to);
        self.shared.forget_counts(&order.to);
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
fn place_of(status: &StatusData) -> (Option<u32>, Option<Uid>) {
    (status.uid_validity.map(|v| v.get()), status.uid_next)
}
