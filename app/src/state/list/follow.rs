//! Keeps the rows in the document at the scroll position, and fetches the missing ones.

use std::ops::Range;
use std::time::Duration;

use leptos::prelude::*;

use super::ListState;
use crate::api::types::Window;
#[cfg(feature = "hydrate")]
use crate::state::viewport::Measures;
use crate::state::viewport::Viewport;
use crate::ui::dynamic::after_frame;

/// The number of rows above and below the displayed ones that are fetched too, once the list is
/// scrolled.
const AHEAD: u32 = 25;
/// The delay before missing rows are shown as grey placeholders; most responses arrive earlier.
const SHADOWS_AFTER: Duration = Duration::from_millis(100);
/// The delay before the second page is fetched, so that the user's own requests come first.
const NEXT_PAGE_AFTER: Duration = Duration::from_millis(400);

/// The display of missing rows at a scroll position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shadows {
    /// All visible rows are known.
    None,
    /// Placeholders are shown after the delay, unless the rows arrive first.
    Soon(u32),
    /// Placeholders are shown at once, until all visible rows are known.
    Shown,
}

/// The number of server-rendered rows left in the document at hydration; provided by context.
#[derive(Debug, Clone, Copy)]
pub struct RowsInPage(pub u32);

/// Removes server-rendered rows below the visible area before hydration. They are for readers
/// without script, and hydrating a row costs as much as creating it. Most of them would leave the
/// document at once, and the first of them are added again after the first frame.
#[cfg(feature = "hydrate")]
pub fn drop_rows_out_of_sight() -> Option<RowsInPage> {
    let scroller = document().query_selector(".list-scroll").ok()??;
    let rows = scroller.query_selector(".rows").ok()??;
    let row = rows.query_selector(".row-item").ok()??;
    // Between the two spacers.
    let total = rows.child_element_count().checked_sub(2)?;
    let row_px = row.get_bounding_client_rect().height();
    let measures = Measures {
        row_px,
        box_px: f64::from(scroller.client_height()),
        total,
    };
    let view = measures.viewport(f64::from(scroller.scroll_top()));
    let keep = view.bottom;
    if keep == 0 || row_px <= 0.0 {
        // The list is hidden or empty.
        return None;
    }
    let behind = format!(".row-item:nth-child(n + {})", keep.saturating_add(2));
    while let Ok(Some(row)) = rows.query_selector(&behind) {
        row.remove();
    }
    Some(RowsInPage(keep))
}

impl ListState {
    /// Handles a scroll event.
    pub fn scrolled(self) {
        if self.is_alive() && self.follow() {
            self.fetch_missing();
        }
    }

    /// Shows the rows of the scroll position. If rows are missing, the document stays unchanged for
    /// a short time, so that a fast response causes one change instead of two.
    pub(super) fn follow(self) -> bool {
        let Some((measures, scroll_px)) = self.measures() else {
            return false;
        };
        let view = measures.viewport(scroll_px);
        self.wanted.set_value(view);
        let in_sight = view.top..view.bottom;
        if self
            .rows
            .with_value(|rows| rows.missing(in_sight).is_empty())
        {
            self.shadows.set_value(Shadows::None);
            self.put(view);
        } else {
            match self.shadows.get_value() {
                Shadows::None => self.put_later(),
                Shadows::Soon(_) => {}
                Shadows::Shown => self.put(view),
            }
        }
        if scroll_px < measures.row_px && self.arrived.get_untracked() > 0 {
            self.arrived.set(0);
        }
        true
    }

    fn in_sight(self) -> Range<u32> {
        let view = self.wanted.get_value();
        view.top..view.bottom
    }

    /// Shows rows. After a jump to another part of the list, the visible rows are shown first.
    fn put(self, view: Viewport) {
        let before = self.view.get_untracked();
        if view == before {
            return;
        }
        let is_elsewhere =
            view.top >= before.first.saturating_add(before.count) || view.bottom <= before.first;
        if !is_elsewhere {
            self.view.set(view);
            return;
        }
        self.view.set(view.in_sight(self.row_px.get_value()));
        after_frame(move || {
            if self.is_alive() {
                self.follow();
            }
        });
    }

    /// Shows the wanted rows with placeholders after a delay, unless the rows arrive first.
    fn put_later(self) {
        let wait = self.waits.get_value().wrapping_add(1);
        self.waits.set_value(wait);
        self.shadows.set_value(Shadows::Soon(wait));
        set_timeout(
            move || {
                if self.shadows.try_get_value() == Some(Shadows::Soon(wait)) {
                    self.shadows.set_value(Shadows::Shown);
                    self.put(self.wanted.get_value());
                }
            },
            SHADOWS_AFTER,
        );
    }

    pub(super) fn shown(self) -> Range<u32> {
        let view = self.wanted.get_value();
        view.first..view.first.saturating_add(view.count)
    }

    pub(super) fn fetch_missing(self) {
        if self.trouble.get_untracked().is_some() {
            return;
        }
        if self.asked.with_value(Vec::is_empty) {
            self.fetch_shown();
            return;
        }
        let missing = self.rows.with_value(|rows| rows.missing(self.in_sight()));
        let is_new = missing
            .iter()
            .any(|w| self.asked.with_value(|asked| !asked.contains(&w.offset)));
        if !is_new {
            return;
        }
        // The user drags the scrollbar faster than the server responds: fetch only after the
        // position has been stable for 60 ms.
        let first = self.shown().start;
        set_timeout(
            move || {
                if self.is_alive() && self.shown().start == first {
                    self.fetch_shown();
                }
            },
            Duration::from_millis(60),
        );
    }

    /// Fetches the page after the displayed rows after a delay, before the user scrolls there.
    pub(super) fn fetch_next_page_soon(self) {
        set_timeout(move || self.fetch_next_page(), NEXT_PAGE_AFTER);
    }

    fn fetch_next_page(self) {
        if !self.is_alive() || self.trouble.get_untracked().is_some() {
            return;
        }
        let end = self.shown().end;
        let next = end..end.saturating_add(Window::PAGE);
        for window in self.rows.with_value(|rows| rows.missing(next)) {
            self.fetch(window);
        }
    }

    /// Fetches the visible rows; if all are known, the rows around them.
    fn fetch_shown(self) {
        let shown = self.shown();
        let mut missing = self.rows.with_value(|rows| rows.missing(self.in_sight()));
        let is_scrolled = self.wanted.get_value().before_px > 0.0;
        if missing.is_empty() && is_scrolled {
            let around = shown.start.saturating_sub(AHEAD)..shown.end.saturating_add(AHEAD);
            missing = self.rows.with_value(|rows| rows.missing(around));
        }
        for window in missing {
            self.fetch(window);
        }
    }
}
