//! Fetches items of one message, by its UID or else by its sequence number.

use bytes::Bytes;
use mail_net::Phase;
use mail_proto::imap::{
    Command, FetchItem, SearchKey, Section as ImapSection, SequenceNumber, SequenceSet, Status, Uid,
};

use super::super::selected::ImapConnection;
use super::ImapWorker;
use super::fetched::{Fetched, peek};
use crate::account::error::AccountError;

impl ImapWorker {
    /// Whether there is no connection, or the server ended it.
    pub(super) fn is_over(&self) -> bool {
        self.open_connection().is_none_or(ImapConnection::is_over)
    }

    /// Fetches items of one message, with further commands in the same flight.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] if the server reports that the message is expunged;
    /// [`ClientError::Refused`] if it refused; [`AccountError::Withheld`] if it did neither and did
    /// not return all requested items.
    pub(super) async fn fetch_message(
        &mut self,
        uid: Uid,
        items: Vec<FetchItem>,
        more: Option<Command>,
    ) -> Result<Fetched, AccountError> {
        self.fetch_with(uid, items, Vec::new(), more).await
    }

    /// The same with further items, which may be missing in the response.
    pub(super) async fn fetch_with(
        &mut self,
        uid: Uid,
        items: Vec<FetchItem>,
        optional: Vec<FetchItem>,
        more: Option<Command>,
    ) -> Result<Fetched, AccountError> {
        let connection = self.connection().await?;
        let all: Vec<FetchItem> = items.iter().cloned().chain(optional).collect();
        let by_uid = Command::Fetch {
            set: SequenceSet::single(uid),
            uid: true,
            items: all.clone(),
        };
        let commands = std::iter::once(by_uid).chain(more).collect();
        let responses = connection.run_raw(commands, Phase::Body).await?;
        let refused = responses.completions.first();
        let refused = refused.filter(|done| done.status != Some(Status::Ok));
        let refusal = refused.map(|refused| connection.refusal(refused));
        match (Fetched::of(responses, uid, &items), refusal) {
            (Some(fetched), _) => return Ok(fetched),
            (None, Some(refusal)) => return Err(refusal.into()),
            (None, None) => {}
        }
        // A server may return by sequence number what it does not return by UID.
        let Some(seq) = find_seq(connection, uid).await? else {
            return Err(AccountError::Withheld);
        };
        let by_seq = Command::Fetch {
            set: SequenceSet::single(seq),
            uid: false,
            items: all,
        };
        let responses = connection.run_raw(vec![by_seq], Phase::Body).await?;
        Fetched::of(responses, uid, &items).ok_or(AccountError::Withheld)
    }

    /// Fetches a window of a section of one message.
    pub(super) async fn read_window(
        &mut self,
        uid: Uid,
        section: ImapSection,
        offset: u64,
        max_bytes: u32,
    ) -> Result<Bytes, AccountError> {
        let items = vec![FetchItem::Uid, peek(section.clone(), offset, max_bytes)];
        let fetched = self.fetch_message(uid, items, None).await?;
        Ok(fetched.body(&section).unwrap_or_default())
    }
}

/// Returns the sequence number of a message; `None` if the server does not report it.
///
/// # Errors
/// [`AccountError::NotFound`] if the server searched for the message and did not find it.
async fn find_seq(
    connection: &mut ImapConnection,
    uid: Uid,
) -> Result<Option<SequenceNumber>, AccountError> {
    let search = Command::Search {
        uid: false,
        criteria: vec![SearchKey::Uid(SequenceSet::single(uid))],
    };
    let responses = connection.run_raw(vec![search], Phase::Command).await?;
    let done = responses.completions.first();
    let is_done = done.is_some_and(|done| done.status == Some(Status::Ok));
    if is_done && responses.has_search_response {
        let found = responses.found.as_ref();
        let seq = found.and_then(|found| found.sequence_numbers().next());
        return seq.map(Some).ok_or(AccountError::NotFound);
    }
    let seq = connection.selected_mut().and_then(|s| s.seq_of(uid));
    Ok(seq.and_then(SequenceNumber::new))
}

/// Returns the FETCH for the UIDs before and after a message, if they are unknown: for "newer" and
/// "older".
pub(super) fn neighbours(connection: &mut ImapConnection, uid: Uid) -> Option<Command> {
    let selected = connection.selected_mut()?;
    let rank = selected.rank_of(uid)?;
    let ranks = rank.saturating_sub(1).max(1)..=(rank + 1).min(selected.exists());
    let mut seqs: Vec<u32> = selected.shown.seqs_at(ranks).collect();
    seqs.retain(|seq| selected.uid_at(*seq).is_none());
    let set = SequenceSet::from_numbers(seqs.into_iter().filter_map(SequenceNumber::new))?;
    Some(Command::Fetch {
        set,
        uid: false,
        items: vec![FetchItem::Uid],
    })
}
