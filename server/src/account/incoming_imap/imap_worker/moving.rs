//! Moves messages: by MOVE, else by COPY, STORE and EXPUNGE.
//!
//! A move counts as confirmed by COPYUID, else by the messages that the server marked and expunged.
//! A move that fails between copy and removal is finished or undone, and its true state is
//! reported; a copy that could not be removed again is remembered, so that a retry makes no second
//! one.

mod half;

use std::collections::HashSet;

use mail_net::Phase;
use mail_proto::imap::{
    Capability, Command, FetchItem, Flag, Mailbox, SearchKey, SequenceSet, Status, StatusItem,
    Store, StoreMode, Uid,
};

use super::super::copies::{Copied, Copies, Move};
use super::super::selected::ImapConnection;
use super::ImapWorker;
use crate::account::error::AccountError;
use crate::clients::ClientError;
use crate::clients::imap::MailboxState as _;
use crate::clients::imap::{Responses, uid_set};
use crate::domain::{ServerReply, Unsupported};

/// The result of a move.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// How many messages the server moved.
    pub(super) count: u32,
    /// How many are no longer in the folder, and were not moved by this command.
    pub(super) missing: u32,
    /// The UIDs of the copies, if the server reported them.
    pub(super) copies: Option<Copies>,
}

impl ImapWorker {
    /// Moves messages of the selected mailbox.
    pub(super) async fn move_uids(
        &mut self,
        uids: &[Uid],
        to: &Mailbox,
    ) -> Result<Moved, AccountError> {
        let connection = self.connection().await?;
        let selected = connection.selected().ok_or(AccountError::NotFound)?;
        let mut uids = uids.to_vec();
        uids.sort_unstable();
        uids.dedup();
        let request = Move {
            from: selected.mailbox().clone(),
            uid_validity: selected.uid_validity(),
            uids,
            to: to.clone(),
        };
        if connection.capabilities().has(Capability::Move)
            && let Some(moved) = self.by_move(&request).await?
        {
            return Ok(moved);
        }
        self.by_copy(&request).await
    }

    /// Moves by MOVE. Returns `None` if the server rejects MOVE as unknown although it advertises
    /// it: nothing was moved.
    async fn by_move(&mut self, request: &Move) -> Result<Option<Moved>, AccountError> {
        let connection = self.connection().await?;
        let set = uid_set(&request.uids).ok_or(AccountError::NotFound)?;
        let mut commands = Vec::new();
        let has_copy_uid = connection.capabilities().has(Capability::UidPlus);
        commands.push(match has_copy_uid {
            true => status_uid_next(&request.to),
            // There is no later way to find out which of them existed.
            false => Command::Fetch {
                set: set.clone(),
                uid: true,
                items: vec![FetchItem::Uid],
            },
        });
        commands.push(Command::Move {
            set,
            uid: true,
            mailbox: request.to.clone(),
        });
        let (responses, end) = connection.run_partial(commands, Phase::LongCommand).await;
        let copied = Copied::of(&responses).only(&request.uids);
        let status = responses.completions.last().and_then(|done| done.status);
        match (end, status) {
            (Err(error), _) => self
                .on_move_disconnected(request, copied, error.into())
                .await
                .map(Some),
            (Ok(()), Some(Status::Ok)) if has_copy_uid && copied.is_none() => {
                self.unconfirmed_move(request, &responses).await.map(Some)
            }
            (Ok(()), Some(Status::Ok)) => {
                let moved: Vec<Uid> = match has_copy_uid {
                    true => copied.source.clone(),
                    false => {
                        let existing: HashSet<Uid> = responses
                            .fetched
                            .iter()
                            .filter_map(|data| data.uid())
                            .collect();
                        let expunged = responses.gone.iter().copied();
                        expunged.filter(|uid| existing.contains(uid)).collect()
                    }
                };
                self.completed_move(request, &moved, copied).await.map(Some)
            }
            (Ok(()), Some(Status::Bad)) if copied.is_none() && responses.gone.is_empty() => {
                Ok(None)
            }
            (Ok(()), _) => {
                let refusal = self.refusal_in(&responses);
                if copied.is_none() && responses.gone.is_empty() {
                    return Err(refusal);
                }
                self.on_move_refused(request, copied, refusal)
                    .await
                    .map(Some)
            }
        }
    }

