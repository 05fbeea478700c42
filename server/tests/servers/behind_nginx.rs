//! The product behind the nginx of deploy/nginx.conf: at a base path, with live events and uploads.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::mail_session::Session;
use super::{Authority, Nginx, Running};

/// `restante demo --base-path /webmail` on its own port.
struct Product {
    port: u16,
    _running: Running,
}

impl Product {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_restante"));
        command.args(["demo", "--listen", "127.0.0.1:0", "--base-path", "/webmail"]);
        command
            .env_remove("RESTANTE_SITE_DIR")
            .stdout(Stdio::piped());
        let mut running = Running::start(&mut command);
        let stdout = running.0.stdout.take().expect("its output");
        let mut lines = BufReader::new(stdout).lines();
        let address = lines
            .by_ref()
            .map(|line| line.expect("a line of UTF-8"))
            .find_map(|line| {
                line.split_once("http://127.0.0.1:")
                    .map(|(_, rest)| rest.to_owned())
            })
            .expect("the demo prints its address");
        let port = address.split('/').next().and_then(|port| port.parse().ok());
        // The pipe is read to its end, so that the program never writes into a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            port: port.expect("a port"),
            _running: running,
        }
    }
}

/// One request on its own connection: status line and head, then the body.
struct Exchange {
    wire: Session,
    status: u16,
    head: Vec<String>,
}

impl Exchange {
    fn new(
        authority: &Authority,
        nginx: &Nginx,
        method: &str,
        path: &str,
        head: &str,
        body: &[u8],
    ) -> Self {
        let mut wire = Session::implicit(authority, nginx.https);
        let port = nginx.https;
        let length = body.len();
        let mut request = format!(
            "{method} /webmail{path} HTTP/1.1\r\nHost: localhost:{port}\r\n\
             Origin: https://localhost:{port}\r\nSec-Fetch-Site: same-origin\r\n\
             Connection: close\r\nContent-Length: {length}\r\n{head}\r\n"
        )
        .into_bytes();
        request.extend_from_slice(body);
        wire.send(&request);
        let first = wire.line();
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut head = Vec::new();
        loop {
            let line = wire.line();
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        let status = status.unwrap_or_else(|| panic!("no status in {first:?}\n{}", nginx.log()));
        Self { wire, status, head }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Signs in and returns the cookie.
fn sign_in(authority: &Authority, nginx: &Nginx) -> String {
    let form = b"email=demo%40restante.test&password=demo";
    let head = "Content-Type: application/x-www-form-urlencoded\r\n";
    let response = Exchange::new(authority, nginx, "POST", "/login", head, form);
    assert_eq!(response.status, 303, "{:?}\n{}", response.head, nginx.log());
    let location = response.header("location").expect("a place to go to");
    assert!(location.starts_with("/webmail/"), "{location}");
    let cookie = response.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().expect("its name and value");
    format!("Cookie: {cookie}\r\n")
}

#[test]
fn the_product_is_served_below_its_path() {
    let authority = Authority::new();
    let product = Product::start();
    let nginx = Nginx::start(&authority, product.port);
    assert_eq!(
        Exchange::new(&authority, &nginx, "GET", "/login", "", b"").status,
        200
    );
    assert_eq!(
        Exchange::new(&authority, &nginx, "GET", "/healthz", "", b"").status,
        200
    );
    let cookie = sign_in(&authority, &nginx);
    let mail = Exchange::new(&authority, &nginx, "GET", "/mail", &cookie, b"");
    let location = mail.header("location").expect("the inbox");
    assert!(location.starts_with("/webmail/mail/"), "{location}");
}

#[test]
fn live_events_are_not_buffered() {
    let authority = Authority::new();
    let product = Product::start();
    let nginx = Nginx::start(&authority, product.port);
    let cookie = sign_in(&authority, &nginx);
    let start = Instant::now();
    let mut events = Exchange::new(&authority, &nginx, "GET", "/events", &cookie, b"");
    assert_eq!(events.status, 200);
    // With buffering, this line would arrive only with the next few kilobytes, or never.
    while !events.wire.line().contains("hello") {
        assert!(start.elapsed() < Duration::from_secs(5), "no hello");
    }
}

#[test]
fn an_upload_passes_and_one_over_the_limit_is_refused_by_the_product() {
    let authority = Authority::new();
    let product = Product::start();
    let nginx = Nginx::start(&authority, product.port);
    let cookie = sign_in(&authority, &nginx);
    let head =
        format!("{cookie}X-File-Name: file.bin\r\nContent-Type: application/octet-stream\r\n");
    // Above nginx's default limit of 1 MB.
    let accepted = Exchange::new(
        &authority,
        &nginx,
        "POST",
        "/upload",
        &head,
        &vec![7; 5 << 20],
    );
    assert_eq!(accepted.status, 200, "{:?}\n{}", accepted.head, nginx.log());
    let refused = Exchange::new(
        &authority,
        &nginx,
        "POST",
        "/upload",
        &head,
        &vec![7; 30 << 20],
    );
    assert_eq!(refused.status, 413, "{:?}", refused.head);
    assert!(
        refused
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json")),
        "nginx refused it, not the product: {:?}",
        refused.head
    );
}
