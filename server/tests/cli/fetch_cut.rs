//! `restante fetch` over connections that are cut: every file is complete, every message deleted
//! from the server is in a file, and the next run continues.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::fetch::{assert_whole, fetch, files, url};
use super::link::{Cut, Proxy};
use super::{Run, RunOutput, TestDir, demo, restante, signal, source, text};
use crate::account::parts::Protocol;
use crate::account::peer::{Act, Fault, Peer};

/// Pseudo-random numbers, the same in every run.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Returns the names of the files of a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Runs until the server has noticed the end of the earlier session, and unlocked the maildrop.
async fn run_until_unlocked(run: impl Fn() -> Run) -> RunOutput {
    for _ in 0..200 {
        let output = run().end().await;
        if !output.stdout.contains("[IN-USE]") {
            return output;
        }
    }
    panic!("the maildrop stays locked");
}

#[tokio::test]
async fn ten_thousand_messages_over_a_repeatedly_cut_connection() {
    let demo = demo(Some(10_000)).await;
    let dir = TestDir::new(demo.ca_pem());
    let source = source::messages(&demo).await;
    let total: u64 = source.values().map(|message| message.len() as u64).sum();
    let out = dir.path("out");
    let mut rng = Rng(0x5eed);
    // In the handshake, in the listings, and then at any position.
    let mut cuts = vec![700, 2_500, 60_000, 200_000];
    cuts.extend((0..6).map(|_| 400_000 + rng.below(total / 5)));
    let began = Instant::now();
    let (mut runs, mut saved_before) = (0, 0);
    let mut known = BTreeSet::new();
    for cut in cuts.into_iter().map(Cut::Down).chain([Cut::Never]) {
        let proxy = Proxy::to(demo.ports().pop3s, cut).await;
        let run = || fetch(&url("pop3s", proxy.port), &dir).args(["--json", "--out", text(&out)]);
        let output = run_until_unlocked(run).await;
        runs += 1;
        let saved = names(&out);
        assert!(saved.is_superset(&known), "what was saved stays");
        for name in saved.difference(&known) {
            let contents = std::fs::read(out.join(name)).unwrap();
            assert_whole(&BTreeMap::from([(name.clone(), contents)]), &source);
        }
        known = saved;
        let report = output.json();
        assert_eq!(report["saved"], known.len() - saved_before, "{cut:?}");
        saved_before = known.len();
        assert_eq!(demo.inbox_len(), 10_000, "nobody asked to delete");
        match output.code {
            0 => break,
            3 => assert!(!report["trouble"]["cause"].as_str().unwrap().is_empty()),
            _ => panic!("{cut:?}: {:?}", output.stderr),
        }
    }
    assert_eq!(saved_before, source.len(), "the last run completes");
    assert!(runs >= 8, "{runs} runs are cuts at few points only");
    assert_whole(&files(&out), &source);
    println!(
        "{saved_before} messages, {total} bytes, {runs} runs in {:?}",
        began.elapsed()
    );
    demo.stop().await;
}

#[tokio::test]
async fn files_by_imap_are_complete_and_the_next_run_continues() {
    let demo = demo(Some(400)).await;
    let dir = TestDir::new(demo.ca_pem());
    let source = source::messages(&demo).await;
    let total: u64 = source.values().map(|message| message.len() as u64).sum();
    let is_whole: BTreeSet<&Vec<u8>> = source.values().collect();
    let out = dir.path("out");
    let mut saved_before = 0;
    for cut in [3_000, 30_000, total / 3, total / 4]
        .map(Cut::Down)
        .into_iter()
        .chain([Cut::Never])
    {
        let proxy = Proxy::to(demo.ports().imaps, cut).await;
        let output = fetch(&url("imaps", proxy.port), &dir)
            .args(["--json", "--out", text(&out)])
            .end()
            .await;
        let saved = files(&out);
        assert!(
            saved.values().all(|contents| is_whole.contains(contents)),
            "{cut:?}"
        );
        let report = output.json();
        assert_eq!(report["saved"], saved.len() - saved_before, "{cut:?}");
        saved_before = saved.len();
        let code = if matches!(cut, Cut::Never) { 0 } else { 3 };
        assert_eq!(output.code, code, "{cut:?}: {:?}", output.stderr);
    }
    assert_eq!(saved_before, 400);
}

