//! Mail servers that repeat the password, in each protocol, at each place and in each encoding that
//! they received: it reaches neither a page, nor JSON, nor the log, nor the state folder.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{send_message, until};
use crate::client::{Client, Request};
use crate::mailserver::{ClientCommand, Mail, MailServer, Reply};
use crate::product::{Product, servers_form};
use crate::watch::{Probe, Watch};

/// Contains characters that servers quote, encode and escape.
const PASSWORD: &str = "hun\"ter2\\Zq9 sec&ret%ü";
/// The same, encoded for the form.
const IN_FORM: &str = "hun%22ter2%5CZq9+sec%26ret%25%C3%BC";
const USER: &str = "ann@localhost";

/// Returns the encodings of the password that servers receive or may print.
fn encodings() -> Vec<String> {
    let base64 = |text: String| STANDARD.encode(text);
    let quoted = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    vec![
        PASSWORD.to_owned(),
        quoted,
        IN_FORM.to_owned(),
        IN_FORM.replace('+', "%20").to_lowercase(),
        base64(PASSWORD.to_owned()),
        base64(format!("\0{USER}\0{PASSWORD}")),
        base64(format!("{USER}\0{USER}\0{PASSWORD}")),
        base64(format!("user={USER}\u{1}auth=Bearer {PASSWORD}\u{1}\u{1}")),
        "hun&quot;ter2\\Zq9 sec&amp;ret%ü".to_owned(),
        "68756e22746572325c5a713920736563267265742563bc".replace("63bc", "c3bc"),
    ]
}

/// Returns the texts that would disclose it: the encodings, and the halves of one split over two
/// lines.
fn forbidden() -> Vec<String> {
    let mut all = encodings();
    all.extend(["hun\"ter2\\Z", "q9 sec&ret%ü", "hun&quot;ter2", "HUN\"TER2"].map(str::to_owned));
    all
}

#[track_caller]
fn assert_clean(point: &str, what: &str, text: &str) {
    for secret in forbidden() {
        let found = text.find(&secret).map(|at| {
            let from = text.floor_char_boundary(at.saturating_sub(120));
            text.get(from..text.ceil_char_boundary((at + 160).min(text.len())))
        });
        assert!(
            found.is_none(),
            "{point}: {secret:?} is in {what}: {found:?}"
        );
    }
}

/// The protocol and place where the password is repeated.
const SIGN_IN: [(&str, &str); 14] = [
    ("imap", "greeting"),
    ("imap", "bye"),
    ("imap", "no greeting"),
    ("imap", "capability"),
    ("imap", "no"),
    ("imap", "bad"),
    ("imap", "code"),
    ("imap", "alert"),
    ("imap", "two lines"),
    ("imap", "tag"),
    ("pop3", "greeting"),
    ("pop3", "err"),
    ("pop3", "code"),
    ("pop3", "capability"),
];
const SENDING: [&str; 7] = [
    "mail",
    "recipient",
    "final",
    "greeting",
    "ehlo",
    "auth",
    "two lines",
];
const READING: [&str; 4] = ["folder", "select", "fetch", "idle"];

/// The current place, such as `"imap greeting"`, and the places that were reached.
type EchoState = Arc<Mutex<(String, BTreeSet<String>)>>;

async fn echoing_server(state: &EchoState) -> MailServer {
    let state = Arc::clone(state);
    let script = move |protocol: &str, received: &ClientCommand<'_>| {
        let mut state = state.lock().unwrap();
        let now = state.0.clone();
        let (at, name) = now.split_once(' ')?;
        if at != protocol {
            return None;
        }
        let reply = match protocol {
            "imap" => imap(name, received),
            "pop3" => pop3(name, received.command),
            _ => smtp(name, received.command),
        }?;
        state.1.insert(now);
        Some(Reply::text(reply))
    };
    MailServer::start(vec![Mail::plain("one")], Box::new(script)).await
}

