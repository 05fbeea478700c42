//! Parser of the format in which the sample's texts are written.
//!
//! ```text
//! === INBOX | 3d 09:12 | unread flagged
//! from: 陈思远 <siyuan.chen@haiou.example>
//! subject: 海鸥项目第四季度预算表
//! attach: pdf 预算表.pdf
//!
//! The text of the message.
//! --- me | 2d 10:00
//! A reply to it: subject, addresses, references and the quoted text follow by themselves.
//! ```
//!
//! `3d 09:12` is three days before the mailbox's today. `repeat: 12 every 30d` makes a series, the
//! nth older by n times 30 days, in which `{name}` stands for the nth of `$name: a | b | c`.

/// One message of a script, before dates and references are resolved.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) folder: String,
    pub(super) when: When,
    /// `unread flagged answered forwarded draft junk`
    pub(super) flags: Vec<String>,
    /// Field names and values in source order.
    pub(super) fields: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) replies: Vec<Reply>,
}

/// A reply to the previous message of a thread.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) from: String,
    pub(super) when: When,
    pub(super) flags: Vec<String>,
    pub(super) fields: Vec<(String, String)>,
    pub(super) text: String,
}

/// A moment relative to the mailbox's today, in the owner's time zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct When {
    pub(super) days_ago: i64,
    pub(super) minute_of_day: i64,
}

impl Entry {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        find(&self.fields, name)
    }

    /// Expands `repeat` into a series; without one, returns the entry itself.
    pub(super) fn series(&self) -> Vec<Self> {
        let repeat = self.field("repeat").and_then(|text| {
            let (count, days) = text.split_once(" every ")?;
            Some((
                count.parse::<usize>().ok()?,
                days.strip_suffix('d')?.parse::<i64>().ok()?,
            ))
        });
        let Some((count, every_days)) = repeat else {
            return vec![self.clone()];
        };
        let nth = |n: usize| {
            let mut entry = self.clone();
            let steps = i64::try_from(n).unwrap_or(0);
            entry.when.days_ago += steps * every_days;
            // Varies the time of day: the same minute for two years would look artificial.
            entry.when.minute_of_day =
                (entry.when.minute_of_day + steps * 37 % 90).min(24 * 60 - 1);
            if n > 0 {
                // Only the newest message of a series may be unread.
                entry.flags.retain(|flag| flag != "unread");
            }
            for (_, value) in &mut entry.fields {
                *value = self.filled(value, n);
            }
            entry.text = self.filled(&entry.text, n);
            for reply in &mut entry.replies {
                reply.when.days_ago += steps * every_days;
                reply.text = self.filled(&reply.text, n);
            }
            entry
        };
        (0..count).map(nth).collect()
    }

    fn filled(&self, text: &str, n: usize) -> String {
        let mut filled = text.replace("{n}", &(n + 1).to_string());
        for (name, values) in &self.fields {
            let Some(name) = name.strip_prefix('$') else {
                continue;
            };
            let values: Vec<_> = values.split('|').map(str::trim).collect();
            if let Some(value) = values.get(n % values.len().max(1)) {
                filled = filled.replace(&format!("{{{name}}}"), value);
            }
        }
        filled
    }
}

/// Returns the first field with a name.
pub(super) fn find<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Returns all fields with a name.
pub(super) fn find_all<'a>(
    fields: &'a [(String, String)],
    name: &str,
) -> impl Iterator<Item = &'a str> {
    fields
        .iter()
        .filter(move |(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Parses a file of entries; lines before the first entry are a comment.
pub(super) fn entries(script: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut is_in_fields = false;
    for line in script.lines() {
        if let Some(head) = line.strip_prefix("=== ") {
            let (folder, when, flags) = heading(head);
            entries.push(Entry {
                folder,
                when,
                flags,
                ..Entry::default()
            });
            is_in_fields = true;
            continue;
        }
        let Some(entry) = entries.last_mut() else {
            continue;
        };
        if let Some(head) = line.strip_prefix("--- ") {
            let (from, when, flags) = heading(head);
            entry.replies.push(Reply {
                from,
                when,
                flags,
                fields: Vec::new(),
                text: String::new(),
            });
            is_in_fields = false;
        } else if let Some(field) = line.strip_prefix("+ ").and_then(field) {
            // A reply has no empty line between fields and text; its fields begin with `+ `.
            if let Some(reply) = entry.replies.last_mut() {
                reply.fields.push(field);
            }
        } else if is_in_fields {
            match field(line) {
                Some(field) => entry.fields.push(field),
                None => is_in_fields = false,
            }
        } else {
            let text = entry
                .replies
                .last_mut()
                .map_or(&mut entry.text, |reply| &mut reply.text);
            text.push_str(line);
            text.push('\n');
        }
    }
    for entry in &mut entries {
        let texts = entry.replies.iter_mut().map(|reply| &mut reply.text);
        for text in texts.chain([&mut entry.text]) {
            let end = text.trim_end().len();
            text.truncate(end);
            text.push('\n');
        }
    }
    entries
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.to_owned(), value.trim().to_owned()))
}

/// Parses `folder or sender | 3d 09:12 | flags`.
fn heading(head: &str) -> (String, When, Vec<String>) {
    let mut parts = head.split('|').map(str::trim);
    let name = parts.next().unwrap_or_default().to_owned();
    let when = parts.next().and_then(When::parse).unwrap_or_default();
    let flags = parts
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    (name, when, flags)
}

impl When {
    fn parse(text: &str) -> Option<Self> {
        let (days, time) = text.split_once("d ")?;
        let (hour, minute) = time.split_once(':')?;
        let minute_of_day = hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?;
        Some(Self {
            days_ago: days.parse().ok()?,
            minute_of_day,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_fields_a_text_and_replies() {
        let script = "comment\n=== INBOX | 3d 09:12 | unread\nfrom: a <a@b>\n\nhello: you\n\nbye\n--- me | 2d 10:00 |\n+ attach: pdf x.pdf\nyes\n";
        let entries = entries(script);
        let entry = &entries[0];
        assert_eq!(
            (entry.folder.as_str(), entry.when),
            (
                "INBOX",
                When {
                    days_ago: 3,
                    minute_of_day: 552
                }
            )
        );
        assert_eq!(entry.text, "hello: you\n\nbye\n");
        assert_eq!(find(&entry.replies[0].fields, "attach"), Some("pdf x.pdf"));
        assert_eq!(entry.replies[0].text, "yes\n");
    }

    #[test]
    fn a_series_goes_back_in_time_and_cycles_through_its_values() {
        let script = "=== INBOX | 1d 10:00 | unread\nrepeat: 3 every 30d\n$a: x | y\nsubject: {n} {a}\n\n{a}\n";
        let series = entries(script)[0].series();
        let summaries: Vec<_> = series
            .iter()
            .map(|entry| (entry.when.days_ago, entry.field("subject").unwrap()))
            .collect();
        assert_eq!(summaries, [(1, "1 x"), (31, "2 y"), (61, "3 x")]);
        assert!(series[1].flags.is_empty());
    }
}
