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

/// The pending requests of a query, and the replies that no request has returned yet.
#[derive(Debug)]
struct View {
    id: ViewId,
    query: ListQuery,
    pending: Vec<AccountId>,
    answers: Vec<(AccountId, PartResult, Share)>,
    /// When the last reply arrived.
    over_at: Option<Instant>,
    /// One token for each request that left accounts pending.
    cancel: Vec<CancellationToken>,
}

impl Drop for View {
    fn drop(&mut self) {
        for cancel in &self.cancel {
            cancel.cancel();
        }
    }
}

/// The replies and pending accounts of earlier requests for the same query.
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

    /// Returns the state of earlier requests for the same query. Each late reply is returned once:
    /// the next request asks its account again.
    pub(super) fn resume(&self, query: &ListQuery) -> Earlier {
        let mut views = self.views();
        let Some(at) = views.iter().position(|view| view.query == *query) else {
            return Earlier::default();
        };
        let Some(view) = views.get_mut(at) else {
            return Earlier::default();
        };
        let answers = std::mem::take(&mut view.answers);
        let mut earlier = Earlier {
            answers: answers
                .into_iter()
                .map(|(id, part, _)| (id, part))
                .collect(),
            pending: view.pending.clone(),
            view: Some(view.id.clone()),
        };
        if view.pending.is_empty() {
            earlier.view = None;
            views.remove(at);
        }
        earlier
    }

    /// Continues the pending requests of `accounts` in the view `into`, or in a new one if there is
    /// none, and announces each reply.
    pub(super) fn go_on<F>(
        &self,
        query: ListQuery,
        into: Option<ViewId>,
        accounts: Vec<AccountId>,
        mut asked: FuturesUnordered<F>,
        cancel: CancellationToken,
    ) -> Result<ViewId, AccountError>
    where
        F: Future<Output = (AccountHandle, PartResult)> + Send + 'static,
    {
        let id = self.extend(query, into, accounts, cancel.clone())?;
        let (lists, view) = (self.clone(), id.clone());
        tokio::spawn(async move {
            while let Some(Some((handle, answer))) = cancel.run_until_cancelled(asked.next()).await
            {
                let Some(pending) = lists.take(&view, &handle, answer) else {
                    return;
                };
                handle.tell(LiveEvent::View {
                    view: view.clone(),
                    pending,
                });
            }
            let expiry = tokio::time::sleep(KEPT_FOR);
            if cancel.run_until_cancelled(expiry).await.is_some() {
                lists.expire(&view);
            }
        });
        Ok(id)
    }

    fn extend(
        &self,
        query: ListQuery,
        into: Option<ViewId>,
        accounts: Vec<AccountId>,
        cancel: CancellationToken,
    ) -> Result<ViewId, AccountError> {
        let mut views = self.views();
        if let Some(id) = into
            && let Some(view) = views.iter_mut().find(|view| view.id == id)
        {
            view.pending.extend(accounts);
            view.cancel.push(cancel);
            view.over_at = None;
            return Ok(id);
        }
        if views.len() >= VIEWS_MAX {
            views.pop_front();
        }
        let id = ViewId(random_id()?);
        views.push_back(View {
            id: id.clone(),
            query,
            pending: accounts,
            answers: Vec::new(),
            over_at: None,
            cancel: vec![cancel],
        });
        Ok(id)
    }

    /// Stores a reply. Returns how many are still pending; `None` if the view was cancelled.
    fn take(&self, id: &ViewId, handle: &AccountHandle, answer: PartResult) -> Option<u32> {
        let mut views = self.views();
        let view = views.iter_mut().find(|view| view.id == *id)?;
        view.pending.retain(|known| *known != handle.id());
        view.over_at = view.pending.is_empty().then(Instant::now);
        let mut share = handle.budget().share();
        let answer = match answer {
            Ok(Some(part)) => match share.grow_to(part.weight_bytes()) {
                Ok(()) => Some(Ok(Some(part))),
                Err(overloaded) => Some(Err(overloaded.into())),
            },
            // The account left the session.
            Err(AccountError::SignedOut) => None,
            answer => Some(answer),
        };
        view.answers
            .extend(answer.map(|answer| (handle.id(), answer, share)));
        Some(u32::try_from(view.pending.len()).unwrap_or(u32::MAX))
    }

    /// Drops a view whose replies were not requested in time.
    fn expire(&self, id: &ViewId) {
        let is_expired = |view: &View| view.over_at.is_some_and(|at| at.elapsed() >= KEPT_FOR);
        self.views()
            .retain(|view| view.id != *id || !is_expired(view));
    }
}
