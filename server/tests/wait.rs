//! Waiting for a condition that nothing announces.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// The longest that a test waits.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something to return. `what` is awaited, for the message of a test that
/// waits in vain.
pub(crate) async fn until_some<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(PAUSE).await;
        }
    };
    let found = timeout(TIMEOUT, found).await;
    found.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Looks until a condition holds.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    until_some(what, async || is_so().await.then_some(())).await;
}
