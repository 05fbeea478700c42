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
pub struct Removed(Vec<(usize, Option<Slot>)>);

/// Rows by position. `None` is a position whose row is not known yet.
#[derive(Debug, Default)]
pub struct Rows {
    slots: Vec<Option<Slot>>,
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
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// Returns the row at a position, if known.
    pub fn at(&self, position: u32) -> Option<&Slot> {
        self.slots.get(index(position))?.as_ref()
    }

    /// Returns the position of a message, if known.
    pub fn position(&self, id: &MessageRef) -> Option<u32> {
        let found = self
            .slots
            .iter()
            .position(|slot| slot.as_ref().is_some_and(|s| &s.id == id));
        found.and_then(|position| u32::try_from(position).ok())
    }

    /// Returns the row of a message, if known.
    pub fn find(&self, id: &MessageRef) -> Option<&Slot> {
        self.slots.iter().flatten().find(|slot| &slot.id == id)
    }

    /// Returns the number of known rows.
    pub fn known(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Returns the messages of the known rows in a range.
    pub fn ids(&self, range: Range<u32>) -> Vec<MessageRef> {
        let slots = self
            .slots
            .get(index(range.start)..index(range.end.min(self.total())));
        let known = slots.into_iter().flatten().flatten();
        known.map(|slot| slot.id.clone()).collect()
    }

    /// Replaces all rows by those of a response; other rows are dropped.
    ///
    /// Rows that stay keep their signal, so that their elements stay too.
    pub fn replace(&mut self, answer: MessageRows) {
        let known = std::mem::take(&mut self.slots).into_iter().flatten();
        // Mostly in the order of the response, so that the search ends near the front.
        let mut known: Vec<Slot> = known.collect();
        self.slots.resize_with(index(answer.total), || None);
        for (position, row) in (answer.offset..).zip(answer.rows) {
            let slot = match known.iter().position(|slot| slot.id == row.id) {
                Some(at) => {
                    let slot = known.remove(at);
                    // Written only if changed: a write notifies the components that show the row.
                    if slot.row.with_untracked(|old| *old != row) {
                        slot.row.set(row);
                    }
                    slot
                }
                None => Slot {
                    id: row.id.clone(),
                    row: ArcRwSignal::new(row),
                },
            };
            if let Some(place) = self.slots.get_mut(index(position)) {
                *place = Some(slot);
            }
        }
    }

    /// Adds the rows of a response. `false` if the folder's length changed meanwhile: no row is
    /// added then, and the page must request again.
    pub fn add(&mut self, answer: MessageRows, shown: Range<u32>) -> bool {
        if answer.total != self.total() {
            return false;
        }
        for (position, row) in (answer.offset..).zip(answer.rows) {
            if let Some(place @ None) = self.slots.get_mut(index(position)) {
                *place = Some(Slot {
                    id: row.id.clone(),
                    row: ArcRwSignal::new(row),
                });
            }
        }
        self.forget_far(shown);
        true
    }

    fn forget_far(&mut self, shown: Range<u32>) {
        if self.known() <= Self::KEEP {
            return;
        }
        let keep = Self::KEEP / 4;
        let near = index(shown.start).saturating_sub(keep)..index(shown.end).saturating_add(keep);
        for (position, slot) in self.slots.iter_mut().enumerate() {
            if !near.contains(&position) {
                *slot = None;
            }
        }
    }

    /// Returns the windows to request for the missing rows of `wanted`. Consecutive pages form one
    /// window: one request, and one change of the document.
    pub fn missing(&self, wanted: Range<u32>) -> Vec<Window> {
        let mut windows: Vec<Window> = Vec::new();
        for position in wanted {
            let is_missing = matches!(self.slots.get(index(position)), Some(None));
            let offset = position - position % Window::PAGE;
            match windows.last_mut() {
                _ if !is_missing => {}
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
        self.slots
            .splice(0..0, std::iter::repeat_with(|| None).take(index(count)));
    }

    /// Removes messages.
    pub fn remove(&mut self, ids: &[MessageRef]) -> Removed {
        let mut removed = Vec::new();
        let mut position = 0;
        self.slots.retain_mut(|slot| {
            let is_gone = slot.as_ref().is_some_and(|slot| ids.contains(&slot.id));
            if is_gone {
                removed.push((position, slot.take()));
            }
            position += 1;
            !is_gone
        });
        Removed(removed)
    }

    /// Restores removed messages.
    pub fn restore(&mut self, removed: Removed) {
        for (position, slot) in removed.0 {
            // A refresh may have brought the row back meanwhile.
            let is_known = slot
                .as_ref()
                .is_some_and(|slot| self.find(&slot.id).is_some());
            if is_known {
                continue;
            }
            let position = position.min(self.slots.len());
            self.slots.insert(position, slot);
        }
    }
}

impl Removed {
    /// Returns the number of unread messages among them.
    pub fn unread(&self) -> u32 {
        let unread = self.0.iter().filter_map(|(_, slot)| slot.as_ref());
        let unread = unread
            .filter(|slot| slot.row.with_untracked(|row| !row.is_seen))
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
            let is_back = slot.as_ref().is_some_and(|slot| is_wanted(&slot.id));
            *position -= left;
            left += usize::from(!is_back);
            is_back
        });
        self
    }

    /// Whether no row was removed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
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
        assert!(rows.slots.iter().flatten().count() <= Rows::KEEP);
        assert!(rows.at(8_999).is_some());
        assert!(rows.at(0).is_none());
    }

    #[test]
    fn an_answer_that_lies_about_its_offset_is_cut_off() {
        let mut rows = Rows::new(answer(2, 1, &["a", "b", "c"]));
        assert_eq!(ids(&rows), known(&["", "a"]));
        rows.replace(answer(0, 0, &["a"]));
        assert_eq!(rows.total(), 0);
    }
}
