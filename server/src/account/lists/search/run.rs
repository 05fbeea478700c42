//! The task of a search: searches the folders of each account, and announces what it finds.

use std::sync::{Arc, Weak};
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::SearchScope;
use futures_util::future::{join, join_all};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::places::{SearchedFolder, accounts_of, folders_of};
use super::{FolderHits, Results, Search, SearchProblem, SearchState};
use crate::account::error::AccountError;
use crate::account::handle::AccountHandle;
use crate::account::search::TypedSearch;
use crate::account::worker::{RequestKind, RequestTarget};
use crate::domain::{FolderSearch, Found, INBOX_ID, SearchTerm};

/// Maximum number of results of one folder, the newest ones, and of all folders together.
const FOUND_MAX: usize = 20_000;
const FOUND_TOTAL_MAX: usize = 40_000;
/// How many messages are searched at once: at first, and within which limits later.
const WINDOW_FIRST: u32 = 2_000;
const WINDOW_MIN: u32 = 250;
const WINDOW_MAX: u32 = 50_000;
/// A part that took less is followed by one of the double size, and one that took more by half.
const PART_SHORT: Duration = Duration::from_millis(200);
const PART_LONG: Duration = Duration::from_millis(800);
/// Results are announced at most this often.
const ANNOUNCE_EVERY: Duration = Duration::from_millis(150);

/// A running search.
pub(super) struct Runner {
    /// The search is dropped if no request wants it, whatever its task does.
    search: Weak<Search>,
    scope: SearchScope,
    typed: TypedSearch,
    terms: Arc<[SearchTerm]>,
    cancel: CancellationToken,
}

impl Runner {
    /// Starts the task of a search.
    pub(super) fn start(search: &Arc<Search>, handles: &[AccountHandle], typed: TypedSearch) {
        let runner = Self {
            search: Arc::downgrade(search),
            scope: search.query.scope.clone(),
            terms: typed.terms.clone().into(),
            typed,
            cancel: search.cancel.clone(),
        };
        let accounts = accounts_of(handles, &runner.scope, &runner.typed);
        let accounts: Vec<AccountHandle> = accounts
            .into_iter()
            .map(|handle| handle.read_by(runner.cancel.clone()))
            .collect();
        tokio::spawn(async move {
            let cancel = runner.cancel.clone();
            cancel.run_until_cancelled(runner.run(&accounts)).await;
        });
    }

    async fn run(&self, accounts: &[AccountHandle]) {
        let planned = accounts.iter().map(|handle| async move {
            (handle, folders_of(handle, &self.scope, &self.typed).await)
        });
        join_all(planned.map(|planned| async {
            let (handle, folders) = planned.await;
            match folders {
                Ok(folders) => self.search_account(handle, folders).await,
                Err(error) => self.tell(|results| {
                    results.problems.push(SearchProblem::Account {
                        account: handle.id(),
                        error,
                    });
                }),
            }
        }))
        .await;
        self.tell(|results| {
            if results.folders.is_empty() && results.problems.is_empty() {
                results.problems.push(SearchProblem::NoPlace);
            }
            results.state = SearchState::Ended;
        });
        for handle in accounts {
            self.announce(handle);
        }
    }

    /// Changes the results and wakes the requests that wait for them. A search that was stopped stays
    /// as it is: its last request failed only because it was cancelled.
    fn tell(&self, change: impl FnOnce(&mut Results)) {
        if let Some(search) = self.search.upgrade() {
            let mut results = search.results();
            if results.state == SearchState::Running {
                change(&mut results);
            }
            drop(results);
            search.notify();
        }
    }

