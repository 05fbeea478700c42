//! The known rows of one folder, by their position from the newest message.

use std::ops::Range;

use leptos::prelude::*;

use crate::api::types::{MessageRef, MessageRow, MessageRows, Window};

/// One row; its content may change while its element stays.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The message.
    pub id: MessageRef,
    /// The content of the row.
    pub row: ArcRwSignal<MessageRow>,
}

/// Removed rows with their positions, for restoring them.
#[derive(Debug, Clone, Default)]
pub struct Removed(Vec<(u32, Slot)>);

/// Rows by position. Only the known ones take memory: the mail server decides how many rows there
/// are.
#[derive(Debug, Default)]
pub struct Rows {
    total: u32,
    /// The known rows, by position.
    known: Vec<(u32, Slot)>,
}

impl Rows {
    /// Maximum number of rows in memory. Beyond it, rows far from the displayed ones are dropped.
    const KEEP: usize = 2_000;

    /// Creates the rows from the first response.
    pub fn new(answer: MessageRows) -> Self {
        let mut rows = Self::default();
        rows.replace(answer);
        rows
    }

    /// Returns the number of rows of the folder.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Returns the row at a position, if known.
    pub fn at(&self, position: u32) -> Option<&Slot> {
        let (_, slot) = self.known.get(self.first_from(position))?;
        self.is_known(position).then_some(slot)
    }

    /// Returns the position of a message, if known.
    pub fn position(&self, id: &MessageRef) -> Option<u32> {
        let found = self.known.iter().find(|(_, slot)| &slot.id == id);
        found.map(|(position, _)| *position)
    }

    /// Returns the row of a message, if known.
    pub fn find(&self, id: &MessageRef) -> Option<&Slot> {
        let found = self.known.iter().find(|(_, slot)| &slot.id == id);
        found.map(|(_, slot)| slot)
    }

    /// Returns the number of known rows.
    pub fn known(&self) -> usize {
        self.known.len()
    }

    /// Returns the messages of the known rows in a range.
    pub fn ids(&self, range: Range<u32>) -> Vec<MessageRef> {
        let known = self.known.iter().filter(|(at, _)| range.contains(at));
        known.map(|(_, slot)| slot.id.clone()).collect()
    }

    /// Replaces all rows by those of a response; other rows are dropped.
    ///
    /// Rows that stay keep their signal, so that their elements stay too.
    pub fn replace(&mut self, answer: MessageRows) {
        // Mostly in the order of the response, so that the search ends near the front.
        let mut known = std::mem::take(&mut self.known);
        self.total = answer.total;
        for (position, row) in (answer.offset..self.total).zip(answer.rows) {
            let slot = match known.iter().position(|(_, slot)| slot.id == row.id) {
                Some(at) => {
                    let (_, slot) = known.remove(at);
                    // Written only if changed: a write notifies the components that show the row.
                    if slot.row.with_untracked(|old| *old != row) {
                        slot.row.set(row);
                    }
                    slot
                }
                None => Slot::of(row),
            };
            self.known.push((position, slot));
        }
    }

    /// Adds the rows of a response. `false` if the folder's length changed meanwhile: no row is
    /// added then, and the page must request again.
    pub fn add(&mut self, answer: MessageRows, shown: Range<u32>) -> bool {
        if answer.total != self.total {
            return false;
        }
        for (position, row) in (answer.offset..self.total).zip(answer.rows) {
            if !self.is_known(position) {
                let at = self.first_from(position);
                self.known.insert(at, (position, Slot::of(row)));
            }
        }
        if self.known.len() > Self::KEEP {
            let keep = 500;
            let near = shown.start.saturating_sub(keep)..shown.end.saturating_add(keep);
            self.known.retain(|(position, _)| near.contains(position));
        }
        true
    }

    /// Returns the windows to request for the missing rows of `wanted`. Consecutive pages form one
    /// window: one request, and one change of the document.
    pub fn missing(&self, wanted: Range<u32>) -> Vec<Window> {
        let mut windows: Vec<Window> = Vec::new();
        for position in wanted.start..wanted.end.min(self.total) {
            let offset = position - position % Window::PAGE;
            match windows.last_mut() {
                _ if self.is_known(position) => {}
                Some(last) if offset < last.offset + last.limit => {}
                Some(last)
                    if offset == last.offset + last.limit && last.limit < Window::MAX_LIMIT =>
                {
                    last.limit += Window::PAGE;
                }
                _ => windows.push(Window {
                    offset,
                    limit: Window::PAGE,
                }),
            }
        }
        windows
    }

