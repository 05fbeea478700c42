//! Attacks on stored data: the spool, the outbox, the ledger and their folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;

use crate::client::{Client, Request, Response};
use crate::mailserver::{ClientCommand, Mail, MailServer, Reply, Script};
use crate::product::Product;
use crate::watch::{Probe, Watch};

/// Maximum duration of background work.
const TIMEOUT: Duration = Duration::from_secs(60);
const BOUNDARY: &str = "----boundary-of-an-attack";

/// Returns the account id in the paths of pages.
pub(crate) async fn account(client: &mut Client) -> String {
    let mail = client.get("/mail").await;
    let inbox = mail.header("location").expect("the inbox").to_owned();
    inbox.split('/').nth(2).expect("an account").to_owned()
}

/// Builds a compose form with these fields and files.
pub(crate) fn compose(fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Request {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .as_bytes(),
        );
    }
    for (name, bytes) in files {
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"attachment\"; \
                 filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    Request::post("/compose", &media_type, body)
}

/// Sends a message and returns its id in the outbox.
async fn send_message(
    client: &mut Client,
    account: &str,
    subject: &str,
    files: &[(&str, &[u8])],
) -> String {
    let fields = [
        ("account", account),
        ("to", "bob@peer.test"),
        ("subject", subject),
        ("body", "Hello."),
    ];
    let response = client.send(compose(&fields, files)).await;
    assert_eq!(response.status, 303, "{}", response.text());
    let location = response.header("location").unwrap();
    location.split_once("entry=").unwrap().1.to_owned()
}

/// Returns the number of files in the spool, and their size in bytes.
pub(crate) fn spooled(state_dir: &Path) -> (usize, u64) {
    let files = std::fs::read_dir(state_dir.join("spool")).unwrap();
    files
        .map_while(Result::ok)
        .filter_map(|file| file.metadata().ok())
        .filter(|file| file.is_file())
        .fold((0, 0), |(count, bytes), file| {
            (count + 1, bytes + file.len())
        })
}

