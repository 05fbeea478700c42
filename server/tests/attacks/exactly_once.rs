//! Exactly once: 1,000 messages are sent to a server that cuts, stalls, resets, answers late or
//! refuses at every step, while the process is killed during 200 of them. The server's own record
//! says who received what; the ledger must never contradict it.

mod ledger;
mod peer;
mod plan;
mod record;
mod session;
mod summary;
mod takeover;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;

use self::ledger::Entry;
use self::peer::Peer;
use self::plan::{Action, Plan, STEPS, Way, plans};
use self::record::MessageRecord;
use self::summary::Summary;
use crate::client::Request;
use crate::mailserver::MailServer;
use crate::outbox::compose;
use crate::product::{PASSWORD, Product};
use crate::site::{Browser, Killed, Site};

const SENDS: usize = 1_000;
/// Messages during whose sending the process is killed; some are chosen in addition, because a kill
/// may come too late.
const KILLS: usize = 200;
const SITES: usize = 4;
const ACCOUNTS_PER_SITE: usize = 5;
/// The seed, unless `EXACTLY_ONCE_SEED` gives another one.
const SEED: u64 = 20_261;
/// Maximum time of the first attempts of a message, and of all work after the last fault: a lease
/// expires after 30 s, and the check runs every 10 s.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(120);

/// What the browsers saw.
#[derive(Debug, Default)]
struct Seen {
    /// Messages whose post was answered.
    answered: BTreeSet<usize>,
    /// Messages whose post was never answered.
    unanswered: BTreeSet<usize>,
    /// Number of retries that users pressed.
    pressed: u32,
    contradictions: Vec<String>,
}

/// One account with its messages.
struct Account {
    index: usize,
    browser: Browser,
    peer: Arc<Peer>,
    seen: Arc<Mutex<Seen>>,
}

/// Starts a product whose accounts may reach these ports.
fn start(server: &MailServer, smtp: &[u16]) -> Product {
    let config = format!(
        "upstreams = \"listed\"\n[[upstream]]\nhost = \"127.0.0.1\"\ntls = \"plain\"\n\
         ports = {{ smtp = {smtp:?} }}\n"
    );
    Product::start_with(&[server], &config)
}

/// Returns the fields of the sign-in form of an account.
fn sign_in_form((server, is_pop3): (&MailServer, bool), name: &str, smtp: u16) -> String {
    let (kind, port) = match is_pop3 {
        true => ("pop3", server.pop3),
        false => ("imap", server.imap),
    };
    format!(
        "email={name}%40localhost&password={PASSWORD}&incoming={kind}&incoming_host=localhost\
         &incoming_port={port}&incoming_tls=plain&outgoing_host=127.0.0.1&outgoing_port={smtp}\
         &outgoing_tls=plain"
    )
}

impl Account {
    fn new(index: usize, browser: Browser, peer: &Arc<Peer>, seen: &Arc<Mutex<Seen>>) -> Self {
        Self {
            index,
            browser,
            peer: Arc::clone(peer),
            seen: Arc::clone(seen),
        }
    }

    /// Sends messages, some of them together.
    async fn send_all(&self, plans: &[Plan]) {
        let mut rest = plans;
        while let Some(first) = rest.first() {
            let joined = rest[1..]
                .iter()
                .take_while(|plan| plan.joins_former)
                .count();
            let (now, later) = rest.split_at(1 + joined.min(3));
            self.peer.announce(self.index, first);
            join_all(now.iter().map(|plan| self.send(plan))).await;
            rest = later;
        }
    }

    /// Sends one message and follows its first attempts as its user would.
    async fn send(&self, plan: &Plan) {
        let mut faults = plan.faults.iter().copied();
        if let Some(fault) = faults.next() {
            self.peer.arm(self.index, plan.nth, fault);
        }
        let generation = self.browser.site.generation();
        let kill = async {
            if let Some(ms) = plan.kill_after_ms {
                sleep(Duration::from_millis(ms)).await;
                self.peer.record().killed.insert(plan.nth);
                self.browser.site.kill(generation).await;
            }
        };
        let (posted, ()) = tokio::join!(self.post(plan), kill);
        let Ok(id) = posted else {
            self.seen.lock().unwrap().unanswered.insert(plan.nth);
            self.peer.record().killed.insert(plan.nth);
            return;
        };
        self.seen.lock().unwrap().answered.insert(plan.nth);
        let started = Instant::now();
        loop {
            let entry = self.check(plan.nth, &id).await;
            if self.browser.site.generation() != generation {
                // Its row is recovered when the lease of the killed process ends.
                return;
            }
            match entry.state.as_str() {
                "waiting_to_retry" if plan.presses_retry => {
                    if let Some(fault) = faults.next() {
                        self.peer.arm(self.index, plan.nth, fault);
                    }
                    self.seen.lock().unwrap().pressed += 1;
                    ledger::retry(&self.browser, &id).await;
                }
                "waiting_for_sign_in" => self.browser.sign_in_again().await,
                "sending" | "waiting" => sleep(Duration::from_millis(50)).await,
                _ => return,
            }
            assert!(started.elapsed() < SETTLE_TIMEOUT, "{entry:?}");
        }
    }

