//! Computes which rows of a long list are in the document.

/// The number of rows in the document before and after the visible ones.
const OVERSCAN: u32 = 8;
/// Maximum number of rows in the document.
const MAX_ROWS: u32 = 200;
/// Maximum height of a list, in CSS pixels. Firefox lays out nothing beyond 17.8 million.
const MAX_PX: f64 = 12_000_000.0;

/// The rows in the document, and the heights of the spacers that replace the others.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Viewport {
    /// The first row in the document.
    pub first: u32,
    /// The number of rows in the document.
    pub count: u32,
    /// The height of the rows before them.
    pub before_px: f64,
    /// The height of the rows after them.
    pub after_px: f64,
    /// The first visible row.
    pub top: u32,
    /// The row after the last visible one.
    pub bottom: u32,
}

impl Viewport {
    /// Reduces it to the visible rows.
    pub fn visible_only(self, row_px: f64) -> Self {
        let count = self.bottom.saturating_sub(self.top);
        let above = self.top.saturating_sub(self.first);
        let below = self.count.saturating_sub(above.saturating_add(count));
        Self {
            first: self.top,
            count,
            before_px: self.before_px + f64::from(above) * row_px,
            after_px: self.after_px + f64::from(below) * row_px,
            ..self
        }
    }
}

/// The dimensions of a displayed list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// The height of one row.
    pub row_px: f64,
    /// The height of the scrolling element.
    pub box_px: f64,
    /// The number of rows of the list.
    pub total: u32,
}

impl Measures {
    /// The height of all rows.
    fn full_px(self) -> f64 {
        f64::from(self.total) * self.row_px
    }

    /// The height of the scrolled content: a very long list is compressed, so that the scrollbar
    /// still reaches every row.
    fn shown_px(self) -> f64 {
        self.full_px().min(MAX_PX)
    }

    /// The distance from the top of the list at its full height.
    fn uncompressed(self, scroll_px: f64) -> f64 {
        let (full, shown) = (self.full_px() - self.box_px, self.shown_px() - self.box_px);
        if full <= 0.0 || shown <= 0.0 {
            return 0.0;
        }
        let scroll_px = within(scroll_px, shown);
        if full <= shown {
            scroll_px
        } else {
            scroll_px / shown * full
        }
    }

    /// Returns the rows to show at a scroll position.
    pub fn viewport(self, scroll_px: f64) -> Viewport {
        if self.total == 0 || self.row_px <= 0.0 {
            return Viewport::default();
        }
        let scroll_px = within(scroll_px, (self.shown_px() - self.box_px).max(0.0));
        let top_px = self.uncompressed(scroll_px);
        let top = whole(top_px / self.row_px).min(self.total - 1);
        let first = top.saturating_sub(OVERSCAN);
        let visible = whole((self.box_px / self.row_px).ceil()).saturating_add(1);
        let count = (top - first)
            .saturating_add(visible)
            .saturating_add(OVERSCAN)
            .min(MAX_ROWS)
            .min(self.total - first);
        // The topmost visible row stays at the position that the scrollbar indicates.
        let before_px = (scroll_px - top_px + f64::from(first) * self.row_px).max(0.0);
        let after_px = (self.shown_px() - before_px - f64::from(count) * self.row_px).max(0.0);
        Viewport {
            first,
            count,
            before_px,
            after_px,
            top,
            bottom: top.saturating_add(visible).min(first + count),
        }
    }

    /// Returns the scroll position at which a row is at the top.
    pub fn scroll_to(self, row: u32) -> f64 {
        let (full, shown) = (self.full_px() - self.box_px, self.shown_px() - self.box_px);
        let top_px = f64::from(row) * self.row_px;
        if full > shown && full > 0.0 {
            top_px / full * shown
        } else {
            top_px
        }
    }
}

/// Limits a value to 0 to `max`. `clamp` would format its bounds in its panic message, which costs
/// 14 KB of code.
fn within(px: f64, max: f64) -> f64 {
    px.min(max).max(0.0)
}

/// Returns the whole number of rows in a length; 0 if it is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, which is what is wanted"
)]
fn whole(rows: f64) -> u32 {
    rows as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(total: u32, scroll_px: f64) -> Viewport {
        Measures {
            row_px: 63.0,
            box_px: 800.0,
            total,
        }
        .viewport(scroll_px)
    }

    #[test]
    fn empty_list_has_an_empty_viewport() {
        assert_eq!(at(0, 0.0), Viewport::default());
    }

    #[test]
    fn short_list_is_completely_in_the_document() {
        let view = at(20, 0.0);
        assert_eq!((view.first, view.count), (0, 20));
        assert!(view.before_px.abs() < f64::EPSILON && view.after_px.abs() < f64::EPSILON);
    }

    #[test]
    fn row_and_spacer_heights_add_up_to_the_full_height() {
        for total in [50, 1_284, 100_000] {
            for scroll_px in [0.0, 1.0, 62.9, 63.0, 5_000.0, 40_000.0] {
                let view = at(total, scroll_px);
                let sum = view.before_px + f64::from(view.count) * 63.0 + view.after_px;
                assert!(
                    (sum - f64::from(total) * 63.0).abs() < 1.0,
                    "{total} {scroll_px} {view:?}"
                );
                assert!(view.count <= MAX_ROWS);
            }
        }
    }

    #[test]
    fn every_row_of_a_list_of_any_length_can_be_shown() {
        for total in [1, 60, 100_000, 2_000_000, 50_000_000] {
            let measures = Measures {
                row_px: 63.0,
                box_px: 800.0,
                total,
            };
            for row in [0, total / 3, total / 2, total - 1] {
                let view = measures.viewport(measures.scroll_to(row));
                assert!(
                    view.first <= row && row < view.first + view.count,
                    "row {row} of {total}: {view:?}"
                );
            }
        }
    }

    #[test]
    fn rows_in_the_document_cover_the_visible_area() {
        for total in [100, 10_000, 3_000_000] {
            let measures = Measures {
                row_px: 63.0,
                box_px: 800.0,
                total,
            };
            let end = measures.shown_px() - 800.0;
            for step in 0..=100 {
                let scroll_px = end * f64::from(step) / 100.0;
                let view = measures.viewport(scroll_px);
                assert!(view.before_px <= scroll_px + 0.5, "{total} {step} {view:?}");
                assert!(view.first <= view.top && view.top < view.bottom, "{view:?}");
                assert!(view.bottom <= view.first + view.count, "{view:?}");
                for view in [view, view.visible_only(63.0)] {
                    let bottom = view.before_px + f64::from(view.count) * 63.0;
                    assert!(bottom + 0.5 >= scroll_px + 800.0, "{total} {step} {view:?}");
                    let full_px = bottom + view.after_px;
                    assert!((full_px - measures.shown_px()).abs() < 1.0, "{view:?}");
                    assert!(view.before_px <= scroll_px + 0.5, "{view:?}");
                }
            }
        }
    }

    #[test]
    fn scroll_position_beyond_the_list_is_clamped() {
        let view = at(1_000, 1e12);
        assert_eq!(view.first + view.count, 1_000);
        assert_eq!(at(1_000, -50.0), at(1_000, 0.0));
    }
}
