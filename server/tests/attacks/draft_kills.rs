//! Drafts under fault: letters are typed and saved again and again while the process is killed 50
//! times, the connection to the mail server is cut, and tabs forget responses. Afterwards each
//! letter has one copy, which holds what was typed last, and no copy was ever older than the text
//! that the user was told is saved.

mod upstream;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mail_demo::{ADDRESS, Demo, Options, PASSWORD};
use serde_json::{Value, json};
use tokio::time::sleep;

use self::upstream::{Cut, Upstream};
use crate::client::Request;
use crate::product::{Product, restrict};
use crate::random::Random;
use crate::site::{Browser, Killed, Site};

/// Processes that are killed.
const KILLS: u32 = 50;
/// The processes that run at a time, each with a state folder of its own.
const SITES: usize = 2;
const TYPISTS_PER_SITE: usize = 2;
/// The saves of a letter, without those that are repeated at its end.
const SAVES: usize = 8;
/// The seed, unless `DRAFT_KILLS_SEED` gives another one.
const SEED: u64 = 20_261_130;
/// Maximum time until a save without a fault succeeds.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);
/// A save takes about as long; a fault meets it at a random moment.
const SAVE_MS: usize = 60;

/// What happens during a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    /// The process is killed.
    Kill,
    /// The connection to the mail server is cut.
    Cut(Cut),
    /// The tab is killed: it knows its text and the copy of the save before, as its browser does.
    Forget,
}

/// The figures of a run.
#[derive(Debug, Default)]
struct Counts {
    letters: AtomicU32,
    saves: AtomicU32,
    /// Saves whose response was "saved".
    confirmed: AtomicU32,
    /// Saves without a response, or with an error.
    failed: AtomicU32,
    /// Responses that the tab forgot.
    forgotten: AtomicU32,
    /// Looks into the folder after a save that was cut off that found several copies.
    doubled: AtomicU32,
    /// The largest number of saves that the newest copy was behind a text of which nothing was
    /// said.
    behind: AtomicU32,
}

