//! A hostile mail server sends endless responses, or unsolicited ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::client::{Client, Request};
use crate::mailserver::{ClientCommand, Mail, MailServer, Reply, Script, fetch_set, row};
use crate::product::Product;
use crate::watch::{Probe, Watch, end_of};

/// Answers an IMAP command that begins with `begins` with a repeated line, once the switch is on.
pub(crate) fn flooding(
    begins: &'static str,
    line: fn(u64) -> String,
    is_on: Arc<AtomicBool>,
) -> Script {
    Box::new(move |protocol, received: &ClientCommand<'_>| {
        let is_it = protocol == "imap" && received.command.starts_with(begins);
        (is_it && is_on.load(Ordering::Relaxed)).then(|| {
            Reply::Endless(
                Vec::new(),
                Box::new(move |nth| {
                    let lines = (0..64).map(|n| line(nth * 64 + n));
                    lines.collect::<String>().into_bytes()
                }),
            )
        })
    })
}

pub(crate) fn folder_line(nth: u64) -> String {
    format!("* LIST (\\HasNoChildren) \"/\" \"folder {nth}\"\r\n")
}

pub(crate) fn row_line(nth: u64) -> String {
    let subject = "s".repeat(200);
    format!(
        "* {} FETCH (UID {} FLAGS () INTERNALDATE \"01-Feb-2026 10:00:00 +0000\" RFC822.SIZE 9 \
         ENVELOPE (NIL \"{subject}\" ((NIL NIL \"ann\" \"peer.test\")) NIL NIL NIL NIL NIL NIL NIL) \
         BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 8 1 NIL NIL NIL NIL))\r\n",
        nth % 3 + 1,
        nth % 3 + 1
    )
}

async fn inbox(client: &mut Client) -> String {
    let mail = client.get("/mail").await;
    mail.header("location").expect("the inbox").to_owned()
}

