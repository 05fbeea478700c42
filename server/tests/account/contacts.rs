//! The address book of an account: its entries, its files, and what is offered from it.

use app::api::backend::MailBackend as _;
use app::api::error::ErrorKind;
use app::api::types::{
    Contact, ContactGroup, ContactQuery, ContactRows, Draft, LeftOutCause, OutboxId,
};

use super::test_server::{Page, TestServer};

const CARDS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Doe\\, Ann\r\nEMAIL:ann@restante.test\r\n\
    EMAIL:ann@home.example\r\nCATEGORIES:Chess\r\nNOTE:likes tea\r\nEND:VCARD\r\n\
    BEGIN:VCARD\r\nVERSION:3.0\r\nFN:陈思远\r\nEMAIL:chen@例子.测试\r\nCATEGORIES:Chess\r\n\
    END:VCARD\r\n\
    BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Phone only\r\nTEL:1\r\nEND:VCARD\r\n";

async fn listed(page: &Page, text: &str) -> ContactRows {
    let query = ContactQuery {
        account: page.account.clone(),
        text: text.to_owned(),
        offset: 0,
        limit: 50,
    };
    page.backend.contact_list(query).await.unwrap()
}

async fn names(page: &Page, text: &str) -> Vec<String> {
    let rows = listed(page, text).await;
    assert_eq!(rows.total as usize, rows.contacts.len());
    rows.contacts.into_iter().map(|c| c.name).collect()
}

async fn import(page: &Page, file: &str) -> app::api::types::ImportReport {
    let imported = page
        .backend
        .contacts_import(page.account.clone(), file.as_bytes().to_vec());
    imported.await.unwrap()
}

fn contact(name: &str, address: &str) -> Contact {
    Contact {
        name: name.to_owned(),
        addresses: vec![address.to_owned()],
        ..Contact::default()
    }
}

/// Returns the suggestions for a typed text: name, address, members and count.
async fn suggested(page: &Page, typed: &str) -> Vec<(String, String, String, u32)> {
    let found = page
        .backend
        .people_suggest(page.account.clone(), typed.to_owned());
    let found = found.await.unwrap().into_iter();
    found
        .map(|s| (s.person.name, s.person.address, s.members, s.written_count))
        .collect()
}

fn offer(name: &str, address: &str, members: &str, count: u32) -> (String, String, String, u32) {
    (
        name.to_owned(),
        address.to_owned(),
        members.to_owned(),
        count,
    )
}

async fn send(page: &Page, to: &str) -> OutboxId {
    let draft = Draft {
        to: to.to_owned(),
        subject: "s".to_owned(),
        body: "b".to_owned(),
        ..Draft::default()
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    sent.await.unwrap()
}

#[tokio::test]
async fn contacts_are_saved_searched_changed_and_deleted() {
    let server = TestServer::new(Some(0)).await;
    let page = server.open(server.imap()).await.unwrap();
    let save = async |contact: Contact| {
        let saved = page.backend.contact_save(page.account.clone(), contact);
        saved.await
    };
    let amelie = Contact {
        note: "met in\nHangzhou".to_owned(),
        ..contact("Amélie\tDurand", "amelie@例子.测试")
    };
    let id = save(amelie.clone()).await.unwrap();
    save(contact("ben", "ben@b.example")).await.unwrap();
    assert_eq!(names(&page, "").await, ["Amélie Durand", "ben"]);
    for text in ["amelie", "durand amélie", "amelie@例", "hangzhou"] {
        assert_eq!(names(&page, text).await, ["Amélie Durand"], "{text}");
    }
    assert!(names(&page, "nobody").await.is_empty());
    let changed = Contact {
        id: id.clone(),
        ..contact("Zoë", "zoe@b.example")
    };
    assert_eq!(save(changed).await.unwrap(), id);
    // In another session of the account.
    let again = server.open(server.imap()).await.unwrap();
    assert_eq!(names(&again, "").await, ["ben", "Zoë"]);
    let other = server.open(server.pop3()).await.unwrap();
    assert!(names(&other, "").await.is_empty());

    for (contact, field) in [
        (contact("x", "nobody"), "addresses"),
        (contact("x", " "), "addresses"),
        (contact(&"x".repeat(401), "x@b.example"), "name"),
    ] {
        let error = save(contact).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field));
    }
    for _ in 0..2 {
        let deleted = page
            .backend
            .contact_delete(page.account.clone(), id.clone());
        deleted.await.unwrap();
    }
    assert_eq!(names(&page, "").await, ["ben"]);
    let gone = Contact { id, ..amelie };
    assert_eq!(save(gone).await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn file_is_imported_once_and_exported_so_that_it_can_be_imported() {
    let server = TestServer::new(Some(0)).await;
    let page = server.open(server.imap()).await.unwrap();
    let report = import(&page, CARDS).await;
    let counts = (report.added, report.changed, report.unchanged);
    assert_eq!(counts, (3, 0, 0), "{report:?}");
    assert_eq!(report.left_out, 1);
    assert_eq!(report.examples[0].name, "Phone only");
    assert_eq!(report.examples[0].why, LeftOutCause::NoAddress);
    let before = listed(&page, "").await;
    assert_eq!(
        before.groups[0].members,
        ["ann@restante.test", "chen@例子.测试"]
    );

    let again = import(&page, CARDS).await;
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 3));
    let more = CARDS.replace("EMAIL:ann@home.example", "EMAIL:ann@work.example");
    let more = import(&page, &more).await;
    assert_eq!((more.added, more.changed, more.unchanged), (0, 1, 2));

    let other = server.open(server.pop3()).await.unwrap();
    for is_table in [true, false] {
        let file = page.backend.export_contacts(&page.account, is_table);
        let file = file.await.unwrap();
        let report = import(&other, &file).await;
        let counts = (report.added, report.unchanged, report.left_out);
        let expected = if is_table { (3, 0, 0) } else { (0, 3, 0) };
        assert_eq!(counts, expected, "{file}");
    }
    let without_ids = |rows: ContactRows| -> Vec<(String, Vec<String>, String)> {
        let contacts = rows.contacts.into_iter();
        contacts.map(|c| (c.name, c.addresses, c.note)).collect()
    };
    let copied = without_ids(listed(&other, "").await);
    assert_eq!(copied, without_ids(listed(&page, "").await));

    let refused = page
        .backend
        .contacts_import(page.account.clone(), b"no address book".to_vec());
    let error = refused.await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(error.field.as_deref(), Some("file"));
}

