//! POP3 sessions, line by line.

use crate::client::{Client, PLAIN, demo, imap_in_inbox, pop3_signed_in};

#[tokio::test]
async fn a_password_in_plaintext_is_refused_until_stls() {
    let demo = demo(Some(0)).await;
    let mut client = Client::plain(&demo, demo.ports().pop3).await;
    client.line().await;
    let capabilities = client.pop3_list("CAPA").await;
    assert!(
        capabilities.contains(&"STLS".to_owned()) && !capabilities.contains(&"USER".to_owned())
    );
    for line in ["USER demo", "PASS demo", "AUTH PLAIN", "STAT"] {
        assert!(client.exchange(line).await.starts_with("-ERR"), "{line}");
    }
    assert!(client.exchange("STLS").await.starts_with("+OK"));
    let mut client = client.upgraded("localhost").await;
    let capabilities = client.pop3_list("CAPA").await;
    for capability in [
        "USER",
        "SASL PLAIN",
        "TOP",
        "UIDL",
        "PIPELINING",
        "RESP-CODES",
    ] {
        assert!(
            capabilities.contains(&capability.to_owned()),
            "{capability}"
        );
    }
    assert!(client.exchange("STLS").await.starts_with("-ERR"));
    assert!(
        client
            .exchange(&format!("AUTH PLAIN {PLAIN}"))
            .await
            .starts_with("+OK")
    );
}

#[tokio::test]
async fn plaintext_behind_stls_closes_the_connection() {
    let demo = demo(Some(0)).await;
    let mut client = Client::plain(&demo, demo.ports().pop3).await;
    client.line().await;
    client.send("STLS\r\nCAPA\r\n").await;
    assert_eq!(client.line().await, "-ERR input before the TLS handshake");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_wrong_password_has_the_auth_response_code() {
    let demo = demo(Some(0)).await;
    let mut client = Client::tls(&demo, demo.ports().pop3s).await;
    client.line().await;
    assert!(
        client.exchange("PASS demo").await.starts_with("-ERR"),
        "USER comes first"
    );
    client.exchange("USER demo").await;
    assert!(
        client
            .exchange("PASS wrong")
            .await
            .starts_with("-ERR [AUTH]")
    );
    assert!(
        client.exchange("PASS demo").await.starts_with("-ERR"),
        "a failed PASS forgets the user"
    );
}

#[tokio::test]
async fn the_maildrop_is_locked_to_one_session() {
    let demo = demo(Some(1)).await;
    let mut first = pop3_signed_in(&demo).await;
    let mut second = Client::tls(&demo, demo.ports().pop3s).await;
    second.line().await;
    second.exchange("USER demo").await;
    assert!(
        second
            .exchange("PASS demo")
            .await
            .starts_with("-ERR [IN-USE]")
    );
    assert!(first.exchange("QUIT").await.starts_with("+OK"));
    second.exchange("USER demo").await;
    assert!(second.exchange("PASS demo").await.starts_with("+OK"));
}

#[tokio::test]
async fn a_lost_connection_frees_the_maildrop_and_deletes_nothing() {
    let demo = demo(Some(2)).await;
    let mut client = pop3_signed_in(&demo).await;
    assert!(client.exchange("DELE 1").await.starts_with("+OK"));
    drop(client);
    // The server detects the closed connection on its next read; until then the maildrop is locked.
    for _ in 0..100 {
        let mut client = Client::tls(&demo, demo.ports().pop3s).await;
        client.line().await;
        client.exchange("USER demo").await;
        if client.exchange("PASS demo").await.starts_with("+OK") {
            assert!(client.exchange("STAT").await.starts_with("+OK 2 "));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the maildrop stayed locked");
}

#[tokio::test]
async fn listings_agree_with_what_is_retrieved() {
    let demo = demo(Some(0)).await;
    demo.deliver("Subject: one\n\n.dot\n..two\nend");
    demo.deliver("Subject: two\r\n\r\n1\r\n2\r\n3\r\n");
    let mut client = pop3_signed_in(&demo).await;
    assert_eq!(client.exchange("STAT").await, "+OK 2 57");
    assert_eq!(client.pop3_list("LIST").await[1..], ["1 32", "2 25"]);
    assert_eq!(client.exchange("LIST 2").await, "+OK 2 25");
    assert_eq!(
        client.pop3_list("RETR 1").await,
        [
            "+OK 32 octets",
            "Subject: one",
            "",
            "..dot",
            "...two",
            "end"
        ]
    );
    assert_eq!(
        client.pop3_list("TOP 2 1").await[1..],
        ["Subject: two", "", "1"]
    );
    let ids = client.pop3_list("UIDL").await;
    assert_eq!(client.exchange("UIDL 1").await, format!("+OK {}", ids[1]));
    assert_ne!(ids[1].split(' ').nth(1), ids[2].split(' ').nth(1));
    for line in [
        "RETR 3",
        "RETR 0",
        "LIST 99999999999999999999999",
        "TOP 1",
        "DELE",
        "RETR 1 2",
        "UIDL x",
    ] {
        assert!(client.exchange(line).await.starts_with("-ERR"), "{line}");
    }
}

#[tokio::test]
async fn deletions_happen_at_quit_and_are_visible_in_imap() {
    let demo = demo(Some(3)).await;
    let mut imap = imap_in_inbox(&demo).await;
    let mut client = pop3_signed_in(&demo).await;
    assert!(client.exchange("DELE 1").await.starts_with("+OK"));
    assert!(client.exchange("RSET").await.starts_with("+OK"));
    assert!(client.exchange("DELE 2").await.starts_with("+OK"));
    assert!(client.exchange("DELE 2").await.starts_with("-ERR"));
    assert!(client.exchange("RETR 2").await.starts_with("-ERR"));
    assert_eq!(client.pop3_list("UIDL").await.len(), 3);
    assert_eq!(imap.imap("NOOP").await, ["t OK NOOP done"]);
    assert!(client.exchange("QUIT").await.starts_with("+OK"));
    assert_eq!(imap.imap("NOOP").await, ["* 2 EXPUNGE", "t OK NOOP done"]);
}

#[tokio::test]
async fn a_message_that_imap_removed_can_still_be_retrieved() {
    let demo = demo(Some(1)).await;
    let mut client = pop3_signed_in(&demo).await;
    let mut imap = imap_in_inbox(&demo).await;
    imap.imap("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    imap.imap("EXPUNGE").await;
    assert!(client.pop3_list("RETR 1").await.len() > 5);
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let demo = demo(Some(2)).await;
    let mut client = pop3_signed_in(&demo).await;
    client.send("NOOP\r\nDELE 1\r\nFROB\r\nQUIT\r\n").await;
    let replies = [
        client.line().await,
        client.line().await,
        client.line().await,
        client.line().await,
    ];
    let starts: Vec<_> = replies.iter().map(|line| &line[..3]).collect();
    assert_eq!(starts, ["+OK", "+OK", "-ER", "+OK"]);
    assert!(client.is_closed().await);
    assert_eq!(demo.inbox_len(), 1);
}
