//! Start, shutdown and periodic delivery.

use std::time::Duration;

use mail_demo::{Demo, Options};
use tokio::net::TcpStream;

use crate::client::{Client, NOW_UNIX_MS, demo, imap_in_inbox, imap_signed_in};

#[tokio::test]
async fn stop_sends_bye_and_frees_the_ports() {
    let demo = demo(Some(1)).await;
    let port = demo.ports().imaps;
    let mut idler = imap_in_inbox(&demo).await;
    assert_eq!(idler.exchange("t IDLE").await, "+ idling");
    demo.stop().await;
    assert_eq!(idler.line().await, "* BYE server is stopping");
    assert!(idler.is_closed().await);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn dropping_the_demo_ends_its_sessions() {
    let demo = demo(Some(1)).await;
    let mut client = imap_signed_in(&demo).await;
    drop(demo);
    assert_eq!(client.line().await, "* BYE server is stopping");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_hundred_thousand_messages_are_there() {
    let demo = demo(Some(100_000)).await;
    assert_eq!(demo.inbox_len(), 100_000);
    let mut client = imap_in_inbox(&demo).await;
    let fetched = client
        .imap("FETCH 50000,100000 (UID ENVELOPE BODYSTRUCTURE RFC822.SIZE)")
        .await;
    assert!(
        fetched[0].starts_with("* 50000 FETCH (UID 50000 ENVELOPE (\""),
        "{fetched:?}"
    );
    assert_eq!(fetched.last().unwrap(), "t OK FETCH done");
}

#[tokio::test]
async fn mail_every_delivers_messages_periodically() {
    let options = Options {
        messages: Some(0),
        mail_every: Some(Duration::from_millis(50)),
        now_unix_ms: NOW_UNIX_MS,
        ..Options::default()
    };
    let demo = Demo::start(options).await.unwrap();
    let mut client = imap_in_inbox(&demo).await;
    client.send("t IDLE\r\n").await;
    let lines = client.lines_until(|line| line == "* 3 EXISTS").await;
    assert!(lines.len() > 1);
    client.line().await;
    client.send("DONE\r\n").await;
    client.lines_until(|line| line.starts_with("t OK")).await;
    let fetched = client
        .imap("FETCH 1:3 (FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
        .await;
    let mut ids: Vec<_> = fetched
        .iter()
        .filter(|line| line.starts_with("Message-ID: "))
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{fetched:?}");
    assert!(fetched.iter().all(|line| !line.contains("\\Seen")));
}

#[tokio::test]
async fn the_certificate_is_valid_for_the_ip_address() {
    let demo = demo(Some(0)).await;
    let client = Client::plain(&demo, demo.ports().imaps).await;
    let mut client = client.upgraded("127.0.0.1").await;
    assert!(client.line().await.starts_with("* OK "));
}

#[tokio::test]
async fn command_lines_are_counted_without_continuations() {
    let demo = demo(Some(1)).await;
    let mut client = imap_in_inbox(&demo).await;
    assert_eq!(demo.command_count(), 2);
    assert_eq!(client.exchange("t IDLE").await, "+ idling");
    assert_eq!(client.exchange("DONE").await, "t OK IDLE done");
    client.send("t STATUS {5}\r\n").await;
    assert_eq!(client.line().await, "+ go on");
    client.send("INBOX (MESSAGES)\r\n").await;
    assert_eq!(client.line().await, "* STATUS INBOX (MESSAGES 1)");
    assert_eq!(demo.command_count(), 4);
}
