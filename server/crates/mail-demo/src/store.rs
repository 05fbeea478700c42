//! The mail store: folders by name, in memory, shared by all sessions of all protocols.
//!
//! One lock guards all folders, so a move between folders is atomic for every other session. No
//! task awaits while it holds the lock.

mod flags;
mod folder;
mod initial;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

pub(crate) use flags::{FlagNames, Flags};
pub(crate) use folder::{
    EmailId, Folder, Generated, MailboxId, Source, SpecialUse, Uid, UidValidity,
};
pub(crate) use initial::{InitialFolder, InitialFolders, InitialMessage};

/// The hierarchy delimiter of folder names.
pub(crate) const DELIMITER: char = '/';
/// The folder name that is case-insensitive (RFC 3501 §5.1).
pub(crate) const INBOX: &str = "INBOX";
/// Maximum number of folders.
const MAX_FOLDERS: usize = 1_000;
const MAX_FOLDER_NAME_BYTES: usize = 500;

/// All folders of the account.
#[derive(Debug)]
pub(crate) struct Store {
    folders: Mutex<Folders>,
    maildrop_is_locked: Arc<AtomicBool>,
}

/// The folders, behind the lock.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    by_name: BTreeMap<String, Folder>,
    pub(crate) subscribed: BTreeSet<String>,
    pub(crate) flag_names: FlagNames,
    next_uid_validity: u32,
}

/// Why a folder cannot be created, deleted or renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FolderError {
    NonExistent,
    AlreadyExists,
    /// INBOX can be neither deleted nor created.
    Inbox,
    HasChildren,
    InvalidName,
    TooMany,
}

impl Store {
    /// Creates a store from a sample mailbox. UIDVALIDITY is derived from the start time, so that a
    /// client with a cache of an earlier run discards it.
    pub(crate) fn new(sample: InitialFolders, now_unix_ms: i64) -> Self {
        let since_2020_secs = (now_unix_ms / 1_000).saturating_sub(1_577_836_800);
        let first_uid_validity = u32::try_from(since_2020_secs).unwrap_or(1).max(1);
        let mut folders = Folders {
            next_uid_validity: first_uid_validity,
            ..Folders::default()
        };
        for folder in sample.folders {
            let mut built = Folder::empty(folders.new_uid_validity(), folder.special_use);
            for message in folder.messages {
                let names = message.flags.iter();
                let flags = names.filter_map(|name| folders.flag_names.find_or_add(name));
                let flags = flags.fold(Flags::NONE, |all, flag| all | flag);
                built.append_silently(message.source, flags, message.internal_unix_ms);
            }
            built.recent_from = built.uid_next;
            folders.subscribed.insert(folder.name.clone());
            folders.by_name.insert(folder.name, built);
        }
        Self {
            folders: Mutex::new(folders),
            maildrop_is_locked: Arc::default(),
        }
    }

    pub(crate) fn folders(&self) -> MutexGuard<'_, Folders> {
        // No code panics while it holds the lock; if it did, the data would still be consistent.
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message to INBOX.
    pub(crate) fn deliver(&self, rfc822: Bytes, flags: Flags, now_unix_ms: i64) {
        if let Some(inbox) = self.folders().find_mut(INBOX) {
            inbox.append(Source::Stored(rfc822), flags, now_unix_ms);
        }
    }

    pub(crate) fn inbox_len(&self) -> usize {
        self.folders()
            .find(INBOX)
            .map_or(0, |inbox| inbox.messages().len())
    }

    /// Notifies on every change of INBOX.
    pub(crate) fn watch_inbox(&self) -> watch::Receiver<u64> {
        let folders = self.folders();
        let inbox = folders.find(INBOX).map(Folder::watch);
        inbox.unwrap_or_else(|| watch::channel(0).1)
    }

    /// Locks the maildrop for one POP3 session (RFC 1939 §4); `None` if another session holds it.
    pub(crate) fn lock_maildrop(&self) -> Option<MaildropLock> {
        let was_locked = self.maildrop_is_locked.swap(true, Ordering::AcqRel);
        (!was_locked).then(|| MaildropLock(Arc::clone(&self.maildrop_is_locked)))
    }
}

/// The maildrop lock of one POP3 session; released on drop.
#[derive(Debug)]
pub(crate) struct MaildropLock(Arc<AtomicBool>);

impl Drop for MaildropLock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Folders {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Folder)> {
        self.by_name
            .iter()
            .map(|(name, folder)| (name.as_str(), folder))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Folder> {
        self.by_name.get(canonical(name))
    }

    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Folder> {
        self.by_name.get_mut(canonical(name))
    }

    /// Returns the folder that a session has selected.
    pub(crate) fn selected(&self, id: UidValidity) -> Option<&Folder> {
        self.by_name
            .values()
            .find(|folder| folder.uid_validity == id)
    }

    pub(crate) fn selected_mut(&mut self, id: UidValidity) -> Option<&mut Folder> {
        self.by_name
            .values_mut()
            .find(|folder| folder.uid_validity == id)
    }

    /// Returns whether there are folders below `name`.
    pub(crate) fn has_children(&self, name: &str) -> bool {
        self.children(name).next().is_some()
    }

    pub(crate) fn create(&mut self, name: &str) -> Result<MailboxId, FolderError> {
        let name = name.strip_suffix(DELIMITER).unwrap_or(name);
        if name.eq_ignore_ascii_case(INBOX) {
            return Err(FolderError::Inbox);
        }
        self.check_new(name)?;
        let folder = Folder::empty(self.new_uid_validity(), None);
        let id = folder.mailbox_id;
        self.by_name.insert(name.to_owned(), folder);
        Ok(id)
    }

