//! Searches a part of a folder, and fetches the rows of what was found.

use app::api::types::{FolderId, MessageId};
use mail_net::Phase;
use mail_proto::imap::{Bound, Command, SearchKey, SequenceNumber, SequenceSet, Status, Uid};

use super::super::row::{Detail, FetchedRow};
use super::super::search_keys::keys_of;
use super::super::selected::ImapConnection;
use super::ImapWorker;
use super::list::rows_max_bytes;
use crate::account::error::AccountError;
use crate::account::search::contains_ignoring_case;
use crate::clients::imap::uid_set;
use crate::domain::{FolderSearch, Found, Row, SearchTerm};

/// Maximum number of messages whose structure is compared at once.
const COMPARED_MAX: usize = 200;
/// Maximum number of FETCH commands for the rows of one request.
const COMMANDS_MAX: usize = 60;

impl ImapWorker {
    /// Searches the newest messages of a folder, or those before [`FolderSearch::at`]: a position that
    /// only gets smaller while messages are expunged, so that a message may be found twice and none is
    /// missed.
    pub(super) async fn search(
        &mut self,
        folder: &FolderId,
        search: &FolderSearch,
    ) -> Result<Found, AccountError> {
        let mailbox = self.mailbox_of(folder).await?;
        self.select(&mailbox).await?;
        if search.at.is_none() {
            self.refresh_if_stale().await?;
        }
        let connection = self.connection().await?;
        let exists = connection.selected().map_or(0, |s| s.exists());
        let last = search.at.unwrap_or(exists).min(exists);
        let first = last.saturating_sub(search.window.max(1) - 1).max(1);
        let (Some(from), Some(to)) = (SequenceNumber::new(first), SequenceNumber::new(last)) else {
            return Ok(Found::default());
        };
        let searched = SearchKey::Sequence(SequenceSet::range(from, to));
        let command = Command::Search {
            uid: true,
            criteria: std::iter::once(searched)
                .chain(keys_of(&search.terms))
                .collect(),
        };
        let responses = connection.run(vec![command], Phase::LongCommand).await?;
        let mut uids = responses.found.map_or(Vec::new(), |found| {
            // More messages than were searched do not match.
            let searched = last.saturating_sub(first).saturating_add(1);
            newest_of(&found, usize::try_from(searched).unwrap_or(usize::MAX))
        });
        if search.terms.iter().any(SearchTerm::needs_structure) {
            uids = self.with_structure(uids, &search.terms).await?;
        }
        let connection = self.connection().await?;
        let selected = connection.selected().ok_or(AccountError::NotFound)?;
        Ok(Found {
            messages: uids.iter().map(|uid| selected.message_id(*uid)).collect(),
            next: (first > 1).then(|| first - 1),
            gap: None,
        })
    }

    /// Returns the messages whose structure meets the conditions.
    async fn with_structure(
        &mut self,
        uids: Vec<Uid>,
        terms: &[SearchTerm],
    ) -> Result<Vec<Uid>, AccountError> {
        let mut matching = Vec::new();
        for some in uids.chunks(COMPARED_MAX) {
            self.describe(some).await?;
            let selected = self.connection().await?.selected();
            let selected = selected.ok_or(AccountError::NotFound)?;
            matching.extend(some.iter().filter(|uid| {
                let row = selected.row(**uid);
                row.is_some_and(|row| terms.iter().all(|term| meets(row, term)))
            }));
        }
        Ok(matching)
    }

    /// Returns the rows of messages, in the order of `messages`. Messages that no longer exist have
    /// none.
    pub(super) async fn rows(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
    ) -> Result<Vec<Row>, AccountError> {
        let mailbox = self.mailbox_of(folder).await?;
        self.select(&mailbox).await?;
        let selected = self.connection().await?.selected();
        let selected = selected.ok_or(AccountError::NotFound)?;
        let uids: Vec<Uid> = messages
            .iter()
            .filter_map(|id| selected.uid_of(id))
            .collect();
        let refused = self.describe(&uids).await?;
        let selected = self.connection().await?.selected();
        let selected = selected.ok_or(AccountError::NotFound)?;
        let rows = uids.iter().filter_map(|uid| {
            let id = selected.message_id(*uid);
            if let Some(row) = selected.row(*uid) {
                return Some(row.to_row(id, 0));
            }
            let (_, refusal) = refused.iter().find(|(refused, _)| refused == uid)?;
            let mut bare = FetchedRow::default();
            bare.settle(refusal);
            Some(bare.to_row(id, 0))
        });
        Ok(rows.collect())
    }

