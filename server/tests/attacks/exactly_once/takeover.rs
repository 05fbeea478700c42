//! A process that only stalls: another one takes its messages over, and the first one must not send
//! them when it continues.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use super::peer::Peer;
use super::plan::{Fault, Plan, Step, Way};
use super::{Account, Seen, ledger, sign_in_form, start};
use crate::mailserver::MailServer;
use crate::product::Product;
use crate::site::{Browser, Site};

/// A lease expires after 30 s, and the check runs every 10 s; the rest is for a busy machine.
const TAKEOVER_TIMEOUT: Duration = Duration::from_secs(300);

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < TAKEOVER_TIMEOUT, "never: {what}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_process_whose_messages_were_taken_over_sends_no_second_copy() {
    // Where the server holds the stalled process: all but the last are before the final dot.
    let stalls = [
        (Step::Data, false),
        (Step::Body, false),
        (Step::Data, true),
        (Step::Body, true),
        (Step::Dot, false),
    ];
    let server = MailServer::valid().await;
    let generation = Arc::new(AtomicU64::new(0));
    let (peer, _kills) = Peer::start(vec![Arc::clone(&generation)], stalls.len());
    let product = start(&server, &peer.ports);
    let stalled = Pid::from_raw(i32::try_from(product.pid()).unwrap()).unwrap();
    let config = product.state_dir.join("restante.toml");
    let other = Product::run(product.state_dir.clone(), &config);
    let sites = [product, other].map(|product| Site::new(product, Arc::clone(&generation)));
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let accounts = |site: &Arc<Site>| -> Vec<Account> {
        let account = |(index, port): (usize, &u16)| {
            let form = sign_in_form((&server, false), &format!("u{index}"), *port);
            let browser = Browser::new(site, form);
            Account::new(index, browser, &peer, &seen)
        };
        peer.ports.iter().enumerate().map(account).collect()
    };
    let [here, there] = [accounts(&sites[0]), accounts(&sites[1])];
    let mut ids = Vec::new();
    for (nth, (step, is_chunking)) in stalls.into_iter().enumerate() {
        let plan = Plan {
            nth,
            recipients: 2,
            is_pipelined: is_chunking,
            is_chunking,
            body_bytes: 100,
            // More than the buffers of both hosts: the client is before the final dot.
            attachment_bytes: match step {
                Step::Body => 6_000_000,
                _ => 0,
            },
            way: Way::Form,
            faults: Vec::new(),
            kill_after_ms: None,
            presses_retry: false,
            posts_again: false,
            joins_former: false,
        };
        peer.announce(nth, &plan);
        peer.arm(nth, nth, Fault::hold(step));
        there[nth].browser.sign_in_again().await;
        ids.push(here[nth].post(&plan).await.expect("a response"));
    }
    until("all are held", async || *peer.held.borrow() == stalls.len()).await;
    kill_process(stalled, Signal::STOP).unwrap();
    peer.released.cancel();
    // The server goes on, so that the stalled process finds every reply when it continues.
    for ((nth, id), (step, _)) in (0..).zip(&ids).zip(stalls) {
        let expected = match step {
            Step::Dot => "unknown",
            _ => "handed_over",
        };
        let account = &there[nth];
        until("the other process settles it", async || {
            let entry = account.check(nth, id).await;
            entry.state == expected
        })
        .await;
    }
    kill_process(stalled, Signal::CONT).unwrap();
    let before_dot = stalls.len() - 1;
    until("the first process drops its transactions", async || {
        let record = peer.record();
        let received = record
            .messages
            .values()
            .map(|message| message.received.len());
        let second = received.sum::<usize>() - stalls.len();
        usize::try_from(record.aborted).unwrap() + second >= before_dot
    })
    .await;
    for ((nth, id), (step, _)) in (0..).zip(&ids).zip(stalls) {
        let received = peer.record().message(nth).received.len();
        assert_eq!(received, 1, "the end of a message stalled at {step:?}");
        // Both processes show the same entry, and what the first one read later changes nothing.
        for account in [&here[nth], &there[nth]] {
            let entries = ledger::read(&account.browser).await;
            let entry = account.check(nth, id).await;
            assert_eq!(entries.len(), 1, "{entries:?}");
            let expected = match step {
                Step::Dot => "unknown",
                _ => "handed_over",
            };
            assert_eq!(entry.state, expected);
        }
    }
    let contradictions = std::mem::take(&mut seen.lock().unwrap().contradictions);
    assert!(contradictions.is_empty(), "{contradictions:?}");
    // Only one of the two may remove the folder.
    sites[1].stop_and_keep().await;
}
