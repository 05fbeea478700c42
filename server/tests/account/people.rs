//! People written to: remembered when a message is in the outbox, suggested, compared, forgotten.

use app::api::backend::MailBackend as _;
use app::api::types::Draft;
use app::text::recipients;
use mail_mime::address;
use proptest::prelude::*;

use super::test_server::{Page, TestServer};

async fn send(page: &Page, to: &str, cc: &str, bcc: &str) {
    let draft = Draft {
        to: to.to_owned(),
        cc: cc.to_owned(),
        bcc: bcc.to_owned(),
        subject: "s".to_owned(),
        body: "b".to_owned(),
        ..Draft::default()
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    sent.await.unwrap();
}

/// Returns the suggestions for a typed text: label, address and count.
async fn suggested(page: &Page, typed: &str) -> Vec<(String, String, u32)> {
    let found = page
        .backend
        .people_suggest(page.account.clone(), typed.to_owned());
    let found = found.await.unwrap().into_iter();
    found
        .map(|s| (s.person.name, s.person.address, s.written_count))
        .collect()
}

fn person(name: &str, address: &str, count: u32) -> (String, String, u32) {
    (name.to_owned(), address.to_owned(), count)
}

#[tokio::test]
async fn recipients_of_a_sent_message_are_suggested_to_their_account_until_they_are_forgotten() {
    let server = TestServer::new(Some(0)).await;
    let page = server.open(server.imap()).await.unwrap();
    send(
        &page,
        "\"Doe, Ann\" <ann@restante.test>",
        "anton@restante.test",
        "陈思远 <chen@例子.测试>",
    )
    .await;
    send(&page, "anton@restante.test", "", "").await;
    let expected = [
        person("", "anton@restante.test", 2),
        person("Doe, Ann", "ann@restante.test", 1),
    ];
    assert_eq!(suggested(&page, "an").await, expected);
    let chen = [person("陈思远", "chen@例子.测试", 1)];
    assert_eq!(suggested(&page, "思远").await, chen);
    assert_eq!(suggested(&page, "chen@例").await, chen);
    // The other protocol is another account.
    let other = server.open(server.pop3()).await.unwrap();
    assert!(suggested(&other, "an").await.is_empty());
    for address in ["ANTON@restante.test", "chen@例子.测试", "not an address"] {
        let account = page.account.clone();
        let forgotten = page.backend.person_forget(account, address.to_owned());
        forgotten.await.unwrap();
    }
    let left = [person("Doe, Ann", "ann@restante.test", 1)];
    assert_eq!(suggested(&page, "an").await, left);
    assert!(suggested(&page, "思远").await.is_empty());
}

#[tokio::test]
async fn a_message_that_is_refused_is_remembered_by_nobody() {
    let server = TestServer::new(Some(0)).await;
    let page = server.open(server.imap()).await.unwrap();
    let draft = Draft {
        to: "ann@restante.test, ben".to_owned(),
        ..Draft::default()
    };
    let sent = page.backend.message_send(page.account.clone(), draft);
    assert!(sent.await.is_err());
    assert!(suggested(&page, "ann").await.is_empty());
}

#[tokio::test]
async fn a_recipient_that_resembles_one_written_to_is_told() {
    let server = TestServer::new(Some(0)).await;
    let page = server.open(server.imap()).await.unwrap();
    send(&page, "service@bank.example", "", "").await;
    let addresses = ["service@bank.examp1e", "service@bank.example"];
    let addresses = addresses.map(str::to_owned).to_vec();
    let compared = page.backend.people_compare(page.account.clone(), addresses);
    let compared = compared.await.unwrap();
    assert_eq!(compared.len(), 1, "{compared:?}");
    assert_eq!(compared[0].address, "service@bank.examp1e");
    let text = "bank.examp1e is not bank.example, to whom you wrote before.";
    assert_eq!(compared[0].text, text);
}

fn by_server(field: &str) -> Vec<(&str, bool)> {
    let entries = address::entries(field);
    entries
        .map(|entry| (entry.text, entry.mailbox.is_ok()))
        .collect()
}

fn by_page(field: &str) -> Vec<(&str, bool)> {
    let entries = recipients::entries(field);
    entries
        .map(|entry| (entry.text, recipients::recipient(entry.text).is_some()))
        .collect()
}

#[test]
fn the_page_reads_a_recipient_field_as_the_server_does() {
    for field in [
        "ann@a.example, Ben <ben@b.example>; \"Doe, Cat\" <cat@c.example>",
        "ann@a.example，ben@b.example；c@c.example、d@d.example\r\ne@e.example",
        "\"a,b\"@c.example, <\"x;y\"@c.example>, Ann <\"a(b\"@a.example>",
        "Ann (Sales, North) <ann@a.example>, ann@a.example (Ann)",
        "\"Ann, ben@b.example\ncat@c.example",
        "Team: ann@a.example, ben@b.example; cat@c.example",
        "mailto:ann@a.example, mailto:ann@a.example?subject=x, <MAILTO:a@b.example>",
        "Ann \"A\" <ann@a.example>, Ann <ann@a.example> x, <<a@b.example>>, <>",
        "a..b@a.example, .a@a.example, a@[192.0.2.1], a@[IPv6:::1], a@192.0.2.1",
        "张三 <z@例子.测试>, 张@b.example, ann＠a.example, a@例子。测试, a@ａ.example",
        "a@b@c.example, ann@@a.example, @a.example, ann@, ann, ann @a.example",
        "ann@a\u{200b}.example, An\u{202e}n <a@b.example>, root@localhost, a@b_c.example",
        "a@b..example, a@b.example., \"john smith\"@b.example, \"\"@b.example",
    ] {
        assert_eq!(by_page(field), by_server(field), "{field}");
    }
}

proptest! {
    /// The page splits as the server does, and is never stricter.
    #[test]
    fn an_entry_that_the_page_refuses_is_refused_by_the_server(
        field in "([a-c@.,;:<>\"\\\\ ()\n，例-]|mailto:|a@b\\.c|<a@b\\.c>){0,16}",
    ) {
        let (page, server) = (by_page(&field), by_server(&field));
        prop_assert_eq!(page.len(), server.len());
        for ((text, is_ok), (same, is_accepted)) in page.into_iter().zip(server) {
            prop_assert_eq!(text, same);
            prop_assert!(is_ok || !is_accepted, "{}", text);
        }
    }
}
