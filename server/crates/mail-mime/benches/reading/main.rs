//! `cargo xtask bench reading`: the cost of reading a message, compared with the libraries alone.
//!
//! - Newsletters through the sanitizer, compared with ammonia alone.
//! - Hostile input of the largest size that is read, through each function that reads a message.
//! - Ordinary messages parsed, their fields typed and their shown texts decoded, compared with
//!   mail-parser alone.
//!
//! Contestants take turns; the figures are medians of CPU time. Each part has a limit, and the bench
//! fails if a figure is over it.

#![expect(clippy::print_stdout, reason = "the figures are the output")]

mod cleaning;
mod hostile;
mod messages;
mod newsletters;
mod view;

use std::process::ExitCode;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<ExitCode> {
    // Cargo adds `--bench`.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let is_within = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => [cleaning::run()?, hostile::run(""), view::run()?]
            .iter()
            .all(|part| *part),
        ["cleaning"] => cleaning::run()?,
        ["hostile"] => hostile::run(""),
        ["hostile", name] => hostile::run(name),
        ["view"] => view::run()?,
        _ => return Err("nothing, cleaning, hostile [NAME] or view".into()),
    };
    Ok(if is_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The CPU time of a piece of work on this thread.
///
/// By the scheduler's account if there is one, which leaves out the time of other programs; else by
/// the clock.
fn cpu_time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let on_cpu = || {
        // The kernel updates the figure when the thread yields.
        std::thread::yield_now();
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

/// The verdict of a line of figures.
fn verdict(is_within: bool) -> &'static str {
    if is_within {
        "within the limit"
    } else {
        "OVER THE LIMIT"
    }
}