#[tokio::test]
async fn address_book_is_suggested_after_the_people_written_to() {
    let server = TestServer::new(Some(0)).await;
    let page = server.open(server.imap()).await.unwrap();
    import(&page, CARDS).await;
    let anton = contact("Anton Chess", "anton@restante.test");
    let saved = page.backend.contact_save(page.account.clone(), anton);
    saved.await.unwrap();
    send(&page, "ANN@restante.test, anna@restante.test").await;
    let expected = [
        offer("", "ANN@restante.test", "", 1),
        offer("", "anna@restante.test", "", 1),
        offer("Anton Chess", "anton@restante.test", "", 0),
        offer("Doe, Ann", "ann@home.example", "", 0),
    ];
    assert_eq!(suggested(&page, "an").await, expected);
    let members = "ann@restante.test, chen@例子.测试";
    let expected = [
        offer("Chess", "", members, 0),
        offer("Anton Chess", "anton@restante.test", "", 0),
    ];
    assert_eq!(suggested(&page, "chess").await, expected);
    // A group is sent to as its members.
    let sent = send(&page, members).await;
    let entry = page.backend.outbox_show(sent).await.unwrap();
    assert_eq!(entry.recipients.len(), 2);
}

#[tokio::test]
async fn groups_are_saved_with_valid_members_only() {
    let server = TestServer::new(Some(0)).await;
    let page = server.open(server.imap()).await.unwrap();
    let save = async |name: &str, members: &[&str]| {
        let group = ContactGroup {
            name: name.to_owned(),
            members: members.iter().map(|m| (*m).to_owned()).collect(),
            ..ContactGroup::default()
        };
        let saved = page.backend.contact_group_save(page.account.clone(), group);
        saved.await
    };
    save("Team 一", &["a@a.example", "A@a.example", "b@b.example"])
        .await
        .unwrap();
    let groups = listed(&page, "").await.groups;
    assert_eq!(groups[0].members, ["a@a.example", "b@b.example"]);
    let many: Vec<String> = (0..=500).map(|n| format!("{n}@a.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (name, members, field) in [
        ("", &["a@a.example"][..], "group_name"),
        ("x", &["Ann"], "members"),
        ("x", &many, "members"),
    ] {
        let error = save(name, members).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field));
    }
    let deleted = page
        .backend
        .contact_delete(page.account.clone(), groups[0].id.clone());
    deleted.await.unwrap();
    assert!(listed(&page, "").await.groups.is_empty());
    assert!(suggested(&page, "team").await.is_empty());
}
