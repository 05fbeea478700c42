//! The folders of an account.

use app::api::types::{FolderId, FolderRole};

/// The id of INBOX, base64url of its name; a POP3 server has no other folder.
pub(crate) const INBOX_ID: &str = "SU5CT1g";

/// One folder of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// Its id in URLs.
    pub(crate) id: FolderId,
    /// Its decoded name, without the names of its parents.
    pub(crate) name: String,
    /// Its depth in the folder tree.
    pub(crate) depth: u32,
    /// Its special use.
    pub(crate) role: Option<FolderRole>,
    /// Whether it can be selected.
    pub(crate) is_selectable: bool,
    /// Whether it is pinned to the top.
    pub(crate) is_pinned: bool,
    /// Number of unread messages, if known.
    pub(crate) unread: Option<u32>,
    /// Number of messages, if known.
    pub(crate) total: Option<u32>,
}

/// The folders of an account, in display order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FolderList {
    pub(crate) folders: Vec<Folder>,
    /// Number of folders that the server listed beyond the limit.
    pub(crate) left_out: u32,
}
