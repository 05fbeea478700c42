//! The response of an exchange: what is not sent yet, and since when the peer does not ask for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::limits;

/// A response until it is complete or dropped.
#[derive(Debug, Default)]
pub(super) struct OpenResponse(Mutex<ResponseState>);

/// Its changing part.
#[derive(Debug, Default)]
pub(super) struct ResponseState {
    pub(super) body: Option<Body>,
    /// The unsent rest of the current chunk of the body.
    pub(super) rest: Bytes,
    /// When the last chunk was handed to hyper, while no further one is requested.
    pub(super) last_chunk_at: Option<Instant>,
    /// Permits held until the response is complete.
    pub(super) permits: Vec<OwnedSemaphorePermit>,
    is_aborted: bool,
}

impl OpenResponse {
    pub(super) fn state(&self) -> MutexGuard<'_, ResponseState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether the peer reads nothing of the response. If so, drops the body and the
    /// permits.
    pub(super) fn is_stalled(&self, now: Instant) -> bool {
        let mut response = self.state();
        let is_late = response
            .last_chunk_at
            .is_some_and(|at| at + limits::RESPONSE_WITHIN <= now);
        if !is_late {
            return response.is_aborted;
        }
        response.is_aborted = true;
        response.rest = Bytes::new();
        let dropped = (response.body.take(), std::mem::take(&mut response.permits));
        drop(response);
        drop(dropped);
        true
    }
}
