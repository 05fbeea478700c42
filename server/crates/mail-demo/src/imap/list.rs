//! `LIST`, `LSUB` and `STATUS` (RFC 3501 §6.3.8–10, RFC 5258, RFC 5819, RFC 6154).

use std::collections::{BTreeMap, BTreeSet};

use super::folder_name;
use super::response::astring_text;
use super::syntax::{Bad, Cursor, Parsed, is_atom_char};
use crate::store::{DELIMITER, Flags, Folder, Folders, INBOX, Uid};

/// A `LIST` in its basic or extended form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListCommand {
    reference: String,
    patterns: Vec<String>,
    selects_subscribed: bool,
    selects_special_use: bool,
    is_recursive_match: bool,
    returns_subscribed: bool,
    returns_status: Option<Vec<StatusItem>>,
}

/// A `STATUS` data item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    HighestModSeq,
    MailboxId,
}

impl ListCommand {
    pub(crate) fn parse(line: &mut Cursor) -> Parsed<Self> {
        let mut command = Self {
            reference: String::new(),
            patterns: Vec::new(),
            selects_subscribed: false,
            selects_special_use: false,
            is_recursive_match: false,
            returns_subscribed: false,
            returns_status: None,
        };
        if line.peek() == Some(b'(') {
            for option in line.list(Cursor::atom)? {
                match option.to_ascii_uppercase().as_str() {
                    "SUBSCRIBED" => command.selects_subscribed = true,
                    "SPECIAL-USE" => command.selects_special_use = true,
                    "RECURSIVEMATCH" => command.is_recursive_match = true,
                    // All folders are local; no other server is involved.
                    "REMOTE" => {}
                    _ => return Err(Bad("unknown LIST selection option")),
                }
            }
            // RFC 5258 §3: RECURSIVEMATCH modifies another option.
            if command.is_recursive_match
                && !command.selects_subscribed
                && !command.selects_special_use
            {
                return Err(Bad("RECURSIVEMATCH alone selects nothing"));
            }
            line.space()?;
        }
        command.reference = line.folder_name()?;
        line.space()?;
        command.patterns = if line.peek() == Some(b'(') {
            line.list(pattern)?
        } else {
            vec![pattern(line)?]
        };
        if line.take(b' ') {
            if !line.take_word("RETURN") {
                return Err(Bad("RETURN is missing"));
            }
            line.space()?;
            command.parse_return_options(line)?;
        }
        Ok(command)
    }

    /// Returns whether counts are requested (RFC 5819).
    pub(super) const fn returns_counts(&self) -> bool {
        self.returns_status.is_some()
    }

    fn parse_return_options(&mut self, line: &mut Cursor) -> Parsed<()> {
        line.expect(b'(', "a list of return options is missing")?;
        if line.take(b')') {
            return Ok(());
        }
        loop {
            match line.atom()?.to_ascii_uppercase().as_str() {
                "SUBSCRIBED" => self.returns_subscribed = true,
                // Both are always returned.
                "CHILDREN" | "SPECIAL-USE" => {}
                "STATUS" => {
                    line.space()?;
                    self.returns_status = Some(line.list(StatusItem::parse)?);
                }
                _ => return Err(Bad("unknown LIST return option")),
            }
            if line.take(b')') {
                return Ok(());
            }
            line.space()?;
        }
    }

    /// Writes the untagged responses.
    pub(crate) fn responses(&self, folders: &Folders, includes_special_use: bool) -> String {
        if let [pattern] = self.patterns.as_slice()
            && pattern.is_empty()
        {
            // An empty pattern requests the delimiter (RFC 3501 §6.3.8).
            return format!("* LIST (\\Noselect) \"{DELIMITER}\" \"\"\r\n");
        }
        let patterns: Vec<_> = self
            .patterns
            .iter()
            .map(|pattern| format!("{}{pattern}", self.reference))
            .collect();
        let mut responses = String::new();
        for (name, entry) in entries(folders) {
            if !patterns.iter().any(|pattern| matches(pattern, name)) {
                continue;
            }
            let child_info = self.is_recursive_match && self.selects_below(folders, name);
            if !self.selects(&entry) && !child_info {
                continue;
            }
            let mut attributes = entry.attributes(folders, name, includes_special_use);
            if entry.is_subscribed && (self.selects_subscribed || self.returns_subscribed) {
                attributes.push("\\Subscribed");
            }
            let extended = if child_info {
                " (\"CHILDINFO\" (\"SUBSCRIBED\"))"
            } else {
                ""
            };
            responses.push_str(&format!(
                "* LIST ({}) \"{DELIMITER}\" {}{extended}\r\n",
                attributes.join(" "),
                wire_name(name)
            ));
            if let (Some(items), Some(folder)) = (&self.returns_status, entry.folder) {
                responses.push_str(&status(name, folder, items));
            }
        }
        responses
    }

