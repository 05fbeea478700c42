//! Builds folders from scripts: dates, threads, references, quotes, attachments.

use std::collections::HashMap;

use bytes::Bytes;

use super::attachment::Attachment;
use super::hash::fnv1a;
use super::letter::Letter;
use super::page::{self, Layout};
use super::script::{self, Entry, When, find, find_all};
use crate::clock;
use crate::message::with_header;
use crate::store::{INBOX, InitialFolder, InitialMessage, Source, SpecialUse};
use crate::{ADDRESS, DOMAIN};

const SCRIPTS: [&str; 7] = [
    include_str!("text/work.txt"),
    include_str!("text/projects.txt"),
    include_str!("text/lists.txt"),
    include_str!("text/newsletters.txt"),
    include_str!("text/receipts.txt"),
    include_str!("text/family.txt"),
    include_str!("text/odd.txt"),
];
const ARRIVALS: &str = include_str!("text/arrivals.txt");

const FOLDERS: [(&str, Option<SpecialUse>); 11] = [
    (INBOX, None),
    ("Drafts", Some(SpecialUse::Drafts)),
    ("Sent", Some(SpecialUse::Sent)),
    ("Archive", Some(SpecialUse::Archive)),
    ("Junk", Some(SpecialUse::Junk)),
    ("Trash", Some(SpecialUse::Trash)),
    ("Projects/海鸥项目", None),
    ("Projects/Relay rewrite", None),
    ("Lists", None),
    ("Receipts", None),
    ("家庭", None),
];

const OWNER: &str = "周文杰";
const DAY_MS: i64 = 24 * 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// The newest message in the scripts is dated 09:42. Before 10:00, the scripts' today is therefore
/// yesterday.
const DAY_CUTOFF_MS: i64 = 10 * 60 * MINUTE_MS;

/// Builds the sample's folders, INBOX first.
pub(super) fn folders(now_unix_ms: i64) -> Vec<InitialFolder> {
    let mut builder = Builder {
        now_unix_ms,
        built: Vec::new(),
        by_id: HashMap::new(),
    };
    for entry in SCRIPTS.iter().copied().flat_map(script::entries) {
        for entry in entry.series() {
            builder.thread(&entry);
        }
    }
    let mut folders: Vec<_> = FOLDERS
        .iter()
        .map(|(name, special_use)| InitialFolder {
            name: (*name).to_owned(),
            special_use: *special_use,
            messages: Vec::new(),
        })
        .collect();
    builder.built.sort_by_key(|built| built.unix_ms);
    for built in builder.built {
        if let Some(folder) = folders
            .iter_mut()
            .find(|folder| folder.name == built.folder)
        {
            folder.messages.push(InitialMessage {
                source: Source::Stored(built.rfc822),
                flags: built.flags,
                internal_unix_ms: built.unix_ms,
            });
        }
    }
    folders
}

/// Returns the messages that are delivered while the demo runs.
pub(super) fn arrivals() -> Vec<Entry> {
    script::entries(ARRIVALS)
}

/// Encodes one of [`arrivals`] with the current date; `number` distinguishes its copies.
pub(super) fn arriving(entry: &Entry, number: u64, now_unix_ms: i64) -> Bytes {
    let mut letter = letter_of(entry, now_unix_ms, &HashMap::new());
    letter.message_id = format!("arrival.{number}.{}", letter.message_id);
    traced(&letter)
}

struct BuiltMessage {
    folder: String,
    unix_ms: i64,
    flags: Vec<&'static str>,
    rfc822: Bytes,
}

struct Builder {
    now_unix_ms: i64,
    built: Vec<BuiltMessage>,
    /// Messages with an `id` in the scripts, which may be attached to other messages.
    by_id: HashMap<String, Bytes>,
}

