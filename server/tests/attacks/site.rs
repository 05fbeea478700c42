//! A site: the product over one state folder, killed and started again; and a user's browser, which
//! signs in again after each start.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::{Request, Response};
use crate::product::Product;

/// Maximum duration of a request, and of a start.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running product that can be killed.
pub(crate) struct Site {
    product: tokio::sync::Mutex<Option<Product>>,
    authority: Mutex<String>,
    generation: Arc<AtomicU64>,
    /// The number of processes that were killed.
    pub(crate) kills: AtomicU32,
}

impl Site {
    pub(crate) fn new(product: Product, generation: Arc<AtomicU64>) -> Arc<Self> {
        Arc::new(Self {
            authority: Mutex::new(product.authority.clone()),
            product: tokio::sync::Mutex::new(Some(product)),
            generation,
            kills: AtomicU32::new(0),
        })
    }

    /// Returns the number of the running process.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Kills this process, if it still runs, and starts the next one over the same state folder.
    /// Returns whether it ran.
    pub(crate) async fn kill(&self, generation: u64) -> bool {
        let mut product = self.product.lock().await;
        if self.generation() != generation {
            return false;
        }
        let killed = product.take().expect("a running process");
        check_log(&killed);
        let restart = tokio::task::spawn_blocking(move || {
            let state_dir = killed.stop_and_keep();
            let file = state_dir.join("restante.toml");
            Product::run(state_dir, &file)
        });
        let started = restart.await.expect("the product starts again");
        self.authority
            .lock()
            .unwrap()
            .clone_from(&started.authority);
        *product = Some(started);
        self.kills.fetch_add(1, Ordering::Relaxed);
        self.generation.store(generation + 1, Ordering::SeqCst);
        true
    }

    /// Waits for a later process than this one.
    async fn until_after(&self, generation: u64) {
        let later = async {
            while self.generation() == generation {
                sleep(Duration::from_millis(5)).await;
            }
        };
        if timeout(TIMEOUT, later).await.is_err() {
            let product = self.product.lock().await;
            let log = product.as_ref().map(Product::log).unwrap_or_default();
            panic!("no response of a process that nobody killed: {log}");
        }
    }

    /// Stops the process and keeps its state folder.
    pub(crate) async fn stop_and_keep(&self) {
        let product = self.product.lock().await.take();
        drop(product.expect("a running process").stop_and_keep());
    }

    /// Checks the running process.
    pub(crate) async fn check(&self) {
        check_log(
            self.product
                .lock()
                .await
                .as_ref()
                .expect("a running process"),
        );
    }
}