fn imap(point: &str, received: &ClientCommand<'_>) -> Option<String> {
    let ClientCommand { tag, command } = received;
    let echo = encodings().join(" ");
    let atom = STANDARD.encode(PASSWORD);
    let name = command.split(' ').next().unwrap_or_default();
    let rest = command.split_once(' ').map_or("", |(_, rest)| rest);
    Some(match (point, name) {
        ("greeting", "") => format!("* OK [X-{atom}] {echo}\r\n"),
        ("greeting", "CAPABILITY") | ("bye", "AUTHENTICATE") => format!("* BYE {echo}\r\n"),
        ("no greeting", "") => format!("{echo}\r\n"),
        ("capability", "") => {
            format!("* OK [CAPABILITY IMAP4rev1 AUTH={atom} LOGINDISABLED] {echo}\r\n")
        }
        ("no", "AUTHENTICATE") => format!("{tag} NO [AUTHENTICATIONFAILED] wrong: {echo}\r\n"),
        ("bad", "AUTHENTICATE") => format!("{tag} BAD {echo}\r\n"),
        ("code", "AUTHENTICATE") => format!("{tag} NO [X-{atom} {echo}] no\r\n"),
        ("alert", "AUTHENTICATE") => format!("* NO [ALERT] {echo}\r\n{tag} NO [ALERT] {echo}\r\n"),
        ("two lines", "AUTHENTICATE") => {
            let (first, second) = PASSWORD.split_at(10);
            format!("* NO you said {first}\r\n{tag} NO {second}\r\n")
        }
        ("tag", "AUTHENTICATE") => format!("{atom} NO {echo}\r\n"),
        ("folder", "LIST") => format!(
            "* LIST () \"/\" INBOX\r\n* LIST () \"/\" \"{}\"\r\n{tag} OK done\r\n",
            "hun\\\"ter2\\\\Zq9 sec&-ret%&APw-"
        ),
        ("select", "SELECT" | "EXAMINE") if rest != "INBOX" => format!("{tag} NO {echo}\r\n"),
        ("fetch", "UID") if rest.contains("BODY.PEEK") => format!("{tag} BAD {echo}\r\n"),
        ("idle", "IDLE") => format!("* BYE {echo}\r\n"),
        _ => return None,
    })
}

fn pop3(point: &str, command: &str) -> Option<String> {
    let echo = encodings().join(" ");
    let atom = STANDARD.encode(PASSWORD);
    let name = command.split(' ').next().unwrap_or_default();
    Some(match (point, name) {
        ("greeting", "") => format!("-ERR {echo}\r\n"),
        ("err", "AUTH" | "PASS") => format!("-ERR [AUTH] {echo}\r\n"),
        ("code", "AUTH" | "PASS") => format!("-ERR [{PASSWORD}] [{atom}] no\r\n"),
        ("capability", "CAPA") => {
            format!("+OK\r\nSASL {atom}\r\nIMPLEMENTATION {PASSWORD}\r\n.\r\n")
        }
        _ => return None,
    })
}

fn smtp(point: &str, command: &str) -> Option<String> {
    let echo = encodings().join(" ");
    let name = command.split([' ', ':']).next().unwrap_or_default();
    Some(match (point, name) {
        ("greeting", "") => format!("554 {echo}\r\n"),
        ("ehlo", "EHLO") => format!("250-peer\r\n250 AUTH {}\r\n", STANDARD.encode(PASSWORD)),
        ("auth", "AUTH") => format!("535-5.7.8 {echo}\r\n535 5.7.8 {echo}\r\n"),
        ("two lines", "AUTH") => {
            let (first, second) = PASSWORD.split_at(10);
            format!("535-5.7.8 you said {first}\r\n535 5.7.8 {second}\r\n")
        }
        ("mail", "MAIL") => format!("550 5.1.0 {echo}\r\n"),
        ("recipient", "RCPT") => format!("550 5.1.1 {echo}\r\n"),
        ("final", ".") => format!("554 5.6.0 {echo}\r\n"),
        _ => return None,
    })
}

