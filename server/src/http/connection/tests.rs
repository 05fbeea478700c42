//! Connections over an in-memory pipe, with a paused clock.

use std::convert::Infallible;
use std::time::Duration;

use axum::routing::{get, post};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{sleep, timeout};

use super::*;
use crate::http::admission::Connections;
use crate::limits::Room;

/// A response of 1 MiB in one part.
const LARGE: usize = 1 << 20;
const LONG: Duration = Duration::from_secs(3600);

fn router() -> Router {
    let never = || async {
        let hello = futures_util::stream::once(async { Ok(Bytes::from("hello")) });
        let never = futures_util::stream::pending::<Result<Bytes, Infallible>>();
        Body::from_stream(futures_util::StreamExt::chain(hello, never))
    };
    Router::new()
        .route("/", get(|| async { "small" }))
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route("/events", get(never))
        .route(
            "/form",
            post(|body: Bytes| async move { body.len().to_string() }),
        )
}

struct Peer {
    stream: DuplexStream,
    connections: Connections,
    started: Instant,
}

/// A connection; the pipe holds 64 KiB.
fn connect() -> Peer {
    let connections = Connections::new(Room::of(1024));
    let slot = connections.admit(Connected::Unix, &[]).unwrap();
    let (stream, server) = duplex(64 << 10);
    tokio::spawn(async move {
        serve(&builder(), router(), server, Connected::Unix, slot).await;
    });
    Peer {
        stream,
        connections,
        started: Instant::now(),
    }
}

impl Peer {
    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads until the connection ends; returns the bytes and the seconds it took.
    async fn read_until_closed(&mut self) -> (String, u64) {
        let mut rest = Vec::new();
        let end = timeout(LONG, self.stream.read_to_end(&mut rest)).await;
        let _ = end.expect("an end");
        let text = String::from_utf8_lossy(&rest).into_owned();
        (text, self.started.elapsed().as_secs())
    }

    /// Returns after how many seconds the server closes the connection while the client reads
    /// nothing.
    async fn secs_until_closed(&mut self) -> u64 {
        let ended = timeout(LONG, self.connections.all_ended()).await;
        ended.expect("an end");
        self.started.elapsed().as_secs()
    }
}

/// The first bytes of an HTTP/2 client: `SETTINGS_INITIAL_WINDOW_SIZE` = 0, so that no response
/// body may be sent, and `GET` of a path on streams 1, 3, 5, …
fn http2(path: &str, requests: u8) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    for nth in 0..requests {
        // :method GET, :scheme http, :path and :authority as literals (RFC 7541 §6).
        let mut block = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        block.extend(path.bytes());
        block.extend([0x01, 1, b'a']);
        let length = u8::try_from(block.len()).unwrap();
        bytes.extend([0, 0, length, 1, 5, 0, 0, 0, nth * 2 + 1]);
        bytes.extend(block);
    }
    bytes
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_is_closed() {
    let settings = http2("/", 0);
    for (opening, response) in [
        (b"".as_slice(), ""),
        (b"P", "HTTP/1.1 408"),
        (b"PRI * HTTP/2.0\r\n\r\n", "HTTP/1.1 408"),
        (b"GET / HTTP/1.1\r\nhost: a\r\n", "HTTP/1.1 408"),
    ] {
        let mut peer = connect();
        peer.send(opening).await;
        let (text, secs) = peer.read_until_closed().await;
        assert_eq!(secs, limits::FIRST_REQUEST_WITHIN.as_secs(), "{opening:?}");
        assert!(text.starts_with(response), "{opening:?}: {text:?}");
        assert_eq!(text.is_empty(), response.is_empty(), "{text:?}");
    }
    let mut peer = connect();
    peer.send(&settings).await;
    let (text, secs) = peer.read_until_closed().await;
    assert_eq!(secs, limits::FIRST_REQUEST_WITHIN.as_secs());
    assert!(!text.contains("HTTP/1.1"), "{text:?}");
}

