//! Reader of the mailboxes in a received address field. It accepts any text.

use super::EmailAddress;
use crate::rfc5322::{self, Mailbox, stand_in};
use crate::{display, encoded_word};

/// Maximum distance of a closing quote, in octets. Without this limit an unclosed quote would take
/// in the mailboxes that follow.
const QUOTED_BYTES: usize = 4096;

/// Parses the text of an address field (RFC 5322 §3.4), decoded from its octets but not from
/// RFC 2047. Groups are flattened. The time is linear in the length of the text.
///
/// Never fails, and never joins parts of two addresses into one: where it is not clear which
/// address is meant, the text becomes a name without an address. The addresses are not validated.
pub fn parse_received(text: &str) -> Vec<EmailAddress> {
    let text: String = rfc5322::without_controls(text).collect();
    let mended = Mender::new(&text).mend();
    rfc5322::address_list(&mended)
        .iter()
        .map(mailbox)
        .filter(|mailbox| !mailbox.name.is_empty() || !mailbox.address.is_empty())
        .collect()
}

fn mailbox(read: &Mailbox) -> EmailAddress {
    let name = encoded_word::decode(&read.name);
    let address = without_route(&read.address);
    if read.has_hidden_space || !address.contains(char::is_whitespace) {
        return EmailAddress::new(&name, address);
    }
    // `Name address` without brackets. With a second at-sign it could be two addresses.
    match address.rsplit_once(char::is_whitespace) {
        Some((name, address)) if address.contains('@') && !name.contains('@') => {
            EmailAddress::new(&encoded_word::decode(name), address)
        }
        _ => EmailAddress::new(&encoded_word::decode(address), ""),
    }
}

/// The obsolete source route (RFC 5322 §4.4) is dropped.
fn without_route(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((route, address)) if route.starts_with('@') => address,
        _ => address,
    }
}

/// Rewrites an address list in one pass so that mail-parser reads what its author meant: encoded
/// words and quoted local parts are hidden, quotes that never end are text, comments inside an
/// address follow it, and a mailbox has one address in brackets.
struct Mender<'t> {
    /// The text that is not yet read.
    rest: &'t str,
    out: String,
    /// Whether the current mailbox has an at-sign outside brackets, or an address in brackets.
    has_at: bool,
    has_brackets: bool,
    /// The comments inside the current address.
    comments: String,
    /// Length of `rest` up to which no quote can end: a search for one was in vain.
    unquoted: usize,
}

