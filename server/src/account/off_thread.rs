//! Work that a peer or a message makes large, away from the threads that serve everybody.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::AccountError;

/// Runs work on a thread of its own. A panic ends this work and nothing else.
///
/// # Errors
/// [`AccountError::Internal`] where the work panicked.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AccountError> {
    let done = tokio::task::spawn_blocking(move || catch_unwind(AssertUnwindSafe(work))).await;
    match done {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) => Err(AccountError::Internal(
            "work on a thread of its own panicked".to_owned(),
        )),
        Err(error) => Err(AccountError::Internal(error.to_string())),
    }
}
