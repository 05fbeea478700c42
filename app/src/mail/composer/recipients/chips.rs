//! The state of one recipient field: its chips, the text that is no chip yet, and the selection.
//!
//! # Invariants
//! - The form's own field holds all of it as one text, at any time. The chips are a view of it.
//! - Entries stay as typed, character by character, and in the order of the chips.

use std::ops::Range;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use crate::api::types::{AccountId, AddressWarning, Person, PersonSuggestion};
use crate::text::recipients::{SEPARATOR, of_clipboard, recipient, take};

/// One entry of the field.
#[derive(Debug, Clone)]
pub(super) struct Chip {
    /// Its unique key in the field.
    pub(super) key: u32,
    /// The entry as typed.
    pub(super) text: String,
    /// The recipient; `None` if it is none.
    pub(super) person: Option<Person>,
}

/// The values of a field. Not in signals of their own, which compile code per type.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) chips: Vec<Chip>,
    /// The text of the chips.
    joined: String,
    next_key: u32,
    /// The selected chips: where the selection began, and where it ends.
    picked: Option<(usize, usize)>,
    /// The people offered for the typed text.
    pub(super) offers: Vec<PersonSuggestion>,
    /// The index of the offer that Enter takes.
    pub(super) active: Option<usize>,
    /// The latest answer, and the folded text that it was for.
    pub(super) answer: Option<(String, Vec<PersonSuggestion>)>,
    /// The number of the latest lookup.
    pub(super) lookup: u32,
    /// The addresses that were compared with known ones.
    pub(super) compared: Vec<String>,
    pub(super) warnings: Vec<AddressWarning>,
}

impl State {
    /// Returns the indexes of the selected chips.
    pub(super) fn selection(&self) -> Range<usize> {
        self.picked.map_or(0..0, |(from, to)| {
            let end = from.max(to).saturating_add(1);
            from.min(to)..end.min(self.chips.len())
        })
    }

    fn push(&mut self, text: &str) {
        let key = self.next_key;
        self.next_key = key.wrapping_add(1);
        self.chips.push(Chip {
            key,
            text: text.to_owned(),
            person: recipient(text),
        });
    }
}

/// One recipient field. A handle: copies share the same state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chips {
    name: &'static str,
    /// The form's field: the value that is read, stored and posted.
    pub(super) source: NodeRef<html::Input>,
    /// The text field after the chips.
    pub(super) input: NodeRef<html::Input>,
    pub(super) account: StoredValue<AccountId>,
    state: StoredValue<State>,
    /// A counter of the changes of `state`.
    changes: RwSignal<u32>,
    /// Reports the form's content.
    report: Callback<()>,
}

impl Chips {
    pub(super) fn new(
        name: &'static str,
        source: NodeRef<html::Input>,
        account: StoredValue<AccountId>,
        report: Callback<()>,
    ) -> Self {
        Self {
            name,
            source,
            input: NodeRef::new(),
            account,
            state: StoredValue::new(State::default()),
            changes: RwSignal::new(0),
            report,
        }
    }

    /// Returns the id of an element of the field.
    pub(super) fn id(self, suffix: &str) -> String {
        format!("c-{}{suffix}", self.name)
    }

    /// Returns the id of the element of a chip (its key) or of an offered person (its index).
    pub(super) fn part_id(self, kind: &str, number: impl std::fmt::Display) -> String {
        format!("c-{}-{kind}-{number}", self.name)
    }

    /// Reads the state, and again after each change.
    pub(super) fn read<T: Default>(self, read: impl FnOnce(&State) -> T) -> T {
        self.track();
        self.peek(read)
    }

    /// Reads the state. Events may come after the field is gone.
    pub(super) fn peek<T: Default>(self, read: impl FnOnce(&State) -> T) -> T {
        let mut read = Some(read);
        let mut result = T::default();
        self.with_state(&mut |state| {
            if let Some(read) = read.take() {
                result = read(state);
            }
        });
        result
    }

    /// Changes the state.
    pub(super) fn update(self, change: impl FnOnce(&mut State)) {
        let mut change = Some(change);
        self.with_state(&mut |state| {
            if let Some(change) = change.take() {
                change(state);
            }
        });
        self.notify();
    }

    // Not generic: compiled once, not for every closure.

    #[inline(never)]
    fn with_state(self, run: &mut dyn FnMut(&mut State)) {
        self.state.try_update_value(|state| run(state));
    }

    #[inline(never)]
    fn track(self) {
        self.changes.track();
    }

    #[inline(never)]
    fn notify(self) {
        self.changes.try_update(|n| *n = n.wrapping_add(1));
    }

    fn input(self) -> Option<web_sys::HtmlInputElement> {
        self.input.try_get_untracked().flatten()
    }

    /// Returns the text that is no chip yet.
    pub(super) fn typed(self) -> String {
        self.input().map(|input| input.value()).unwrap_or_default()
    }

    /// Focuses the text field.
    pub(super) fn focus(self) {
        if let Some(input) = self.input() {
            drop(input.focus());
        }
    }

    /// Makes chips of the value of the form's field. While the user writes in that field, its
    /// unfinished entry stays text.
    pub(super) fn load(self, is_writing: bool) {
        let source = self.source.try_get_untracked().flatten();
        let (Some(source), Some(input)) = (source, self.input()) else {
            return;
        };
        let value = source.value();
        let (entries, rest) = take(&value, !is_writing);
        input.set_value(rest);
        self.update(|state| {
            state.chips.clear();
            state.picked = None;
            entries.iter().for_each(|entry| state.push(entry));
            state.joined = joined(&state.chips);
        });
    }

