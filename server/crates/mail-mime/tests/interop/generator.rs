//! Deterministic messages with what each must read back as, for readers in other languages.

use std::path::Path;
use std::{fs, io};

use mail_mime::address::EmailAddress;
use mail_mime::compose::{AttachmentMeta, CalendarPart, Composer, OutgoingMessage, Wire};
use mail_mime::date::Date;
use mail_mime::{display, text, transfer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Number of messages.
pub(crate) const COUNT: usize = 200;

/// A built message.
pub(crate) struct Built {
    /// The name of its file, without folder.
    pub(crate) file: String,
    /// The message.
    pub(crate) octets: Vec<u8>,
    /// What it reads back as; `expected.json` holds all of them in one array.
    pub(crate) expected: Value,
}

/// Words of many scripts, and words that writers and readers of mail get wrong.
#[rustfmt::skip]
const WORDS: [&str; 48] = [
    "meeting", "Re:", "minutes", "Friday", "caf\u{e9}", "d\u{e9}j\u{e0}-vu", "Gr\u{fc}\u{df}e",
    "\u{141}\u{f3}d\u{17a}", "T\u{fc}rk\u{e7}e", "会议纪要", "會議記錄", "こんにちは", "カタカナ", "안녕하세요",
    "Привет", "Γειά", "שלום", "مرحبا", "می\u{200c}خواهم", "नमस्ते", "தமிழ்", "สวัสดี", "ქართული",
    "Հայերեն", "አማርኛ", "ភាសាខ្មែរ", "မြန်မာ", "👩\u{200d}👧", "🇫🇷", "🎉", "𠮷野家", "Ａｂｃ",
    "\"quoted\"", "back\\slash", "O'Neil", "a,b", "x;y=z", "(comment)", "<angle>", "user@host",
    "100%", "=?", "=?utf-8?B?5byg?=", "a=b_c", "ends?=", "_under_", "e\u{301}", "\u{200f}ABC",
];
/// Names for `To` and `Cc` that are typed as one.
const NAMES: [&str; 14] = [
    "",
    "Ann",
    "Doe, Ann",
    "Dr. Ann Q. Doe",
    "张三",
    "Иван Петров",
    "O'Neil",
    "CORP\\ann",
    "Ann \"A\" Doe",
    "=?utf-8?Q?Ann?=",
    "two  spaces",
    "The Committee for the Preservation of Plain Old Text in Messages",
    "The Committee for the Preservation of Plain Old Text in All of the Messages of the World",
    "דוד כהן",
];
/// Names of files whose length decides how they are written.
const FILE_NAMES: [&str; 6] = [
    "Minutes",
    "Minutes of the meeting of the committee, first version of May 2026",
    "Minutes  of  the  meeting  of  the  committee,  final  version  2026",
    "Minutes of the  meeting of the committee, final version of May, with all notes",
    "Minutes of the meeting of the committee, final version of May, with all notes of everyone",
    "Minutes_without_any_space_of_the_meeting_of_the_committee_final_version_of_May",
];
const EXTENSIONS: [(&str, &str); 5] = [
    (".pdf", "application/pdf"),
    (".txt", "text/plain"),
    (".eml", "message/rfc822"),
    ("", "not a type"),
    (".tar.gz", "application/gzip"),
];

/// Returns all messages.
pub(crate) fn messages() -> Vec<Built> {
    (0..COUNT).map(built).collect()
}

/// A generator of numbers (xorshift64*), the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        number as usize % limit
    }

    fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    fn words(&mut self, most: usize) -> String {
        let count = self.below(most + 1);
        let words: Vec<_> = (0..count).map(|_| WORDS[self.below(WORDS.len())]).collect();
        words.join(if self.one_in(12) { "  " } else { " " })
    }

    fn text(&mut self) -> String {
        let lines = self.below(12);
        let lines = (0..lines).map(|_| match self.below(14) {
            0 => String::new(),
            1 => format!("> {}", self.words(30)),
            2 => format!("From {}", self.words(10)),
            3 => ".".to_owned(),
            4 => "-- ".to_owned(),
            5 => "x".repeat(self.below(1_500)),
            6 => "会议".repeat(self.below(600)),
            7 => format!("--=_m_{SEED}--"),
            8 => "plain words ".repeat(self.below(20)),
            _ => self.words(12),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn mailbox(&mut self, number: usize) -> EmailAddress {
        let name = match self.one_in(3) {
            true => self.words(12),
            false => NAMES[self.below(NAMES.len())].to_owned(),
        };
        let domain = ["x.example", "例子.测试", "b\u{fc}cher.example"][self.below(3)];
        let local = ["ann#", "o'neil+tag#", "\"a,b#\"", "#a.b", "x#"][self.below(5)];
        let local = local.replace('#', &number.to_string());
        EmailAddress::new(&name, &format!("{local}@{domain}"))
    }

    fn mailboxes(&mut self, most: usize) -> Vec<EmailAddress> {
        let count = self.below(most + 1);
        (0..count).map(|number| self.mailbox(number)).collect()
    }
}

const SEED: &str = "Seed0123456789";

fn built(number: usize) -> Built {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ ((number as u64 + 1) << 20));
    for _ in 0..20 {
        // The first states of the generator are much alike.
        numbers.below(2);
    }
    let date = Date {
        unix_ms: 1_795_223_265_000 + number as i64 * 86_400_000,
        offset_minutes: (numbers.below(27) as i16 - 12) * 60,
    };
    let message_id = format!("{number}.id@x.example");
    let mut outgoing = OutgoingMessage {
        to: numbers.mailboxes(6),
        cc: numbers.mailboxes(3),
        subject: numbers.words(if number.is_multiple_of(5) { 60 } else { 8 }),
        body: numbers.text(),
        is_flowed: numbers.one_in(3),
        references: ids(numbers.below(12)),
        wire: match number % 7 {
            6 => Wire::EightBit,
            _ => Wire::SevenBit,
        },
        ..OutgoingMessage::new(numbers.mailbox(99), message_id, date)
    };
    outgoing.reply_to = numbers.mailboxes(1);
    outgoing.bcc = vec![EmailAddress::new("Secret", "secret@x.example")];
    outgoing.in_reply_to = outgoing.references.last().cloned();
    if numbers.one_in(2) {
        let mut html = format!("<p>{}</p>\n", numbers.text().replace('<', "&lt;"));
        for id in (0..3).filter(|_| numbers.one_in(2)) {
            html.push_str(&format!("<img src=\"cid:{id}.image@x.example\">\n"));
        }
        outgoing.html = Some(html);
    }
    if numbers.one_in(6) {
        outgoing.calendar = Some(CalendarPart {
            method: "REPLY".to_owned(),
            text: "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nSUMMARY:会议\r\nEND:VCALENDAR\r\n".to_owned(),
        });
    }
    let mut files = Vec::new();
    for file in 0..numbers.below(5) {
        let name = match numbers.one_in(4) {
            true => FILE_NAMES[numbers.below(FILE_NAMES.len())].to_owned(),
            false => numbers.words(9),
        };
        let content_id = format!("{file}.image@x.example");
        let content_id = Some(content_id).filter(|_| file < 3 && numbers.one_in(2));
        let (extension, media_type) = match content_id {
            Some(_) => (".png", "image/png"),
            None => EXTENSIONS[numbers.below(EXTENSIONS.len())],
        };
        let octets: Vec<u8> = (0..numbers.below(3_000))
            .map(|_| numbers.below(256) as u8)
            .collect();
        outgoing.attachments.push(AttachmentMeta {
            name: format!("{name}{extension}"),
            media_type: media_type.to_owned(),
            size_bytes: octets.len() as u64,
            content_id,
            is_literal: false,
        });
        files.push(octets);
    }
    let composer = Composer::new(&outgoing, SEED).expect("a valid message");
    let mut octets = composer.head().to_vec();
    for (index, head) in composer.parts() {
        octets.extend_from_slice(head);
        let mut encoder = transfer::Encoder::new();
        encoder.push(&files[index], &mut octets);
        encoder.finish(&mut octets);
    }
    octets.extend_from_slice(composer.tail());
    let file = format!("{number:03}.eml");
    let order = composer.parts().map(|(index, _)| index);
    let attachments = order.map(|index| attachment(&outgoing, index, &files[index]));
    let expected = json!({
        "file": file,
        "subject": outgoing.subject.trim(),
        "from": mailboxes(std::slice::from_ref(&outgoing.from)),
        "reply_to": mailboxes(&outgoing.reply_to),
        "to": mailboxes(&outgoing.to),
        "cc": mailboxes(&outgoing.cc),
        "message_id": outgoing.message_id,
        "in_reply_to": outgoing.in_reply_to,
        "references": outgoing.references,
        "unix_secs": outgoing.date.unix_ms / 1000,
        "is_flowed": outgoing.is_flowed,
        // As written, and with the lines of a flowed text joined.
        "text": written(&outgoing),
        "joined_text": joined(&outgoing),
        "html": outgoing.html,
        "calendar": outgoing.calendar.as_ref().map(|calendar| calendar.text.replace("\r\n", "\n")),
        "attachments": attachments.collect::<Vec<_>>(),
        "size_bytes": composer.size_bytes(),
    });
    Built {
        file,
        octets,
        expected,
    }
}

fn ids(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| match number % 3 {
            0 => format!("{number}.{}@x.example", "long".repeat(20)),
            1 => format!("{number}$x=y@[192.0.2.1]"),
            _ => format!("{number}@y.example"),
        })
        .collect()
}

