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
use super::search::Searches;
use crate::account::error::AccountError;
use crate::account::handle::AccountHandle;
use crate::account::model::random_id;
use crate::clients::budget::Share;

/// Maximum number of views of a session; the oldest is dropped for a new one.
const VIEWS_MAX: usize = 8;
/// How long late replies are cached once all of them have arrived.
const REPLIES_LIFETIME: Duration = Duration::from_secs(30);

/// An account's reply; `None` if it has no such folder.
pub(super) type PartResult = Result<Option<Part>, AccountError>;

/// The incomplete lists of one session, and its searches.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    views: Arc<Mutex<VecDeque<View>>>,
    pub(super) searches: Searches,
}

/// The pending requests of a query, and the replies that no request has returned yet.
#[derive(Debug)]
struct View {
    id: ViewId,
    query: ListQuery,
    pending: Vec<AccountId>,
    replies: Vec<(AccountId, PartResult, Share)>,
    /// When the last reply arrived.
    completed_at: Option<Instant>,
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
    pub(super) replies: Vec<(AccountId, PartResult)>,
    /// Accounts with pending requests.
    pub(super) pending: Vec<AccountId>,
    /// The view of these requests.
    pub(super) view: Option<ViewId>,
}

impl Lists {
    fn views(&self) -> MutexGuard<'_, VecDeque<View>> {
        // No code that holds the lock can panic with a view half changed.
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels a view: its pending responses are drained from the connections. What a search found
    /// before stays.
    pub(crate) fn cancel(&self, view: &ViewId) {
        self.searches.stop(view);
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
        let replies = std::mem::take(&mut view.replies);
        let mut earlier = Earlier {
            replies: replies
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
    pub(super) fn continue_in_view<F>(
        &self,
        query: ListQuery,
        into: Option<ViewId>,
        accounts: Vec<AccountId>,
        mut requests: FuturesUnordered<F>,
        cancel: CancellationToken,
    ) -> Result<ViewId, AccountError>
    where
        F: Future<Output = (AccountHandle, PartResult)> + Send + 'static,
    {
        let id = self.extend(query, into, accounts, cancel.clone())?;
        let (lists, view) = (self.clone(), id.clone());
        tokio::spawn(async move {
            while let Some(Some((handle, reply))) =
                cancel.run_until_cancelled(requests.next()).await
            {
                let Some(pending) = lists.store_reply(&view, &handle, reply) else {
                    return;
                };
                handle.publish(LiveEvent::View {
                    view: view.clone(),
                    pending,
                });
            }
            let expiry = tokio::time::sleep(REPLIES_LIFETIME);
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
            view.completed_at = None;
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
            replies: Vec::new(),
            completed_at: None,
            cancel: vec![cancel],
        });
        Ok(id)
    }

    /// Stores a reply. Returns how many are still pending; `None` if the view was cancelled.
    fn store_reply(&self, id: &ViewId, handle: &AccountHandle, reply: PartResult) -> Option<u32> {
        let mut views = self.views();
        let view = views.iter_mut().find(|view| view.id == *id)?;
        view.pending.retain(|known| *known != handle.id());
        view.completed_at = view.pending.is_empty().then(Instant::now);
        let mut share = handle.budget().share();
        let reply = match reply {
            Ok(Some(part)) => match share.grow_to(part.weight_bytes()) {
                Ok(()) => Some(Ok(Some(part))),
                Err(overloaded) => Some(Err(overloaded.into())),
            },
            // The account left the session.
            Err(AccountError::SignedOut) => None,
            reply => Some(reply),
        };
        view.replies
            .extend(reply.map(|reply| (handle.id(), reply, share)));
        Some(u32::try_from(view.pending.len()).unwrap_or(u32::MAX))
    }

    /// Drops a view whose replies were not requested in time.
    fn expire(&self, id: &ViewId) {
        let is_expired = |view: &View| {
            view.completed_at
                .is_some_and(|at| at.elapsed() >= REPLIES_LIFETIME)
        };
        self.views()
            .retain(|view| view.id != *id || !is_expired(view));
    }
}