fn check_log(product: &Product) {
    let log = product.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// The request was sent and not answered: the process was killed.
#[derive(Debug)]
pub(crate) struct Killed;

#[derive(Clone, Default)]
struct Session {
    /// The process that it belongs to.
    generation: Option<u64>,
    authority: String,
    cookies: BTreeMap<String, String>,
    account: String,
}

/// The browser of an account.
pub(crate) struct Browser {
    pub(crate) site: Arc<Site>,
    sign_in_form: String,
    session: tokio::sync::Mutex<Session>,
}

impl Browser {
    /// Creates a browser that is not signed in; its sign-in form has these fields, encoded.
    pub(crate) fn new(site: &Arc<Site>, sign_in: String) -> Self {
        Self {
            site: Arc::clone(site),
            sign_in_form: sign_in,
            session: tokio::sync::Mutex::default(),
        }
    }

    /// Sends a request of a signed-in user, made from the id of the account. If no process listens,
    /// nothing was sent, and the next process gets it.
    pub(crate) async fn send(&self, make: impl Fn(&str) -> Request) -> Result<Response, Killed> {
        loop {
            let session = self.signed_in().await;
            let generation = session.generation.expect("a process");
            let error = match exchange(&session, make(&session.account)).await {
                Ok(response) if !is_signed_out(&response) => return Ok(response),
                Ok(response) if self.site.generation() == generation => {
                    panic!("the session ended by itself: {}", response.text());
                }
                // The address belongs to another process by now.
                Ok(_) => io::ErrorKind::ConnectionRefused,
                Err(error) => error.kind(),
            };
            self.site.until_after(generation).await;
            if error != io::ErrorKind::ConnectionRefused {
                return Err(Killed);
            }
        }
    }

    /// Sends a JSON request until a process answers it.
    pub(crate) async fn call(&self, endpoint: &str, json: &serde_json::Value) -> serde_json::Value {
        loop {
            let request = |_: &str| {
                Request::post(
                    &format!("/api/{endpoint}"),
                    "application/json",
                    json.to_string(),
                )
            };
            if let Ok(response) = self.send(request).await {
                assert_eq!(response.status, 200, "{endpoint}: {}", response.text());
                return serde_json::from_slice(&response.body).expect("JSON");
            }
        }
    }

    /// Returns the id of the account.
    pub(crate) async fn account(&self) -> String {
        self.signed_in().await.account
    }

    /// Signs in once more, as a user does whose password was refused.
    pub(crate) async fn sign_in_again(&self) {
        self.session.lock().await.generation = None;
        self.signed_in().await;
    }

    async fn signed_in(&self) -> Session {
        let mut session = self.session.lock().await;
        loop {
            // In this order: the address may be that of a later process.
            let generation = self.site.generation();
            if session.generation == Some(generation) {
                return session.clone();
            }
            let authority = self.site.authority.lock().unwrap().clone();
            let new = Session {
                generation: Some(generation),
                authority,
                ..Session::default()
            };
            match self.sign_in(new).await {
                Ok(new) => *session = new,
                Err(_) => self.site.until_after(generation).await,
            }
        }
    }

    async fn sign_in(&self, mut session: Session) -> io::Result<Session> {
        let mut tries = 0;
        let response = loop {
            let form = Request::form("/login", &self.sign_in_form);
            let response = exchange(&session, form).await?;
            if response.status == 303 {
                break response;
            }
            // The connection to the mail server may have been cut.
            tries += 1;
            assert!(tries < 3, "{} {}", response.status, response.text());
        };
        for cookie in response.set_cookies() {
            let pair = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie");
            session.cookies.insert(name.to_owned(), value.to_owned());
        }
        let mail = exchange(&session, Request::get("/mail")).await?;
        let inbox = mail.header("location").expect("the inbox").to_owned();
        session.account = inbox.split('/').nth(2).expect("an account").to_owned();
        Ok(session)
    }
}

fn is_signed_out(response: &Response) -> bool {
    let location = response.header("location").unwrap_or_default();
    response.status == 401 || location.contains("/login")
}

/// Sends one request over its own connection. An error: the process was killed before it answered
/// as a whole.
async fn exchange(session: &Session, request: Request) -> io::Result<Response> {
    let authority = &session.authority;
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    head.push_str(&format!("host: {authority}\r\nconnection: close\r\n"));
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    for (name, value) in &session.cookies {
        head.push_str(&format!("cookie: {name}={value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", request.body.len()));
    let exchange = async {
        let mut stream = TcpStream::connect(authority).await?;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&request.body).await?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).await?;
        Ok(raw)
    };
    let raw: io::Result<Vec<u8>> = timeout(TIMEOUT, exchange).await.expect("a response");
    parse(&raw?).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Parses a response; `None` if it is not complete.
fn parse(raw: &[u8]) -> Option<Response> {
    let end = raw.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&raw[..end]);
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let value = |name: &str| {
        let mut found = headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    };
    let mut body = &raw[end..];
    let mut whole = Vec::new();
    if value("transfer-encoding") == Some("chunked") {
        loop {
            let line = body.windows(2).position(|w| w == b"\r\n")?;
            let size = std::str::from_utf8(&body[..line]).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            whole.extend_from_slice(body.get(line + 2..line + 2 + size)?);
            if size == 0 {
                break;
            }
            body = body.get(line + 2 + size + 2..)?;
        }
    } else {
        let length = value("content-length").and_then(|length| length.parse().ok());
        if length.is_some_and(|length: usize| length != body.len()) {
            return None;
        }
        whole.extend_from_slice(body);
    }
    Some(Response {
        status,
        headers,
        body: whole,
    })
}
