//! `restante fetch` over connections that are not cut.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use mail_demo::{ADDRESS, Demo, PASSWORD as DEMO_PASSWORD};
use serde_json::Value;

use super::{PASSWORD, Run, TestDir, demo, restante, source, text};
use crate::account::parts::{Protocol, SUBJECTS};
use crate::account::peer::{Act, Fault, Peer};

pub(super) fn url(scheme: &str, port: u16) -> String {
    let user = ADDRESS.replace('@', "%40");
    format!("{scheme}://{user}@localhost:{port}")
}

/// Prepares a run that fetches from the demo.
pub(super) fn fetch(url: &str, dir: &TestDir) -> Run {
    restante(&["fetch", url])
        .args(dir.trust())
        .password(DEMO_PASSWORD)
}

/// Returns the files of a folder, by name. The folder must hold nothing else.
pub(super) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        files.insert(name, std::fs::read(&path).unwrap());
    }
    files
}

/// Asserts that every file is a complete message of the source, under the name of its id.
pub(super) fn assert_whole(files: &BTreeMap<String, Vec<u8>>, source: &HashMap<String, Vec<u8>>) {
    for (name, contents) in files {
        let (id, rest) = name.split_once('.').unwrap();
        let id = percent_encoding::percent_decode_str(id)
            .decode_utf8()
            .unwrap();
        let message = &source[id.as_ref()];
        assert!(contents == message, "{name} differs");
        assert_eq!(rest, format!("{}.eml", message.len()), "{name}");
    }
}

