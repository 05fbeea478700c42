//! `cargo xtask bench sending`: the cost of sending, compared with a bare client that sends the same
//! message to the same scripted server.
//!
//! The product is the release binary in its own process. Its heap is counted in another process: this
//! program, which serves as the product does, with an allocator that counts. Times are medians and
//! 95th percentiles of one run, the product and the floor alternately. The benchmark fails if a
//! message takes more than 1 MiB of heap, or the cursor more than 50 ms. No other time does.

#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]

use std::ffi::OsString;
use std::io::Write as _;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};

mod composer;
mod floor;
#[path = "../product/http.rs"]
#[expect(dead_code, reason = "the other benchmark uses more of it")]
mod http;
#[path = "../../tests/attacks/mailserver.rs"]
#[expect(dead_code, reason = "the attacks use more of it")]
mod mailserver;
mod program;
mod sink;
mod user;

use floor::Floor;
use mailserver::MailServer;
use program::{AS_PRODUCT, Program};
use sink::Sink;
use user::User;

const RUNS: usize = 60;
/// The size of the large attachment.
const LARGE_BYTES: usize = 25_000_000;
/// The messages with a large attachment that are written at once, each by its own user.
const AT_ONCE: usize = 50;
/// The most heap that a message may take, whatever its size.
const MAX_GROWTH_BYTES: u64 = 1 << 20;
/// Bytes that are written at a time.
const PIECE_BYTES: usize = 250_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, config, ..] = arguments.as_slice()
        && role == AS_PRODUCT
    {
        return program::serve(config);
    }
    tokio::runtime::Runtime::new()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let binary = std::env::var_os("RESTANTE_BIN").ok_or("RESTANTE_BIN names the release binary")?;
    let (imap, sink) = (MailServer::valid().await, Sink::start().await?);
    times(&binary, &imap, &sink).await?;
    let grown = heap(&imap, &sink).await?;
    let late = composer::measure(&binary).await?;
    if grown > MAX_GROWTH_BYTES {
        return Err(format!("a message takes {grown} bytes of heap").into());
    }
    match late {
        Some(ms) => Err(format!("the cursor takes {ms:.0} ms").into()),
        None => Ok(()),
    }
}

/// The times of one step, of the product and of its floor.
struct Row {
    name: &'static str,
    ours: Vec<Duration>,
    floor: Vec<Duration>,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            ours: Vec::new(),
            floor: Vec::new(),
        }
    }

    fn print(&self) {
        let [ours, our_p95] = percentiles(&self.ours);
        let [floor, floor_p95] = percentiles(&self.floor);
        println!(
            "  {:<34} {ours:>7.2} {our_p95:>7.2} {floor:>9.2} {floor_p95:>7.2}",
            self.name
        );
    }
}

/// Measures from the click to each state of a message.
async fn times(binary: &OsString, imap: &MailServer, sink: &Sink) -> Result<()> {
    let ports = (imap.imap, sink.port);
    let held = Program::start("held", Some(binary), ports, "undo_send_secs = 10\n").await?;
    let direct = Program::start("direct", Some(binary), ports, "undo_send_secs = 0\n").await?;
    let mut waiting = User::sign_in(&held, "u0", ports).await?;
    let mut sending = User::sign_in(&direct, "u0", ports).await?;
    let mut floor = Floor::connect(sink.port).await?;
    let mut rows = [
        Row::new("click → waiting, undo"),
        Row::new("the same with a file of 1 MB"),
        Row::new("click → accepted by the server"),
        Row::new("click → handed over in the ledger"),
        Row::new("the same with a file of 1 MB"),
    ];
    let [wait, wait_file, accepted, shown, shown_file] = &mut rows;
    let small = vec![b'a'; 2_000];
    let file = vec![7_u8; 1_000_000];
    let large = vec![b'a'; 1_370_000];
    for _ in 0..RUNS {
        for (row, message, pieces) in [
            (&mut *wait, &small, &[][..]),
            (&mut *wait_file, &large, &[&file[..]][..]),
        ] {
            let uploads = uploaded(&mut waiting, pieces).await?;
            let begun = Instant::now();
            let (id, state) = waiting.send(&uploads).await?;
            row.ours.push(begun.elapsed());
            if state["held"].is_null() {
                return Err(format!("it does not wait: {state}").into());
            }
            waiting.stop(&id).await?;
            row.floor.push(stored(message)?);
        }
        for (is_large, message, pieces) in
            [(false, &small, &[][..]), (true, &large, &[&file[..]][..])]
        {
            let uploads = uploaded(&mut sending, pieces).await?;
            let before = sink.seen();
            sending.open_form().await?;
            // The connection is opened while one writes.
            let signed_in = sink.until(|seen| seen.sign_ins > before.sign_ins).await?;
            drop(signed_in);
            tokio::time::sleep(Duration::from_millis(20)).await;
            let begun = Instant::now();
            let (id, _) = sending.send(&uploads).await?;
            sending.until_handed_over(&id, false).await?;
            let elapsed = begun.elapsed();
            let seen = sink.seen();
            let at = seen.accepted.last().ok_or("nothing was accepted")?;
            sending.until_handed_over(&id, true).await?;
            let least = floor.send(message).await?;
            match is_large {
                true => {
                    shown_file.ours.push(elapsed);
                    shown_file.floor.push(least);
                }
                false => {
                    accepted.ours.push(at.duration_since(begun));
                    accepted.floor.push(least);
                    shown.ours.push(elapsed);
                    shown.floor.push(least);
                }
            }
        }
    }
    println!(
        "  {:<34} {:>7} {:>7} {:>9} {:>7}",
        "ms", "median", "p95", "floor", "p95"
    );
    for row in &rows {
        row.print();
    }
    println!(
        "  (floors: the same octets written to a file and synchronised; the same octets sent over \
         an open connection in one flight; {RUNS} runs, alternately)"
    );
    Ok(())
}

