//! Rate limits that count only failed sign-ins; successful ones are not limited.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mail_net::rate::{Key, Keys, Limit, RateTable, client_network};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// Limits of one account from one address.
const ACCOUNT_AND_IP: &[Limit] = &[
    Limit {
        max: 5,
        within: MINUTE,
    },
    Limit {
        max: 20,
        within: HOUR,
    },
];
/// Limit of one address; IPv6 addresses count by /64.
const IP: &[Limit] = &[Limit {
    max: 30,
    within: MINUTE,
}];
/// Limit of one account from all addresses; exempts addresses that signed in to it before.
const ACCOUNT: &[Limit] = &[Limit {
    max: 30,
    within: HOUR,
}];
/// Maximum number of keys in one table.
const TABLE_MAX: usize = 30_000;
/// Maximum number of accounts whose sign-in addresses are stored.
const OWNED_ACCOUNTS_MAX: usize = 20_000;
/// Maximum number of sign-in addresses stored for one account.
const ADDRESSES_MAX: usize = 8;

/// How long to wait before the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// In seconds, at least 1.
    pub secs: u32,
}

/// Counts failed sign-ins. Stores accounts and addresses as hashes, in tables of bounded size.
#[derive(Debug)]
pub struct SignInLimits {
    keys: Keys,
    tables: Mutex<Tables>,
}

#[derive(Debug)]
struct Tables {
    by_account_and_ip: RateTable,
    by_ip: RateTable,
    by_account: RateTable,
    owned: OwnedAccounts,
}

/// The keys under which one attempt is counted.
#[derive(Debug, Clone, Copy)]
struct AttemptKeys {
    account_and_ip: Key,
    ip: Key,
    account: Key,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self {
            keys: Keys::default(),
            tables: Mutex::new(Tables {
                by_account_and_ip: RateTable::new(ACCOUNT_AND_IP, TABLE_MAX),
                by_ip: RateTable::new(IP, TABLE_MAX),
                by_account: RateTable::new(ACCOUNT, TABLE_MAX),
                owned: OwnedAccounts::new(OWNED_ACCOUNTS_MAX),
            }),
        }
    }
}

/// One admitted attempt. It counts as failed unless it succeeds, so that concurrent attempts cannot
/// all be admitted before the first one fails.
#[derive(Debug)]
#[must_use = "a try that is dropped counts as failed"]
pub struct Attempt<'a> {
    limits: &'a SignInLimits,
    keys: AttemptKeys,
    at: Instant,
}

impl SignInLimits {
    /// Admits an attempt, or returns how long to wait. Compares `account` case-insensitively.
    ///
    /// # Errors
    /// [`Wait`] if a limit is reached.
    pub fn begin(&self, account: &str, ip: IpAddr) -> Result<Attempt<'_>, Wait> {
        let account = account.trim().to_lowercase();
        let ip = client_network(ip);
        let keys = AttemptKeys {
            account_and_ip: self.keys.key((&account, ip)),
            ip: self.keys.key(ip),
            account: self.keys.key(&account),
        };
        let now = Instant::now();
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let by_pair = tables.by_account_and_ip.wait(keys.account_and_ip, now);
        let mut wait = by_pair.max(tables.by_ip.wait(keys.ip, now));
        if !tables.owned.contains(keys) {
            wait = wait.max(tables.by_account.wait(keys.account, now));
        }
        if let Some(wait) = wait {
            let secs = u32::try_from(wait.as_secs())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            return Err(Wait { secs });
        }
        tables.by_account_and_ip.add(keys.account_and_ip, now);
        tables.by_ip.add(keys.ip, now);
        tables.by_account.add(keys.account, now);
        drop(tables);
        Ok(Attempt {
            limits: self,
            keys,
            at: now,
        })
    }
}

impl Attempt<'_> {
    /// Marks the attempt as successful, which removes it from the counts.
    pub fn succeeded(self) {
        let (keys, at) = (self.keys, self.at);
        let tables = &self.limits.tables;
        let mut tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.by_account_and_ip.remove(keys.account_and_ip, at);
        tables.by_ip.remove(keys.ip, at);
        tables.by_account.remove(keys.account, at);
        tables.owned.insert(keys, Instant::now());
    }
}

