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
const PREFETCH_ROWS: u32 = 25;
/// The delay before missing rows are shown as grey placeholders; most responses arrive earlier.
const PLACEHOLDER_DELAY: Duration = Duration::from_millis(100);
/// The delay before the second page is fetched, so that the user's own requests come first.
const NEXT_PAGE_DELAY: Duration = Duration::from_millis(400);

/// The display of missing rows at a scroll position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholders {
    /// All visible rows are known.
    None,
    /// Placeholders are shown after the delay, unless the rows arrive first.
    Delayed(u32),
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
pub fn drop_invisible_rows() -> Option<RowsInPage> {
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
    let visible = view.bottom;
    if visible == 0 || row_px <= 0.0 {
        // The list is hidden or empty.
        return None;
    }
    let hidden_rows = format!(".row-item:nth-child(n + {})", visible.saturating_add(2));
    while let Ok(Some(row)) = rows.query_selector(&hidden_rows) {
        row.remove();
    }
    Some(RowsInPage(visible))
}

impl ListState {
    /// Handles a scroll event.
    pub fn scrolled(self) {
        if self.is_alive() && self.update_view() {
            self.fetch_missing();
        }
    }

    /// Shows the rows of the scroll position. If rows are missing, the document stays unchanged for
    /// a short time, so that a fast response causes one change instead of two.
    pub(super) fn update_view(self) -> bool {
        let Some((measures, scroll_px)) = self.measures() else {
            return false;
        };
        let view = measures.viewport(scroll_px);
        self.target_view.set_value(view);
        let visible = view.top..view.bottom;
        if self
            .rows
            .with_value(|rows| rows.missing(visible).is_empty())
        {
            self.placeholders.set_value(Placeholders::None);
            self.set_view(view);
        } else {
            match self.placeholders.get_value() {
                Placeholders::None => self.set_view_later(),
                Placeholders::Delayed(_) => {}
                Placeholders::Shown => self.set_view(view),
            }
        }
        if scroll_px < measures.row_px && self.arrived.get_untracked() > 0 {
            self.arrived.set(0);
        }
        true
    }

    fn visible_rows(self) -> Range<u32> {
        let view = self.target_view.get_value();
        view.top..view.bottom
    }

    /// Shows rows. After a jump to another part of the list, the visible rows are shown first.
    fn set_view(self, view: Viewport) {
        let before = self.view.get_untracked();
        if view == before {
            return;
        }
        let is_jump =
            view.top >= before.first.saturating_add(before.count) || view.bottom <= before.first;
        if !is_jump {
            self.view.set(view);
            return;
        }
        self.view.set(view.visible_only(self.row_px.get_value()));
        after_frame(move || {
            if self.is_alive() {
                self.update_view();
            }
        });
    }

    /// Shows the wanted rows with placeholders after a delay, unless the rows arrive first.
    fn set_view_later(self) {
        let delay = self.placeholder_delays.get_value().wrapping_add(1);
        self.placeholder_delays.set_value(delay);
        self.placeholders.set_value(Placeholders::Delayed(delay));
        set_timeout(
            move || {
                if self.placeholders.try_get_value() == Some(Placeholders::Delayed(delay)) {
                    self.placeholders.set_value(Placeholders::Shown);
                    self.set_view(self.target_view.get_value());
                }
            },
            PLACEHOLDER_DELAY,
        );
    }

    pub(super) fn target_rows(self) -> Range<u32> {
        let view = self.target_view.get_value();
        view.first..view.first.saturating_add(view.count)
    }

    pub(super) fn fetch_missing(self) {
        if self.error.get_untracked().is_some() {
            return;
        }
        if self.requested_pages.with_value(Vec::is_empty) {
            self.fetch_visible();
            return;
        }
        let missing = self
            .rows
            .with_value(|rows| rows.missing(self.visible_rows()));
        let is_new = missing.iter().any(|w| {
            self.requested_pages
                .with_value(|requested| !requested.contains(&w.offset))
        });
        if !is_new {
            return;
        }
        // The user drags the scrollbar faster than the server responds: fetch only after the
        // position has been stable for 60 ms.
        let first = self.target_rows().start;
        set_timeout(
            move || {
                if self.is_alive() && self.target_rows().start == first {
                    self.fetch_visible();
                }
            },
            Duration::from_millis(60),
        );
    }

    /// Fetches the page after the displayed rows after a delay, before the user scrolls there.
    pub(super) fn fetch_next_page_soon(self) {
        set_timeout(move || self.fetch_next_page(), NEXT_PAGE_DELAY);
    }

    fn fetch_next_page(self) {
        if !self.is_alive() || self.error.get_untracked().is_some() {
            return;
        }
        let end = self.target_rows().end;
        let next = end..end.saturating_add(Window::PAGE);
        for window in self.rows.with_value(|rows| rows.missing(next)) {
            self.fetch(window);
        }
    }

    /// Fetches the visible rows; if all are known, the rows around them.
    fn fetch_visible(self) {
        let shown = self.target_rows();
        let mut missing = self
            .rows
            .with_value(|rows| rows.missing(self.visible_rows()));
        let is_scrolled = self.target_view.get_value().before_px > 0.0;
        if missing.is_empty() && is_scrolled {
            let around =
                shown.start.saturating_sub(PREFETCH_ROWS)..shown.end.saturating_add(PREFETCH_ROWS);
            missing = self.rows.with_value(|rows| rows.missing(around));
        }
        for window in missing {
            self.fetch(window);
        }
    }
}
