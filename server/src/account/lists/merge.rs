//! Merges rows of several folders into one list, and encodes the cursor of its next rows.

use app::api::types::{AccountId, FolderId, FolderRef, MessageId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::domain::{Listing, Row};

/// Maximum length of a cursor, in bytes: one position for each of 16 accounts, with the id of a
/// folder whose name has 1000 bytes.
const CURSOR_MAX_BYTES: usize = 64 << 10;

/// How many of the last shown rows are searched for where a list continues.
const LAST_SHOWN: usize = 3;

/// The next rows of one folder, in the folder's own order.
#[derive(Debug, Clone)]
pub(super) struct Part {
    folder: FolderRef,
    pub(super) total: u32,
    pub(super) unread: Option<u32>,
    rows: Vec<Row>,
    /// Whether the folder has no rows after these.
    is_at_end: bool,
}

impl Part {
    /// Returns the rows of a listing without the first `skipped`.
    pub(super) fn new(folder: FolderRef, mut listing: Listing, skipped: u32) -> Self {
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let is_at_end = listing.is_at_end();
        listing.rows.drain(..skipped.min(listing.rows.len()));
        Self {
            folder,
            total: listing.total,
            unread: listing.unread,
            rows: listing.rows,
            is_at_end,
        }
    }

    /// Returns the approximate memory size, in bytes.
    pub(super) fn weight_bytes(&self) -> u64 {
        self.rows.iter().map(Row::weight_bytes).sum()
    }
}

/// The position of a folder in a merged list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FolderPosition {
    account: AccountId,
    pub(super) folder: FolderId,
    /// How many of its messages were shown before.
    pub(super) offset: u32,
    /// The last of them, the last one first: several, because an expunged one is not found again.
    last: Vec<MessageId>,
    /// The date of the last one: where the list continues if none of them is found.
    pub(super) date_unix_ms: Option<i64>,
    /// Whether the folder has more rows.
    is_more: bool,
}

impl FolderPosition {
    /// Returns how many rows can be searched for.
    pub(super) fn shown_count(&self) -> u32 {
        u32::try_from(self.last.len()).unwrap_or(u32::MAX)
    }

    /// Returns how many rows of a listing were shown: all up to the last shown one that is found in
    /// it.
    pub(super) fn shown_of(&self, listing: &Listing) -> Option<u32> {
        let index_of = |id: &MessageId| listing.rows.iter().position(|row| row.id == *id);
        let (rank, at) = (self.last.iter().enumerate())
            .find_map(|(rank, id)| index_of(id).map(|at| (rank, at)))?;
        // An earlier row at the very end is inconclusive: a later shown row may follow.
        let is_sure = rank == 0 || at + 1 < listing.rows.len();
        is_sure.then(|| u32::try_from(at + 1).ok()).flatten()
    }
}

/// The position of a merged list: one for each account with shown rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MergeCursor {
    shown: Vec<FolderPosition>,
    /// Whether a folder has rows of which none was shown.
    is_more: bool,
}

impl MergeCursor {
    /// Parses a cursor; `None` if it is invalid.
    pub(super) fn parse(cursor: &str) -> Option<Self> {
        if cursor.len() > CURSOR_MAX_BYTES {
            return None;
        }
        let json = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let shown = serde_json::from_slice(&json).ok()?;
        Some(Self {
            shown,
            is_more: false,
        })
    }