    /// Posts a message, perhaps again if there was no response, and returns the id of its entry.
    async fn post(&self, plan: &Plan) -> Result<String, Killed> {
        if plan.way == Way::Json {
            return self.post_json(plan).await;
        }
        let form = loop {
            if let Ok(form) = self.form(plan.way == Way::OpenedForm).await {
                break form;
            }
        };
        match self.post_form(plan, &form).await {
            Err(Killed) if plan.posts_again => loop {
                if let Ok(id) = self.post_form(plan, &form).await {
                    return Ok(id);
                }
            },
            posted => posted,
        }
    }

    /// Opens a form and returns its key.
    async fn form(&self, opens_page: bool) -> Result<String, Killed> {
        let page = self
            .browser
            .send(|account| Request::get(&format!("/compose?account={account}")))
            .await?;
        let address = page.header("location").expect("a form").to_owned();
        if opens_page {
            let page = self.browser.send(|_| Request::get(&address)).await?;
            assert_eq!(page.status, 200, "{}", page.text());
        }
        let key = address.split_once("form=").expect("a key").1;
        Ok(key.split('&').next().unwrap_or_default().to_owned())
    }

    async fn post_form(&self, plan: &Plan, form: &str) -> Result<String, Killed> {
        let (to, subject, text) = (recipients(plan), plan.subject(), plan.text());
        let request = |account: &str| {
            let fields = [
                ("account", account),
                ("form", form),
                ("to", &to),
                ("subject", &subject),
                ("body", &text),
            ];
            match plan.attachment_bytes {
                0 => compose(&fields, &[]),
                bytes => compose(&fields, &[("a.bin", &vec![b'a'; bytes])]),
            }
        };
        let response = self.browser.send(request).await?;
        assert_eq!(response.status, 303, "{}", response.text());
        let entry = response.header("location").expect("an entry");
        Ok(entry.split_once("entry=").expect("an entry").1.to_owned())
    }

    async fn post_json(&self, plan: &Plan) -> Result<String, Killed> {
        let request = |account: &str| {
            let json = serde_json::json!({
                "account": account,
                "draft": {
                    "to": recipients(plan), "cc": "", "bcc": "", "subject": plan.subject(),
                    "body": plan.text(), "source": null, "replaces": null, "uploads": [],
                    "keep_parts": [],
                },
            });
            Request::post("/api/message_send", "application/json", json.to_string())
        };
        let response = self.browser.send(request).await?;
        assert_eq!(response.status, 200, "{}", response.text());
        let sent: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
        Ok(sent["outbox"].as_str().expect("an id").to_owned())
    }

    /// Reads an entry, and compares it with the record of the server.
    async fn check(&self, nth: usize, id: &str) -> Entry {
        let before = self.peer.record().message(nth).clone();
        let entry = ledger::show(&self.browser, id).await;
        self.compare(&before, &entry);
        entry
    }

    /// Compares an entry with the record of the server, as it was before the entry was read and is
    /// now.
    fn compare(&self, before: &MessageRecord, entry: &Entry) {
        let after = self.peer.record().message(entry.nth()).clone();
        let found = entry.contradictions(before, &after);
        self.seen.lock().unwrap().contradictions.extend(found);
    }

