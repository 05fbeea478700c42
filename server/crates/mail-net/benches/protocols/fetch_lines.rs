//! 100,000 FETCH lines with FLAGS, UID, RFC822.SIZE and ENVELOPE.
//!
//! Our machine gets them in the pieces in which the driver reads; the peers parse line after line
//! out of the whole, which spares them the copy. Each has to find the same subjects.

use std::hint::black_box;
use std::time::Duration;

use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder as _;
use imap_codec::imap_types::fetch::MessageDataItem;
use imap_codec::imap_types::response::{Data, Response};
use imap_proto::AttributeValue;
use mail_proto::imap::{Client, Config, Event, Tls};
use mail_proto::{Limits, Machine as _, Step, Transcribed as _};

use crate::{Result, cpu_time, median, ms};

const LINES: usize = 100_000;
const ROUNDS: usize = 9;
/// What the driver reads at a time.
const READ_BYTES: usize = 16 << 10;

/// What was found: lines, and the bytes of their subjects.
type Found = (usize, usize);
type Contestant = (&'static str, fn(&[u8]) -> Result<Found>);

const CONTESTANTS: [Contestant; 4] = [
    ("typed", ours_typed),
    ("tokens", ours_tokens),
    ("imap-codec", by_imap_codec),
    ("imap-proto", by_imap_proto),
];

pub(crate) fn run() -> Result<()> {
    let input = lines();
    let tokens_only = untyped(&input);
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        for ((name, parse), times) in CONTESTANTS.iter().zip(&mut times) {
            let input = if *name == "tokens" {
                &tokens_only
            } else {
                &input
            };
            let (found, took) = cpu_time(|| parse(black_box(input)));
            let (count, _) = found?;
            if count != LINES {
                return Err(format!("{name} found {count} lines").into());
            }
            times.push(took);
        }
    }
    let megabytes = input.len() as f64 / 1e6;
    println!(
        "\n{LINES} FETCH lines with ENVELOPE and FLAGS, {megabytes:.1} MB, on one core, medians of {ROUNDS}"
    );
    println!("  {:<34} {:>8} {:>12} {:>8}", "", "ms", "lines/s", "MB/s");
    let medians = times.map(median);
    let fastest = medians[2..].iter().min().copied().unwrap_or_default();
    for ((name, _), took) in CONTESTANTS.iter().zip(medians) {
        let name = match *name {
            "typed" => "Restante, events",
            "tokens" => "Restante, tokens alone",
            "imap-codec" => "imap-codec 2.0.0-alpha.10",
            _ => "imap-proto 0.17 (async-imap)",
        };
        let secs = took.as_secs_f64();
        println!(
            "  {name:<34} {:>8.0} {:>12.0} {:>8.0}   {:.2} × the faster peer",
            ms(took),
            LINES as f64 / secs,
            megabytes / secs,
            fastest.as_secs_f64() / secs,
        );
    }
    Ok(())
}

/// One contestant alone, for a profiler.
pub(crate) fn run_only(name: &str) -> Result<()> {
    let (_, parse) = CONTESTANTS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or("no such contestant")?;
    let input = lines();
    for _ in 0..ROUNDS {
        let (found, took) = cpu_time(|| parse(black_box(&input)));
        println!("{:?} {:.1} ms", found?, ms(took));
    }
    Ok(())
}

fn ours_typed(input: &[u8]) -> Result<Found> {
    ours(input, |event| match event {
        Event::Fetch(data) => {
            let envelope = data.envelope()?;
            data.flags()?;
            envelope.subject().map(<[u8]>::len)
        }
        _ => None,
    })
}

/// The same lines as responses that are not known: framed, cut into values and given no type.
fn ours_tokens(input: &[u8]) -> Result<Found> {
    ours(input, |event| match event {
        Event::Unknown(values) => Some(values.len()),
        _ => None,
    })
}

