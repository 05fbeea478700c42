//! The state of the displayed message list: rows, scroll position, selection.

mod follow;
mod select;

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::follow::Placeholders;
pub use self::follow::RowsInPage;
#[cfg(feature = "hydrate")]
pub use self::follow::drop_invisible_rows;
use self::select::Picking;
pub use self::select::RANGE_MAX;
use super::rows::{Removed, Rows, Slot};
use super::viewport::{Measures, Viewport};
use crate::api::error::{ApiError, ErrorKind};
use crate::api::message::{message_list, view_cancel};
use crate::api::types::{
    FolderRef, FolderRole, ListQuery, ListSource, MessageRef, MessageRow, MessageRows,
    SearchProgress, ViewId, Window,
};

/// The delay before failed requests are repeated although this server is reachable.
pub(super) const RETRY_DELAY: Duration = Duration::from_secs(3);

/// The delay before the results of a running search are asked for again without an event.
const SEARCH_POLL_DELAY: Duration = Duration::from_secs(1);

/// A position of the list, with its row.
#[derive(Debug, Clone)]
pub struct ListSlot {
    /// The number of newer messages.
    pub position: u32,
    /// The row; `None` while it loads.
    pub row: Option<Slot>,
}

impl ListSlot {
    /// Returns the key of this position: by message, so that a moved row is reused.
    pub fn key(&self) -> String {
        match &self.row {
            Some(row) => row.id.to_string(),
            None => format!("#{}", self.position),
        }
    }
}

/// Returns the offsets of the pages of a window.
fn pages(window: Window) -> impl Iterator<Item = u32> {
    let end = window.offset.saturating_add(window.limit);
    std::iter::successors(Some(window.offset), |page| page.checked_add(Window::PAGE))
        .take_while(move |page| *page < end)
}

/// A list and its operations. A handle: copies share the same list.
#[derive(Debug, Clone, Copy)]
pub struct ListState {
    source: StoredValue<ListSource>,
    /// The role of its folder, or of all of its folders.
    pub role: StoredValue<Option<FolderRole>>,
    pub(super) rows: StoredValue<Rows>,
    /// Notified when rows are added, removed or moved.
    pub(super) rows_changed: Trigger,
    /// The number of messages in the folder.
    pub total: RwSignal<u32>,
    /// The number of unread messages, if known.
    pub unread: RwSignal<Option<u32>>,
    /// How far the search is, if it is the list of one.
    pub search: RwSignal<Option<SearchProgress>>,
    /// Where it runs.
    search_view: StoredValue<Option<ViewId>>,
    /// Whether its results are about to be asked for again.
    is_poll_scheduled: StoredValue<bool>,
    /// The rows that are in the document.
    pub view: RwSignal<Viewport>,
    /// The rows for the current scroll position; `view` follows once they are loaded.
    target_view: StoredValue<Viewport>,
    placeholders: StoredValue<Placeholders>,
    /// A counter of delayed placeholders.
    placeholder_delays: StoredValue<u32>,
    /// The number of messages that arrived above while the list was scrolled down.
    pub arrived: RwSignal<u32>,
    /// The ticked messages.
    pub selected: RwSignal<Vec<MessageRef>>,
    picking: StoredValue<Picking>,
    /// The error of the last fetch of rows.
    pub error: RwSignal<Option<ApiError>>,
    /// The scrolling element.
    pub scroller: NodeRef<html::Div>,
    row_px: StoredValue<f64>,
    /// The offsets of the pages being fetched, so that no page is requested twice.
    pub(super) requested_pages: StoredValue<Vec<u32>>,
    /// A counter; an increment invalidates the responses of earlier requests.
    epoch: StoredValue<u32>,
}

impl ListState {
    /// Creates a list from its first window. `in_page` is the number of rows that hydration left in
    /// the document.
    pub fn new(source: ListSource, response: MessageRows, in_page: Option<RowsInPage>) -> Self {
        let first = response.offset;
        let count = u32::try_from(response.rows.len()).unwrap_or(Window::PAGE);
        let count = in_page.map_or(count, |rows| rows.0.min(count));
        let view = Viewport {
            first,
            count,
            top: first,
            bottom: first.saturating_add(count),
            ..Viewport::default()
        };
        Self {
            source: StoredValue::new(source),
            role: StoredValue::new(response.role),
            total: RwSignal::new(response.total),
            unread: RwSignal::new(response.unread),
            search: RwSignal::new(response.search.clone()),
            search_view: StoredValue::new(response.view.clone()),
            is_poll_scheduled: StoredValue::new(false),
            rows: StoredValue::new(Rows::new(response)),
            rows_changed: Trigger::new(),
            view: RwSignal::new(view),
            target_view: StoredValue::new(view),
            placeholders: StoredValue::new(Placeholders::None),
            placeholder_delays: StoredValue::new(0),
            arrived: RwSignal::new(0),
            selected: RwSignal::new(Vec::new()),
            picking: StoredValue::new(Picking::default()),
            error: RwSignal::new(None),
            scroller: NodeRef::new(),
            row_px: StoredValue::new(0.0),
            requested_pages: StoredValue::new(Vec::new()),
            epoch: StoredValue::new(0),
        }
    }