async fn sign_in(
    product: &Product,
    server: &MailServer,
    kind: &str,
    nth: usize,
) -> (Client, String) {
    let port = if kind == "pop3" {
        server.pop3
    } else {
        server.imap
    };
    let form = servers_form(kind, port, server).replace(crate::product::PASSWORD, IN_FORM);
    // A different address for each place, so that the limit on failed sign-ins is not reached.
    let form = format!(
        "email=ann{nth}%40localhost&user={}&{form}",
        USER.replace('@', "%40")
    );
    let form = match nth {
        0 => form,
        _ => form.replace("user=", &format!("x{nth}=")),
    };
    let mut client = product.client();
    let response = client.send(Request::form("/login", &form)).await;
    (client, response.text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn password_repeated_by_a_server_is_disclosed_nowhere() {
    let state: EchoState = Arc::default();
    let at = |name: &str| name.clone_into(&mut state.lock().unwrap().0);
    let server = echoing_server(&state).await;
    let subject = vec![Mail::plain(PASSWORD)];
    let with_subject = MailServer::start(subject, Box::new(|_, _| None)).await;
    let product = Product::start_in(&[&server, &with_subject], "", &[("RUST_LOG", "trace")]);
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("echo", &product, probe);

    for (nth, (protocol, name)) in (1..).zip(SIGN_IN) {
        let name = format!("{protocol} {name}");
        at(&name);
        let (_, page) = sign_in(&product, &server, protocol, nth).await;
        assert_clean(&name, "the page", &page);
        assert!(page.contains("role=\"alert\""), "{name}: {page}");
    }

    at("");
    let (mut client, _) = sign_in(&product, &server, "imap", 0).await;
    for name in SENDING {
        let name = format!("smtp {name}");
        at(&name);
        let sent = send_message(&mut client, "ben@example.org", "Words.").await;
        assert_eq!(sent.status, 200, "{name}: {}", sent.text());
        let sent: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
        let id = sent["outbox"].as_str().expect("an id").to_owned();
        let mut rows = String::new();
        // The row shows the server's reply with the password masked by stars.
        until(&name, async || {
            let list = Request::post("/api/outbox_list", "application/json", "{}");
            rows = client.send(list).await.text();
            let page: serde_json::Value = serde_json::from_str(&rows).unwrap();
            let all = page["entries"].as_array().expect("entries");
            let row = all.iter().find(|row| row["id"] == *id);
            row.is_some_and(|row| row.to_string().contains("***"))
        })
        .await;
        assert_clean(&name, "the outbox's JSON", &rows);
        assert_clean(&name, "the outbox", &client.get("/outbox").await.text());
    }
    for name in READING {
        at(&format!("imap {name}"));
        let (mut reader, _) = sign_in(&product, &server, "imap", 0).await;
        let mail = reader.get("/mail").await;
        let list = mail.header("location").unwrap_or("/mail").to_owned();
        let account = list.split('/').nth(2).unwrap_or_default().to_owned();
        let folders = Request::post(
            "/api/folder_list",
            "application/json",
            format!("{{\"account\":\"{account}\"}}"),
        );
        let folders = reader.send(folders).await.text();
        assert_clean(name, "the folders' JSON", &folders);
        let page = reader.get(&list).await.text();
        assert_clean(name, "the list", &page);
        let page = reader.get(&format!("{list}/7.1")).await.text();
        assert_clean(name, "the message", &page);
        if name == "idle" {
            until("IDLE", async || {
                state.lock().unwrap().1.contains("imap idle")
            })
            .await;
        }
        if name == "folder" {
            assert!(folders.contains("***"), "{folders}");
        }
    }
    let (mut client, _) = sign_in(&product, &with_subject, "imap", 0).await;
    let mail = client.get("/mail").await;
    let page = client.get(mail.header("location").unwrap()).await.text();
    assert!(
        page.contains("Zq9 sec"),
        "a subject is the user's own mail: {page}"
    );

    let all = SIGN_IN.len() + SENDING.len() + READING.len();
    let reached = state.lock().unwrap().1.clone();
    assert_eq!(reached.len(), all, "it was repeated in {reached:?}");
    let log = product.log();
    assert!(log.contains("\"target\":\"wire\"") && log.contains("***"));
    let (lines, bytes) = (log.lines().count(), log.len());
    assert_clean("everywhere", "the log", &log);
    assert_clean(
        "everywhere",
        "the log",
        &log.replace("\\\"", "\"").replace("\\\\", "\\"),
    );
    for file in walk(&product.state_dir) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert_clean("everywhere", &file, &String::from_utf8_lossy(&bytes));
    }
    watch
        .end(&format!(
            "{all} places where a server repeats the password; {lines} lines of log ({bytes} bytes)",
        ))
        .await;
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path().is_dir() {
            true => walk(&entry.path()),
            false => vec![entry.path().display().to_string()],
        })
        .collect()
}
