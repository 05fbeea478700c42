//! Pauses between background connection attempts to a mail server.

use std::time::Duration;

/// The maximum pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Returns the pause after `failures` consecutive failures, with full jitter: a random value up to
/// a ceiling that doubles, so that not all clients reconnect to a restarted server at once.
///
/// `first` is half of the first ceiling; no pause is shorter than 1/5 of `first`.
pub(super) fn backoff(first: Duration, failures: u32) -> Duration {
    let ceiling = first
        .saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX))
        .min(PAUSE_MAX);
    let mut random = [0_u8; 4];
    if getrandom::fill(&mut random).is_err() {
        return ceiling;
    }
    let jitter = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
    ceiling.mul_f64(jitter).max(first / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_between_their_bounds() {
        let first = Duration::from_secs(1);
        let longest = |failures| (0..500).map(|_| backoff(first, failures)).max();
        let shortest = |failures| (0..500).map(|_| backoff(first, failures)).min();
        assert!(longest(1) <= Some(first * 2));
        assert!(longest(4) > Some(first * 8));
        assert!(longest(u32::MAX) <= Some(PAUSE_MAX));
        assert!(shortest(0) >= Some(first / 5));
    }
}