    /// Returns the messages of a move that are still in their folder.
    async fn remaining(&mut self, request: &Move) -> Result<Vec<Uid>, AccountError> {
        self.connection().await?.find_existing(&request.uids).await
    }

    /// Determines the result of a MOVE without COPYUID on a server with UIDPLUS, which should send
    /// it and need not (RFC 6851 §4.3). The messages that left the folder count as moved, at most
    /// as many as arrived in the target.
    async fn unconfirmed_move(
        &mut self,
        request: &Move,
        responses: &Responses,
    ) -> Result<Moved, AccountError> {
        let remaining = self.remaining(request).await?;
        let removed = count_of(request.uids.len() - remaining.len());
        let arrived = match removed {
            0 => None,
            _ => self.count_arrived_since(request, responses).await,
        };
        let count = arrived.map_or(removed, |arrived| arrived.min(removed));
        Ok(Moved {
            count,
            missing: removed - count,
            copies: None,
        })
    }

    async fn by_copy(&mut self, request: &Move) -> Result<Moved, AccountError> {
        let connection = self.connection().await?;
        if !connection.capabilities().has(Capability::UidPlus) {
            // EXPUNGE without UIDs would remove every message marked as deleted, by any client.
            if !connection.has_no_other_deleted(&request.uids).await? {
                return Err(AccountError::Unsupported(Unsupported::UnsafeExpunge));
            }
        }
        let mut copied = self.shared.half_moves(|moves| moves.find(request));
        let done: HashSet<Uid> = copied.source.iter().copied().collect();
        let rest = request
            .uids
            .iter()
            .copied()
            .filter(|uid| !done.contains(uid));
        if let Some(set) = uid_set(&rest.collect::<Vec<_>>()) {
            let copy = Command::Copy {
                set,
                uid: true,
                mailbox: request.to.clone(),
            };
            let commands = vec![status_uid_next(&request.to), copy];
            let connection = self.connection().await?;
            let (responses, end) = connection.run_partial(commands, Phase::LongCommand).await;
            if let Err(error) = end {
                return Err(self
                    .on_copy_disconnected(request, &responses, error.into())
                    .await);
            }
            match responses.completions.last() {
                Some(done) if done.status == Some(Status::Ok) => {
                    copied.add(&Copied::of(&responses))
                }
                // A failed COPY leaves no copies (RFC 9051 §6.4.7).
                Some(done) => return Err(connection.refusal(done).into()),
                None => return Err(connection.closed().into()),
            }
        }
        self.remove_copied(request, copied).await
    }

    /// Removes copied messages from the source mailbox.
    async fn remove_copied(
        &mut self,
        request: &Move,
        copied: Copied,
    ) -> Result<Moved, AccountError> {
        let mut is_retry = false;
        loop {
            let connection = self.connection().await?;
            let commands = removal_commands(connection, &request.uids)?;
            let (responses, end) = connection.run_partial(commands, Phase::LongCommand).await;
            let error = match end {
                Ok(()) if responses.is_all_ok() => {
                    let moved = match copied.is_none() {
                        true => reported_deleted(&responses, &request.uids),
                        false => copied.source.clone(),
                    };
                    self.shared.half_moves(|moves| moves.finish(request));
                    return self.completed_move(request, &moved, copied).await;
                }
                Ok(()) => return self.on_removal_refused(request, copied, &responses).await,
                Err(error) => AccountError::from(error),
            };
            // The copies exist: the removal continues over another connection.
            if is_retry || !self.reselect_source(request).await {
                return Err(self.record_duplicates(request, copied, reply_of(&error)));
            }
            is_retry = true;
        }
    }

    /// Returns the result of a completed move.
    async fn completed_move(
        &mut self,
        request: &Move,
        moved: &[Uid],
        copied: Copied,
    ) -> Result<Moved, AccountError> {
        let moved_set: HashSet<Uid> = moved.iter().copied().collect();
        let rest = request
            .uids
            .iter()
            .copied()
            .filter(|uid| !moved_set.contains(uid));
        let rest: Vec<Uid> = rest.collect();
        let missing = self.connection().await?.count_missing(&rest).await?;
        Ok(Moved {
            count: count_of(moved_set.len()),
            missing,
            copies: copied.into_copies(),
        })
    }