    /// Whether the list is still on the page. Timers and responses may arrive after it was dropped,
    /// when its signals must not be used.
    pub fn is_alive(self) -> bool {
        self.epoch.try_get_value().is_some()
    }

    /// Returns the source of its messages.
    pub fn source(self) -> ListSource {
        self.source.get_value()
    }

    /// Whether this is the list of that folder alone.
    pub fn is_list_of(self, folder: &FolderRef) -> bool {
        self.source
            .with_value(|source| matches!(source, ListSource::Folder(other) if other == folder))
    }

    /// Whether its messages may be from several folders.
    pub fn is_merged(self) -> bool {
        self.source
            .with_value(|source| !matches!(source, ListSource::Folder(_)))
    }

    /// Returns the positions in the document; tracks their changes.
    pub fn slots(self) -> Vec<ListSlot> {
        self.rows_changed.track();
        let view = self.view.get();
        self.rows.with_value(|rows| {
            (view.first..view.first.saturating_add(view.count))
                .take_while(|position| *position < rows.total())
                .map(|position| ListSlot {
                    position,
                    row: rows.at(position).cloned(),
                })
                .collect()
        })
    }

    /// Returns the date heading of the topmost visible row.
    pub fn group(self) -> Option<String> {
        self.rows_changed.track();
        let view = self.view.get();
        let top = self.measures().map_or(view.first, |(measures, scroll_px)| {
            let visible = measures.viewport(scroll_px);
            // The first row that is not scrolled out at the top.
            let hidden = (scroll_px - visible.before_px) / measures.row_px;
            (visible.first..)
                .zip(0_i32..)
                .find(|(_, n)| f64::from(*n) + 0.5 >= hidden)
                .map_or(0, |p| p.0)
        });
        let slot = self.rows.with_value(|rows| rows.at(top).cloned());
        let group = slot.map(|slot| slot.row.with(|row| row.date.group.clone()));
        // A message without a date has no group.
        group.filter(|group| !group.is_empty())
    }

    /// Returns the content of a message's row, if known.
    pub fn row(self, id: &MessageRef) -> Option<MessageRow> {
        self.rows
            .with_value(|rows| rows.find(id).map(|slot| slot.row.get_untracked()))
    }

    /// Returns the position of a message, if its row is known.
    pub fn position(self, id: &MessageRef) -> Option<u32> {
        self.rows.with_value(|rows| rows.position(id))
    }

    /// Whether the list is that of a search that runs; tracks changes.
    pub fn is_searching(self) -> bool {
        self.search
            .with(|search| search.as_ref().is_some_and(|search| search.is_running))
    }

    /// Asks for the results of a running search again after a delay. Its events may have come before
    /// this list was there, or may not reach this page at all. Call it in an effect.
    pub fn poll_search(self) {
        if !self.is_searching() || self.is_poll_scheduled.get_value() {
            return;
        }
        self.is_poll_scheduled.set_value(true);
        set_timeout(
            move || {
                if self.is_alive() {
                    self.is_poll_scheduled.set_value(false);
                    self.refresh();
                }
            },
            SEARCH_POLL_DELAY,
        );
    }

    /// Stops the search; what it found stays.
    pub fn stop_search(self) {
        if let Some(view) = self.search_view.get_value() {
            spawn_local(async move {
                match view_cancel(view).await {
                    Ok(()) => self.refresh(),
                    Err(error) => self.fetch_failed(error),
                }
            });
        }
    }

    /// Returns the messages before and after one, as far as their rows are known; tracks their changes.
    pub fn neighbours(self, id: &MessageRef) -> (Option<MessageRef>, Option<MessageRef>) {
        self.rows_changed.track();
        self.rows.with_value(|rows| {
            let at = rows.position(id);
            let id_at = |at: Option<u32>| rows.at(at?).map(|slot| slot.id.clone());
            (
                id_at(at.and_then(|at| at.checked_sub(1))),
                id_at(at.map(|at| at.saturating_add(1))),
            )
        })
    }

