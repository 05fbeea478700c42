//! `cargo xtask bench protocols`: what the protocol machines cost, beside those of others and
//! beside the wire.
//!
//! - FETCH lines through our IMAP machine, imap-codec and imap-proto (what async-imap parses with).
//! - 50 MiB of a message by IMAP, POP3 and SMTP over loopback, beside a socket copy of the same
//!   bytes that reads nothing into them, and beside lettre. Each in a process of its own, so that
//!   its heap is its own.
//! - 1,000 recipients in one transaction, beside lettre.
//!
//! Contestants take turns; what is told is the median. One figure fails the bench: a body that
//! takes more than 1 MiB of heap. No time does.

#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]

mod bodies;
mod fetch_lines;
mod letter;
mod recipients;
mod servers;

use std::process::ExitCode;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<ExitCode> {
    // Cargo adds `--bench`.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            fetch_lines::run()?;
            let is_within = bodies::run()?;
            recipients::run()?;
            Ok(if is_within {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        ["fetch"] => fetch_lines::run().map(|()| ExitCode::SUCCESS),
        ["fetch", name] => fetch_lines::run_only(name).map(|()| ExitCode::SUCCESS),
        ["bodies"] => bodies::run().map(|_| ExitCode::SUCCESS),
        ["body", name] => bodies::run_case(name).map(|()| ExitCode::SUCCESS),
        ["recipients"] => recipients::run().map(|()| ExitCode::SUCCESS),
        _ => Err("nothing, fetch [NAME], bodies, body NAME or recipients".into()),
    }
}

/// The time that a piece of work on this thread takes.
///
/// By the scheduler's account where it keeps one, which leaves out the time that other programs had
/// the processor; else by the clock.
fn cpu_time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let on_cpu = || {
        let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanos = schedstat.split(' ').next()?.parse().ok()?;
        Some(Duration::from_nanos(nanos))
    };
    let (before, begun) = (on_cpu(), Instant::now());
    let result = work();
    let took = match (before, on_cpu()) {
        (Some(before), Some(after)) if after > before => after - before,
        _ => begun.elapsed(),
    };
    (result, took)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
