//! The memory that the mail of all accounts takes in this process: charged before it is kept.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::AccountError;

/// What all accounts of the process hold together, in KiB: answers under way, rows, messages.
const PROCESS_MAX_KIB: usize = 256 << 10;

/// A share of the process's memory for mail. Given back when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Share(Option<OwnedSemaphorePermit>);

impl Share {
    /// Waits for a share of a size, but not for ever.
    ///
    /// # Errors
    /// [`AccountError::Overloaded`] where others hold the memory for that long.
    pub(super) async fn wait_for(bytes: u64, patience: Duration) -> Result<Self, AccountError> {
        let permit = Arc::clone(process()).acquire_many_owned(kib(bytes));
        match timeout(patience, permit).await {
            Ok(Ok(permit)) => Ok(Self(Some(permit))),
            Ok(Err(_)) | Err(_) => Err(AccountError::Overloaded),
        }
    }

    /// Makes the share as large as this, if it is smaller. Does not wait.
    ///
    /// # Errors
    /// [`AccountError::Overloaded`] where others hold the memory; the share stays as it was.
    pub(super) fn grow_to(&mut self, bytes: u64) -> Result<(), AccountError> {
        let missing = kib(bytes).saturating_sub(self.kib());
        if missing == 0 {
            return Ok(());
        }
        let more = Arc::clone(process())
            .try_acquire_many_owned(missing)
            .map_err(|_| AccountError::Overloaded)?;
        match &mut self.0 {
            Some(permit) => permit.merge(more),
            None => self.0 = Some(more),
        }
        Ok(())
    }

    /// Gives back what is over this size.
    pub(super) fn shrink_to(&mut self, bytes: u64) {
        let spare = self.kib().saturating_sub(kib(bytes));
        if let Some(permit) = &mut self.0 {
            drop(permit.split(usize::try_from(spare).unwrap_or(usize::MAX)));
        }
    }

    fn kib(&self) -> u32 {
        let permits = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        u32::try_from(permits).unwrap_or(u32::MAX)
    }
}

fn process() -> &'static Arc<Semaphore> {
    static PROCESS: LazyLock<Arc<Semaphore>> =
        LazyLock::new(|| Arc::new(Semaphore::new(PROCESS_MAX_KIB)));
    &PROCESS
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_grows_shrinks_and_is_given_back() {
        let mut share = Share::default();
        share.grow_to(10 << 10).unwrap();
        share.grow_to(3 << 10).unwrap();
        assert_eq!(share.kib(), 10);
        share.shrink_to(2 << 10);
        assert_eq!(share.kib(), 2);
        share.grow_to(5 << 10).unwrap();
        assert_eq!(share.kib(), 5);
        share.shrink_to(0);
        assert_eq!(share.kib(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_the_process_may_hold_is_refused() {
        let beyond = (PROCESS_MAX_KIB as u64 + 1) << 10;
        let refused = Share::default().grow_to(beyond);
        assert!(matches!(refused, Err(AccountError::Overloaded)));
        let refused = Share::wait_for(beyond, Duration::from_secs(1)).await;
        assert!(matches!(refused, Err(AccountError::Overloaded)));
    }
}
