//! The folder tree: what LIST said, in the order in which a person looks for things.

use std::sync::LazyLock;

use app::api::types::{FolderId, FolderRole};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail_net::rate::Keys;
use mail_proto::KnownSecrets;
use mail_proto::imap::{ListData, Mailbox, MailboxAttribute, StatusData};

use super::super::model::Folder;

/// All folders of an account, and how their ids lead back to names on the wire.
#[derive(Debug, Clone, Default)]
pub(super) struct FolderTable {
    entries: Vec<Entry>,
    delimiter: Option<u8>,
    /// What every folder but INBOX begins with ("INBOX."), where that is so.
    prefix: Vec<u8>,
    utf8_names: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) wire: Mailbox,
    pub(super) folder: Folder,
}

impl FolderTable {
    /// Builds the tree from the answers to LIST and STATUS.
    pub(super) fn new(lists: Vec<ListData>, statuses: &[StatusData], utf8_names: bool) -> Self {
        let delimiter = lists.iter().find_map(|list| list.delimiter);
        let mut table = Self {
            entries: Vec::new(),
            delimiter,
            prefix: common_prefix(&lists, delimiter),
            utf8_names,
        };
        let mut nodes: Vec<Node> = Vec::new();
        for list in lists {
            if list.attributes.contains(&MailboxAttribute::NonExistent) {
                continue;
            }
            let path = table.path(&list.mailbox);
            nodes.push(Node {
                is_selectable: !list.attributes.contains(&MailboxAttribute::NoSelect),
                role: role_by_attribute(&list),
                wire: list.mailbox,
                path,
            });
        }
        nodes.dedup_by(|a, b| a.wire == b.wire);
        name_roles(&mut nodes);
        add_missing_parents(&mut nodes, delimiter);
        sort(&mut nodes);
        for node in nodes {
            let status = statuses.iter().find(|s| s.mailbox == node.wire);
            table.entries.push(Entry {
                folder: Folder {
                    id: table.id(&node.wire),
                    name: node.path.last().cloned().unwrap_or_default(),
                    depth: u32::try_from(node.path.len().saturating_sub(1)).unwrap_or(u32::MAX),
                    role: node.role,
                    is_selectable: node.is_selectable,
                    unread: status.and_then(|s| s.unseen),
                    total: status.and_then(|s| s.messages),
                },
                wire: node.wire,
            });
        }
        table
    }

    /// Masks secrets in names that are shown. Such a folder's id is a hash, since the usual one is
    /// its name.
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

    /// The folders in showing order.
    pub(super) fn folders(&self) -> Vec<Folder> {
        self.entries
            .iter()
            .map(|entry| entry.folder.clone())
            .collect()
    }

    /// The folder of an id.
    pub(super) fn by_id(&self, id: &FolderId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.folder.id == *id)
    }

    /// The folder of a name on the wire.
    pub(super) fn by_wire(&self, wire: &Mailbox) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.wire == *wire)
    }

    /// The folder of a name on the wire, to correct its counts.
    pub(super) fn by_wire_mut(&mut self, wire: &Mailbox) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.wire == *wire)
    }

    /// The folder for a role.
    pub(super) fn by_role(&self, role: FolderRole) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.folder.role == Some(role))
    }

    /// Folders that STATUS has to be asked about one by one.
    pub(super) fn selectable(&self) -> impl Iterator<Item = &Mailbox> {
        self.entries
            .iter()
            .filter(|e| e.folder.is_selectable)
            .map(|e| &e.wire)
    }

    /// The name on the wire for a new folder at the top.
    pub(super) fn wire_name(&self, name: &str) -> Option<Mailbox> {
        let encoded = Mailbox::encode(name, self.utf8_names).ok()?;
        Some(Mailbox::from_wire(
            [self.prefix.as_slice(), encoded.as_wire()].concat(),
        ))
    }

    fn id(&self, wire: &Mailbox) -> FolderId {
        folder_id(wire, self.utf8_names)
    }

    /// The names on the way to a folder, decoded, its own last.
    fn path(&self, wire: &Mailbox) -> Vec<String> {
        let bytes = wire.as_wire();
        let bytes = bytes.strip_prefix(self.prefix.as_slice()).unwrap_or(bytes);
        let segments: Vec<&[u8]> = match self.delimiter {
            Some(delimiter) => bytes.split(|b| *b == delimiter).collect(),
            None => vec![bytes],
        };
        segments
            .into_iter()
            .map(|segment| {
                Mailbox::from_wire(segment.to_vec())
                    .decode(self.utf8_names)
                    .unwrap_or_else(|| String::from_utf8_lossy(segment).into_owned())
            })
            .collect()
    }
}