    pub(crate) fn delete(&mut self, name: &str) -> Result<(), FolderError> {
        if name.eq_ignore_ascii_case(INBOX) {
            return Err(FolderError::Inbox);
        }
        match self.by_name.remove(name) {
            // Dropping the folder ends its watch, which wakes the sessions that have it selected.
            Some(_) => Ok(()),
            None if self.has_children(name) => Err(FolderError::HasChildren),
            None => Err(FolderError::NonExistent),
        }
    }

    /// Renames a folder and those below it. For INBOX, moves its messages to a new folder (RFC 3501
    /// §6.3.5).
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), FolderError> {
        let to = to.strip_suffix(DELIMITER).unwrap_or(to);
        if from.eq_ignore_ascii_case(INBOX) {
            self.check_new(to)?;
            let id = self.new_uid_validity();
            let emptied = Folder::empty(id, None);
            if let Some(mut inbox) = self.by_name.insert(INBOX.to_owned(), emptied) {
                // INBOX keeps its mailbox ID (RFC 8474 §4.1), even if its UIDs change.
                if let Some(emptied) = self.by_name.get_mut(INBOX) {
                    std::mem::swap(&mut emptied.mailbox_id, &mut inbox.mailbox_id);
                }
                self.by_name.insert(to.to_owned(), inbox);
            }
            return Ok(());
        }
        let prefix = format!("{from}{DELIMITER}");
        if to.starts_with(&prefix) {
            return Err(FolderError::InvalidName);
        }
        let mut old_names: Vec<_> = self.children(from).map(str::to_owned).collect();
        if self.by_name.contains_key(from) {
            old_names.push(from.to_owned());
        }
        if old_names.is_empty() {
            return Err(FolderError::NonExistent);
        }
        self.check_new(to)?;
        let renamed = |old: &str| format!("{to}{}", old.strip_prefix(from).unwrap_or_default());
        for old in &old_names {
            self.check_new(&renamed(old))?;
        }
        for old in old_names {
            if let Some(folder) = self.by_name.remove(&old) {
                self.by_name.insert(renamed(&old), folder);
            }
        }
        Ok(())
    }

    fn children(&self, name: &str) -> impl Iterator<Item = &str> {
        let prefix = format!("{name}{DELIMITER}");
        self.by_name
            .keys()
            .map(String::as_str)
            .filter(move |other| other.starts_with(&prefix))
    }

    fn check_new(&self, name: &str) -> Result<(), FolderError> {
        let is_valid = name.len() <= MAX_FOLDER_NAME_BYTES
            && name
                .split(DELIMITER)
                .all(|part| !part.is_empty() && !part.contains(['*', '%']))
            && !name.chars().any(char::is_control);
        if !is_valid {
            Err(FolderError::InvalidName)
        } else if self.find(name).is_some() {
            Err(FolderError::AlreadyExists)
        } else if self.by_name.len() >= MAX_FOLDERS {
            Err(FolderError::TooMany)
        } else {
            Ok(())
        }
    }

    fn new_uid_validity(&mut self) -> UidValidity {
        let id = UidValidity(self.next_uid_validity);
        self.next_uid_validity = self.next_uid_validity.wrapping_add(1).max(1);
        id
    }
}

fn canonical(name: &str) -> &str {
    if name.eq_ignore_ascii_case(INBOX) {
        INBOX
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(names: &[&str]) -> Store {
        let folders = names.iter().map(|name| InitialFolder {
            name: (*name).to_owned(),
            special_use: None,
            messages: Vec::new(),
        });
        Store::new(
            InitialFolders {
                folders: folders.collect(),
            },
            1_800_000_000_000,
        )
    }

    #[test]
    fn rename_includes_the_folders_below() {
        let store = store(&["INBOX", "Projects/Relay", "Projects/Relay/old"]);
        let mut folders = store.folders();
        folders.rename("Projects", "Work").unwrap();
        let names: Vec<_> = folders.iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["INBOX", "Work/Relay", "Work/Relay/old"]);
        assert_eq!(
            folders.rename("Work", "Work/below"),
            Err(FolderError::InvalidName)
        );
    }

    #[test]
    fn renaming_inbox_leaves_an_empty_inbox_with_a_new_uid_validity() {
        let store = store(&["INBOX"]);
        store.deliver(Bytes::from_static(b"a: b\r\n\r\n"), Flags::NONE, 0);
        let mut folders = store.folders();
        let before = folders.find("inbox").unwrap().uid_validity;
        folders.rename("Inbox", "Old").unwrap();
        assert_eq!(folders.find("Old").unwrap().messages().len(), 1);
        let inbox = folders.find(INBOX).unwrap();
        assert_eq!(inbox.messages().len(), 0);
        assert_ne!(inbox.uid_validity, before);
    }

    #[test]
    fn the_maildrop_is_free_again_when_its_session_ends() {
        let store = store(&["INBOX"]);
        let first = store.lock_maildrop();
        assert!(first.is_some());
        assert!(store.lock_maildrop().is_none());
        drop(first);
        assert!(store.lock_maildrop().is_some());
    }

    #[test]
    fn odd_folder_names_are_refused() {
        let store = store(&["INBOX"]);
        let mut folders = store.folders();
        for name in ["", "/", "a//b", "/a", "a*", "100%", "tab\there"] {
            assert_eq!(
                folders.create(name),
                Err(FolderError::InvalidName),
                "{name:?}"
            );
        }
        assert_eq!(folders.create("inbox"), Err(FolderError::Inbox));
        assert!(folders.create("a/b/").is_ok());
        assert_eq!(folders.create("a/b"), Err(FolderError::AlreadyExists));
    }
}