    /// Encodes the position as a cursor.
    pub(super) fn to_text(&self) -> String {
        // Strings and numbers only: serialization cannot fail.
        let json = serde_json::to_vec(&self.shown).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    /// Returns the position of an account; `None` if no row of it was shown.
    pub(super) fn of(&self, account: &AccountId) -> Option<FolderPosition> {
        self.shown
            .iter()
            .find(|position| position.account == *account)
            .cloned()
    }

    /// Returns the position without the accounts that are not accepted.
    pub(super) fn of_accounts(mut self, is_accepted: impl Fn(&AccountId) -> bool) -> Self {
        self.shown.retain(|position| is_accepted(&position.account));
        self
    }

    /// Whether the list has more rows.
    pub(super) fn is_more(&self) -> bool {
        self.is_more || self.shown.iter().any(|position| position.is_more)
    }

    fn put(&mut self, position: FolderPosition) {
        self.shown.retain(|known| known.account != position.account);
        self.shown.push(position);
    }
}

/// Returns the next rows of a merged list, and its new position.
///
/// Each folder keeps its own order; between folders the newer message comes first. A message
/// without a date keeps its position in its folder.
pub(super) fn merge(
    parts: Vec<Part>,
    mut cursor: MergeCursor,
    limit: u32,
) -> (Vec<(FolderRef, Row)>, MergeCursor) {
    cursor.is_more = false;
    let mut heads: Vec<_> = parts
        .into_iter()
        .map(|part| {
            (
                part.folder,
                part.is_at_end,
                part.rows.into_iter().peekable(),
            )
        })
        .collect();
    let mut merged = Vec::new();
    while merged.len() < limit as usize {
        let newest = heads
            .iter_mut()
            .enumerate()
            .filter_map(|(at, (_, _, rows))| Some((at, date_of(rows.peek()?))))
            // Of equal dates, the first account's.
            .max_by_key(|(at, date)| (*date, std::cmp::Reverse(*at)));
        let Some((folder, _, rows)) = newest.and_then(|(at, _)| heads.get_mut(at)) else {
            break;
        };
        let Some(row) = rows.next() else { break };
        let offset = row.position.saturating_add(1);
        let before = cursor
            .of(&folder.account)
            .map_or(Vec::new(), |position| position.last);
        let last = std::iter::once(row.id.clone()).chain(before);
        cursor.put(FolderPosition {
            account: folder.account.clone(),
            folder: folder.folder.clone(),
            offset,
            last: last.take(LAST_SHOWN).collect(),
            date_unix_ms: row.date_unix_ms,
            is_more: false,
        });
        merged.push((folder.clone(), row));
    }
    for (folder, is_at_end, mut rows) in heads {
        let is_more = rows.peek().is_some() || !is_at_end;
        let mut shown = cursor.shown.iter_mut();
        match shown.find(|position| position.account == folder.account) {
            Some(position) => position.is_more = is_more,
            None => cursor.is_more |= is_more,
        }
    }
    (merged, cursor)
}

fn date_of(row: &Row) -> i64 {
    row.date_unix_ms.unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folder(account: usize) -> FolderRef {
        FolderRef {
            account: AccountId(format!("acc{account}")),
            folder: FolderId::from("SU5CT1g"),
        }
    }

    fn row(account: usize, position: usize, date: Option<i64>) -> Row {
        Row {
            id: MessageId(format!("{account}.{position}")),
            position: u32::try_from(position).unwrap(),
            date_unix_ms: date,
            size_bytes: 1,
            ..Row::default()
        }
    }

    /// Returns an account's reply for a window after a position.
    fn part(account: usize, dates: &[Option<i64>], cursor: &MergeCursor, limit: usize) -> Part {
        let of = folder(account);
        let begin = cursor
            .of(&of.account)
            .map_or(0, |position| position.offset as usize);
        let rows = (begin..dates.len().min(begin + limit))
            .map(|position| row(account, position, dates[position]));
        Part {
            folder: of,
            total: u32::try_from(dates.len()).unwrap(),
            unread: None,
            rows: rows.collect(),
            is_at_end: begin + limit >= dates.len(),
        }
    }

    fn walk(folders: &[Vec<Option<i64>>], limit: u32) -> Vec<MessageId> {
        let (mut cursor, mut all) = (MergeCursor::default(), Vec::new());
        loop {
            let parts = folders.iter().enumerate();
            let parts = parts.map(|(n, dates)| part(n, dates, &cursor, limit as usize));
            let (rows, next) = merge(parts.collect(), cursor, limit);
            all.extend(rows.into_iter().map(|(_, row)| row.id));
            if !next.is_more() {
                return all;
            }
            // Encoded and parsed, as between requests.
            cursor = MergeCursor::parse(&next.to_text()).expect("a cursor of ours");
        }
    }

    #[test]
    fn message_without_a_date_keeps_its_position_in_its_folder() {
        let folders = [vec![Some(9), None, Some(3)], vec![Some(5), Some(1)]];
        assert_eq!(
            walk(&folders, 50),
            ["0.0", "0.1", "1.0", "0.2", "1.1"].map(MessageId::from)
        );
    }

    #[test]
    fn a_folder_that_shrinks_ends_the_list() {
        let (_, next) = merge(
            vec![part(
                0,
                &[Some(3), Some(2), Some(1)],
                &MergeCursor::default(),
                2,
            )],
            MergeCursor::default(),
            2,
        );
        assert!(next.is_more());
        // The rest was expunged meanwhile.
        let rest = part(0, &[Some(3), Some(2)], &next, 2);
        let (rows, next) = merge(vec![rest], next, 2);
        assert_eq!(rows, []);
        assert!(!next.is_more());
    }

    #[test]
    fn invalid_cursor_is_refused() {
        for text in [
            "",
            "!",
            "AA",
            "bm90IGpzb24",
            &"A".repeat(CURSOR_MAX_BYTES + 1),
        ] {
            assert_eq!(MergeCursor::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_row_appears_once_in_folder_order_for_any_window_size(
            folders in prop::collection::vec(
                prop::collection::vec(prop::option::of(0_i64..20), 0..12), 1..5),
            limit in 1_u32..9,
        ) {
            let all = walk(&folders, limit);
            prop_assert_eq!(all.len(), folders.iter().map(Vec::len).sum::<usize>());
            for (account, dates) in folders.iter().enumerate() {
                let own: Vec<_> = all
                    .iter()
                    .filter(|id| id.as_str().starts_with(&format!("{account}.")))
                    .cloned()
                    .collect();
                let expected: Vec<_> = (0..dates.len())
                    .map(|position| MessageId(format!("{account}.{position}")))
                    .collect();
                prop_assert_eq!(own, expected);
            }
            prop_assert_eq!(&all, &walk(&folders, 50));
        }
    }
}
