//! Rows of messages: read once from their headers, cached for as long as the account.

use std::collections::HashMap;

use mail_mime::address::EmailAddress;
use mail_mime::header::Headers;

use super::super::whole::read_headers;
use super::entry::Entry;
use super::identity::MessageKey;
use crate::clients::budget::Share;
use crate::domain::bounds::{ROW_BYTES, SUBJECT_MAX_BYTES, cut, few, weight_of};
use crate::domain::{Marks, Row};

/// Maximum number of cached rows.
const ROWS_MAX: usize = 600;
/// Maximum memory size of the cached rows, in bytes. The largest window fits.
const ROWS_MAX_BYTES: usize = 2 << 20;
/// How many rows are dropped at once beyond the limit, so that the search for the oldest does not
/// run for each.
const EVICTION_BATCH: usize = 100;

/// The facts of one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowFacts {
    from: Vec<EmailAddress>,
    to: Vec<EmailAddress>,
    subject: String,
    /// `None` where neither Date nor Received can be read.
    date_unix_ms: Option<i64>,
    size_bytes: u64,
    has_attachment: bool,
    is_unreadable: bool,
}

impl RowFacts {
    /// Returns the facts of a message whose header the server does not return.
    pub(super) fn unknown(size_bytes: u64) -> Self {
        Self {
            is_unreadable: true,
            ..Self::of(&Headers::default(), size_bytes, false)
        }
    }

    /// Reads the facts from a header. Of one over the MIME limits only its beginning is parsed.
    pub(super) fn read(header: &[u8], size_bytes: u64) -> Self {
        let headers = read_headers(header);
        let content_type = headers
            .first("Content-Type")
            .map(|field| field.raw().to_ascii_lowercase());
        // The parts are unknown. A message with a text and attachments usually has this type.
        let has_attachment =
            content_type.is_some_and(|kind| kind.trim_ascii().starts_with(b"multipart/mixed"));
        Self::of(&headers, size_bytes, has_attachment)
    }

    /// Returns the facts from the header fields of a message.
    pub(super) fn of(headers: &Headers, size_bytes: u64, has_attachment: bool) -> Self {
        Self {
            from: few(headers.from()),
            to: few(headers.to()),
            subject: cut(headers.subject(), SUBJECT_MAX_BYTES),
            date_unix_ms: headers.date_or_received().map(|date| date.unix_ms),
            size_bytes,
            has_attachment,
            is_unreadable: false,
        }
    }

    /// Returns the approximate memory size of the facts.
    fn weight_bytes(&self) -> usize {
        let addresses = self.from.iter().chain(&self.to);
        ROW_BYTES + addresses.map(weight_of).sum::<usize>() + self.subject.len()
    }

    /// Returns the row of a message at a position; the newest is at 0.
    pub(super) fn row(&self, key: MessageKey, position: u32, marks: Marks) -> Row {
        Row {
            id: key.id(),
            position,
            from: self.from.clone(),
            to: self.to.clone(),
            subject: self.subject.clone(),
            date_unix_ms: self.date_unix_ms,
            size_bytes: self.size_bytes,
            marks,
            has_attachment: self.has_attachment,
            is_unreadable: self.is_unreadable,
            refusal: String::new(),
        }
    }
}

/// The cached rows; the least recently used are dropped beyond the limit.
#[derive(Debug)]
pub(super) struct RowCache {
    rows: HashMap<MessageKey, CachedRow>,
    bytes: usize,
    share: Share,
    uses: u64,
}

#[derive(Debug)]
struct CachedRow {
    /// The listed size: another size with the same unique id is another message.
    listed_bytes: u64,
    facts: RowFacts,
    last_use: u64,
}

impl RowCache {
    /// Returns an empty cache that is charged to `share`.
    pub(super) fn new(share: Share) -> Self {
        Self {
            rows: HashMap::new(),
            bytes: 0,
            share,
            uses: 0,
        }
    }

    /// Returns a further share of the budget that the cache is charged to.
    pub(super) fn share(&self) -> Share {
        self.share.another()
    }

