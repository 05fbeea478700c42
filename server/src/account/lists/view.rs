//! Lists of a session for which some accounts have not replied yet.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::live::LiveEvent;
use app::api::types::{AccountId, ListQuery, ViewId};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::merge::Part;
use crate::account::error::AccountError;
use crate::account::handle::AccountHandle;
use crate::account::model::random_id;
use crate::clients::budget::Share;

/// Maximum number of views of a session; the oldest is dropped for a new one.
const VIEWS_MAX: usize = 8;
/// How long late replies are cached once all of them have arrived.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// An account's reply; `None` if it has no such folder.
pub(super) type PartResult = Result<Option<Part>, AccountError>;

/// The incomplete lists of one session.
#[derive(Debug, Clone, Default)]
pub struct Lists(Arc<Mutex<VecDeque<View>>>);

/// The pending requests of a query, and the replies so far.
#[derive(Debug)]
struct View {
    id: ViewId,
    query: ListQuery,
    pending: Vec<AccountId>,
    answers: Vec<(AccountId, PartResult)>,
    memory: Vec<Share>,
    /// When the last reply arrived.
    over_at: Option<Instant>,
    cancel: CancellationToken,
}

impl Drop for View {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// The replies and pending accounts of an earlier request for the same query.
#[derive(Default)]
pub(super) struct Earlier {
    pub(super) answers: Vec<(AccountId, PartResult)>,
    /// Accounts with pending requests.
    pub(super) pending: Vec<AccountId>,
    /// The view of these requests.
    pub(super) view: Option<ViewId>,
}

impl Lists {
    fn views(&self) -> MutexGuard<'_, VecDeque<View>> {
        // No code that holds the lock can panic with a view half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels a view: its pending responses are drained from the connections.
    pub(crate) fn cancel(&self, view: &ViewId) {
        self.views().retain(|known| known.id != *view);
    }

    /// Returns the state of an earlier request for the same query. Complete replies are returned
    /// once.
    pub(super) fn resume(&self, query: &ListQuery) -> Earlier {
        let mut views = self.views();
        let is_kept = |view: &View| view.over_at.is_none_or(|at| at.elapsed() < KEPT_FOR);
        views.retain(is_kept);
        let Some(at) = views.iter().position(|view| view.query == *query) else {
            return Earlier::default();
        };
        let view = views.get(at).filter(|view| !view.pending.is_empty());
        if let Some(view) = view {
            return Earlier {
                answers: view.answers.clone(),
                pending: view.pending.clone(),
                view: Some(view.id.clone()),
            };
        }
        let answers = views
            .remove(at)
            .map(|mut view| std::mem::take(&mut view.answers));
        Earlier {
            answers: answers.unwrap_or_default(),
            ..Earlier::default()
        }
    }

    /// Continues pending requests as a view, and announces each reply.
    pub(super) fn go_on<F>(
        &self,
        query: ListQuery,
        pending: Vec<AccountId>,
        mut asked: FuturesUnordered<F>,
        cancel: CancellationToken,
    ) -> Result<ViewId, AccountError>
    where
        F: Future<Output = (AccountHandle, PartResult)> + Send + 'static,
    {
        let id = ViewId(random_id()?);
        let mut views = self.views();
        if views.len() >= VIEWS_MAX {
            views.pop_front();
        }
        views.push_back(View {
            id: id.clone(),
            query,
            pending,
            answers: Vec::new(),
            memory: Vec::new(),
            over_at: None,
            cancel: cancel.clone(),
        });
        drop(views);
        let (lists, view) = (self.clone(), id.clone());
        tokio::spawn(async move {
            while let Some(Some((handle, answer))) = cancel.run_until_cancelled(asked.next()).await
            {
                let Some(pending) = lists.take(&view, &handle, answer) else {
                    break;
                };
                handle.tell(LiveEvent::View {
                    view: view.clone(),
                    pending,
                });
            }
        });
        Ok(id)
    }

    /// Stores a reply. Returns how many are still pending; `None` if the view was cancelled.
    fn take(&self, id: &ViewId, handle: &AccountHandle, answer: PartResult) -> Option<u32> {
        let mut views = self.views();
        let view = views.iter_mut().find(|view| view.id == *id)?;
        let mut share = handle.budget().share();
        let answer = match answer {
            Ok(Some(part)) => match share.grow_to(part.weight_bytes()) {
                Ok(()) => Ok(Some(part)),
                Err(overloaded) => Err(overloaded.into()),
            },
            answer => answer,
        };
        view.memory.push(share);
        view.pending.retain(|known| *known != handle.id());
        view.answers.push((handle.id(), answer));
        view.over_at = view.pending.is_empty().then(Instant::now);
        Some(u32::try_from(view.pending.len()).unwrap_or(u32::MAX))
    }
}
