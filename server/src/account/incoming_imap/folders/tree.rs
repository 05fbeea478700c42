//! Names on the wire as a tree: each level is found by its parent and its name, in linear time.

use std::cmp::Reverse;
use std::collections::HashMap;

use app::api::types::FolderRole;
use mail_proto::imap::{ListData, Mailbox, MailboxAttribute};

use super::namespaces::{Namespaces, strip_prefix};
use super::{FOLDERS_MAX, LEVELS_MAX, NAME_MAX_BYTES, NAMES_MAX_BYTES};

/// The parent index of top-level folders.
const ROOT: usize = usize::MAX;
/// The parent of INBOX in the index.
const INBOX_PARENT: usize = usize::MAX - 1;
/// The parent, in the index, of top-level folders without the personal prefix.
const UNPREFIXED_PARENT: usize = usize::MAX - 2;

/// A folder in the tree.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) wire: Mailbox,
    /// The last level of its name, decoded.
    pub(super) name: String,
    pub(super) depth: u32,
    pub(super) role: Option<FolderRole>,
    pub(super) is_selectable: bool,
    /// Whether it is another user's or shared.
    is_foreign: bool,
    parent: usize,
    /// Whether LIST returned it; otherwise it is only the parent of a listed folder.
    is_listed: bool,
}

/// A tree that grows until a bound is reached.
pub(super) struct Tree<'l> {
    namespaces: &'l Namespaces,
    utf8_names: bool,
    nodes: Vec<Node>,
    /// Index of a node by its parent's index and the last level of its name on the wire.
    index: HashMap<(usize, &'l [u8]), usize>,
    /// Length of the names of all nodes, in bytes.
    names_bytes: usize,
    left_out: u32,
}

impl<'l> Tree<'l> {
    pub(super) fn new(namespaces: &'l Namespaces, utf8_names: bool) -> Self {
        Self {
            namespaces,
            utf8_names,
            nodes: Vec::new(),
            index: HashMap::new(),
            names_bytes: 0,
            left_out: 0,
        }
    }

    /// Returns how many listed folders were dropped because a bound was reached.
    pub(super) fn left_out(&self) -> u32 {
        self.left_out
    }

    /// Adds a folder and its parents. A name that LIST returns twice is one folder.
    pub(super) fn insert(&mut self, list: &'l ListData, role: Option<FolderRole>) {
        match self.find_or_insert(list) {
            Some(index) => {
                if let Some(node) = self.nodes.get_mut(index)
                    && !node.is_listed
                {
                    node.is_listed = true;
                    node.role = role;
                    node.is_selectable = !list.has(&MailboxAttribute::NoSelect);
                }
            }
            None => self.left_out = self.left_out.saturating_add(1),
        }
    }

    /// Returns the decoded name of a personal top-level folder, or of one directly below INBOX;
    /// `None` for any other.
    pub(super) fn top_level_name(&self, list: &ListData, below_inbox: bool) -> Option<String> {
        if self.is_foreign(&list.mailbox) {
            return None;
        }
        let mut name = self.strip_personal_prefix(list.mailbox.as_wire());
        if below_inbox {
            let inbox = [b"INBOX".as_slice(), &[list.delimiter?]].concat();
            name = strip_prefix(&inbox, name)?;
        }
        let is_nested = list.delimiter.is_some_and(|d| name.contains(&d));
        (!is_nested && name.len() <= NAME_MAX_BYTES).then(|| self.decode_name(name))
    }

    /// Whether a folder is another user's or shared.
    pub(super) fn is_foreign(&self, mailbox: &Mailbox) -> bool {
        self.namespaces.is_foreign(mailbox)
    }