async fn uploaded(user: &mut User, pieces: &[&[u8]]) -> Result<Vec<String>> {
    match pieces {
        [] => Ok(Vec::new()),
        pieces => Ok(vec![user.upload(pieces).await?]),
    }
}

/// Returns the time that it takes to make octets durable.
fn stored(octets: &[u8]) -> Result<Duration> {
    let path = std::env::temp_dir().join(format!("restante-floor-{}", std::process::id()));
    let begun = Instant::now();
    let mut file = std::fs::File::create(&path)?;
    file.write_all(octets)?;
    file.sync_all()?;
    let elapsed = begun.elapsed();
    std::fs::remove_file(path)?;
    Ok(elapsed)
}

/// Measures the heap of messages with a large attachment, from the upload to the copy in Sent.
/// Returns the growth by one message.
async fn heap(imap: &MailServer, sink: &Sink) -> Result<u64> {
    let ports = (imap.imap, sink.port);
    let config = "undo_send_secs = 0\nupload_max_bytes = 26000000\n\
                  spool_account_max_bytes = 300000000\nspool_max_bytes = 20000000000\n";
    let mut program = Program::start("heap", None, ports, config).await?;
    let mut users = Vec::new();
    for nth in 0..AT_ONCE {
        let mut user = User::sign_in(&program, &format!("u{nth}"), ports).await?;
        // What a process allocates once, and an account with its first message.
        write(&mut user, 1).await?;
        users.push(user);
    }
    let piece = vec![7_u8; PIECE_BYTES];
    let pieces = vec![&piece[..]; LARGE_BYTES / PIECE_BYTES];
    println!("\n  {:<34} {:>12} {:>12}", "heap, KiB", "each", "seconds");
    let mut most = 0;
    for count in [1, AT_ONCE] {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (_, before) = program.heap()?;
        let begun = Instant::now();
        let writing = users.iter_mut().take(count);
        let writing = writing.map(|user| write_pieces(user, &pieces));
        futures_util::future::try_join_all(writing).await?;
        let elapsed = begun.elapsed().as_secs_f64();
        let (peak, _) = program.heap()?;
        let each = peak.saturating_sub(before) / u64::try_from(count)?;
        let name = format!("{count} × 25 MB, upload to Sent");
        println!("  {name:<34} {:>12} {elapsed:>12.1}", each / 1024);
        most = most.max(each);
    }
    Ok(most)
}

async fn write(user: &mut User, bytes: usize) -> Result<()> {
    write_pieces(user, &[&vec![7; bytes]]).await
}

async fn write_pieces(user: &mut User, pieces: &[&[u8]]) -> Result<()> {
    let upload = user.upload(pieces).await?;
    let (id, _) = user.send(&[upload]).await?;
    user.until_handed_over(&id, true).await
}

/// Returns median and 95th percentile, in milliseconds.
fn percentiles(times: &[Duration]) -> [f64; 2] {
    let mut times = times.to_vec();
    times.sort_unstable();
    [50, 95].map(|percent| {
        let nth = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(nth).copied().unwrap_or_default().as_secs_f64() * 1000.0
    })
}

/// Reads a line.
async fn line<S: tokio::io::AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line)
}
