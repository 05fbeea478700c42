//! The folders of an account.

use app::api::types::{FolderId, FolderRole};

/// One folder of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// Its id in addresses.
    pub(crate) id: FolderId,
    /// Its own name, decoded, without its parents'.
    pub(crate) name: String,
    /// How deep it stands.
    pub(crate) depth: u32,
    /// What it is for.
    pub(crate) role: Option<FolderRole>,
    /// Whether it can be opened.
    pub(crate) is_selectable: bool,
    /// Whether it was pinned to the top.
    pub(crate) is_pinned: bool,
    /// Unread messages, where known.
    pub(crate) unread: Option<u32>,
    /// All messages, where known.
    pub(crate) total: Option<u32>,
}

/// The folders of an account, in showing order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FolderList {
    pub(crate) folders: Vec<Folder>,
    /// How many more the server listed than are kept.
    pub(crate) left_out: u32,
}
