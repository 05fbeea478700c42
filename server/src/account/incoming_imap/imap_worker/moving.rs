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
    pub(super) gone: u32,
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
        let order = Move {
            from: selected.mailbox().clone(),
            uid_validity: selected.uid_validity(),
            uids,
            to: to.clone(),
        };
        if connection.capabilities().has(Capability::Move)
            && let Some(moved) = self.by_move(&order).await?
        {
            return Ok(moved);
        }
        self.by_copy(&order).await
    }

    /// Moves by MOVE. Returns `None` if the server rejects MOVE as unknown although it advertises
    /// it: nothing was moved.
    async fn by_move(&mut self, order: &Move) -> Result<Option<Moved>, AccountError> {
        let connection = self.connection().await?;
        let set = uid_set(&order.uids).ok_or(AccountError::NotFound)?;
        let mut commands = Vec::new();
        let has_copy_uid = connection.capabilities().has(Capability::UidPlus);
        commands.push(match has_copy_uid {
            true => next_uid(&order.to),
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
            mailbox: order.to.clone(),
        });
        let (answer, end) = connection.run_far(commands, Phase::LongCommand).await;
        let copied = Copied::of(&answer).only(&order.uids);
        let status = answer.completions.last().and_then(|done| done.status);
        match (end, status) {
            (Err(error), _) => self.lost_move(order, copied, error.into()).await.map(Some),
            (Ok(()), Some(Status::Ok)) if has_copy_uid && copied.is_none() => {
                self.untold_move(order, &answer).await.map(Some)
            }
            (Ok(()), Some(Status::Ok)) => {
                let moved: Vec<Uid> = match has_copy_uid {
                    true => copied.source.clone(),
                    false => {
                        let there: HashSet<Uid> = answer
                            .fetched
                            .iter()
                            .filter_map(|data| data.uid())
                            .collect();
                        let gone = answer.gone.iter().copied();
                        gone.filter(|uid| there.contains(uid)).collect()
                    }
                };
                self.counted(order, &moved, copied).await.map(Some)
            }
            (Ok(()), Some(Status::Bad)) if copied.is_none() && answer.gone.is_empty() => Ok(None),
            (Ok(()), _) => {
                let refusal = self.refusal_of(&answer);
                if copied.is_none() && answer.gone.is_empty() {
                    return Err(refusal);
                }
                self.stopped_move(order, copied, refusal).await.map(Some)
            }
        }
    }

    /// Determines the result of a MOVE without COPYUID on a server with UIDPLUS, which should send
    /// it and need not (RFC 6851 §4.3). The messages that left the folder count as moved, at most
    /// as many as arrived in the target.
    async fn untold_move(
        &mut self,
        order: &Move,
        answer: &Responses,
    ) -> Result<Moved, AccountError> {
        let there = self.connection().await?.still_there(&order.uids).await?;
        let left = count_of(order.uids.len() - there.len());
        let came = match left {
            0 => None,
            _ => self.came_since(order, answer).await,
        };
        let count = came.map_or(left, |came| came.min(left));
        Ok(Moved {
            count,
            gone: left - count,
            copies: None,
        })
    }

    async fn by_copy(&mut self, order: &Move) -> Result<Moved, AccountError> {
        let connection = self.connection().await?;
        if !connection.capabilities().has(Capability::UidPlus) {
            // EXPUNGE without UIDs would remove every message marked as deleted, by any client.
            if !connection.only_deleted(&order.uids).await? {
                return Err(AccountError::Unsupported(Unsupported::UnsafeExpunge));
            }
        }
        let mut copied = self.shared.half_moves(|moves| moves.find(order));
        let done: HashSet<Uid> = copied.source.iter().copied().collect();
        let rest = order.uids.iter().copied().filter(|uid| !done.contains(uid));
        if let Some(set) = uid_set(&rest.collect::<Vec<_>>()) {
            let copy = Command::Copy {
                set,
                uid: true,
                mailbox: order.to.clone(),
            };
            let commands = vec![next_uid(&order.to), copy];
            let connection = self.connection().await?;
            let (answer, end) = connection.run_far(commands, Phase::LongCommand).await;
            if let Err(error) = end {
                return Err(self.lost_copy(order, &answer, error.into()).await);
            }
            match answer.completions.last() {
                Some(done) if done.status == Some(Status::Ok) => copied.add(&Copied::of(&answer)),
                // A failed COPY leaves no copies (RFC 9051 §6.4.7).
                Some(done) => return Err(connection.refusal(done).into()),
                None => return Err(connection.closed().into()),
            }
        }
        self.remove_copied(order, copied).await
    }

    /// Removes copied messages from the source mailbox.
    async fn remove_copied(&mut self, order: &Move, copied: Copied) -> Result<Moved, AccountError> {
        let mut is_second_try = false;
        loop {
            let connection = self.connection().await?;
            let commands = removal(connection, &order.uids)?;
            let (answer, end) = connection.run_far(commands, Phase::LongCommand).await;
            let error = match end {
                Ok(()) if answer.is_all_ok() => {
                    let moved = match copied.is_none() {
                        true => marked_deleted(&answer, &order.uids),
                        false => copied.source.clone(),
                    };
                    self.shared.half_moves(|moves| moves.finish(order));
                    return self.counted(order, &moved, copied).await;
                }
                Ok(()) => return self.stopped_removal(order, copied, &answer).await,
                Err(error) => AccountError::from(error),
            };
            // The copies exist: the removal continues over another connection.
            if is_second_try || !self.select_again(order).await {
                return Err(self.lies_in_both(order, copied, reply_in(&error)));
            }
            is_second_try = true;
        }
    }

    /// Returns the result of a completed move.
    async fn counted(
        &mut self,
        order: &Move,
        moved: &[Uid],
        copied: Copied,
    ) -> Result<Moved, AccountError> {
        let there: HashSet<Uid> = moved.iter().copied().collect();
        let rest = order
            .uids
            .iter()
            .copied()
            .filter(|uid| !there.contains(uid));
        let rest: Vec<Uid> = rest.collect();
        let gone = self.connection().await?.gone_of(&rest).await?;
        Ok(Moved {
            count: count_of(there.len()),
            gone,
            copies: copied.places(),
        })
    }

    fn refusal_of(&self, answer: &Responses) -> AccountError {
        let refused = answer
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
        let answer = self.run(vec![search], Phase::LongCommand).await?;
        Ok(answer.found)
    }

    /// Whether the selected mailbox has no other message marked as deleted.
    async fn only_deleted(&mut self, uids: &[Uid]) -> Result<bool, AccountError> {
        let Some(found) = self.search(SearchKey::Deleted).await? else {
            return Ok(true);
        };
        Ok(found.len() <= uids.len() as u64 && found.uids().all(|uid| uids.contains(&uid)))
    }

    /// Returns those of these messages that the selected mailbox still has.
    async fn still_there(&mut self, uids: &[Uid]) -> Result<Vec<Uid>, AccountError> {
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
    pub(super) async fn gone_of(&mut self, uids: &[Uid]) -> Result<u32, AccountError> {
        let there = self.still_there(uids).await?;
        Ok(count_of(uids.len() - there.len()))
    }
}