fn ours(input: &[u8], subject: impl Fn(&Event) -> Option<usize>) -> Result<Found> {
    let mut client = Client::new(Config {
        tls: Tls::Implicit,
        allow_plaintext_login: false,
        limits: Limits::default(),
    });
    // As it is driven where nobody watches.
    client.keep_transcript(false);
    client.feed(b"* OK [CAPABILITY IMAP4rev1] ready\r\n");
    let mut found = (0, 0);
    for piece in input.chunks(READ_BYTES) {
        client.feed(piece);
        loop {
            match client.step()? {
                Step::NeedInput => break,
                Step::Event(event) => {
                    if let Some(len) = subject(&event) {
                        found = (found.0 + 1, found.1 + len);
                    }
                    black_box(event);
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

fn by_imap_codec(input: &[u8]) -> Result<Found> {
    let codec = ResponseCodec::default();
    let mut found = (0, 0);
    let mut rest = input;
    while !rest.is_empty() {
        let (remaining, response) = codec.decode(rest).map_err(|e| format!("{e:?}"))?;
        rest = remaining;
        if let Response::Data(Data::Fetch { items, .. }) = &response {
            for item in items.as_ref() {
                if let MessageDataItem::Envelope(envelope) = item
                    && let Some(subject) = &envelope.subject.0
                {
                    found = (found.0 + 1, found.1 + subject.as_ref().len());
                }
            }
        }
        black_box(response);
    }
    Ok(found)
}

fn by_imap_proto(input: &[u8]) -> Result<Found> {
    let mut found = (0, 0);
    let mut rest = input;
    while !rest.is_empty() {
        let (remaining, response) = imap_proto::Response::parse(rest).map_err(|e| e.to_string())?;
        rest = remaining;
        if let imap_proto::Response::Fetch(_, items) = &response {
            for item in items {
                if let AttributeValue::Envelope(envelope) = item
                    && let Some(subject) = &envelope.subject
                {
                    found = (found.0 + 1, found.1 + subject.len());
                }
            }
        }
        black_box(response);
    }
    Ok(found)
}

/// The lines, no two alike, in the shape in which Dovecot writes them.
fn lines() -> Vec<u8> {
    const SUBJECTS: [&str; 4] = [
        "Re: What was said on Tuesday about the plan for the garden",
        "=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_der_Stadt?=",
        "Invoice",
        "[list] \\\"quoted\\\" words and a subject that is a little longer than the others are",
    ];
    const FLAGS: [&str; 4] = [
        "\\Seen",
        "\\Answered \\Seen",
        "",
        "\\Seen $Forwarded NonJunk",
    ];
    let mut lines = String::new();
    for n in 1..=LINES {
        let subject = SUBJECTS[n % SUBJECTS.len()];
        let flags = FLAGS[n / 3 % FLAGS.len()];
        let from = format!(
            "((\"Ann Example {}\" NIL \"ann{n}\" \"example.org\"))",
            n % 97
        );
        let cc = match n % 3 {
            0 => "((NIL NIL \"bob\" \"example.net\")(\"Eve\" NIL \"eve\" \"example.com\"))",
            _ => "NIL",
        };
        let in_reply_to = match n % 2 {
            0 => format!("\"<{}.previous@example.org>\"", n * 31),
            _ => "NIL".to_owned(),
        };
        lines.push_str(&format!(
            "* {n} FETCH (UID {} FLAGS ({flags}) RFC822.SIZE {} ENVELOPE (\"Wed, 17 Jul 2026 02:{:02}:25 +0200\" \
             \"{subject} {n}\" {from} {from} {from} ((\"The Readers\" NIL \"readers\" \"lists.example.org\")) {cc} NIL \
             {in_reply_to} \"<B27397-{n}@mail.example.org>\"))\r\n",
            n + 1000,
            n * 17 % 90_000 + 800,
            n % 60,
        ));
    }
    lines.into_bytes()
}

/// The same lines under a name that nobody knows.
fn untyped(lines: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(lines);
    text.replace(" FETCH (", " XETCH (").into_bytes()
}
