//! The view of a message: what a reader sees of it, as text.

use std::fmt::Write as _;

use mail_mime::body::{Body, Texts};
use mail_mime::clean::{self, CleanOptions, Images, Scheme};
use mail_mime::supplement::{self, Referenced, Supplements};
use mail_mime::text::{self, Span};
use mail_mime::tree::Part;
use mail_mime::uuencode::{self, FileEncoding};
use mail_mime::{EmailAddress, Limits, Message, spoofing, transfer};

use super::cases::Sees;
use super::facts::facts;

/// What a reader sees of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct View {
    pub(crate) subject: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// The text without white space at its ends; quoted lines begin with `>`.
    pub(crate) text: String,
    /// Name and media type of each attachment.
    pub(crate) files: Vec<(String, String)>,
    /// Lines about what else is known of the message.
    pub(crate) facts: Vec<String>,
}

impl View {
    /// Whether a reader sees this.
    pub(crate) fn shows(&self, sees: &Sees) -> bool {
        match sees {
            Sees::Subject(seen) => self.subject == *seen,
            Sees::From(seen) => self.from == *seen,
            Sees::To(seen) => self.to == *seen,
            Sees::Text(seen) => self.text == *seen,
            Sees::Files(seen) => self.files.iter().map(|(name, _)| name).eq(seen),
            Sees::Fact(seen) => self.facts.contains(seen),
        }
    }

    /// The form of the golden files.
    pub(crate) fn golden(&self) -> String {
        let mut out = String::new();
        for (label, value) in [
            ("from", &self.from),
            ("to", &self.to),
            ("subject", &self.subject),
        ] {
            writeln!(out, "{label}: {value}").expect("a string grows");
        }
        for line in self.text.lines().take(100) {
            let line: String = line.chars().take(200).collect();
            writeln!(out, "| {line}").expect("a string grows");
        }
        for (name, media_type) in &self.files {
            writeln!(out, "file: {name} ({media_type})").expect("a string grows");
        }
        for fact in &self.facts {
            writeln!(out, "{fact}").expect("a string grows");
        }
        // An editor may not cut them.
        let lines = out.lines().map(str::trim_end);
        lines.map(|line| format!("{line}\n")).collect()
    }
}

/// Returns mailboxes as `name <address>`, separated by `, `.
pub(crate) fn people<'a>(people: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let people = people.map(|(name, address)| match (name, address) {
        ("", address) => address.to_owned(),
        (name, "") => name.to_owned(),
        (name, address) => format!("{name} <{address}>"),
    });
    people.collect::<Vec<_>>().join(", ")
}

fn shown(mailboxes: &[EmailAddress]) -> String {
    let addresses: Vec<_> = mailboxes.iter().map(spoofing::shown_address).collect();
    let names = mailboxes.iter().map(|mailbox| mailbox.name.as_str());
    people(names.zip(addresses.iter().map(String::as_str)))
}

/// Returns the text of blocks and links with a mark for each level of quotation.
pub(crate) fn marked(blocks: impl Iterator<Item = (u32, String)>) -> String {
    let blocks = blocks.map(|(depth, text)| {
        let mark = match usize::try_from(depth).expect("a small depth") {
            0 => String::new(),
            depth => ">".repeat(depth) + " ",
        };
        let lines = text.split('\n').map(|line| format!("{mark}{line}"));
        lines.collect::<Vec<_>>().join("\n")
    });
    blocks.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Reads a message by the functions that the product reads it with. `None` if its header is over
/// the limits.
pub(crate) fn view(raw: &[u8]) -> Option<View> {
    let message = Message::parse(raw, &Limits::DEFAULT).ok()?;
    let root = message.root();
    let readable = root.readable();
    let texts = texts(&message, &readable.texts);
    let mut supplements = Supplements::default();
    for (purpose, part) in supplement::wanted(root) {
        let octets = message.part_bytes(&part.section).unwrap_or_default();
        let mut decoded = transfer::decode(octets, part.encoding);
        decoded.truncate(purpose.max_bytes());
        supplements.add(purpose, part, &decoded);
    }
    let mut body = supplements.complete(message.headers(), texts);
    let mut files = match &supplements.packed {
        Some(_) => Vec::new(),
        None => taken_out(&mut body, &readable.texts),
    };
    let (text, content_ids) = match body {
        Body::Empty | Body::OverLimits => Default::default(),
        Body::Text { text, format, .. } => {
            let blocks = text::blocks(&text, format).into_iter();
            let blocks = blocks.map(|block| (block.quote_depth, spans(block.spans)));
            (marked(blocks), Default::default())
        }
        Body::Html { documents, .. } => {
            let referenced = supplements.by_content_id(&readable);
            let part_url = |id: &str| {
                Some(match referenced.get(id)? {
                    Referenced::Part(part) => format!("part/{}", part.section),
                    Referenced::Packed { section, index } => {
                        format!("part/{section}!{}", index + 1)
                    }
                })
            };
            let cleaned = clean::clean_all(
                &documents,
                &CleanOptions {
                    part_url: &part_url,
                    images: Images::Blocked,
                    scheme: Scheme::Light,
                },
            );
            let text = text::from_html(&cleaned.html);
            (text.trim().to_owned(), cleaned.content_ids)
        }
    };
    for part in readable.attachments_except(&content_ids) {
        match &supplements.packed {
            Some(packed) if packed.section == part.section => {
                let packed = packed.content.files_except(&content_ids);
                files.extend(packed.map(|(_, file)| {
                    let media_type = file.media_type.clone();
                    let media_type = media_type.unwrap_or_else(|| OCTETS.to_owned());
                    (file.name.clone().unwrap_or_default(), media_type)
                }));
            }
            _ => files.push((
                part.name.clone().unwrap_or_default(),
                part.media_type.clone(),
            )),
        }
    }
    let headers = message.headers();
    Some(View {
        subject: headers.subject(),
        from: shown(&headers.from()),
        to: shown(&headers.to()),
        text,
        files,
        facts: facts(headers, root, &supplements),
    })
}

const OCTETS: &str = "application/octet-stream";

fn spans(spans: Vec<Span>) -> String {
    let texts = spans.into_iter().map(|span| match span {
        Span::Text(text) | Span::Link { text, .. } => text,
    });
    texts.collect()
}

/// Reads the texts of a message.
fn texts(message: &Message<'_>, parts: &[&Part]) -> Body {
    let mut texts = Texts::default();
    for part in parts {
        texts.begin(part);
        texts.push(message.part_bytes(&part.section).unwrap_or_default());
    }
    texts.finish()
}

/// Takes uuencoded files out of the only text of a message.
fn taken_out(body: &mut Body, parts: &[&Part]) -> Vec<(String, String)> {
    let (Body::Text { text, .. }, [_]) = (body, parts) else {
        return Vec::new();
    };
    let extracted = uuencode::extract(text);
    if extracted
        .files
        .iter()
        .any(|file| file.encoding == FileEncoding::YEnc)
    {
        return Vec::new();
    }
    let files = extracted.files.iter().map(|file| {
        file.decode(text).expect("a known encoding");
        (file.name.clone().unwrap_or_default(), OCTETS.to_owned())
    });
    let files = files.collect();
    let shown = extracted.text.into_owned();
    *text = shown;
    files
}
