//! Selection of messages in the list: single, in ranges, or all loaded.
//!
//! A range extends from the last ticked message (the anchor) to the message clicked with Shift;
//! another Shift-click moves its end. On a touch screen a long press ticks a row; after it, taps
//! tick rows too, until none is ticked.

use std::ops::Range;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, MouseEvent, PointerEvent};

use super::ListState;
use crate::api::types::MessageRef;
use crate::state::rows::Rows;

/// Maximum number of messages in a range: that many rows around the visible ones are never dropped.
pub const RANGE_MAX: u32 = 500;
/// The duration of a long press.
const LONG_PRESS: Duration = Duration::from_millis(450);

/// The state of the selection process.
#[derive(Debug, Clone, Default)]
pub(super) struct Picking {
    /// The start of a range.
    anchor: Option<MessageRef>,
    /// The messages ticked before the range.
    before: Vec<MessageRef>,
    /// The range whose rows are being fetched.
    pending_range: Option<Range<u32>>,
    /// Whether Shift was pressed at the last click.
    is_shift_pressed: bool,
    /// The current touch, so that a touch that ends early does not count as a long press.
    touch: Option<u32>,
    touches: u32,
    /// Whether the touch was a long press; the click that some browsers send after it opens
    /// nothing.
    was_long_press: bool,
    /// Whether a tap ticks.
    is_touch_selection: bool,
}

impl ListState {
    /// Whether anything is ticked.
    pub fn is_selecting(self) -> bool {
        self.selected.with(|ids| !ids.is_empty())
    }

    /// Returns the number of loaded rows, which "all" refers to.
    pub fn loaded(self) -> usize {
        self.rows_changed.track();
        self.rows.with_value(Rows::known)
    }

    /// Unticks all.
    pub fn select_none(self) {
        self.picking.set_value(Picking::default());
        self.selected.update(Vec::clear);
    }

    /// Ticks every row that is loaded.
    pub fn select_loaded(self) {
        let ids = self.rows.with_value(|rows| rows.ids(0..rows.total()));
        self.picking.update_value(|picking| {
            picking.before.clone_from(&ids);
            picking.pending_range = None;
        });
        self.selected.set(ids);
    }

    /// Whether Shift was pressed at the last click on a check box: it ends a range.
    pub fn is_range_end(self) -> bool {
        self.picking.with_value(|picking| picking.is_shift_pressed)
    }

    /// Ticks or unticks one message; a range begins there.
    pub fn pick(self, id: &MessageRef, is_ticked: bool) {
        self.selected.update(|ids| {
            ids.retain(|other| other != id);
            if is_ticked {
                ids.push(id.clone());
            }
        });
        let before = self.selected.get_untracked();
        self.picking.update_value(|picking| {
            picking.anchor = Some(id.clone());
            picking.before = before;
            picking.pending_range = None;
        });
    }

    /// Ticks the messages from the anchor to this one. Returns whether the range was cut to
    /// [`RANGE_MAX`] messages.
    pub fn pick_to(self, id: &MessageRef) -> bool {
        let anchor = self.picking.with_value(|picking| picking.anchor.clone());
        let positions = self.rows.with_value(|rows| {
            let anchor = anchor.as_ref().and_then(|anchor| rows.position(anchor));
            anchor.zip(rows.position(id))
        });
        let Some((from, to)) = positions else {
            self.pick(id, true);
            return false;
        };
        let (range, is_cut) = range(from, to);
        let missing = self.rows.with_value(|rows| rows.missing(range.clone()));
        self.picking
            .update_value(|picking| picking.pending_range = Some(range));
        for window in missing {
            self.fetch(window);
        }
        self.pick_pending_range();
        is_cut
    }

    /// Ticks the wanted range once no fetch is pending.
    pub(super) fn pick_pending_range(self) {
        if !self.requested_pages.with_value(Vec::is_empty) {
            return;
        }
        let pending = self.picking.try_update_value(|picking| {
            let range = picking.pending_range.take()?;
            Some((range, picking.before.clone()))
        });
        if let Some((range, mut ids)) = pending.flatten() {
            let added = self.rows.with_value(|rows| rows.ids(range));
            ids.retain(|id| !added.contains(id));
            ids.extend(added);
            self.selected.set(ids);
        }
    }

