//! Changes: flags, moves, undo, and new folders.

use std::collections::HashMap;

use app::api::live::LiveEvent;
use app::api::types::{Change, Destination, FolderId, FolderRole, Mark, MessageId, UndoId};
use mail_net::Phase;
use mail_proto::imap::{
    Code, Command, FetchItem, Flag, Keyword, MailboxAttribute, SequenceSet, Status, Store,
    StoreMode, Uid,
};

use super::super::returned::Returned;
use super::super::row::marks_of;
use super::super::selected::{ImapConnection, message_id, uid_of};
use super::super::undo::Undo;
use super::ImapWorker;
use super::moving::count_of;
use crate::account::error::AccountError;
use crate::clients::imap::uid_set;
use crate::domain::Unsupported;
use crate::domain::{Changed, Folder, SourceMark, opposite};

impl ImapWorker {
    /// Sets a mark on messages; messages that already have it are not counted.
    pub(super) async fn mark(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
        mark: Mark,
    ) -> Result<Changed, AccountError> {
        let mailbox = self.mailbox_of(folder).await?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uids = uids_of(connection, messages)?;
        let Marked { changed, missing } = set_mark(connection, &uids, mark).await?;
        let count = count_of(changed.len());
        let uid_validity = connection.selected().map_or(0, |s| s.uid_validity());
        self.notify_changed(&mailbox);
        let undo = match changed.is_empty() {
            true => None,
            false => Some(self.shared.put_undo(Undo::Mark {
                mailbox,
                uid_validity,
                uids: changed,
                mark: opposite(mark),
            })?),
        };
        Ok(Changed {
            what: Change::Marked(mark),
            count,
            gone: missing,
            back: None,
            undo,
        })
    }

    /// Moves messages to a folder or to the folder of a role.
    pub(super) async fn move_messages(
        &mut self,
        folder: &FolderId,
        messages: &[MessageId],
        to: &Destination,
    ) -> Result<Changed, AccountError> {
        let mailbox = self.mailbox_of(folder).await?;
        let (target, role, name) = match to {
            Destination::Role(role) => self
                .shared
                .folder_by_role(*role)
                .ok_or(AccountError::MissingFolder(*role))?,
            Destination::Folder(id) => {
                let wire = self.mailbox_of(id).await?;
                let (name, role, _) = self.shared.folder_of(&wire);
                (wire, role, name)
            }
        };
        if target == mailbox {
            return Err(AccountError::Unsupported(Unsupported::SameFolder));
        }
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uids = uids_of(connection, messages)?;
        let to_validity = connection.selected().map_or(0, |s| s.uid_validity());
        let moved = self.move_uids(&uids, &target).await;
        self.shared.invalidate_counts(&target);
        self.notify_changed(&mailbox);
        self.notify_changed(&target);
        let moved = moved?;
        let undo = match moved.copies {
            Some(copies) => Some(self.shared.put_undo(Undo::Move {
                from: target.clone(),
                uid_validity: copies.uid_validity,
                uids: copies.uids,
                to: mailbox,
                to_validity,
                original_uids: copies.sources,
            })?),
            None => None,
        };
        Ok(Changed {
            what: Change::Moved { role, name },
            count: moved.count,
            gone: moved.missing,
            back: None,
            undo,
        })
    }

    /// Undoes a change, on the connection that has its mailbox selected.
    pub(super) async fn undo(&mut self, id: &UndoId) -> Result<Changed, AccountError> {
        let expired = AccountError::Unsupported(Unsupported::UndoIsOver);
        let undo = self.shared.take_undo(id).ok_or(expired.clone())?;
        let (mailbox, uid_validity) = match undo.clone() {
            Undo::Mark {
                mailbox,
                uid_validity,
                ..
            } => (mailbox, uid_validity),
            Undo::Move {
                from, uid_validity, ..
            } => (from, uid_validity.get()),
        };
        let was_selected = self.has_selected(&mailbox);
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        if connection.selected().map(|s| s.uid_validity()) != Some(uid_validity) {
            return Err(expired);
        }
        if was_selected {
            // The server may not have reported messages that another connection moved here; SEARCH
            // does not find them before.
            connection.run(vec![Command::Noop], Phase::Command).await?;
        }
        let (count, missing, target, messages) = match undo {
            Undo::Mark { uids, mark, .. } => {
                let marked = set_mark(connection, &uids, mark).await?;
                let count = count_of(marked.changed.len());
                let ids = ids_of(uid_validity, &uids);
                (count, marked.missing, mailbox.clone(), ids)
            }
            Undo::Move {
                uids,
                to,
                to_validity,
                original_uids,
                ..
            } => {
                let moved = self.move_uids(&uids, &to).await;
                self.shared.invalidate_counts(&to);
                self.notify_changed(&to);
                let moved = moved?;
                let mut ids = Vec::new();
                if let Some(copies) = moved.copies {
                    ids = ids_of(copies.uid_validity.get(), &copies.uids);
                    if copies.uid_validity.get() == to_validity {
                        let before = uids.into_iter().zip(original_uids).collect();
                        self.shared
                            .put_returned(&to, Returned::from_copies(&copies, &before));
                    }
                }
                (moved.count, moved.missing, to, ids)
            }
        };
        self.notify_changed(&mailbox);
        Ok(Changed {
            what: Change::Undone,
            count,
            gone: missing,
            back: self
                .shared
                .folder(&target)
                .map(|folder| (folder.id, messages)),
            undo: None,
        })
    }