    /// Inserts positions for newly arrived messages, whose rows are not known yet.
    pub fn arrive(&mut self, count: u32) {
        self.total = self.total.saturating_add(count);
        self.shift(0, count);
    }

    /// Removes messages.
    pub fn remove(&mut self, ids: &[MessageRef]) -> Removed {
        let mut removed = Removed::default();
        self.known.retain_mut(|(position, slot)| {
            let is_gone = ids.contains(&slot.id);
            if is_gone {
                removed.0.push((*position, slot.clone()));
            } else {
                *position -= removed.len();
            }
            !is_gone
        });
        self.total -= removed.len();
        removed
    }

    /// Restores removed messages.
    pub fn restore(&mut self, removed: Removed) {
        for (position, slot) in removed.0 {
            // A refresh may have brought the row back meanwhile.
            if self.find(&slot.id).is_some() {
                continue;
            }
            let position = position.min(self.total);
            let at = self.first_from(position);
            self.shift(at, 1);
            self.known.insert(at, (position, slot));
            self.total = self.total.saturating_add(1);
        }
    }

    /// Returns the index of the first known row from a position on.
    fn first_from(&self, position: u32) -> usize {
        self.known.partition_point(|(at, _)| *at < position)
    }

    fn is_known(&self, position: u32) -> bool {
        let next = self.known.get(self.first_from(position));
        next.is_some_and(|(at, _)| *at == position)
    }

    /// Moves the known rows from an index on down.
    fn shift(&mut self, from: usize, by: u32) {
        for (position, _) in self.known.iter_mut().skip(from) {
            *position = position.saturating_add(by);
        }
    }
}

impl Slot {
    fn of(row: MessageRow) -> Self {
        Self {
            id: row.id.clone(),
            row: ArcRwSignal::new(row),
        }
    }
}

impl Removed {
    /// Returns the number of unread messages among them.
    pub fn unread(&self) -> u32 {
        let unread = self.0.iter();
        let unread = unread
            .filter(|(_, slot)| slot.row.with_untracked(|row| !row.is_seen))
            .count();
        u32::try_from(unread).unwrap_or(u32::MAX)
    }

    /// Returns the number of removed messages.
    pub fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Keeps the rows of the wanted messages only.
    pub fn of(mut self, is_wanted: impl Fn(&MessageRef) -> bool) -> Self {
        let mut left = 0;
        self.0.retain_mut(|(position, slot)| {
            let is_back = is_wanted(&slot.id);
            *position -= left;
            left += u32::from(!is_back);
            is_back
        });
        self
    }

    /// Whether no row was removed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::api::types::FolderRef;

    fn of(id: &str) -> MessageRef {
        FolderRef::default().message(id.into())
    }

    fn answer(total: u32, offset: u32, ids: &[&str]) -> MessageRows {
        let row = |(position, id): (u32, &&str)| MessageRow {
            id: of(id),
            position,
            people: Vec::new(),
            subject: format!("about {id}"),
            date: crate::api::types::DateText::default(),
            size_bytes: 1,
            is_seen: id.len() > 1,
            is_starred: false,
            is_answered: false,
            is_forwarded: false,
            has_attachment: false,
        };
        MessageRows {
            folder: None,
            name: "Inbox".into(),
            role: None,
            total,
            unread: None,
            offset,
            rows: (offset..).zip(ids).map(row).collect(),
            next: None,
            pending: Vec::new(),
            view: None,
            failed: Vec::new(),
        }
    }

    fn ids(rows: &Rows) -> Vec<Option<String>> {
        (0..rows.total())
            .map(|p| rows.at(p).map(|slot| slot.id.message.to_string()))
            .collect()
    }

    fn known(ids: &[&str]) -> Vec<Option<String>> {
        ids.iter()
            .map(|id| (!id.is_empty()).then(|| (*id).to_owned()))
            .collect()
    }

