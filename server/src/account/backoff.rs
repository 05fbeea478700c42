//! Pauses between tries to reach a mail server that nobody asked for.

use std::time::Duration;

/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(300);

/// Returns the pause after so many failures in a row, with full jitter: anything up to a ceiling
/// that doubles, so that a restarted server is not met by everybody at once.
///
/// `first` is half of the first ceiling; no pause is shorter than a fifth of it.
pub(super) fn backoff(first: Duration, failures: u32) -> Duration {
    let ceiling = first
        .saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX))
        .min(LONGEST);
    let mut random = [0_u8; 4];
    if getrandom::fill(&mut random).is_err() {
        return ceiling;
    }
    let share = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
    ceiling.mul_f64(share).max(first / 5)
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
        assert!(longest(u32::MAX) <= Some(LONGEST));
        assert!(shortest(0) >= Some(first / 5));
    }
}