    /// Fetches the unknown rows of messages of the selected mailbox. A message that the server refuses
    /// to describe is asked for alone, with less and less detail; returns those that it refused
    /// altogether, with its reply.
    async fn describe(&mut self, uids: &[Uid]) -> Result<Vec<(Uid, String)>, AccountError> {
        let connection = self.connection().await?;
        let mut refused = Vec::new();
        let mut waiting = vec![(unknown(connection, uids.to_vec()), Detail::Full)];
        for _ in 0..COMMANDS_MAX {
            let Some((uids, detail)) = waiting.pop() else {
                break;
            };
            let Some(set) = uid_set(&uids) else { continue };
            let command = Command::Fetch {
                set,
                uid: true,
                items: detail.items(),
            };
            let max_bytes = rows_max_bytes(uids.len());
            if let Some(selected) = connection.selected_mut() {
                selected.set_list_detail(Some(detail));
            }
            let responses = connection.run_fetch(vec![command], max_bytes).await;
            if let Some(selected) = connection.selected_mut() {
                selected.set_list_detail(None);
            }
            let completion = responses?.completions.into_iter().next();
            let refusal = completion.filter(|done| done.status != Some(Status::Ok));
            let Some(refusal) = refusal else { continue };
            let mut uids = unknown(connection, uids);
            match (uids.as_slice(), detail.reduced()) {
                ([], _) => {}
                ([_], Some(reduced)) => waiting.push((uids, reduced)),
                ([uid], None) => refused.push((*uid, refusal.reply().text)),
                (several, _) => {
                    let half = uids.split_off(several.len() / 2);
                    waiting.extend([(uids, detail), (half, detail)]);
                }
            }
        }
        Ok(refused)
    }
}

/// Returns the messages whose rows are unknown.
fn unknown(connection: &ImapConnection, mut uids: Vec<Uid>) -> Vec<Uid> {
    if let Some(selected) = connection.selected() {
        uids.retain(|uid| selected.row(*uid).is_none_or(FetchedRow::needs_detail));
    }
    uids
}

/// Returns the largest UIDs of a set, the largest first.
fn newest_of(found: &SequenceSet, max: usize) -> Vec<Uid> {
    let ranges = found.ranges().iter().filter_map(|range| match range {
        (Bound::Number(first), Bound::Number(last)) => Some((first.get(), last.get())),
        _ => None,
    });
    let mut ranges: Vec<(u32, u32)> = ranges.collect();
    ranges.sort_unstable_by(|a, b| b.cmp(a));
    // A range from a server can contain 2^32 - 1 numbers, and overlap others.
    let numbers = ranges
        .into_iter()
        .flat_map(|(first, last)| (first..=last).rev());
    let mut uids: Vec<Uid> = numbers
        .take(max)
        .filter_map(|number| std::num::NonZeroU32::new(number).map(Uid::from))
        .collect();
    uids.sort_unstable_by(|a, b| b.cmp(a));
    uids.dedup();
    uids
}

/// Whether the structure in a row meets a condition; other conditions were met by the search.
fn meets(row: &FetchedRow, term: &SearchTerm) -> bool {
    match term {
        SearchTerm::HasAttachment => row.has_attachment(),
        SearchTerm::FileName(name) => row.structure().is_some_and(|root| {
            let readable = root.readable();
            let files = readable.attachments.iter().chain(&readable.inline);
            let mut names = files.filter_map(|part| part.name.as_deref());
            names.any(|known| contains_ignoring_case(known, name))
        }),
        SearchTerm::Not(term) if term.needs_structure() => !meets(row, term),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_messages_are_newest_first_without_duplicates_and_within_the_window() {
        let newest = |set: &str, max| {
            let set = SequenceSet::parse(set.as_bytes()).unwrap();
            let uids = newest_of(&set, max).into_iter();
            uids.map(Uid::get).collect::<Vec<_>>()
        };
        assert_eq!(newest("1,7,3:5", 10), [7, 5, 4, 3, 1]);
        assert_eq!(newest("5:1,4:6,9:*", 10), [6, 5, 4, 3, 2, 1]);
        assert_eq!(
            newest("1:4294967295", 3),
            [u32::MAX, u32::MAX - 1, u32::MAX - 2]
        );
    }
}