impl Builder {
    /// Builds an entry and the replies to it.
    fn thread(&mut self, entry: &Entry) {
        let unix_ms = self.resolve_time(entry.when, entry.field("subject").unwrap_or_default());
        let mut last = letter_of(entry, unix_ms, &self.by_id);
        let root_subject = last.subject.clone();
        let mut text = entry.text.clone();
        let first = self.add(&entry.folder, &last, &entry.flags);
        if let Some(id) = entry.field("id") {
            self.by_id.insert(id.to_owned(), first);
        }
        for reply in &entry.replies {
            let unix_ms = self.resolve_time(reply.when, &reply.text);
            let is_mine = reply.from == "me";
            if is_mine && let Some(answered) = self.built.last_mut() {
                answered.flags.push("\\Answered");
            }
            let from = if is_mine { owner() } else { reply.from.clone() };
            let mut references = last.references.clone();
            references.push(last.message_id.clone());
            let is_list = entry.field("list").is_some();
            let letter = Letter {
                to: if is_list {
                    last.to.clone()
                } else if is_mine {
                    last.from.clone()
                } else {
                    owner()
                },
                cc: if is_mine {
                    String::new()
                } else {
                    last.cc.clone()
                },
                subject: replied(&root_subject),
                date_unix_ms: unix_ms,
                message_id: message_id(&from, &reply.text, unix_ms),
                references,
                extra_fields: list_fields(entry),
                charset: last.charset.clone(),
                text: format!("{}{}", reply.text, quoted(&last, &text)),
                attachments: attachments(&reply.fields, &reply.text, unix_ms, &self.by_id),
                from,
                ..Letter::default()
            };
            let folder = if is_mine { "Sent" } else { &entry.folder };
            self.add(folder, &letter, &reply.flags);
            text.clone_from(&reply.text);
            last = letter;
        }
    }

    fn add(&mut self, folder: &str, letter: &Letter, flags: &[String]) -> Bytes {
        let is_received = !matches!(folder, "Sent" | "Drafts");
        let rfc822 = if is_received {
            traced(letter)
        } else {
            letter.rfc822()
        };
        let has = |name: &str| flags.iter().any(|flag| flag == name);
        let mut imap_flags = Vec::new();
        for (is_set, flag) in [
            (!has("unread"), "\\Seen"),
            (has("flagged"), "\\Flagged"),
            (has("answered"), "\\Answered"),
            (has("forwarded"), "$Forwarded"),
            (has("junk"), "$Junk"),
            (folder == "Drafts", "\\Draft"),
        ] {
            if is_set {
                imap_flags.push(flag);
            }
        }
        self.built.push(BuiltMessage {
            folder: folder.to_owned(),
            unix_ms: letter.date_unix_ms,
            flags: imap_flags,
            rfc822: rfc822.clone(),
        });
        rfc822
    }

    /// Converts a script's moment to Unix milliseconds.
    fn resolve_time(&self, when: When, seed: &str) -> i64 {
        let today = clock::local(self.now_unix_ms - DAY_CUTOFF_MS).start_of_day();
        let today_unix_ms = today.map_or(self.now_unix_ms, |day| day.timestamp().as_millisecond());
        let seconds = i64::try_from(fnv1a(seed) % 60).unwrap_or(0);
        today_unix_ms - when.days_ago * DAY_MS + when.minute_of_day * MINUTE_MS + seconds * 1_000
    }
}

fn letter_of(entry: &Entry, unix_ms: i64, by_id: &HashMap<String, Bytes>) -> Letter {
    let is_mine = matches!(entry.folder.as_str(), "Sent" | "Drafts");
    let or_owner = |field: &str, is_default: bool| match entry.field(field) {
        Some(written) => written.replace("me,", &format!("{},", owner())),
        None if is_default => owner(),
        None => String::new(),
    };
    let from = or_owner("from", is_mine);
    let subject = entry.field("subject").unwrap_or_default().to_owned();
    let inline: Vec<_> = find_all(&entry.fields, "inline")
        .filter_map(|written| written.split_once(' '))
        .map(|(kind, name)| Attachment::of_kind(kind, name, &subject, unix_ms))
        .collect();
    let layout = entry.field("html").map(|layout| {
        if layout == "newsletter" {
            Layout::Newsletter
        } else {
            Layout::Letter
        }
    });
    let content_ids: Vec<_> = inline.iter().map(Attachment::content_id).collect();
    let html = layout.map(|layout| page::html(&entry.text, layout, domain(&from), &content_ids));
    let mut extra_fields = list_fields(entry);
    if layout == Some(Layout::Newsletter) {
        let address = format!("<https://{}/unsubscribe?u=8841>", domain(&from));
        extra_fields.push(("List-Unsubscribe".to_owned(), address));
        extra_fields.push((
            "List-Unsubscribe-Post".to_owned(),
            "List-Unsubscribe=One-Click".to_owned(),
        ));
    }
    for header in find_all(&entry.fields, "header") {
        if let Some((name, value)) = header.split_once(": ") {
            extra_fields.push((name.to_owned(), value.to_owned()));
        }
    }
    Letter {
        to: or_owner("to", !is_mine),
        cc: or_owner("cc", false),
        date_unix_ms: unix_ms,
        message_id: message_id(&from, &subject, unix_ms),
        extra_fields,
        charset: entry.field("charset").unwrap_or_default().to_owned(),
        has_raw_subject: entry
            .field("raw")
            .is_some_and(|what| what.contains("subject")),
        is_8bit: entry.field("raw").is_some_and(|what| what.contains("body")),
        text: if html.is_some() {
            page::plain(&entry.text)
        } else {
            entry.text.clone()
        },
        html,
        inline,
        attachments: attachments(&entry.fields, &subject, unix_ms, by_id),
        from,
        subject,
        ..Letter::default()
    }
}