    /// Returns the facts of a message, if cached.
    pub(super) fn facts(&mut self, entry: &Entry) -> Option<&RowFacts> {
        self.uses += 1;
        let cached = self.rows.get_mut(&entry.key)?;
        if cached.listed_bytes != entry.size_bytes {
            return None;
        }
        cached.last_use = self.uses;
        Some(&cached.facts)
    }

    /// Whether the row of a message is cached.
    pub(super) fn contains(&self, entry: &Entry) -> bool {
        self.rows
            .get(&entry.key)
            .is_some_and(|cached| cached.listed_bytes == entry.size_bytes)
    }

    /// Caches a row.
    pub(super) fn put(&mut self, entry: &Entry, facts: RowFacts) {
        self.uses += 1;
        let cached = CachedRow {
            listed_bytes: entry.size_bytes,
            facts,
            last_use: self.uses,
        };
        self.bytes += cached.facts.weight_bytes();
        if let Some(replaced) = self.rows.insert(entry.key, cached) {
            self.bytes = self.bytes.saturating_sub(replaced.facts.weight_bytes());
        }
        if self.rows.len() > ROWS_MAX || self.bytes > ROWS_MAX_BYTES || !self.charge() {
            self.evict_least_used();
            self.charge();
        }
    }

    /// Charges the cached rows to the process's memory budget. Returns `false` if the budget is
    /// used up.
    fn charge(&mut self) -> bool {
        let bytes = self.bytes as u64;
        self.share.shrink_to(bytes);
        self.share.grow_to(bytes).is_ok()
    }

    fn evict_least_used(&mut self) {
        if self.rows.len() <= EVICTION_BATCH {
            return;
        }
        let mut uses: Vec<u64> = self.rows.values().map(|cached| cached.last_use).collect();
        let (_, last_dropped, _) = uses.select_nth_unstable(EVICTION_BATCH);
        let last_dropped = *last_dropped;
        self.rows.retain(|_, cached| cached.last_use > last_dropped);
        let weights = self.rows.values().map(|cached| cached.facts.weight_bytes());
        self.bytes = weights.sum();
    }
}

#[cfg(test)]
mod tests {
    use mail_proto::pop3::{MessageNumber, UniqueId};

    use super::*;
    use crate::clients::budget::Budget;

    fn entry(number: u32, size_bytes: u64) -> Entry {
        let unique_id = UniqueId::new(&format!("u{number}")).unwrap();
        let number = MessageNumber::new(number).unwrap();
        Entry::by_unique_id(MessageKey::of_unique_id(&unique_id), number, size_bytes)
    }

    fn facts(subject: &str) -> RowFacts {
        RowFacts::read(format!("Subject: {subject}\r\n\r\n").as_bytes(), 1)
    }

    #[test]
    fn a_header_becomes_a_row() {
        let header = b"From: Wei <wei@restante.test>\r\nTo: a@restante.test\r\nSubject: \
            =?utf-8?q?caf=C3=A9?=\r\nDate: Mon, 1 Jan 2024 10:00:00 +0100\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n";
        let row = RowFacts::read(header, 42).row(entry(1, 42).key, 7, Marks::default());
        assert_eq!(
            (row.subject.as_str(), row.position, row.size_bytes),
            ("café", 7, 42)
        );
        assert_eq!(row.date_unix_ms, Some(1_704_099_600_000));
        assert_eq!(row.from[0].address, "wei@restante.test");
        assert!(row.has_attachment);
    }

    #[test]
    fn a_reused_unique_id_with_another_size_is_another_message() {
        let mut rows = RowCache::new(Budget::of_process().share());
        rows.put(&entry(1, 10), facts("old"));
        assert!(rows.contains(&entry(1, 10)));
        assert!(!rows.contains(&entry(1, 11)));
        assert_eq!(rows.facts(&entry(1, 11)), None);
    }

    #[test]
    fn recently_used_rows_survive_eviction() {
        let mut rows = RowCache::new(Budget::of_process().share());
        for number in 1..2_000 {
            rows.put(&entry(number, 1), facts("x"));
            assert!(rows.facts(&entry(1, 1)).is_some(), "{number}");
        }
        assert!(rows.rows.len() <= ROWS_MAX);
        assert!(!rows.contains(&entry(2, 1)));
        assert!(rows.contains(&entry(1_999, 1)));
    }
}