    fn measures(self) -> Option<(Measures, f64)> {
        let scroller = self.scroller.get_untracked()?;
        let row_px = self.row_px.get_value();
        if row_px <= 0.0 {
            // A measurement before the first row is measured would cause a layout without need.
            return None;
        }
        let measures = Measures {
            row_px,
            box_px: f64::from(scroller.client_height()),
            total: self.rows.with_value(Rows::total),
        };
        // On a phone a hidden list has height 0 and no scroll position.
        (measures.box_px > 0.0).then(|| (measures, f64::from(scroller.scroll_top())))
    }

    /// Starts scrolling: measures a row, and sets the scrollbar to the length of the folder.
    pub fn start(self) {
        if !self.is_alive() {
            return;
        }
        let Some(scroller) = self.scroller.get_untracked() else {
            return;
        };
        let row = scroller.query_selector(".row-item").ok().flatten();
        let Some(row) = row else { return };
        let row_px = row.get_bounding_client_rect().height();
        let before = self.row_px.get_value();
        if row_px <= 0.0 || (row_px - before).abs() < 0.1 {
            self.scrolled();
            return;
        }
        self.row_px.set_value(row_px);
        if before <= 0.0 {
            self.fetch_next_page_soon();
        }
        let top = if before > 0.0 {
            // The width of the page changed, and with it the height of a row.
            self.measures().map_or(0, |(m, px)| {
                Measures {
                    row_px: before,
                    ..m
                }
                .viewport(px)
                .first
            })
        } else {
            self.view.get_untracked().first
        };
        self.scrolled();
        if top > 0 {
            self.scroll_to_row(top);
        }
    }

    /// Scrolls a row to the top.
    pub fn scroll_to_row(self, position: u32) {
        if let (Some((measures, _)), Some(scroller)) =
            (self.measures(), self.scroller.get_untracked())
        {
            // The spacers get their height in an effect; before that the list cannot scroll.
            let scroll_px = measures.scroll_to(position);
            request_animation_frame(move || {
                scroller.set_scroll_top(whole_px(scroll_px));
                self.scrolled();
            });
        }
    }

    pub(super) fn fetch(self, window: Window) {
        let is_new = self.requested_pages.try_update_value(|requested| {
            let is_new = !requested.contains(&window.offset);
            if is_new {
                requested.extend(pages(window));
            }
            is_new
        });
        if is_new != Some(true) {
            return;
        }
        let epoch = self.epoch.get_value();
        spawn_local(async move {
            let response = message_list(ListQuery::window(self.source(), window)).await;
            // The list may have been dropped meanwhile, with its signals.
            if self.epoch.try_get_value() != Some(epoch) {
                return;
            }
            self.requested_pages.update_value(|requested| {
                requested.retain(|page| !pages(window).any(|p| p == *page))
            });
            match response {
                Ok(response) => {
                    let shown = self.target_rows();
                    let is_added = self.rows.try_update_value(|rows| rows.add(response, shown));
                    if is_added == Some(true) {
                        self.rows_changed.notify();
                        self.update_view();
                        self.pick_pending_range();
                        let requested = window.offset..window.offset.saturating_add(window.limit);
                        // Prevents endless requests to a server that omits rows.
                        if self
                            .rows
                            .with_value(|rows| rows.missing(requested).is_empty())
                        {
                            self.fetch_missing();
                        }
                    } else {
                        self.refresh();
                    }
                }
                Err(error) => self.fetch_failed(error),
            }
        });
    }

    /// Stores the error of a fetch. Retries automatically after a transport error.
    fn fetch_failed(self, error: ApiError) {
        let can_retry = error.kind == ErrorKind::Transport;
        self.error.set(Some(error));
        if can_retry {
            set_timeout(
                move || {
                    if self.error.try_with_untracked(Option::is_some) == Some(true) {
                        self.refresh();
                    }
                },
                RETRY_DELAY,
            );
        }
    }

