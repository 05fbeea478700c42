//! Lists by source: one folder, or the folders with a role of all accounts, merged.
//!
//! A merged list waits `REPLIES_WAIT` for its accounts, and then for the first reply. It is
//! returned without the slower ones, and their requests continue as a view: each late reply is
//! announced, and cached for the same query.

mod merge;
pub(crate) mod search;
mod view;

use std::time::Duration;

use app::api::types::{
    AccountId, FolderId, FolderRef, FolderRole, ListAt, ListQuery, ListSource, ViewId, Window,
};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::civil::Date;
use tokio_util::sync::CancellationToken;

use super::error::{AccountError, InvalidField};
use super::handle::AccountHandle;
use super::worker::{RequestKind, RequestTarget};
use crate::domain::{FolderList, INBOX_ID, Listing, Row};
use merge::{FolderPosition, MergeCursor, Part, merge};
use search::SearchList;
pub use view::Lists;

/// How long a merged list waits for all of its accounts; after that it is returned once at least
/// one has replied.
const REPLIES_WAIT: Duration = Duration::from_millis(300);

/// Maximum number of windows of 200 rows that are searched by date if no shown row is found.
const WINDOWS_SEARCHED_MAX: usize = 10;

/// A window of a list.
pub(crate) enum List {
    /// The rows of one folder.
    Folder(FolderRef, Listing),
    /// The merged rows of the folders with a role.
    Merged(MergedList),
    /// What a search found so far.
    Search(SearchList),
}

/// Rows of several folders, newest first.
pub(crate) struct MergedList {
    pub(crate) role: FolderRole,
    pub(crate) rows: Vec<(FolderRef, Row)>,
    /// The number of all messages of the folders that replied.
    pub(crate) total: u32,
    /// The number of unread messages, if all folders report it.
    pub(crate) unread: Option<u32>,
    /// The cursor of the next rows; `None` at the end of the list.
    pub(crate) next: Option<String>,
    /// Accounts that have not replied yet.
    pub(crate) pending: Vec<AccountId>,
    /// The view in which their requests continue.
    pub(crate) view: Option<ViewId>,
    /// Accounts that failed.
    pub(crate) failed: Vec<(AccountId, AccountError)>,
}

impl Lists {
    /// Returns a window of a list of a session's accounts. `today` is the day of the request, for
    /// searches.
    ///
    /// # Errors
    /// The account's error; of several accounts only if none of them succeeds.
    pub(crate) async fn list(
        &self,
        handles: &[AccountHandle],
        query: ListQuery,
        today: Date,
    ) -> Result<List, AccountError> {
        match (&query.source, handles) {
            (ListSource::Search(search), _) => {
                let window = window(&query)?;
                let list = self.searches.list(handles, search, window, today).await?;
                Ok(List::Search(list))
            }
            (ListSource::Folder(of), _) => {
                let handle = handles.iter().find(|handle| handle.id() == of.account);
                let handle = handle.ok_or(AccountError::NotFound)?;
                let window = window(&query)?;
                let listing = folder(handle, of.folder.clone(), window).await?;
                Ok(List::Folder(of.clone(), listing))
            }
            (ListSource::Role(role), [handle]) => {
                let window = window(&query)?;
                let of = folder_of(handle, *role).await?;
                let of = of.ok_or(AccountError::MissingFolder(*role))?;
                let listing = folder(handle, of.folder.clone(), window).await?;
                Ok(List::Folder(of, listing))
            }
            (ListSource::Role(role), _) => self.merged(handles, *role, &query).await,
        }
    }

    async fn merged(
        &self,
        handles: &[AccountHandle],
        role: FolderRole,
        query: &ListQuery,
    ) -> Result<List, AccountError> {
        let cursor = match &query.at {
            ListAt::Offset(0) => MergeCursor::default(),
            ListAt::Offset(_) => return Err(invalid_position()),
            ListAt::Cursor(cursor) => MergeCursor::parse(cursor).ok_or_else(invalid_position)?,
        };
        let is_own = |id: &AccountId| handles.iter().any(|handle| handle.id() == *id);
        let cursor = cursor.of_accounts(is_own);
        let limit = query.limit.clamp(1, Window::MAX_LIMIT - 1);
        let earlier = self.resume(query);
        let cancel = handles
            .first()
            .and_then(AccountHandle::caller)
            .map_or_else(CancellationToken::new, CancellationToken::child_token);
        let mut replies = earlier.replies;
        replies.retain(|(id, _)| is_own(id));
        let mut requests: FuturesUnordered<_> = handles
            .iter()
            .filter(|handle| {
                let id = handle.id();
                !earlier.pending.contains(&id) && !replies.iter().any(|(known, _)| *known == id)
            })
            .map(|handle| {
                let (handle, position) = (handle.read_by(cancel.clone()), cursor.of(&handle.id()));
                Box::pin(async move {
                    let part = part(&handle, role, position, limit).await;
                    (handle, part)
                })
            })
            .collect();
        let replies_wait = tokio::time::sleep(REPLIES_WAIT);
        tokio::pin!(replies_wait);
        loop {
            tokio::select! {
                biased;
                next = requests.next() => match next {
                    Some((handle, reply)) => replies.push((handle.id(), reply)),
                    None => break,
                },
                () = &mut replies_wait, if !replies.is_empty() => break,
            }
        }
        let late: Vec<AccountId> = handles
            .iter()
            .map(AccountHandle::id)
            .filter(|id| !replies.iter().any(|(known, _)| known == id))
            .collect();
        let new: Vec<AccountId> = late
            .iter()
            .filter(|id| !earlier.pending.contains(id))
            .cloned()
            .collect();
        let view = match new.is_empty() {
            true => earlier.view,
            false => {
                Some(self.continue_in_view(query.clone(), earlier.view, new, requests, cancel)?)
            }
        };
        // In the order of the accounts, whichever replied first.
        let order = |id: &AccountId| handles.iter().position(|handle| handle.id() == *id);
        replies.sort_by_key(|(id, _)| order(id));
        let (mut parts, mut failed) = (Vec::new(), Vec::new());
        for (id, reply) in replies {
            match reply {
                Ok(part) => parts.extend(part),
                Err(error) => failed.push((id, error)),
            }
        }
        if let (true, true, Some((_, error))) = (parts.is_empty(), late.is_empty(), failed.first())
        {
            return Err(error.clone());
        }
        let total = parts
            .iter()
            .fold(0_u32, |sum, part| sum.saturating_add(part.total));
        let unread = parts
            .iter()
            .try_fold(0_u32, |sum, part| Some(sum.saturating_add(part.unread?)));
        let (rows, cursor) = merge(parts, cursor, limit);
        Ok(List::Merged(MergedList {
            role,
            rows,
            total,
            unread,
            next: (cursor.is_more() || !late.is_empty()).then(|| cursor.to_text()),
            view,
            pending: late,
            failed,
        }))
    }
}

