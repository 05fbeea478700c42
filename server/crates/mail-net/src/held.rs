//! What peers have sent that is not a whole response yet: one budget for the process.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What one connection may hold without being counted: most never hold more.
const FREE_BYTES: usize = 64 << 10;
/// What all connections of the process hold together beyond that.
const PROCESS_MAX_BYTES: usize = 32 << 20;

static PROCESS_BYTES: AtomicUsize = AtomicUsize::new(0);

/// What one connection is counted for. Given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held {
    counted_bytes: usize,
}

impl Held {
    /// Counts a connection for what it holds now. `false` where all together hold too much: then
    /// this connection, which holds some of it and wants more, has to go.
    pub(crate) fn set(&mut self, bytes: usize) -> bool {
        let bytes = bytes.saturating_sub(FREE_BYTES);
        if bytes <= self.counted_bytes {
            PROCESS_BYTES.fetch_sub(self.counted_bytes - bytes, Ordering::Relaxed);
            self.counted_bytes = bytes;
            return true;
        }
        let more = bytes - self.counted_bytes;
        let before = PROCESS_BYTES.fetch_add(more, Ordering::Relaxed);
        self.counted_bytes = bytes;
        before.saturating_add(more) <= PROCESS_MAX_BYTES
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        PROCESS_BYTES.fetch_sub(self.counted_bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_too_many_has_to_go_and_gives_back_what_it_held() {
        let mut most = Held::default();
        assert!(most.set(PROCESS_MAX_BYTES / 2));
        let mut idle = Held::default();
        assert!(idle.set(FREE_BYTES));
        let mut last = Held::default();
        assert!(!last.set(PROCESS_MAX_BYTES));
        // Others are not held responsible.
        assert!(idle.set(FREE_BYTES));
        drop(last);
        let mut next = Held::default();
        assert!(next.set(PROCESS_MAX_BYTES / 4));
    }
}
