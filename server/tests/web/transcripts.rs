//! The page of an attempt's transcript, which works without script.

use super::client::Response;
use super::{Client, Product, Request};
use crate::wait::until_some;

/// Sends a message by the plain form. Returns the path of its entry's page.
async fn send(client: &mut Client, to: &str, subject: &str) -> String {
    let mut body = String::new();
    for (name, value) in [("to", to), ("subject", subject), ("body", "Typed words.")] {
        body.push_str(&format!(
            "--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--x--\r\n");
    let request = Request::post("/compose", "multipart/form-data; boundary=x", body);
    let response = client.send(request).await;
    assert_eq!(response.status, 303, "{}", response.text());
    response.header("location").unwrap().to_owned()
}

/// Waits until the entry's page has a text.
async fn page_with(client: &mut Client, path: &str, text: &str) -> String {
    until_some(text, async || {
        let page = client.get(path).await.text();
        page.contains(text).then_some(page)
    })
    .await
}

fn assert_not_cached(response: &Response) {
    assert_eq!(response.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn entry_links_to_its_transcript_as_page_and_as_text() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let entry = send(&mut client, "nobody@restante.test", "A <b> subject").await;
    let page = page_with(&mut client, &entry, "550 5.1.1").await;
    assert!(page.contains("1 needs a look"), "{page}");
    let id = entry.split_once("entry=").unwrap().1;
    let path = format!("/outbox/{id}/transcript");
    assert!(page.contains(&format!("href=\"{path}\"")), "{page}");

    let response = client.get(&path).await;
    assert_eq!(response.status, 200);
    assert_not_cached(&response);
    let policy = response.header("content-security-policy").unwrap();
    assert!(!policy.contains("script-src"), "{policy}");
    let page = response.text();
    for shown in [
        "Attempt 1, ",
        "A &lt;b&gt; subject",
        "RCPT TO:&lt;nobody@restante.test&gt;",
        "AUTH PLAIN ***",
        "class=\"s fail\"",
        &format!("{path}.txt"),
    ] {
        assert!(page.contains(shown), "{shown} is missing: {page}");
    }
    assert!(!page.contains("Typed words."), "{page}");

    let text = client.get(&format!("{path}.txt")).await;
    assert_eq!(text.status, 200);
    assert_not_cached(&text);
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(
        text.text().contains(" C: RCPT TO:<nobody@restante.test>\n"),
        "{}",
        text.text()
    );

    client
        .cookies
        .insert("restante_lang".into(), "zh-CN".into());
    let page = client.get(&path).await.text();
    assert!(page.contains("第 1 次尝试"), "{page}");
    product.stop().await;
}

#[tokio::test]
async fn unknown_entry_has_no_transcript_and_a_stranger_sees_none() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    for path in ["/outbox/none/transcript", "/outbox/none/transcript.txt"] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    let entry = send(&mut client, "ok@restante.test", "Mine").await;
    let id = entry.split_once("entry=").unwrap().1;
    let mut stranger = product.client();
    let response = stranger.get(&format!("/outbox/{id}/transcript")).await;
    assert_eq!(response.status, 303);
    assert!(response.header("location").unwrap().starts_with("/login"));
    product.stop().await;
}

#[tokio::test]
async fn entry_without_a_transcript_says_so() {
    let product = Product::start_with(|config| config.undo_send_secs = 30).await;
    let mut client = product.signed_in("").await;
    let entry = send(&mut client, "ok@restante.test", "Held").await;
    let id = entry.split_once("entry=").unwrap().1;
    let path = format!("/outbox/{id}/transcript");
    let outbox = client.get(&entry).await.text();
    assert!(!outbox.contains(&path), "{outbox}");
    let response = client.get(&path).await;
    assert_eq!(response.status, 200);
    assert!(
        response.text().contains("There is no transcript"),
        "{}",
        response.text()
    );
    assert_eq!(client.get(&format!("{path}.txt")).await.status, 404);
    product.stop().await;
}