    fn strip_personal_prefix<'n>(&self, wire: &'n [u8]) -> &'n [u8] {
        strip_prefix(self.namespaces.prefix(), wire).unwrap_or(wire)
    }

    fn decode_name(&self, name: &[u8]) -> String {
        Mailbox::from_wire(name.to_vec())
            .decode(self.utf8_names)
            .unwrap_or_else(|| String::from_utf8_lossy(name).into_owned())
    }

    /// Returns the node of a name, created if missing; `None` if a bound is reached.
    fn find_or_insert(&mut self, list: &'l ListData) -> Option<usize> {
        let wire = list.mailbox.as_wire();
        let name = self.strip_personal_prefix(wire);
        let is_foreign = self.is_foreign(&list.mailbox);
        let delimiter = list.delimiter;
        let is_delimiter = |b: &u8| Some(*b) == delimiter;
        let depth_max = name.iter().filter(|b| is_delimiter(b)).count();
        if wire.len() > NAME_MAX_BYTES || depth_max >= LEVELS_MAX {
            return None;
        }
        let has_prefix = name.len() < wire.len();
        let mut end = wire.len() - name.len();
        let levels = name.split(is_delimiter).map(|level| {
            let from = end;
            end = from + level.len() + 1;
            (level, from + level.len())
        });
        let mut parent = ROOT;
        let mut missing: Vec<(&'l [u8], usize)> = Vec::new();
        for (level, end) in levels {
            match self.index.get(&key(parent, level, has_prefix)) {
                Some(index) if missing.is_empty() => parent = *index,
                _ => missing.push((level, end)),
            }
        }
        let bytes: usize = missing.iter().map(|(_, end)| end).sum();
        if self.nodes.len() + missing.len() > FOLDERS_MAX
            || self.names_bytes + bytes > NAMES_MAX_BYTES
        {
            return None;
        }
        self.names_bytes += bytes;
        for (level, end) in missing {
            let depth = self.nodes.get(parent).map_or(0, |node| node.depth + 1);
            let index = self.nodes.len();
            self.nodes.push(Node {
                // A copy: the name may be a slice of a much longer response.
                wire: Mailbox::from_wire(wire.get(..end).unwrap_or(wire).to_vec()),
                name: self.decode_name(level),
                depth,
                role: None,
                is_selectable: false,
                is_foreign,
                parent,
                is_listed: false,
            });
            self.index.insert(key(parent, level, has_prefix), index);
            parent = index;
        }
        Some(parent)
    }

    /// Returns the nodes in display order: roles first, in the order of the design; then by name,
    /// each folder before its children.
    pub(super) fn in_display_order(self) -> Vec<Node> {
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            children.entry(node.parent).or_default().push(index);
        }
        for siblings in children.values_mut() {
            // The stack pops the last one first.
            siblings.sort_by_cached_key(|index| {
                let node = self.nodes.get(*index);
                Reverse(node.map(|node| {
                    let rank = match node.parent {
                        ROOT if node.is_foreign => RANK_FOREIGN,
                        ROOT => rank(node.role),
                        _ => 0,
                    };
                    (rank, node.name.to_lowercase(), node.name.clone())
                }))
            });
        }
        let mut nodes: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        let mut stack = children.remove(&ROOT).unwrap_or_default();
        let mut ordered = Vec::with_capacity(nodes.len());
        while let Some(index) = stack.pop() {
            ordered.extend(nodes.get_mut(index).and_then(Option::take));
            stack.extend(children.remove(&index).unwrap_or_default());
        }
        ordered
    }
}

/// Returns the index key of a level: its parent and its name. INBOX is case-insensitive; a folder
/// named INBOX after the prefix is another folder, and so is a folder of the same name without the
/// prefix.
fn key(parent: usize, level: &[u8], has_prefix: bool) -> (usize, &[u8]) {
    match parent {
        ROOT if has_prefix => (parent, level),
        ROOT if level.eq_ignore_ascii_case(b"INBOX") => (INBOX_PARENT, b"INBOX"),
        ROOT => (UNPREFIXED_PARENT, level),
        _ => (parent, level),
    }
}

/// Foreign folders come after all personal ones.
const RANK_FOREIGN: u8 = 9;

fn rank(role: Option<FolderRole>) -> u8 {
    match role {
        Some(FolderRole::Inbox) => 0,
        Some(FolderRole::Starred) => 1,
        Some(FolderRole::Drafts) => 2,
        Some(FolderRole::Sent) => 3,
        Some(FolderRole::Archive) => 4,
        Some(FolderRole::Junk) => 5,
        Some(FolderRole::Trash) => 6,
        Some(FolderRole::All) => 7,
        None => 8,
    }
}