    fn selects(&self, entry: &Entry<'_>) -> bool {
        let is_special = entry
            .folder
            .is_some_and(|folder| folder.special_use.is_some());
        if self.selects_subscribed || self.selects_special_use {
            (!self.selects_subscribed || entry.is_subscribed)
                && (!self.selects_special_use || is_special)
        } else {
            // A subscribed name without a folder is returned only for SUBSCRIBED.
            entry.folder.is_some() || entry.is_parent
        }
    }

    fn selects_below(&self, folders: &Folders, name: &str) -> bool {
        let prefix = format!("{name}{DELIMITER}");
        entries(folders)
            .iter()
            .any(|(other, entry)| other.starts_with(&prefix) && self.selects(entry))
    }
}

impl ListCommand {
    /// Returns whether the client requests modification sequences.
    pub(crate) fn requests_mod_seq(&self) -> bool {
        self.returns_status
            .as_ref()
            .is_some_and(|items| items.contains(&StatusItem::HighestModSeq))
    }
}

impl StatusItem {
    pub(crate) fn parse(line: &mut Cursor) -> Parsed<Self> {
        Ok(match line.atom()?.to_ascii_uppercase().as_str() {
            "MESSAGES" => Self::Messages,
            "RECENT" => Self::Recent,
            "UIDNEXT" => Self::UidNext,
            "UIDVALIDITY" => Self::UidValidity,
            "UNSEEN" => Self::Unseen,
            "HIGHESTMODSEQ" => Self::HighestModSeq,
            "MAILBOXID" => Self::MailboxId,
            _ => return Err(Bad("unknown STATUS item")),
        })
    }
}

/// Writes a `STATUS` response.
pub(crate) fn status(name: &str, folder: &Folder, items: &[StatusItem]) -> String {
    let item = |item: &StatusItem| match item {
        StatusItem::Messages => format!("MESSAGES {}", folder.messages().len()),
        StatusItem::Recent => format!("RECENT {}", folder.messages_from(folder.recent_from).len()),
        StatusItem::UidNext => format!("UIDNEXT {}", folder.uid_next),
        StatusItem::UidValidity => format!("UIDVALIDITY {}", folder.uid_validity),
        StatusItem::Unseen => {
            let unseen = folder
                .messages()
                .iter()
                .filter(|message| !message.flags.has(Flags::SEEN));
            format!("UNSEEN {}", unseen.count())
        }
        StatusItem::HighestModSeq => format!("HIGHESTMODSEQ {}", folder.change()),
        StatusItem::MailboxId => format!("MAILBOXID ({})", folder.mailbox_id),
    };
    let items: Vec<_> = items.iter().map(item).collect();
    format!("* STATUS {} ({})\r\n", wire_name(name), items.join(" "))
}

/// Writes the responses to `LSUB`. A name whose child is subscribed is returned as `\Noselect`
/// where `%` stops at it (RFC 3501 §6.3.9).
pub(crate) fn lsub(folders: &Folders, reference: &str, pattern: &str) -> String {
    let pattern = format!("{reference}{pattern}");
    let mut names: BTreeMap<&str, bool> = BTreeMap::new();
    for name in &folders.subscribed {
        if matches(&pattern, name) {
            names.insert(name, true);
        } else if pattern.ends_with('%')
            && let Some(parent) = parents(name).find(|parent| matches(&pattern, parent))
        {
            names.entry(parent).or_insert(false);
        }
    }
    let line = |(name, is_subscribed): (&str, bool)| {
        let attributes = if is_subscribed { "" } else { "\\Noselect" };
        format!(
            "* LSUB ({attributes}) \"{DELIMITER}\" {}\r\n",
            wire_name(name)
        )
    };
    names.into_iter().map(line).collect()
}

/// `list-mailbox = 1*list-char / string`, decoded, with its wildcards.
pub(crate) fn pattern(line: &mut Cursor) -> Parsed<String> {
    let wire = match line.peek() {
        Some(b'"' | b'{') => line.string()?,
        _ => {
            let belongs = |octet: u8| is_atom_char(octet) || matches!(octet, b'%' | b'*' | b']');
            line.run(belongs, "a pattern is missing")?.into()
        }
    };
    folder_name::decode(&wire).ok_or(Bad("a pattern is not in modified UTF-7"))
}

/// Encodes a folder name for a response.
pub(crate) fn wire_name(name: &str) -> String {
    astring_text(folder_name::encode(name).as_bytes())
}

/// A name that `LIST` may return.
#[derive(Default)]
struct Entry<'a> {
    folder: Option<&'a Folder>,
    /// Whether there are folders below this name.
    is_parent: bool,
    is_subscribed: bool,
}

impl Entry<'_> {
    fn attributes(
        &self,
        folders: &Folders,
        name: &str,
        includes_special_use: bool,
    ) -> Vec<&'static str> {
        let mut attributes = Vec::new();
        match self.folder {
            Some(folder) => {
                let special_use = folder.special_use.filter(|_| includes_special_use);
                attributes.extend(special_use.map(|special_use| special_use.attribute()));
            }
            None if self.is_parent => attributes.push("\\Noselect"),
            None => attributes.push("\\NonExistent"),
        }
        attributes.push(if folders.has_children(name) {
            "\\HasChildren"
        } else {
            "\\HasNoChildren"
        });
        attributes
    }
}