fn rows(report: &Value) -> Vec<(&str, &str)> {
    let rows = report["messages"].as_array().unwrap().iter();
    rows.map(|m| (m["id"].as_str().unwrap(), m["outcome"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn both_protocols_list_ids_and_sizes_over_both_kinds_of_tls() {
    let demo = demo(Some(12)).await;
    let dir = TestDir::new(demo.ca_pem());
    let ports = demo.ports();
    for (scheme, port) in [
        ("pop3s", ports.pop3s),
        ("pop3", ports.pop3),
        ("imaps", ports.imaps),
        ("imap", ports.imap),
    ] {
        let url = url(scheme, port);
        let listed = fetch(&url, &dir)
            .args(["--list", "--newest", "5"])
            .end()
            .await;
        assert_eq!(listed.code, 0, "{listed:?}");
        let lines: Vec<Vec<&str>> = listed
            .stdout
            .lines()
            .map(|l| l.split('\t').collect())
            .collect();
        assert_eq!(lines.len(), 5, "{listed:?}");
        assert!(
            lines
                .iter()
                .all(|line| line[1].parse::<u64>().unwrap() > 100)
        );
        let output = fetch(&url, &dir)
            .args(["--list", "--json", "--uid", lines[4][0], "--uid", "77777"])
            .end()
            .await;
        assert_eq!(output.code, 1, "{output:?}");
        let report = output.json();
        assert_eq!(
            rows(&report),
            [(lines[4][0], "listed"), ("77777", "missing")]
        );
        assert_eq!(report["deletion"], "not_asked");
    }
}

#[tokio::test]
async fn messages_are_saved_byte_by_byte_by_both_protocols() {
    let demo = demo(None).await;
    let dir = TestDir::new(demo.ca_pem());
    let source = source::messages(&demo).await;
    let pop3 = dir.path("pop3");
    let output = fetch(&url("pop3s", demo.ports().pop3s), &dir)
        .args(["--json", "--out", text(&pop3)])
        .end()
        .await;
    assert_eq!(output.code, 0, "{:?}", output.stderr);
    let saved = files(&pop3);
    assert_eq!(saved.len(), source.len());
    assert_whole(&saved, &source);
    assert_eq!(output.json()["saved"], source.len());

    let imap = dir.path("imap");
    let output = fetch(&url("imaps", demo.ports().imaps), &dir)
        .args(["--out", text(&imap)])
        .end()
        .await;
    assert_eq!(output.code, 0, "{output:?}");
    let contents = |files: BTreeMap<String, Vec<u8>>| {
        let mut contents: Vec<Vec<u8>> = files.into_values().collect();
        contents.sort();
        contents
    };
    let by_imap = files(&imap);
    assert!(
        by_imap.keys().all(|name| name.starts_with("INBOX.")),
        "{by_imap:?}"
    );
    assert!(contents(by_imap) == contents(saved));
}

#[tokio::test]
async fn another_folder_is_fetched_by_its_name_and_nothing_is_marked_as_read() {
    let demo = demo(None).await;
    let dir = TestDir::new(demo.ca_pem());
    let base = url("imaps", demo.ports().imaps);
    let out = dir.path("out");
    let output = fetch(&format!("{base}/Sent"), &dir)
        .args(["--out", text(&out), "--newest", "3", "--transcript"])
        .end()
        .await;
    assert_eq!(output.code, 0, "{output:?}");
    let saved = files(&out);
    assert_eq!(saved.len(), 3, "{output:?}");
    assert!(
        saved.keys().all(|name| name.starts_with("Sent.")),
        "{saved:?}"
    );
    assert!(
        output.stderr.contains("EXAMINE") && !output.stderr.contains(" SELECT \""),
        "{output:?}"
    );
    assert!(output.stderr.contains("BODY.PEEK[]"), "{output:?}");
    let missing = fetch(&format!("{base}/No%20such%20folder"), &dir)
        .args(["--list"])
        .end()
        .await;
    assert_eq!(missing.code, 2, "{missing:?}");
}

#[tokio::test]
async fn saved_message_is_not_fetched_again_and_never_overwritten() {
    let demo = demo(Some(8)).await;
    let dir = TestDir::new(demo.ca_pem());
    for (scheme, port) in [("pop3s", demo.ports().pop3s), ("imaps", demo.ports().imaps)] {
        let out = dir.path(scheme);
        let run = || {
            fetch(&url(scheme, port), &dir).args(["--json", "--transcript", "--out", text(&out)])
        };
        assert_eq!(run().end().await.code, 0);
        let first = files(&out).keys().next().unwrap().clone();
        std::fs::write(out.join(&first), "mine").unwrap();
        let output = run().end().await;
        assert_eq!(output.code, 0, "{output:?}");
        let report = output.json();
        assert_eq!(
            (&report["saved"], &report["already_saved"]),
            (&0.into(), &8.into())
        );
        assert!(
            !output.stderr.contains("RETR") && !output.stderr.contains("BODY"),
            "{output:?}"
        );
        assert_eq!(files(&out)[&first], b"mine");
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_exit_77_and_an_untrusted_certificate_exit_76() {
    let demo = demo(Some(1)).await;
    let dir = TestDir::new(demo.ca_pem());
    for (scheme, port) in [("pop3s", demo.ports().pop3s), ("imaps", demo.ports().imaps)] {
        let url = url(scheme, port);
        let refused = fetch(&url, &dir)
            .password(PASSWORD)
            .args(["--list", "--transcript"])
            .end()
            .await;
        assert_eq!(refused.code, 77, "{refused:?}");
        refused.assert_no_password(ADDRESS, PASSWORD);
        let untrusted = restante(&["fetch", &url, "--list", "--transcript"])
            .end()
            .await;
        assert_eq!(untrusted.code, 76, "{untrusted:?}");
        assert!(untrusted.stderr.contains("certificate"), "{untrusted:?}");
        assert!(
            !untrusted.stderr.contains("> "),
            "nothing was said: {untrusted:?}"
        );
    }
}

#[tokio::test]
async fn delete_removes_saved_messages_and_is_done_after_the_reply_to_quit() {
    let demo = demo(Some(20)).await;
    let dir = TestDir::new(demo.ca_pem());
    let source = source::messages(&demo).await;
    let out = dir.path("out");
    let output = fetch(&url("pop3s", demo.ports().pop3s), &dir)
        .args(["--json", "--delete", "--newest", "7", "--out", text(&out)])
        .end()
        .await;
    assert_eq!(output.code, 0, "{output:?}");
    let report = output.json();
    assert_eq!(
        (&report["deletion"], &report["deleted"]),
        (&"done".into(), &7.into())
    );
    assert_eq!(demo.inbox_len(), 13);
    let saved = files(&out);
    assert_eq!(saved.len(), 7);
    assert_whole(&saved, &source);
}

#[tokio::test]
async fn delete_spares_a_message_whose_file_belongs_to_another() {
    let demo: Demo = demo(Some(3)).await;
    let dir = TestDir::new(demo.ca_pem());
    let source = source::messages(&demo).await;
    let out = dir.path("out");
    std::fs::create_dir(&out).unwrap();
    // The server reuses the id of an older, deleted message for a new one of the same size.
    let (id, message) = source.iter().next().unwrap();
    let name = format!("{}.{}.eml", id.replace('.', "%2E"), message.len());
    std::fs::write(out.join(&name), "Subject: the older one\r\n\r\n").unwrap();
    let output = fetch(&url("pop3s", demo.ports().pop3s), &dir)
        .args(["--json", "--delete", "--out", text(&out)])
        .end()
        .await;
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(demo.inbox_len(), 0);
    let saved = files(&out);
    assert_eq!(saved.len(), 4, "the older one is kept beside the new one");
    assert_eq!(saved[&name], b"Subject: the older one\r\n\r\n");
    for message in source.values() {
        assert!(saved.values().any(|contents| contents == message));
    }
}

#[tokio::test]
async fn message_that_cannot_be_fetched_is_reported_and_never_deleted() {
    let fault = Fault {
        at: "RETR 2",
        act: Act::Reply("-ERR [SYS/TEMP] not now\r\n"),
        times: 1,
    };
    let peer = Peer::start(Protocol::Pop3, true, Some(fault)).await;
    let dir = TestDir::new(Peer::ca_pem());
    let out = dir.path("out");
    let url = format!("pop3s://ann@localhost:{}", peer.port);
    let output = restante(&["fetch", &url, "--json", "--delete", "--out", text(&out)])
        .args(dir.trust())
        .end()
        .await;
    assert_eq!(output.code, 1, "{output:?}");
    assert_eq!(
        rows(&output.json()),
        [("a", "saved"), ("b", "refused"), ("c", "saved")]
    );
    assert_eq!(
        (
            peer.count("DELE 1"),
            peer.count("DELE 2"),
            peer.count("DELE 3")
        ),
        (1, 0, 1)
    );
}

// docs/protocols.md, POP3: without UIDL
#[tokio::test]
async fn a_server_without_unique_ids_is_fetched_by_contents() {
    let fault = Fault {
        at: "UIDL",
        act: Act::Reply("-ERR not here\r\n"),
        times: 9,
    };
    let peer = Peer::start(Protocol::Pop3, true, Some(fault)).await;
    let dir = TestDir::new(Peer::ca_pem());
    let out = dir.path("out");
    let url = format!("pop3s://ann@localhost:{}", peer.port);
    for (saved, already) in [(3, 0), (0, 3)] {
        let output = restante(&["fetch", &url, "--json", "--out", text(&out)])
            .args(dir.trust())
            .end()
            .await;
        assert_eq!(output.code, 0, "{output:?}");
        let report = output.json();
        assert_eq!(report["saved"], saved, "{report}");
        assert_eq!(report["already_saved"], already, "{report}");
        assert_eq!(files(&out).len(), 3);
    }
}

#[tokio::test]
async fn messages_that_share_a_unique_id_have_files_of_their_own() {
    let fault = Fault {
        at: "UIDL",
        act: Act::Reply("+OK\r\n1 a/../b\r\n2 a/../b\r\n3 a/../b\r\n.\r\n"),
        times: 9,
    };
    let peer = Peer::start(Protocol::Pop3, true, Some(fault)).await;
    let dir = TestDir::new(Peer::ca_pem());
    let out = dir.path("out");
    let url = format!("pop3s://ann@localhost:{}", peer.port);
    for saved in [3, 0] {
        let output = restante(&["fetch", &url, "--json", "--out", text(&out)])
            .args(dir.trust())
            .end()
            .await;
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(output.json()["saved"], saved);
        let files = files(&out);
        for subject in SUBJECTS {
            let line = format!("Subject: {subject}\r\n");
            let of_it = files
                .values()
                .filter(|m| String::from_utf8_lossy(m).contains(&line));
            assert_eq!(of_it.count(), 1, "{subject}: {:?}", files.keys());
        }
    }
}

// docs/protocols.md, POP3: maildrop locked
#[tokio::test]
async fn maildrop_in_use_is_exit_3_and_not_a_password_error() {
    let fault = Fault {
        at: "AUTH",
        act: Act::Reply("-ERR [IN-USE] another session has it\r\n"),
        times: 9,
    };
    let peer = Peer::start(Protocol::Pop3, true, Some(fault)).await;
    let dir = TestDir::new(Peer::ca_pem());
    let url = format!("pop3s://ann@localhost:{}", peer.port);
    let output = restante(&["fetch", &url, "--list", "--json"])
        .args(dir.trust())
        .end()
        .await;
    assert_eq!(output.code, 3, "{output:?}");
    let problem = &output.json()["trouble"];
    let reply = problem["reply"].as_str().unwrap();
    assert!(reply.contains("[IN-USE]"), "{problem}");
    assert!(problem["cause"].as_str().unwrap().ends_with('.'));
}
