//! Searches of a session: they run over the folders of several accounts, and each request returns a
//! window of what was found so far, newest first.
//!
//! Every folder is searched in parts, the newest messages first, and each part is a request of its own
//! to the connection: a message that is opened meanwhile waits for one part at most. The size of a part
//! follows the server's speed.

mod order;
mod places;
mod run;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::types::{AccountId, MessageId, SearchQuery, ViewId, Window};
use futures_util::future::join_all;
use jiff::civil::Date;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::account::error::{AccountError, InvalidField};
use crate::account::handle::AccountHandle;
use crate::account::model::random_id;
use crate::account::search::TypedSearch;
use crate::account::worker::{RequestKind, RequestTarget};
use crate::clients::budget::{Overloaded, Share};
use crate::domain::{Row, SearchGap};
use order::{FolderHits, merge};
pub(crate) use places::SearchedFolder;
use run::Runner;

/// Maximum number of searches of a session that are kept; the least recently used is dropped for a new
/// one.
const SEARCHES_MAX: usize = 4;
/// A search that was not asked for during this time is dropped.
const UNUSED_FOR: Duration = Duration::from_secs(600);
/// A search that ended and was not asked for during this time begins again.
const STALE_AFTER: Duration = Duration::from_secs(60);
/// How long a request waits for more results after the first ones.
const MORE_RESULTS_WAIT: Duration = Duration::from_millis(50);
/// How long a request waits for a first result.
const FIRST_RESULT_WAIT: Duration = Duration::from_secs(2);
/// How long a page that is being rendered waits for the end: without script it does not update itself.
const PAGE_WAIT: Duration = Duration::from_secs(3);
/// While a search runs, rows are used again for this long: the page asks for them with every result.
const ROWS_FRESH_FOR: Duration = Duration::from_secs(2);
/// How often the rows of a window are fetched again because messages of it no longer exist.
const ROUNDS_MAX: usize = 100;

/// A window of the results of a search.
pub(crate) struct SearchList {
    /// The rows, each with the folder in which it lies.
    pub(crate) rows: Vec<(SearchedFolder, Row)>,
    pub(crate) offset: u32,
    /// The number of results so far.
    pub(crate) total: u32,
    /// The number of folders to be searched, and of those that were searched to their end.
    pub(crate) folders: u32,
    pub(crate) searched: u32,
    /// The view in which it runs.
    pub(crate) view: ViewId,
    pub(crate) state: SearchState,
    pub(crate) problems: Vec<SearchProblem>,
}

/// Whether a search goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchState {
    Running,
    /// The user stopped it.
    Stopped,
    Ended,
}

/// What a search could not do.
#[derive(Debug, Clone)]
pub(crate) enum SearchProblem {
    /// The folders of an account could not be listed, or its server failed.
    Account {
        account: AccountId,
        error: AccountError,
    },
    /// A folder could not be searched.
    Folder {
        folder: SearchedFolder,
        error: AccountError,
    },
    /// A folder was searched in part.
    Gap {
        folder: SearchedFolder,
        gap: SearchGap,
    },
    /// Of a folder only this many results are kept, the newest ones.
    Cut { folder: SearchedFolder, max: u32 },
    /// No folder or account fits what was typed.
    NoPlace,
}

/// The searches of one session.
#[derive(Debug, Clone, Default)]
pub(super) struct Searches(Arc<Mutex<VecDeque<Arc<Search>>>>);

/// Messages whose rows are needed, with the number of their folder.
type Needed = Vec<(usize, Vec<MessageId>)>;

/// One search.
#[derive(Debug)]
struct Search {
    id: ViewId,
    query: SearchQuery,
    cancel: CancellationToken,
    results: Mutex<Results>,
    /// Incremented when results arrive.
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Results {
    folders: Vec<FolderHits>,
    searched: u32,
    state: SearchState,
    problems: Vec<SearchProblem>,
    used_at: Instant,
    share: Share,
}

impl Drop for Search {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Search {
    fn results(&self) -> MutexGuard<'_, Results> {
        // No code that holds the lock can panic with the results half changed.
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces new results to the requests that wait.
    fn notify(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }
}

impl Results {
    fn found(&self) -> usize {
        self.folders.iter().map(FolderHits::len).sum()
    }

