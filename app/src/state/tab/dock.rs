//! The compose form in a corner of the page, which stays as it is.
//!
//! On wide screens a link to the form opens it there. It outlasts changes of the page, and ends when
//! its message is sent, when it is closed, or when the form gets a page of its own.

use leptos::prelude::*;

use super::Tab;

/// Width from which there is room beside the form, in CSS pixels. The style sheet has the same.
const MIN_WIDTH_PX: f64 = 720.0;

/// The size of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DockSize {
    /// In a corner.
    #[default]
    Corner,
    /// Only its head.
    Folded,
    /// Over most of the page.
    Full,
}

impl DockSize {
    /// Returns the class of the size.
    pub fn class(self) -> &'static str {
        match self {
            Self::Corner => "dock",
            Self::Folded => "dock folded",
            Self::Full => "dock full",
        }
    }
}

impl Tab {
    /// Opens the form of a URL beside the page. `false`: it needs a page of its own.
    pub fn open_dock(self, form_url: &str) -> bool {
        let width = window().inner_width().ok().and_then(|width| width.as_f64());
        let has_room = width.is_some_and(|width| width >= MIN_WIDTH_PX);
        if has_room && !is_on_compose_page() {
            self.dock_size.set(DockSize::Corner);
            self.dock.set(Some(form_url.to_owned()));
            return true;
        }
        false
    }

    /// Whether the form is beside the page.
    pub fn is_docked(self) -> bool {
        self.dock.with_untracked(Option::is_some)
    }

    /// Closes the form beside the page. Its text is kept, unless it was sent or discarded.
    pub fn close_dock(self) {
        self.dock.set(None);
    }
}

/// Whether the form has the page.
pub fn is_on_compose_page() -> bool {
    matches!(document().query_selector(".compose-scroll"), Ok(Some(_)))
}