/// Parses `attach: kind name`; the kind `message:id` is a message of the scripts.
fn attachments(
    fields: &[(String, String)],
    about: &str,
    unix_ms: i64,
    by_id: &HashMap<String, Bytes>,
) -> Vec<Attachment> {
    let attachment = |written: &str| {
        let (kind, name) = written.split_once(' ')?;
        match kind.strip_prefix("message:") {
            Some(id) => Some(Attachment::message(name, by_id.get(id)?)),
            None => Some(Attachment::of_kind(
                kind,
                name,
                about.lines().next()?,
                unix_ms,
            )),
        }
    };
    find_all(fields, "attach").filter_map(attachment).collect()
}

/// Writes the fields of `list: Name <id.of.the.list>` (RFC 2919, RFC 2369).
fn list_fields(entry: &Entry) -> Vec<(String, String)> {
    let Some(list) = find(&entry.fields, "list") else {
        return Vec::new();
    };
    let id = list
        .rsplit_once('<')
        .map_or(list, |(_, id)| id.trim_end_matches('>'));
    let (name, host) = id.split_once('.').unwrap_or((id, "lists.example"));
    vec![
        ("List-Id".to_owned(), list.to_owned()),
        ("List-Post".to_owned(), format!("<mailto:{name}@{host}>")),
        (
            "List-Unsubscribe".to_owned(),
            format!("<mailto:{name}-leave@{host}>"),
        ),
        ("Precedence".to_owned(), "list".to_owned()),
    ]
}

/// Encodes the message as delivered, with trace fields.
fn traced(letter: &Letter) -> Bytes {
    let host = domain(&letter.from);
    let sender = letter
        .from
        .rsplit_once('<')
        .map_or(letter.from.as_str(), |(_, address)| {
            address.trim_end_matches('>')
        });
    let trace = format!(
        "Return-Path: <{sender}>\r\nReceived: from mx.{host} (mx.{host} [192.0.2.{}])\r\n\tby {DOMAIN} with ESMTPS id {:x};\r\n\t{}\r\n",
        fnv1a(host) % 254 + 1,
        fnv1a(&letter.message_id) >> 24,
        clock::rfc5322(letter.date_unix_ms + 2_000),
    );
    with_header(&trace, &letter.rfc822())
}

fn owner() -> String {
    format!("{OWNER} <{ADDRESS}>")
}

fn domain(from: &str) -> &str {
    from.rsplit_once('@')
        .map_or(DOMAIN, |(_, domain)| domain.trim_end_matches('>'))
}

fn message_id(from: &str, text: &str, unix_ms: i64) -> String {
    format!(
        "{:x}.{:016x}@{}",
        unix_ms / 1_000,
        fnv1a(text),
        domain(from)
    )
}

/// Returns whether text is Chinese and not Japanese, which has kana between its ideographs.
fn is_chinese(text: &str) -> bool {
    if text
        .chars()
        .any(|character| ('\u{3040}'..='\u{30ff}').contains(&character))
    {
        return false;
    }
    text.chars()
        .any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character))
}

fn replied(subject: &str) -> String {
    if subject.starts_with("Re: ") || subject.starts_with("回复：") {
        subject.to_owned()
    } else if is_chinese(subject) {
        format!("回复：{subject}")
    } else {
        format!("Re: {subject}")
    }
}

/// Quotes the text replied to, as mail programs do.
fn quoted(letter: &Letter, text: &str) -> String {
    const QUOTED_LINES: usize = 12;
    let name = letter.from.split(" <").next().unwrap_or(&letter.from);
    let date = clock::local(letter.date_unix_ms);
    let attribution = if is_chinese(&letter.subject) {
        format!("在 {}，{name} 写道：", date.strftime("%Y-%m-%d %H:%M"))
    } else {
        format!("On {}, {name} wrote:", date.strftime("%-d %b %Y, %H:%M"))
    };
    let lines = text.trim_end().lines().take(QUOTED_LINES);
    format!(
        "\n{attribution}\n{}",
        lines.map(|line| format!("> {line}\n")).collect::<String>()
    )
}