    /// Charges the results to the process's memory budget.
    fn charge(&mut self) -> Result<(), Overloaded> {
        let bytes = self.folders.iter().map(FolderHits::weight_bytes).sum();
        self.share.shrink_to(bytes);
        self.share.grow_to(bytes)
    }

    fn is_stale(&self) -> bool {
        self.state != SearchState::Running && self.used_at.elapsed() > STALE_AFTER
    }
}

impl Searches {
    fn all(&self) -> MutexGuard<'_, VecDeque<Arc<Search>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops a search. What it found stays.
    pub(super) fn stop(&self, view: &ViewId) {
        let search = self.all().iter().find(|search| search.id == *view).cloned();
        if let Some(search) = search {
            let mut results = search.results();
            if results.state == SearchState::Running {
                results.state = SearchState::Stopped;
            }
            drop(results);
            search.cancel.cancel();
            search.notify();
        }
    }

    /// Returns a window of a search. Begins it, unless it runs or has run a short time ago.
    ///
    /// A request waits for the end of the search, or for its first results and those that come with
    /// them. A page that is being rendered, whose handles have a caller, waits longer.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] if what was typed cannot be searched; the error of the connection, if
    /// the rows cannot be fetched.
    pub(super) async fn list(
        &self,
        handles: &[AccountHandle],
        query: &SearchQuery,
        window: Window,
        today: Date,
    ) -> Result<SearchList, AccountError> {
        let typed =
            TypedSearch::read(&query.text, today).map_err(|problem| AccountError::Invalid {
                field: "q",
                problem: InvalidField::Search(problem),
            })?;
        let search = self.find_or_begin(handles, query, window, typed)?;
        let mut changes = search.changes.subscribe();
        let is_page = handles.iter().any(|handle| handle.caller().is_some());
        let begun = Instant::now();
        let mut found_at = None;
        loop {
            let (has_found, state) = {
                let results = search.results();
                (results.found() > 0, results.state)
            };
            if has_found {
                found_at.get_or_insert_with(Instant::now);
            }
            let until = match found_at {
                _ if is_page => begun + PAGE_WAIT,
                Some(found_at) => found_at + MORE_RESULTS_WAIT,
                None => begun + FIRST_RESULT_WAIT,
            };
            let is_over = state != SearchState::Running || Instant::now() >= until;
            if is_over || timeout_at(until, changes.changed()).await.is_err() {
                return search.window(handles, window).await;
            }
        }
    }

    fn find_or_begin(
        &self,
        handles: &[AccountHandle],
        query: &SearchQuery,
        window: Window,
        typed: TypedSearch,
    ) -> Result<Arc<Search>, AccountError> {
        let mut all = self.all();
        all.retain(|search| {
            let results = search.results();
            let is_begun_again = window.offset == 0 && search.query == *query && results.is_stale();
            !is_begun_again && results.used_at.elapsed() < UNUSED_FOR
        });
        if let Some(at) = all.iter().position(|search| search.query == *query)
            && let Some(search) = all.remove(at)
        {
            all.push_back(Arc::clone(&search));
            search.results().used_at = Instant::now();
            return Ok(search);
        }
        if all.len() >= SEARCHES_MAX {
            all.pop_front();
        }
        let budget = handles.first().ok_or(AccountError::SignedOut)?.budget();
        let search = Arc::new(Search {
            id: ViewId(random_id()?),
            query: query.clone(),
            cancel: CancellationToken::new(),
            results: Mutex::new(Results {
                folders: Vec::new(),
                searched: 0,
                state: SearchState::Running,
                problems: Vec::new(),
                used_at: Instant::now(),
                share: budget.share(),
            }),
            changes: watch::Sender::new(0),
        });
        all.push_back(Arc::clone(&search));
        Runner::start(&search, handles, typed);
        Ok(search)
    }
}

impl Search {
    /// Returns a window of what was found so far.
    async fn window(
        &self,
        handles: &[AccountHandle],
        window: Window,
    ) -> Result<SearchList, AccountError> {
        let limit = window.limit.clamp(1, Window::MAX_LIMIT);
        let skipped = usize::try_from(window.offset).unwrap_or(usize::MAX);
        let end = skipped.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX));
        let begun = Instant::now();
        for _ in 0..ROUNDS_MAX {
            let needed = {
                let results = self.results();
                let since = match results.state {
                    SearchState::Running => begun.checked_sub(ROWS_FRESH_FOR).unwrap_or(begun),
                    _ => begun,
                };
                match rows_of(&results, skipped, end, since) {
                    Ok(rows) => return Ok(self.list(&results, rows, window.offset)),
                    Err(needed) => needed,
                }
            };
            self.fetch(handles, needed).await?;
        }
        Err(AccountError::Withheld)
    }