fn written(outgoing: &OutgoingMessage) -> String {
    match outgoing.is_flowed {
        true => text::flow(&outgoing.body),
        false => outgoing.body.clone(),
    }
}

/// The text with its flowed lines joined: spaces at the line ends are removed (RFC 3676 §4.2).
fn joined(outgoing: &OutgoingMessage) -> String {
    let lines = outgoing.body.split('\n').map(|line| match line {
        "-- " => line,
        _ if outgoing.is_flowed => line.trim_end(),
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn mailboxes(list: &[EmailAddress]) -> Vec<Value> {
    list.iter()
        .map(|mailbox| {
            let address = mailbox.envelope().expect("a valid address");
            json!({ "name": mailbox.name, "address": address.as_str() })
        })
        .collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn attachment(outgoing: &OutgoingMessage, index: usize, octets: &[u8]) -> Value {
    let given = &outgoing.attachments[index];
    let html = outgoing.html.as_deref().unwrap_or_default();
    let shown = |id: &String| html.contains(&format!("cid:{id}"));
    json!({
        "name": display::file_name(&given.name).unwrap_or_else(|| "attachment".to_owned()),
        "media_type": match given.media_type.as_str() {
            "not a type" | "message/rfc822" => "application/octet-stream",
            other => other,
        },
        "size_bytes": octets.len(),
        "sha256": hex(&Sha256::digest(octets)),
        "content_id": given.content_id,
        "is_inline": given.content_id.as_ref().is_some_and(shown),
    })
}

/// Writes all messages and `expected.json` into a folder, which is created.
pub(crate) fn write_to(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut expected = Vec::with_capacity(COUNT);
    for message in messages() {
        fs::write(folder.join(&message.file), &message.octets)?;
        expected.push(message.expected);
    }
    let expected = Value::Array(expected).to_string();
    fs::write(folder.join("expected.json"), expected)
}
