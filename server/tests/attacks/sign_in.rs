//! Attacks on the sign-in: forged addresses, long fields, host names inside the private network,
//! and mail servers that repeat the password.

mod echo;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::client::{Client, Request, Response};
use crate::mailserver::{ClientCommand, Mail, MailServer, Reply};
use crate::product::{Product, servers_form};
use crate::watch::{Probe, Watch};

/// Starts a server that refuses every IMAP sign-in except the probe's, and counts them.
async fn refusing() -> (MailServer, Arc<AtomicUsize>) {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let script = move |protocol: &str, received: &ClientCommand<'_>| {
        if protocol != "imap" || !received.command.starts_with("AUTHENTICATE") {
            return None;
        }
        let nth = counted.fetch_add(1, Ordering::Relaxed);
        // The first sign-in is the probe's.
        (nth > 0).then(|| Reply::text(format!("{} NO [AUTHENTICATIONFAILED] no\r\n", received.tag)))
    };
    let mails = ["one", "two", "three"].map(Mail::plain).to_vec();
    (MailServer::start(mails, Box::new(script)).await, tries)
}

/// Signs in once per form, 8 at a time, and returns the responses.
async fn sign_in_often(product: &Product, forms: Vec<(String, String)>) -> Vec<Response> {
    stream::iter(forms)
        .map(|(forwarded, form)| async move {
            let request = Request::form("/login", &form).header("x-forwarded-for", &forwarded);
            product.client().send(request).await
        })
        .buffer_unordered(8)
        .collect()
        .await
}