    /// Fetches the rows of messages; accounts at the same time. A folder that fails is left out of the
    /// results from now on.
    async fn fetch(&self, handles: &[AccountHandle], needed: Needed) -> Result<(), AccountError> {
        let requests = needed.into_iter().map(|(at, ids)| async move {
            let of = {
                let results = self.results();
                results
                    .folders
                    .get(at)
                    .map(|folder| folder.place.folder.clone())
            };
            let of = of.ok_or(AccountError::NotFound)?;
            let handle = handles.iter().find(|handle| handle.id() == of.account);
            let (folder, messages) = (of.folder.clone(), ids.clone());
            let rows = match handle {
                Some(handle) => {
                    let target = RequestTarget::Folder(of.folder.clone());
                    handle
                        .request(target, RequestKind::Read, move |store| {
                            store.rows(folder.clone(), messages.clone())
                        })
                        .await
                }
                // The account left the session.
                None => Ok(Vec::new()),
            };
            Ok::<_, AccountError>((at, ids, rows))
        });
        for fetched in join_all(requests).await {
            let (at, ids, rows) = fetched?;
            let mut results = self.results();
            let mut problem = None;
            if let Some(folder) = results.folders.get_mut(at) {
                match rows {
                    Ok(rows) => folder.store(&ids, rows),
                    Err(AccountError::SignedOut) => return Err(AccountError::SignedOut),
                    Err(error) => {
                        let place = folder.place.clone();
                        *folder = FolderHits::new(place.clone());
                        problem = Some(SearchProblem::Folder {
                            folder: place,
                            error,
                        });
                    }
                }
            }
            results.problems.extend(problem);
            results.charge()?;
        }
        Ok(())
    }

    fn list(
        &self,
        results: &Results,
        mut rows: Vec<(SearchedFolder, Row)>,
        offset: u32,
    ) -> SearchList {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        for (position, (_, row)) in (offset..).zip(&mut rows) {
            row.position = position;
        }
        SearchList {
            rows,
            offset: offset.min(count(results.found())),
            total: count(results.found()),
            folders: count(results.folders.len()),
            searched: results.searched,
            view: self.id.clone(),
            state: results.state,
            problems: results.problems.clone(),
        }
    }
}

/// Returns the rows of a window that were fetched after `since`, or what must be fetched for them.
fn rows_of(
    results: &Results,
    skipped: usize,
    end: usize,
    since: Instant,
) -> Result<Vec<(SearchedFolder, Row)>, Needed> {
    let folders = &results.folders;
    let merged = match merge(folders, end) {
        Ok(merged) => merged,
        Err(undated) => {
            let undated = undated.into_iter();
            let needed = undated.filter_map(|at| Some((at, folders.get(at)?.undated())));
            return Err(needed.collect());
        }
    };
    let mut rows = Vec::new();
    let mut needed: Needed = Vec::new();
    for (at, hit) in merged.into_iter().skip(skipped) {
        let Some(folder) = folders.get(at) else {
            continue;
        };
        match folder.hit(hit, since) {
            Some((_, Some(row))) => rows.push((folder.place.clone(), row.clone())),
            Some((id, None)) => match needed.iter_mut().find(|(of, _)| *of == at) {
                Some((_, ids)) => ids.push(id.clone()),
                None => needed.push((at, vec![id.clone()])),
            },
            None => {}
        }
    }
    match needed.is_empty() {
        true => Ok(rows),
        false => Err(needed),
    }
}
