//! Limits that count failures only: whoever signs in without trouble never meets them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// (failures, within): for one account from one address.
const ACCOUNT_AND_IP: &[(usize, Duration)] = &[(5, MINUTE), (20, HOUR)];
/// For one address, IPv6 by /64.
const IP: &[(usize, Duration)] = &[(30, MINUTE)];
/// For one account from everywhere; then only addresses wait that never signed in to it.
const ACCOUNT: &[(usize, Duration)] = &[(30, HOUR)];
/// How many names a table keeps before it forgets what is over.
const TABLE_MAX: usize = 50_000;

/// How long to wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// In seconds, at least 1.
    pub secs: u32,
}

/// Failed sign-ins.
#[derive(Debug, Default)]
pub struct SignInLimits(Mutex<SignIns>);

#[derive(Debug, Default)]
struct SignIns {
    by_account_and_ip: Table<(String, IpAddr)>,
    by_ip: Table<IpAddr>,
    by_account: Table<String>,
    known: HashMap<String, HashSet<IpAddr>>,
}

/// One try that was let through. It counts as failed unless it succeeds, so that many tries at
/// once are not all let through before the first has failed.
#[derive(Debug)]
#[must_use = "a try that is dropped counts as failed"]
pub struct Try<'a> {
    limits: &'a SignInLimits,
    account: String,
    ip: Option<IpAddr>,
    at: Instant,
}

impl SignInLimits {
    /// Lets a try through, or says how long to wait. `account` is compared without case. Without
    /// an address only the account's own limit holds.
    ///
    /// # Errors
    /// [`Wait`] while a limit is reached.
    pub fn begin(&self, account: &str, ip: Option<IpAddr>) -> Result<Try<'_>, Wait> {
        let account = account.trim().to_lowercase();
        let ip = ip.map(network);
        let now = Instant::now();
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wait = None;
        if let Some(ip) = ip {
            wait = wait.max(limits.by_account_and_ip.wait(
                &(account.clone(), ip),
                ACCOUNT_AND_IP,
                now,
            ));
            wait = wait.max(limits.by_ip.wait(&ip, IP, now));
        }
        let is_known =
            ip.is_some_and(|ip| limits.known.get(&account).is_some_and(|k| k.contains(&ip)));
        if !is_known {
            wait = wait.max(limits.by_account.wait(&account, ACCOUNT, now));
        }
        if let Some(wait) = wait {
            let secs = u32::try_from(wait.as_secs())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            return Err(Wait { secs });
        }
        if let Some(ip) = ip {
            limits.by_account_and_ip.add((account.clone(), ip), now);
            limits.by_ip.add(ip, now);
        }
        limits.by_account.add(account.clone(), now);
        drop(limits);
        Ok(Try {
            limits: self,
            account,
            ip,
            at: now,
        })
    }
}

impl Try<'_> {
    /// The try did not fail.
    pub fn succeeded(self) {
        let mut limits = self.limits.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ip) = self.ip {
            limits
                .by_account_and_ip
                .remove(&(self.account.clone(), ip), self.at);
            limits.by_ip.remove(&ip, self.at);
            if limits.known.len() >= TABLE_MAX {
                limits.known.clear();
            }
            limits
                .known
                .entry(self.account.clone())
                .or_default()
                .insert(ip);
        }
        limits.by_account.remove(&self.account, self.at);
    }
}

