//! Ten different attacks at the same time: together they stay within the limits of one process.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::answers::{flooding, folder_line, large_structure, row_line, unfinished};
use crate::client::{Client, Request};
use crate::mailserver::{Mail, MailServer, Script};
use crate::nested;
use crate::product::Product;
use crate::watch::{Probe, Watch};

/// Maximum growth of the process under ten simultaneous attacks.
const GROWTH_MAX_BYTES: u64 = 256 << 20;
/// Maximum part of it that the allocator may retain.
const RETAINED_MAX_BYTES: u64 = 48 << 20;
/// Duration for which each attack is repeated.
const DURATION: Duration = Duration::from_secs(15);

/// Requests paths repeatedly and ignores the responses.
async fn request_repeatedly(mut client: Client, paths: Vec<String>) {
    loop {
        for path in &paths {
            let mut stream = client.open(Request::get(path)).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        client = client.clone();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_simultaneous_attacks_stay_within_the_limits_of_the_process() {
    let valid = MailServer::valid().await;
    let on = Arc::new(AtomicBool::new(true));
    let plain = || ["one", "two", "three"].map(Mail::plain).to_vec();
    let scripts: Vec<(Vec<Mail>, Script)> = vec![
        (plain(), flooding("LIST", folder_line, Arc::clone(&on))),
        (plain(), flooding("FETCH", row_line, Arc::clone(&on))),
        (plain(), flooding("IDLE", row_line, Arc::clone(&on))),
        (plain(), Box::new(unfinished)),
        (
            vec![
                Mail {
                    structure: large_structure(640 << 10),
                    ..Mail::plain("large")
                };
                100
            ],
            Box::new(|_, _| None),
        ),
        (nested::annoying(), Box::new(|_, _| None)),
    ];
    let mut servers = Vec::new();
    for (mails, script) in scripts {
        servers.push(MailServer::start(mails, script).await);
    }
    let all: Vec<&MailServer> = std::iter::once(&valid).chain(&servers).collect();
    let product = Product::start(&all);
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin("ten at once", &product, probe);

    let mut attacks = JoinSet::new();
    // 1 to 6: signed in at hostile servers, one session with several accounts.
    for (nth, server) in servers.iter().enumerate() {
        for account in 0..4 {
            let address = format!("user{nth}{account}@localhost");
            let (client, response) = product.try_sign_in_as(server, &address).await;
            if response.status == 303 {
                let mail = client.clone().get("/mail").await;
                let list = mail.header("location").unwrap_or("/mail").to_owned();
                let paths = vec![
                    list.clone(),
                    format!("{list}?page=2"),
                    format!("{list}/7.3"),
                ];
                attacks.spawn(request_repeatedly(client, paths));
            }
        }
    }
    // 7: silent connections.
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.extend(TcpStream::connect(&product.authority).await);
    }
    // 8: one session with endless streams and requests.
    let crowd = product.signed_in(&valid).await;
    let mut streams = Vec::new();
    for _ in 0..60 {
        streams.push(crowd.open(Request::get("/events")).await);
    }
    for _ in 0..20 {
        attacks.spawn(request_repeatedly(
            crowd.clone(),
            vec!["/outbox".to_owned()],
        ));
    }
    // 9: forms that are refused.
    let author = product.signed_in(&valid).await;
    attacks.spawn(async move {
        let mut author = author;
        let to = "a%40b.example%2C".repeat(40_000);
        loop {
            let form = Request::form("/compose", &format!("to={to}&subject=s&body=b"));
            let mut stream = author.open(form).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
            author = author.clone();
        }
    });
    // 10: sign-ins with long fields and forged forwarding headers.
    let anonymous = product.client();
    attacks.spawn(async move {
        let form = format!("email={}%40x.example&password=p", "a".repeat(50_000));
        let hops = "203.0.113.5, ".repeat(200);
        loop {
            let request = Request::form("/login", &form).header("x-forwarded-for", &hops);
            let mut stream = anonymous.open(request).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    let count = attacks.len();
    let _ = tokio::time::timeout(DURATION, attacks.join_next()).await;
    attacks.shutdown().await;
    drop((silent, streams));
    let sent: u64 = servers.iter().map(MailServer::sent_bytes).sum();
    let what = format!(
        "{count} attackers of 10 kinds, {} MiB sent by servers",
        sent >> 20
    );
    watch
        .end_within(&what, GROWTH_MAX_BYTES, RETAINED_MAX_BYTES)
        .await;
}
