//! Floods of connections, responses, event streams and sessions.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::client::{Client, Request};
use crate::mailserver::{Mail, MailServer, Reply};
use crate::product::Product;
use crate::watch::{Probe, Watch};

/// Longer than any deadline of a connection, on any machine.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Raises this process's limit to the number of connections that the attacks need.
fn raise_own_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

/// Connects from an address of this machine.
async fn connect_from(source: Ipv4Addr, product: &Product) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::V4(source), 0)).unwrap();
    let peer: SocketAddr = product.authority.parse().unwrap();
    timeout(Duration::from_secs(10), socket.connect(peer))
        .await
        .ok()?
        .ok()
}

/// Reads until the server closes; returns the received bytes, or `None` if it never closed.
async fn until_closed(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut seen = Vec::new();
    // A reset counts as an end.
    timeout(TIMEOUT, stream.read_to_end(&mut seen))
        .await
        .ok()
        .map(|_| seen)
}

/// What a connection sends before it becomes silent.
const OPENINGS: [&[u8]; 4] = [
    b"",
    b"P",
    b"PRI * HTTP/2.0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
];

/// Opens connections that send one opening each, and then nothing.
async fn open_silent(product: &Product, count: u32, sources: u32) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for nth in 0..count {
        let source = Ipv4Addr::from_bits(0x7f00_0100 + nth % sources + 1);
        let Some(mut stream) = connect_from(source, product).await else {
            continue;
        };
        let opening = OPENINGS[nth as usize % OPENINGS.len()];
        let _ = stream.write_all(opening).await;
        open.push(stream);
    }
    open
}

