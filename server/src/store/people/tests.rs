use std::sync::Arc;

use super::*;
use crate::store::outbox::Ledger;
use crate::store::{SCHEMA, TestDir};

struct Fixture {
    store: Store,
    sealer: Arc<Sealer>,
    dir: TestDir,
}

impl Fixture {
    async fn new() -> Self {
        let dir = TestDir::new();
        Self {
            store: Store::open(dir.path(), SCHEMA).await.unwrap(),
            sealer: Arc::new(Sealer::open(dir.path()).unwrap()),
            dir,
        }
    }

    async fn write(&self, account: &AccountKey, people: &[(&str, &str)], at: i64) {
        let people: Vec<_> = people
            .iter()
            .map(|(name, address)| ((*name).to_owned(), (*address).to_owned()))
            .collect();
        let written = self
            .store
            .people_written(&self.sealer, account, &people, at);
        written.await.unwrap();
    }

    /// Returns the people of an account: name, address, count and time, by address.
    async fn known(&self, account: &AccountKey) -> Vec<(String, String, u32, i64)> {
        let people = self.store.people(&self.sealer, account).await.unwrap();
        let mut known: Vec<_> = people
            .into_iter()
            .map(|p| (p.name, p.address, p.written_count, p.written_unix_ms))
            .collect();
        known.sort_by(|a, b| a.1.cmp(&b.1));
        known
    }
}

fn person(name: &str, address: &str, count: u32, at: i64) -> (String, String, u32, i64) {
    (name.to_owned(), address.to_owned(), count, at)
}

fn key(name: &str) -> AccountKey {
    AccountKey(name.to_owned())
}

#[tokio::test]
async fn a_person_is_counted_under_one_address_in_any_case_and_keeps_the_name() {
    let fixture = Fixture::new().await;
    let (mine, other) = (key("mine"), key("other"));
    fixture.write(&mine, &[("Ann", "Ann@x.example")], 1).await;
    fixture
        .write(&mine, &[("", "ann@X.example"), ("", "ben@x.example")], 2)
        .await;
    let known = fixture.known(&mine).await;
    assert_eq!(
        known,
        [
            person("Ann", "Ann@x.example", 2, 2),
            person("", "ben@x.example", 1, 2)
        ]
    );
    assert!(fixture.known(&other).await.is_empty());
    fixture
        .write(&mine, &[("Ann Doe", "ann@x.example")], 3)
        .await;
    assert_eq!(
        fixture.known(&mine).await[0],
        person("Ann Doe", "ann@x.example", 3, 3)
    );
}

#[tokio::test]
async fn a_forgotten_person_is_gone_for_that_account_only() {
    let fixture = Fixture::new().await;
    let (mine, other) = (key("mine"), key("other"));
    for account in [&mine, &other] {
        fixture.write(account, &[("", "ann@x.example")], 1).await;
    }
    let forgotten = fixture
        .store
        .person_forget(&fixture.sealer, &mine, "ANN@x.example");
    forgotten.await.unwrap();
    assert!(fixture.known(&mine).await.is_empty());
    assert_eq!(fixture.known(&other).await.len(), 1);
}

#[tokio::test]
async fn those_written_to_longest_ago_are_deleted_beyond_the_limit() {
    let fixture = Fixture::new().await;
    let (mine, other) = (key("mine"), key("other"));
    fixture.write(&other, &[("", "old@x.example")], 0).await;
    fixture
        .write(&mine, &[("", "old@x.example"), ("", "old2@x.example")], 1)
        .await;
    let addresses: Vec<_> = (0..Store::PEOPLE_MAX - 1)
        .map(|n| format!("p{n}@x.example"))
        .collect();
    let people: Vec<_> = addresses.iter().map(|a| ("", a.as_str())).collect();
    fixture.write(&mine, &people, 2).await;
    let known = fixture.known(&mine).await;
    assert_eq!(known.len(), Store::PEOPLE_MAX);
    assert_eq!(known.iter().filter(|person| person.3 == 1).count(), 1);
    assert_eq!(fixture.known(&other).await.len(), 1);
}

#[tokio::test]
async fn a_person_who_cannot_be_opened_is_left_out() {
    let fixture = Fixture::new().await;
    let mine = key("mine");
    fixture.write(&mine, &[("", "ann@x.example")], 1).await;
    let elsewhere = TestDir::new();
    let lost = Sealer::open(elsewhere.path()).unwrap();
    assert!(fixture.store.people(&lost, &mine).await.unwrap().is_empty());
}

#[tokio::test]
async fn people_follow_their_account_to_its_new_key() {
    let fixture = Fixture::new().await;
    let (old, new) = (key("old"), key("new"));
    fixture
        .write(&old, &[("Ann", "ann@x.example"), ("", "ben@x.example")], 5)
        .await;
    fixture.write(&new, &[("", "ben@x.example")], 3).await;
    // The server key is replaced: the former one only opens.
    let path = fixture.dir.path().join("key");
    let former = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{}\n{former}", "B".repeat(42) + "A")).unwrap();
    let rotated = Fixture {
        sealer: Arc::new(Sealer::open(fixture.dir.path()).unwrap()),
        ..fixture
    };
    let ledger = Ledger::new(rotated.store.clone(), Arc::clone(&rotated.sealer));
    ledger.outbox_change_account(&old, &new).await.unwrap();
    assert!(rotated.known(&old).await.is_empty());
    let known = rotated.known(&new).await;
    assert_eq!(known[0], person("Ann", "ann@x.example", 1, 5));
    rotated.write(&new, &[("", "ann@x.example")], 6).await;
    assert_eq!(
        rotated.known(&new).await[0],
        person("Ann", "ann@x.example", 2, 6)
    );
}