    // Events of the list's rows.

    /// A click with Shift ticks instead of selecting text.
    pub fn mouse_down(self, event: &MouseEvent) {
        if event.shift_key() {
            event.prevent_default();
        }
    }

    /// Handles a click on a row before the router does. Returns the row that ends a range.
    pub fn clicked(self, event: &MouseEvent) -> Option<MessageRef> {
        let (target, id) = row_of(event)?;
        let is_in = |selector| target.closest(selector).ok().flatten().is_some();
        if is_in("input") {
            let is_shift_pressed = event.shift_key();
            self.picking
                .update_value(|picking| picking.is_shift_pressed = is_shift_pressed);
            return None;
        }
        if is_in("button") {
            return None;
        }
        let mut end = None;
        let picking = self.picking.get_value();
        let is_tap =
            picking.is_touch_selection && self.selected.with_untracked(|ids| !ids.is_empty());
        if picking.was_long_press {
            self.picking
                .update_value(|picking| picking.was_long_press = false);
        } else if event.shift_key() {
            end = Some(id);
        } else if is_tap {
            self.toggle(&id);
        } else {
            return None;
        }
        event.prevent_default();
        end
    }

    fn toggle(self, id: &MessageRef) {
        let is_ticked = self.selected.with_untracked(|ids| ids.contains(id));
        self.pick(id, !is_ticked);
    }

    /// Handles the start of a touch on a row.
    pub fn touch_started(self, event: &PointerEvent) {
        if event.pointer_type() != "touch" {
            return;
        }
        let Some((_, id)) = row_of(event) else { return };
        let touch = self.picking.try_update_value(|picking| {
            picking.was_long_press = false;
            picking.touches = picking.touches.wrapping_add(1);
            picking.touch = Some(picking.touches);
            picking.touches
        });
        set_timeout(
            move || {
                let current = self.picking.try_with_value(|picking| picking.touch);
                if current.flatten() == touch && touch.is_some() {
                    self.long_press(&id);
                }
            },
            LONG_PRESS,
        );
    }

    fn long_press(self, id: &MessageRef) {
        self.picking.update_value(|picking| {
            picking.touch = None;
            picking.was_long_press = true;
            picking.is_touch_selection = true;
        });
        self.toggle(id);
    }

    /// Handles the end of a touch, or the start of scrolling.
    pub fn touch_ended(self) {
        self.picking.update_value(|picking| picking.touch = None);
    }

    /// Handles the context menu event that browsers send for a long press.
    pub fn context_menu(self, event: &MouseEvent) {
        let picking = self.picking.get_value();
        if picking.touch.is_some()
            && let Some((_, id)) = row_of(event)
        {
            self.long_press(&id);
        } else if !picking.was_long_press {
            return;
        }
        event.prevent_default();
    }
}

/// Returns the range between two rows, both included, and whether it was truncated.
fn range(anchor: u32, to: u32) -> (Range<u32>, bool) {
    let (first, last) = (anchor.min(to), anchor.max(to));
    let is_cut = last - first >= RANGE_MAX;
    let range = match (is_cut, anchor <= to) {
        (false, _) => first..last + 1,
        (true, true) => first..first + RANGE_MAX,
        (true, false) => last + 1 - RANGE_MAX..last + 1,
    };
    (range, is_cut)
}

/// Returns the target of an event, and the message of its row.
fn row_of(event: &Event) -> Option<(Element, MessageRef)> {
    let target: Element = event.target()?.dyn_into().ok()?;
    let row = target.closest(".row[data-id]").ok()??;
    let id = row.get_attribute("data-id")?;
    Some((target, MessageRef::from(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_includes_both_ends() {
        assert_eq!(range(3, 5), (3..6, false));
        assert_eq!(range(5, 3), (3..6, false));
        assert_eq!(range(4, 4), (4..5, false));
    }

    #[test]
    fn too_long_range_is_cut_at_its_moving_end() {
        assert_eq!(range(10, 2_000), (10..510, true));
        assert_eq!(range(2_000, 10), (1_501..2_001, true));
        assert_eq!(range(0, RANGE_MAX - 1), (0..RANGE_MAX, false));
    }
}