    fn refusal_in(&self, responses: &Responses) -> AccountError {
        let refused = responses
            .completions
            .iter()
            .rev()
            .find(|done| done.status != Some(Status::Ok));
        match (refused, self.open_connection()) {
            (Some(done), Some(connection)) => connection.refusal(done).into(),
            _ => AccountError::SignedOut,
        }
    }
}

impl ImapConnection {
    async fn search(&mut self, key: SearchKey) -> Result<Option<SequenceSet>, AccountError> {
        let search = Command::Search {
            uid: true,
            criteria: vec![key],
        };
        let responses = self.run(vec![search], Phase::LongCommand).await?;
        Ok(responses.found)
    }

    /// Whether the selected mailbox has no other message marked as deleted.
    pub(super) async fn has_no_other_deleted(
        &mut self,
        uids: &[Uid],
    ) -> Result<bool, AccountError> {
        let Some(found) = self.search(SearchKey::Deleted).await? else {
            return Ok(true);
        };
        Ok(found.len() <= uids.len() as u64 && found.uids().all(|uid| uids.contains(&uid)))
    }

    /// Returns those of these messages that the selected mailbox still has.
    pub(super) async fn find_existing(&mut self, uids: &[Uid]) -> Result<Vec<Uid>, AccountError> {
        let Some(set) = uid_set(uids) else {
            return Ok(Vec::new());
        };
        let found = self.search(SearchKey::Uid(set)).await?;
        let Some(found) = found else {
            return Ok(Vec::new());
        };
        Ok(uids
            .iter()
            .copied()
            .filter(|uid| found.contains(*uid))
            .collect())
    }

    /// Returns how many of these messages the selected mailbox no longer has.
    pub(super) async fn count_missing(&mut self, uids: &[Uid]) -> Result<u32, AccountError> {
        let existing = self.find_existing(uids).await?;
        Ok(count_of(uids.len() - existing.len()))
    }
}

/// Builds STATUS of the target: the only way to find out whether copies arrived if the server does
/// not report it.
fn status_uid_next(mailbox: &Mailbox) -> Command {
    Command::Status {
        mailbox: mailbox.clone(),
        items: vec![StatusItem::UidNext, StatusItem::UidValidity],
    }
}

/// Builds STORE and EXPUNGE for these messages, and no others.
pub(super) fn removal_commands(
    connection: &ImapConnection,
    uids: &[Uid],
) -> Result<Vec<Command>, AccountError> {
    let set = uid_set(uids).ok_or(AccountError::NotFound)?;
    let expunge = match connection.capabilities().has(Capability::UidPlus) {
        true => Command::UidExpunge(set),
        false => Command::Expunge,
    };
    Ok(vec![store_deleted(uids, StoreMode::Add)?, expunge])
}

fn store_deleted(uids: &[Uid], mode: StoreMode) -> Result<Command, AccountError> {
    Ok(Command::Store(Store {
        set: uid_set(uids).ok_or(AccountError::NotFound)?,
        uid: true,
        mode,
        flags: vec![Flag::Deleted],
        silent: false,
    }))
}

/// Returns the messages for which STORE returned a response.
fn reported_deleted(responses: &Responses, uids: &[Uid]) -> Vec<Uid> {
    let marked = responses.fetched.iter().filter(|data| {
        let flags = data.flags().unwrap_or_default();
        flags.contains(&Flag::Deleted)
    });
    let reported: HashSet<Uid> = marked.filter_map(|data| data.uid()).collect();
    uids.iter()
        .copied()
        .filter(|uid| reported.contains(uid))
        .collect()
}

/// Returns the server's reply in an error.
fn reply_of(error: &AccountError) -> Option<ServerReply> {
    match error {
        AccountError::Client(ClientError::Refused { reply, .. }) => Some(reply.clone()),
        _ => None,
    }
}

pub(super) fn count_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