    /// Writes the chips and the typed text into the form's field.
    pub(super) fn write(self) {
        let typed = self.typed();
        let source = self.source.try_get_untracked().flatten();
        if let Some(source) = source {
            let value = self.peek(|state| match (typed.trim(), state.joined.as_str()) {
                ("", chips) => chips.to_owned(),
                (_, "") => typed.clone(),
                (_, chips) => [chips, SEPARATOR, &typed].concat(),
            });
            source.set_value(&value);
        }
    }

    /// Makes the text a chip where its entries are complete: each entry that a separator ends, and
    /// the last one too if `is_final`. Returns whether there is one.
    pub(super) fn commit(self, is_final: bool) -> bool {
        let typed = self.typed();
        let (entries, rest) = take(&typed, is_final);
        if entries.is_empty() {
            return false;
        }
        if let Some(input) = self.input() {
            input.set_value(rest);
        }
        self.change(|state| entries.iter().for_each(|entry| state.push(entry)));
        true
    }

    /// Replaces the typed text by the chips of these entries.
    pub(super) fn add(self, entries: &str) {
        if let Some(input) = self.input() {
            input.set_value(entries);
        }
        self.commit(true);
    }

    /// Inserts a pasted list, and makes chips of all its entries. `false` if it is a text that the
    /// browser may insert.
    pub(super) fn paste(self, pasted: &str) -> bool {
        let Some(input) = self.input() else {
            return false;
        };
        let list = of_clipboard(pasted);
        let is_list =
            pasted.trim().contains(['\n', '\r', '\t']) || !take(&list, false).0.is_empty();
        if is_list {
            drop(input.set_range_text(&list));
            let end = u32::try_from(input.value().encode_utf16().count()).ok();
            drop(input.set_selection_range(end.unwrap_or(0), end.unwrap_or(0)));
            self.write();
            self.commit(true);
        }
        is_list
    }

    /// Removes chips.
    pub(super) fn remove(self, range: Range<usize>) {
        self.change(|state| {
            if range.end <= state.chips.len() {
                state.chips.drain(range);
            }
        });
    }

    /// Removes the chip with this key.
    pub(super) fn remove_key(self, key: u32) {
        self.change(|state| state.chips.retain(|chip| chip.key != key));
    }

    /// Turns a chip back into text, after the text that is there.
    pub(super) fn edit(self, index: usize) {
        self.commit(true);
        let text = self.peek(|state| state.chips.get(index).map(|chip| chip.text.clone()));
        let (Some(text), Some(input)) = (text, self.input()) else {
            return;
        };
        let open = input.value();
        match open.trim() {
            "" => input.set_value(&text),
            // An open entry takes what follows it: the text goes before it.
            open => input.set_value(&[&text, SEPARATOR, open].concat()),
        }
        self.remove(index..index.saturating_add(1));
        self.focus();
    }

    /// Changes the chips, and the form's field with them.
    fn change(self, change: impl FnOnce(&mut State)) {
        self.update(|state| {
            change(state);
            state.picked = None;
            state.joined = joined(&state.chips);
        });
        self.write();
        self.report.try_run(());
    }

    /// Selects one chip.
    pub(super) fn pick(self, index: usize) {
        self.update(|state| state.picked = Some((index, index)));
    }

    /// Selects no chip.
    pub(super) fn unpick(self) {
        if self.peek(|state| state.picked.is_some()) {
            self.update(|state| state.picked = None);
        }
    }

    /// Returns the text of the selected chips; empty if there are none.
    pub(super) fn picked_text(self) -> String {
        self.peek(|state| joined(state.chips.get(state.selection()).unwrap_or_default()))
    }

    /// Handles a key that selects chips, or concerns the selected ones. `false` if it is none.
    pub(super) fn select_by_key(self, event: &KeyboardEvent) -> bool {
        let Some(input) = self.input() else {
            return false;
        };
        let count = self.peek(|state| state.chips.len());
        let is_command = event.ctrl_key() || event.meta_key();
        let key = event.key();
        let picked = self.peek(|state| state.picked);
        if key == "a" && is_command {
            let length = u32::try_from(input.value().encode_utf16().count()).unwrap_or(0);
            let selected = (input.selection_start(), input.selection_end());
            let is_all = selected == (Ok(Some(0)), Ok(Some(length)));
            if count > 0 && is_all {
                self.update(|state| state.picked = Some((0, count.saturating_sub(1))));
            }
            return count > 0 && is_all;
        }
        let Some((from, to)) = picked else {
            let is_at_start = input.selection_end() == Ok(Some(0));
            let is_back = key == "ArrowLeft" || key == "Backspace";
            if count > 0 && is_at_start && is_back && !is_command {
                self.pick(count.saturating_sub(1));
                return true;
            }
            return false;
        };
        let move_to = |to: usize| {
            let from = if event.shift_key() { from } else { to };
            self.update(|state| state.picked = (to < count).then_some((from, to)));
        };
        let selection = self.peek(State::selection);
        match key.as_str() {
            "ArrowLeft" => move_to(to.saturating_sub(1)),
            "ArrowRight" => move_to(to.saturating_add(1)),
            "Home" => move_to(0),
            "End" | "Escape" => self.unpick(),
            "Backspace" => self.remove(selection),
            "Delete" => {
                let next = selection.start;
                self.remove(selection);
                if next < self.peek(|state| state.chips.len()) {
                    self.pick(next);
                }
            }
            "Enter" if !is_command => self.edit(to),
            "Shift" | "Control" | "Meta" | "Alt" => return false,
            // Copying and cutting are events of their own.
            _ if is_command => return false,
            _ => {
                self.unpick();
                return false;
            }
        }
        true
    }
}

fn joined(chips: &[Chip]) -> String {
    let texts: Vec<&str> = chips.iter().map(|chip| chip.text.as_str()).collect();
    texts.join(SEPARATOR)
}
