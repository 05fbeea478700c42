//! What this tab knows beside the list: titles, counts, the link to the mail server, banners.

use leptos::prelude::*;

use super::answer::Answer;
use super::list::{ListState, RowsInPage};
use super::reach::{Heard, Probe};
use super::snack::Snack;
use crate::api::error::{ApiError, ErrorKind};
use crate::api::types::{AccountId, FolderRef, MessageRef, OutboxEntry, SessionView};

/// The session's accounts and limits, fetched once for all pages.
#[derive(Clone, Copy)]
pub struct Session(pub Answer<SessionView>);

/// The link to a mail server, while it is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDown {
    /// Whose account.
    pub account: AccountId,
    /// The mail server.
    pub host: String,
    /// The next try, in seconds from when it was told.
    pub retry_in_secs: u32,
}

/// A folder's counts, newer than those of the folder tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// All messages.
    pub total: u32,
    /// Unread ones, where known.
    pub unread: Option<u32>,
}

/// What is known of some folders. They are few, and a map is much code.
#[derive(Debug, Clone)]
pub struct ByFolder<T>(Vec<(FolderRef, T)>);

impl<T: Copy> ByFolder<T> {
    /// What is known of a folder.
    pub fn of(&self, folder: &FolderRef) -> Option<T> {
        let found = self.0.iter().find(|(of, _)| of == folder);
        found.map(|(_, value)| *value)
    }

    /// Notes something of a folder, in place of what was known.
    pub fn put(&mut self, folder: FolderRef, value: T) {
        self.remove(&folder);
        self.0.push((folder, value));
    }

    /// Forgets what is known of a folder.
    pub fn remove(&mut self, folder: &FolderRef) {
        self.0.retain(|(of, _)| of != folder);
    }
}

impl<T> Default for ByFolder<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// What one browser tab knows. A handle: copies are the same tab.
#[derive(Debug, Clone, Copy)]
pub struct Tab {
    /// The name of the page, for the title.
    pub title: RwSignal<String>,
    /// The subject of the message that is open: the title while it is.
    pub open_title: RwSignal<Option<String>>,
    /// Unread messages of the list on the page.
    pub unread: RwSignal<u32>,
    /// The list on the page.
    shown: RwSignal<Option<ListState>>,
    /// The line at the bottom: what was done and how it is undone, or what failed.
    pub snack: RwSignal<Option<Snack>>,
    /// The message that an undone change opens again.
    pub reopened: RwSignal<Option<MessageRef>>,
    /// Folders that changed since their list was last asked for.
    changed: StoredValue<ByFolder<()>>,
    /// Counts told since the folder tree was fetched.
    pub counts: RwSignal<ByFolder<Counts>>,
    /// The link to the mail server, while it is down.
    pub link_down: RwSignal<Option<LinkDown>>,
    /// Whether events arrive.
    pub is_live: RwSignal<bool>,
    /// Whether this server answers.
    pub is_reachable: RwSignal<bool>,
    /// Counts how often it answered again after it had not.
    pub returns: RwSignal<u32>,
    /// When the stream of events was last heard, and how long it may be silent.
    pub(super) heard: StoredValue<Heard>,
    /// The request that finds out whether this server answers.
    pub(super) probe: StoredValue<Probe>,
    /// Whether the session is over.
    pub is_ended: RwSignal<bool>,
    /// Whether the server has a newer page than this one.
    pub is_outdated: RwSignal<bool>,
    /// Counts the changes of the outbox.
    pub outbox_changes: RwSignal<u32>,
    /// Messages in the outbox that need a look, once newer than the session's own number.
    pub outbox_open: RwSignal<Option<u32>>,
    /// The entry of the message that was just sent, until it is shown.
    pub sent: StoredValue<Option<OutboxEntry>>,
    /// Whether that number is about to be fetched.
    pub is_counting: StoredValue<bool>,
    /// Counts the reasons to fetch the folder tree again.
    pub tree_changes: RwSignal<u32>,
    /// Whether the list of keys is open.
    pub is_help_open: RwSignal<bool>,
    /// Counts the changes of what the server writes for this reader alone: the zone of dates.
    pub reader_changes: RwSignal<u32>,
    /// Whether the page has come alive.
    pub is_started: RwSignal<bool>,
    /// The rows that the server wrote, until the list has taken them over.
    rows_in_page: StoredValue<Option<RowsInPage>>,
}

impl Tab {
    /// A tab that was just opened.
    pub fn new() -> Self {
        Self {
            title: RwSignal::new(String::new()),
            open_title: RwSignal::new(None),
            unread: RwSignal::new(0),
            shown: RwSignal::new(None),
            snack: RwSignal::new(None),
            reopened: RwSignal::new(None),
            changed: StoredValue::new(ByFolder::default()),
            counts: RwSignal::new(ByFolder::default()),
            link_down: RwSignal::new(None),
            is_live: RwSignal::new(false),
            is_reachable: RwSignal::new(true),
            returns: RwSignal::new(0),
            heard: StoredValue::new(Heard::default()),
            probe: StoredValue::new(Probe::default()),
            is_ended: RwSignal::new(false),
            is_outdated: RwSignal::new(false),
            outbox_changes: RwSignal::new(0),
            outbox_open: RwSignal::new(None),
            sent: StoredValue::new(None),
            is_counting: StoredValue::new(false),
            tree_changes: RwSignal::new(0),
            is_help_open: RwSignal::new(false),
            reader_changes: RwSignal::new(0),
            is_started: RwSignal::new(false),
            rows_in_page: StoredValue::new(use_context()),
        }
    }

    /// The rows that the server wrote, for the list that takes them over: told once.
    pub fn take_rows_in_page(self) -> Option<RowsInPage> {
        self.rows_in_page.try_update_value(Option::take).flatten()
    }

    /// The tab of the page.
    pub fn expect() -> Self {
        expect_context::<Self>()
    }

    /// The list on the page, if it is one.
    pub fn list(self) -> Option<ListState> {
        self.shown.get_untracked().filter(|list| list.is_alive())
    }

    /// Names the list on the page.
    pub fn show_list(self, list: ListState) {
        self.shown.set(Some(list));
    }

    /// Notes that a folder's list is being asked for.
    pub fn list_asked(self, folder: &FolderRef) {
        self.changed.update_value(|changed| changed.remove(folder));
    }

    /// Notes that a folder changed: an answer that is on its way may not know of it.
    pub fn folder_changed(self, folder: FolderRef) {
        self.changed.update_value(|changed| changed.put(folder, ()));
    }

    /// Whether a folder changed after its list was asked for.
    pub fn is_changed(self, folder: &FolderRef) -> bool {
        self.changed
            .with_value(|changed| changed.of(folder).is_some())
    }

    /// Notes an error that means more than its own failure.
    pub fn note_error(self, error: &ApiError) {
        match error.kind {
            ErrorKind::SignedOut => self.is_ended.set(true),
            ErrorKind::Transport => self.doubt(),
            _ => {}
        }
    }
}

impl Default for Tab {
    fn default() -> Self {
        Self::new()
    }
}