fn invalid_position() -> AccountError {
    AccountError::Invalid {
        field: "at",
        problem: InvalidField::InvalidPosition,
    }
}

fn window(query: &ListQuery) -> Result<Window, AccountError> {
    match query.at {
        ListAt::Offset(offset) => Ok(Window {
            offset,
            limit: query.limit,
        }),
        ListAt::Cursor(_) => Err(invalid_position()),
    }
}

async fn folder(
    handle: &AccountHandle,
    folder: FolderId,
    window: Window,
) -> Result<Listing, AccountError> {
    handle
        .request(
            RequestTarget::Folder(folder.clone()),
            RequestKind::Read,
            move |store| store.list(folder.clone(), window),
        )
        .await
}

/// Returns the folders of an account.
async fn folders(handle: &AccountHandle) -> Result<FolderList, AccountError> {
    handle
        .request(RequestTarget::Account, RequestKind::Read, |store| {
            store.folders()
        })
        .await
}

/// Returns the folder with a role, if the account has one.
async fn folder_of(
    handle: &AccountHandle,
    role: FolderRole,
) -> Result<Option<FolderRef>, AccountError> {
    let folder = match role {
        FolderRole::Inbox => Some(FolderId::from(INBOX_ID)),
        _ => {
            let folders = folders(handle).await?;
            let found = folders.folders.into_iter().find(|f| f.role == Some(role));
            found.map(|folder| folder.id)
        }
    };
    Ok(folder.map(|folder| FolderRef {
        account: handle.id(),
        folder,
    }))
}

/// Returns the rows of an account from a position on; `None` if it has no folder with the role.
async fn part(
    handle: &AccountHandle,
    role: FolderRole,
    position: Option<FolderPosition>,
    limit: u32,
) -> Result<Option<Part>, AccountError> {
    let Some(position) = position else {
        let Some(of) = folder_of(handle, role).await? else {
            return Ok(None);
        };
        let window = Window { offset: 0, limit };
        let listing = folder(handle, of.folder.clone(), window).await?;
        return Ok(Some(Part::new(of, listing, 0)));
    };
    let of = FolderRef {
        account: handle.id(),
        folder: position.folder.clone(),
    };
    let list = |offset, limit| folder(handle, position.folder.clone(), Window { offset, limit });
    let after = async |listing: Listing, shown: u32| {
        let is_enough = listing.rows.len() as u64 >= u64::from(shown) + u64::from(limit);
        if is_enough || listing.is_at_end() {
            return Ok(Some(Part::new(of.clone(), listing, shown)));
        }
        let offset = listing.offset.saturating_add(shown);
        Ok(Some(Part::new(of.clone(), list(offset, limit).await?, 0)))
    };
    // The last shown row is searched for: at its old position, and below (messages arrived).
    let expected = position.offset.saturating_sub(1);
    for wanted in [limit + 1, Window::MAX_LIMIT] {
        let listing = list(expected, wanted).await?;
        if let Some(shown) = position.shown_of(&listing) {
            return after(listing, shown).await;
        }
    }
    // Then above (messages were removed). If none of the shown rows exists any more, the list
    // continues at the first row that is not newer than the last one.
    let mut end = expected;
    for _ in 0..WINDOWS_SEARCHED_MAX {
        let begin = end.saturating_sub(Window::MAX_LIMIT - 1);
        let listing = list(begin, Window::MAX_LIMIT).await?;
        if let Some(shown) = position.shown_of(&listing) {
            return after(listing, shown).await;
        }
        let Some(date) = position.date_unix_ms else {
            end = position.offset.saturating_sub(position.shown_count());
            break;
        };
        let is_not_newer = |row: &Row| row.date_unix_ms.is_some_and(|at| at <= date);
        let first = listing.rows.iter().position(is_not_newer);
        let first = first.unwrap_or(listing.rows.len());
        if first > 0 || begin == 0 {
            let skipped = u32::try_from(first).unwrap_or(u32::MAX);
            end = listing.offset.saturating_add(skipped);
            break;
        }
        // Rows further up may not be newer either.
        end = begin;
    }
    Ok(Some(Part::new(of, list(end, limit).await?, 0)))
}