impl<'t> Mender<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            rest: text,
            out: String::with_capacity(text.len()),
            has_at: false,
            has_brackets: false,
            comments: String::new(),
            unquoted: usize::MAX,
        }
    }

    fn take(&mut self, bytes: usize) -> &'t str {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = tail;
        head
    }

    fn mend(mut self) -> String {
        while let Some(c) = self.rest.chars().next() {
            match c {
                '"' => self.quoted(),
                '(' => self.comment(),
                '<' => self.brackets(),
                '=' => self.word(),
                // An address literal has colons, and the name of a group has no at-sign.
                ':' if self.has_at || self.has_brackets => self.hide(1),
                '?' | '\\' | '>' => self.hide(1),
                _ => {
                    if matches!(c, ',' | ';' | ':') {
                        self.end_mailbox();
                    }
                    self.has_at |= c == '@';
                    let head = self.take(c.len_utf8());
                    self.out.push_str(head);
                }
            }
        }
        self.end_mailbox();
        self.out
    }

    fn end_mailbox(&mut self) {
        self.out.push_str(&std::mem::take(&mut self.comments));
        (self.has_at, self.has_brackets) = (false, false);
    }

    /// Takes text as it is, without a meaning for the list.
    fn hide(&mut self, bytes: usize) {
        let text = self.take(bytes);
        self.out.extend(text.chars().map(stand_in));
    }

    /// Reads an encoded word, whose punctuation has no meaning for the list although RFC 2047 §5 (3)
    /// forbids it there, or an equals sign.
    fn word(&mut self) {
        let length = word_length(self.rest).unwrap_or(1);
        let word = self.take(length);
        self.has_at |= word.contains('@');
        self.out.extend(word.chars().map(|c| match c {
            '@' => c,
            c => stand_in(c),
        }));
    }

    /// Reads a quoted string (RFC 5322 §3.2.4), or a quote that never ends.
    fn quoted(&mut self) {
        if self.rest.len() > self.unquoted {
            return self.hide(1);
        }
        let near = display::prefix(self.rest, QUOTED_BYTES);
        let Some(length) = quoted_length(near) else {
            self.unquoted = self.rest.len() - near.len();
            return self.hide(1);
        };
        self.unquoted = usize::MAX;
        let is_local_part = self
            .rest
            .get(length..)
            .is_some_and(|after| after.starts_with('@'));
        if is_local_part {
            return self.hide(length);
        }
        let string = self.take(length);
        let content = string.get(1..length - 1).unwrap_or_default();
        self.out.push('"');
        self.out.extend(unescaped(content));
        self.out.push('"');
    }

    /// Reads a comment (RFC 5322 §3.2.2), including nested ones.
    fn comment(&mut self) {
        let comment = self.take(comment_length(self.rest));
        let is_joint = |c: char| matches!(c, '.' | '@');
        let is_inside = self.out.ends_with(is_joint) || self.rest.starts_with(is_joint);
        let content = comment.strip_prefix('(').unwrap_or(comment);
        let content = content.strip_suffix(')').unwrap_or(content);
        let out = if is_inside || !self.comments.is_empty() {
            &mut self.comments
        } else {
            &mut self.out
        };
        out.push('(');
        out.extend(unescaped(content));
        out.push(')');
    }

    /// Reads an address in brackets. Of two the first counts: other programs reply to that one.
    fn brackets(&mut self) {
        self.take(1);
        let length = quoted_prefix_length(self.rest, '>');
        let address = self.take(length);
        self.take(1);
        if std::mem::replace(&mut self.has_brackets, true) {
            return;
        }
        self.out.push('<');
        self.out
            .extend(without_comment_space(address).chars().map(|c| match c {
                '@' => c,
                c => stand_in(c),
            }));
        self.out.push('>');
    }
}

/// Returns the content of a quoted string or a comment, without a meaning for the list but its
/// spaces.
fn unescaped(content: &str) -> impl Iterator<Item = char> {
    let mut is_escaped = false;
    content.chars().filter_map(move |c| {
        is_escaped = c == '\\' && !is_escaped;
        (!is_escaped).then_some(if c == ' ' { c } else { stand_in(c) })
    })
}

/// Returns the length of the encoded word at the beginning of a text; `None` if there is none
/// without spaces, quotes and angle brackets, which are those of the list then.
fn word_length(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix("=?")?;
    for _ in 0..3 {
        let end = rest.find(|c: char| c == '?' || c.is_whitespace() || "\"<>".contains(c))?;
        rest = rest.get(end..)?.strip_prefix('?')?;
    }
    let after = rest.strip_prefix('=')?;
    Some(text.len() - after.len())
}

/// Returns the length of the quoted string at the beginning of a text; `None` if it does not end.
fn quoted_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|b| {
        let is_end = b == b'"' && !is_escaped;
        is_escaped = b == b'\\' && !is_escaped;
        is_end
    })?;
    Some(end + 2)
}

/// Returns the length of the text before a character outside quotes, or of all of it.
fn quoted_prefix_length(text: &str, end: char) -> usize {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let found = text.find(|c: char| {
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        c == end && !is_quoted
    });
    found.unwrap_or(text.len())
}

/// Returns the length of the comment at the beginning of a text, or of all of it.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut is_escaped) = (0_u32, false);
    let end = text.bytes().position(|b| {
        match b {
            b'(' if !is_escaped => depth += 1,
            b')' if !is_escaped => depth -= 1,
            _ => {}
        }
        is_escaped = b == b'\\' && !is_escaped;
        depth == 0
    });
    end.map_or(text.len(), |end| end + 1)
}

/// Removes the white space around `.` and `@` outside quotes, where comments and folds were (RFC
/// 5322 §4.4). Other white space stays as part of the address.
fn without_comment_space(address: &str) -> String {
    let is_joint = |c: char| matches!(c, '.' | '@');
    let mut out = String::with_capacity(address.len());
    let mut space = String::new();
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in address.trim().chars() {
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
