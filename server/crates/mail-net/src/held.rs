//! Memory budget of the process for incomplete responses from all peers.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that one connection may buffer without being counted. Most connections stay below.
const FREE_BYTES: usize = 64 << 10;
/// Maximum total of the counted bytes of all connections.
const PROCESS_MAX_BYTES: usize = 32 << 20;

static PROCESS_BYTES: AtomicUsize = AtomicUsize::new(0);

/// The bytes counted for one connection. Dropping it returns them to the budget.
#[derive(Debug, Default)]
pub(crate) struct HeldBytes {
    counted_bytes: usize,
}

impl HeldBytes {
    /// Sets the number of bytes that the connection buffers now. Returns `false` if the process is
    /// over its budget; the caller, which asks for more, must then close its connection.
    pub(crate) fn set(&mut self, bytes: usize) -> bool {
        let bytes = bytes.saturating_sub(FREE_BYTES);
        if bytes <= self.counted_bytes {
            PROCESS_BYTES.fetch_sub(self.counted_bytes - bytes, Ordering::Relaxed);
            self.counted_bytes = bytes;
            return true;
        }
        let added_bytes = bytes - self.counted_bytes;
        let process_bytes = PROCESS_BYTES.fetch_add(added_bytes, Ordering::Relaxed);
        self.counted_bytes = bytes;
        process_bytes.saturating_add(added_bytes) <= PROCESS_MAX_BYTES
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        PROCESS_BYTES.fetch_sub(self.counted_bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_over_the_budget_is_refused_and_returns_its_bytes() {
        let mut half = HeldBytes::default();
        assert!(half.set(PROCESS_MAX_BYTES / 2));
        let mut idle = HeldBytes::default();
        assert!(idle.set(FREE_BYTES));
        let mut last = HeldBytes::default();
        assert!(!last.set(PROCESS_MAX_BYTES));
        // Other connections are not affected.
        assert!(idle.set(FREE_BYTES));
        drop(last);
        let mut next = HeldBytes::default();
        assert!(next.set(PROCESS_MAX_BYTES / 4));
    }
}
