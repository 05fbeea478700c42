//! The order of the results: what each folder found, merged by date, the newest first.

use std::collections::{HashMap, HashSet};

use app::api::types::MessageId;
use tokio::time::Instant;

use super::places::SearchedFolder;
use crate::domain::Row;

/// How many rows of one folder are kept.
const ROWS_MAX: usize = 200;
/// How many rows of a folder are fetched at once to learn their dates: few at first, then more.
const DATED_MIN: usize = 25;
const DATED_MAX: usize = 200;

/// What one folder found so far.
#[derive(Debug)]
pub(super) struct FolderHits {
    pub(super) place: SearchedFolder,
    /// The messages, newest first.
    hits: Vec<MessageId>,
    known: HashSet<MessageId>,
    /// The dates of the first hits, as far as they are known. A message without one keeps its place
    /// behind the one before it.
    dates: Vec<i64>,
    rows: HashMap<MessageId, (Row, Instant)>,
}

/// A result: the number of its folder, and of its hit in it.
pub(super) type Position = (usize, usize);

impl FolderHits {
    pub(super) fn new(place: SearchedFolder) -> Self {
        Self {
            place,
            hits: Vec::new(),
            known: HashSet::new(),
            dates: Vec::new(),
            rows: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hits.len()
    }

    /// Adds messages that are older than those before, up to `max` in all. One that is known already is
    /// no other. Returns whether some were left out.
    pub(super) fn add(&mut self, messages: Vec<MessageId>, max: usize) -> bool {
        for message in messages {
            if self.known.contains(&message) {
                continue;
            }
            if self.hits.len() >= max {
                return true;
            }
            self.known.insert(message.clone());
            self.hits.push(message);
        }
        false
    }

    /// Returns the memory that the results take, in bytes.
    pub(super) fn weight_bytes(&self) -> u64 {
        let id_bytes = size_of::<MessageId>() + self.hits.first().map_or(0, |id| id.0.len());
        let rows = self.rows.values().map(|(row, _)| row.weight_bytes());
        (self.hits.len() * id_bytes * 2) as u64 + rows.sum::<u64>()
    }

    /// Returns the next hits whose dates are unknown.
    pub(super) fn undated(&self) -> Vec<MessageId> {
        let count = self.dates.len().clamp(DATED_MIN, DATED_MAX);
        let undated = self.hits.iter().skip(self.dates.len());
        undated.take(count).cloned().collect()
    }

    /// Returns the hit at a position, and its row if that was fetched after `since`.
    pub(super) fn hit(&self, at: usize, since: Instant) -> Option<(&MessageId, Option<&Row>)> {
        let id = self.hits.get(at)?;
        let fetched = self.rows.get(id);
        let fresh = fetched.filter(|(_, fetched_at)| *fetched_at >= since);
        Some((id, fresh.map(|(row, _)| row)))
    }

    /// Stores the rows of the requested messages; those without a row no longer exist.
    pub(super) fn store(&mut self, requested: &[MessageId], rows: Vec<Row>) {
        let now = Instant::now();
        for id in requested {
            self.rows.remove(id);
        }
        if self.rows.len() + rows.len() > ROWS_MAX {
            self.rows.clear();
        }
        for row in rows {
            self.rows.insert(row.id.clone(), (row, now));
        }
        let gone: HashSet<&MessageId> = requested
            .iter()
            .filter(|id| !self.rows.contains_key(*id))
            .collect();
        if !gone.is_empty() {
            let mut dates = std::mem::take(&mut self.dates).into_iter();
            let mut kept = Vec::new();
            self.hits.retain(|id| {
                let date = dates.next();
                let is_kept = !gone.contains(id);
                if is_kept {
                    kept.extend(date);
                }
                is_kept
            });
            self.dates = kept;
        }
        while let Some(id) = self.hits.get(self.dates.len())
            && let Some((row, _)) = self.rows.get(id)
        {
            let before = self.dates.last().copied().unwrap_or(i64::MAX);
            self.dates.push(row.date_unix_ms.unwrap_or(before));
        }
    }
}

/// Returns the first `end` results, newest first, or the folders whose next dates decide.
///
/// Within a folder, the newer message is the one that arrived later, whatever its date says.
pub(super) fn merge(folders: &[FolderHits], end: usize) -> Result<Vec<Position>, Vec<usize>> {
    let mut next = vec![0_usize; folders.len()];
    let with_hits = folders.iter().filter(|folder| folder.len() > 0).count();
    let mut merged = Vec::new();
    while merged.len() < end {
        let (mut newest, mut undated): (Option<(i64, usize)>, _) = (None, Vec::new());
        for (index, (folder, at)) in folders.iter().zip(&next).enumerate() {
            if *at >= folder.len() {
                continue;
            }
            let date = match folder.dates.get(*at) {
                Some(date) => *date,
                // The only folder needs no dates.
                None if with_hits == 1 => 0,
                None => {
                    undated.push(index);
                    continue;
                }
            };
            if newest.is_none_or(|(other, _)| date > other) {
                newest = Some((date, index));
            }
        }
        if !undated.is_empty() {
            return Err(undated);
        }
        let Some((_, index)) = newest else { break };
        if let Some(at) = next.get_mut(index) {
            merged.push((index, *at));
            *at += 1;
        }
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use app::api::types::{FolderId, FolderRef};
    use proptest::prelude::*;

    use super::*;

    fn folder(hits: usize) -> FolderHits {
        let mut folder = FolderHits::new(SearchedFolder {
            folder: FolderRef {
                account: "a".into(),
                folder: FolderId::from("f"),
            },
            role: None,
            name: String::new(),
        });
        folder.add((0..hits).map(|n| MessageId(n.to_string())).collect(), 100);
        folder
    }

    fn row(id: &MessageId, date: Option<i64>) -> Row {
        Row {
            id: id.clone(),
            date_unix_ms: date,
            ..Row::default()
        }
    }

    /// Gives every hit its date.
    fn date(folder: &mut FolderHits, dates: &[Option<i64>]) {
        let ids = folder.hits.clone();
        let rows = ids.iter().zip(dates).map(|(id, date)| row(id, *date));
        folder.store(&ids, rows.collect());
    }

    #[test]
    fn one_folder_needs_no_dates_and_several_do() {
        assert_eq!(merge(&[folder(3), folder(0)], 2), Ok(vec![(0, 0), (0, 1)]));
        assert_eq!(merge(&[folder(3), folder(1)], 2), Err(vec![0, 1]));
    }

    #[test]
    fn messages_that_no_longer_exist_are_no_results() {
        let mut folder = folder(4);
        let ids = folder.hits.clone();
        folder.store(&ids, vec![row(&ids[0], Some(9)), row(&ids[2], Some(5))]);
        assert_eq!(folder.hits, [ids[0].clone(), ids[2].clone()]);
        assert_eq!(folder.dates, [9, 5]);
        let begun = Instant::now() - Duration::from_secs(1);
        let (id, row) = folder.hit(1, begun).unwrap();
        assert_eq!((id, row.map(|row| &row.id)), (&ids[2], Some(&ids[2])));
        assert_eq!(folder.hit(2, begun), None);
        let later = Instant::now() + Duration::from_secs(1);
        assert_eq!(folder.hit(1, later), Some((&ids[2], None)));
        folder.store(&ids[2..3], Vec::new());
        assert_eq!(folder.hits, [ids[0].clone()]);
    }

    #[test]
    fn a_message_that_is_found_twice_is_one_result() {
        let mut folder = folder(2);
        assert!(!folder.add(vec!["1".into(), "2".into()], 100));
        assert_eq!(folder.len(), 3);
        assert!(
            !folder.add(vec!["3".into(), "1".into()], 4),
            "nothing else is left out"
        );
        assert!(folder.add(vec!["4".into()], 4));
        assert_eq!(folder.len(), 4);
    }

    proptest! {
        #[test]
        fn every_result_appears_once_in_the_order_of_its_folder(
            all in prop::collection::vec(
                prop::collection::vec(prop::option::of(0_i64..20), 0..12), 1..5),
        ) {
            let mut folders: Vec<FolderHits> = all.iter().map(|dates| folder(dates.len())).collect();
            for (folder, dates) in folders.iter_mut().zip(&all) {
                date(folder, dates);
            }
            let total: usize = all.iter().map(Vec::len).sum();
            let merged = merge(&folders, usize::MAX).unwrap();
            prop_assert_eq!(merged.len(), total);
            for (index, dates) in all.iter().enumerate() {
                let own: Vec<usize> =
                    merged.iter().filter(|(of, _)| *of == index).map(|(_, at)| *at).collect();
                prop_assert_eq!(own, (0..dates.len()).collect::<Vec<_>>());
            }
            for end in 0..=total {
                prop_assert_eq!(merge(&folders, end).unwrap(), &merged[..end]);
            }
        }
    }
}
