//! Runs work whose size a peer or a message determines off the async threads.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::AccountError;

/// Runs work on a separate thread. A panic ends only this work.
///
/// # Errors
/// [`AccountError::Internal`] if the work panicked.
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