    #[test]
    fn unknown_rows_are_asked_for_by_whole_pages() {
        let rows = Rows::new(answer(300, 0, &["a", "b"]));
        assert_eq!(
            rows.missing(0..60),
            [Window {
                offset: 0,
                limit: 100
            }],
            "pages that follow each other are one request"
        );
        assert_eq!(rows.missing(0..300).len(), 2, "of 200 rows at most");
        assert_eq!(rows.missing(0..2), []);
        assert_eq!(
            rows.missing(120..140),
            [Window {
                offset: 100,
                limit: 50
            }]
        );
        assert_eq!(
            rows.missing(290..400),
            [Window {
                offset: 250,
                limit: 50
            }]
        );
    }

    #[test]
    fn a_message_that_leaves_comes_back_to_its_place() {
        let mut rows = Rows::new(answer(5, 0, &["a", "b", "c", "d", "e"]));
        let removed = rows.remove(&["b", "d", "unknown"].map(of));
        assert_eq!(ids(&rows), known(&["a", "c", "e"]));
        assert_eq!((removed.len(), removed.unread()), (2, 2));
        rows.restore(removed);
        assert_eq!(ids(&rows), known(&["a", "b", "c", "d", "e"]));
    }

    #[test]
    fn of_those_that_left_only_the_refused_ones_come_back() {
        let mut rows = Rows::new(answer(5, 0, &["a", "b", "c", "d", "e"]));
        let removed = rows.remove(&["b", "d"].map(of));
        rows.restore(removed.of(|id| *id == of("d")));
        assert_eq!(ids(&rows), known(&["a", "c", "d", "e"]));
    }

    #[test]
    fn arrivals_push_the_others_down() {
        let mut rows = Rows::new(answer(2, 0, &["a", "b"]));
        rows.arrive(2);
        assert_eq!(ids(&rows), known(&["", "", "a", "b"]));
        assert!(rows.add(answer(4, 0, &["x", "y", "stale"]), 0..4));
        assert_eq!(ids(&rows), known(&["x", "y", "a", "b"]));
    }

    #[test]
    fn an_answer_about_another_length_is_not_mixed_in() {
        let mut rows = Rows::new(answer(2, 0, &["a", "b"]));
        assert!(!rows.add(answer(3, 0, &["x", "a", "b"]), 0..2));
        assert_eq!(ids(&rows), known(&["a", "b"]));
    }

    #[test]
    fn a_new_truth_keeps_the_rows_that_stay() {
        let mut rows = Rows::new(answer(3, 0, &["a", "b", "c"]));
        let kept = rows.at(1).expect("b").row.clone();
        let mut truth = answer(4, 0, &["n", "b"]);
        if let Some(row) = truth.rows.get_mut(1) {
            row.is_starred = true;
        }
        rows.replace(truth);
        assert_eq!(ids(&rows), known(&["n", "b", "", ""]));
        assert!(kept.with_untracked(|row| row.is_starred && row.position == 1));
    }

    #[test]
    fn a_long_way_through_a_folder_is_not_all_remembered() {
        let mut rows = Rows::new(answer(10_000, 0, &[]));
        let names: Vec<String> = (0..50).map(|n| format!("m{n}")).collect();
        let page: Vec<&str> = names.iter().map(String::as_str).collect();
        for offset in (0..9_000).step_by(50) {
            assert!(rows.add(answer(10_000, offset, &page), offset..offset + 50));
        }
        assert!(rows.known() <= Rows::KEEP);
        assert!(rows.at(8_999).is_some());
        assert!(rows.at(0).is_none());
    }

    #[test]
    fn the_number_of_rows_that_a_server_tells_takes_no_memory() {
        let mut rows = Rows::new(answer(u32::MAX, 0, &["a", "b"]));
        rows.arrive(7);
        assert_eq!(rows.total(), u32::MAX);
        let far = u32::MAX - 10;
        assert!(rows.add(answer(u32::MAX, far, &["y", "z"]), far..u32::MAX));
        assert_eq!(rows.position(&of("z")), Some(far + 1));
        assert_eq!(rows.remove(&[of("a"), of("y")]).len(), 2);
        assert_eq!(rows.position(&of("z")), Some(far - 1));
    }

    #[test]
    fn an_answer_that_lies_about_its_offset_is_cut_off() {
        let mut rows = Rows::new(answer(2, 1, &["a", "b", "c"]));
        assert_eq!(ids(&rows), known(&["", "a"]));
        rows.replace(answer(0, 0, &["a"]));
        assert_eq!(rows.total(), 0);
    }
}
