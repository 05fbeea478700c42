//! The messages of the maildrop, as one session listed them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mail_proto::pop3::MessageNumber;
use tokio::time::Instant;

use super::super::error::AccountError;
use super::entry::Entry;
use super::identity::{MessageKey, distinguish};
use super::rows::{RowCache, RowFacts};
use crate::clients::budget::Share;
use crate::clients::pop3::{Listed, Pop3Connection};

/// Maximum number of headers read for identification whose rows are cached: a page and the next
/// ones.
const ROWS_MAX: usize = 200;

/// All messages, oldest first. Their numbers are valid only in the session that listed them.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    entries: Vec<Entry>,
    pub(super) fetched_at: Instant,
    _memory: Arc<Share>,
}

impl Listing {
    /// Lists the maildrop and assigns keys to its messages.
    ///
    /// Messages without a unique id get a key from their header. Headers that an `earlier` listing
    /// has at the same positions are not read again; without one, all are read. The headers also
    /// fill `rows`.
    pub(super) async fn fetch(
        connection: &mut Pop3Connection,
        earlier: Option<&Self>,
        rows: &mut RowCache,
    ) -> Result<Self, AccountError> {
        let listed = connection.list().await?;
        let mut keys: Vec<Option<MessageKey>> = listed
            .iter()
            .map(|message| message.unique_id.as_ref().map(MessageKey::of_unique_id))
            .collect();
        if let Some(earlier) = earlier {
            earlier.reuse_keys(connection, &listed, &mut keys).await?;
        }
        let unidentified: Vec<usize> = (0..)
            .zip(&keys)
            .filter(|(_, key)| key.is_none())
            .map(|(index, _)| index)
            .collect();
        let mut read = identify_by_headers(connection, &listed, &unidentified, &mut keys).await?;
        // A message whose header cannot be read is left out: it could not be opened either.
        let identified: Vec<(&Listed, MessageKey)> = listed
            .iter()
            .zip(&keys)
            .filter_map(|(message, key)| Some((message, (*key)?)))
            .collect();
        let mut keys: Vec<_> = identified
            .iter()
            .map(|(message, key)| (*key, message.size_bytes))
            .collect();
        distinguish(&mut keys);
        let entries: Vec<Entry> = identified
            .iter()
            .zip(keys)
            .map(|((message, _), (key, size_bytes))| Entry {
                key,
                number: message.number,
                size_bytes,
                is_by_header: message.unique_id.is_none(),
            })
            .collect();
        for entry in &entries {
            if let Some(facts) = read.remove(&entry.number) {
                rows.put(entry, facts);
            }
        }
        let mut memory = rows.share();
        memory.grow_to((identified.len() * size_of::<Entry>()) as u64)?;
        Ok(Self {
            entries,
            fetched_at: Instant::now(),
            _memory: Arc::new(memory),
        })
    }

    /// Returns all messages, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// Returns the message with a key.
    pub(super) fn entry(&self, key: MessageKey) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Returns the listing without deleted messages.
    pub(super) fn without(&self, deleted: &[MessageKey]) -> Self {
        let deleted: HashSet<MessageKey> = deleted.iter().copied().collect();
        let remaining = self
            .entries
            .iter()
            .filter(|entry| !deleted.contains(&entry.key));
        Self {
            entries: remaining.copied().collect(),
            fetched_at: self.fetched_at,
            _memory: Arc::clone(&self._memory),
        }
    }

    /// Whether both hold the same messages in the same order.
    pub(super) fn has_same_messages(&self, other: &Self) -> bool {
        let keys = |listing: &Self| {
            listing
                .entries
                .iter()
                .map(|entry| entry.key)
                .collect::<Vec<_>>()
        };
        keys(self) == keys(other)
    }

    /// Reuses keys of messages without a unique id, if none was deleted since: all sizes up to the
    /// last message are unchanged, and so is the header of the last one.
    async fn reuse_keys(
        &self,
        connection: &mut Pop3Connection,
        listed: &[Listed],
        keys: &mut [Option<MessageKey>],
    ) -> Result<(), AccountError> {
        let Some(last) = self.entries.len().checked_sub(1) else {
            return Ok(());
        };
        let is_same = |(entry, message): (&Entry, &Listed)| {
            entry.is_by_header
                && message.unique_id.is_none()
                && (entry.number, entry.size_bytes) == (message.number, message.size_bytes)
        };
        if listed.len() < self.entries.len() || !self.entries.iter().zip(listed).all(is_same) {
            return Ok(());
        }
        let _row = identify_by_headers(connection, listed, &[last], keys).await?;
        if keys.get(last).copied().flatten() == self.entries.last().map(|entry| entry.key) {
            for (key, entry) in keys.iter_mut().zip(&self.entries) {
                *key = Some(entry.key);
            }
        }
        Ok(())
    }
}

/// Assigns keys to messages from their headers. Returns the rows of the newest of them.
async fn identify_by_headers(
    connection: &mut Pop3Connection,
    listed: &[Listed],
    indices: &[usize],
    keys: &mut [Option<MessageKey>],
) -> Result<BTreeMap<MessageNumber, RowFacts>, AccountError> {
    let identified: Vec<(usize, &Listed)> = indices
        .iter()
        .filter_map(|index| Some((*index, listed.get(*index)?)))
        .collect();
    if identified.is_empty() {
        return Ok(BTreeMap::new());
    }
    let messages: Vec<_> = identified
        .iter()
        .map(|(_, message)| (message.number, message.size_bytes))
        .collect();
    let without_row = identified.len().saturating_sub(ROWS_MAX);
    let mut rows = BTreeMap::new();
    connection
        .headers(&messages, |nth, header| {
            let Some((index, message)) = identified.get(nth) else {
                return;
            };
            if let Some(key) = keys.get_mut(*index) {
                *key = Some(MessageKey::of_header(header));
            }
            if nth >= without_row {
                let facts = RowFacts::read(header, message.size_bytes);
                rows.insert(message.number, facts);
            }
        })
        .await?;
    Ok(rows)
}