    /// Creates the folder for a role.
    pub(super) async fn create_folder(
        &mut self,
        role: FolderRole,
        name: &str,
    ) -> Result<Folder, AccountError> {
        if let Some((wire, _, _)) = self.shared.folder_by_role(role) {
            return self.shared.folder(&wire).ok_or(AccountError::NotFound);
        }
        let mailbox = self
            .shared
            .new_wire_name(name)
            .ok_or(AccountError::NotFound)?;
        let commands = vec![
            Command::Create {
                mailbox: mailbox.clone(),
                special_use: attribute_of(role),
            },
            Command::Subscribe(mailbox.clone()),
        ];
        let connection = self.connection().await?;
        let responses = connection.run_raw(commands, Phase::Command).await?;
        if let Some(created) = responses.completions.first()
            && created.status != Some(Status::Ok)
            && created.code != Some(Code::AlreadyExists)
        {
            return Err(connection.refusal(created).into());
        }
        self.folders().await?;
        self.shared.set_role(&mailbox, role);
        self.shared.pages.publish(LiveEvent::Resync);
        self.notify_changed(&mailbox);
        self.shared.folder(&mailbox).ok_or(AccountError::NotFound)
    }

    /// Marks a message as answered or forwarded.
    pub(super) async fn mark_source(
        &mut self,
        folder: &FolderId,
        message: &MessageId,
        mark: SourceMark,
    ) -> Result<(), AccountError> {
        let mailbox = self.mailbox_of(folder).await?;
        self.select(&mailbox).await?;
        let connection = self.connection().await?;
        let uid = uid_of(connection, message)?;
        let flag = match mark {
            SourceMark::Answered => Some(Flag::Answered),
            SourceMark::Forwarded => Keyword::new("$Forwarded").map(Flag::Keyword),
        };
        let Some(flag) = flag else { return Ok(()) };
        let store = Command::Store(Store {
            set: SequenceSet::single(uid),
            uid: true,
            mode: StoreMode::Add,
            flags: vec![flag],
            silent: false,
        });
        connection.run(vec![store], Phase::Command).await?;
        self.notify_changed(&mailbox);
        Ok(())
    }
}

/// Returns the UIDs of the page's message ids; one invalid id fails the whole request.
fn uids_of(connection: &ImapConnection, messages: &[MessageId]) -> Result<Vec<Uid>, AccountError> {
    if messages.is_empty() {
        return Err(AccountError::NotFound);
    }
    messages
        .iter()
        .map(|message| uid_of(connection, message))
        .collect()
}

/// The result of setting a mark.
struct Marked {
    /// The messages that did not have the mark before.
    changed: Vec<Uid>,
    /// How many are no longer in the mailbox.
    missing: u32,
}

/// Sets a mark.
async fn set_mark(
    connection: &mut ImapConnection,
    uids: &[Uid],
    mark: Mark,
) -> Result<Marked, AccountError> {
    let set = uid_set(uids).ok_or(AccountError::NotFound)?;
    let (flag, mode) = match mark {
        Mark::Seen => (Flag::Seen, StoreMode::Add),
        Mark::Unseen => (Flag::Seen, StoreMode::Remove),
        Mark::Starred => (Flag::Flagged, StoreMode::Add),
        Mark::Unstarred => (Flag::Flagged, StoreMode::Remove),
    };
    let items = vec![FetchItem::Uid, FetchItem::Flags];
    let fetch = Command::Fetch {
        set: set.clone(),
        uid: true,
        items,
    };
    let store = Command::Store(Store {
        set,
        uid: true,
        mode,
        flags: vec![flag],
        silent: false,
    });
    let responses = connection.run(vec![fetch, store], Phase::Command).await?;
    // The first FETCH response for a message has its flags before STORE, the last one those after
    // it.
    let mut reported: HashMap<Uid, (bool, bool)> = HashMap::new();
    for data in &responses.fetched {
        if let (Some(uid), Some(flags)) = (data.uid(), data.flags()) {
            let has = marks_of(flags).has(mark);
            reported.entry(uid).or_insert((has, true)).1 = has;
        }
    }
    let mut uids = uids.to_vec();
    uids.sort_unstable();
    uids.dedup();
    let (known, unknown): (Vec<Uid>, Vec<Uid>) =
        uids.into_iter().partition(|uid| reported.contains_key(uid));
    let is_changed = |uid: &Uid| reported.get(uid) == Some(&(false, true));
    Ok(Marked {
        changed: known.into_iter().filter(is_changed).collect(),
        missing: connection.count_missing(&unknown).await?,
    })
}

/// Returns the page's message ids for UIDs.
fn ids_of(uid_validity: u32, uids: &[Uid]) -> Vec<MessageId> {
    let ids = uids.iter().map(|uid| message_id(uid_validity, *uid));
    ids.collect()
}

fn attribute_of(role: FolderRole) -> Option<MailboxAttribute> {
    Some(match role {
        FolderRole::Drafts => MailboxAttribute::Drafts,
        FolderRole::Sent => MailboxAttribute::Sent,
        FolderRole::Archive => MailboxAttribute::Archive,
        FolderRole::Junk => MailboxAttribute::Junk,
        FolderRole::Trash => MailboxAttribute::Trash,
        FolderRole::Inbox | FolderRole::Starred | FolderRole::All => return None,
    })
}