/// The times of the last failures by name.
#[derive(Debug)]
struct Table<K>(HashMap<K, VecDeque<Instant>>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Table<K> {
    /// How long until every limit has room for one more.
    fn wait(&self, key: &K, limits: &[(usize, Duration)], now: Instant) -> Option<Duration> {
        let failures = self.0.get(key)?;
        limits
            .iter()
            .filter_map(|(max, within)| {
                // The failure that has to be over before there is room again.
                let index = failures.len().checked_sub(*max)?;
                let left = within.checked_sub(now - *failures.get(index)?)?;
                (!left.is_zero()).then_some(left)
            })
            .max()
    }

    fn add(&mut self, key: K, now: Instant) {
        if self.0.len() >= TABLE_MAX {
            self.0
                .retain(|_, failures| failures.back().is_some_and(|at| now - *at < HOUR));
        }
        let failures = self.0.entry(key).or_default();
        while failures.front().is_some_and(|at| now - *at >= HOUR) {
            failures.pop_front();
        }
        failures.push_back(now);
    }

    fn remove(&mut self, key: &K, at: Instant) {
        if let Some(failures) = self.0.get_mut(key) {
            if let Some(index) = failures.iter().position(|failed| *failed == at) {
                failures.remove(index);
            }
            if failures.is_empty() {
                self.0.remove(key);
            }
        }
    }
}

/// An address as it is counted: a household's IPv6 network is one.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn ip(n: u8) -> Option<IpAddr> {
        Some(IpAddr::from([203, 0, 113, n]))
    }

    fn fail(limits: &SignInLimits, account: &str, ip: Option<IpAddr>) -> bool {
        limits.begin(account, ip).is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_a_minute_for_an_account_from_one_address() {
        let limits = SignInLimits::default();
        for _ in 0..5 {
            assert!(fail(&limits, "ann@example.org", ip(1)));
        }
        let wait = limits.begin("Ann@Example.org ", ip(1)).unwrap_err();
        assert!((59..=61).contains(&wait.secs), "{wait:?}");
        assert!(fail(&limits, "ben@example.org", ip(1)), "another account");
        assert!(fail(&limits, "ann@example.org", ip(2)), "another address");
        advance(MINUTE).await;
        assert!(fail(&limits, "ann@example.org", ip(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn twenty_failures_an_hour_for_an_account_from_one_address() {
        let limits = SignInLimits::default();
        for _ in 0..4 {
            for _ in 0..5 {
                assert!(fail(&limits, "ann@example.org", ip(1)));
            }
            advance(MINUTE).await;
        }
        let wait = limits.begin("ann@example.org", ip(1)).unwrap_err();
        assert!(wait.secs > 3000, "{wait:?}");
        advance(HOUR).await;
        assert!(fail(&limits, "ann@example.org", ip(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn thirty_failures_a_minute_from_one_address_or_ipv6_network() {
        let limits = SignInLimits::default();
        for n in 0..30_u16 {
            let address = Some(IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, n]));
            assert!(fail(&limits, &format!("user{n}@example.org"), address));
        }
        let same_network = Some(IpAddr::from([0x2001, 0xdb8, 0, 7, 9, 9, 9, 9]));
        assert!(!fail(&limits, "last@example.org", same_network));
        let other_network = Some(IpAddr::from([0x2001, 0xdb8, 0, 8, 0, 0, 0, 1]));
        assert!(fail(&limits, "last@example.org", other_network));
        advance(MINUTE).await;
        assert!(fail(&limits, "last@example.org", same_network));
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_cannot_lock_an_owner_out_of_the_account() {
        let limits = SignInLimits::default();
        limits.begin("ann@example.org", ip(1)).unwrap().succeeded();
        for n in 0..30 {
            assert!(fail(&limits, "ann@example.org", ip(100 + n)));
        }
        assert!(
            !fail(&limits, "ann@example.org", ip(200)),
            "a new address waits"
        );
        assert!(
            fail(&limits, "ann@example.org", ip(1)),
            "the owner's does not"
        );
        advance(HOUR).await;
        assert!(fail(&limits, "ann@example.org", ip(200)));
    }

    #[tokio::test(start_paused = true)]
    async fn success_is_never_counted() {
        let limits = SignInLimits::default();
        for _ in 0..100 {
            limits.begin("ann@example.org", ip(1)).unwrap().succeeded();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tries_at_the_same_time_count_before_they_have_failed() {
        let limits = SignInLimits::default();
        let running: Vec<_> = (0..5)
            .map(|_| limits.begin("ann@example.org", ip(1)).unwrap())
            .collect();
        assert!(limits.begin("ann@example.org", ip(1)).is_err());
        drop(running);
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_address_the_account_alone_is_limited() {
        let limits = SignInLimits::default();
        for _ in 0..30 {
            assert!(fail(&limits, "ann@example.org", None));
        }
        assert!(!fail(&limits, "ann@example.org", None));
        assert!(fail(&limits, "ben@example.org", None));
    }
}
