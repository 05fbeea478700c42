//! The rows in the document follow the scrollbar, and the rows that are asked for follow them.

use std::ops::Range;
use std::time::Duration;

use leptos::prelude::*;

use super::ListState;
use crate::api::types::Window;
#[cfg(feature = "hydrate")]
use crate::state::viewport::Measures;
use crate::state::viewport::Viewport;
use crate::ui::dynamic::after_frame;

/// So many rows above and below what is shown are fetched too, once somebody scrolls.
const AHEAD: u32 = 25;
/// Rows that are asked for are shown as grey shadows after this time: most answers are there first.
const SHADOWS_AFTER: Duration = Duration::from_millis(100);
/// The page behind the first one is fetched so long after the list came alive: what a person waits
/// for comes first.
const NEXT_PAGE_AFTER: Duration = Duration::from_millis(400);

/// What becomes of a scroll position whose rows are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shadows {
    /// Nothing in sight is unknown.
    None,
    /// They are shown unless the rows come first.
    Soon(u32),
    /// They are shown at once, until everything in sight is known.
    Shown,
}

/// How many rows of the page that the server wrote are left when the page is taken over: by
/// context.
#[derive(Debug, Clone, Copy)]
pub struct RowsInPage(pub u32);

/// Takes rows out of the page that the server wrote and that are below what is seen. They are for
/// readers without script; to take a row over costs as much as to make one. Most would leave the
/// document a moment later, and the first of them come back behind the first frame.
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
        // It is not shown, or empty.
        return None;
    }
    let behind = format!(".row-item:nth-child(n + {})", keep.saturating_add(2));
    while let Ok(Some(row)) = rows.query_selector(&behind) {
        row.remove();
    }
    Some(RowsInPage(keep))
}

impl ListState {
    /// Follows the scrollbar.
    pub fn scrolled(self) {
        if self.is_alive() && self.follow() {
            self.fetch_missing();
        }
    }

    /// Puts the rows into the document that belong to the scroll position. Rows that are not known
    /// leave what is there for a moment: an answer within it is one change, not two.
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

    /// Puts rows into the document. Somewhere else in the list those in sight come first.
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

    /// Shows what is wanted with shadows, unless its rows come first.
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
        // Somebody drags the scrollbar through the folder faster than the server answers: only
        // where it rests is worth asking.
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

    /// Fetches the page after what is in the document soon, before somebody scrolls there.
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

    /// Asks for the rows in sight; where all are known, for those around them.
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