fn count(responses: &[Response], status: u16) -> usize {
    responses.iter().filter(|a| a.status == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_forwarding_header_does_not_lift_the_limit_by_address() {
    let (server, tries) = refusing().await;
    let product = Product::start(&[&server]);
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("forged-header", &product, probe);
    let servers = servers_form("imap", server.imap, &server);
    let forms = (0..400).map(|n| {
        let forwarded = format!("203.0.{}.{}", n / 250, n % 250);
        (forwarded, format!("email=user{n}%40localhost&{servers}"))
    });
    let responses = sign_in_often(&product, forms.collect()).await;
    let tries = tries.load(Ordering::Relaxed) - 1;
    let waiting = count(&responses, 429);
    watch
        .end(&format!(
            "400 sign-ins with forged addresses: {tries} reached the mail server, {waiting} got 429"
        ))
        .await;
    assert!((1..=30).contains(&tries), "{tries} tries within a minute");
    assert_eq!(waiting, 400 - tries);
    let log = product.log();
    let warnings = log.matches("not in trusted_proxies is ignored").count();
    assert_eq!(warnings, 1, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_fields_are_refused_and_leave_nothing_in_memory() {
    let (server, tries) = refusing().await;
    let product = Product::start(&[&server]);
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("long-fields", &product, probe);
    let servers = servers_form("imap", server.imap, &server);
    let long = "u".repeat(60_000);
    let forms = (0..800).map(|n| {
        let forwarded = format!("203.0.{}.{}", n / 250, n % 250);
        let form = match n % 3 {
            0 => format!("email=a%40localhost&user={long}{n}&{servers}"),
            1 => format!("email={long}{n}%40localhost&{servers}"),
            _ => format!(
                "email=a%40localhost&{}",
                servers.replace(
                    "incoming_host=localhost",
                    &format!("incoming_host={long}{n}")
                )
            ),
        };
        (forwarded, form)
    });
    let responses = sign_in_often(&product, forms.collect()).await;
    let tries = tries.load(Ordering::Relaxed) - 1;
    let refused = count(&responses, 422);
    watch
        .end(&format!(
            "800 sign-ins with fields of 60 kB: {tries} reached the mail server, {refused} got 422"
        ))
        .await;
    assert_eq!((tries, refused), (0, 800));
    assert!(responses.iter().all(|a| a.text().contains("too long")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_thousands_of_hops_costs_little() {
    let (server, tries) = refusing().await;
    let product = Product::start_with(
        &[&server],
        "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]",
    );
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("many-hops", &product, probe);
    let servers = servers_form("imap", server.imap, &server);
    let hops = "10.1.2.3,".repeat(6_000);
    let forms = (0..200).map(|n| {
        // With this many trusted hops the address that the attacker prepended does not count.
        let forwarded = format!("203.0.113.{n},{hops}10.0.0.1");
        (forwarded, format!("email=user{n}%40localhost&{servers}"))
    });
    let responses = sign_in_often(&product, forms.collect()).await;
    let tries = tries.load(Ordering::Relaxed) - 1;
    watch
        .end(&format!(
            "200 sign-ins behind 6,000 hops: {tries} reached the mail server, {} got 429",
            count(&responses, 429)
        ))
        .await;
    assert!(tries <= 30, "{tries} tries within a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_names_are_reported_like_missing_ones() {
    let server = MailServer::valid().await;
    let product = Product::start_with(&[&server], "upstreams = \"public\"");
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("private-names", &product, probe);
    let sign_in_at = async |host: &str| {
        let form = format!(
            "email=ann%40example.org&password=x&incoming=imap&incoming_host={host}&incoming_port=993\
             &incoming_tls=implicit&outgoing_host={host}&outgoing_port=465&outgoing_tls=implicit"
        );
        let started = Instant::now();
        let response = product.client().send(Request::form("/login", &form)).await;
        let text = response.text().replace(host, "HOST");
        let text_before_reference = text.split("id=\"ref").next().unwrap_or_default().to_owned();
        (response.status, text_before_reference, started.elapsed())
    };
    let missing = sign_in_at("no-such-name.invalid").await;
    let mut slowest = missing.2;
    let mut fastest = missing.2;
    let mut differ = Vec::new();
    for private in ["127.0.0.2", "10.0.0.1"] {
        let result = sign_in_at(private).await;
        slowest = slowest.max(result.2);
        fastest = fastest.min(result.2);
        if (result.0, without_reference(&result.1)) != (missing.0, without_reference(&missing.1)) {
            differ.push((private, result.1, missing.1.clone()));
        }
    }
    watch
        .end(&format!(
            "2 private names and a missing one: {} answers differ, fastest {:.0} ms, slowest {:.0} ms",
            differ.len(),
            fastest.as_secs_f64() * 1e3,
            slowest.as_secs_f64() * 1e3,
        ))
        .await;
    assert!(differ.is_empty(), "{differ:?} differ from a missing name");
    assert!(
        slowest < fastest * 4,
        "{fastest:?} and {slowest:?} tell them apart"
    );
    // Only the operator's log names the reason.
    assert!(
        product.log().contains("private address"),
        "{}",
        product.log()
    );
}

/// Returns a page without the random reference of its error, and without its nonce.
fn without_reference(page: &str) -> String {
    let is_random = |word: &&str| !word.contains("nonce") && !word.contains("Reference ");
    page.split('<').filter(is_random).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outgoing_hosts_count_as_new_hosts() {
    let server = MailServer::valid().await;
    let product = Product::start_with(&[&server], "upstreams = \"public\"");
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("outgoing-hosts", &product, probe);
    let mut statuses = Vec::new();
    for n in 0..40 {
        let form = servers_form("imap", server.imap, &server)
            .replace(
                "outgoing_host=localhost",
                &format!("outgoing_host=h{n}.invalid"),
            )
            .replace(
                &format!("outgoing_port={}", server.smtp),
                "outgoing_port=465",
            )
            .replace("outgoing_tls=plain", "outgoing_tls=implicit");
        let form = format!("email=user{n}%40localhost&{form}");
        let response = product.client().send(Request::form("/login", &form)).await;
        statuses.push(response.status);
    }
    let accepted = statuses.iter().filter(|s| **s == 303).count();
    watch
        .end(&format!(
            "40 different outgoing hosts: {accepted} were taken"
        ))
        .await;
    assert_eq!(accepted, 30);
    assert!(statuses.ends_with(&[429; 10]), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_port_of_this_machine_is_another_site() {
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let mut client = product.signed_in(&server).await;
    let own = format!("http://{}", product.authority);
    let port = product.authority.rsplit_once(':').unwrap().1.to_owned();
    for (origin, status) in [
        (Some("http://127.0.0.1:1"), 403),
        (Some("http://127.0.0.1"), 403),
        (Some(format!("http://localhost:{port}").as_str()), 403),
        (Some(format!("https://{}", product.authority).as_str()), 403),
        (Some("null"), 403),
        (None, 403),
        (Some(own.as_str()), 303),
    ] {
        let mut request =
            Request::form("/settings/appearance", "theme=dark").without("sec-fetch-site");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let response = client.send(request).await;
        assert_eq!(response.status, status, "{origin:?}");
    }
    for site in [
        "same-site",
        "cross-site",
        "none, same-origin",
        "SAME-ORIGIN",
        "",
    ] {
        let request = Request::form("/settings/appearance", "theme=dark")
            .header("origin", &own)
            .header("sec-fetch-site", site);
        assert_eq!(client.send(request).await.status, 403, "{site:?}");
    }
    let upgrade = Request::get("/mail")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("origin", "http://127.0.0.1:1");
    assert_ne!(client.send(upgrade).await.status, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_request_of_3_mib_is_read_and_one_of_9_mib_is_refused_with_the_limit() {
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let probe = Probe::new(&product, &server).await;
    let mut client = product.signed_in(&server).await;
    let watch = Watch::begin("json-size", &product, probe);
    // A folder name that does not exist, so that the response proves that all of it was read.
    let account = account_of(&mut client).await;
    let mut post_json = async |bytes: usize| {
        let json = serde_json::json!({
            "query": {
                "source": { "folder": { "account": account, "folder": "x".repeat(bytes) } },
                "at": { "offset": 0 },
                "limit": 50,
            },
        });
        let json = json.to_string();
        client
            .send(Request::post("/api/message_list", "application/json", json))
            .await
    };
    let read = post_json(3 << 20).await;
    let refused = post_json(9 << 20).await;
    watch
        .end(&format!(
            "requests of 3 and 9 MiB: {} and {}",
            read.status, refused.status
        ))
        .await;
    let error = |response: &Response| -> app::api::ApiError {
        serde_json::from_slice(&response.body).expect("an error of ours")
    };
    assert_eq!(read.status, 404, "{}", read.text());
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert!(error(&refused).fix.contains("8.4 MB"), "{}", refused.text());
}

/// Returns the account's id in paths.
async fn account_of(client: &mut Client) -> String {
    let mail = client.get("/mail").await;
    let list = mail.header("location").expect("the inbox").to_owned();
    list.split('/').nth(2).unwrap().to_owned()
}

/// Sends a message through the JSON interface.
async fn send_message(client: &mut Client, to: &str, body: &str) -> Response {
    let account = account_of(client).await;
    let json = serde_json::json!({
        "account": account,
        "draft": {
            "to": to, "cc": "", "bcc": "", "subject": "Words", "body": body,
            "source": null, "replaces": null, "uploads": [], "keep_parts": [],
        },
    });
    let request = Request::post("/api/message_send", "application/json", json.to_string());
    client.send(request).await
}

/// Waits until a condition holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