fn entries(folders: &Folders) -> BTreeMap<&str, Entry<'_>> {
    let mut entries: BTreeMap<&str, Entry<'_>> = BTreeMap::new();
    for (name, folder) in folders.iter() {
        entries.entry(name).or_default().folder = Some(folder);
        for parent in parents(name) {
            entries.entry(parent).or_default().is_parent = true;
        }
    }
    for name in &folders.subscribed {
        entries.entry(name).or_default().is_subscribed = true;
    }
    entries
}

/// Returns the ancestors of a name, from the top.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices(DELIMITER)
        .filter_map(|(at, _)| name.get(..at))
}

/// Matches a name against a pattern: `*` matches any text, `%` any text without the delimiter.
fn matches(pattern: &str, name: &str) -> bool {
    // INBOX is case-insensitive (RFC 3501 §6.3.8).
    if name == INBOX && pattern.eq_ignore_ascii_case(INBOX) {
        return true;
    }
    // The positions in the name that the pattern read so far can match up to.
    let characters: Vec<char> = name.chars().collect();
    let mut reached = BTreeSet::from([0]);
    for pattern_char in pattern.chars() {
        let mut next = BTreeSet::new();
        for at in reached {
            match pattern_char {
                '*' | '%' => {
                    let rest = characters.get(at..).unwrap_or_default();
                    let stop = |character: &char| pattern_char == '%' && *character == DELIMITER;
                    let len = rest.iter().position(stop).unwrap_or(rest.len());
                    next.extend(at..=at + len);
                }
                _ if characters.get(at) == Some(&pattern_char) => {
                    next.insert(at + 1);
                }
                _ => {}
            }
        }
        reached = next;
    }
    reached.contains(&characters.len())
}

/// Returns the largest UID of a folder; 0 if it is empty.
pub(crate) fn largest_uid(uids: &[Uid]) -> Uid {
    uids.last().copied().unwrap_or(Uid(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{InitialFolder, InitialFolders};
    use crate::store::{SpecialUse, Store};
    use bytes::Bytes;

    fn listed(command: &str) -> Vec<String> {
        let folders = [
            ("INBOX", None),
            ("Projects/海鸥", None),
            ("Sent", Some(SpecialUse::Sent)),
        ];
        let folders = folders.map(|(name, special_use)| InitialFolder {
            name: name.to_owned(),
            special_use,
            messages: Vec::new(),
        });
        let store = Store::new(
            InitialFolders {
                folders: folders.into(),
            },
            1_600_000_000_000,
        );
        let mut folders = store.folders();
        folders.subscribed.remove("Sent");
        folders.subscribed.insert("Gone".to_owned());
        let mut line = Cursor::new(Bytes::from(command.to_owned()));
        let command = ListCommand::parse(&mut line).unwrap();
        line.end().unwrap();
        command
            .responses(&folders, true)
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_percent_stops_at_the_delimiter() {
        assert_eq!(
            listed("\"\" %"),
            [
                "* LIST (\\HasNoChildren) \"/\" INBOX",
                "* LIST (\\Noselect \\HasChildren) \"/\" Projects",
                "* LIST (\\Sent \\HasNoChildren) \"/\" Sent",
            ]
        );
        assert_eq!(
            listed("Projects/ *"),
            ["* LIST (\\HasNoChildren) \"/\" Projects/&bXeeJQ-"]
        );
        assert_eq!(listed("\"\" inbox").len(), 1);
        assert_eq!(listed("\"\" \"\""), ["* LIST (\\Noselect) \"/\" \"\""]);
    }

    #[test]
    fn selection_options_narrow_the_list() {
        assert_eq!(
            listed("(SPECIAL-USE) \"\" *"),
            ["* LIST (\\Sent \\HasNoChildren) \"/\" Sent"]
        );
        assert_eq!(
            listed("(SUBSCRIBED RECURSIVEMATCH) \"\" %"),
            [
                "* LIST (\\NonExistent \\HasNoChildren \\Subscribed) \"/\" Gone",
                "* LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX",
                "* LIST (\\Noselect \\HasChildren) \"/\" Projects (\"CHILDINFO\" (\"SUBSCRIBED\"))",
            ]
        );
    }

    #[test]
    fn status_is_returned_for_each_selectable_folder() {
        assert_eq!(
            listed("\"\" (INBOX Projects) RETURN (SUBSCRIBED STATUS (MESSAGES UNSEEN))"),
            [
                "* LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX",
                "* STATUS INBOX (MESSAGES 0 UNSEEN 0)",
                "* LIST (\\Noselect \\HasChildren) \"/\" Projects",
            ]
        );
    }

    #[test]
    fn wildcards_do_not_take_exponential_time() {
        let pattern = "*a".repeat(200);
        assert!(!matches(&pattern, &"a".repeat(199)));
        assert!(matches(&pattern, &"a".repeat(400)));
    }
}
