//! Two processes share one state folder: one is killed while it sends, and the other takes over its
//! messages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::client::Request;
use crate::mailserver::{Mail, MailServer, Reply, Script};
use crate::outbox::{account, compose, spooled, wait_for_outbox};
use crate::product::Product;

/// A lease expires after 30 s, and the check runs every 10 s.
const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(90);

/// What an SMTP server received, by recipient.
#[derive(Default)]
struct Seen {
    recipient: String,
    /// How many envelopes named it.
    envelopes: HashMap<String, u32>,
    /// How many final dots were received: from then on the server may have the message.
    dots: HashMap<String, u32>,
}

type SharedSeen = Arc<Mutex<Seen>>;

/// Does not reply to the final dot of a message to `dot@`, nor to the first `RCPT` of `rcpt@`.
fn script(seen: SharedSeen) -> Script {
    Box::new(move |protocol, received| {
        if protocol != "smtp" {
            return None;
        }
        let mut seen = seen.lock().unwrap();
        if let Some(rest) = received.command.strip_prefix("RCPT TO:<") {
            let recipient = rest.split('@').next().unwrap_or_default().to_owned();
            let count = seen.envelopes.entry(recipient.clone()).or_default();
            *count += 1;
            let is_held = recipient == "rcpt" && *count == 1;
            seen.recipient = recipient;
            return is_held.then_some(Reply::Silence);
        }
        if received.command == "." {
            let recipient = seen.recipient.clone();
            *seen.dots.entry(recipient.clone()).or_default() += 1;
            return (recipient == "dot").then_some(Reply::Silence);
        }
        None
    })
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(
        timeout(TAKEOVER_TIMEOUT, waiting).await.is_ok(),
        "never: {what}"
    );
}

async fn send_to(client: &mut crate::client::Client, recipient: &str, upload: Option<&str>) {
    let id = account(client).await;
    let to = format!("{recipient}@peer.test");
    let mut fields = vec![
        ("account", id.as_str()),
        ("to", to.as_str()),
        ("subject", recipient),
        ("body", "Hello."),
    ];
    fields.extend(upload.map(|id| ("upload", id)));
    let response = client.send(compose(&fields, &[])).await;
    assert_eq!(response.status, 303, "{}", response.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_takes_over_the_work_of_a_killed_process() {
    let seen = SharedSeen::default();
    let dots = |recipient: &str| {
        let seen = seen.lock().unwrap();
        seen.dots.get(recipient).copied().unwrap_or_default()
    };
    let envelopes = |recipient: &str| {
        let seen = seen.lock().unwrap();
        seen.envelopes.get(recipient).copied().unwrap_or_default()
    };
    let server = MailServer::start(vec![Mail::plain("one")], script(Arc::clone(&seen))).await;
    let killed = Product::start(&[&server]);
    let config = killed.state_dir.join("restante.toml");
    let living = Product::run(killed.state_dir.clone(), &config);
    // Both serve the same two accounts, and each has an upload whose message is not sent yet.
    let mut ann = killed.signed_in(&server).await;
    let mut bea = killed.signed_in_as(&server, "bea@localhost").await;
    let mut ann_here = living.signed_in(&server).await;
    let mut bea_here = living.signed_in_as(&server, "bea@localhost").await;
    let upload = |bytes: usize| {
        Request::post("/upload", "application/octet-stream", vec![b'x'; bytes])
            .header("x-file-name", "kept.bin")
    };
    assert_eq!(bea.send(upload(5000)).await.status, 200);
    let response = ann_here.send(upload(7000)).await;
    assert_eq!(response.status, 200, "{}", response.text());
    let view: serde_json::Value = serde_json::from_str(&response.text()).unwrap();
    let upload_id = view["id"].as_str().unwrap().to_owned();
    // One message is accepted, one waits for the reply to its final dot, one is before it.
    send_to(&mut ann, "taken", None).await;
    wait_for_outbox(&mut ann, "Handed over").await;
    send_to(&mut ann, "dot", None).await;
    until("the final dot", || dots("dot") == 1).await;
    send_to(&mut bea, "rcpt", None).await;
    until("the envelope", || envelopes("rcpt") == 1).await;
    let before = spooled(&killed.state_dir).0;
    let state_dir = killed.stop_and_keep();
    assert_eq!(state_dir, living.state_dir);
    // While the lease may be valid nothing is taken over; then this process sends what is safe to
    // retry.
    until("the other one sends", || dots("rcpt") == 1).await;
    wait_for_outbox(&mut bea_here, "Handed over").await;
    let page = wait_for_outbox(&mut ann_here, "Unknown").await;
    assert!(page.contains("Handed over"), "{page}");
    assert_eq!((dots("taken"), dots("dot"), dots("rcpt")), (1, 1, 1));
    assert_eq!((envelopes("taken"), envelopes("dot")), (1, 1));
    // A third process cleans up at its start: it removes the uploads of the killed process, and
    // keeps the pending upload of this one.
    let third = Product::run(living.state_dir.clone(), &config);
    let after = spooled(&living.state_dir).0;
    assert_eq!(
        (before, after),
        (4, 2),
        "one upload, and the unknown message"
    );
    send_to(&mut ann_here, "file", Some(&upload_id)).await;
    until("the message with the file", || dots("file") == 1).await;
    wait_for_outbox(&mut ann_here, "KB").await;
    // Only one of the two may remove the folder.
    drop(third.stop_and_keep());
}