/// Floods the response to one kind of command during a request for it.
async fn run_flood(name: &'static str, begins: &'static str, line: fn(u64) -> String) {
    let valid = MailServer::valid().await;
    let is_on = Arc::new(AtomicBool::new(false));
    let script = flooding(begins, line, Arc::clone(&is_on));
    let mails = ["one", "two", "three"].map(Mail::plain).to_vec();
    let hostile = MailServer::start(mails, script).await;
    let product = Product::start(&[&valid, &hostile]);
    let probe = Probe::new(&product, &valid).await;
    let mut victim = product.signed_in(&hostile).await;
    let list = inbox(&mut victim).await;
    let watch = Watch::begin(name, &product, probe);
    is_on.store(true, Ordering::Relaxed);
    // A connection that has loaded its rows is asked for another folder, and a new one for this
    // folder.
    let mut responses = Vec::new();
    for path in ["/mail", &list, &list.replace("SU5CT1g", "U2VudA")] {
        responses.push(end_of(&mut victim, Request::get(path)).await);
    }
    let mut reconnected = product.try_sign_in(&hostile).await.0;
    responses.push(end_of(&mut reconnected, Request::get(&list)).await);
    // No request waits for the flood any more, and it must end nevertheless.
    hostile.until_sent(4 << 20).await;
    let sent = hostile.sent_bytes() >> 20;
    watch
        .end(&format!("{sent} MiB sent, answers {responses:?}"))
        .await;
    is_on.store(false, Ordering::Relaxed);
    // The same session works again once the server behaves normally.
    let mut after = product.signed_in(&hostile).await;
    let response = after.get(&list).await;
    assert!(response.text().contains("three"), "{}", response.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_folders_end_at_a_budget() {
    run_flood("endless folders", "LIST", folder_line).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_rows_end_at_a_budget() {
    run_flood("endless rows", "FETCH", row_line).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_unsolicited_data_is_dropped_and_ends() {
    run_flood("endless news", "IDLE", row_line).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_ends_when_its_browser_disconnects() {
    let valid = MailServer::valid().await;
    let is_requested = Arc::new(AtomicBool::new(false));
    let requested = Arc::clone(&is_requested);
    // The first requested message never arrives.
    let script: Script = Box::new(move |protocol, received: &ClientCommand<'_>| {
        let is_it = protocol == "imap" && received.command.starts_with("UID FETCH");
        (is_it && !requested.swap(true, Ordering::Relaxed)).then_some(Reply::Silence)
    });
    let mails = ["one", "two", "three"].map(Mail::plain).to_vec();
    let hostile = MailServer::start(mails, script).await;
    let product = Product::start(&[&valid, &hostile]);
    let mut client = product.signed_in(&hostile).await;
    let list = inbox(&mut client).await;
    let message = format!("{list}/7.2");
    // A client opens it and disconnects.
    let waiting = client.open(Request::get(&message)).await;
    while !is_requested.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(waiting);
    // The list arrives long before the deadline of the command (60 s without a byte).
    let patience = Duration::from_secs(30);
    let response = tokio::time::timeout(patience, client.get(&list)).await;
    let response = response.expect("the command that nobody waits for holds nothing up");
    assert!(response.text().contains("three"), "{}", response.text());
}

/// Formats a BODYSTRUCTURE of this many bytes.
pub(crate) fn large_structure(bytes: usize) -> String {
    let parameter = format!("\"X\" \"{}\"", "y".repeat(bytes));
    format!("(\"TEXT\" \"PLAIN\" ({parameter}) NIL NIL \"7BIT\" 8 1 NIL NIL NIL NIL)")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_with_large_structures_are_listed_and_not_cached() {
    let valid = MailServer::valid().await;
    let mails: Vec<Mail> = (0..400)
        .map(|nth| Mail {
            structure: large_structure(640 << 10),
            ..Mail::plain(&format!("large {nth}"))
        })
        .collect();
    let hostile = MailServer::start(mails, Box::new(|_, _| None)).await;
    let product = Product::start(&[&valid, &hostile]);
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin("large structures", &product, probe);
    let mut victim = product.signed_in(&hostile).await;
    let list = inbox(&mut victim).await;
    for page in 1..=8 {
        let response = victim.get(&format!("{list}?page={page}")).await;
        let newest = 399 - (page - 1) * 50;
        let text = response.text();
        assert!(
            text.contains(&format!("large {newest}")),
            "page {page}: {}",
            response.status
        );
    }
    // Each message opens.
    let opened = victim.get(&format!("{list}/7.400")).await;
    assert!(opened.text().contains("Hello."), "{}", opened.text());
    let sent = hostile.sent_bytes() >> 20;
    watch
        .end(&format!("8 pages of 400 rows, {sent} MiB sent"))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_many_sessions_do_not_retain_their_structures() {
    let valid = MailServer::valid().await;
    let mails: Vec<Mail> = (0..200)
        .map(|nth| Mail {
            structure: large_structure(50 << 10),
            ..Mail::plain(&format!("large {nth}"))
        })
        .collect();
    let hostile = MailServer::start(mails, Box::new(|_, _| None)).await;
    let product = Product::start(&[&valid, &hostile]);
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin("structures of ten sessions", &product, probe);
    let mut sessions = Vec::new();
    for nth in 0..10 {
        let address = format!("ann{nth}@localhost");
        let mut session = product.signed_in_as(&hostile, &address).await;
        let list = inbox(&mut session).await;
        for page in 1..=4 {
            let response = session.get(&format!("{list}?page={page}")).await;
            assert_eq!(response.status, 200);
        }
        sessions.push(session);
    }
    watch.end("10 sessions, 200 rows each").await;
    drop(sessions);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refused_row_does_not_hide_the_others() {
    let valid = MailServer::valid().await;
    let mails: Vec<Mail> = (1..=20)
        .map(|nth| Mail::plain(&format!("mail {nth}")))
        .collect();
    let rows = mails.clone();
    // Some rows and NO, if the seventh is among them and the request is for more than its size.
    let script: Script = Box::new(move |protocol, received: &ClientCommand<'_>| {
        let rest = received.command.strip_prefix("FETCH ")?;
        let set = fetch_set(rest, rows.len());
        let is_described = rest.contains("ENVELOPE") || rest.contains("HEADER.FIELDS");
        if protocol != "imap" || !set.contains(&7) || !is_described {
            return None;
        }
        let mut untagged = String::new();
        for seq in set.filter(|seq| *seq < 7) {
            untagged.push_str(&row(seq, &rows[seq - 1], rest));
        }
        let tag = received.tag;
        Some(Reply::text(format!(
            "{untagged}{tag} NO [UNAVAILABLE] cannot read one\r\n"
        )))
    });
    let hostile = MailServer::start(mails, script).await;
    let product = Product::start(&[&valid, &hostile]);
    let mut client = product.signed_in(&hostile).await;
    let list = inbox(&mut client).await;
    let page = client.get(&list).await.text();
    for nth in (1..=20).filter(|nth| *nth != 7) {
        assert!(page.contains(&format!("mail {nth}<")), "{nth}: {page}");
    }
    assert!(page.contains("did not describe this message"), "{page}");
    assert!(!page.contains("mail 7<"));
    let opened = client.get(&format!("{list}/7.7")).await;
    assert!(opened.text().contains("Hello."), "{}", opened.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn maximum_number_of_messages_takes_no_memory() {
    const COUNT: usize = u32::MAX as usize;
    let valid = MailServer::valid().await;
    let script: Script = Box::new(|protocol, received: &ClientCommand<'_>| {
        let (name, rest) = received.command.split_once(' ')?;
        if protocol != "imap" {
            return None;
        }
        let untagged = match (name, rest) {
            ("SELECT", _) => {
                format!("* FLAGS (\\Seen)\r\n* {COUNT} EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n")
            }
            ("STATUS", "INBOX (MESSAGES UNSEEN)") => {
                format!("* STATUS INBOX (MESSAGES {COUNT} UNSEEN {COUNT})\r\n")
            }
            ("FETCH", _) => fetch_set(rest, COUNT)
                .take(200)
                .map(|seq| row(seq, &Mail::plain(&format!("mail {seq}")), rest))
                .collect(),
            _ => return None,
        };
        Some(Reply::text(format!(
            "{untagged}{} OK done\r\n",
            received.tag
        )))
    });
    let hostile = MailServer::start(Vec::new(), script).await;
    let product = Product::start(&[&valid, &hostile]);
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin("4,294,967,295 messages", &product, probe);
    let mut client = product.signed_in(&hostile).await;
    let list = inbox(&mut client).await;
    // The newest, some in the middle, and the oldest.
    for (page, newest) in [
        (1, COUNT),
        (40_000_000, COUNT - 39_999_999 * 50),
        (85_899_346, 45),
    ] {
        let response = client.get(&format!("{list}?page={page}")).await;
        let text = response.text();
        assert_eq!(response.status, 200, "page {page}: {text}");
        assert!(
            text.contains(&format!("mail {newest}<")),
            "page {page}: {text}"
        );
    }
    watch.end("3 pages").await;
}

/// Sends almost the maximum length of a response on every connection, and then nothing more.
pub(crate) fn unfinished(protocol: &str, received: &ClientCommand<'_>) -> Option<Reply> {
    let name = received.command.split(' ').next().unwrap_or_default();
    match (protocol, name) {
        ("imap", "LIST") => Some(Reply::text(format!("* X {}", "y".repeat(1_000_000)))),
        ("imap", "SELECT") => Some(Reply::Silence),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_never_end_share_one_budget() {
    let valid = MailServer::valid().await;
    let script: Script = Box::new(unfinished);
    let hostile = MailServer::start(vec![Mail::plain("one")], script).await;
    let product = Product::start(&[&valid, &hostile]);
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin("lines without end", &product, probe);
    let mut sessions = Vec::new();
    for nth in 0..60 {
        sessions.push(
            product
                .signed_in_as(&hostile, &format!("ann{nth}@localhost"))
                .await,
        );
    }
    // Connections over the shared memory limit are dropped.
    hostile.until_open_at_most(45).await;
    let open = hostile.open();
    drop(hostile);
    watch
        .end(&format!(
            "60 sessions of 60 accounts, 1 MB each, {open} kept"
        ))
        .await;
    drop(sessions);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_maildrop_ends_at_a_budget() {
    let valid = MailServer::valid().await;
    let script: Script = Box::new(|protocol, received: &ClientCommand<'_>| {
        let unit: fn(u64) -> String = match (protocol, received.command) {
            ("pop3", "LIST") => |_| "1 5\r\n".to_owned(),
            ("pop3", "UIDL") => |nth| format!("{} {}\r\n", nth + 1, "u".repeat(70)),
            _ => return None,
        };
        let lines = move |nth: u64| (0..64).map(|n| unit(nth * 64 + n)).collect::<String>();
        Some(Reply::Endless(
            b"+OK\r\n".to_vec(),
            Box::new(move |nth| lines(nth).into_bytes()),
        ))
    });
    let hostile = MailServer::start(vec![Mail::plain("one")], script).await;
    let product = Product::start(&[&valid, &hostile]);
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin("endless maildrop", &product, probe);
    let (mut victim, _) = product.try_sign_in_by_pop3(&hostile).await;
    let status = end_of(&mut victim, Request::get("/mail/")).await;
    hostile.until_sent(1 << 20).await;
    let sent = hostile.sent_bytes() >> 20;
    watch
        .end(&format!("{sent} MiB sent, answer {status}"))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_pop3_message_is_held_once_and_released() {
    let valid = MailServer::valid().await;
    let mut large = Mail::plain("large");
    large
        .raw
        .push_str(&"0123456789abcdef\r\n".repeat((30 << 20) / 18));
    let hostile = MailServer::start(vec![large], Box::new(|_, _| None)).await;
    let product = Product::start(&[&valid, &hostile]);
    let probe = Probe::new(&product, &valid).await;
    let mut victim = product.signed_in_by_pop3(&hostile).await;
    let list = inbox(&mut victim).await;
    let page = victim.get(&list).await.text();
    let message_path = page
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|href| href.starts_with(&format!("{list}/")))
        .expect("the message")
        .to_owned();
    let watch = Watch::begin("30 MiB by POP3", &product, probe);
    let opened = victim.get(&message_path).await;
    assert!(opened.text().contains("Hello."), "{}", opened.status);
    watch.end("opened once").await;
}
