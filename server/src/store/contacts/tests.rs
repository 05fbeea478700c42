use std::sync::Arc;

use super::*;
use crate::store::outbox::Ledger;
use crate::store::{SCHEMA, TestDir};

struct Fixture {
    store: Store,
    sealer: Arc<Sealer>,
    _dir: TestDir,
}

impl Fixture {
    async fn new() -> Self {
        let dir = TestDir::new();
        Self {
            store: Store::open(dir.path(), SCHEMA).await.unwrap(),
            sealer: Arc::new(Sealer::open(dir.path()).unwrap()),
            _dir: dir,
        }
    }

    async fn save(
        &self,
        account: &AccountKey,
        contacts: &[Contact],
        groups: &[ContactGroup],
    ) -> bool {
        let saved = self
            .store
            .contacts_save(&self.sealer, account, contacts, groups);
        saved.await.unwrap()
    }

    async fn book(&self, account: &AccountKey) -> ContactBook {
        let mut book = self.store.contacts(&self.sealer, account).await.unwrap();
        book.contacts.sort_by(|a, b| a.name.cmp(&b.name));
        book
    }
}

fn key(name: &str) -> AccountKey {
    AccountKey(name.to_owned())
}

fn contact(name: &str) -> Contact {
    Contact {
        id: name.into(),
        name: name.to_owned(),
        addresses: vec![format!("{name}@a.example")],
        note: "note".to_owned(),
    }
}

#[tokio::test]
async fn entry_exists_for_its_account_and_as_what_it_is() {
    let stored = Fixture::new().await;
    let mine = key("mine");
    assert!(stored.save(&mine, &[contact("ann")], &[]).await);
    for (account, id, is_group, expected) in [
        (&mine, "ann", false, true),
        (&mine, "ann", true, false),
        (&mine, "ben", false, false),
        (&key("other"), "ann", false, false),
    ] {
        let entry = id.into();
        let exists = stored.store.contact_exists(account, &entry, is_group);
        assert_eq!(exists.await.unwrap(), expected, "{id}");
    }
}

fn group(name: &str) -> ContactGroup {
    ContactGroup {
        id: name.into(),
        name: name.to_owned(),
        members: vec!["ann@a.example".to_owned()],
    }
}

#[tokio::test]
async fn entries_belong_to_their_account_and_are_sealed() {
    let fixture = Fixture::new().await;
    let (mine, other) = (key("mine"), key("other"));
    assert!(
        fixture
            .save(&mine, &[contact("ann")], &[group("team")])
            .await
    );
    let changed = Contact {
        note: "changed".to_owned(),
        ..contact("ann")
    };
    let contacts = [changed, contact("ben")];
    assert!(fixture.save(&mine, &contacts, &[]).await);
    let book = fixture.book(&mine).await;
    assert_eq!(book.contacts, contacts);
    assert_eq!(book.groups, [group("team")]);
    assert_eq!(fixture.book(&other).await, ContactBook::default());

    for (_, _, sealed) in fixture.store.raw_contacts(&mine).await.unwrap() {
        assert!(!sealed.windows(3).any(|octets| octets == b"ann"));
    }
    let ids = ["ann".into(), "none".into()];
    let deleted = fixture.store.contacts_delete(&mine, &ids);
    deleted.await.unwrap();
    assert_eq!(fixture.book(&mine).await.contacts, [contact("ben")]);
}

#[tokio::test]
async fn limits_hold_and_what_is_over_them_saves_nothing() {
    let fixture = Fixture::new().await;
    let mine = key("mine");
    let groups: Vec<ContactGroup> = (0..ContactGroup::COUNT_MAX)
        .map(|number| group(&number.to_string()))
        .collect();
    assert!(fixture.save(&mine, &[], &groups).await);
    assert!(
        !fixture
            .save(&mine, &[contact("ann")], &[group("one more")])
            .await
    );
    let book = fixture.book(&mine).await;
    assert_eq!((book.contacts.len(), book.groups.len()), (0, groups.len()));
    // A change of one that is there is no new one.
    assert!(fixture.save(&mine, &[], &groups[..1]).await);
}

#[tokio::test]
async fn rows_that_cannot_be_opened_are_counted_and_stay() {
    let fixture = Fixture::new().await;
    let (mine, other) = (key("mine"), key("other"));
    let contacts = [contact("ann"), contact("ben"), contact("cat")];
    assert!(fixture.save(&mine, &contacts, &[group("team")]).await);
    for statement in [
        "UPDATE contact SET sealed = x'00' WHERE contact_id IN ('ann', 'team')",
        // An entry in the place of another one.
        "UPDATE contact SET sealed = (SELECT sealed FROM contact WHERE contact_id = 'cat') \
         WHERE contact_id = 'ben'",
    ] {
        let query = sqlx::query(statement);
        query.execute(fixture.store.pool()).await.unwrap();
    }
    let book = fixture.book(&mine).await;
    assert_eq!(book.contacts, [contact("cat")]);
    assert_eq!((book.groups.len(), book.unreadable), (0, 3));

    let moved = fixture
        .store
        .contacts_change_account(&fixture.sealer, &mine, &other);
    moved.await.unwrap();
    let book = fixture.book(&other).await;
    assert_eq!((book.contacts.len(), book.unreadable), (1, 3));
}

#[tokio::test]
async fn address_book_moves_with_the_key_of_its_account() {
    let fixture = Fixture::new().await;
    let (old, new) = (key("old"), key("new"));
    assert!(
        fixture
            .save(&old, &[contact("ann")], &[group("team")])
            .await
    );
    assert!(fixture.save(&new, &[contact("ben")], &[]).await);
    let ledger = Ledger::new(fixture.store.clone(), Arc::clone(&fixture.sealer));
    ledger.outbox_change_account(&old, &new).await.unwrap();
    let book = fixture.book(&new).await;
    assert_eq!(book.contacts, [contact("ann"), contact("ben")]);
    assert_eq!((book.groups.len(), book.unreadable), (1, 0));
    assert_eq!(fixture.book(&old).await, ContactBook::default());
}
