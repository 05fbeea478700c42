//! Ordinary messages read as the product opens them, compared with mail-parser alone.
//!
//! Both split the message, type its address and date fields and its subject, decode the text that is
//! shown, and list the attachments. HTML is not sanitized here.

use std::hint::black_box;
use std::time::Duration;

use mail_mime::limits::SHOWN_BYTES;
use mail_mime::text::{self, Format};
use mail_mime::{Limits, Message};
use mail_parser::{MessageParser, MimeHeaders as _};

use crate::messages::{self, Kind};
use crate::{Result, cpu_time, median, ms, verdict};

const ROUNDS: usize = 15;
/// Minimum throughput as a multiple of mail-parser's.
const RATIO_MIN: f64 = 0.7;

/// Reads the messages of each kind. Returns whether all kinds are within the limit.
pub(crate) fn run() -> Result<bool> {
    println!(
        "\nOrdinary messages read, medians of {ROUNDS}, limit {RATIO_MIN} × the throughput of mail-parser"
    );
    println!(
        "  {:<34} {:>8} {:>8} {:>14} {:>18}",
        "", "messages", "MB", "Restante, MB/s", "mail-parser, MB/s"
    );
    let mut is_within = true;
    for kind in messages::all() {
        same_content(&kind)?;
        is_within &= compare(&kind);
    }
    Ok(is_within)
}

fn compare(kind: &Kind) -> bool {
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let works: [fn(&[u8]); 3] = [ours, theirs, ours_with_blocks];
        for (work, times) in works.into_iter().zip(&mut times) {
            let ((), took) = cpu_time(|| {
                for raw in &kind.messages {
                    work(black_box(raw));
                }
            });
            times.push(took);
        }
    }
    let megabytes = kind.messages.iter().map(Vec::len).sum::<usize>() as f64 / 1e6;
    let [ours, theirs, with_blocks] = times.map(median);
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!(
        "  {:<34} {:>8} {megabytes:>8.1} {:>14.0} {:>18.0}   {ratio:.2} × mail-parser, {}; with links found: {:.3} ms a message",
        kind.name,
        kind.messages.len(),
        megabytes / ours.as_secs_f64(),
        megabytes / theirs.as_secs_f64(),
        verdict(ratio >= RATIO_MIN),
        ms(with_blocks) / kind.messages.len() as f64,
    );
    ratio >= RATIO_MIN
}

/// Checks that both find the same subject, texts and number of attachments.
fn same_content(kind: &Kind) -> Result<()> {
    for raw in &kind.messages {
        let message = Message::parse(raw, &Limits::DEFAULT)?;
        let readable = message.root().readable();
        let texts: Vec<String> = readable
            .texts
            .iter()
            .map(|part| message.part_text(part, SHOWN_BYTES))
            .collect();
        let other = MessageParser::default().parse(raw).ok_or("not parsed")?;
        let other_texts: Vec<&str> = other
            .html_bodies()
            .filter_map(|part| part.text_contents())
            .collect();
        let is_same = other.subject() == Some(message.headers().subject().as_str())
            && texts == other_texts
            && readable.attachments.len() == other.attachment_count();
        if !is_same || texts.iter().all(String::is_empty) {
            return Err(format!("{}: the contents differ", kind.name).into());
        }
    }
    Ok(())
}

fn ours(raw: &[u8]) {
    drop(read(raw));
}

/// The same, and the blocks and links of a plain text.
fn ours_with_blocks(raw: &[u8]) {
    for text in read(raw) {
        black_box(text::blocks(&text, Format::Fixed));
    }
}

/// Returns the plain texts.
fn read(raw: &[u8]) -> Vec<String> {
    let Ok(message) = Message::parse(raw, &Limits::DEFAULT) else {
        return Vec::new();
    };
    let headers = message.headers();
    black_box((
        headers.subject(),
        headers.from(),
        headers.reply_to(),
        headers.to(),
        headers.cc(),
        headers.date_or_received(),
        headers.message_id(),
    ));
    let readable = message.root().readable();
    for part in &readable.attachments {
        black_box((&part.name, &part.media_type, part.decoded_size_bytes()));
    }
    let mut plain = Vec::new();
    for part in readable.texts {
        let text = black_box(message.part_text(part, SHOWN_BYTES));
        if !part.is_html() {
            plain.push(text);
        }
    }
    plain
}

fn theirs(raw: &[u8]) {
    let Some(message) = MessageParser::default().parse(raw) else {
        return;
    };
    black_box((
        message.subject(),
        message.from(),
        message.reply_to(),
        message.to(),
        message.cc(),
        message.date(),
        message.message_id(),
    ));
    for part in message.attachments() {
        black_box((part.attachment_name(), part.content_type(), part.len()));
    }
    for part in message.html_bodies() {
        black_box(part.text_contents());
    }
}
