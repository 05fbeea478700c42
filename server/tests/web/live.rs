//! The stream of events.

use std::time::Duration;

use app::text::url::events;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Product, Request};

/// Reads until the text arrives.
async fn read_until(stream: &mut TcpStream, expected: &str) -> String {
    let mut seen = Vec::new();
    let reading = async {
        loop {
            let text = String::from_utf8_lossy(&seen).into_owned();
            if text.contains(expected) {
                return text;
            }
            let mut chunk = [0; 4096];
            let count = stream.read(&mut chunk).await.unwrap();
            assert_ne!(count, 0, "the stream ended before {expected:?}: {text}");
            seen.extend_from_slice(&chunk[..count]);
        }
    };
    timeout(Duration::from_secs(10), reading)
        .await
        .unwrap_or_else(|_| panic!("no {expected:?} in time"))
}

#[tokio::test]
async fn a_stream_begins_with_hello_and_is_not_buffered() {
    let product = Product::start().await;
    let client = product.signed_in("").await;
    let mut stream = client.open(Request::get("/events")).await;
    let text = read_until(&mut stream, "\n\n").await;
    let text = if text.contains("event: hello") {
        text
    } else {
        text + &read_until(&mut stream, "event: hello").await
    };
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    for header in [
        "content-type: text/event-stream",
        "x-accel-buffering: no",
        "cache-control: no-store, no-transform",
    ] {
        assert!(text.contains(header), "{header}: {text}");
    }
    assert!(!text.contains("content-encoding"), "{text}");
    product.stop().await;
}

#[tokio::test]
async fn quiet_stream_sends_beats_while_its_session_is_in_use() {
    let product = Product::start().await;
    let client = product.signed_in("").await;
    let mut stream = client.open(Request::get("/events")).await;
    read_until(&mut stream, "event: hello").await;
    for _ in 0..2 {
        let text = timeout(
            Duration::from_secs(3),
            read_until(&mut stream, "{\"type\":\"beat\",\"next_secs\":2}"),
        )
        .await
        .expect("a beat within 3 s");
        assert!(text.contains("event: beat"), "{text}");
    }
    product.stop().await;
}

#[tokio::test]
async fn client_that_missed_events_gets_a_resync() {
    let product = Product::start().await;
    let client = product.signed_in("").await;
    for request in [
        Request::get("/events?after=123-9"),
        Request::get("/events").header("last-event-id", "123-9"),
    ] {
        let mut stream = client.open(request).await;
        let text = read_until(&mut stream, "event: resync").await;
        assert!(text.find("event: hello").unwrap() < text.find("event: resync").unwrap());
    }
    product.stop().await;
}

#[tokio::test]
async fn events_between_a_page_and_its_stream_are_delivered() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let page = client.get("/mail").await;
    let inbox = page.header("location").unwrap().to_owned();
    let page = client.get(&inbox).await.text();
    assert!(!page.contains("Between the two"), "{page}");
    // Mail arrives while the browser still loads the program; another tab's stream shows when.
    let mut other_tab = client.open(Request::get("/events")).await;
    read_until(&mut other_tab, "event: hello").await;
    product
        .demo
        .deliver("From: a@example.org\r\nSubject: Between the two\r\n\r\nx\r\n");
    read_until(&mut other_tab, "event: folder").await;
    let seen = page
        .split_once("data-seen=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(seen, _)| seen);
    let mut stream = client.open(Request::get(&events("", seen))).await;
    let text = read_until(&mut stream, "\"arrived\":1").await;
    assert!(text.find("event: hello").unwrap() < text.find("event: folder").unwrap());
    product.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_streams_of_the_session() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let mut stream = client.open(Request::get("/events")).await;
    read_until(&mut stream, "event: hello").await;
    client.send(Request::form("/logout", "")).await;
    read_until(&mut stream, "event: end").await;
    product.stop().await;
}

#[tokio::test]
async fn without_a_session_the_stream_is_one_end_event() {
    let product = Product::start().await;
    let response = product.client().get("/events").await;
    assert_eq!(response.status, 200);
    assert!(
        response.text().contains("event: end"),
        "{}",
        response.text()
    );
    product.stop().await;
}

#[tokio::test]
async fn open_streams_do_not_keep_the_server_from_stopping() {
    let product = Product::start().await;
    let client = product.signed_in("").await;
    let mut stream = client.open(Request::get("/events")).await;
    read_until(&mut stream, "event: hello").await;
    timeout(Duration::from_secs(4), product.stop())
        .await
        .expect("a stop without waiting");
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(1), stream.read_to_end(&mut rest))
        .await
        .expect("the end");
}
