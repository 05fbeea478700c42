//! Labels and icons of mail's terms.

use std::borrow::Cow;

use crate::api::types::{
    Change, ChangeDone, EntryChange, FolderRole, FolderView, Lang, Limitation, Mark, MessageRow,
    RecipientState,
};

impl Mark {
    /// Applies the mark to a row.
    pub fn apply_to(self, row: &mut MessageRow) {
        match self {
            Self::Seen => row.is_seen = true,
            Self::Unseen => row.is_seen = false,
            Self::Starred => row.is_starred = true,
            Self::Unstarred => row.is_starred = false,
        }
    }

    /// Whether it sets or removes a star: the star button undoes it, so there is no message about
    /// it.
    pub fn is_star(self) -> bool {
        matches!(self, Self::Starred | Self::Unstarred)
    }
}

impl FolderRole {
    /// Its name.
    pub fn name(self, lang: Lang) -> Cow<'static, str> {
        match self {
            Self::Inbox => lang.folder_inbox(),
            Self::Starred => lang.folder_starred(),
            Self::Drafts => lang.folder_drafts(),
            Self::Sent => lang.folder_sent(),
            Self::Archive => lang.folder_archive(),
            Self::Junk => lang.folder_junk(),
            Self::Trash => lang.folder_trash(),
            Self::All => lang.folder_all(),
        }
    }

    /// Its icon.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Starred => "star",
            Self::Drafts => "draft",
            Self::Sent => "send",
            Self::Archive => "archive",
            Self::Junk => "junk",
            Self::Trash => "trash",
            Self::All => "mail",
        }
    }

    /// Its value in form fields.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Starred => "starred",
            Self::Drafts => "drafts",
            Self::Sent => "sent",
            Self::Archive => "archive",
            Self::Junk => "junk",
            Self::Trash => "trash",
            Self::All => "all",
        }
    }
}

impl FolderView {
    /// Its label: by role, otherwise its own name.
    pub fn label(&self, lang: Lang) -> Cow<'static, str> {
        folder_label(self.role, &self.name, lang)
    }
}

/// Returns a folder's label: by role, otherwise its own name.
pub fn folder_label(role: Option<FolderRole>, name: &str, lang: Lang) -> Cow<'static, str> {
    role.map_or_else(|| Cow::Owned(name.to_owned()), |role| role.name(lang))
}

/// Returns a sentence that describes a change.
pub fn change_text(done: &ChangeDone, lang: Lang) -> Cow<'static, str> {
    let n = done.count;
    match &done.change {
        _ if n == 0 && done.gone > 0 => lang.done_gone(),
        _ if n == 0 => lang.done_nothing(),
        Change::Marked(Mark::Seen) => lang.done_seen(n),
        Change::Marked(Mark::Unseen) => lang.done_unseen(n),
        Change::Marked(Mark::Starred) => lang.done_starred(n),
        Change::Marked(Mark::Unstarred) => lang.done_unstarred(n),
        Change::Moved {
            role: Some(FolderRole::Archive),
            ..
        } => lang.done_archived(n),
        Change::Moved { role, name } => lang.done_moved(n, folder_label(*role, name, lang)),
        Change::DeletePending { in_secs } => lang.done_delete_pending(n, *in_secs),
        Change::Undone => lang.done_undone(),
    }
}

/// Whether an account has one folder only, as POP3 does.
pub fn has_one_folder(limitations: &[Limitation]) -> bool {
    limitations.contains(&Limitation::OneFolder)
}

impl RecipientState {
    /// Its name.
    pub fn name(self, lang: Lang) -> Cow<'static, str> {
        match self {
            Self::Waiting => lang.state_waiting(),
            Self::HandedOver => lang.state_handed_over(),
            Self::Delayed => lang.state_delayed(),
            Self::Refused => lang.state_refused(),
            Self::NotSent => lang.state_not_sent(),
            Self::Unknown => lang.state_unknown(),
            Self::Stopped => lang.state_stopped(),
        }
    }

    /// Its icon and the class of its colour.
    pub fn badge(self) -> (&'static str, &'static str) {
        match self {
            Self::Waiting => ("clock", ""),
            Self::Stopped => ("close", ""),
            Self::HandedOver => ("check", "ok"),
            Self::Delayed => ("clock", "warn"),
            Self::Refused | Self::NotSent => ("alert", "bad"),
            Self::Unknown => ("help", "warn"),
        }
    }
}

impl EntryChange {
    /// The sentence that describes the change.
    pub fn done(self, lang: Lang) -> Cow<'static, str> {
        match self {
            Self::Retry => lang.entry_retried(),
            Self::Stop => lang.entry_stopped(),
            Self::Remove => lang.entry_removed(),
            Self::PutBack => lang.entry_put_back(),
            Self::Delete => lang.entry_deleted(),
        }
    }
}
