//! Messages that leave after their user has gone: signed out, without any browser, and over a
//! restart of the program.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::program::{Program, call};
use super::real_server::RealServer;
use super::{ADDRESS, OTHER_ADDRESS};
use crate::web::client::{Client, Request};

/// A chosen time is a whole minute.
const MINUTE_MS: i64 = 60_000;
/// The recipient's inbox.
const INBOX: (&str, &str) = (OTHER_ADDRESS, "");

/// Posts a message. Returns the id of its entry, and the name of its state.
async fn post(client: &mut Client, account: &str, subject: &str, send_at: &str) -> Value {
    let draft = json!({
        "to": OTHER_ADDRESS, "cc": "", "bcc": "", "subject": subject, "body": "Hello.\n",
        "source": null, "replaces": null, "uploads": [], "keep_parts": [],
        "options": { "send_at": send_at },
    });
    let message = json!({ "account": account, "draft": draft });
    let sent = call(client, "message_send", &message).await;
    serde_json::from_slice(&sent.body).expect("JSON")
}

/// Waits until a message arrived and its copy is filed, once each.
async fn until_sent(server: &RealServer, subject: &str) {
    server.until_arrived(INBOX, subject, 1).await;
    server.until_arrived((ADDRESS, "Sent"), subject, 1).await;
}

#[tokio::test]
async fn message_leaves_without_any_browser_and_after_signing_out() {
    let server = RealServer::new().await;
    let program = Program::start(&server, 2);
    let (mut client, account) = program.sign_in().await;
    let held = post(&mut client, &account, "Without a browser", "").await;
    assert!(held["entry"]["state"]["held"].is_object(), "{held}");
    // Its connections are closed already: each request had its own.
    drop(client);
    until_sent(&server, "Without a browser").await;

    let (mut client, account) = program.sign_in().await;
    post(&mut client, &account, "After signing out", "").await;
    let out = client.send(Request::form("/logout", "")).await;
    assert_eq!(out.status, 303, "{}", out.text());
    let refused = client.get("/mail").await;
    let location = refused.header("location").unwrap_or_default();
    assert!(location.contains("/login"), "{location}");
    assert_eq!(server.arrived(INBOX, "After signing out"), 0);
    until_sent(&server, "After signing out").await;
}

#[tokio::test]
async fn scheduled_and_held_messages_leave_after_the_process_was_killed() {
    let server = RealServer::new().await;
    let mut program = Program::start(&server, 3);
    let (mut client, account) = program.sign_in().await;
    // The next whole minute; the process is killed before it.
    let now = server::store::now_unix_ms();
    let due = (now + 10_000).div_euclid(MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    let send_at = jiff::Timestamp::from_millisecond(due).unwrap();
    let send_at = send_at.strftime("%Y-%m-%dT%H:%M").to_string();
    let scheduled = post(&mut client, &account, "Scheduled", &send_at).await;
    assert!(
        scheduled["entry"]["state"]["scheduled"].is_object(),
        "{scheduled}"
    );
    let held = post(&mut client, &account, "Held", "").await;
    assert!(held["entry"]["state"]["held"].is_object(), "{held}");
    program.kill();
    assert_eq!(server.arrived(INBOX, "Held"), 0);
    program.start_again();
    until_sent(&server, "Held").await;
    // Whatever arrives before its time is seen before its time.
    loop {
        let count = server.arrived(INBOX, "Scheduled");
        if server::store::now_unix_ms() >= due {
            break;
        }
        assert_eq!(count, 0, "it was sent before its time");
        sleep(Duration::from_millis(100)).await;
    }
    until_sent(&server, "Scheduled").await;
}
