//! Parser of the mailboxes in a received address field. It accepts any text.

use super::EmailAddress;
use crate::encoded_word;

/// Maximum distance of a closing quote, in octets. Without this limit an unclosed quote would take
/// in the mailboxes that follow.
const QUOTED_BYTES: usize = 4096;

/// Parses the text of an address field (RFC 5322 §3.4), decoded from its octets but not from
/// RFC 2047. Groups are flattened. The time is linear in the length of the text.
///
/// Never fails, and never joins parts of two addresses into one: where it is not clear which
/// address is meant, the text becomes a name without an address. The addresses are not validated.
pub fn parse_received(text: &str) -> Vec<EmailAddress> {
    Scanner::new(text)
        .scan()
        .into_iter()
        .map(Item::into_mailbox)
        .filter(|mailbox| !mailbox.name.is_empty() || !mailbox.address.is_empty())
        .collect()
}

/// One mailbox, as found between two separators.
#[derive(Default)]
struct Item {
    /// The text outside brackets and comments, with its quotes.
    bare: String,
    /// The same text with the quotes removed.
    phrase: String,
    angle: Option<String>,
    comment: String,
}

impl Item {
    fn into_mailbox(self) -> EmailAddress {
        let decode = encoded_word::decode;
        let comment = self.comment.trim();
        let phrase = self.phrase.trim();
        if let Some(angle) = &self.angle {
            let name = if phrase.is_empty() { comment } else { phrase };
            let address = without_comment_space(without_route(angle));
            return EmailAddress::new(&decode(name), &address);
        }
        let bare = self.bare.trim();
        let is_quoted_local = bare.starts_with('"') && bare.contains("\"@");
        if is_quoted_local || !bare.contains(char::is_whitespace) {
            return if bare.contains('@') {
                EmailAddress::new(&decode(comment), bare)
            } else {
                EmailAddress::new(&decode(phrase), "")
            };
        }
        // `Name address` without brackets. With a second at-sign it could be two addresses.
        match bare.rsplit_once(char::is_whitespace) {
            Some((name, address)) if address.contains('@') && !name.contains('@') => {
                let name = phrase.strip_suffix(address).unwrap_or(name);
                EmailAddress::new(&decode(name), address)
            }
            _ => EmailAddress::new(&decode(phrase), ""),
        }
    }
}

/// The obsolete source route (RFC 5322 §4.4) is dropped.
fn without_route(angle: &str) -> &str {
    let angle = angle.trim();
    match angle.rsplit_once(':') {
        Some((route, address)) if route.starts_with('@') => address,
        _ => angle,
    }
}

/// Removes the white space around `.` and `@` outside quotes, where comments and folds were (RFC
/// 5322 §4.4). Other white space stays as part of the address.
fn without_comment_space(address: &str) -> String {
    let is_joint = |c: char| matches!(c, '.' | '@');
    let mut out = String::with_capacity(address.len());
    let mut space = String::new();
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in address.chars() {
        if c.is_whitespace() && !is_quoted {
            space.push(c);
            continue;
        }
        if !is_joint(c) && !out.ends_with(is_joint) {
            out.push_str(&space);
        }
        space.clear();
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = c == '\\' && !is_escaped;
        out.push(c);
    }
    out
}

/// Splits an address list in one pass.
struct Scanner<'t> {
    text: &'t str,
    /// Position of the next character.
    at: usize,
    /// The next unescaped quote at or after the last octet that was searched for one.
    quote: Option<usize>,
    /// End of the searched range, and whether the next octet is escaped.
    searched: usize,
    is_escaped: bool,
    items: Vec<Item>,
    item: Item,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            quote: None,
            searched: 0,
            is_escaped: false,
            items: Vec::new(),
            item: Item::default(),
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.text.get(self.at..)?.chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn scan(mut self) -> Vec<Item> {
        while let Some(c) = self.next() {
            match c {
                ',' | ';' => self.end_item(),
                // The name of a group ends here. An address literal also has colons.
                ':' if self.item.angle.is_none() && !self.item.bare.contains('@') => {
                    self.item = Item::default();
                }
                '"' => self.quoted(),
                '(' => self.comment(),
                '<' => self.angle(),
                other => self.bare(other),
            }
        }
        self.end_item();
        self.items
    }

    fn end_item(&mut self) {
        let item = std::mem::take(&mut self.item);
        if item.angle.is_some() || !item.bare.trim().is_empty() {
            self.items.push(item);
        }
    }

    fn bare(&mut self, c: char) {
        self.item.bare.push(c);
        self.item.phrase.push(c);
    }

    fn quoted(&mut self) {
        if !self.has_closing_quote() {
            self.bare('"');
            return;
        }
        self.item.bare.push('"');
        while let Some(c) = self.next() {
            self.item.bare.push(c);
            match c {
                '"' => break,
                '\\' => {
                    if let Some(escaped) = self.next() {
                        self.item.bare.push(escaped);
                        self.item.phrase.push(escaped);
                    }
                }
                other => self.item.phrase.push(other),
            }
        }
    }

    /// Whether an unescaped quote follows within [`QUOTED_BYTES`]. Which quotes are escaped does
    /// not depend on the quote where the search begins, so no octet is searched twice.
    fn has_closing_quote(&mut self) -> bool {
        let limit = self.at + QUOTED_BYTES;
        if self.quote.is_some_and(|quote| quote < self.at) {
            self.quote = None;
        }
        if self.searched < self.at {
            (self.searched, self.is_escaped) = (self.at, false);
        }
        let bytes = self.text.as_bytes();
        while self.quote.is_none() && self.searched < bytes.len().min(limit) {
            let byte = bytes.get(self.searched).copied().unwrap_or_default();
            if byte == b'"' && !self.is_escaped {
                self.quote = Some(self.searched);
            }
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            self.searched += 1;
        }
        self.quote.is_some_and(|quote| quote < limit)
    }

    /// Reads a comment (RFC 5322 §3.2.2), including nested ones.
    fn comment(&mut self) {
        let mut depth = 1_u32;
        if !self.item.comment.is_empty() {
            self.item.comment.push(' ');
        }
        while let Some(c) = self.next() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\\' => {
                    if let Some(escaped) = self.next() {
                        self.item.comment.push(escaped);
                    }
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            self.item.comment.push(c);
        }
    }

    fn angle(&mut self) {
        let mut address = String::new();
        let (mut is_quoted, mut is_escaped) = (false, false);
        while let Some(c) = self.next() {
            match c {
                '>' if !is_quoted => break,
                '"' if !is_escaped => is_quoted = !is_quoted,
                _ => {}
            }
            is_escaped = c == '\\' && !is_escaped;
            address.push(c);
        }
        // Of two addresses the first counts: other programs reply to that one.
        self.item.angle.get_or_insert(address);
    }
}
