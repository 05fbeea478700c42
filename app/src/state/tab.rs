//! The state of the tab besides the list: titles, counts, mail server connections, banners.

mod change;
pub mod dock;
pub mod reach;
mod select;
mod show;
mod undo;

use leptos::prelude::*;

use super::list::{ListState, RowsInPage};
use super::session::{ByFolder, Counts, LostConnection};
use super::snack::Snack;
use crate::api::error::{ApiError, ErrorKind};
use crate::api::types::{FolderRef, MessageRef, OutboxEntry};
use dock::DockSize;
use reach::{LastEvent, Probe};

/// The state of one browser tab. A handle: copies share the same state.
#[derive(Debug, Clone, Copy)]
pub struct Tab {
    /// The name of the page, for the title.
    pub title: RwSignal<String>,
    /// The subject of the open message, which is the title while it is open.
    pub open_title: RwSignal<Option<String>>,
    /// The number of unread messages of the list on the page.
    pub unread: RwSignal<u32>,
    /// The list on the page.
    current_list: RwSignal<Option<ListState>>,
    /// The snack: the last change with its undo, or the last failure.
    pub snack: RwSignal<Option<Snack>>,
    /// The message to reopen after an undo.
    pub reopened: RwSignal<Option<MessageRef>>,
    /// Folders that changed since the last request for their list.
    changed_folders: StoredValue<ByFolder<()>>,
    /// Counts received since the folder tree was fetched.
    pub counts: RwSignal<ByFolder<Counts>>,
    /// The lost connection to a mail server, if any.
    pub lost_connection: RwSignal<Option<LostConnection>>,
    /// Whether live events arrive.
    pub is_live: RwSignal<bool>,
    /// Whether this server is reachable.
    pub is_reachable: RwSignal<bool>,
    /// A counter of the times that it became reachable again.
    pub reconnects: RwSignal<u32>,
    /// The time of the last event, and the maximum time until the next one.
    last_event: StoredValue<LastEvent>,
    /// The state of the reachability probe.
    probe: StoredValue<Probe>,
    /// Whether the session ended.
    pub has_session_ended: RwSignal<bool>,
    /// Whether the server serves a newer front-end build than this page's.
    pub is_outdated: RwSignal<bool>,
    /// A counter of the changes of the outbox.
    pub outbox_changes: RwSignal<u32>,
    /// The number of outbox messages that need attention, if it is newer than the session's own
    /// number.
    pub outbox_open: RwSignal<Option<u32>>,
    /// The entry of the last message that was sent from this tab.
    pub sent: RwSignal<Option<OutboxEntry>>,
    /// The URL of the compose form that is open beside the page.
    pub dock: RwSignal<Option<String>>,
    /// The size of that form.
    pub dock_size: RwSignal<DockSize>,
    /// The URL of the list or the message that was last on the page.
    pub mail_url: StoredValue<Option<String>>,
    /// The URL of the list that was last on the page.
    pub list_url: StoredValue<Option<String>>,
    /// Whether a fetch of `outbox_open` is scheduled.
    pub is_count_scheduled: StoredValue<bool>,
    /// Incremented to fetch the folder tree again.
    pub tree_changes: RwSignal<u32>,
    /// Whether the list of keyboard shortcuts is open.
    pub is_help_open: RwSignal<bool>,
    /// A counter of changes to the reader's settings that the server renders with: the zone of
    /// dates.
    pub reader_changes: RwSignal<u32>,
    /// Whether the page is hydrated.
    pub is_started: RwSignal<bool>,
    /// The server-rendered rows, until the list takes them.
    rows_in_page: StoredValue<Option<RowsInPage>>,
}

impl Tab {
    /// Creates the state of a new tab.
    pub fn new() -> Self {
        Self {
            title: RwSignal::new(String::new()),
            open_title: RwSignal::new(None),
            unread: RwSignal::new(0),
            current_list: RwSignal::new(None),
            snack: RwSignal::new(None),
            reopened: RwSignal::new(None),
            changed_folders: StoredValue::new(ByFolder::default()),
            counts: RwSignal::new(ByFolder::default()),
            lost_connection: RwSignal::new(None),
            is_live: RwSignal::new(false),
            is_reachable: RwSignal::new(true),
            reconnects: RwSignal::new(0),
            last_event: StoredValue::new(LastEvent::default()),
            probe: StoredValue::new(Probe::default()),
            has_session_ended: RwSignal::new(false),
            is_outdated: RwSignal::new(false),
            outbox_changes: RwSignal::new(0),
            outbox_open: RwSignal::new(None),
            sent: RwSignal::new(None),
            dock: RwSignal::new(None),
            dock_size: RwSignal::new(DockSize::Corner),
            mail_url: StoredValue::new(None),
            list_url: StoredValue::new(None),
            is_count_scheduled: StoredValue::new(false),
            tree_changes: RwSignal::new(0),
            is_help_open: RwSignal::new(false),
            reader_changes: RwSignal::new(0),
            is_started: RwSignal::new(false),
            rows_in_page: StoredValue::new(use_context()),
        }
    }

    /// Takes the server-rendered rows for the list that hydrates them; returns them once.
    pub fn take_rows_in_page(self) -> Option<RowsInPage> {
        self.rows_in_page.try_update_value(Option::take).flatten()
    }

    /// Returns the tab from context.
    pub fn expect() -> Self {
        expect_context::<Self>()
    }

    /// Returns the list on the page, if it is alive.
    pub fn list(self) -> Option<ListState> {
        self.current_list
            .get_untracked()
            .filter(|list| list.is_alive())
    }

    /// Sets the list on the page.
    pub fn show_list(self, list: ListState) {
        self.current_list.set(Some(list));
    }

    /// Records a request for a folder's list.
    pub fn list_requested(self, folder: &FolderRef) {
        self.changed_folders
            .update_value(|folders| folders.remove(folder));
    }

    /// Records that a folder changed; a pending response may be outdated.
    pub fn folder_changed(self, folder: FolderRef) {
        self.changed_folders
            .update_value(|folders| folders.insert(folder, ()));
    }

    /// Whether a folder changed after the request for its list.
    pub fn is_changed(self, folder: &FolderRef) -> bool {
        self.changed_folders
            .with_value(|folders| folders.get(folder).is_some())
    }

    /// Handles an error that affects the whole tab.
    pub fn note_error(self, error: &ApiError) {
        match error.kind {
            ErrorKind::SignedOut => self.has_session_ended.set(true),
            ErrorKind::Transport => self.probe_server(),
            _ => {}
        }
    }
}

impl Default for Tab {
    fn default() -> Self {
        Self::new()
    }
}
