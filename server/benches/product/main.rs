//! `cargo xtask bench`: the cost of the product, compared with a bare client that sends the same
//! IMAP commands.
//!
//! The mail server is the demo server, in this process. The product is the release binary in its
//! own process, so that its time, CPU and memory are measured separately. The floor is a scripted
//! IMAP client that sends the same commands and discards the responses: no client that sends them
//! can be faster. Figures are medians of several runs; no figure makes the benchmark fail.
//!
//! With `RESTANTE_FINDING` set it measures searches instead, and fails beyond their limits.

#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mail_demo::{ADDRESS, Demo, Options, PASSWORD};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

mod chromium;
mod finding;
mod floor;
mod http;

use floor::Floor;
use http::Browser;

const RUNS: usize = 9;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let binary = PathBuf::from(
        std::env::var_os("RESTANTE_BIN").ok_or("RESTANTE_BIN names the release binary")?,
    );
    if std::env::var_os("RESTANTE_FINDING").is_some() {
        return finding::run(&Setup::new(&binary, 100_000).await?).await;
    }
    for messages in [1_000, 100_000] {
        let setup = Setup::new(&binary, messages).await?;
        println!("\n{messages} messages");
        if messages == 1_000 {
            setup.login_page().await?;
        }
        setup.steps().await?;
        setup.new_mail().await?;
        chromium::steps(&setup.address, messages > 1_000).await?;
        if messages == 1_000 {
            setup.list_under_load().await?;
            setup.idle_sessions().await?;
        }
    }
    Ok(())
}

/// A mail server, the product, and a directory for both.
struct Setup {
    demo: Demo,
    product: Child,
    address: String,
    folder: PathBuf,
}