/// The id of a folder: its decoded name in base64url, or its wire name behind a zero byte.
pub(super) fn folder_id(wire: &Mailbox, utf8_names: bool) -> FolderId {
    FolderId(wire.decode(utf8_names).map_or_else(
        || URL_SAFE_NO_PAD.encode([b"\0", wire.as_wire()].concat()),
        |name| URL_SAFE_NO_PAD.encode(name),
    ))
}

struct Node {
    wire: Mailbox,
    path: Vec<String>,
    role: Option<FolderRole>,
    is_selectable: bool,
}

/// Courier and others keep everything below INBOX; nobody wants to see that level.
fn common_prefix(lists: &[ListData], delimiter: Option<u8>) -> Vec<u8> {
    let Some(delimiter) = delimiter else {
        return Vec::new();
    };
    let prefix = [b"INBOX".as_slice(), &[delimiter]].concat();
    let mut others = lists.iter().filter(|l| !l.mailbox.is_inbox()).peekable();
    if others.peek().is_some() && others.all(|l| l.mailbox.as_wire().starts_with(&prefix)) {
        prefix
    } else {
        Vec::new()
    }
}

fn role_by_attribute(list: &ListData) -> Option<FolderRole> {
    if list.mailbox.is_inbox() {
        return Some(FolderRole::Inbox);
    }
    list.attributes.iter().find_map(|attribute| {
        Some(match attribute {
            MailboxAttribute::All => FolderRole::All,
            MailboxAttribute::Archive => FolderRole::Archive,
            MailboxAttribute::Drafts => FolderRole::Drafts,
            MailboxAttribute::Flagged => FolderRole::Starred,
            MailboxAttribute::Junk => FolderRole::Junk,
            MailboxAttribute::Sent => FolderRole::Sent,
            MailboxAttribute::Trash => FolderRole::Trash,
            _ => return None,
        })
    })
}

/// Folders at the top that a server gave no role get one by their name, the first of each.
fn name_roles(nodes: &mut [Node]) {
    for role in [
        FolderRole::Drafts,
        FolderRole::Sent,
        FolderRole::Archive,
        FolderRole::Junk,
        FolderRole::Trash,
    ] {
        if nodes.iter().any(|node| node.role == Some(role)) {
            continue;
        }
        let named = nodes.iter_mut().find(|node| {
            node.role.is_none()
                && node.is_selectable
                && node.path.len() == 1
                && node.path.first().is_some_and(|name| is_name_of(name, role))
        });
        if let Some(node) = named {
            node.role = Some(role);
        }
    }
}

fn is_name_of(name: &str, role: FolderRole) -> bool {
    let names: &[&str] = match role {
        FolderRole::Drafts => &[
            "drafts",
            "draft",
            "entwürfe",
            "brouillons",
            "borradores",
            "草稿",
            "草稿箱",
        ],
        FolderRole::Sent => &[
            "sent",
            "sent messages",
            "sent items",
            "sent mail",
            "gesendet",
            "envoyés",
            "enviados",
            "已发送",
            "已发送邮件",
            "已发邮件",
        ],
        FolderRole::Archive => &["archive", "archives", "archiv", "归档", "存档"],
        FolderRole::Junk => &[
            "junk",
            "spam",
            "junk e-mail",
            "junk mail",
            "bulk mail",
            "垃圾邮件",
            "垃圾箱",
        ],
        FolderRole::Trash => &[
            "trash",
            "deleted",
            "deleted messages",
            "deleted items",
            "papierkorb",
            "corbeille",
            "papelera",
            "已删除",
            "已删除邮件",
            "废纸篓",
            "回收站",
        ],
        FolderRole::Inbox | FolderRole::Starred | FolderRole::All => &[],
    };
    let name = name.to_lowercase();
    names.contains(&name.as_str())
}

/// A child whose parent LIST left out still needs a line to stand under.
fn add_missing_parents(nodes: &mut Vec<Node>, delimiter: Option<u8>) {
    let Some(delimiter) = delimiter else { return };
    let mut missing: Vec<Node> = Vec::new();
    for node in nodes.iter() {
        for length in 1..node.path.len() {
            let Some(path) = node.path.get(..length) else {
                continue;
            };
            let known = nodes.iter().chain(&missing).any(|other| other.path == path);
            if !known {
                missing.push(Node {
                    wire: ancestor(&node.wire, delimiter, node.path.len() - length),
                    path: path.to_vec(),
                    role: None,
                    is_selectable: false,
                });
            }
        }
    }
    nodes.append(&mut missing);
}

fn ancestor(wire: &Mailbox, delimiter: u8, levels: usize) -> Mailbox {
    let mut name = wire.as_wire();
    for _ in 0..levels {
        let end = name.iter().rposition(|b| *b == delimiter).unwrap_or(0);
        name = name.get(..end).unwrap_or_default();
    }
    Mailbox::from_wire(name.to_vec())
}