#[tokio::test(start_paused = true)]
async fn slow_request_head_is_refused_at_its_deadline() {
    let mut peer = connect();
    peer.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut seen = [0; 4096];
    let count = peer.stream.read(&mut seen).await.unwrap();
    assert!(seen[..count].starts_with(b"HTTP/1.1 200"));
    sleep(Duration::from_secs(30)).await;
    let second = "GET / HTTP/1.1\r\nhost: a\r\nx: ".to_owned() + &"y".repeat(1000);
    for byte in second.bytes() {
        if peer.stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    let (text, _) = peer.read_until_closed().await;
    assert!(text.starts_with("HTTP/1.1 408"), "{text:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_and_an_open_response_is_not() {
    let mut peer = connect();
    peer.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let (text, secs) = peer.read_until_closed().await;
    assert!(text.ends_with("small"), "{text}");
    assert_eq!(secs, limits::KEEP_ALIVE.as_secs());

    let mut peer = connect();
    peer.send(b"GET /events HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut seen = Vec::new();
    while !seen.ends_with(b"hello\r\n") {
        peer.stream.read_buf(&mut seen).await.unwrap();
    }
    let ended = timeout(LONG, peer.stream.read(&mut [0; 16])).await;
    assert!(ended.is_err(), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn unread_response_is_aborted() {
    let mut peer = connect();
    peer.send(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(
        peer.secs_until_closed().await,
        limits::RESPONSE_WITHIN.as_secs()
    );
}

#[tokio::test(start_paused = true)]
async fn response_read_below_the_minimum_rate_is_aborted() {
    for (bytes_per_second, is_complete) in [(1500, false), (3000, true)] {
        let mut peer = connect();
        peer.send(b"GET /large HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await;
        let mut read = 0;
        loop {
            let mut chunk = vec![0; bytes_per_second];
            let count = peer.stream.read(&mut chunk).await.unwrap_or(0);
            if count == 0 {
                break;
            }
            read += count;
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(read > LARGE, is_complete, "{bytes_per_second}: {read}");
    }
}

/// Reads HTTP/2 frames and answers PINGs until the connection ends.
async fn ack_pings(stream: &mut DuplexStream) -> std::io::Result<()> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let [_, high, low, kind, flags, ..] = head;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        stream.read_exact(&mut payload).await?;
        if kind == 6 && flags == 0 {
            stream.write_all(&[0, 0, 8, 6, 1, 0, 0, 0, 0]).await?;
            stream.write_all(&payload).await?;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn http2_responses_whose_window_stays_closed_end_with_their_connection() {
    for path in ["/large", "/", "/events"] {
        for has_pings in [false, true] {
            let mut peer = connect();
            peer.send(&http2(path, 3)).await;
            if has_pings {
                let end = timeout(LONG, ack_pings(&mut peer.stream)).await;
                end.expect("an end").unwrap_err();
            }
            let secs = peer.secs_until_closed().await;
            let latest = limits::KEEP_ALIVE.max(limits::RESPONSE_WITHIN * 2);
            assert!(secs <= latest.as_secs(), "{path}, {has_pings}: {secs}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slow_request_body_is_answered_with_408() {
    let mut peer = connect();
    peer.send(b"POST /form HTTP/1.1\r\nhost: a\r\ncontent-length: 10000\r\n\r\n")
        .await;
    let (mut input, mut output) = tokio::io::split(peer.stream);
    let sender = tokio::spawn(async move {
        while output.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut response = Vec::new();
    let _ = timeout(LONG, input.read_to_end(&mut response))
        .await
        .expect("an end");
    assert!(response.starts_with(b"HTTP/1.1 408"));
    assert_eq!(
        peer.started.elapsed().as_secs(),
        limits::BODY_WITHIN.as_secs()
    );
    sender.abort();
}

#[tokio::test(start_paused = true)]
async fn a_stopping_server_lets_a_request_end_and_closes_idle_connections() {
    let mut idle = connect();
    idle.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut seen = [0; 4096];
    let count = idle.stream.read(&mut seen).await.unwrap();
    assert_ne!(count, 0);
    let stopped = timeout(Duration::from_secs(1), idle.connections.stop());
    stopped.await.expect("nothing to wait for");
}
