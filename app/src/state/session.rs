//! The session, and what its events say about folders and mail servers.

use super::api_resource::ApiResource;
use crate::api::types::{AccountId, FolderRef, SessionView};

/// The session's accounts and limits, fetched once for all pages.
#[derive(Clone, Copy)]
pub struct Session(pub ApiResource<SessionView>);

/// A lost connection to a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostConnection {
    /// The account.
    pub account: AccountId,
    /// The mail server.
    pub host: String,
    /// The time until the next connection attempt, in seconds from the event.
    pub retry_in_secs: u32,
}

/// A folder's counts, newer than those of the folder tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The number of messages.
    pub total: u32,
    /// The number of unread messages, if known.
    pub unread: Option<u32>,
}

/// Values by folder. The folders are few, and a map compiles to more code.
#[derive(Debug, Clone)]
pub struct ByFolder<T>(Vec<(FolderRef, T)>);

impl<T: Copy> ByFolder<T> {
    /// Returns the value of a folder.
    pub fn get(&self, folder: &FolderRef) -> Option<T> {
        let found = self.0.iter().find(|(key, _)| key == folder);
        found.map(|(_, value)| *value)
    }

    /// Sets the value of a folder.
    pub fn insert(&mut self, folder: FolderRef, value: T) {
        self.remove(&folder);
        self.0.push((folder, value));
    }

    /// Removes the value of a folder.
    pub fn remove(&mut self, folder: &FolderRef) {
        self.0.retain(|(key, _)| key != folder);
    }
}

impl<T> Default for ByFolder<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