impl Drop for Setup {
    fn drop(&mut self) {
        let _ = self.product.kill();
        let _ = self.product.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Setup {
    async fn new(binary: &Path, messages: u32) -> Result<Self> {
        let now_unix_ms = server::store::now_unix_ms();
        let options = Options {
            messages: Some(messages),
            mail_every: None,
            now_unix_ms,
            ..Options::default()
        };
        let demo = Demo::start(options).await?;
        // Newest last: what is beside an open message is fetched ahead.
        demo.deliver(newsletter_100_kb("The winter sale"));
        demo.deliver(newsletter_100_kb("The summer sale"));
        demo.deliver(plain_10_kb("Another plan"));
        demo.deliver(plain_10_kb("The plan"));
        let folder = std::env::temp_dir().join(format!("restante-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("ca.pem"), demo.ca_pem())?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let address = format!("127.0.0.1:{port}");
        let ports = demo.ports();
        let mut config = std::fs::File::create(folder.join("restante.toml"))?;
        write!(
            config,
            "listen = \"{address}\"\nstate_dir = {:?}\nupstreams = \"listed\"\n\
             sessions_per_account = 1000\nundo_send_secs = 0\n[[upstream]]\n\
             host = \"localhost\"\nports = {{ imap = {}, pop3 = {}, smtp = {} }}\n\
             tls = \"implicit\"\nca_file = {:?}\ndomains = [\"{}\"]\n",
            folder.join("state"),
            ports.imaps,
            ports.pop3s,
            ports.smtps,
            folder.join("ca.pem"),
            mail_demo::DOMAIN,
        )?;
        let product = Command::new(binary)
            .args(["serve", "--config"])
            .arg(folder.join("restante.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let setup = Self {
            demo,
            product,
            address,
            folder,
        };
        for _ in 0..200 {
            if TcpStream::connect(&setup.address).await.is_ok() {
                return Ok(setup);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Err("the product did not start".into())
    }

    async fn login_page(&self) -> Result<()> {
        let mut browser = Browser::new(&self.address);
        let page = browser.get("/login").await?;
        let text = String::from_utf8_lossy(&page.body).into_owned();
        let mut bytes = page.wire_bytes;
        let mut requests = 1;
        for asset in http::style_sheets(&text) {
            bytes += browser.get(&asset).await?.wire_bytes;
            requests += 1;
        }
        let scripts = text.matches("<script").count();
        println!(
            "  login page: {bytes} bytes in {requests} requests, {scripts} scripts (goal: 30,000 bytes, 0 scripts)"
        );
        Ok(())
    }

    /// Measures each step on the product and on the floor, alternately.
    async fn steps(&self) -> Result<()> {
        let mut rows: Vec<(&str, Vec<Step>, Vec<Step>)> = Vec::new();
        for _ in 0..RUNS {
            let ours = self.product_steps().await?;
            let floor = Floor::run(&self.demo).await?;
            for (index, ((name, ours), floor)) in ours.into_iter().zip(floor).enumerate() {
                if rows.len() <= index {
                    rows.push((name, Vec::new(), Vec::new()));
                }
                rows[index].1.push(ours);
                rows[index].2.push(floor);
            }
        }
        println!(
            "  {:<20} {:>14} {:>22} {:>20} {:>11}",
            "", "ms", "upstream round trips", "upstream bytes", "to browser"
        );
        for (name, ours, floor) in rows {
            let elapsed = |steps: &[Step]| ms(median(steps.iter().map(|s| s.elapsed).collect()));
            let (Some(our), Some(least)) = (ours.last(), floor.last()) else {
                return Err("no runs".into());
            };
            println!(
                "  {name:<20} {:>6.1} / {:>5.1} {:>18} / {} {:>11} / {:>6} {:>11}",
                elapsed(&ours),
                elapsed(&floor),
                our.round_trips,
                least.round_trips,
                our.upstream_bytes,
                least.upstream_bytes,
                our.bytes
            );
        }
        println!("  (ours / a bare client that sends the same commands; medians of {RUNS})");
        Ok(())
    }

    async fn product_steps(&self) -> Result<Vec<(&'static str, Step)>> {
        let mut browser = Browser::new(&self.address);
        let mut steps = Vec::new();
        let mut list = String::new();
        let step = self.step(async {
            let signed_in = browser.sign_in(ADDRESS, PASSWORD).await?;
            let (page, bytes) = browser.follow(signed_in).await?;
            list = String::from_utf8_lossy(&page.body).into_owned();
            Ok(bytes)
        });
        steps.push(("sign in → list", step.await?));
        let account = http::account_in(&list).ok_or("no account in the list page")?;
        let window = |offset| inbox_rows(&account, offset);
        let first = browser.api("message_list", &window(0)).await?;
        let total = http::number_after(&first, "\"total\":").ok_or("no total")?;
        let id = http::text_after(&first, "\"id\":\"").ok_or("no message")?;
        let open = format!("{{\"message\":\"{id}\"}}");
        for (name, endpoint, body) in [
            ("open plain 10 KB", "message_open", open),
            ("next 50", "message_list", window(50)),
            ("jump to the middle", "message_list", window(total / 2)),
        ] {
            let step = self.step(async {
                let response = browser.api_raw(endpoint, &body).await?;
                Ok(response.wire_bytes)
            });
            steps.push((name, step.await?));
        }
        Ok(steps)
    }

    async fn step(&self, work: impl Future<Output = Result<usize>>) -> Result<Step> {
        let meter = Meter::start(&self.demo);
        let bytes = work.await?;
        Ok(meter.step(bytes))
    }

    /// Measures the time from the mail server's untagged response to the event on the open page.
    async fn new_mail(&self) -> Result<()> {
        let mut browser = Browser::new(&self.address);
        let signed_in = browser.sign_in(ADDRESS, PASSWORD).await?;
        browser.follow(signed_in).await?;
        let mut events = browser.events().await?;
        let mut times = Vec::new();
        for _ in 0..RUNS {
            // Change events are sent at most once per second, and IDLE begins after a short
            // silence.
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let begun = Instant::now();
            self.demo.deliver(plain_10_kb("News"));
            events.until("\"arrived\":1").await?;
            times.push(begun.elapsed());
        }
        println!(
            "  new mail: in the page's stream {:.0} ms after the server had it (a step of 40 ms gathers what comes together)",
            ms(median(times))
        );
        Ok(())
    }

    /// Measures a list request of 1 and of 32 clients: time, rate, CPU of the product.
    async fn list_under_load(&self) -> Result<()> {
        for clients in [1_usize, 32] {
            let mut browsers = Vec::new();
            for _ in 0..clients {
                let mut browser = Browser::new(&self.address);
                let signed_in = browser.sign_in(ADDRESS, PASSWORD).await?;
                let (page, _) = browser.follow(signed_in).await?;
                let account =
                    http::account_in(&String::from_utf8_lossy(&page.body)).ok_or("no account")?;
                browsers.push((browser, account));
            }
            let cpu = cpu_ticks(self.product.id())?;
            let begun = Instant::now();
            let requests = 400_usize.div_ceil(clients);
            let tasks: Vec<_> = browsers
                .into_iter()
                .map(|(mut browser, account)| {
                    tokio::spawn(async move {
                        let body = inbox_rows(&account, 0);
                        let mut times = Vec::new();
                        for _ in 0..requests {
                            let begun = Instant::now();
                            browser.api_raw("message_list", &body).await?;
                            times.push(begun.elapsed());
                        }
                        Result::Ok(times)
                    })
                })
                .collect();
            let mut times = Vec::new();
            for task in tasks {
                times.extend(task.await??);
            }
            let elapsed = begun.elapsed();
            let cpu_ms = (cpu_ticks(self.product.id())? - cpu) * 10;
            println!(
                "  list request, {clients:>2} clients: p50 {:.1} ms, {:.0} a second, {:.2} ms CPU each",
                ms(median(times.clone())),
                times.len() as f64 / elapsed.as_secs_f64(),
                cpu_ms as f64 / times.len() as f64
            );
        }
        Ok(())
    }

    /// Measures the memory that an idle signed-in session adds to the product.
    async fn idle_sessions(&self) -> Result<()> {
        const SESSIONS: u64 = 100;
        let before = resident_kib(self.product.id())?;
        let mut browsers = Vec::new();
        for _ in 0..SESSIONS {
            let mut browser = Browser::new(&self.address);
            let signed_in = browser.sign_in(ADDRESS, PASSWORD).await?;
            browser.follow(signed_in).await?;
            browsers.push(browser);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = resident_kib(self.product.id())?;
        println!(
            "  memory: {} KiB for each of {SESSIONS} signed-in sessions, each with a live TLS connection and the first page of rows",
            after.saturating_sub(before) / SESSIONS
        );
        Ok(())
    }
}

struct Step {
    elapsed: Duration,
    /// Round trips to the mail server during the step.
    round_trips: u64,
    /// Bytes to and from the mail server, without TLS.
    upstream_bytes: u64,
    /// Bytes from the product to the browser.
    bytes: usize,
}

/// Counters at the beginning of a step.
struct Meter<'a> {
    demo: &'a Demo,
    begun: Instant,
    round_trips: u64,
    upstream_bytes: u64,
}

impl<'a> Meter<'a> {
    fn start(demo: &'a Demo) -> Self {
        Self {
            demo,
            round_trips: demo.round_trip_count(),
            upstream_bytes: demo.byte_count(),
            begun: Instant::now(),
        }
    }

    fn step(&self, bytes: usize) -> Step {
        Step {
            elapsed: self.begun.elapsed(),
            round_trips: self.demo.round_trip_count() - self.round_trips,
            upstream_bytes: self.demo.byte_count() - self.upstream_bytes,
            bytes,
        }
    }
}

/// Builds a newsletter of about 100 KB: a table, style attributes, a link and a remote image for each
/// of 130 offers.
fn newsletter_100_kb(subject: &str) -> String {
    let offers: String = (1..=130)
        .map(|n| {
            format!(
                "<tr><td class=item style=\"padding:16px;border-bottom:1px solid #dddddd\">\r\n\
                 <img src=\"https://img.shop.example/{n}.jpg\" width=560 height=200 alt=\"\">\r\n\
                 <h2 style=\"color:#0b5394;font-family:Georgia,serif\">Offer {n}</h2>\r\n\
                 <p style=\"color:#333333\">{}</p>\r\n\
                 <a href=\"https://shop.example/offer/{n}\">Look</a></td></tr>\r\n",
                "Words about it. \r\n".repeat(25)
            )
        })
        .collect();
    format!(
        "From: Shop <news@shop.example>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <html><head><style>.item h2{{font-weight:700}}</style></head>\r\n\
         <body bgcolor=\"#f4f4f4\"><table width=600 bgcolor=\"#ffffff\">{offers}</table></body></html>"
    )
}

/// Builds a message of 10 KB in one part.
fn plain_10_kb(subject: &str) -> String {
    let line = "What was said on Tuesday about the plan for the garden still holds.\r\n";
    format!(
        "From: Ann <ann@example.org>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}",
        line.repeat(10_000 / line.len())
    )
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Returns the user and system time of a process, in ticks of 10 ms.
fn cpu_ticks(pid: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').ok_or("no name in stat")?.1;
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

/// Returns the resident memory of a process, in KiB.
fn resident_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS:"))
        .ok_or("no VmRSS")?;
    Ok(line
        .split_ascii_whitespace()
        .nth(1)
        .ok_or("no VmRSS")?
        .parse()?)
}

/// Reads a line from a mail server.
async fn line<S: tokio::io::AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line)
}

/// Reads and discards.
async fn skip<S: tokio::io::AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    bytes: usize,
) -> Result<()> {
    let mut skipped = vec![0; bytes];
    stream.read_exact(&mut skipped).await?;
    Ok(())
}

/// Sends a command line.
async fn send<S: tokio::io::AsyncWrite + Unpin>(stream: &mut S, text: &str) -> Result<()> {
    stream.write_all(text.as_bytes()).await?;
    stream.flush().await?;
    Ok(())
}

/// Returns a TLS configuration that trusts the demo's certificate.
fn trust(demo: &Demo) -> Result<Arc<rustls::ClientConfig>> {
    let trust = mail_net::Trust {
        is_platform_trusted: false,
        ca_pem: vec![demo.ca_pem().into()],
    };
    Ok(trust.client_config()?)
}

/// Formats a request for 50 rows of an account's inbox.
fn inbox_rows(account: &str, offset: u32) -> String {
    let folder = format!("{{\"account\":\"{account}\",\"folder\":\"SU5CT1g\"}}");
    let source = format!("{{\"folder\":{folder}}}");
    format!("{{\"query\":{{\"source\":{source},\"at\":{{\"offset\":{offset}}},\"limit\":50}}}}")
}