// docs/protocols.md, POP3: DELE, RSET, QUIT
#[tokio::test]
async fn only_saved_messages_are_deleted_wherever_the_connection_is_cut() {
    // Sizes of both directions of a whole session, so that cuts are before, between and after DELE
    // and QUIT.
    let demo_of = || demo(Some(30));
    let whole = demo_of().await;
    let dir = TestDir::new(whole.ca_pem());
    let proxy = Proxy::to(whole.ports().pop3s, Cut::Never).await;
    let output = fetch(&url("pop3s", proxy.port), &dir)
        .args(["--delete", "--out", text(&dir.path("whole"))])
        .end()
        .await;
    assert_eq!((output.code, whole.inbox_len()), (0, 0), "{output:?}");
    let up = proxy.up_bytes.load(Ordering::Relaxed);
    let down = proxy.down_bytes.load(Ordering::Relaxed);

    let mut seen = [0; 3];
    // Every tenth of a session, and byte by byte in DELE and QUIT and their responses.
    let tenths = (1..10).flat_map(|n| [Cut::Up(up * n / 10), Cut::Down(down * n / 10)]);
    let ends = (1..12).flat_map(|n| [Cut::Up(up - 9 * n), Cut::Down(down - 9 * n)]);
    for cut in tenths.chain(ends) {
        let demo = demo_of().await;
        let dir = TestDir::new(demo.ca_pem());
        let source = source::messages(&demo).await;
        let out = dir.path("out");
        let run = async |port| {
            let run = || {
                fetch(&url("pop3s", port), &dir).args(["--json", "--delete", "--out", text(&out)])
            };
            run_until_unlocked(run).await
        };
        let proxy = Proxy::to(demo.ports().pop3s, cut).await;
        let output = run(proxy.port).await;
        let saved = files(&out);
        assert_whole(&saved, &source);
        let report = output.json();
        let deletion = report["deletion"].as_str().unwrap();
        match (output.code, deletion) {
            (0, "done") => assert_eq!(demo.inbox_len(), 0),
            (3, "not_asked" | "nothing") => {
                assert_eq!(demo.inbox_len(), 30, "{cut:?}: told as nothing");
                assert_eq!(report["deleted"], 0);
            }
            (4, "unknown") => assert_eq!(report["deleted"], 0, "not told as done"),
            _ => panic!("{cut:?}: {output:?}"),
        }
        seen[match output.code {
            0 => 0,
            3 => 1,
            _ => 2,
        }] += 1;
        if demo.inbox_len() < 30 {
            assert_eq!(saved.len(), 30, "{cut:?}: what is gone is saved");
        }
        let second = run(demo.ports().pop3s).await;
        assert_eq!(second.code, 0, "{second:?}");
        assert_eq!((demo.inbox_len(), files(&out).len()), (0, 30), "{cut:?}");
        demo.stop().await;
    }
    println!("done, not done, unknown: {seen:?}");
    assert!(
        seen[1] > 0 && seen[2] > 0,
        "cuts on both sides of QUIT: {seen:?}"
    );
}

#[tokio::test]
async fn connection_lost_before_quit_deletes_nothing_and_one_lost_after_it_is_unknown() {
    for (at, code, deletion) in [("DELE 3", 3, "nothing"), ("QUIT", 4, "unknown")] {
        let act = Act::Close("");
        let fault = Fault { at, act, times: 1 };
        let peer = Peer::start(Protocol::Pop3, true, Some(fault)).await;
        let dir = TestDir::new(Peer::ca_pem());
        let url = format!("pop3s://ann@localhost:{}", peer.port);
        for as_json in [true, false] {
            if !as_json {
                peer.fail(Fault {
                    at,
                    act: Act::Close(""),
                    times: 1,
                });
            }
            let output = restante(&["fetch", &url, "--delete", "--out", text(&dir.path("out"))])
                .args(dir.trust())
                .args(as_json.then_some("--json"))
                .end()
                .await;
            assert_eq!(output.code, code, "{output:?}");
            if as_json {
                let report = output.json();
                assert_eq!(report["deletion"], deletion);
                assert_eq!(report["deleted"], 0);
            } else {
                let expected = format!("deleted on the server: {deletion}");
                assert!(output.stdout.contains(&expected), "{output:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_signal_leaves_no_half_file() {
    let fault = Fault {
        at: "RETR 2",
        act: Act::Stall("+OK\r\nSubject: half\r\n"),
        times: 1,
    };
    let peer = Peer::start(Protocol::Pop3, true, Some(fault)).await;
    let dir = TestDir::new(Peer::ca_pem());
    let out = dir.path("out");
    let url = format!("pop3s://ann@localhost:{}", peer.port);
    let child = restante(&["fetch", &url, "--json", "--delete", "--out", text(&out)])
        .args(dir.trust())
        .spawn();
    peer.until_failed(1).await;
    signal(&child, "INT");
    let output = super::wait_for_output(child).await;
    assert_eq!(output.code, 3, "{output:?}");
    let report = output.json();
    assert_eq!(
        (&report["saved"], &report["not_fetched"]),
        (&1.into(), &2.into())
    );
    assert_eq!(files(&out).len(), 1);
    assert_eq!(peer.count("DELE"), 0);
}