    /// Fetches the displayed rows again and discards all others.
    pub fn refresh(self) {
        let Some(epoch) = self.epoch.try_get_value() else {
            return;
        };
        let epoch = epoch.wrapping_add(1);
        self.epoch.set_value(epoch);
        self.requested_pages.update_value(Vec::clear);
        self.error.set(None);
        let view = self.target_view.get_value();
        let limit = view.count.clamp(Window::PAGE, Window::MAX_LIMIT);
        let window = Window {
            offset: view.first,
            limit,
        };
        spawn_local(async move {
            let response = message_list(ListQuery::window(self.source(), window)).await;
            if self.epoch.try_get_value() != Some(epoch) {
                return;
            }
            match response {
                Ok(response) => self.apply_response(response),
                Err(error) => self.fetch_failed(error),
            }
        });
    }

    fn apply_response(self, response: MessageRows) {
        let (total, unread) = (response.total, response.unread);
        self.search.set(response.search.clone());
        self.rows.update_value(|rows| rows.replace(response));
        self.total.set(total);
        self.unread.set(unread);
        if self.row_px.get_value() > 0.0 {
            self.scrolled();
        } else {
            // The list was empty, so that no row was measured.
            let count = total.min(Window::PAGE);
            let view = Viewport {
                count,
                bottom: count,
                ..Viewport::default()
            };
            self.target_view.set_value(view);
            self.view.set(view);
            request_animation_frame(move || self.start());
        }
        self.rows_changed.notify();
    }

    /// Handles a folder event of the server.
    pub fn apply_folder_event(self, total: u32, unread: Option<u32>, arrived: u32) {
        let added = total
            .saturating_sub(self.total.get_untracked())
            .min(arrived);
        if added > 0 {
            self.rows.update_value(|rows| rows.insert_arrived(added));
            self.total.set(self.rows.with_value(Rows::total));
            if let (Some((measures, scroll_px)), Some(scroller)) =
                (self.measures(), self.scroller.get_untracked())
                && scroll_px >= measures.row_px
            {
                // The visible rows stay in place; a notice above announces the new messages.
                self.arrived.update(|n| *n = n.saturating_add(added));
                let scroll_px = scroll_px + f64::from(added) * measures.row_px;
                let view = measures.viewport(scroll_px);
                self.target_view.set_value(view);
                self.view.set(view);
                request_animation_frame(move || scroller.set_scroll_top(whole_px(scroll_px)));
            }
            self.rows_changed.notify();
        }
        self.unread.set(unread);
        self.refresh();
    }

    /// Scrolls to the newest message.
    pub fn show_newest(self) {
        self.arrived.set(0);
        self.scroll_to_row(0);
    }

    /// Changes the content of a message's row, if known. Returns the former content.
    pub fn update_row(
        self,
        id: &MessageRef,
        change: impl FnOnce(&mut MessageRow),
    ) -> Option<MessageRow> {
        let slot = self
            .rows
            .try_with_value(|rows| rows.find(id).cloned())
            .flatten()?;
        let before = slot.row.get_untracked();
        slot.row.update(change);
        let is_seen = slot.row.with_untracked(|row| row.is_seen);
        if before.is_seen != is_seen {
            self.unread.update(|unread| {
                *unread = unread.map(|n| match is_seen {
                    true => n.saturating_sub(1),
                    false => n.saturating_add(1),
                });
            });
        }
        Some(before)
    }

    /// Removes messages from the list.
    pub fn remove(self, ids: &[MessageRef]) -> Removed {
        let removed = self
            .rows
            .try_update_value(|rows| rows.remove(ids))
            .unwrap_or_default();
        // Pending responses refer to outdated positions.
        self.epoch
            .update_value(|epoch| *epoch = epoch.wrapping_add(1));
        self.requested_pages.update_value(Vec::clear);
        self.selected
            .update(|selected| selected.retain(|id| !ids.contains(id)));
        let (count, unread) = (removed.len(), removed.unread());
        self.total
            .update(|total| *total = total.saturating_sub(count));
        self.unread
            .update(|n| *n = n.map(|n| n.saturating_sub(unread)));
        self.rows_changed.notify();
        self.scrolled();
        removed
    }

    /// Puts messages back into the list.
    pub fn restore(self, removed: Removed) {
        if !self.is_alive() {
            return;
        }
        let restored = self.rows.try_update_value(|rows| rows.restore(removed));
        let restored = restored.unwrap_or_default();
        let (count, unread) = (restored.len(), restored.unread());
        self.total
            .update(|total| *total = total.saturating_add(count));
        self.unread
            .update(|n| *n = n.map(|n| n.saturating_add(unread)));
        self.rows_changed.notify();
        self.scrolled();
    }
}

/// Converts a length to whole pixels.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float cast saturates, as scrolling does"
)]
pub fn whole_px(px: f64) -> i32 {
    px.round() as i32
}