/// The addresses from which accounts last signed in: at most [`ADDRESSES_MAX`] for each account,
/// and a bounded number of accounts. When full, the account with the oldest sign-in is removed.
#[derive(Debug)]
struct OwnedAccounts {
    capacity: usize,
    addresses: HashMap<Key, Owned>,
    by_age: BTreeSet<(Instant, Key)>,
}

#[derive(Debug)]
struct Owned {
    last: Instant,
    /// Hashed addresses, newest last.
    ips: Vec<Key>,
}

impl OwnedAccounts {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            addresses: HashMap::new(),
            by_age: BTreeSet::new(),
        }
    }

    fn contains(&self, keys: AttemptKeys) -> bool {
        let owned = self.addresses.get(&keys.account);
        owned.is_some_and(|owned| owned.ips.contains(&keys.ip))
    }

    fn insert(&mut self, keys: AttemptKeys, now: Instant) {
        let AttemptKeys { account, ip, .. } = keys;
        if !self.addresses.contains_key(&account)
            && self.addresses.len() >= self.capacity
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.addresses.remove(&oldest);
        }
        let owned = self.addresses.entry(account).or_insert_with(|| Owned {
            last: now,
            ips: Vec::new(),
        });
        self.by_age.remove(&(owned.last, account));
        self.by_age.insert((now, account));
        owned.last = now;
        owned.ips.retain(|known| *known != ip);
        if owned.ips.len() >= ADDRESSES_MAX {
            owned.ips.remove(0);
        }
        owned.ips.push(ip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn ip(n: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, n])
    }

    fn fail(limits: &SignInLimits, account: &str, ip: IpAddr) -> bool {
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
            let address = IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, n]);
            assert!(fail(&limits, &format!("user{n}@example.org"), address));
        }
        let same_network = IpAddr::from([0x2001, 0xdb8, 0, 7, 9, 9, 9, 9]);
        assert!(!fail(&limits, "last@example.org", same_network));
        let other_network = IpAddr::from([0x2001, 0xdb8, 0, 8, 0, 0, 0, 1]);
        assert!(fail(&limits, "last@example.org", other_network));
        advance(MINUTE).await;
        assert!(fail(&limits, "last@example.org", same_network));
    }

    #[tokio::test(start_paused = true)]
    async fn failed_sign_ins_from_other_addresses_do_not_lock_out_the_owner() {
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
    async fn concurrent_attempts_count_before_they_fail() {
        let limits = SignInLimits::default();
        let running: Vec<_> = (0..5)
            .map(|_| limits.begin("ann@example.org", ip(1)).unwrap())
            .collect();
        assert!(limits.begin("ann@example.org", ip(1)).is_err());
        drop(running);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_from_many_addresses_does_not_lift_a_limit() {
        let limits = SignInLimits::default();
        for _ in 0..5 {
            assert!(fail(&limits, "ann@example.org", ip(1)));
        }
        for n in 0..40_000_u32 {
            let address = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            assert!(fail(&limits, &format!("user{n}@example.org"), address));
        }
        assert!(!fail(&limits, "ann@example.org", ip(1)));
        let tables = limits.tables.lock().unwrap();
        assert_eq!(tables.by_account_and_ip.len(), TABLE_MAX);
        assert_eq!(tables.by_account.len(), TABLE_MAX);
        assert_eq!(tables.by_ip.len(), TABLE_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn stored_sign_in_addresses_are_bounded() {
        let limits = SignInLimits::default();
        for n in 0..50 {
            limits.begin("ann@example.org", ip(n)).unwrap().succeeded();
        }
        for n in 0..OWNED_ACCOUNTS_MAX + 10 {
            advance(Duration::from_millis(1)).await;
            let account = format!("user{n}@example.org");
            limits.begin(&account, ip(1)).unwrap().succeeded();
        }
        let tables = limits.tables.lock().unwrap();
        assert_eq!(tables.owned.addresses.len(), OWNED_ACCOUNTS_MAX);
        assert_eq!(tables.owned.by_age.len(), OWNED_ACCOUNTS_MAX);
        let mut owned = tables.owned.addresses.values();
        assert!(owned.all(|owned| owned.ips.len() <= ADDRESSES_MAX));
        assert!(tables.by_ip.is_empty() && tables.by_account.is_empty());
    }
}
