//! Address fields that cost far more than their length: a typed one and a received one.

use std::fmt::Write as _;

use crate::client::Request;
use crate::mailserver::{Mail, MailServer};
use crate::product::Product;
use crate::watch::{Probe, Watch};

/// Size of a typed field, in bytes. The error response contains the whole form, so this does not
/// test the size of a response.
const TYPED_BYTES: usize = 1 << 20;
/// Size of a header field, in bytes; the limit is 256 KiB.
const FIELD_BYTES: usize = 240 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tens_of_thousands_of_recipients_are_refused_at_once() {
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let probe = Probe::new(&product, &server).await;
    let mut client = product.signed_in(&server).await;
    let watch = Watch::begin("many recipients", &product, probe);
    let mut results = Vec::new();
    // A field within the limit has too many recipients; a longer one is not parsed.
    for (bytes, status, reason) in [(60 << 10, 422, "recipients"), (TYPED_BYTES, 413, "65 KB")] {
        let mut to = String::with_capacity(bytes + 32);
        let mut count = 0;
        while to.len() < bytes {
            let _ = write!(to, "{count}@b.example,");
            count += 1;
        }
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n{to}\r\n--x\r\n\
             Content-Disposition: form-data; name=\"subject\"\r\n\r\nmany\r\n--x--\r\n"
        );
        let post = Request::post("/compose", "multipart/form-data; boundary=x", body);
        let response = client.send(post).await;
        results.push(format!("{count} recipients -> {}", response.status));
        let alert = response.text();
        let alert = alert.split("role=\"alert\"").nth(1).unwrap_or_default();
        let alert: String = alert.chars().take(600).collect();
        assert_eq!(response.status, status, "{alert}");
        assert!(alert.contains(reason), "{count}: {alert}");
    }
    watch.end(&results.join(", ")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_of_quotes_that_never_end_is_read_once() {
    let field = format!("\"{}", "\\\"".repeat(FIELD_BYTES / 2));
    let mut mail = Mail::plain("quotes");
    mail.raw = format!(
        "From: {field}\r\nTo: {field}\r\nCc: {field}\r\nReply-To: {field}\r\nSubject: quotes\r\n\r\n\
         Hello.\r\n"
    );
    let server = MailServer::start(vec![mail], Box::new(|_, _| None)).await;
    let product = Product::start(&[&server]);
    let probe = Probe::new(&product, &server).await;
    let mut client = product.signed_in(&server).await;
    let list = client.get("/mail").await;
    let list = list.header("location").expect("the inbox").to_owned();
    let watch = Watch::begin("endless quotes", &product, probe);
    let started = std::time::Instant::now();
    let response = client.get(&format!("{list}/7.1")).await;
    let elapsed = started.elapsed();
    watch
        .end(&format!(
            "4 fields of {FIELD_BYTES} bytes, shown in {elapsed:?}"
        ))
        .await;
    assert_eq!(response.status, 200, "{}", response.text());
}
