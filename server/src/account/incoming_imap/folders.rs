//! The folder tree, built from LIST, in display order.
//!
//! The server decides how many folders it lists. What is stored of them is bounded by
//! [`FOLDERS_MAX`], [`LEVELS_MAX`], [`NAME_MAX_BYTES`] and [`NAMES_MAX_BYTES`]; the time is linear
//! in the bytes of the response. A folder beyond a bound is counted in [`FolderTable::left_out`].

mod namespaces;
mod roles;
mod tree;

use std::collections::HashMap;
use std::sync::LazyLock;

use app::api::types::{FolderId, FolderRole};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail_net::rate::Keys;
use mail_proto::KnownSecrets;
use mail_proto::imap::{ListData, Mailbox, NamespaceData, StatusData};

use crate::domain::{Folder, FolderList};
use namespaces::Namespaces;
use tree::Tree;

/// Maximum number of folders, including parents that LIST left out.
const FOLDERS_MAX: usize = 1_000;
/// Maximum number of levels of a folder's name.
const LEVELS_MAX: usize = 32;
/// Maximum length of a folder's name on the wire, in bytes.
const NAME_MAX_BYTES: usize = 1 << 10;
/// Maximum length of the names of all folders together, on the wire, in bytes.
const NAMES_MAX_BYTES: usize = 128 << 10;

/// The folders of an account, and the mapping from their ids to names on the wire.
#[derive(Debug, Clone, Default)]
pub(super) struct FolderTable {
    entries: Vec<Entry>,
    /// The prefix of the user's own folders other than INBOX (`INBOX.`); empty if there is none.
    prefix: Vec<u8>,
    utf8_names: bool,
    left_out: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) wire: Mailbox,
    pub(super) folder: Folder,
}

impl FolderTable {
    /// Builds the tree from the responses to LIST and NAMESPACE. INBOX and the folders with a role
    /// are inserted first, then the others in the server's order, until a bound is reached.
    pub(super) fn new(
        lists: &[ListData],
        namespaces: Option<&NamespaceData>,
        utf8_names: bool,
    ) -> Self {
        let delimiter = lists.iter().find_map(|list| list.delimiter);
        let namespaces = Namespaces::new(namespaces, lists);
        // INBOX always exists (RFC 9051 §5.1), even if the response was cut before it.
        let inbox = ListData {
            mailbox: Mailbox::inbox(),
            delimiter,
            attributes: Vec::new(),
            extended: Default::default(),
        };
        let mut tree = Tree::new(&namespaces, utf8_names);
        if !lists.iter().any(|list| list.mailbox.is_inbox()) {
            tree.insert(&inbox, Some(FolderRole::Inbox));
        }
        let listed = roles::assign(lists, &tree);
        let (first, rest): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|(_, _, is_first)| *is_first);
        for (list, role, _) in first.into_iter().chain(rest) {
            tree.insert(list, role);
        }
        let left_out = tree.left_out();
        let entries = tree
            .in_display_order()
            .into_iter()
            .map(|node| Entry {
                folder: Folder {
                    id: folder_id(&node.wire, utf8_names),
                    name: node.name,
                    depth: node.depth,
                    role: node.role,
                    is_selectable: node.is_selectable,
                    is_pinned: false,
                    unread: None,
                    total: None,
                },
                wire: node.wire,
            })
            .collect();
        Self {
            entries,
            prefix: namespaces.prefix().to_vec(),
            utf8_names,
            left_out,
        }
    }

    /// Stores the counts of STATUS responses.
    pub(super) fn set_counts(&mut self, statuses: &[StatusData]) {
        let by_wire: HashMap<Mailbox, usize> = self
            .entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.wire.clone(), index))
            .collect();
        for status in statuses {
            let index = by_wire.get(&status.mailbox);
            if let Some(entry) = index.and_then(|index| self.entries.get_mut(*index)) {
                entry.folder.unread = status.unseen;
                entry.folder.total = status.messages;
            }
        }
    }

    /// Masks secrets in displayed names. The id of such a folder is a hash, because the usual id
    /// encodes the name.
    pub(super) fn redact(&mut self, secrets: &KnownSecrets) {
        static KEYS: LazyLock<Keys> = LazyLock::new(Keys::default);
        for entry in &mut self.entries {
            let mut whole = entry.wire.decode(self.utf8_names).unwrap_or_default();
            if secrets.redact(&mut whole) | secrets.redact(&mut entry.folder.name) {
                let hash = KEYS.key(entry.wire.as_wire()).to_be_bytes();
                let id = [b"\0\0".as_slice(), &hash].concat();
                entry.folder.id = FolderId(URL_SAFE_NO_PAD.encode(id));
            }
        }
    }

    /// Adds folders that were dropped before the tree was built to the count.
    pub(super) fn add_left_out(&mut self, folders: u32) {
        self.left_out = self.left_out.saturating_add(folders);
    }

    /// Returns the folders in display order.
    pub(super) fn folders(&self) -> FolderList {
        FolderList {
            folders: self
                .entries
                .iter()
                .map(|entry| entry.folder.clone())
                .collect(),
            left_out: self.left_out,
        }
    }

    /// Returns the folder with an id.
    pub(super) fn by_id(&self, id: &FolderId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.folder.id == *id)
    }

    /// Returns the folder with a name on the wire.
    pub(super) fn by_wire(&self, wire: &Mailbox) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.wire == *wire)
    }

    /// Returns the folder with a name on the wire, to update its counts.
    pub(super) fn by_wire_mut(&mut self, wire: &Mailbox) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.wire == *wire)
    }

    /// Returns the folder for a role.
    pub(super) fn by_role(&self, role: FolderRole) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.folder.role == Some(role))
    }

    /// Returns the selectable folders, for one STATUS command each.
    pub(super) fn selectable(&self) -> impl Iterator<Item = &Mailbox> {
        self.entries
            .iter()
            .filter(|e| e.folder.is_selectable)
            .map(|e| &e.wire)
    }

    /// Returns the name on the wire for a new top-level folder.
    pub(super) fn wire_name(&self, name: &str) -> Option<Mailbox> {
        let encoded = Mailbox::encode(name, self.utf8_names).ok()?;
        Some(Mailbox::from_wire(
            [self.prefix.as_slice(), encoded.as_wire()].concat(),
        ))
    }
}

/// Returns the id of a folder: base64url of its decoded name, or of a NUL byte and its wire name if
/// that cannot be decoded.
pub(super) fn folder_id(wire: &Mailbox, utf8_names: bool) -> FolderId {
    FolderId(wire.decode(utf8_names).map_or_else(
        || URL_SAFE_NO_PAD.encode([b"\0", wire.as_wire()].concat()),
        |name| URL_SAFE_NO_PAD.encode(name),
    ))
}

#[cfg(test)]
mod tests;