/// Roles first, in the order of the design; then by name, each folder before its children.
fn sort(nodes: &mut [Node]) {
    let tops: Vec<(String, u8)> = nodes
        .iter()
        .filter(|node| node.path.len() == 1)
        .filter_map(|node| Some((node.path.first()?.clone(), rank(node.role))))
        .collect();
    let rank_of = |path: &[String]| {
        let top = path.first();
        tops.iter()
            .find(|(name, _)| Some(name) == top)
            .map_or(u8::MAX, |(_, rank)| *rank)
    };
    nodes.sort_by_cached_key(|node| {
        let names: Vec<String> = node.path.iter().map(|name| name.to_lowercase()).collect();
        (rank_of(&node.path), names, node.path.clone())
    });
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn list(wire: &'static [u8], attributes: Vec<MailboxAttribute>) -> ListData {
        ListData {
            mailbox: Mailbox::from_wire(wire),
            delimiter: Some(b'/'),
            attributes,
            extended: Default::default(),
        }
    }

    fn names(table: &FolderTable) -> Vec<(u32, String)> {
        table
            .folders()
            .into_iter()
            .map(|f| (f.depth, f.name))
            .collect()
    }

    #[test]
    fn roles_stand_first_and_children_under_their_parents() {
        let table = FolderTable::new(
            vec![
                list(b"Zoo", vec![]),
                list(b"Trash", vec![MailboxAttribute::Trash]),
                list(b"Projects/&ZTZ7sQ-", vec![]),
                list(b"INBOX", vec![]),
                list(b"Projects", vec![]),
                list(b"Sent", vec![MailboxAttribute::Sent]),
            ],
            &[],
            false,
        );
        assert_eq!(
            names(&table),
            [
                (0, "INBOX".into()),
                (0, "Sent".into()),
                (0, "Trash".into()),
                (0, "Projects".into()),
                (1, "收箱".into()),
                (0, "Zoo".into())
            ]
        );
    }

    #[test]
    fn a_parent_that_list_left_out_is_a_line_that_cannot_be_opened() {
        let table = FolderTable::new(
            vec![list(b"INBOX", vec![]), list(b"a/b/c", vec![])],
            &[],
            false,
        );
        let shown: Vec<_> = table
            .folders()
            .into_iter()
            .map(|f| (f.depth, f.name, f.is_selectable))
            .collect();
        assert_eq!(
            shown,
            [
                (0, "INBOX".into(), true),
                (0, "a".into(), false),
                (1, "b".into(), false),
                (2, "c".into(), true)
            ]
        );
    }

    #[test]
    fn a_level_that_holds_everything_is_not_shown() {
        let mut lists = vec![
            list(b"INBOX", vec![]),
            list(b"INBOX.Sent", vec![]),
            list(b"INBOX.a.b", vec![]),
        ];
        for list in &mut lists {
            list.delimiter = Some(b'.');
        }
        let table = FolderTable::new(lists, &[], false);
        let sent = table.by_role(FolderRole::Sent).unwrap();
        assert_eq!((sent.folder.name.as_str(), sent.folder.depth), ("Sent", 0));
        assert_eq!(sent.wire.as_wire(), b"INBOX.Sent");
        assert_eq!(
            table.wire_name("Archive").unwrap().as_wire(),
            b"INBOX.Archive"
        );
    }

    #[test]
    fn a_folder_named_trash_is_trash_where_the_server_has_no_special_use() {
        let table = FolderTable::new(
            vec![
                list(b"INBOX", vec![]),
                list(b"x/Trash", vec![]),
                list(b"&V,NXPpm8-", vec![]),
            ],
            &[],
            false,
        );
        assert!(
            table.by_role(FolderRole::Trash).is_none(),
            "not below another folder"
        );
        assert!(table.by_role(FolderRole::Sent).is_none());
    }

    #[test]
    fn ids_lead_back_to_wire_names_even_where_those_cannot_be_decoded() {
        let broken = Mailbox::from_wire(&b"&&&broken"[..]);
        let table = FolderTable::new(
            vec![
                list(b"INBOX", vec![]),
                list(b"&&&broken", vec![]),
                list(b"&ZTZ7sQ-", vec![]),
            ],
            &[],
            false,
        );
        for wire in [broken, Mailbox::from_wire(&b"&ZTZ7sQ-"[..])] {
            let id = folder_id(&wire, false);
            assert_eq!(table.by_id(&id).unwrap().wire, wire);
        }
        assert_eq!(folder_id(&Mailbox::inbox(), false).as_str(), "SU5CT1g");
    }
}
