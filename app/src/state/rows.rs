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
    const MAX_KNOWN: usize = 2_000;

    /// Creates the rows from the first response.
    pub fn new(response: MessageRows) -> Self {
        let mut rows = Self::default();
        rows.replace(response);
        rows
    }

    /// Returns the number of rows of the folder.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Returns the row at a position, if known.
    pub fn at(&self, position: u32) -> Option<&Slot> {
        let index = self.search(position).ok()?;
        self.known.get(index).map(|(_, slot)| slot)
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
    pub fn replace(&mut self, response: MessageRows) {
        // Mostly in the order of the response, so that the search ends near the front.
        let mut known = std::mem::take(&mut self.known);
        self.total = response.total;
        for (position, row) in (response.offset..self.total).zip(response.rows) {
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
    pub fn add(&mut self, response: MessageRows, shown: Range<u32>) -> bool {
        if response.total != self.total {
            return false;
        }
        for (position, row) in (response.offset..self.total).zip(response.rows) {
            if let Err(index) = self.search(position) {
                self.known.insert(index, (position, Slot::of(row)));
            }
        }
        if self.known.len() > Self::MAX_KNOWN {
            let margin = 500;
            let near = shown.start.saturating_sub(margin)..shown.end.saturating_add(margin);
            self.known.retain(|(position, _)| near.contains(position));
        }
        true
    }

    /// Returns the windows to request for the missing rows of `range`. Consecutive pages form one
    /// window: one request, and one change of the document.
    pub fn missing(&self, range: Range<u32>) -> Vec<Window> {
        let mut windows: Vec<Window> = Vec::new();
        for position in range.start..range.end.min(self.total) {
            let offset = position - position % Window::PAGE;
            match windows.last_mut() {
                _ if self.search(position).is_ok() => {}
                Some(last) if offset < last.offset.saturating_add(last.limit) => {}
                Some(last)
                    if offset == last.offset.saturating_add(last.limit)
                        && last.limit < Window::MAX_LIMIT =>
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
    pub fn insert_arrived(&mut self, count: u32) {
        self.total = self.total.saturating_add(count);
        self.shift(0, count);
    }

    /// Removes messages.
    pub fn remove(&mut self, ids: &[MessageRef]) -> Removed {
        let mut removed = Removed::default();
        self.known.retain_mut(|(position, slot)| {
            let is_removed = ids.contains(&slot.id);
            if is_removed {
                removed.0.push((*position, slot.clone()));
            } else {
                *position -= removed.len();
            }
            !is_removed
        });
        self.total -= removed.len();
        removed
    }

    /// Restores removed messages. Returns those that were missing: a refresh may have brought a row
    /// back meanwhile.
    pub fn restore(&mut self, mut removed: Removed) -> Removed {
        removed.0.retain(|(_, slot)| self.find(&slot.id).is_none());
        for (position, slot) in &removed.0 {
            let position = *position.min(&self.total);
            let at = self.first_from(position);
            self.total = self.total.saturating_add(1);
            self.shift(at, 1);
            self.known.insert(at, (position, slot.clone()));
        }
        removed
    }

    /// Finds a position among the known rows: its index, else that of the next known row.
    fn search(&self, position: u32) -> Result<usize, usize> {
        self.known.binary_search_by_key(&position, |(at, _)| *at)
    }

    /// Returns the index of the first known row from a position on.
    fn first_from(&self, position: u32) -> usize {
        self.search(position).unwrap_or_else(|next| next)
    }

    /// Moves the known rows from an index on down.
    fn shift(&mut self, from: usize, by: u32) {
        for (position, _) in self.known.iter_mut().skip(from) {
            *position = position.saturating_add(by);
        }
        self.known.truncate(self.first_from(self.total));
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
    pub fn filter(mut self, predicate: impl Fn(&MessageRef) -> bool) -> Self {
        let mut excluded = 0;
        self.0.retain_mut(|(position, slot)| {
            let is_included = predicate(&slot.id);
            *position -= excluded;
            excluded += u32::from(!is_included);
            is_included
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

    fn response(total: u32, offset: u32, ids: &[&str]) -> MessageRows {
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
            place: String::new(),
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
            search: None,
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
    fn missing_rows_are_requested_in_whole_pages() {
        let rows = Rows::new(response(300, 0, &["a", "b"]));
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
    fn removed_messages_are_restored_to_their_positions() {
        let mut rows = Rows::new(response(5, 0, &["a", "b", "c", "d", "e"]));
        let removed = rows.remove(&["b", "d", "unknown"].map(of));
        assert_eq!(ids(&rows), known(&["a", "c", "e"]));
        assert_eq!((removed.len(), removed.unread()), (2, 2));
        rows.restore(removed);
        assert_eq!(ids(&rows), known(&["a", "b", "c", "d", "e"]));
    }

    #[test]
    fn only_the_refused_messages_are_restored() {
        let mut rows = Rows::new(response(5, 0, &["a", "b", "c", "d", "e"]));
        let removed = rows.remove(&["b", "d"].map(of));
        rows.restore(removed.filter(|id| *id == of("d")));
        assert_eq!(ids(&rows), known(&["a", "c", "d", "e"]));
    }

    #[test]
    fn arrived_messages_shift_the_known_rows() {
        let mut rows = Rows::new(response(2, 0, &["a", "b"]));
        rows.insert_arrived(2);
        assert_eq!(ids(&rows), known(&["", "", "a", "b"]));
        assert!(rows.add(response(4, 0, &["x", "y", "stale"]), 0..4));
        assert_eq!(ids(&rows), known(&["x", "y", "a", "b"]));
    }

    #[test]
    fn response_with_another_total_is_not_added() {
        let mut rows = Rows::new(response(2, 0, &["a", "b"]));
        assert!(!rows.add(response(3, 0, &["x", "a", "b"]), 0..2));
        assert_eq!(ids(&rows), known(&["a", "b"]));
    }

    #[test]
    fn replacing_rows_keeps_the_signals_of_remaining_rows() {
        let mut rows = Rows::new(response(3, 0, &["a", "b", "c"]));
        let signal = rows.at(1).expect("b").row.clone();
        let mut updated = response(4, 0, &["n", "b"]);
        if let Some(row) = updated.rows.get_mut(1) {
            row.is_starred = true;
        }
        rows.replace(updated);
        assert_eq!(ids(&rows), known(&["n", "b", "", ""]));
        assert!(signal.with_untracked(|row| row.is_starred && row.position == 1));
    }

    #[test]
    fn rows_far_from_the_displayed_ones_are_dropped() {
        let mut rows = Rows::new(response(10_000, 0, &[]));
        let names: Vec<String> = (0..50).map(|n| format!("m{n}")).collect();
        let page: Vec<&str> = names.iter().map(String::as_str).collect();
        for offset in (0..9_000).step_by(50) {
            assert!(rows.add(response(10_000, offset, &page), offset..offset + 50));
        }
        assert!(rows.known() <= Rows::MAX_KNOWN);
        assert!(rows.at(8_999).is_some());
        assert!(rows.at(0).is_none());
    }

    #[test]
    fn reported_total_allocates_no_memory() {
        let mut rows = Rows::new(response(u32::MAX, 0, &["a", "b"]));
        rows.insert_arrived(7);
        assert_eq!(rows.total(), u32::MAX);
        let far = u32::MAX - 10;
        assert!(rows.add(response(u32::MAX, far, &["y", "z"]), far..u32::MAX));
        assert_eq!(rows.position(&of("z")), Some(far + 1));
        assert_eq!(rows.remove(&[of("a"), of("y")]).len(), 2);
        assert_eq!(rows.position(&of("z")), Some(far - 1));
        let last_page = u32::MAX - u32::MAX % Window::PAGE;
        assert_eq!(
            rows.missing(u32::MAX - 12..u32::MAX)
                .first()
                .map(|w| w.offset),
            Some(last_page)
        );
        rows.insert_arrived(50);
        assert_eq!(rows.position(&of("z")), None, "beyond the last position");
    }

    #[test]
    fn row_that_a_refresh_brought_back_is_not_restored_again() {
        let mut rows = Rows::new(response(3, 0, &["a", "b", "c"]));
        let removed = rows.remove(&[of("a"), of("b")]);
        rows.replace(response(2, 0, &["b", "c"]));
        let restored = rows.restore(removed);
        assert_eq!((restored.len(), rows.total()), (1, 3));
        assert_eq!(ids(&rows), known(&["a", "b", "c"]));
    }

    #[test]
    fn rows_beyond_the_total_are_dropped() {
        let mut rows = Rows::new(response(2, 1, &["a", "b", "c"]));
        assert_eq!(ids(&rows), known(&["", "a"]));
        rows.replace(response(0, 0, &["a"]));
        assert_eq!(rows.total(), 0);
    }
}