    /// Waits until nothing is left to be sent, pressing "retry now" where the ledger waits. Returns
    /// the ledger, and the recipients for whom it announced another attempt.
    async fn drain(&self) -> (Vec<Entry>, BTreeSet<(usize, usize)>) {
        let started = Instant::now();
        let mut announced = BTreeSet::new();
        self.browser.sign_in_again().await;
        loop {
            let before = self.peer.record().messages.clone();
            let entries = ledger::read(&self.browser).await;
            for entry in &entries {
                let before = before.get(&entry.nth()).cloned().unwrap_or_default();
                self.compare(&before, entry);
            }
            let open: Vec<&Entry> = entries.iter().filter(|entry| entry.is_open()).collect();
            for entry in &open {
                if entry.state == "sending" {
                    continue;
                }
                let waiting = entry.recipients_in(&["waiting", "delayed"]);
                announced.extend(waiting.into_iter().map(|to| (entry.nth(), to)));
                if entry.state == "waiting_to_retry" {
                    self.seen.lock().unwrap().pressed += 1;
                    ledger::retry(&self.browser, &entry.id).await;
                }
            }
            if open.is_empty() {
                return (entries, announced);
            }
            assert!(started.elapsed() < SETTLE_TIMEOUT, "{open:?}");
            sleep(Duration::from_millis(500)).await;
        }
    }
}

fn recipients(plan: &Plan) -> String {
    let addresses: Vec<String> = (0..plan.recipients).map(|to| plan.address(to)).collect();
    addresses.join(", ")
}

fn seed() -> u64 {
    let given = std::env::var("EXACTLY_ONCE_SEED").ok();
    given.map_or(SEED, |seed| {
        seed.parse().expect("EXACTLY_ONCE_SEED: a number")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_accepted_at_most_once_and_the_ledger_never_contradicts_the_server() {
    let (started, seed) = (Instant::now(), seed());
    print(&format!("exactly once: EXACTLY_ONCE_SEED={seed}"));
    let server = MailServer::valid().await;
    let generations: Vec<_> = (0..SITES).map(|_| Arc::new(AtomicU64::new(0))).collect();
    let (peer, mut kills) = Peer::start(generations.clone(), ACCOUNTS_PER_SITE);
    let sites: Vec<_> = (peer.ports.chunks(ACCOUNTS_PER_SITE).zip(generations))
        .map(|(ports, generation)| Site::new(start(&server, ports), generation))
        .collect();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let accounts: Vec<_> = (peer.ports.iter().enumerate())
        .map(|(index, port)| {
            // One account of each site has POP3, whose sent messages are filed on the site itself.
            let is_pop3 = index % ACCOUNTS_PER_SITE == 0;
            let site = &sites[peer.site(index)];
            let form = sign_in_form((&server, is_pop3), &format!("u{index}"), *port);
            let browser = Browser::new(site, form);
            Account::new(index, browser, &peer, &seen)
        })
        .collect();
    let killed_sites = sites.clone();
    tokio::spawn(async move {
        while let Some(kill) = kills.recv().await {
            let site = Arc::clone(&killed_sites[kill.site]);
            tokio::spawn(async move { site.kill(kill.generation).await });
        }
    });
    let plans = plans(seed, SENDS, KILLS + KILLS / 4);
    let share = SENDS / accounts.len();
    let sending = accounts.iter().zip(plans.chunks(share));
    join_all(sending.map(|(account, plans)| account.send_all(plans))).await;
    let sent_in = started.elapsed();

    peer.is_calm.cancel();
    let ledgers = join_all(accounts.iter().map(Account::drain)).await;
    for site in &sites {
        site.check().await;
    }
    let mut entries: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
    let mut announced = BTreeSet::new();
    for (ledger, waiting) in ledgers {
        announced.extend(waiting);
        for entry in ledger {
            entries.entry(entry.nth()).or_default().push(entry);
        }
    }
    let kills = sites.iter().map(|site| site.kills.load(Ordering::Relaxed));
    let summary = Summary {
        plans,
        entries,
        announced,
        kills: kills.sum(),
    };
    let (record, seen) = (peer.record(), seen.lock().unwrap());
    let faults = summary.faults(&record, &seen);
    print(&summary.table(&record, &seen, sent_in, started.elapsed()));
    assert!(faults.is_empty(), "seed {seed}: {faults:#?}");
    for step in STEPS {
        for action in [Action::Cut, Action::Reset, Action::Refuse, Action::Kill] {
            let fired = record.fired.get(&(step, action)).copied();
            assert!(fired.is_some(), "seed {seed}: never {action:?} at {step:?}");
        }
    }
    assert!(record.killed.len() >= KILLS, "seed {seed}: too few kills");
}

/// Prints past the capture of the test runner.
fn print(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