async fn silent_connections(name: &'static str, sources: u32) {
    raise_own_limit();
    let server = MailServer::valid().await;
    let product = Product::start_with_descriptors(&[&server], 1024);
    let probe = Probe::new(&product, &server).await;
    let before = product.descriptors();
    let watch = Watch::begin(name, &product, probe);
    let started = Instant::now();
    let mut open = open_silent(&product, 1100, sources).await;
    let most = product.descriptors();
    // Another user signs in meanwhile.
    product.signed_in(&server).await;
    let mut closed = 0;
    for stream in &mut open {
        closed += usize::from(until_closed(stream).await.is_some());
    }
    let elapsed = started.elapsed().as_secs();
    watch
        .end(&format!(
            "1100 silent connections of {sources} addresses, {closed} closed after {elapsed} s, \
             descriptors {before}, at most {most}"
        ))
        .await;
    assert_eq!(closed, open.len());
    assert!(most < 700, "{most} descriptors");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_of_one_address() {
    silent_connections("silent, one address", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_of_many_addresses() {
    silent_connections("silent, many addresses", 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_byte_a_second() {
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let probe = Probe::new(&product, &server).await;
    let watch = Watch::begin("slow requests", &product, probe);
    let started = Instant::now();
    let head = format!(
        "POST /login HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 30000\r\n\r\n",
        product.authority
    );
    let mut tasks = Vec::new();
    for nth in 0..48 {
        let mut stream = TcpStream::connect(&product.authority).await.unwrap();
        let head = head.clone();
        tasks.push(tokio::spawn(async move {
            // Half of the connections send the head slowly, the others the body.
            let mut rest = head.as_bytes().to_vec();
            if nth % 2 == 0 {
                stream.write_all(&rest).await.unwrap();
                rest = b"email=a".repeat(4000);
            }
            let mut response = Vec::new();
            for byte in rest {
                let mut chunk = [0; 4096];
                let _ = stream.write_all(&[byte]).await;
                match timeout(Duration::from_secs(1), stream.read(&mut chunk)).await {
                    Ok(Ok(0) | Err(_)) => break,
                    Ok(Ok(count)) => response.extend_from_slice(&chunk[..count]),
                    Err(_) => assert!(started.elapsed() < TIMEOUT, "the drip goes on"),
                }
            }
            String::from_utf8_lossy(&response).into_owned()
        }));
    }
    for task in tasks {
        let response = task.await.unwrap();
        assert!(response.starts_with("HTTP/1.1 408"), "{response:?}");
    }
    let elapsed = started.elapsed().as_secs();
    watch
        .end(&format!(
            "48 dripping requests, all refused after {elapsed} s"
        ))
        .await;
}

/// A message with one large part.
fn large() -> Mail {
    let mut mail = Mail::plain("large");
    mail.raw
        .push_str(&"0123456789abcdef\r\n".repeat((8 << 20) / 18));
    mail
}

/// Returns the path of the first message in a signed-in client's inbox.
async fn first_message(client: &mut Client) -> String {
    let mail = client.get("/mail").await;
    let inbox = mail.header("location").unwrap().to_owned();
    let list = client.get(&inbox).await.text();
    let path = format!("{inbox}/7.1");
    assert!(list.contains(&path), "{list}");
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_that_are_never_read() {
    raise_own_limit();
    let valid = MailServer::valid().await;
    let server = MailServer::start(vec![large()], Box::new(|_, _| None)).await;
    let product = Product::start(&[&valid, &server]);
    let probe = Probe::new(&product, &valid).await;
    let mut client = product.signed_in(&server).await;
    let source = format!("{}/source", first_message(&mut client).await);
    let before = product.descriptors();
    let watch = Watch::begin("unread downloads", &product, probe);
    let started = Instant::now();
    let mut open = Vec::new();
    for _ in 0..200 {
        let request = Request::get(&source).header("connection", "close");
        open.push(client.open(request).await);
    }
    let (mut refused, mut cut) = (0, 0);
    for (nth, stream) in open.iter().enumerate() {
        // Peeks at the response, so that no byte is consumed.
        let mut head = [0; 16];
        let peeked = timeout(TIMEOUT, stream.peek(&mut head)).await;
        assert!(peeked.is_ok(), "download {nth} has no answer");
        refused += usize::from(head.starts_with(b"HTTP/1.1 429"));
        cut += usize::from(head.starts_with(b"HTTP/1.1 200"));
    }
    // The server closes every connection although no byte was read.
    while product.descriptors() > before + 2 {
        assert!(
            started.elapsed() < TIMEOUT,
            "{} descriptors",
            product.descriptors()
        );
        sleep(Duration::from_millis(250)).await;
    }
    let elapsed = started.elapsed().as_secs();
    watch
        .end(&format!(
            "200 unread downloads, {refused} refused, {cut} begun, all closed after {elapsed} s"
        ))
        .await;
    assert!(refused > 100, "{refused}");
}

/// Returns the rest of the time after which every request that waits in the queue is refused.
fn time_for_turns(started: Instant) -> Duration {
    Duration::from_secs(14)
        .saturating_sub(started.elapsed())
        .max(Duration::from_millis(10))
}

/// Reads an event stream until the text appears; `false` if it ended before.
async fn has_event(stream: &mut TcpStream, wanted: &str) -> bool {
    let mut seen = Vec::new();
    let reading = async {
        loop {
            if String::from_utf8_lossy(&seen).contains(wanted) {
                return true;
            }
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return false,
                Ok(count) => seen.extend_from_slice(&chunk[..count]),
            }
        }
    };
    timeout(Duration::from_secs(5), reading)
        .await
        .unwrap_or(false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_streams_of_one_session() {
    raise_own_limit();
    let server = MailServer::valid().await;
    let product = Product::start(&[&server]);
    let probe = Probe::new(&product, &server).await;
    let mut client = product.signed_in(&server).await;
    let before = product.descriptors();
    let watch = Watch::begin("event streams", &product, probe);
    let mut streams = Vec::new();
    for _ in 0..300 {
        let mut stream = client.open(Request::get("/events")).await;
        assert!(has_event(&mut stream, "event: hello").await);
        streams.push(stream);
    }
    let most = product.descriptors();
    let (old, new) = streams.split_at_mut(292);
    let mut replaced = 0;
    for stream in old {
        replaced += usize::from(has_event(stream, "event: replaced").await);
    }
    client.send(Request::form("/logout", "")).await;
    let mut ended = 0;
    for stream in new {
        ended += usize::from(has_event(stream, "event: end").await);
    }
    watch
        .end(&format!(
            "300 event streams of one session, {replaced} gave way and were told, {ended} stayed, \
             descriptors {before}, at most {most}"
        ))
        .await;
    assert_eq!((replaced, ended), (292, 8));
    assert!(most < before + 40, "{most} descriptors");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_of_one_account() {
    let valid = MailServer::valid().await;
    let server = MailServer::valid().await;
    let product = Product::start(&[&valid, &server]);
    let probe = Probe::new(&product, &valid).await;
    let mut clients = vec![product.signed_in(&server).await];
    let watch = Watch::begin("sign-ins", &product, probe);
    for _ in 1..60 {
        clients.push(product.signed_in(&server).await);
    }
    let started = Instant::now();
    while server.open() > 16 && started.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(100)).await;
    }
    let upstream = server.open();
    let mut alive = 0;
    for client in &mut clients {
        let mail = client.get("/mail").await;
        alive += usize::from(
            mail.header("location")
                .is_some_and(|to| to.starts_with("/mail/")),
        );
    }
    let login = clients[0].get("/login").await;
    watch
        .end(&format!(
            "60 sign-ins of one account, {alive} sessions stay, {upstream} upstream connections"
        ))
        .await;
    assert_eq!((alive, upstream), (16, 16));
    assert!(login.text().contains("another sign-in"), "{}", login.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_one_session() {
    let valid = MailServer::valid().await;
    let mails = vec![Mail::plain("one")];
    // The server never answers the request for a list.
    let script = |_: &str, received: &crate::mailserver::ClientCommand<'_>| {
        received
            .command
            .contains("BODY.PEEK")
            .then_some(Reply::Silence)
    };
    let server = MailServer::start(mails, Box::new(script)).await;
    let product = Product::start(&[&valid, &server]);
    let probe = Probe::new(&product, &valid).await;
    let mut client = product.signed_in(&server).await;
    let body = format!("{}/body", first_message(&mut client).await);
    let watch = Watch::begin("requests", &product, probe);
    let started = Instant::now();
    let mut open = Vec::new();
    for nth in 0..300 {
        if nth % 50 == 0 {
            // Connections whose request was not read yet count as strangers', which are 256 at most.
            // A later request is answered once those before it are read.
            assert_eq!(client.get("/healthz").await.status, 200);
        }
        open.push(client.open(Request::get(&body)).await);
    }
    let (mut refused, mut waiting) = (0, 0);
    for stream in &open {
        let mut head = [0; 16];
        let limit = time_for_turns(started);
        match timeout(limit, stream.peek(&mut head)).await {
            Ok(Ok(count)) if head[..count].starts_with(b"HTTP/1.1 429") => refused += 1,
            Ok(other) => panic!("{other:?} {}", String::from_utf8_lossy(&head)),
            Err(_) => waiting += 1,
        }
    }
    let elapsed = started.elapsed().as_secs();
    watch
        .end(&format!(
            "300 requests that wait for a silent mail server, {refused} refused and {waiting} \
             served after {elapsed} s"
        ))
        .await;
    assert_eq!((refused, waiting), (300 - 32, 32));
}
