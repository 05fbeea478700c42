//! The process-wide memory limit for mail: memory is charged before it is used.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Limit of all accounts of the process together, in KiB: responses in progress, rows, messages.
const PROCESS_MAX_KIB: usize = 256 << 10;

/// A memory limit that [`Share`]s are charged to. Cheap to clone.
///
/// A [`Share`] is created from a budget only, so that all data from servers is charged to one.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Option<Arc<Semaphore>>);

impl Budget {
    /// No limit, for the command line: one user's process.
    pub(crate) const UNLIMITED: Self = Self(None);

    /// Creates the budget for all accounts of a process.
    pub(crate) fn of_process() -> Self {
        Self(Some(Arc::new(Semaphore::new(PROCESS_MAX_KIB))))
    }

    /// Creates an empty share.
    pub(crate) fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            permit: None,
        }
    }

    /// Waits for a share of `bytes`, at most for `max_wait`.
    ///
    /// # Errors
    /// [`Overloaded`] if other shares hold the memory for that time.
    pub(crate) async fn wait_for(
        &self,
        bytes: u64,
        max_wait: Duration,
    ) -> Result<Share, Overloaded> {
        let mut share = self.share();
        if let Some(all) = &self.0 {
            let permit = Arc::clone(all).acquire_many_owned(kib(bytes));
            let permit = timeout(max_wait, permit).await;
            let permit = permit.map_err(|_| Overloaded)?;
            share.permit = Some(permit.map_err(|_| Overloaded)?);
        }
        Ok(share)
    }
}

/// Other shares hold the memory that a request needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overloaded;

/// A share of a budget, returned on drop.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    permit: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Creates another, empty share of the same budget.
    pub(crate) fn another(&self) -> Self {
        self.budget.share()
    }

    /// Grows the share to `bytes` if it is smaller. Does not wait.
    ///
    /// # Errors
    /// [`Overloaded`] if other shares hold the memory; the share is unchanged then.
    pub(crate) fn grow_to(&mut self, bytes: u64) -> Result<(), Overloaded> {
        let Some(all) = &self.budget.0 else {
            return Ok(());
        };
        let missing = kib(bytes).saturating_sub(self.kib());
        if missing == 0 {
            return Ok(());
        }
        let more = Arc::clone(all)
            .try_acquire_many_owned(missing)
            .map_err(|_| Overloaded)?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }

    /// Returns the memory over `bytes` to the budget.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let spare = self.kib().saturating_sub(kib(bytes));
        if let Some(permit) = &mut self.permit {
            drop(permit.split(usize::try_from(spare).unwrap_or(usize::MAX)));
        }
    }

    fn kib(&self) -> u32 {
        let permits = self
            .permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        u32::try_from(permits).unwrap_or(u32::MAX)
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_grows_and_shrinks() {
        let mut share = Budget::of_process().share();
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
    async fn a_share_over_the_process_limit_is_refused() {
        let beyond = (PROCESS_MAX_KIB as u64 + 1) << 10;
        let budget = Budget::of_process();
        let refused = budget.share().grow_to(beyond);
        assert!(matches!(refused, Err(Overloaded)));
        let refused = budget.wait_for(beyond, Duration::from_secs(1)).await;
        assert!(matches!(refused, Err(Overloaded)));
    }

    #[tokio::test]
    async fn a_share_uses_memory_of_its_own_budget_only() {
        let budget = Budget::of_process();
        let mut all = budget.share();
        all.grow_to((PROCESS_MAX_KIB as u64) << 10).unwrap();
        assert!(all.another().grow_to(1).is_err());
        assert!(Budget::of_process().share().grow_to(1).is_ok());
        assert!(Budget::UNLIMITED.share().grow_to(1 << 40).is_ok());
        drop(all);
        assert!(budget.share().grow_to(1).is_ok());
    }
}