/// Builds STATUS of the target: the only way to find out whether copies arrived if the server does
/// not report it.
fn next_uid(mailbox: &Mailbox) -> Command {
    Command::Status {
        mailbox: mailbox.clone(),
        items: vec![StatusItem::UidNext, StatusItem::UidValidity],
    }
}

/// Builds STORE and EXPUNGE for these messages, and no others.
fn removal(connection: &ImapConnection, uids: &[Uid]) -> Result<Vec<Command>, AccountError> {
    let set = uid_set(uids).ok_or(AccountError::NotFound)?;
    let expunge = match connection.capabilities().has(Capability::UidPlus) {
        true => Command::UidExpunge(set),
        false => Command::Expunge,
    };
    Ok(vec![mark_deleted(uids, StoreMode::Add)?, expunge])
}

fn mark_deleted(uids: &[Uid], mode: StoreMode) -> Result<Command, AccountError> {
    Ok(Command::Store(Store {
        set: uid_set(uids).ok_or(AccountError::NotFound)?,
        uid: true,
        mode,
        flags: vec![Flag::Deleted],
        silent: false,
    }))
}

/// Returns the messages for which STORE returned a response.
fn marked_deleted(answer: &Responses, uids: &[Uid]) -> Vec<Uid> {
    let marked = answer.fetched.iter().filter(|data| {
        let flags = data.flags().unwrap_or_default();
        flags.contains(&Flag::Deleted)
    });
    let told: HashSet<Uid> = marked.filter_map(|data| data.uid()).collect();
    uids.iter()
        .copied()
        .filter(|uid| told.contains(uid))
        .collect()
}

/// Returns the server's reply in an error.
fn reply_in(error: &AccountError) -> Option<ServerReply> {
    match error {
        AccountError::Client(ClientError::Refused { reply, .. }) => Some(reply.clone()),
        _ => None,
    }
}

pub(super) fn count_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