fn count(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A user who types one letter after another.
struct Typist {
    index: usize,
    browser: Browser,
    upstream: Arc<Upstream>,
    random: Random,
    counts: Arc<Counts>,
    /// Kills that are still to happen at this site.
    kills: Arc<AtomicU32>,
}

/// A letter as its tab has it.
struct Letter {
    subject: String,
    form: Value,
    /// The copy that is known, if any.
    saved: Value,
    /// The number of the newest text, which each text names.
    revision: u32,
    /// The newest text that was confirmed.
    confirmed: u32,
    /// The saves since the last one that ended: each may have left a copy.
    cut_off: usize,
    body: String,
}

impl Letter {
    fn type_more(&mut self) {
        self.revision += 1;
        self.body.push_str(&format!("\nWord {}.", self.revision));
    }
}

/// Returns the number of the newest word of a text.
fn revision(body: &str) -> u32 {
    let words = body.rsplit("Word ").next();
    let number = words.and_then(|word| word.trim_end().strip_suffix('.'));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

impl Typist {
    /// Types letters until the site has no kills left; at least one.
    async fn type_all(&mut self) {
        let mut nth = 0;
        loop {
            self.type_letter(nth).await;
            nth += 1;
            if self.kills.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }

    async fn type_letter(&mut self, nth: usize) {
        count(&self.counts.letters);
        let account = self.browser.account().await;
        let start = json!({ "account": account, "source": null });
        let opened = self.call("compose_start", &start).await;
        let mut letter = Letter {
            subject: format!("Letter {nth} of {}", self.index),
            form: opened["draft"]["form"].clone(),
            saved: Value::Null,
            revision: 0,
            confirmed: 0,
            cut_off: 0,
            body: "Dear Mei,".to_owned(),
        };
        for _ in 0..SAVES {
            letter.type_more();
            let fault = self.fault();
            self.save(&mut letter, fault).await;
            if fault != Fault::Nothing {
                self.check(&letter).await;
            }
        }
        letter.type_more();
        let deadline = Instant::now() + SETTLE_TIMEOUT;
        while letter.confirmed != letter.revision {
            assert!(Instant::now() < deadline, "{} is not saved", letter.subject);
            self.save(&mut letter, Fault::Nothing).await;
        }
        let copies = self.copies(&letter).await;
        let [(found, body)] = copies.as_slice() else {
            panic!("{}: copies {copies:?}", letter.subject);
        };
        assert_eq!((*found, body), (letter.revision, &letter.body));
    }

    fn fault(&mut self) -> Fault {
        match self.random.below(8) {
            0 | 1 => {
                let left = self
                    .kills
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                        left.checked_sub(1)
                    });
                left.map_or(Fault::Nothing, |_| Fault::Kill)
            }
            2 => Fault::Cut(Cut::AtOnce),
            3 => Fault::Cut(Cut::ResponsesLost),
            4 => Fault::Forget,
            _ => Fault::Nothing,
        }
    }

    /// Saves a letter, as the page does.
    async fn save(&mut self, letter: &mut Letter, fault: Fault) {
        count(&self.counts.saves);
        let delay_ms = u64::try_from(self.random.below(SAVE_MS)).unwrap();
        let generation = self.browser.site.generation();
        let fault_happens = async {
            sleep(Duration::from_millis(delay_ms)).await;
            match fault {
                Fault::Kill => {
                    if !self.browser.site.kill(generation).await {
                        // Another typist killed it.
                        self.kills.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Fault::Cut(how) => self.upstream.cut(how),
                Fault::Nothing | Fault::Forget => {}
            }
        };
        let request = |account: &str| {
            let draft = json!({
                "to": "mei@restante.test", "cc": "", "bcc": "", "subject": letter.subject,
                "body": letter.body, "source": null, "replaces": null, "uploads": [],
                "keep_parts": [], "form": letter.form, "saved": letter.saved,
            });
            let save = json!({ "account": account, "draft": draft, "is_forced": false });
            Request::post("/api/draft_save", "application/json", save.to_string())
        };
        let (response, ()) = tokio::join!(self.browser.send(request), fault_happens);
        let response = match response {
            Ok(response) if response.status == 200 => response,
            Ok(response) if fault == Fault::Nothing => {
                // A connection that was cut may be noticed late.
                assert_ne!(response.status, 400, "{}", response.text());
                count(&self.counts.failed);
                letter.cut_off += 1;
                return;
            }
            Ok(_) | Err(Killed) => {
                count(&self.counts.failed);
                letter.cut_off += 1;
                return;
            }
        };
        let result: Value = serde_json::from_slice(&response.body).expect("JSON");
        let saved = result.get("saved");
        // No other tab or program writes.
        let saved = saved.unwrap_or_else(|| panic!("{}: {result}", letter.subject));
        letter.cut_off = 0;
        if fault == Fault::Forget {
            count(&self.counts.forgotten);
            return;
        }
        count(&self.counts.confirmed);
        letter.saved = saved.clone();
        letter.confirmed = letter.revision;
    }

    /// Looks into the folder: nothing that was confirmed is missing.
    async fn check(&self, letter: &Letter) {
        let copies = self.copies(letter).await;
        let newest = copies.iter().map(|(revision, _)| *revision).max();
        let newest = newest.unwrap_or(0);
        let (subject, confirmed) = (&letter.subject, letter.confirmed);
        assert!(
            newest >= confirmed,
            "{subject}: {newest}, {confirmed} was saved"
        );
        assert!(copies.len() <= 1 + letter.cut_off, "{subject}: {copies:?}");
        if copies.len() > 1 {
            count(&self.counts.doubled);
        }
        let behind = letter.revision - newest;
        self.counts.behind.fetch_max(behind, Ordering::Relaxed);
    }

    /// Opens the copies of a letter in the folder for drafts. Returns the number and the text of
    /// each.
    async fn copies(&self, letter: &Letter) -> Vec<(u32, String)> {
        let account = self.browser.account().await;
        let folders = self
            .call("folder_list", &json!({ "account": account }))
            .await;
        let folders = folders["folders"].as_array().expect("folders").clone();
        let drafts = folders.iter().find(|folder| folder["role"] == "drafts");
        let folder = &drafts.expect("a folder for drafts")["id"];
        let source = json!({ "folder": { "account": account, "folder": folder } });
        let query = json!({ "source": source, "at": { "offset": 0 }, "limit": 100 });
        let listed = self.call("message_list", &json!({ "query": query })).await;
        let rows = listed["rows"].as_array().expect("rows");
        let mut copies = Vec::new();
        for row in rows.iter().filter(|row| row["subject"] == *letter.subject) {
            let form = self
                .call("draft_open", &json!({ "draft": row["id"] }))
                .await;
            let body = form["draft"]["body"].as_str().expect("a text").to_owned();
            copies.push((revision(&body), body));
        }
        copies
    }

    /// Calls a function of the page that changes nothing, until it succeeds: a connection that was
    /// cut may be noticed late.
    async fn call(&self, name: &str, json: &Value) -> Value {
        let deadline = Instant::now() + SETTLE_TIMEOUT;
        loop {
            let path = format!("/api/{name}");
            let request = |_: &str| Request::post(&path, "application/json", json.to_string());
            match self.browser.send(request).await {
                Ok(response) if response.status == 200 => {
                    return serde_json::from_slice(&response.body).expect("JSON");
                }
                Ok(response) => {
                    let text = response.text();
                    assert!(Instant::now() < deadline, "{name}: {text}");
                    sleep(Duration::from_millis(100)).await;
                }
                Err(Killed) => {}
            }
        }
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn sign_in_form(imap: u16, smtp: u16) -> String {
    format!(
        "email={}&password={}&incoming=imap&incoming_host=localhost&incoming_port={imap}\
         &incoming_tls=implicit&outgoing_host=localhost&outgoing_port={smtp}\
         &outgoing_tls=implicit",
        percent_encoded(ADDRESS),
        percent_encoded(PASSWORD),
    )
}

/// Starts a product that may reach these ports.
fn start(nth: usize, demo: &Demo, imap: &[u16]) -> Product {
    let name = format!("restante-drafts-{}-{nth}", std::process::id());
    let state_dir = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&state_dir).unwrap();
    restrict(&state_dir);
    let ca = state_dir.join("ca.pem");
    std::fs::write(&ca, demo.ca_pem()).unwrap();
    let config = format!(
        "listen = \"127.0.0.1:0\"\nstate_dir = {state_dir:?}\nupstreams = \"listed\"\n\
         sessions_per_account = 1000\n[[upstream]]\nhost = \"localhost\"\ntls = \"implicit\"\n\
         ca_file = {ca:?}\nports = {{ imap = {imap:?}, smtp = {} }}\n",
        demo.ports().smtps
    );
    let file = state_dir.join("restante.toml");
    std::fs::write(&file, config).unwrap();
    Product::run(state_dir, &file)
}

fn seed() -> u64 {
    let given = std::env::var("DRAFT_KILLS_SEED").ok();
    given.map_or(SEED, |seed| {
        seed.parse().expect("DRAFT_KILLS_SEED: a number")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draft_has_one_copy_that_is_never_older_than_what_was_confirmed() {
    let (started, seed) = (Instant::now(), seed());
    print(&format!("draft kills: DRAFT_KILLS_SEED={seed}"));
    let options = Options {
        messages: Some(1),
        now_unix_ms: server::store::now_unix_ms(),
        ..Options::default()
    };
    let demo = Demo::start(options).await.unwrap();
    let ports = demo.ports();
    let counts = Arc::new(Counts::default());
    let mut sites = Vec::new();
    let mut upstreams = Vec::new();
    let mut typists = Vec::new();
    for nth in 0..SITES {
        let ways = (0..TYPISTS_PER_SITE).map(|_| Upstream::start(ports.imaps));
        let ways: Vec<_> = join_all(ways).await.into_iter().map(Arc::new).collect();
        let imap: Vec<u16> = ways.iter().map(|way| way.port).collect();
        let site = Site::new(start(nth, &demo, &imap), Arc::new(AtomicU64::new(0)));
        let kills = KILLS / u32::try_from(SITES).unwrap();
        let kills = Arc::new(AtomicU32::new(kills));
        for way in &ways {
            let index = typists.len();
            typists.push(Typist {
                index,
                browser: Browser::new(&site, sign_in_form(way.port, ports.smtps)),
                upstream: Arc::clone(way),
                random: Random::new(seed + u64::try_from(index).unwrap()),
                counts: Arc::clone(&counts),
                kills: Arc::clone(&kills),
            });
        }
        sites.push(site);
        upstreams.extend(ways);
    }
    join_all(typists.iter_mut().map(Typist::type_all)).await;
    for site in &sites {
        site.check().await;
    }
    let kills: u32 = sites
        .iter()
        .map(|site| site.kills.load(Ordering::Relaxed))
        .sum();
    let cuts: u32 = upstreams
        .iter()
        .map(|way| way.cut.load(Ordering::Relaxed))
        .sum();
    let number = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
    print(&format!(
        "draft kills: {kills} processes killed, {cuts} connections cut, {} responses forgotten; {} \
         letters in {} saves: {} confirmed, {} failed; {} looks found several copies, the newest at most \
         {} saves behind; 1 copy of each at the end, none older than confirmed; {} s",
        number(&counts.forgotten),
        number(&counts.letters),
        number(&counts.saves),
        number(&counts.confirmed),
        number(&counts.failed),
        number(&counts.doubled),
        number(&counts.behind),
        started.elapsed().as_secs()
    ));
    assert_eq!(kills, KILLS, "seed {seed}");
    assert!(cuts > 0 && number(&counts.forgotten) > 0, "seed {seed}");
}

/// Prints past the capture of the test runner.
fn print(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
