//! `cargo xtask bench finding`: searches of 100,000 messages, beside a bare client that sends one
//! SEARCH for all of them.

use std::time::{Duration, Instant};

use mail_demo::{ADDRESS, PASSWORD};

use super::floor::Floor;
use super::http::{self, Browser};
use super::{RUNS, Result, Setup, median, ms};

/// How much later than the server's answer the first results of a search of headers may be shown.
const FIRST_RESULTS_MAX: Duration = Duration::from_millis(150);

/// What one search took.
struct Times {
    /// Until the first results.
    first: Duration,
    /// Until the end.
    all: Duration,
    found: u32,
}

/// Measures a search of subjects and one of texts; fails if the first results are too late.
pub(super) async fn run(setup: &Setup) -> Result<()> {
    println!("\n100,000 messages: ms, medians of {RUNS}");
    let subject = row(setup, "subjects", "subject:milestone", "SUBJECT milestone").await?;
    let (ours, floor) = row(setup, "texts", "body:confused", "BODY confused").await?;
    let late = subject.0.saturating_sub(subject.1);
    if late > FIRST_RESULTS_MAX {
        return Err(format!("results of subjects come {late:?} after the server's answer").into());
    }
    if ours * 10 > floor {
        return Err(format!("results of texts come after {ours:?}, of {floor:?} for all").into());
    }
    Ok(())
}

/// Measures a search; returns the time until its first results, and that of the bare client.
async fn row(
    setup: &Setup,
    name: &str,
    typed: &str,
    criteria: &str,
) -> Result<(Duration, Duration)> {
    let (mut first, mut all, mut floor, mut found) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        let times = search(setup, typed).await?;
        first.push(times.first);
        all.push(times.all);
        found = times.found;
        floor.push(Floor::search(&setup.demo, criteria).await?);
    }
    let (first, all, floor) = (median(first), median(all), median(floor));
    println!(
        "  {name:<10} first results {:>7.1}, all {:>7.1}; one SEARCH for all, bare: {:>7.1} ({found} found)",
        ms(first),
        ms(all),
        ms(floor)
    );
    Ok((first, floor))
}

/// Searches INBOX in a session of its own.
async fn search(setup: &Setup, typed: &str) -> Result<Times> {
    let mut browser = Browser::new(&setup.address);
    let signed_in = browser.sign_in(ADDRESS, PASSWORD).await?;
    let (page, _) = browser.follow(signed_in).await?;
    let list = String::from_utf8_lossy(&page.body).into_owned();
    let account = http::account_in(&list).ok_or("no account in the list page")?;
    let query = format!(
        "{{\"query\":{{\"source\":{{\"search\":{{\"text\":\"{typed}\",\"scope\":\
         \"{account}/SU5CT1g\"}}}},\"at\":{{\"offset\":0}},\"limit\":50}}}}"
    );
    let mut events = browser.events().await?;
    let began = Instant::now();
    let mut first = None;
    loop {
        let answer = browser.api("message_list", &query).await?;
        let found = http::number_after(&answer, "\"total\":").ok_or("no total")?;
        if found > 0 {
            first.get_or_insert_with(|| began.elapsed());
        }
        if answer.contains("\"is_running\":false") {
            return Ok(Times {
                first: first.ok_or("nothing was found")?,
                all: began.elapsed(),
                found,
            });
        }
        // Its end is announced after an answer that does not have it.
        events.until("event: view").await?;
    }
}
