//! Folder roles: by the SPECIAL-USE attributes (RFC 6154), else by name.

use app::api::types::FolderRole;
use mail_proto::imap::{ListData, MailboxAttribute};

use super::tree::Tree;

/// Roles that a folder can get by its name.
const ROLES_BY_NAME: [FolderRole; 5] = [
    FolderRole::Drafts,
    FolderRole::Sent,
    FolderRole::Archive,
    FolderRole::Junk,
    FolderRole::Trash,
];

/// A folder of a LIST response, its role, and whether it is the first with that role.
pub(super) type Listed<'l> = (&'l ListData, Option<FolderRole>, bool);

/// Returns the existing folders in the order of LIST, each with its role. Top-level folders without
/// a role from the server get one by their name, the first of each; if there is none at the top
/// level, those directly below INBOX. A foreign folder never has a role.
pub(super) fn assign<'l>(lists: &'l [ListData], tree: &Tree<'_>) -> Vec<Listed<'l>> {
    let mut assigned: Vec<FolderRole> = Vec::new();
    let mut is_new = |role: Option<FolderRole>| match role {
        Some(role) if !assigned.contains(&role) => {
            assigned.push(role);
            true
        }
        _ => false,
    };
    let mut listed: Vec<Listed<'l>> = lists
        .iter()
        .filter(|list| !list.has(&MailboxAttribute::NonExistent))
        .map(|list| {
            let role = role_by_attribute(list).filter(|_| !tree.is_foreign(&list.mailbox));
            (list, role, is_new(role))
        })
        .collect();
    let mut unassigned: Vec<FolderRole> = ROLES_BY_NAME
        .into_iter()
        .filter(|role| !assigned.contains(role))
        .collect();
    for below_inbox in [false, true] {
        for (list, role, is_first) in &mut listed {
            if unassigned.is_empty() {
                break;
            }
            if role.is_some() || list.has(&MailboxAttribute::NoSelect) {
                continue;
            }
            let Some(name) = tree.top_level_name(list, below_inbox) else {
                continue;
            };
            let name = name.to_lowercase();
            if let Some(index) = unassigned.iter().position(|role| is_name_of(&name, *role)) {
                (*role, *is_first) = (Some(unassigned.swap_remove(index)), true);
            }
        }
    }
    listed
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

/// Whether a lower-case name is common for a role.
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
    names.contains(&name)
}