/// Waits until the spool is empty.
async fn until_spool_is_empty(product: &Product, what: &str) {
    let emptied = async {
        while spooled(&product.state_dir).0 > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let emptied = tokio::time::timeout(TIMEOUT, emptied).await;
    assert!(
        emptied.is_ok(),
        "{what}: {:?} (files, bytes) stay in the spool",
        spooled(&product.state_dir)
    );
}

/// Waits until the outbox page contains a text.
pub(crate) async fn wait_for_outbox(client: &mut Client, expected: &str) -> String {
    let found = async {
        loop {
            let page = client.get("/outbox").await;
            assert_eq!(page.status, 200, "{}", page.text());
            if page.text().contains(expected) {
                return page.text();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(TIMEOUT, found).await;
    found.unwrap_or_else(|_| panic!("the outbox never says “{expected}”"))
}

/// Starts a server whose SMTP side temporarily refuses sign-ins: messages wait.
async fn deferring_server() -> MailServer {
    let script: Script = Box::new(|protocol, received| {
        let is_auth = protocol == "smtp" && received.command.starts_with("AUTH");
        is_auth.then(|| Reply::text("454 4.7.0 not now\r\n"))
    });
    MailServer::start(vec![Mail::plain("one")], script).await
}

/// Sends the head of a form, and then pieces of it until it is refused or `max_bytes` are sent.
/// Returns the number of bytes sent and the response, if any.
async fn flood(
    client: &Client,
    head: &str,
    piece: &[u8],
    max_bytes: usize,
) -> (usize, Option<u16>) {
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = Request::post("/compose", &media_type, head).announcing(250 << 20);
    let stream = client.open(request.header("connection", "close")).await;
    let (mut input, mut output) = stream.into_split();
    let reading = tokio::spawn(async move {
        let mut response = Vec::new();
        let _ = input.read_to_end(&mut response).await;
        let text = String::from_utf8_lossy(&response).into_owned();
        text.split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
    });
    let mut sent = 0;
    while sent < max_bytes && !reading.is_finished() {
        if output.write_all(piece).await.is_err() {
            break;
        }
        sent += piece.len();
    }
    drop(output);
    let status = tokio::time::timeout(TIMEOUT, reading).await;
    (sent, status.expect("an end of the request").unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_names_headers_or_empty_parts_takes_no_memory() {
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let client = product.signed_in(&server).await;
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("form", &product, probe);
    let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"");
    let empty = format!("{part}x\"\r\n\r\n\r\n").repeat(1000);
    let named = format!("{part}{}\"\r\n\r\n\r\n", "n".repeat(6000)).repeat(10);
    let filler = vec![b'a'; 64 << 10];
    let mut report = String::new();
    for (what, head, piece) in [
        ("a name", part.clone(), filler.clone()),
        ("a header", format!("{part}x\"\r\nX-More: "), filler.clone()),
        (
            "headers",
            format!("{part}x\"\r\n"),
            b"X-More: x\r\n".repeat(5000),
        ),
        ("empty parts", String::new(), empty.into_bytes()),
        ("long names", String::new(), named.into_bytes()),
        ("a preamble", String::new(), filler),
    ] {
        let (sent, status) = flood(&client, &head, &piece, 100 << 20).await;
        report.push_str(&format!("{what} {} MiB -> {status:?}, ", sent >> 20));
        if let Some(status) = status {
            assert!((400..500).contains(&status), "{what}: {status}");
        }
    }
    watch.end(&report).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_messages_do_not_slow_down_pages() {
    let server = deferring_server().await;
    let product = Product::start(&[&server]);
    let mut client = product.signed_in(&server).await;
    let account = account(&mut client).await;
    let probe = Probe::new(&product, &server).await;
    let body = "a line of the text\n".repeat(50_000);
    for nth in 0..30 {
        let subject = format!("waits {nth}");
        let fields = [
            ("account", account.as_str()),
            ("to", "bob@peer.test"),
            ("subject", &subject),
            ("body", &body),
        ];
        let response = client.send(compose(&fields, &[])).await;
        assert_eq!(response.status, 303, "{}", response.text());
    }
    let watch = Watch::begin("waiting", &product, probe);
    let started = std::time::Instant::now();
    let page = format!("/mail/{account}");
    let list = client
        .get(&page)
        .await
        .header("location")
        .unwrap()
        .to_owned();
    for path in [list.as_str(), "/outbox", list.as_str(), "/outbox"] {
        let response = client.get(path).await;
        assert_eq!(response.status, 200, "{path}");
        // Bounded: no list contains the text of a message.
        assert!(
            response.body.len() < 1 << 20,
            "{path}: {}",
            response.body.len()
        );
    }
    let each_ms = started.elapsed().as_millis() / 4;
    watch
        .end(&format!(
            "30 messages of 0.9 MiB wait; a page takes {each_ms} ms"
        ))
        .await;
}

/// Starts a server with a message with three attachments of 4 MiB; with `is_cut` the server refuses
/// the rest of the second one after 1 MiB.
async fn heavy(is_cut: bool, fetched: Arc<AtomicBool>) -> MailServer {
    const PART: &str = "(\"APPLICATION\" \"OCTET-STREAM\" (\"NAME\" \"x.bin\") NIL NIL \"8BIT\" \
         4194304 NIL (\"ATTACHMENT\" (\"FILENAME\" \"x.bin\")) NIL NIL)";
    let structure = format!(
        "((\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 8 1 NIL NIL NIL NIL){PART}{PART}{PART} \"MIXED\" \
         (\"BOUNDARY\" \"b\") NIL NIL NIL)"
    );
    let mut mail = Mail::plain("heavy");
    mail.raw = mail.raw.replacen(
        "\r\n\r\n",
        "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
        1,
    );
    mail.structure = structure;
    let script: Script = Box::new(move |protocol, received: &ClientCommand<'_>| {
        let (section, window) = received
            .command
            .split_once("BODY.PEEK[")?
            .1
            .split_once("]<")?;
        let section: u32 = section.parse().ok().filter(|nth| *nth > 1)?;
        let (offset, max) = window.split(['>', ')']).next()?.split_once('.')?;
        let (offset, max): (usize, usize) = (offset.parse().ok()?, max.parse().ok()?);
        if protocol != "imap" {
            return None;
        }
        fetched.store(true, Ordering::Relaxed);
        if is_cut && section == 3 && offset > 1 << 20 {
            return Some(Reply::text(format!("{} NO gone\r\n", received.tag)));
        }
        let bytes = max.min((4_usize << 20).saturating_sub(offset));
        let mut text =
            format!("* 1 FETCH (UID 1 BODY[{section}]<{offset}> {{{bytes}}}\r\n").into_bytes();
        text.resize(text.len() + bytes, b'a');
        text.extend_from_slice(format!(")\r\n{} OK done\r\n", received.tag).as_bytes());
        Some(Reply::Text(text))
    });
    MailServer::start(vec![mail], script).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forward_that_fails_leaves_nothing_in_the_spool() {
    for (is_cut, keep, limit, may_fetch) in [
        // Repeated parts and an unknown one: over the limit by the announced sizes.
        (
            false,
            vec!["2", "3", "4", "2", "3", "4", "9"],
            25 << 20,
            false,
        ),
        (false, vec!["2", "3", "4"], 6 << 20, false),
        // The server fails in the middle of the second part.
        (true, vec!["2", "3", "4"], 25 << 20, true),
    ] {
        let fetched = Arc::new(AtomicBool::new(false));
        let server = heavy(is_cut, Arc::clone(&fetched)).await;
        let product = Product::start_with(&[&server], &format!("upload_max_bytes = {limit}"));
        let mut client = product.signed_in(&server).await;
        let account = account(&mut client).await;
        let probe = Probe::new(&product, &server).await;
        let watch = Watch::begin("forward", &product, probe);
        let mut fields = vec![
            ("account", account.as_str()),
            ("to", "bob@peer.test"),
            ("subject", "on"),
            ("body", "Look."),
            ("kind", "forward"),
            ("folder", "SU5CT1g"),
            ("message", "7.1"),
        ];
        fields.extend(keep.iter().map(|part| ("keep", *part)));
        let response = client.send(compose(&fields, &[])).await;
        assert!((400..600).contains(&response.status), "{}", response.status);
        until_spool_is_empty(&product, "forward").await;
        assert_eq!(fetched.load(Ordering::Relaxed), may_fetch, "{keep:?}");
        watch
            .end(&format!(
                "forward of {} parts -> {}",
                keep.len(),
                response.status
            ))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_at_once_stay_within_the_quota() {
    let server = MailServer::valid().await;
    let product = Product::start_with(
        &[&server],
        "upload_max_bytes = 2097152\nspool_account_max_bytes = 8388608",
    );
    let mut client = product.signed_in(&server).await;
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("uploads", &product, probe);
    let mut uploads = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut one = product.client();
        one.cookies.clone_from(&client.cookies);
        uploads.spawn(async move {
            let bytes = vec![b'x'; 1_900_000];
            let request = Request::post("/upload", "application/octet-stream", bytes);
            let response = one.send(request.header("x-file-name", "x.bin")).await;
            (response.status, response.text())
        });
    }
    let (mut accepted, mut most_bytes) = (0, 0);
    let responses: Vec<(u16, String)> = async {
        let mut responses = Vec::new();
        while let Some(response) = uploads.join_next().await {
            responses.push(response.unwrap());
            most_bytes = most_bytes.max(spooled(&product.state_dir).1);
        }
        responses
    }
    .await;
    for (status, text) in &responses {
        match status {
            200 => accepted += 1,
            507 => assert!(text.contains("cause"), "{text}"),
            other => panic!("{other}: {text}"),
        }
    }
    assert!(most_bytes <= 8 << 20, "{most_bytes} bytes were written");
    assert_eq!(accepted, 4, "as many as fit");
    // The space of a refused upload is freed at once; the rest is freed when the session ends.
    client.send(Request::form("/logout", "")).await;
    until_spool_is_empty(&product, "uploads").await;
    watch
        .end(&format!(
            "20 uploads of 1.9 MB at once: {accepted} taken, at most {} KiB stored",
            most_bytes >> 10
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewing_a_waiting_message_leaves_it_complete() {
    let is_refusing = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&is_refusing);
    let (tries, mut tried) = watch::channel(0);
    let script: Script = Box::new(move |protocol, received| {
        let is_sign_in = protocol == "smtp" && received.command.starts_with("AUTH");
        let is_refused = is_sign_in && seen.load(Ordering::Relaxed);
        is_refused.then(|| {
            tries.send_modify(|count| *count += 1);
            Reply::text("535 5.7.8 no\r\n")
        })
    });
    // Opening a form also signs in, in advance.
    let mut tried = async |times: usize| {
        let waited = tokio::time::timeout(TIMEOUT, tried.wait_for(|count| *count >= times)).await;
        assert!(
            waited.is_ok_and(|held| held.is_ok()),
            "fewer than {times} tries"
        );
    };
    let server = MailServer::start(vec![Mail::plain("one")], script).await;
    let product = Product::start(&[&server]);
    let mut client = product.signed_in(&server).await;
    let id = account(&mut client).await;
    let file = vec![b'f'; 300_000];
    let outbox = send_message(&mut client, &id, "waits", &[("a.bin", &file)]).await;
    let before = spooled(&product.state_dir);
    assert_eq!(before.0, 2, "the message and its attachment");
    let form = client.get(&format!("/compose?again={outbox}&form=k")).await;
    assert!(form.text().contains("a.bin"), "{}", form.text());
    tried(2).await;
    client.send(Request::form("/logout", "")).await;
    assert_eq!(spooled(&product.state_dir), before);
    // Corrected in another session, it is sent with its attachment.
    let mut client = product.signed_in(&server).await;
    tried(3).await;
    wait_for_outbox(&mut client, "waiting_for_sign_in").await;
    is_refusing.store(false, Ordering::Relaxed);
    let form = client
        .get(&format!("/compose?again={outbox}&form=k"))
        .await
        .text();
    let upload = form.split("name=\"upload\"").nth(1).expect("the file");
    let upload = upload.split("value=\"").nth(1).unwrap();
    let upload = upload.split('"').next().unwrap();
    let fields = [
        ("account", id.as_str()),
        ("to", "bob@peer.test"),
        ("subject", "corrected"),
        ("body", "Hello."),
        ("again", &outbox),
        ("upload", upload),
    ];
    let response = client.send(compose(&fields, &[])).await;
    assert_eq!(response.status, 303, "{}", response.text());
    let page = wait_for_outbox(&mut client, "corrected").await;
    assert!(!page.contains("waits"), "the old row is replaced");
    until_spool_is_empty(&product, "sent").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_being_sent_is_not_replaced() {
    let script: Script = Box::new(|protocol, received| {
        let is_data = protocol == "smtp" && received.command == "DATA";
        is_data.then_some(Reply::Silence)
    });
    let server = MailServer::start(vec![Mail::plain("one")], script).await;
    let product = Product::start(&[&server]);
    let mut client = product.signed_in(&server).await;
    let id = account(&mut client).await;
    let outbox = send_message(&mut client, &id, "first", &[]).await;
    wait_for_outbox(&mut client, "Sending").await;
    let fields = [
        ("account", id.as_str()),
        ("to", "bob@peer.test"),
        ("subject", "second"),
        ("body", "Hello."),
        ("again", &outbox),
    ];
    let response = client.send(compose(&fields, &[])).await;
    assert_eq!(response.status, 422, "{}", response.text());
    // The form still has the typed text, and the outbox has no further entry.
    assert!(
        response.text().contains("value=\"second\""),
        "{}",
        response.text()
    );
    assert!(
        !wait_for_outbox(&mut client, "first")
            .await
            .contains("second")
    );
}

/// Starts the program again over the state of an earlier start.
fn restart(state_dir: std::path::PathBuf) -> Product {
    let file = state_dir.join("restante.toml");
    Product::run(state_dir, &file)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_key_loses_no_mail_and_a_lost_key_interrupts_no_service() {
    let is_refusing = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&is_refusing);
    let script: Script = Box::new(move |protocol, received| {
        let is_refused = seen.load(Ordering::Relaxed)
            && protocol == "smtp"
            && received.command.starts_with("AUTH");
        is_refused.then(|| Reply::text("535 5.7.8 no\r\n"))
    });
    let server = MailServer::start(vec![Mail::plain("one")], script).await;
    let product = Product::start(&[&server]);
    let mut client = product.signed_in(&server).await;
    let id = account(&mut client).await;
    send_message(&mut client, &id, "rotated", &[("a.bin", b"file")]).await;
    wait_for_outbox(&mut client, "once you sign in").await;
    let state_dir = product.stop_and_keep();
    let key = state_dir.join("key");
    let old = std::fs::read_to_string(&key).unwrap();
    let new = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    std::fs::write(&key, format!("{new}\n{old}")).unwrap();
    let product = restart(state_dir);
    is_refusing.store(false, Ordering::Relaxed);
    let mut client = product.signed_in(&server).await;
    wait_for_outbox(&mut client, "rotated").await;
    until_spool_is_empty(&product, "sent after the rotation").await;
    // The same with both keys deleted, and a message that waits.
    is_refusing.store(true, Ordering::Relaxed);
    let id = account(&mut client).await;
    send_message(&mut client, &id, "lost", &[]).await;
    wait_for_outbox(&mut client, "once you sign in").await;
    let state_dir = product.stop_and_keep();
    std::fs::remove_file(state_dir.join("key")).unwrap();
    let product = restart(state_dir);
    assert!(
        product.log().contains("cannot be opened"),
        "{}",
        product.log()
    );
    let mut client = product.signed_in(&server).await;
    assert_eq!(client.get("/outbox").await.status, 200);
    assert_eq!(client.get("/healthz").await.status, 200);
    is_refusing.store(false, Ordering::Relaxed);
    let id = account(&mut client).await;
    send_message(&mut client, &id, "goes on", &[]).await;
    wait_for_outbox(&mut client, "goes on").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_folder_that_others_can_read_is_closed_to_them() {
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let state_dir = product.stop_and_keep();
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&state_dir, 0o755);
    set(&state_dir.join("spool"), 0o755);
    for file in ["restante.db", "restante.db-wal", "restante.db-shm"] {
        let path = state_dir.join(file);
        if path.exists() {
            set(&path, 0o644);
        }
    }
    let product = restart(state_dir);
    let mut client = product.signed_in(&server).await;
    let id = account(&mut client).await;
    send_message(&mut client, &id, "writes the database", &[]).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&product.state_dir), 0o700);
    assert_eq!(mode(&product.state_dir.join("spool")), 0o700);
    for file in ["restante.db", "restante.db-wal", "restante.db-shm", "key"] {
        assert_eq!(mode(&product.state_dir.join(file)), 0o600, "{file}");
    }
    assert!(product.log().contains("other users"), "{}", product.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_an_upload_and_nothing_else() {
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let state_dir = product.stop_and_keep();
    // Writes beyond 4 MiB to any file fail.
    let product = Product::run_limited(state_dir, 4 << 20);
    let mut client = product.signed_in(&server).await;
    let upload = |size: usize| {
        Request::post("/upload", "application/octet-stream", vec![b'x'; size])
            .header("x-file-name", "x.bin")
    };
    let response: Response = client.send(upload(10 << 20)).await;
    assert_eq!(response.status, 507, "{}", response.text());
    until_spool_is_empty(&product, "a full disk").await;
    assert_eq!(client.send(upload(1 << 20)).await.status, 200);
    let id = account(&mut client).await;
    send_message(&mut client, &id, "goes on", &[]).await;
    wait_for_outbox(&mut client, "goes on").await;
}
