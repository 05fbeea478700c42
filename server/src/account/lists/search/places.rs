//! The folders that a search looks into.

use app::api::types::{AccountId, FolderRef, FolderRole, SearchScope};

use super::super::folders;
use crate::account::error::AccountError;
use crate::account::handle::AccountHandle;
use crate::account::search::{TypedSearch, contains_ignoring_case};
use crate::domain::{Folder, INBOX_ID};

/// A folder to be searched, with what its name is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchedFolder {
    pub(crate) folder: FolderRef,
    pub(crate) role: Option<FolderRole>,
    /// The decoded name, without the names of its parents.
    pub(crate) name: String,
}

/// Returns those accounts that a search concerns.
pub(super) fn accounts_of<'h>(
    handles: &'h [AccountHandle],
    scope: &SearchScope,
    typed: &TypedSearch,
) -> Vec<&'h AccountHandle> {
    let is_in_scope = |id: &AccountId| match scope {
        SearchScope::All | SearchScope::Anywhere => true,
        SearchScope::Account(account) => account == id,
        SearchScope::Folder(folder) => folder.account == *id,
    };
    let is_named = |address: &str| {
        let mut names = typed.accounts.iter();
        typed.accounts.is_empty() || names.any(|name| contains_ignoring_case(address, name))
    };
    let handles = handles.iter();
    handles
        .filter(|handle| is_in_scope(&handle.id()) && is_named(handle.address()))
        .collect()
}

/// Returns the folders of an account that a search looks into: those that people look into first come
/// first.
pub(super) async fn folders_of(
    handle: &AccountHandle,
    scope: &SearchScope,
    typed: &TypedSearch,
) -> Result<Vec<SearchedFolder>, AccountError> {
    let chosen = chosen(folders(handle).await?.folders, scope, typed);
    let account = handle.id();
    let folders = chosen.into_iter().map(|folder| SearchedFolder {
        folder: FolderRef {
            account: account.clone(),
            folder: folder.id,
        },
        role: folder.role,
        name: folder.name,
    });
    Ok(folders.collect())
}

fn chosen(mut folders: Vec<Folder>, scope: &SearchScope, typed: &TypedSearch) -> Vec<Folder> {
    folders.retain(|folder| folder.is_selectable);
    if let SearchScope::Folder(only) = scope {
        folders.retain(|folder| folder.id == only.folder);
        return folders;
    }
    if !typed.folders.is_empty() {
        folders.retain(|folder| typed.folders.iter().any(|name| is_called(folder, name)));
        folders.sort_by_key(rank);
        return folders;
    }
    let with_hidden = typed.is_anywhere || *scope == SearchScope::Anywhere;
    let is_hidden = |role| matches!(role, Some(FolderRole::Junk | FolderRole::Trash));
    // What is in the folder of all mail is in other folders too, and there it is found once.
    let has_all = folders.iter().any(|f| f.role == Some(FolderRole::All));
    folders.retain(|folder| match folder.role {
        Some(FolderRole::Junk | FolderRole::Trash) => with_hidden,
        Some(FolderRole::All) => true,
        // A view of messages that are elsewhere.
        Some(FolderRole::Starred) => false,
        _ => !has_all || is_hidden(folder.role),
    });
    folders.sort_by_key(rank);
    folders
}

/// Whether a typed name means this folder.
fn is_called(folder: &Folder, typed: &str) -> bool {
    role_named(typed).map_or_else(
        || contains_ignoring_case(&folder.name, typed),
        |role| folder.role == Some(role),
    )
}

/// Returns the role that a typed word names.
fn role_named(typed: &str) -> Option<FolderRole> {
    Some(match typed.to_lowercase().as_str() {
        "inbox" | "收件箱" => FolderRole::Inbox,
        "drafts" | "草稿箱" | "草稿" => FolderRole::Drafts,
        "sent" | "已发送" => FolderRole::Sent,
        "archive" | "归档" => FolderRole::Archive,
        "junk" | "spam" | "垃圾邮件" => FolderRole::Junk,
        "trash" | "deleted" | "已删除" => FolderRole::Trash,
        "all" | "全部邮件" => FolderRole::All,
        _ => return None,
    })
}

fn rank(folder: &Folder) -> u8 {
    match folder.role {
        _ if folder.id.as_str() == INBOX_ID => 0,
        Some(FolderRole::All) => 1,
        Some(FolderRole::Sent) => 2,
        Some(FolderRole::Archive) => 3,
        Some(FolderRole::Junk) => 6,
        Some(FolderRole::Trash) => 7,
        Some(FolderRole::Drafts) => 5,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use app::api::types::FolderId;

    use super::*;

    fn folder(name: &str, role: Option<FolderRole>) -> Folder {
        Folder {
            id: FolderId(match role {
                Some(FolderRole::Inbox) => INBOX_ID.to_owned(),
                _ => name.to_owned(),
            }),
            name: name.to_owned(),
            depth: 0,
            role,
            is_selectable: name != "Shelf",
            is_pinned: false,
            unread: None,
            total: None,
        }
    }

    fn tree() -> Vec<Folder> {
        vec![
            folder("INBOX", Some(FolderRole::Inbox)),
            folder("Bin", Some(FolderRole::Trash)),
            folder("Spam", Some(FolderRole::Junk)),
            folder("Shelf", None),
            folder("Project Sent-off", None),
            folder("Gesendet", Some(FolderRole::Sent)),
        ]
    }

    fn names(folders: Vec<Folder>, scope: &SearchScope, typed: &TypedSearch) -> Vec<String> {
        let chosen = chosen(folders, scope, typed).into_iter();
        chosen.map(|folder| folder.name).collect()
    }

    #[test]
    fn junk_and_deleted_messages_are_searched_only_on_request() {
        let typed = TypedSearch::default();
        assert_eq!(
            names(tree(), &SearchScope::All, &typed),
            ["INBOX", "Gesendet", "Project Sent-off"]
        );
        let anywhere = TypedSearch {
            is_anywhere: true,
            ..TypedSearch::default()
        };
        let all = ["INBOX", "Gesendet", "Project Sent-off", "Spam", "Bin"];
        assert_eq!(names(tree(), &SearchScope::All, &anywhere), all);
        assert_eq!(names(tree(), &SearchScope::Anywhere, &typed), all);
    }

    #[test]
    fn a_typed_folder_is_a_role_or_a_part_of_a_name() {
        let named = |name: &str| TypedSearch {
            folders: vec![name.to_owned()],
            ..TypedSearch::default()
        };
        let found = |name| names(tree(), &SearchScope::All, &named(name));
        assert_eq!(found("sent"), ["Gesendet"]);
        assert_eq!(found("trash"), ["Bin"]);
        assert_eq!(found("project"), ["Project Sent-off"]);
        assert_eq!(found("shelf"), Vec::<String>::new());
    }

    #[test]
    fn a_folder_of_all_mail_stands_for_the_others() {
        let mut folders = tree();
        folders.push(folder("All Mail", Some(FolderRole::All)));
        folders.push(folder("Starred", Some(FolderRole::Starred)));
        let typed = TypedSearch::default();
        assert_eq!(
            names(folders.clone(), &SearchScope::All, &typed),
            ["All Mail"]
        );
        assert_eq!(
            names(folders, &SearchScope::Anywhere, &typed),
            ["All Mail", "Spam", "Bin"]
        );
    }
}