    /// Searches the inbox over its connection, and the other folders one after the other over the
    /// second one.
    async fn search_account(&self, handle: &AccountHandle, folders: Vec<SearchedFolder>) {
        let mut first = 0;
        self.tell(|results| {
            first = results.folders.len();
            let hits = folders.iter().cloned().map(FolderHits::new);
            results.folders.extend(hits);
        });
        let (inbox, others): (Vec<_>, Vec<_>) = (first..)
            .zip(folders)
            .partition(|(_, place)| place.folder.folder.as_str() == INBOX_ID);
        let all = async |folders: Vec<(usize, SearchedFolder)>| {
            for (at, place) in folders {
                self.search_folder(handle, at, place).await;
            }
        };
        join(all(inbox), all(others)).await;
    }

    async fn search_folder(&self, handle: &AccountHandle, at: usize, place: SearchedFolder) {
        let mut window = WINDOW_FIRST;
        let (mut next, mut announced_at) = (None, None::<Instant>);
        loop {
            let begun = Instant::now();
            let found = self.search_part(handle, &place, next, window).await;
            window = match begun.elapsed() {
                took if took < PART_SHORT => window.saturating_mul(2).min(WINDOW_MAX),
                took if took > PART_LONG => (window / 2).max(WINDOW_MIN),
                _ => window,
            };
            let (has_found, is_end) = match found {
                Ok(found) => {
                    let has_found = !found.messages.is_empty();
                    next = found.next;
                    let is_full = self.store(at, &place, found);
                    (has_found, next.is_none() || is_full)
                }
                Err(error) => {
                    self.tell(|results| {
                        let folder = place.clone();
                        let problem = SearchProblem::Folder { folder, error };
                        results.problems.push(problem);
                    });
                    (false, true)
                }
            };
            if is_end {
                self.tell(|results| results.searched += 1);
            }
            let is_due = announced_at.is_none_or(|at| at.elapsed() >= ANNOUNCE_EVERY);
            if (has_found && is_due) || is_end {
                announced_at = Some(Instant::now());
                self.announce(handle);
            }
            if is_end {
                return;
            }
        }
    }

    async fn search_part(
        &self,
        handle: &AccountHandle,
        place: &SearchedFolder,
        at: Option<u32>,
        window: u32,
    ) -> Result<Found, AccountError> {
        let folder = place.folder.folder.clone();
        let search = FolderSearch {
            terms: Arc::clone(&self.terms),
            at,
            window,
        };
        let target = RequestTarget::Folder(folder.clone());
        handle
            .request(target, RequestKind::Read, move |store| {
                store.search(folder.clone(), search.clone())
            })
            .await
    }

    /// Stores what a part of a folder has. Returns whether no more results of it are kept.
    fn store(&self, at: usize, place: &SearchedFolder, found: Found) -> bool {
        let mut is_full = false;
        self.tell(|results| {
            let room = FOUND_TOTAL_MAX.saturating_sub(results.found());
            if let Some(folder) = results.folders.get_mut(at) {
                let max = FOUND_MAX.min(folder.len().saturating_add(room));
                let is_cut = folder.add(found.messages, max);
                is_full = is_cut || (folder.len() >= max && found.next.is_some());
            }
            is_full |= results.charge().is_err();
            let folder = place.clone();
            if is_full {
                let max = results.folders.get(at).map_or(0, FolderHits::len);
                let max = u32::try_from(max).unwrap_or(u32::MAX);
                results.problems.push(SearchProblem::Cut { folder, max });
            } else if let Some(gap) = found.gap
                && found.next.is_none()
            {
                results.problems.push(SearchProblem::Gap { folder, gap });
            }
        });
        is_full
    }

    /// Tells the open pages that the same query returns more.
    fn announce(&self, handle: &AccountHandle) {
        if let Some(search) = self.search.upgrade() {
            let results = search.results();
            let folders = u32::try_from(results.folders.len()).unwrap_or(u32::MAX);
            let pending = match results.state {
                SearchState::Running => folders.saturating_sub(results.searched).max(1),
                _ => 0,
            };
            drop(results);
            handle.publish(LiveEvent::View {
                view: search.id.clone(),
                pending,
            });
        }
    }
}
